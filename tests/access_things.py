"""What the table of access is tried with: Claire's things, made when an endpoint needs them, and what is posted."""

import io
from collections.abc import Callable
from datetime import date, time
from functools import partial
from operator import attrgetter
from typing import Any

from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from portal.accounts.actions import mail_reset
from portal.accounts.links import mail_link
from portal.accounts.models import Account, AccountLink
from portal.adverse_events.action_plan import move_action
from portal.adverse_events.closing import close_event
from portal.adverse_events.follow_models import Action, ActionState
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.telling import add_line
from portal.adverse_events.triage import REJECTED, Estimate, Judgement, judge
from portal.complaints.following import answer
from portal.complaints.models import Complaint
from portal.controls.actions import ask_export, save_filter
from portal.controls.models import SavedFilter
from portal.extensions import db, wires
from portal.files.actions import keep
from portal.imports.actions import bring_in
from portal.incidents.following import Closing, move_incident
from portal.incidents.models import Incident, State
from portal.links import make_token, new_public_id
from portal.organisation.catalogue import add_skill
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from portal.outbox.actions import hold_channel
from portal.people.models import Absence, Availability, Client, Relative, Service, Skill, Staff, Worker, WorkerSkill
from portal.portals import PORTALS
from portal.ratings.actions import leave_rating
from portal.ratings.exclusion import exclude_rating
from portal.ratings.handling import handling_of
from portal.ratings.models import Rating, RatingRequest
from portal.settings.actions import mark_setup, set_logo, set_option
from portal.settings.queries import option
from portal.threads.group import Audience, Letter, send_group
from portal.threads.models import Thread
from portal.work import jobs as work
from tests import factories
from tests.adverse_events import drafts
from tests.adverse_events.follow_stories import action, followed
from tests.adverse_events.stories import confided, drafted, first_screen, stored
from tests.conftest import Database
from tests.factories import PASSWORD, Agency

CSV = "Client;Date;Heure de début;Prestation;Intervenant;Durée\nClaire Lefèvre;20/11/2026;9h;Ménage;Wassim Haddad;1h\n"
NEW_PASSWORD = {"password": "une phrase toute neuve", "confirm": "une phrase toute neuve"}
MONTH = "period=this_month"
COMPLAINT = {"subject_id": "33", "text": "le secret de Claire"}
STAFF_COMPLAINT = {**COMPLAINT, "channel": "phone", "received_on": "2026-11-16", "owner_id": ""}

# ---- addresses ----

# what stands in them, by the name of the part: attributes of the story
STORY = {
    "account_id": "claire.account_id", "client_id": "claire.id", "relative_id": "paul.id", "sector_id": "north",
    "service_id": "cleaning", "staff_id": "sofia.id", "visit_id": "claires_done", "worker_id": "wassim.id",
}  # fmt: skip
# what an endpoint is asked with instead, or besides
STORY_OF = {
    "staff.cancel_visit": {"visit_id": "claires_past"},
    "staff.change_tasks": {"visit_id": "claires_next"},
    "staff.create_visit": {"client_id": "claire.id"},
    "staff.duplicate_visit": {"visit_id": "claires_past"},
    "staff.end_visit": {"visit_id": "claires_past"},
    "staff.move_visit": {"visit_id": "claires_next"},
    "staff.show_visit": {"visit_id": "claires_cancelled"},
    "worker.end_own_visit": {"visit_id": "claires_past"},
}
FIXED = {
    "staff.change_account": {"deed": "sign-out"},
    "staff.change_level": {"level_id": 1},
    "staff.download_review": {"year": 2026},
    "staff.show_list": {"name": "note"},
    "staff.tell_about_event": {"whom": "reporter"},
    "staff.add_entry": {"name": "note"},
    "staff.fill_event": {"step": "facts"},
    "staff.keep_event": {"step": "facts"},
    "staff.show_option_history": {"key": "ratings.link_days"},
    "static": {"filename": "portal.css"},
}

# ---- bodies ----

