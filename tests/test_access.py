"""Every cell of tests/access.yml is really asked for; beside it, rules that know nothing of that file."""

import io
from collections.abc import Iterator
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import IntegerConverter, Rule

from portal.accounts.actions import mail_reset
from portal.accounts.links import mail_link
from portal.accounts.models import Account, AccountLink
from portal.controls.actions import ask_export, save_filter
from portal.controls.models import SavedFilter
from portal.extensions import db, wires
from portal.imports.actions import bring_in
from portal.links import make_token
from portal.outbox.actions import hold_channel
from portal.people.catalogue import add_skill
from portal.people.models import Absence, Availability, Client, Relative, Service, Skill, Staff, Worker, WorkerSkill
from portal.portals import PORTALS
from portal.ratings.exclusion import exclude_rating
from portal.ratings.models import Rating
from portal.settings.actions import mark_setup, set_logo
from portal.settings.queries import option
from portal.work import jobs as work
from tests import factories
from tests.conftest import Database, SignIn, open_browser
from tests.factories import PASSWORD, Agency, Persona
from tests.pages import Browser, Page

TABLE = yaml.safe_load((Path(__file__).parent / "access.yml").read_text(encoding="utf-8"))
ACTORS: list[str] = TABLE["actors"]
CELLS: dict[tuple[str, str], dict[str, int]] = {
    (endpoint, method): dict(zip(ACTORS, row, strict=True))
    for endpoint, methods in TABLE["endpoints"].items()
    for method, row in methods.items()
}
PEOPLE = {
    "client_owner": "claire", "client_other": "denis", "relative": "paul",
    "worker_assigned": "wassim", "worker_other": "jean",
    "staff_same_sector": "sofia", "staff_other_sector": "igor", "quality": "ines", "admin": "ada",
}  # fmt: skip
# what only those who may see Claire's things read
CANARIES = ("Lefèvre", "claire@example.org", "Absence prévue", "le secret de Claire")
NEW_PASSWORD = {"password": "une phrase toute neuve", "confirm": "une phrase toute neuve"}
CSV = "Client;Date;Heure de début;Prestation;Intervenant;Durée\nClaire Lefèvre;20/11/2026;9h;Ménage;Wassim Haddad;1h\n"


def rules(app: Flask) -> list[Rule]:
    return list(app.url_map.iter_rules())


def methods(rule: Rule) -> set[str]:
    return (rule.methods or set()) - {"HEAD", "OPTIONS"}


def test_the_table_names_every_endpoint_and_no_other(app: Flask) -> None:
    there = {(rule.endpoint, method) for rule in rules(app) for method in methods(rule)}
    assert set(CELLS) == there


