"""Whom the agency knows and what it is set up with: logins, records, lists, files, options."""

import io
from collections.abc import Callable
from datetime import date, time
from functools import partial
from typing import Any

from sqlalchemy import select

from portal.accounts.actions import mail_reset
from portal.accounts.links import mail_link
from portal.accounts.models import Account, AccountLink
from portal.controls.actions import ask_export, save_filter
from portal.controls.models import SavedFilter
from portal.extensions import db, wires
from portal.imports.actions import bring_in
from portal.links import make_token
from portal.organisation.catalogue import add_skill
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from portal.outbox.actions import hold_channel
from portal.people.models import Absence, Availability, Client, Service, Skill, WorkerSkill
from portal.portals import PORTALS
from portal.reports.months import close_month
from portal.settings.actions import mark_setup, set_logo
from portal.settings.queries import option
from portal.work import jobs as work
from tests import factories
from tests.access_things.story import MONTH, Story
from tests.factories import PASSWORD

CSV = "Client;Date;Heure de début;Prestation;Intervenant;Durée\nClaire Lefèvre;20/11/2026;9h;Ménage;Wassim Haddad;1h\n"
NEW_PASSWORD = {"password": "une phrase toute neuve", "confirm": "une phrase toute neuve"}


class Records(Story):
    """Claire's and Wassim's records, and what the agency has set up."""

    guest_id = skill_id = 0  # of what was made last

    def password_link(self) -> dict[str, Any]:
        mail_reset(self.agency.eloise.email)
        return {"token": make_token("password", db.session.scalars(select(AccountLink.public_id)).one())}

    def account_link(self, purpose: str, kind: str) -> dict[str, Any]:
        account = db.session.get_one(Account, self.agency.eloise.account_id)
        return {"token": make_token(kind, mail_link(account, purpose, "eloise@example.net").public_id)}

    def session_of(self, person: str) -> dict[str, Any]:
        return {"session_id": factories.session(getattr(self.agency, person))}

    def held(self) -> dict[str, Any]:
        hold_channel(None, "le secret de Claire")
        return {}

    def guest(self) -> dict[str, Any]:
        """A daughter of Claire's, with an address and no login yet."""
        claire = db.session.get_one(Client, self.agency.claire.id)
        self.guest_id = factories.relative("Lise", "Lefèvre", claire, "lise@example.org").id
        return {}

    def logo(self) -> dict[str, Any]:
        set_logo(self.agency.ada.user, factories.picture())
        return {"token": option("agency.logo")}

    def first_steps(self) -> dict[str, Any]:
        """They are under way, and Éloïse has no login yet."""
        mark_setup(None, "open")
        db.session.get_one(Client, self.agency.eloise.id).account_id = None
        return {"step": "agency"}

    def category(self) -> dict[str, Any]:
        return {"entry_id": entry_of_code(ListName.EVENT, "D01").id}

    def entry(self) -> dict[str, Any]:
        return {"name": "event", **self.category()}

    def skill(self) -> dict[str, Any]:
        return {"skill_id": add_skill(self.agency.ada.user, "Premiers secours", ["Initiation", "Confirmé"]).id}

    def imported(self) -> dict[str, Any]:
        made = bring_in(self.agency.sofia.user, "visits", "visites.csv", CSV.encode(), {})
        db.session.commit()
        work.run(made.work_id or 0)
        return {"import_id": made.id}

    def kept_filter(self) -> dict[str, Any]:
        save_filter(self.agency.sofia.user, wires.tables["quality"], "Nord", MONTH, False)
        return {"filter_id": db.session.scalars(select(SavedFilter.id)).one()}

    def exported(self) -> dict[str, Any]:
        """With Claire's rating in it."""
        factories.rate(self.agency.claire, self.agency.claires_done, 4, "le secret de Claire")
        made = ask_export(self.agency.sofia.user, wires.tables["quality"], MONTH, "csv", "fr")
        db.session.commit()
        work.run(made.work_id or 0)
        return {"export_id": made.id}

    def month(self) -> dict[str, Any]:
        return {"year": 2026, "month": 10}

    def closed_month(self) -> dict[str, Any]:
        """With Claire's rating in it, that has changed since."""
        made = factories.done_visit(db.session.get_one(Client, self.agency.claire.id),
                                    db.session.get_one(Service, self.agency.rising), [], days=-28)  # fmt: skip
        close_month(self.agency.ines.user, date(2026, 10, 1))
        factories.rate(self.agency.claire, made.id, 4, "le secret de Claire")
        return self.month()

    def invited_worker(self) -> dict[str, Any]:
        db.session.get_one(Account, self.agency.wassim.account_id).password = None
        return {}

    def invited_colleague(self) -> dict[str, Any]:
        db.session.get_one(Account, self.agency.sofia.account_id).password = None
        return {}

    def able_worker(self) -> dict[str, Any]:
        skill = Skill(name="Cuisine", active=True)
        factories.add(skill)
        factories.add(WorkerSkill(worker_id=self.agency.wassim.id, skill_id=skill.id))
        self.skill_id = skill.id
        return {"skill_id": skill.id}

    def worker_with_hours(self) -> dict[str, Any]:
        hours = Availability(worker_id=self.agency.wassim.id, weekday=0, begins=time(9), ends=time(12))
        factories.add(hours)
        return {"hours_id": hours.id}

    def absent_worker(self) -> dict[str, Any]:
        absence = Absence(
            worker_id=self.agency.wassim.id, first_day=date(2026, 12, 1), last_day=date(2026, 12, 2), reason="leave"
        )
        factories.add(absence)
        return {"absence_id": absence.id}