BODIES: dict[str, dict[str, str]] = {
    "accounts.sign_in": {"email": "claire@example.org", "password": PASSWORD},
    "accounts.forgotten": {"email": "claire@example.org"},
    "accounts.set_password": NEW_PASSWORD,
    "accounts.language": {"language": "ru"},
    "accounts.ask_link": {"email": "claire@example.org"},
    **{f"{portal}.change_password": {"present": PASSWORD, **NEW_PASSWORD} for portal in PORTALS},
    **{f"{portal}.change_address": {"present": PASSWORD, "email": "new@example.net"} for portal in PORTALS},
    **{f"{portal}.write_message": {"text": "Bonjour", "audience": "all"} for portal in PORTALS},
    **{f"{portal}.correct_message": {"text": "Bonsoir"} for portal in PORTALS},
    "staff.withdraw_message": {"reason": "Erreur"},
    **{f"staff.{deed}_note": {"title": "Rappeler", "version": "1", "repeats": "never", "priority": "normal",
                              "situation": "todo"} for deed in ("write", "change")},
    "staff.move_note": {"situation": "done"},
    **{f"{portal}.choose_notices": {"incident": "now", "message": "daily"} for portal in PORTALS},
    **{f"{portal}.open_thread": {"topic": "other", "text": "Bonjour"} for portal in PORTALS},
    **{f"{portal}.send_report": {"gravity": "light", "mode": "named"} for portal in ("client", "worker")},
    **{f"{portal}.follow_report": {"code": "AAAA-AAAA-AAAA-AAAA"} for portal in ("client", "worker")},
    "worker.show_opened_event": {"word": "Le sol était mouillé."},
    "staff.publish_thread": {"published": "no"},
    "staff.write_to_group": {"kind": "client", "sector": "", "topic": "other", "text": "Bonjour", "sure": "2"},
    "open.rate": {"stars": "4", "comment": "le secret de Claire"},
    "client.rate_handling": {"stars": "4", "comment": "le secret de Claire"},
    "client.rate_visit": {"stars": "4", "comment": "le secret de Claire"},
    "client.choose_requests": {"wanted": "no"},
    "staff.note_choice": {"wanted": "no"},
    "staff.ask_again": {"version": "0"},
    "staff.reply_to_rating": {"text": "Merci de nous l’avoir dit."},
    "staff.exclude_rating": {"reason": "Mauvaise personne", "version": "1"},
    "staff.rate_visit": {"stars": "4", "how": "paper", "day": "2026-11-17", "hour": "10:00"},
    **{f"staff.{page}": {"facts": "le secret de Claire", "seen": "1"} for page in ("fill_event", "keep_event")},
    "staff.create_staff": {"last_name": "Noël", "email": "lea@example.org", "role": "quality"},
    "staff.add_colleague": {
        "first_name": "Léa", "last_name": "Noël", "email": "lea@example.org", "role": "quality",
    },
    "staff.invite_people": {"who": "1"},
    "staff.show_access": {
        "first_name": "Lise", "last_name": "Lefèvre", "email": "lise@example.org", "language": "fr",
    },
    "staff.grant_relative": {"may_rate": "y"},
    "staff.add_availability": {"weekday": "0", "begins": "09:00", "ends": "12:00"},
    "staff.add_absence": {"first_day": "2026-12-01", "last_day": "2026-12-02", "reason": "leave"},
    "staff.cancel_visit": {"reason": "Absence"},
    "staff.create_visit": {"service": "1", "worker": "1", "day": "2026-12-01", "hour": "06:00"},
    "staff.move_visit": {
        "version": "1", "worker": "1", "day": "2026-12-01", "hour": "06:00", "minutes": "60", "scope": "one",
    },
    "staff.change_tasks": {"version": "1", "tasks": "Courses"},
    "staff.keep_quality_filter": {"name": "Mes avis", "query": MONTH},
    "staff.export_quality": {"format": "xlsx", "query": MONTH},
    "staff.keep_incidents_filter": {"name": "Les urgents", "query": "urgency=urgent"},
    "staff.keep_notes_filter": {"name": "Les miennes", "query": "situation=waiting"},
    "staff.export_notes": {"format": "csv", "query": MONTH},
    "staff.export_incidents": {"format": "csv", "query": MONTH},
    "staff.keep_complaints_filter": {"name": "En retard", "query": "overdue=yes"},
    "staff.export_complaints": {"format": "csv", "query": MONTH},
    **{f"staff.{deed}": {"version": "2"} for deed in ("acknowledge_complaint", "announce_delay")},
    "staff.answer_complaint": {"version": "2", "text": "Nous regrettons."},
    "staff.resolve_complaint": {"version": "2", "outcome": "accepted"},
    "staff.reopen_complaint": {"version": "3", "why": "Il manque quelque chose."},
    "staff.change_complaint": {"version": "2", "subject_id": "33", "channel": "portal", "owner_id": ""},
    "staff.keep_adverse_events_filter": {"name": "Les graves", "query": "severity=4"},
    "staff.export_adverse_events": {"format": "csv", "query": MONTH},
    "staff.prepare_event": {"version": "1", "frequency": "2", "continuity": ""},
    "staff.judge_event": {"version": "1", "kind": "event", "severity": "2", "potential": "2", "frequency": "2",
                          "continuity": "", "legal_id": "", "direction": "client_agency", "subject": ""},
    "staff.take_back_judgement": {"version": "3", "why": "Une erreur."},
    "staff.add_authority": {"route": "R-JUST"},
    "staff.change_authority": {"version": "1", "state": "not_required", "why": "Sans suite."},
    "staff.keep_event_actions_filter": {"name": "Les miennes", "query": "state=open"},
    "staff.export_event_actions": {"format": "csv", "query": "period=this_year"},
    "staff.write_analysis": {"version": "0", "method": "five_whys", "planned": "Se lever avec une aide"},
    "staff.add_event_action": {
        "kind": "corrective", "text": "Poser une barre", "owner_id": "1", "due_on": "2026-12-01",
    },
    "staff.change_event_action": {
        "version": "1", "kind": "curative", "text": "Poser un tapis", "owner_id": "1", "due_on": "2026-12-01",
    },
    "staff.move_event_action": {"version": "1", "state": "progress"},
    "staff.check_event_action": {"version": "2", "effective": "yes"},
    "staff.tell_about_event": {"version": "2", "how": "phone", "day": "2026-11-17", "hour": "11:30"},
    "staff.open_event_to_worker": {"version": "2", "opened": "yes"},
    "staff.mark_event_dealt_with": {"version": "2"},
    "staff.close_adverse_event": {"version": "2", "why": "Les mesures tiennent."},
    "staff.reopen_adverse_event": {"version": "3", "why": "Une autre chute."},
    "staff.change_incident_state": {"version": "1", "state": "closed", "outcome": "settled"},
    "staff.change_follow_up": {"version": "1", "urgency": "high", "owner_id": "1", "due_on": "2026-12-01"},
    "staff.keep_journal_filter": {"name": "Les connexions", "query": "what=account."},
    "staff.export_journal": {"format": "csv", "query": "what=account."},
    "staff.hold_messages": {"why": "Essai"},
    "staff.add_sector": {"name": "Est", "kind": "sector"},
    "staff.change_sector": {"name": "Grand Nord", "kind": "sector", "version": "1"},
    "staff.add_service": {"name": "Jardinage", "hours": "1"},
    "staff.change_service": {"name": "Grand ménage", "version": "1"},
    "staff.add_reason": {"label_fr": "Porte close", "phase": "start", "urgency": "normal"},
    "staff.change_reason": {"label_fr": "Porte close", "phase": "start", "urgency": "high", "version": "1"},
    "staff.move_reason": {"deed": "up"},
    "staff.add_entry": {"label_fr": "Essai"},
    "staff.add_finer": {"label_fr": "Essai", "legal_code": ""},
    "staff.change_entry": {"label_fr": "Essai", "legal_code": "L04", "version": "1"},
    "staff.move_entry": {"deed": "down"},
    "staff.add_skill": {"name": "Premiers secours", "levels": "Initiation"},
    "staff.change_skill": {"name": "Secourisme", "version": "1"},
    "staff.add_level": {"name": "Expert"},
    "staff.change_level": {"deed": "up", "name": "Initiation", "version": "1"},
}  # fmt: skip
# records whose form says which version of them it has shown
VERSIONS = {
    "staff.edit_client": (Client, "claire"), "staff.edit_relative": (Relative, "paul"),
    "staff.edit_staff": (Staff, "sofia"), "staff.edit_worker": (Worker, "wassim"),
    "staff.grant_relative": (Relative, "paul"),
}  # fmt: skip