class Things:
    """Claire's things, made when an endpoint needs them: the values of its address and what is posted to it."""

    def __init__(self, agency: Agency, database: Database) -> None:
        self.agency, self.database, self.guest_id, self.skill_id = agency, database, 0, 0

    def values(self, endpoint: str) -> dict[str, Any]:
        agency = self.agency
        known = {
            "client.rate_visit": {"visit_id": agency.claires_done},
            "staff.rate_visit": {"visit_id": agency.claires_done},
            "worker.end_own_visit": {"visit_id": agency.claires_past},
            "staff.show_visit": {"visit_id": agency.claires_cancelled},
            "staff.plan_client": {"client_id": agency.claire.id},
            "staff.create_visit": {"client_id": agency.claire.id},
            "staff.duplicate_visit": {"visit_id": agency.claires_past},
            "staff.move_visit": {"visit_id": agency.claires_next},
            "staff.change_tasks": {"visit_id": agency.claires_next},
            "staff.plan_worker": {"worker_id": agency.wassim.id},
            "staff.end_visit": {"visit_id": agency.claires_past},
            "staff.cancel_visit": {"visit_id": agency.claires_past},
            "staff.reopen_visit": {"visit_id": agency.claires_done},
            "staff.note_choice": {"visit_id": agency.claires_done},
            "staff.show_account": {"account_id": agency.claire.account_id},
            "staff.change_account": {"account_id": agency.claire.account_id, "deed": "sign-out"},
            "staff.show_client": {"client_id": agency.claire.id},
            "staff.edit_client": {"client_id": agency.claire.id},
            "staff.show_client_workers": {"client_id": agency.claire.id},
            "staff.show_client_ratings": {"client_id": agency.claire.id},
            "staff.show_client_timeline": {"client_id": agency.claire.id},
            "staff.show_worker_clients": {"worker_id": agency.wassim.id},
            "staff.show_worker_ratings": {"worker_id": agency.wassim.id},
            "staff.close_client": {"client_id": agency.claire.id},
            "staff.open_client": {"client_id": agency.claire.id},
            "staff.close_worker": {"worker_id": agency.wassim.id},
            "staff.open_worker": {"worker_id": agency.wassim.id},
            "staff.show_worker": {"worker_id": agency.wassim.id},
            "staff.edit_worker": {"worker_id": agency.wassim.id},
            **{f"staff.{deed}_staff": {"staff_id": agency.sofia.id} for deed in ("show", "edit", "close", "open")},
            "staff.add_availability": {"worker_id": agency.wassim.id},
            "staff.add_absence": {"worker_id": agency.wassim.id},
            "staff.show_access": {"client_id": agency.claire.id},
            "staff.grant_relative": {"client_id": agency.claire.id, "relative_id": agency.paul.id},
            "staff.show_relative": {"client_id": agency.claire.id, "relative_id": agency.paul.id},
            "staff.edit_relative": {"client_id": agency.claire.id, "relative_id": agency.paul.id},
            "staff.close_relative": {"client_id": agency.claire.id, "relative_id": agency.paul.id},
            "staff.open_relative": {"client_id": agency.claire.id, "relative_id": agency.paul.id},
            "staff.change_sector": {"sector_id": agency.north},
            "staff.close_sector": {"sector_id": agency.north},
            "staff.open_sector": {"sector_id": agency.north},
            "staff.change_service": {"service_id": agency.cleaning},
            "staff.show_option_history": {"key": "ratings.link_days"},
            "static": {"filename": "portal.css"},
        }
        if endpoint in known:
            return known[endpoint]
        make = {
            "accounts.set_password": self.password_link,
            "accounts.use_link": self.account_link("sign_in", "sign-in"),
            "accounts.confirm_address": self.account_link("address", "address"),
            "client.end_session": self.session_of(self.agency.claire),
            "worker.end_session": self.session_of(self.agency.wassim),
            "staff.end_session": self.session_of(self.agency.sofia),
            "open.rate": self.mailed_link("rate"),
            "open.unsubscribe": self.mailed_link("unsubscribe"),
            "client.show_rating": self.rated_visit,
            "staff.look_at_rating": self.low_rating,
            "staff.ask_again": self.rated_visit,
            "staff.reply_to_rating": self.low_rating,
            "staff.exclude_rating": self.low_rating,
            "staff.include_rating": self.excluded_rating,
            "staff.show_message": self.message,
            "staff.preview_message": self.message,
            "staff.send_again": self.message,
            "staff.cancel_message": self.waiting_message,
            "staff.release_messages": self.held,
            "staff.invite_person": self.guest,
            "staff.invite_worker": self.invited_worker,
            "staff.invite_staff": self.invited_colleague,
            "staff.add_colleague": self.first_steps,
            "staff.set_worker_skill": self.able_worker,
            "staff.remove_worker_skill": self.able_worker,
            "staff.remove_availability": self.worker_with_hours,
            "staff.remove_absence": self.absent_worker,
            "staff.invite_to_file": self.guest,
            "agency.show_logo": self.logo,
            "staff.set_up": self.first_steps,
            "staff.save_step": self.first_steps,
            "staff.invite_people": self.first_steps,
            "staff.end_setup": self.first_steps,
            "staff.forget_filter": self.kept_filter,
            "staff.show_export": self.exported,
            "staff.download_export": self.exported,
            "staff.change_skill": self.skill,
            "staff.add_level": self.skill,
            "staff.change_level": lambda: {**self.skill(), "level_id": 1},
            "staff.show_import": self.imported,
            "staff.write_import": self.imported,
            "staff.discard_import": self.imported,
            "staff.download_refused": self.imported,
        }.get(endpoint)
        if make is None:
            return {}
        with self.database.writing():
            return make()

    def password_link(self) -> dict[str, Any]:
        mail_reset(self.agency.eloise.email)
        return {"token": make_token("password", db.session.scalars(select(AccountLink.public_id)).one())}

    def account_link(self, purpose: str, kind: str) -> Any:
        def make() -> dict[str, Any]:
            account = db.session.get_one(Account, self.agency.eloise.account_id)
            return {"token": make_token(kind, mail_link(account, purpose, "eloise@example.net").public_id)}

        return make

    def session_of(self, person: Persona) -> Any:
        def make() -> dict[str, Any]:
            return {"session_id": factories.session(person)}

        return make

    def request(self) -> Any:
        agency = self.agency
        claire, wassim = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.wassim.id)
        made = factories.done_visit(claire, db.session.get_one(Service, agency.rising), [wassim], hour=7, ask=True)
        return factories.sent_request(made, agency.claire.email)

    def mailed_link(self, purpose: str) -> Any:
        return lambda: {"token": make_token(purpose, self.request().message.public_id)}

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
        return {"visit_id": self.agency.claires_done}

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
        return {"client_id": claire.id}

    def logo(self) -> dict[str, Any]:
        set_logo(self.agency.ada.user, factories.picture())
        return {"token": option("agency.logo")}

    def first_steps(self) -> dict[str, Any]:
        """They are under way, and Éloïse has no login yet."""
        mark_setup(None, "open")
        db.session.get_one(Client, self.agency.eloise.id).account_id = None
        return {"step": "agency"}

    def skill(self) -> dict[str, Any]:
        return {"skill_id": add_skill(self.agency.ada.user, "Premiers secours", ["Initiation", "Confirmé"]).id}

    def imported(self) -> dict[str, Any]:
        made = bring_in(self.agency.sofia.user, "visits", "visites.csv", CSV.encode(), {})
        db.session.commit()
        work.run(made.work_id or 0)
        return {"import_id": made.id}

    def kept_filter(self) -> dict[str, Any]:
        save_filter(self.agency.sofia.user, wires.tables["quality"], "Nord", "period=this_month", False)
        return {"filter_id": db.session.scalars(select(SavedFilter.id)).one()}

    def exported(self) -> dict[str, Any]:
        """With Claire's rating in it."""
        factories.rate(self.agency.claire, self.agency.claires_done, 4, "le secret de Claire")
        made = ask_export(self.agency.sofia.user, wires.tables["quality"], "period=this_month", "csv", "fr")
        db.session.commit()
        work.run(made.work_id or 0)
        return {"export_id": made.id}

    def invited_worker(self) -> dict[str, Any]:
        db.session.get_one(Account, self.agency.wassim.account_id).password = None
        return {"worker_id": self.agency.wassim.id}

    def invited_colleague(self) -> dict[str, Any]:
        db.session.get_one(Account, self.agency.sofia.account_id).password = None
        return {"staff_id": self.agency.sofia.id}

    def able_worker(self) -> dict[str, Any]:
        skill = Skill(name="Cuisine", active=True)
        factories.add(skill)
        factories.add(WorkerSkill(worker_id=self.agency.wassim.id, skill_id=skill.id))
        self.skill_id = skill.id
        return {"worker_id": self.agency.wassim.id, "skill_id": skill.id}

    def worker_with_hours(self) -> dict[str, Any]:
        hours = Availability(worker_id=self.agency.wassim.id, weekday=0, begins=time(9), ends=time(12))
        factories.add(hours)
        return {"worker_id": self.agency.wassim.id, "hours_id": hours.id}

    def absent_worker(self) -> dict[str, Any]:
        absence = Absence(
            worker_id=self.agency.wassim.id, first_day=date(2026, 12, 1), last_day=date(2026, 12, 2), reason="leave"
        )
        factories.add(absence)
        return {"worker_id": self.agency.wassim.id, "absence_id": absence.id}

    def version_of(self, kind: Any, person: Persona) -> dict[str, Any]:
        """What the form of a record carries: which version of it was shown."""
        return {"version": self.database.one(select(kind.version).where(kind.id == person.id))}

    def body(self, endpoint: str) -> dict[str, Any]:
        return {
            "accounts.sign_in": {"email": self.agency.claire.email, "password": PASSWORD},
            "accounts.choose": {"file": self.agency.claire.key},
            "accounts.forgotten": {"email": self.agency.claire.email},
            "accounts.set_password": {"password": "une phrase toute neuve", "confirm": "une phrase toute neuve"},
            "accounts.language": {"language": "ru"},
            "accounts.ask_link": {"email": self.agency.claire.email},
            **{f"{portal}.change_password": {"present": PASSWORD, **NEW_PASSWORD} for portal in PORTALS},
            **{f"{portal}.change_address": {"present": PASSWORD, "email": "new@example.net"} for portal in PORTALS},
            "open.rate": {"stars": "4", "comment": "le secret de Claire"},
            "client.rate_visit": {"stars": "4", "comment": "le secret de Claire"},
            "staff.ask_again": {"version": "0"},
            "staff.reply_to_rating": {"text": "Merci de nous l’avoir dit."},
            "staff.exclude_rating": {"reason": "Mauvaise personne", "version": "1"},
            "staff.rate_visit": {"stars": "4", "how": "paper", "day": "2026-11-17", "hour": "10:00"},
            "staff.create_client": {"first_name": "Rose", "last_name": "Blanc", "sector_id": str(self.agency.north)},
            "staff.create_staff": {"last_name": "Noël", "email": "lea@example.org", "role": "quality"},
            "staff.edit_staff": {
                "sector_ids": str(self.agency.north),
                **self.version_of(Staff, self.agency.sofia),
            },
            "staff.create_worker": {"last_name": "Blanc", "sector_ids": str(self.agency.north)},
            "staff.edit_worker": {
                "sector_ids": str(self.agency.north),
                **self.version_of(Worker, self.agency.wassim),
            },
            "staff.set_worker_skill": {"skill": f"{self.skill_id}:"},
            "staff.add_availability": {"weekday": "0", "begins": "09:00", "ends": "12:00"},
            "staff.add_absence": {"first_day": "2026-12-01", "last_day": "2026-12-02", "reason": "leave"},
            "staff.edit_relative": self.version_of(Relative, self.agency.paul),
            "staff.edit_client": self.version_of(Client, self.agency.claire),
            "staff.cancel_visit": {"reason": "Absence"},
            "staff.create_visit": {"service": "1", "worker": "1", "day": "2026-12-01", "hour": "06:00"},
            "staff.move_visit": {
                "version": "1",
                "worker": "1",
                "day": "2026-12-01",
                "hour": "06:00",
                "minutes": "60",
                "scope": "one",
            },
            "staff.change_tasks": {"version": "1", "tasks": "Courses"},
            "staff.keep_quality_filter": {"name": "Mes avis", "query": "period=this_month"},
            "staff.export_quality": {"format": "xlsx", "query": "period=this_month"},
            "staff.keep_journal_filter": {"name": "Les connexions", "query": "what=account."},
            "staff.export_journal": {"format": "csv", "query": "what=account."},
            "staff.hold_messages": {"why": "Essai"},
            "staff.note_choice": {"wanted": "no"},
            "client.choose_requests": {"wanted": "no"},
            "staff.invite_person": {"person": f"relative:{self.guest_id}"},
            "staff.invite_to_file": {"person": f"relative:{self.guest_id}"},
            "staff.grant_relative": {"may_rate": "y", **self.version_of(Relative, self.agency.paul)},
            "staff.show_access": {
                "first_name": "Lise",
                "last_name": "Lefèvre",
                "email": "lise@example.org",
                "language": "fr",
            },
            "staff.manage_factor": {"deed": "start", "code": factories.code_of_phone()},
            "staff.bring_logo": {"logo": (io.BytesIO(factories.picture()), "logo.png")},
            "staff.add_colleague": {
                "first_name": "Léa",
                "last_name": "Noël",
                "email": "lea@example.org",
                "role": "quality",
            },
            "staff.invite_people": {"who": "1"},
            "staff.add_sector": {"name": "Est", "kind": "sector"},
            "staff.change_sector": {"name": "Grand Nord", "kind": "sector", "version": "1"},
            "staff.add_service": {"name": "Jardinage", "hours": "1"},
            "staff.change_service": {"name": "Grand ménage", "version": "1"},
            "staff.add_skill": {"name": "Premiers secours", "levels": "Initiation"},
            "staff.change_skill": {"name": "Secourisme", "version": "1"},
            "staff.add_level": {"name": "Expert"},
            "staff.change_level": {"deed": "up", "name": "Initiation", "version": "1"},
            "staff.bring_in_file": {"file": (io.BytesIO(CSV.encode()), "visites.csv")},
        }.get(endpoint, {})


