"""What somebody finds out, or does, who looks where nobody is meant to look."""

from io import BytesIO

import pytest
from sqlalchemy import select, update

from portal.adverse_events.closing import is_implicated
from portal.adverse_events.models import AdverseEvent, Reporter
from portal.audit.models import AuditEntry, ReadEntry
from portal.extensions import db
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from portal.people.models import Client, Relative, Service, Staff, Worker
from portal.settings.actions import set_option
from tests import factories
from tests.adverse_events.follow_stories import followed
from tests.adverse_events.stories import stored
from tests.adverse_events.test_filling import begin, fill
from tests.conftest import Database, SignIn
from tests.factories import NOON, Agency, at

WORD = "Le tapis glissait depuis des semaines."
NOT_THEY = "You reported this event or are concerned by it. Somebody else has to close it."


def test_who_reports_in_confidence_is_not_led_to_the_event_where_each_reading_is_kept(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    steps = begin(sofia, client_id=agency.claire.id)
    form = fill(sofia, steps, agency, who={"mode": "confidential"}).form("/send")
    for page in (form.submit(), form.submit(), sofia.get(f"{steps}/check")):
        assert page.location == "/staff/adverse-events/drafts"
        assert page.follow().status == 200
    assert database.all(select(ReadEntry)) == [], "who reads it in the moment of the report is who reported it"


@pytest.mark.parametrize("mode", ["confidential", "anonymous"])
def test_a_file_does_not_say_by_its_name_who_sent_it(
    agency: Agency, sign_in: SignIn, database: Database, mode: str
) -> None:
    sofia = sign_in(agency.sofia)
    photo = {"files": (BytesIO(factories.picture()), "sofia-benali.png")}
    fill(sofia, begin(sofia, client_id=agency.claire.id), agency, who={"mode": mode}, facts=photo).form(
        "/send"
    ).submit()
    page = sign_in(agency.ada).get(f"/staff/adverse-events/{database.one(select(AdverseEvent.id))}")
    link = page.link("1.png")
    assert "sofia-benali" not in str(page.soup)
    assert "sofia" not in link.click().response.headers["Content-Disposition"].lower()


def test_what_was_open_to_one_worker_and_what_they_said_is_not_open_to_the_next(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        event = stored(agency, opened_at=NOON, worker_word=WORD, worker_word_at=NOON, witnesses="La voisine.")
        event.categories = [entry_of_code(ListName.EVENT, "D01")]
        claire, jean = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.jean.id)
        factories.visit(claire, db.session.get_one(Service, agency.cleaning), [jean], at(-3, 9))
    address = "/staff/adverse-events/1/editing"
    page = sign_in(agency.sofia).get(address)
    assert "it is hidden from them" in page.words
    assert page.form("Save").submit(worker_id=str(agency.jean.id)).status == 303
    one = database.one(select(AdverseEvent))
    assert (one.worker_id, one.opened_at, one.worker_word) == (agency.jean.id, None, None)
    assert one.witnesses == f"La voisine.\n\n{agency.wassim.name}: {WORD}", "nothing that somebody wrote is lost"
    assert database.one(select(AuditEntry).where(AuditEntry.kind == "event.opened")).after == {"opened": False}
    for who in (agency.jean, agency.wassim):
        assert sign_in(who).get("/worker/adverse-events/opened/1").status == 404


@pytest.mark.parametrize("kind", ["rejected", "out_of_scope", "work_accident"])
def test_who_reported_an_event_does_not_end_it_by_judging_it_away(
    agency: Agency, sign_in: SignIn, database: Database, kind: str
) -> None:
    with database.writing():
        event = followed(agency)
        type_, _colon, number = agency.ines.key.partition(":")
        factories.add(Reporter(event_id=event.id, person_type=type_, person_id=int(number), name=agency.ines.name))
    address = "/staff/adverse-events/1/triage"
    refused = sign_in(agency.ines).get(address).form("Save the judgement").submit(kind=kind, why=WORD)
    assert refused.status == 409 and NOT_THEY in refused.words and WORD in str(refused.soup)
    assert database.one(select(AdverseEvent.state)) == "progress"
    assert sign_in(agency.ines).get(address).form("Save the judgement").submit(kind="serious").status == 303
    assert sign_in(agency.ada).get(address).form("Save the judgement").submit(kind=kind, why=WORD).status == 303


def test_no_way_leads_to_a_module_that_is_off(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        event = followed(agency)
        event.incident = factories.incident(agency.claire, agency.claires_past)
        made = factories.complaint(agency.claire)
        event.complaint = made
        notes = (event.note_id, made.note_id)
    ada, pages = sign_in(agency.ada), ("clients/1/notes", "reminders", "notes", "outbox", "journal", "home")
    assert all(ada.get(f"/staff/notes/{number}").status == 200 for number in notes)
    with database.writing():
        for module in ("adverse_events", "complaints"):
            set_option(None, f"{module}.enabled", "off")
    for name in pages:
        for tag in ada.get(f"/staff/{name}").soup.select("#main a[href]"):
            assert "/adverse-events/" not in tag["href"] and "/complaints/" not in tag["href"], (name, str(tag))
    assert all(ada.get(f"/staff/notes/{number}").status == 404 for number in notes)
    with database.writing():
        set_option(None, "adverse_events.enabled", "on")
        set_option(None, "incidents.enabled", "off")
    links = [tag["href"] for tag in ada.get("/staff/adverse-events/1").soup.select("#main a[href]")]
    assert not [link for link in links if "/complaints/" in link or "/incidents/" in link]


def test_the_menu_leads_no_relative_to_reports_that_the_file_does_not_grant(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        set_option(None, "adverse_events.portal", "on")
    paul = sign_in(agency.paul)
    assert 'href="/client/adverse-events"' in str(paul.get("/client/visits").soup)
    with database.writing():
        db.session.execute(update(Relative).values(sees_threads=False))
    assert 'href="/client/adverse-events"' not in str(paul.get("/client/visits").soup)


@pytest.mark.parametrize(("capacity", "mode", "words", "direction"), [
    ("client", "named", True, "client_agency"), ("relative", "named", True, "client_agency"),
    ("worker", "named", False, "worker_client"), ("supervisor", "named", False, "client_agency"),
    ("client", "confidential", False, "client_agency"), ("worker", "confidential", False, "client_agency"),
])  # fmt: skip
def test_no_client_reads_by_default_what_somebody_else_reported(
    agency: Agency, sign_in: SignIn, database: Database, capacity: str, mode: str, words: bool, direction: str
) -> None:
    with database.writing():
        facts = stored(agency, capacity=capacity, mode=mode).facts
    form = sign_in(agency.ines).get("/staff/adverse-events/1/triage").form("Save the judgement")
    assert form.values()["text"] == (facts if words else "")
    assert form.values()["direction"] == direction


def test_a_relative_of_the_client_does_not_close_the_event(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        event = followed(agency)
        paul = db.session.get_one(Relative, agency.paul.id)
        paul.account_id = db.session.get_one(Staff, agency.ines.id).account_id
        assert is_implicated(agency.ines.user, event) and not is_implicated(agency.ada.user, event)