class Things:
    """Claire's things, made when an endpoint needs them: the values of its address and what is posted to it."""

    def __init__(self, agency: Agency, database: Database) -> None:
        self.agency, self.database, self.guest_id, self.skill_id = agency, database, 0, 0
        self.reason_id = 0

    def values(self, endpoint: str) -> dict[str, Any]:
        """What the address of an endpoint says."""
        rule = next(self.database.app.url_map.iter_rules(endpoint))
        known = {name: STORY[name] for name in rule.arguments & STORY.keys()} | STORY_OF.get(endpoint, {})
        found = {name: attrgetter(path)(self.agency) for name, path in known.items()} | FIXED.get(endpoint, {})
        if endpoint in MADE:
            with self.database.writing():
                found |= MADE[endpoint](self)
        return found

    def body(self, endpoint: str) -> dict[str, Any]:
        """What is posted to it."""
        found: dict[str, Any] = dict(BODIES.get(endpoint, {}))
        if endpoint in VERSIONS:
            kind, name = VERSIONS[endpoint]
            found["version"] = self.database.one(select(kind.version).where(kind.id == getattr(self.agency, name).id))
        return found | WRITTEN[endpoint](self) if endpoint in WRITTEN else found

    def password_link(self) -> dict[str, Any]:
        mail_reset(self.agency.eloise.email)
        return {"token": make_token("password", db.session.scalars(select(AccountLink.public_id)).one())}

    def account_link(self, purpose: str, kind: str) -> dict[str, Any]:
        account = db.session.get_one(Account, self.agency.eloise.account_id)
        return {"token": make_token(kind, mail_link(account, purpose, "eloise@example.net").public_id)}

    def thread(self) -> dict[str, Any]:
        """Claire and Wassim talk."""
        agency = self.agency
        made = factories.thread(agency.claire, [agency.claire], [agency.wassim], "le secret de Claire")
        return {"thread_id": made.id}

    def said(self, person: str) -> dict[str, Any]:
        """Somebody has written in it, with a photo."""
        thread = db.session.get_one(Thread, self.thread()["thread_id"])
        photo = FileStorage(io.BytesIO(factories.picture()), "photo.png")
        made = factories.message(getattr(self.agency, person), thread, "le secret de Claire", uploads=[photo])
        return {"thread_id": thread.id, "message_id": made.id, "token": made.files[0].attachment.public_id}

    def incident(self) -> dict[str, Any]:
        """Wassim has reported one on Claire's visit."""
        return {"incident_id": factories.incident(self.agency.wassim, self.agency.claires_past).id}

    def note(self) -> dict[str, Any]:
        """Sofia has one about Claire in hand."""
        return {"note_id": factories.note(self.agency.sofia, client_id=self.agency.claire.id).id}

    def complaint(self, person: str = "claire") -> dict[str, Any]:
        """Claire complains of Wassim, or he of her."""
        about = {"claire": self.agency.wassim.id, "wassim": self.agency.claire.id}[person]
        made = factories.complaint(getattr(self.agency, person), "le secret de Claire", about=about)
        return {"complaint_id": made.id}

    def answered_complaint(self) -> dict[str, Any]:
        made = db.session.get_one(Complaint, self.complaint()["complaint_id"])
        answer(self.agency.sofia.user, made, "le secret de Claire", made.version)
        return {"complaint_id": made.id}

    def event(self) -> dict[str, Any]:
        """Something happened at Claire's; nobody has looked at it yet."""
        return {"event_id": stored(self.agency).id}

    def event_with_file(self) -> dict[str, Any]:
        made = stored(self.agency)
        photo = FileStorage(io.BytesIO(factories.picture()), "photo.png")
        made.files = keep(self.agency.sofia.user, [photo])
        return {"event_id": made.id, "token": made.files[0].public_id}

    def event_draft(self) -> dict[str, Any]:
        """Sofia writes about Claire, with a photo."""
        draft = drafts.with_file(self.agency)
        return {"token": draft.token, "file_id": draft.files[0].id}

    def complete_draft(self) -> dict[str, Any]:
        """The same, ready to be sent."""
        return {"token": drafts.complete(self.agency).token}

    def event_to_complete(self) -> dict[str, Any]:
        self.category_id = self.category()["entry_id"]
        return self.event()

    def rejected_event(self) -> dict[str, Any]:
        """Somebody has found it not admissible."""
        made = stored(self.agency)
        judge(self.agency.ines.user, made, Judgement(REJECTED, 1, 1, Estimate(None), why="Un doublon."), made.version)
        return {"event_id": made.id}

    def told_event(self) -> dict[str, Any]:
        """An authority may have to be told of it."""
        made = stored(self.agency)
        line = add_line(self.agency.sofia.user, made, "R-JUST")
        return {"event_id": made.id, "route_id": line.id}

    def confided_event(self) -> dict[str, Any]:
        """The same, said in confidence."""
        return {"event_id": confided(self.agency, self.agency.wassim).id}

    def opened_event(self) -> dict[str, Any]:
        """The same, opened to Wassim, who is concerned."""
        return {"event_id": stored(self.agency, opened_at=factories.NOON).id}

    def short_reports(self) -> dict[str, Any]:
        """The agency lets people report on their portals."""
        set_option(None, "adverse_events.portal", "on")
        self.typed = first_screen(self.agency)
        return {}

    def draft_of(self, person: str) -> dict[str, Any]:
        """Somebody has begun to."""
        self.short_reports()
        return {"draft_id": drafted(self.agency, getattr(self.agency, person)).id}

    def judged_event(self) -> dict[str, Any]:
        """A slight one, of which who reported it was told."""
        light = {"severity": 1, "potential": 1, "told_how": "phone"}
        return {"event_id": followed(self.agency, **light).id}

    def closed_event(self) -> dict[str, Any]:
        made = db.session.get_one(AdverseEvent, self.judged_event()["event_id"])
        close_event(self.agency.ines.user, made, "Les mesures tiennent.", None, made.version)
        return {"event_id": made.id}

    def event_action(self) -> dict[str, Any]:
        """Sofia has it in hand."""
        return {"action_id": action(self.agency, followed(self.agency), date(2026, 12, 1)).id}

    def done_action(self) -> dict[str, Any]:
        made = db.session.get_one(Action, self.event_action()["action_id"])
        move_action(self.agency.sofia.user, made, ActionState.DONE, made.version)
        return {"action_id": made.id}

    def group(self) -> dict[str, Any]:
        """Sofia writes to all her clients."""
        letter = Letter("other", "Fermeture", "Nous sommes fermés lundi.", new_public_id())
        return {"group_id": send_group(self.agency.sofia.user, Audience("client"), letter, 2).id}

    def handled_incident(self) -> dict[str, Any]:
        """It is closed, and Claire is asked how it was handled."""
        made = db.session.get_one(Incident, self.incident()["incident_id"])
        move_incident(self.agency.sofia.user, made, State.CLOSED, made.version, Closing("settled", ask=True))
        return {"incident_id": made.id}

    def badly_handled_incident(self) -> dict[str, Any]:
        """Claire found that it was handled badly."""
        made = self.handled_incident()
        subject, _rating = handling_of(made["incident_id"]) or (None, None)
        leave_rating(self.agency.claire.user, subject, 1, "le secret de Claire")
        return made

    def session_of(self, person: str) -> dict[str, Any]:
        return {"session_id": factories.session(getattr(self.agency, person))}

    def request(self) -> RatingRequest:
        agency = self.agency
        claire, wassim = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.wassim.id)
        made = factories.done_visit(claire, db.session.get_one(Service, agency.rising), [wassim], hour=7, ask=True)
        return factories.sent_request(made, agency.claire.email)

    def mailed_link(self, purpose: str) -> dict[str, Any]:
        return {"token": make_token(purpose, self.request().message.public_id)}

    def message(self) -> dict[str, Any]:
        return {"message_id": self.request().message_id}

    def low_rating(self) -> dict[str, Any]:
        return {"rating_id": factories.rate(self.agency.claire, self.agency.claires_done, 1).id}

    def excluded_rating(self) -> dict[str, Any]:
        rating = db.session.get_one(Rating, self.low_rating()["rating_id"])
        exclude_rating(self.agency.ines.user, rating, "Le secret", rating.version)
        return {"rating_id": rating.id}

    def rated_visit(self) -> dict[str, Any]:
        self.low_rating()
        return {}

    def waiting_message(self) -> dict[str, Any]:
        message = self.request().message
        message.state, message.sent_at = "due", None
        return {"message_id": message.id}

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

    def reason(self) -> dict[str, Any]:
        factories.reason(self.agency.cleaning, "Premier motif")
        return {"reason_id": factories.reason(self.agency.cleaning).id}

    def reportable(self) -> dict[str, Any]:
        """Something can be reported on the visit that has just ended."""
        self.reason_id = factories.reason(self.agency.cleaning).id
        return {"visit_id": self.agency.claires_past}

    def other_reason(self) -> dict[str, Any]:
        """Of another service: what is copied from there."""
        self.reason_id = factories.reason(self.agency.rising).id
        return {"source": self.agency.rising}

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