@pytest.fixture
def things(agency: Agency, database: Database) -> Things:
    return Things(agency, database)


def url(app: Flask, endpoint: str, values: dict[str, Any]) -> str:
    return app.url_map.bind("localhost").build(endpoint, values)


def browser_of(actor: str, app: Flask, agency: Agency, sign_in: SignIn) -> Browser:
    return open_browser(app) if actor == "anonymous" else sign_in(getattr(agency, PEOPLE[actor]))


def ask(browser: Browser, method: str, address: str, body: dict[str, Any]) -> Page:
    if method == "GET":
        return browser.get(address)
    return browser.act(address, dict(body), method=method) if method != "POST" else browser.act(address, dict(body))


def is_denied(status: int) -> bool:
    return status in (302, 403, 404)


def cells() -> Iterator[Any]:
    """One test for all who look or are denied; one for each who does the deed, since it can be done once."""
    for (endpoint, method), row in CELLS.items():
        lookers = [actor for actor in ACTORS if method == "GET" or is_denied(row[actor])]
        doers = [actor for actor in ACTORS if actor not in lookers]
        if lookers:
            yield pytest.param(
                endpoint, method, lookers, id=f"{method}-{endpoint}-{'all' if method == 'GET' else 'denied'}"
            )
        for actor in doers:
            yield pytest.param(endpoint, method, [actor], id=f"{method}-{endpoint}-{actor}")


