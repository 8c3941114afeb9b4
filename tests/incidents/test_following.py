"""What staff do with an incident: its states, who has it in hand, what others read of it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from time_machine import TimeMachineFixture

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.incidents.following import NEXT
from portal.incidents.models import Incident, State
from portal.outbox.models import Message
from portal.people.models import Client, Service, Worker
from portal.threads.models import ThreadMessage
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Browser, Page
from tests.racing import at_once, posting

SECRET = "La clé était chez le voisin, remboursé 12 €."


@pytest.fixture
def reported(agency: Agency, database: Database) -> int:
    """Wassim has reported an incident on a visit of Claire's."""
    with database.writing():
        why = factories.reason(agency.cleaning, "Porte fermée")
        return factories.incident(agency.wassim, agency.claires_past, why=why).id


def stands(database: Database, incident: int) -> Incident:
    return database.one(select(Incident).where(Incident.id == incident))


def page_of(browser: Browser, incident: int) -> Page:
    return browser.get(f"/staff/incidents/{incident}").follow()


def badges(page: Page) -> list[str]:
    return [tag.get_text(strip=True) for tag in page.soup.select("#incident .badge")]


def lines(page: Page) -> list[str]:
    """What stands between the messages."""
    return [" ".join(tag.get_text(" ").split()) for tag in page.soup.select("[data-whose=event]")]


def close(browser: Browser, incident: int, **typed: Any) -> Page:
    return page_of(browser, incident).link("Close the incident").click().form("Save").submit(**typed)


def test_an_incident_goes_from_state_to_state_and_participants_read_what_concerns_them(
    agency: Agency, reported: int, sign_in: SignIn, database: Database
) -> None:
    sofia, claire = sign_in(agency.sofia), sign_in(agency.claire)
    page = page_of(sofia, reported)
    assert badges(page) == ["Open"] and len(page.statements) <= 12
    page = page.press("#incident [value=waiting]").follow()
    assert badges(page) == ["On hold"]
    thread_id = stands(database, reported).thread_id
    for persona, portal, lists in ((agency.claire, "client", "visits"), (agency.wassim, "worker", "week")):
        theirs = sign_in(persona)
        for address in (f"threads/{thread_id}", "threads", lists):
            words = theirs.get(f"/{portal}/{address}").words
            assert "Under discussion" in words and "On hold" not in words, address
    assert "On hold" in sofia.get("/staff/threads").words
    page = page.press("#incident [value=resolved]").follow()
    form = page.link("Close the incident").click().form("Save")
    assert form.submit().errors() == ["Please say how it ended."]
    dropped = form.submit(state="reopened", note=SECRET)
    assert dropped.status == 422 and "A note is kept only with the state “Closed”." in dropped.says("#note-error")
    assert dropped.form("Save").values()["note"] == SECRET
    dropped = form.submit(state="reopened", outcome="unfounded", ask="y")
    assert dropped.status == 422 and "How it ended is kept only with the state “Closed”." in dropped.says(
        "#outcome-error"
    )
    assert "The client is asked only with the state “Closed”." in dropped.says("#ask-error")
    kept = dropped.form("Save")
    assert (kept.values()["outcome"], kept.values()["ask"]) == ("unfounded", "y")
    assert kept.submit(outcome="", state="closed").errors() == ["Please say how it ended."]
    assert stands(database, reported).state == "resolved"
    page = form.submit(outcome="no_action", note=SECRET).follow()
    assert badges(page) == ["Closed"]
    assert SECRET in page.words and "No action needed" in page.words
    thread = f"/client/threads/{stands(database, reported).thread_id}"
    told = ["The agency has marked this incident as resolved.", "The agency has closed this incident."]
    shown = claire.get(thread)
    assert len(lines(shown)) == 2 and all(one in line for one, line in zip(told, lines(shown), strict=True))
    assert "hold" not in shown.words and SECRET not in shown.words and "No action" not in shown.words
    assert len(lines(page)) == 3, "staff read the others too"
    page = page.press("#incident [value=reopened]").follow()
    kept = sofia.get(f"/staff/incidents/{reported}/state").form("Save")
    assert kept.values()["note"] == SECRET
    assert kept.submit(state="discussion").status == 303, "the note of last time is nothing new"
    assert "The agency has reopened this incident." in claire.get(thread).words
    assert (stands(database, reported).outcome, stands(database, reported).closed_at) == (None, None)
    moved = database.all(select(AuditEntry).where(AuditEntry.kind == "incident.moved").order_by(AuditEntry.id))
    assert [(one.before["state"], one.after["state"]) for one in moved] == [
        ("open", "waiting"), ("waiting", "resolved"), ("resolved", "closed"), ("closed", "reopened"),
        ("reopened", "discussion"),
    ]  # fmt: skip
    assert moved[2].after == {"state": "closed", "outcome": "no_action"}, "the note is no entry of the journal"
    assert "Reopened" in sign_in(agency.ada).get("/staff/journal?period=last_7_days").words