# what has to be made first; each returns what the address says besides
MADE: dict[str, Callable[[Things], dict[str, Any]]] = {
    "accounts.set_password": Things.password_link,
    "accounts.use_link": partial(Things.account_link, purpose="sign_in", kind="sign-in"),
    "accounts.confirm_address": partial(Things.account_link, purpose="address", kind="address"),
    "agency.show_logo": Things.logo,
    "client.end_session": partial(Things.session_of, person="claire"),
    "worker.end_session": partial(Things.session_of, person="wassim"),
    "staff.end_session": partial(Things.session_of, person="sofia"),
    "open.rate": partial(Things.mailed_link, purpose="rate"),
    "open.unsubscribe": partial(Things.mailed_link, purpose="unsubscribe"),
    "client.show_rating": Things.rated_visit,
    **{
        f"{portal}.{page}": Things.thread
        for portal in PORTALS
        for page in ("show_thread", "write_message", "poll_thread", "mark_thread_read")
    },
    **{
        f"{portal}.{page}": partial(Things.said, person=person)
        for portal, person in {"client": "claire", "worker": "wassim", "staff": "sofia"}.items()
        for page in ("correct_message", "show_attachment", "show_thumbnail")
    },
    "staff.withdraw_message": partial(Things.said, person="claire"),
    "staff.archive_thread": Things.thread,
    "staff.publish_thread": Things.thread,
    "staff.show_group": Things.group,
    "staff.mark_unread": Things.thread,
    "client.rate_handling": Things.handled_incident,
    "staff.show_incident": Things.incident,
    "staff.change_incident_state": Things.incident,
    "staff.change_follow_up": Things.incident,
    **dict.fromkeys(
        (
            "staff.fill_event",
            "staff.keep_event",
            "staff.delete_event_draft",
            "staff.show_draft_file",
            "staff.remove_draft_file",
        ),
        Things.event_draft,
    ),
    "staff.send_event": Things.complete_draft,
    **{f"staff.{page}_note": Things.note for page in ("show", "change", "move")},
    "client.show_complaint": Things.complaint,
    "worker.show_complaint": partial(Things.complaint, person="wassim"),
    **{
        f"staff.{page}": Things.complaint
        for page in (
            "show_complaint",
            "acknowledge_complaint",
            "announce_delay",
            "answer_complaint",
            "resolve_complaint",
            "change_complaint",
        )
    },
    "staff.reopen_complaint": Things.answered_complaint,
    "staff.complain_of_rating": Things.low_rating,
    "staff.show_event": Things.event,
    "staff.download_event_paper": Things.event,
    "staff.download_anonymous_paper": Things.event,
    "staff.show_event_file": Things.event_with_file,
    "staff.acknowledge_event": Things.event,
    "staff.prepare_event": Things.event,
    "staff.edit_event": Things.event_to_complete,
    "staff.judge_event": Things.event,
    "staff.take_back_judgement": Things.rejected_event,
    "staff.add_authority": Things.event,
    "staff.change_authority": Things.told_event,
    "staff.show_reporter": Things.confided_event,
    "staff.list_event_readings": Things.event,
    "worker.show_opened_event": Things.opened_event,
    **{f"{portal}.begin_report": Things.short_reports for portal in ("client", "worker")},
    **{
        f"{portal}.{page}": partial(Things.draft_of, person=person)
        for portal, person in {"client": "claire", "worker": "wassim"}.items()
        for page in ("resume_report", "send_report", "discard_report")
    },
    **{
        f"staff.{page}": Things.judged_event
        for page in (
            "write_analysis",
            "add_event_action",
            "open_event_to_worker",
            "mark_event_dealt_with",
            "close_adverse_event",
            "tell_about_event",
        )
    },
    "staff.reopen_adverse_event": Things.closed_event,
    "staff.change_event_action": Things.event_action,
    "staff.move_event_action": Things.event_action,
    "staff.check_event_action": Things.done_action,
    "staff.look_at_rating": Things.low_rating,
    "staff.look_at_handling": Things.badly_handled_incident,
    "staff.ask_again": Things.rated_visit,
    "staff.reply_to_rating": Things.low_rating,
    "staff.exclude_rating": Things.low_rating,
    "staff.include_rating": Things.excluded_rating,
    "staff.show_message": Things.message,
    "staff.preview_message": Things.message,
    "staff.send_again": Things.message,
    "staff.cancel_message": Things.waiting_message,
    "staff.release_messages": Things.held,
    "staff.invite_person": Things.guest,
    "staff.invite_to_file": Things.guest,
    "staff.invite_worker": Things.invited_worker,
    "staff.invite_staff": Things.invited_colleague,
    "staff.add_colleague": Things.first_steps,
    "staff.end_setup": Things.first_steps,
    "staff.invite_people": Things.first_steps,
    "staff.save_step": Things.first_steps,
    "staff.set_up": Things.first_steps,
    "staff.set_worker_skill": Things.able_worker,
    "staff.remove_worker_skill": Things.able_worker,
    "staff.remove_availability": Things.worker_with_hours,
    "staff.remove_absence": Things.absent_worker,
    "staff.forget_filter": Things.kept_filter,
    "staff.show_export": Things.exported,
    "staff.download_export": Things.exported,
    "staff.change_reason": Things.reason,
    "staff.move_reason": Things.reason,
    "staff.copy_reasons": Things.other_reason,
    **{f"{portal}.declare_incident": Things.reportable for portal in PORTALS},
    **{f"staff.{page}": Things.entry for page in ("change_entry", "move_entry")},
    **{f"staff.{page}": Things.category for page in ("show_finer", "add_finer")},
    "staff.change_skill": Things.skill,
    "staff.add_level": Things.skill,
    "staff.change_level": Things.skill,
    "staff.show_import": Things.imported,
    "staff.write_import": Things.imported,
    "staff.discard_import": Things.imported,
    "staff.download_refused": Things.imported,
}
# what is posted besides, known only once there is something; a file can be sent once
WRITTEN: dict[str, Callable[[Things], dict[str, Any]]] = {
    "staff.open_thread": lambda things: {"topic": "other", "text": "Bonjour", "people": things.agency.claire.key},
    "staff.begin_event": lambda things: {"client_id": things.agency.claire.id},
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
    **{f"{portal}.declare_incident": lambda things: {"reason": f"end:{things.reason_id}", "text": "le secret de Claire"}
       for portal in PORTALS},
    **{f"{portal}.{page}": lambda things: things.typed
       for portal in ("client", "worker") for page in ("begin_report", "resume_report")},
    "client.file_own_complaint": lambda _things: {**COMPLAINT, "about": "agency"},
    "worker.file_own_complaint": lambda things: {**COMPLAINT, "about": str(things.agency.claire.id)},
    "staff.file_client_complaint": lambda things: {**STAFF_COMPLAINT, "about": str(things.agency.wassim.id)},
    "staff.file_worker_complaint": lambda things: {**STAFF_COMPLAINT, "about": str(things.agency.claire.id)},
    "staff.file_partner_complaint": lambda things: {
        **STAFF_COMPLAINT, "partner": "Le voisin", "sector_id": str(things.agency.north),
    },
    "staff.edit_event": lambda things: {
        "version": "1", "discovered_at": "2026-11-17", "discovered_hour": "10:00", "place": "home", "nature": "hazard",
        "categories": str(things.category_id), "worker_id": "", "supervisor_id": "", "facts": "le secret",
    },
    "staff.copy_reasons": lambda things: {"reasons": str(things.reason_id)},
    "staff.manage_factor": lambda _things: {"deed": "start", "code": factories.code_of_phone()},
    "staff.bring_logo": lambda _things: {"logo": (io.BytesIO(factories.picture()), "logo.png")},
    "staff.bring_in_file": lambda _things: {"file": (io.BytesIO(CSV.encode()), "visites.csv")},
}  # fmt: skip