@pytest.mark.parametrize(("endpoint", "method", "actors"), cells())
def test_everybody_gets_what_the_table_says(
    app: Flask,
    agency: Agency,
    sign_in: SignIn,
    things: Things,
    database: Database,
    endpoint: str,
    method: str,
    actors: list[str],
) -> None:
    address = url(app, endpoint, things.values(endpoint))
    browsers = {actor: browser_of(actor, app, agency, sign_in) for actor in actors}
    before = database.fingerprint()
    for actor, browser in browsers.items():
        expected = CELLS[endpoint, method][actor]
        page = ask(browser, method, address, things.body(endpoint))
        assert page.status == expected, f"{method} {address} by {actor}: {page.status}, not {expected}"
        if actor == "anonymous" and expected == 302 and endpoint != "accounts.home":
            assert page.location.startswith("/sign-in"), f"a stranger is sent to {page.location}"
        if expected in (403, 404):
            assert not [word for word in CANARIES if word in page.html], f"{address} tells {actor} about Claire"
    if all(is_denied(CELLS[endpoint, method][actor]) for actor in actors):
        assert database.fingerprint() == before, "who is denied has changed nothing"


# ---- rules that know nothing of the table ----

ELSEWHERE = {
    "claire": ("/staff/", "/worker/"), "paul": ("/staff/", "/worker/"), "wassim": ("/staff/", "/client/"),
    "sofia": ("/client/", "/worker/"), "ines": ("/client/", "/worker/"), "ada": ("/client/", "/worker/"),
}  # fmt: skip


