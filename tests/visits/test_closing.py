"""Marking a visit as done or cancelled: who may, when, what is written down and what follows."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from time_machine import TimeMachineFixture

from portal.audit import actions as audit
from portal.audit.models import AuditEntry
from portal.errors import Refused
from portal.extensions import db, wires
from portal.outbox.models import Message
from portal.people.models import Client, Service, Worker
from portal.ratings.models import RatedWorker, RatingRequest, RatingSubject
from portal.visits.actions import end_visits
from portal.visits.models import State, Visit
from tests import factories
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import NOON, Agency, at, rate
from tests.pages import Browser


@pytest.fixture
def sofia(agency: Agency, sign_in: SignIn) -> Browser:
    return sign_in(agency.sofia)


def state(database: Database, visit: int) -> str:
    return database.one(select(Visit.state).where(Visit.id == visit))


def last_deed(database: Database, visit: int) -> tuple:
    entry = database.all(
        select(AuditEntry)
        .where(AuditEntry.subject_type == "visit", AuditEntry.subject_id == visit)
        .order_by(AuditEntry.id)
    )[-1]
    return entry.kind, entry.account_id, entry.role, entry.before, entry.after


def test_staff_mark_a_visit_as_done(sofia: Browser, agency: Agency, database: Database) -> None:
    page = sofia.get("/staff/visits").press(f"#visit-{agency.claires_past} button")
    assert page.status == 303
    page = page.follow()
    assert "The visit is marked as done." in page.words
    assert "Completed" in page.says(f"#visit-{agency.claires_past}")
    assert last_deed(database, agency.claires_past) == (
        "visit.done", agency.sofia.account_id, "coordinator", {"state": "planned"}, {"state": "done"},
    )  # fmt: skip


def test_with_javascript_the_row_changes_in_place(sofia: Browser, agency: Agency) -> None:
    page = sofia.get("/staff/visits").press(f"#visit-{agency.claires_past} button", htmx=True)
    assert page.status == 200
    assert page.headers["HX-Retarget"] == f"#visit-{agency.claires_past}"
    assert page.headers["HX-Reswap"] == "outerHTML"
    assert "Completed" in page.words
    assert "The visit is marked as done." in page.words
    assert "The visit is marked as done." not in sofia.get("/staff/visits").words, "said once"


def test_a_worker_marks_a_visit_of_their_own(agency: Agency, sign_in: SignIn, database: Database) -> None:
    wassim = sign_in(agency.wassim)
    page = wassim.get("/worker/").press(f"#visit-{agency.claires_past} button")
    assert page.location == "/worker/"
    assert state(database, agency.claires_past) == "done"
    assert last_deed(database, agency.claires_past)[:3] == ("visit.done", agency.wassim.account_id, "worker")
    assert not page.follow().soup.select(f"#visit-{agency.claires_past} button")


def test_a_worker_cannot_close_somebody_elses_visit(agency: Agency, sign_in: SignIn, database: Database) -> None:
    before = database.fingerprint()
    jean = sign_in(agency.jean)
    after_sign_in = database.fingerprint()
    assert jean.act(f"/worker/visits/{agency.claires_past}/done").status == 404
    assert database.fingerprint() == after_sign_in
    assert before["visit"] == after_sign_in["visit"]


@pytest.mark.parametrize(
    ("visit", "sentence"),
    [
        ("claires_next", "This visit has not begun yet."),
        ("claires_done", "This visit is already marked as done."),
        ("claires_cancelled", "Only a visit that is to be done can be marked as done."),
        ("draft", "Only a visit that is to be done can be marked as done."),
    ],
)
def test_a_visit_that_cannot_be_done_is_refused_with_a_sentence(
    sofia: Browser, agency: Agency, database: Database, visit: str, sentence: str
) -> None:
    before = database.fingerprint()
    page = sofia.act(f"/staff/visits/{getattr(agency, visit)}/done")
    assert page.status == 409
    assert sentence in page.words
    assert database.fingerprint() == before
    assert sentence in sofia.act(f"/staff/visits/{getattr(agency, visit)}/done", htmx=True).words


def test_a_visit_in_progress_ends_now_and_a_past_one_when_it_was_planned_to(
    sofia: Browser, agency: Agency, database: Database
) -> None:
    with database.writing():
        claire, service = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.cleaning)
        running = factories.visit(claire, service, [], at(0, 11, 30), 90).id
    assert "In progress" in sofia.get("/staff/visits").says(f"#visit-{running}")
    sofia.act(f"/staff/visits/{running}/done")
    sofia.act(f"/staff/visits/{agency.claires_past}/done")
    ended = dict(database.all(select(Visit.id, Visit.ended_at).where(Visit.id.in_([running, agency.claires_past]))))
    assert timedelta(0) <= ended[running] - NOON < timedelta(seconds=30)
    assert ended[agency.claires_past] == NOON - timedelta(hours=3)


def test_what_is_rated_and_the_mail_are_written_in_the_same_transaction(
    sofia: Browser, agency: Agency, database: Database
) -> None:
    sofia.act(f"/staff/visits/{agency.claires_past}/done")
    subject = database.one(select(RatingSubject).where(RatingSubject.visit_id == agency.claires_past))
    assert (subject.client_id, subject.sector_id, subject.manager_id) == (
        agency.claire.id,
        agency.north,
        agency.sofia.id,
    )
    assert database.all(select(RatedWorker.worker_id).where(RatedWorker.subject_id == subject.id)) == [agency.wassim.id]
    message = database.one(select(Message).join(RatingRequest).where(RatingRequest.subject_id == subject.id))
    assert (message.state, message.due_at) == ("scheduled", NOON + timedelta(hours=21)), "a day after the end, at nine"


def test_who_is_rated_does_not_change_with_the_planning(sofia: Browser, agency: Agency, database: Database) -> None:
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        claire.sector_id, claire.file_manager_id = agency.south, agency.igor.id
        visit = db.session.get_one(Visit, agency.claires_done)
        visit.sent[0].worker_id = agency.jean.id
    subject = database.one(select(RatingSubject).where(RatingSubject.visit_id == agency.claires_done))
    assert (subject.sector_id, subject.manager_id) == (agency.north, agency.sofia.id)
    assert database.all(select(RatedWorker.worker_id).where(RatedWorker.subject_id == subject.id)) == [agency.wassim.id]


def test_a_visit_marked_very_late_asks_nobody(
    sofia: Browser, agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    with database.writing():
        claire, service = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.cleaning)
        old = factories.visit(claire, service, [], at(-8, 8)).id
    sofia.act(f"/staff/visits/{old}/done")
    assert database.one(select(Message.state, Message.reason)) == ("suppressed", "too_old")
    assert mailbox.collect() == []


# ---- cancelling ----


def test_staff_cancel_a_visit_with_a_reason_that_the_client_reads(
    sofia: Browser, agency: Agency, database: Database, sign_in: SignIn
) -> None:
    page = sofia.get("/staff/visits").link("Cancel").click()
    assert page.h1 == "Cancel this visit?"
    url = f"/staff/visits/{agency.claires_next}/cancellation"
    page = sofia.get(url).form("Cancel the visit").submit(reason="Wassim est malade")
    assert "The visit is cancelled." in page.follow().words
    assert last_deed(database, agency.claires_next) == (
        "visit.cancelled", agency.sofia.account_id, "coordinator", {"state": "planned"}, {"state": "cancelled"},
    )  # fmt: skip
    assert "Wassim est malade" in sign_in(agency.claire).get("/client/visits").says(f"#visit-{agency.claires_next}")


def test_cancelling_in_the_dialog_closes_it_and_changes_the_row(sofia: Browser, agency: Agency) -> None:
    url = f"/staff/visits/{agency.claires_next}/cancellation"
    window = sofia.part(url)
    assert window.at("[data-close-on]")["data-close-on"] == "visit-cancelled"
    page = window.form("Cancel the visit").submit(htmx=True, reason="Absente")
    assert page.events == "visit-cancelled"
    assert page.headers["HX-Retarget"] == f"#visit-{agency.claires_next}"
    assert "Cancelled" in page.words


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_a_cancellation_needs_a_reason_of_reasonable_length(
    sofia: Browser, agency: Agency, database: Database, reason: str
) -> None:
    url = f"/staff/visits/{agency.claires_next}/cancellation"
    page = sofia.get(url).form("Cancel the visit").submit(reason=reason)
    assert page.status == 422
    assert page.errors()
    assert page.at("textarea").get_text().strip() == reason.strip()
    assert state(database, agency.claires_next) == "planned"


def test_a_visit_is_cancelled_once(sofia: Browser, agency: Agency, database: Database) -> None:
    page = sofia.act(f"/staff/visits/{agency.claires_cancelled}/cancellation", {"reason": "Encore"})
    assert page.status == 409
    assert page.errors() == ["This visit is already cancelled."]
    assert "Encore" in page.at("textarea").get_text()


def test_a_rated_visit_is_not_cancelled(sofia: Browser, agency: Agency, database: Database) -> None:
    with database.writing():
        rate(agency.claire, agency.claires_done, 1, "Personne n’est venu")
    before = database.fingerprint()
    page = sofia.act(f"/staff/visits/{agency.claires_done}/cancellation", {"reason": "Erreur"})
    assert page.status == 409
    assert page.errors() == ["This visit has been rated. It cannot be cancelled any more."]
    assert database.fingerprint() == before
    assert not sofia.get("/staff/visits").soup.select(f"#visit-{agency.claires_done} td:last-child a")


def test_cancelling_a_done_visit_takes_its_mail_back(
    sofia: Browser,
    agency: Agency,
    database: Database,
    mailbox: Mailbox,
    time_machine: TimeMachineFixture,
) -> None:
    sofia.act(f"/staff/visits/{agency.claires_past}/done")
    sofia.act(f"/staff/visits/{agency.claires_past}/cancellation", {"reason": "Personne n’est venu"})
    assert database.one(select(Message.state, Message.reason)) == ("cancelled", "visit_cancelled")
    time_machine.shift(timedelta(days=2))
    assert mailbox.collect() == []


# ---- all or nothing ----


def test_a_deed_without_its_entry_does_not_happen(
    sofia: Browser, agency: Agency, database: Database, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise SQLAlchemyError("the journal is full")

    monkeypatch.setattr(audit, "_rows", fail)
    before = database.fingerprint()
    for url, data in (
        (f"/staff/visits/{agency.claires_past}/done", {}),
        (f"/staff/visits/{agency.claires_next}/cancellation", {"reason": "Absente"}),
    ):
        page = sofia.act(url, data)
        assert page.status == 500
        assert "Something went wrong on our side" in page.h1
        assert "journal is full" not in page.html, "the trace is for the log"
    assert database.fingerprint() == before


def test_what_follows_a_visit_fails_with_it(
    sofia: Browser, agency: Agency, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("a reaction")

    monkeypatch.setitem(wires.reactions, "visit ended", [*wires.reactions["visit ended"], fail])
    before = database.fingerprint()
    assert sofia.act(f"/staff/visits/{agency.claires_past}/done").status == 500
    assert database.fingerprint() == before


def test_one_bad_visit_of_several_stops_all(agency: Agency, database: Database) -> None:
    with pytest.raises(Refused), database.writing():
        visits = [db.session.get_one(Visit, number) for number in (agency.claires_past, agency.claires_next)]
        end_visits(agency.sofia.user, visits)
    assert state(database, agency.claires_past) == State.PLANNED
    assert database.count(AuditEntry, AuditEntry.kind == "visit.done", AuditEntry.account_id.is_not(None)) == 0


def test_two_workers_of_one_visit_are_both_rated_in_their_order(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    with database.writing():
        claire, service = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.cleaning)
        both = [db.session.get_one(Worker, number) for number in (agency.jean.id, agency.wassim.id)]
        visit = factories.done_visit(claire, service, both, hour=11).id
    with database.writing():
        subject = factories.subject(visit).id
    rated = database.all(select(RatedWorker.worker_id).where(RatedWorker.subject_id == subject))
    assert sorted(rated) == sorted([agency.jean.id, agency.wassim.id])
    assert "Jean Dupont, Wassim Haddad" in sign_in(agency.claire).get("/client/visits").says(f"#visit-{visit}")