def test_a_state_that_does_not_follow_is_refused_with_a_sentence(
    agency: Agency, reported: int, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    url = f"/staff/incidents/{reported}/state"
    with database.writing():
        for before in State:
            for to in set(State) - set(NEXT[before]):
                made = db.session.get_one(Incident, reported)
                made.state = before
                closed = before == State.CLOSED
                made.closed_at, made.outcome = (made.declared_at, "settled") if closed else (None, None)
                db.session.commit()
                ends = {"outcome": "settled"} if to == State.CLOSED else {}
                page = sofia.act(url, {"state": to, "version": str(made.version)} | ends)
                assert page.status == 409, f"{before} → {to}"
                assert "An incident that is" in " ".join(page.errors())
                db.session.expire_all()
                assert db.session.get_one(Incident, reported).state == before
    page = sofia.act(url, {"state": "nonsense", "version": "1"})
    assert page.status == 422


def test_who_comes_second_sees_what_the_first_has_saved(
    agency: Agency, reported: int, sign_in: SignIn, database: Database
) -> None:
    sofia, ines = sign_in(agency.sofia), sign_in(agency.ines)
    url = f"/staff/incidents/{reported}/follow-up"
    first, second = sofia.get(url).form("Save"), ines.get(url).form("Save")
    quick = page_of(ines, reported)
    with database.writing():  # the agency answers meanwhile: nobody is late for that
        factories.message(agency.sofia, db.session.get_one(Incident, reported).thread, "Nous venons.")
    assert first.submit(owner_id=agency.sofia.id, due_on="2026-11-20", urgency="high").status == 303
    late = second.submit(owner_id=agency.ines.id)
    assert late.status == 409
    for stood in ("Sofia Benali", "Friday, 20 November 2026", "High"):
        assert f"What stands there now: {stood}" in late.words
    assert late.form("Save").submit().status == 303, "whoever has seen both may save theirs"
    one = stands(database, reported)
    assert (one.owner_id, one.due_on, one.urgency) == (agency.ines.id, None, "normal")
    late = quick.press("#incident [value=resolved]")
    assert late.status == 409 and "What stands there now: Under discussion" in late.words
    assert late.form("Save").submit().status == 303
    assert stands(database, reported).state == "resolved"
    followed = database.all(select(AuditEntry.after).where(AuditEntry.kind == "incident.followed"))
    assert followed[0] == {"owner_id": agency.sofia.id, "due_on": "2026-11-20", "urgency": "high"}


def test_two_at_once_close_it_once(agency: Agency, reported: int, sign_in: SignIn, database: Database) -> None:
    version, url = str(stands(database, reported).version), f"/staff/incidents/{reported}/state"
    body = {"state": "closed", "outcome": "settled", "version": version}
    answers = at_once([posting(sign_in(who), url, body) for who in (agency.sofia, agency.ines)])
    assert answers == [303, 409]
    assert len(database.all(select(ThreadMessage).where(ThreadMessage.event == "closed"))) == 1


def test_only_who_sees_an_incident_has_it_in_hand(
    agency: Agency, reported: int, sign_in: SignIn, database: Database
) -> None:
    sofia, url = sign_in(agency.sofia), f"/staff/incidents/{reported}/follow-up"
    page = sofia.get(url)
    offered = [option.get_text() for option in page.soup.select("[name=owner_id] option")]
    assert offered == ["Nobody yet", "Sofia Benali", "Inès Caron", "Ada Martin"]
    before = stands(database, reported).version
    for field, value in (("owner_id", agency.igor.id), ("owner_id", "x"), ("urgency", "top"), ("due_on", "2026-11-16"),
                         ("due_on", "9999-12-31"), ("due_on", "soon")):  # fmt: skip
        values = {**page.form("Save").values(), field: str(value)}
        refused = sofia.act(url, values)
        assert refused.status in (409, 422) and refused.errors(), field
    assert refused.errors() == ["This date is not valid. Please give a day between 1900 and 2200."]
    assert stands(database, reported).version == before
    assert sign_in(agency.igor).get(url).status == 404
    assert sign_in(agency.igor).act(url, {"version": str(before), "urgency": "high"}).status == 404


def test_it_is_overdue_from_the_day_after_until_it_is_resolved(
    agency: Agency, reported: int, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    sofia = sign_in(agency.sofia)
    sofia.get(f"/staff/incidents/{reported}/follow-up").form("Save").submit(due_on="2026-11-17")
    assert "Overdue" not in badges(page_of(sofia, reported))
    time_machine.shift(timedelta(hours=11, minutes=59))  # 23:59 in Paris
    sofia = sign_in(agency.sofia)
    assert "Overdue" not in badges(page_of(sofia, reported))
    time_machine.shift(timedelta(minutes=1))
    page = page_of(sofia, reported)
    assert "Overdue" in badges(page)
    assert badges(page.press("#incident [value=resolved]").follow()) == ["Resolved"]


def test_the_home_page_shows_what_is_urgent_late_and_ones_own(
    agency: Agency, reported: int, sign_in: SignIn, database: Database
) -> None:
    sofia, igor = sign_in(agency.sofia), sign_in(agency.igor)
    assert "Incidents to follow up" not in sofia.get("/staff/home").words
    with database.writing():
        why = factories.reason(agency.cleaning, "Malaise")
        factories.incident(agency.claire, agency.claires_past, urgency="urgent", why=why)
        db.session.get_one(Incident, reported).owner_id = agency.sofia.id
    card = sofia.get("/staff/home").says("[aria-labelledby=home-incidents]")
    assert "1 urgent without an answer" in card and "1 of yours" in card and "overdue" not in card
    assert card.index("Malaise") < card.index("Porte fermée")
    assert "Malaise" not in igor.get("/staff/home").words
    menu = sofia.get("/staff/home").link("Incident follow-up")
    assert "1" in menu.tag.get_text()
    ines = sign_in(agency.ines).get("/staff/home").says("[aria-labelledby=home-incidents]")
    assert "of yours" not in ines and "Porte fermée" not in ines


def test_records_list_the_incidents_of_their_visits(
    agency: Agency, reported: int, sign_in: SignIn, database: Database
) -> None:
    sofia, igor = sign_in(agency.sofia), sign_in(agency.igor)
    client, worker = f"/staff/clients/{agency.claire.id}", f"/staff/workers/{agency.wassim.id}"
    for record in (client, worker):
        page = sofia.get(record).link("Incidents").click()
        assert "Porte fermée" in page.words and "Open" in page.words
        few = len(page.statements)
        with database.writing():
            factories.incident(agency.claire, agency.claires_past)
        assert len(sofia.get(page.request.path).statements) == few <= 6
        assert igor.get(page.request.path).status == 404
    assert "No incident was reported" in sofia.get(f"/staff/clients/{agency.denis.id}/incidents").words
    with database.writing():  # a worker of both sectors: each sees their own
        wassim, eloise = db.session.get_one(Worker, agency.wassim.id), db.session.get_one(Client, agency.eloise.id)
        wassim.all_sectors = True
        rising = db.session.get_one(Service, agency.rising)
        visit = factories.visit(eloise, rising, [wassim], factories.at(0, 9))
        factories.incident(agency.wassim, visit.id, why=factories.reason(rising.id, "Chute dans le Sud"))
    assert "Chute" in igor.get(f"{worker}/incidents").words
    assert "Porte fermée" not in igor.get(f"{worker}/incidents").words
    assert "Chute" not in sofia.get(f"{worker}/incidents").words


def test_an_open_incident_keeps_the_client_from_being_asked_and_reopening_takes_the_mail_back(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    asked = Message.kind == "ratings.request", Message.state == "scheduled"
    waiting = select(func.count()).select_from(Message).where(*asked)
    with database.writing():
        claire, wassim = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.wassim.id)
        visit = factories.visit(claire, db.session.get_one(Service, agency.rising), [wassim], factories.at(0, 9))
        incident = factories.incident(agency.wassim, visit.id).id
    sofia = sign_in(agency.sofia)
    close(sofia, incident, outcome="unfounded")
    with database.writing():
        factories.done(db.session.get_one(type(visit), visit.id), ask=True)
    assert database.one(waiting) == 1, "a closed incident keeps nobody from being asked"
    page_of(sofia, incident).press("#incident [value=reopened]")
    assert database.one(waiting) == 0


def test_one_that_turns_urgent_alerts_whoever_has_it_in_hand(
    agency: Agency, reported: int, sign_in: SignIn, database: Database
) -> None:
    alerts = select(Message.kind).where(Message.subject_type == "incident").order_by(Message.due_at)
    url = f"/staff/incidents/{reported}/follow-up"
    sofia = sign_in(agency.sofia)
    sofia.get(url).form("Save").submit(urgency="high")
    assert not database.all(alerts)
    sofia.get(url).form("Save").submit(urgency="urgent")
    assert database.all(alerts) == ["incidents.urgent", "incidents.unanswered", "incidents.unanswered_long"]
    sofia.get(url).form("Save").submit(due_on="2026-11-30")
    assert len(database.all(alerts)) == 3