def addresses(app: Flask, prefix: str, number: int = 1) -> Iterator[tuple[str, str]]:
    """Every method and address below a prefix, numbers filled in."""
    for rule in rules(app):
        if rule.rule.startswith(prefix):
            assert all(isinstance(part, IntegerConverter) for part in rule._converters.values()), rule
            for method in sorted(methods(rule)):
                yield method, url(app, rule.endpoint, dict.fromkeys(rule.arguments, number))


@pytest.mark.parametrize("name", ELSEWHERE)
def test_another_roles_portal_is_not_there(app: Flask, agency: Agency, sign_in: SignIn, name: str) -> None:
    browser = sign_in(getattr(agency, name))
    asked = [(method, where) for prefix in ELSEWHERE[name] for method, where in addresses(app, prefix)]
    assert len(asked) > 5
    for method, where in asked:
        page = ask(browser, method, where, {"stars": "5", "reason": "x"})
        assert page.status == 404, f"{name} gets {page.status} for {method} {where}"
        assert not [word for word in CANARIES if word in page.html.replace(getattr(agency, name).name, "")]


def test_a_stranger_is_sent_to_sign_in_from_every_page_of_a_portal(app: Flask, agency: Agency) -> None:
    stranger = open_browser(app)
    for prefix in ("/client/", "/worker/", "/staff/"):
        for method, where in addresses(app, prefix):
            page = ask(stranger, method, where, {})
            assert (page.status, page.location.partition("?")[0]) == (302, "/sign-in"), where
            if method == "GET":
                page = stranger.part(where)
                assert (page.status, page.html) == (401, "")
            assert not [word for word in CANARIES if word in page.html]