# what is posted
BODIES: dict[str, dict[str, str]] = {
    "accounts.sign_in": {"email": "claire@example.org", "password": PASSWORD},
    "accounts.forgotten": {"email": "claire@example.org"},
    "accounts.set_password": NEW_PASSWORD,
    "accounts.language": {"language": "ru"},
    "accounts.ask_link": {"email": "claire@example.org"},
    **{f"{portal}.change_password": {"present": PASSWORD, **NEW_PASSWORD} for portal in PORTALS},
    **{f"{portal}.change_address": {"present": PASSWORD, "email": "new@example.net"} for portal in PORTALS},
    "staff.create_staff": {"last_name": "Noël", "email": "lea@example.org", "role": "quality"},
    "staff.add_colleague": {
        "first_name": "Léa", "last_name": "Noël", "email": "lea@example.org", "role": "quality",
    },
    "staff.invite_people": {"who": "1"},
    "staff.edit_text": {"subject": "Votre avis", "body": "Bonjour {rating.link}", "version": "0"},
    "staff.preview_text": {"subject": "Votre avis", "body": "Bonjour {rating.link}"},
    "staff.restore_text": {"restored": "0", "version": "0"},
    "staff.show_access": {
        "first_name": "Lise", "last_name": "Lefèvre", "email": "lise@example.org", "language": "fr",
    },
    "staff.grant_relative": {"may_rate": "y"},
    "staff.add_availability": {"weekday": "0", "begins": "09:00", "ends": "12:00"},
    "staff.add_absence": {"first_day": "2026-12-01", "last_day": "2026-12-02", "reason": "leave"},
    "staff.keep_quality_filter": {"name": "Mes avis", "query": MONTH},
    "staff.export_quality": {"format": "xlsx", "query": MONTH},
    "staff.export_feedback": {"as": "xlsx", "query": MONTH},
    "staff.keep_journal_filter": {"name": "Les connexions", "query": "what=account."},
    "staff.export_journal": {"format": "csv", "query": "what=account."},
    "staff.hold_messages": {"why": "Essai"},
    "staff.add_sector": {"name": "Est", "kind": "sector"},
    "staff.change_sector": {"name": "Grand Nord", "kind": "sector", "version": "1"},
    "staff.add_service": {"name": "Jardinage", "hours": "1"},
    "staff.change_service": {"name": "Grand ménage", "version": "1"},
    "staff.edit_survey": {f"criterion_{number}": "" for number in range(1, 5)},
    "staff.try_survey": {"stars": "4"},
    "staff.switch_survey": {"key": "ratings.offer_zero", "on": "no"},
    "staff.add_entry": {"label_fr": "Essai"},
    "staff.add_finer": {"label_fr": "Essai", "legal_code": ""},
    "staff.change_entry": {"label_fr": "Essai", "legal_code": "L04", "version": "1"},
    "staff.move_entry": {"deed": "down"},
    "staff.add_skill": {"name": "Premiers secours", "levels": "Initiation"},
    "staff.change_skill": {"name": "Secourisme", "version": "1"},
    "staff.add_level": {"name": "Expert"},
    "staff.change_level": {"deed": "up", "name": "Initiation", "version": "1"},
}  # fmt: skip
# what has to be made first; each returns what the address says besides
MADE: dict[str, Callable[[Records], dict[str, Any]]] = {
    "accounts.set_password": Records.password_link,
    "accounts.use_link": partial(Records.account_link, purpose="sign_in", kind="sign-in"),
    "accounts.confirm_address": partial(Records.account_link, purpose="address", kind="address"),
    "agency.show_logo": Records.logo,
    "client.end_session": partial(Records.session_of, person="claire"),
    "worker.end_session": partial(Records.session_of, person="wassim"),
    "staff.end_session": partial(Records.session_of, person="sofia"),
    "staff.release_messages": Records.held,
    "staff.invite_person": Records.guest,
    "staff.invite_to_file": Records.guest,
    "staff.invite_worker": Records.invited_worker,
    "staff.invite_staff": Records.invited_colleague,
    "staff.add_colleague": Records.first_steps,
    "staff.end_setup": Records.first_steps,
    "staff.invite_people": Records.first_steps,
    "staff.save_step": Records.first_steps,
    "staff.set_up": Records.first_steps,
    "staff.set_worker_skill": Records.able_worker,
    "staff.remove_worker_skill": Records.able_worker,
    "staff.remove_availability": Records.worker_with_hours,
    "staff.remove_absence": Records.absent_worker,
    "staff.forget_filter": Records.kept_filter,
    "staff.show_month": Records.closed_month,
    "staff.close_month": Records.month,
    "staff.download_month": Records.month,
    "staff.show_export": Records.exported,
    "staff.note_export": Records.exported,
    "staff.download_export": Records.exported,
    **{f"staff.{page}": Records.entry for page in ("change_entry", "move_entry")},
    **{f"staff.{page}": Records.category for page in ("show_finer", "add_finer")},
    "staff.remove_survey": lambda things: {"service_id": things.agency.rising},
    "staff.change_skill": Records.skill,
    "staff.add_level": Records.skill,
    "staff.change_level": Records.skill,
    "staff.show_import": Records.imported,
    "staff.write_import": Records.imported,
    "staff.discard_import": Records.imported,
    "staff.download_refused": Records.imported,
}
# what is posted besides, known only once there is something; a file can be sent once
WRITTEN: dict[str, Callable[[Records], dict[str, Any]]] = {
    "accounts.choose": lambda things: {"file": things.agency.claire.key},
    "staff.create_client": lambda things: {
        "first_name": "Rose", "last_name": "Blanc", "sector_id": str(things.agency.north),
    },
    "staff.create_worker": lambda things: {"last_name": "Blanc", "sector_ids": str(things.agency.north)},
    "staff.edit_staff": lambda things: {"sector_ids": str(things.agency.north)},
    "staff.edit_worker": lambda things: {"sector_ids": str(things.agency.north)},
    "staff.set_worker_skill": lambda things: {"skill": f"{things.skill_id}:"},
    "staff.invite_person": lambda things: {"person": f"relative:{things.guest_id}"},
    "staff.invite_to_file": lambda things: {"person": f"relative:{things.guest_id}"},
    "staff.manage_factor": lambda _things: {"deed": "start", "code": factories.code_of_phone()},
    "staff.bring_logo": lambda _things: {"logo": (io.BytesIO(factories.picture()), "logo.png")},
    "staff.bring_in_file": lambda _things: {"file": (io.BytesIO(CSV.encode()), "visites.csv")},
}  # fmt: skip
