"""A mail that asks is taken back when its visit is cancelled, reopened or complained of; a visit done again is asked
about anew."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from time_machine import TimeMachineFixture

from portal.extensions import db
from portal.ratings import messages
from portal.ratings.models import RatedWorker, RatingRequest, RatingSubject
from portal.visits.actions import cancel_visit, end_visits, reopen_visit
from portal.visits.models import Visit, VisitWorker
from tests import factories
from tests.conftest import Database, Mailbox, text_of
from tests.factories import Agency
from tests.pages import Browser
from tests.ratings.conftest import Asked, fate, paris, read


def test_a_cancelled_visit_is_not_reminded_of_and_its_links_close(
    asked: Asked, database: Database, stranger: Browser
) -> None:
    with database.writing():
        cancel_visit(None, db.session.get_one(Visit, asked.visit), "Erreur de saisie")
    assert fate(database, asked.visit, "ratings.reminder") == ("cancelled", "visit_cancelled")
    assert stranger.get(asked.link).status == 410


def test_a_visit_on_which_an_incident_is_opened_is_not_asked_about(
    visit, database: Database, mailbox: Mailbox, agency: Agency
) -> None:
    made = visit()
    with database.writing():
        factories.incident(agency.sofia, made)
    assert not [mail for mail in mailbox.collect() if "/r/" in text_of(mail)]
    assert fate(database, made) == ("cancelled", "incident_open")


def test_a_reopened_visit_is_not_asked_about(
    visit, database: Database, mailbox: Mailbox, agency: Agency, sign_in
) -> None:
    made = visit()
    page = sign_in(agency.sofia).get(f"/staff/visits/{made}/reopening")
    assert page.form("Set back").submit().status == 303
    assert fate(database, made) == ("cancelled", "superseded")
    assert mailbox.collect() == []
    assert database.one(select(Visit.state, Visit.ended_at).where(Visit.id == made)) == ("planned", None)


def do_again(browser: Browser, visit_id: int) -> None:
    """Set a visit back to be done, and mark it as done."""
    assert browser.get(f"/staff/visits/{visit_id}/reopening").form("Set back").submit().status == 303
    assert browser.get(f"/staff/visits/{visit_id}").form("done").submit().status == 303


def test_a_visit_that_was_asked_about_and_is_done_again_is_asked_about_anew(
    asked: Asked, agency: Agency, database: Database, stranger: Browser, sign_in, mailbox: Mailbox
) -> None:
    """The client is asked once in thirty days; but the link that she holds opens nothing any more."""
    do_again(sign_in(agency.sofia), asked.visit)
    assert fate(database, asked.visit, "ratings.reminder") == ("cancelled", "superseded")
    again = read(asked.visit, mailbox.one())
    assert again.token != asked.token
    assert stranger.get(asked.link).status == 410
    assert stranger.get(again.link).status == 200


def test_the_mail_that_corrects_another_is_reminded_of_as_any_is(
    asked: Asked, agency: Agency, database: Database, sign_in, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    do_again(sign_in(agency.sofia), asked.visit)
    mailbox.one()
    time_machine.move_to(paris("2026-11-23 12:00"))
    assert fate(database, asked.visit, "ratings.reminder")[0] == "scheduled"
    mailbox.one()
    assert fate(database, asked.visit, "ratings.reminder") == ("sent", None)


def test_for_other_visits_a_mail_that_was_withdrawn_counts_since_it_came_all_the_same(
    asked: Asked, agency: Agency, database: Database, visit, sign_in, mailbox: Mailbox
) -> None:
    with database.writing():
        reopen_visit(None, db.session.get_one(Visit, asked.visit))
    other = visit(hour=10)
    assert mailbox.collect() == []
    assert fate(database, other) == ("suppressed", "capped")


def test_the_mail_that_corrects_another_counts_for_later_visits_and_is_not_before_its_own_turn(
    asked: Asked, agency: Agency, database: Database, visit, sign_in, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    """Another worker's visit waits at the same time: it could not be asked about, so it takes nobody's turn."""
    of_jean = visit("jean", hour=10)
    do_again(sign_in(agency.sofia), asked.visit)
    for _ in range(3):
        mailbox.collect()
        time_machine.shift(timedelta(minutes=6))
    assert (fate(database, asked.visit), fate(database, of_jean)) == (("sent", None), ("suppressed", "capped"))
    later = visit(hour=9)
    mailbox.collect()
    assert fate(database, later) == ("suppressed", "capped")


def test_a_mail_about_another_visit_is_in_the_way_of_the_one_that_corrects(
    asked: Asked, agency: Agency, database: Database, visit, sign_in, mailbox: Mailbox
) -> None:
    other = visit(hour=10)
    mailbox.collect()
    with database.writing():  # staff had it sent all the same
        message = factories.request_of(other).message
        message.state, message.reason, message.resends, message.next_at = "due", None, 1, message.due_at
    mailbox.one()
    do_again(sign_in(agency.sofia), asked.visit)
    assert mailbox.collect() == []
    assert fate(database, asked.visit) == ("suppressed", "capped")


def test_the_closed_link_of_a_visit_that_can_still_be_rated_leads_to_the_portal(
    asked: Asked, agency: Agency, database: Database, stranger: Browser, sign_in, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        reopen_visit(None, db.session.get_one(Visit, asked.visit))
    page = stranger.get(asked.link)
    assert (page.status, page.h1) == (410, "This link is no longer needed")
    assert "You can still leave your rating" not in page.words, "nobody can rate a visit that is to be done"
    with database.writing():
        end_visits(None, [db.session.get_one(Visit, asked.visit)])
    page = stranger.get(asked.link)
    assert (page.status, page.h1) == (410, "This link has been closed")
    assert "You can still leave your rating: sign in" in page.words
    assert page.link("Sign in").click().endpoint == "accounts.sign_in"
    assert sign_in(agency.claire).get(f"/client/visits/{asked.visit}/rating").form("Save")
    time_machine.shift(timedelta(days=61))
    assert "You can still leave your rating" not in stranger.get(asked.link).words


def test_a_visit_done_again_is_asked_about_with_who_came_in_the_end(
    visit, database: Database, mailbox: Mailbox, agency: Agency
) -> None:
    made = visit("wassim")
    with database.writing():
        found = db.session.get_one(Visit, made)
        reopen_visit(None, found)
        found.sent = [VisitWorker(worker_id=agency.jean.id, position=0)]
        db.session.flush()
        end_visits(None, [found])
    rated = select(RatedWorker.worker_id).join(RatingSubject).where(RatingSubject.visit_id == made)
    assert database.all(rated) == [agency.jean.id]
    assert "Jean" in text_of(mailbox.one())
    assert database.one(select(func.count(RatingRequest.id)).where(RatingRequest.reminds_id.is_(None))) == 2


def test_what_is_done_and_not_rated_can_be_reopened_and_nothing_else(
    agency: Agency, sign_in, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{agency.claires_done}").link("Set back to be done").click()
    assert page.form("Set back").submit().follow().endpoint == "staff.show_visit"
    assert "/reopening" not in sofia.get(f"/staff/visits/{agency.claires_next}").html
    page = sofia.get(f"/staff/visits/{agency.claires_next}/reopening")
    assert page.form("Set back").submit().status == 409, "it is not done"
    with database.writing():
        factories.rate(agency.denis, agency.denis_done, 3)
    answer = sofia.get(f"/staff/visits/{agency.denis_done}/reopening").form("Set back").submit()
    assert answer.status == 409
    assert "has been rated" in answer.text
    assert database.one(select(Visit.state).where(Visit.id == agency.denis_done)) == "done"


def test_asking_and_its_plan_are_one_transaction(
    visit, database: Database, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reminder that cannot be written down must not leave a request half asked."""

    def fail(*_of_it: object) -> None:
        raise RuntimeError

    made = visit()
    monkeypatch.setattr(messages, "promise_reminder", fail)
    assert mailbox.collect() == []
    assert database.one(select(RatingRequest.asked_at)) is None
    assert fate(database, made)[0] == "retry"