@pytest.mark.parametrize(("name", "prefix"), [("claire", "/client/"), ("wassim", "/worker/"), ("ada", "/staff/")])
def test_a_thing_that_there_is_not_is_not_found(
    app: Flask, agency: Agency, sign_in: SignIn, name: str, prefix: str
) -> None:
    browser = sign_in(getattr(agency, name))
    for number in (0, 987654, 2**31 - 1, 2**31, 2**63):
        for rule in rules(app):
            if rule.rule.startswith(prefix) and rule.arguments:
                address = rule.rule
                for argument in rule.arguments:
                    address = address.replace(f"<int:{argument}>", str(number))
                for method in sorted(methods(rule)):
                    page = ask(browser, method, address, {"stars": "5", "reason": "x"})
                    assert page.status == 404, f"{method} {address}: {page.status}"


UNGUARDED = {"open.rate", "open.unsubscribe"}  # the link itself is what lets one act; RFC 8058 sends no cookie


def test_no_deed_is_done_without_the_token_of_a_form(
    app: Flask, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    doers = {"client": sign_in(agency.claire), "worker": sign_in(agency.wassim), "staff": sign_in(agency.ada)}
    for browser in doers.values():
        browser.csrf_token()
    before = database.fingerprint()
    for rule in rules(app):
        for method in methods(rule) - {"GET"}:
            if rule.endpoint in UNGUARDED:
                continue
            where = url(app, rule.endpoint, dict.fromkeys(rule.arguments, 1))
            browser = doers.get(rule.endpoint.partition(".")[0], doers["client"])
            body = {"stars": "5", "reason": "x", "language": "ru", "file": agency.claire.key}
            for wrong in ({}, {"csrf_token": ""}, {"csrf_token": sign_in(agency.denis).csrf_token() + "x"}):
                page = browser.open(where, method=method, data=body | wrong)
                assert page.status == 400, f"{method} {where}: {page.status}"
            page = browser.open(f"{where}?csrf_token={browser.csrf_token()}", method=method, data=body)
            assert page.status == 400, "a token in an address is in logs and is no token"
    after = database.fingerprint()
    sessions = ("account_session", "audit_entry")
    assert {name: rows for name, rows in after.items() if name not in sessions} == {
        name: rows for name, rows in before.items() if name not in sessions
    }


@pytest.mark.parametrize("said", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
def test_no_deed_is_done_for_another_site_even_with_a_token(
    app: Flask, agency: Agency, sign_in: SignIn, database: Database, said: dict[str, str]
) -> None:
    doers = {"client": sign_in(agency.claire), "worker": sign_in(agency.wassim), "staff": sign_in(agency.ada)}
    before = database.fingerprint()
    for rule in rules(app):
        for method in methods(rule) - {"GET"}:
            where = url(app, rule.endpoint, dict.fromkeys(rule.arguments, 1))
            browser = doers.get(rule.endpoint.partition(".")[0], doers["client"])
            sent = {"data": {"stars": "5", "language": "ru"}, "headers": {"X-CSRFToken": browser.csrf_token(), **said}}
            page = browser.open(where, method=method, **sent)
            assert (page.status == 403) is (rule.endpoint not in UNGUARDED), f"{method} {where}: {page.status}"
    after = database.fingerprint()
    assert {**after, "throttle": []} == before, "but that two wrong links were counted"
    ours = {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
    assert doers["client"].act("/language", {"language": "ru"}, headers=ours).status == 303


def test_a_token_of_another_session_is_no_token(app: Flask, agency: Agency, sign_in: SignIn) -> None:
    claire, denis = sign_in(agency.claire), sign_in(agency.denis)
    with denis.session_transaction() as values:
        values["csrf_token"] = "another seed"
    page = claire.post("/sign-out", headers={"X-CSRFToken": denis.csrf_token()})
    claire.csrf_token()
    assert page.status == 400
    assert claire.post("/sign-out", headers={"X-CSRFToken": denis.csrf_token()}).status == 400


def test_safe_requests_of_everybody_write_nothing(
    app: Flask, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    people = [sign_in(getattr(agency, name)) for name in ELSEWHERE]
    before = database.fingerprint()
    for browser in people:
        for rule in rules(app):
            if rule.endpoint == "static" or "token" in rule.arguments:
                continue
            where = url(app, rule.endpoint, dict.fromkeys(rule.arguments, 1))
            if "GET" in methods(rule):
                browser.get(where)
                browser.head(where)
            browser.open(where, method="OPTIONS")
    assert database.fingerprint() == before
