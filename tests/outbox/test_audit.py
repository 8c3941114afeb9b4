"""`flask outbox audit` finds what was promised and never written, and speaks of nothing that is in order."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import delete, update

from portal.extensions import db
from portal.outbox.actions import hold_channel
from portal.outbox.models import Attempt, Message
from portal.people.models import Client, Service, Worker
from portal.ratings.models import RatingRequest, RatingSubject
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, Mailbox
from tests.factories import NOON, Agency

Audit = Callable[[], tuple[int, str]]


@pytest.fixture
def audit(app: Flask) -> Audit:
    def run() -> tuple[int, str]:
        ended = app.test_cli_runner().invoke(args=["outbox", "audit"])
        return ended.exit_code, ended.output.strip()

    return run


def visit_done(agency: Agency, *, ask: bool) -> int:
    """A visit that has ended, told to whoever reacts; return its id."""
    client, service = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.cleaning)
    return factories.done_visit(client, service, [db.session.get_one(Worker, agency.wassim.id)], hour=7, ask=ask).id


def test_the_story_keeps_its_promises(agency: Agency, audit: Audit) -> None:
    assert audit() == (0, "All promises hold.")


def test_a_visit_whose_request_was_never_written_is_found(agency: Agency, database: Database, audit: Audit) -> None:
    with database.writing():
        visit_done(agency, ask=True)
    assert audit() == (0, "All promises hold.")
    with database.writing():
        db.session.execute(delete(RatingRequest))
    code, said = audit()
    assert code == 1
    assert "visits are done and their clients were never asked" in said


def test_a_visit_that_nobody_was_told_of_is_found(agency: Agency, database: Database, audit: Audit) -> None:
    with database.writing():
        visit = visit_done(agency, ask=False)
        db.session.execute(
            update(RatingSubject).where(RatingSubject.visit_id == visit).values(visit_id=agency.claires_next)
        )
    assert audit() == (1, "1 visits are done and cannot be rated")


@pytest.mark.parametrize("why", ["imported without asking", "the module was off"])
def test_a_visit_that_nobody_was_to_be_asked_about_is_none(
    agency: Agency, database: Database, audit: Audit, why: str
) -> None:
    with database.writing():
        if why == "the module was off":
            set_option(None, "ratings.enabled", "false")
        visit_done(agency, ask=why == "the module was off")
    with database.writing():
        set_option(None, "ratings.enabled", "true")
    assert audit() == (0, "All promises hold.")


def test_what_staff_sent_again_may_arrive_as_often(agency: Agency, database: Database, audit: Audit) -> None:
    with database.writing():
        message = Message(kind="ratings.request", dedupe_key="x", subject_type="rating_subject", subject_id=1,
                          state="sent", sent_at=NOON, due_at=NOON, next_at=NOON, not_after=NOON, resends=1)  # fmt: skip
        db.session.add(message)
        db.session.flush()
        for number in (1, 2):
            db.session.add(
                Attempt(message_id=message.id, number=number, token="t", started_at=NOON, outcome="accepted")
            )
    assert audit() == (0, "All promises hold.")
    with database.writing():
        db.session.execute(update(Message).where(Message.dedupe_key == "x").values(resends=0))
    assert audit() == (1, "1 messages were accepted more often than asked")


def test_what_somebody_holds_is_not_late(agency: Agency, database: Database, audit: Audit, mailbox: Mailbox) -> None:
    with database.writing():
        db.session.add(Message(kind="ratings.request", dedupe_key="x", subject_type="rating_subject", subject_id=1,
                               state="due", due_at=NOON.replace(hour=8), next_at=NOON.replace(hour=8),
                               not_after=NOON.replace(year=2100)))  # fmt: skip
    assert audit() == (1, "1 messages are more than ten minutes late")
    with database.writing():
        hold_channel(None, "a test")
    assert audit() == (0, "All promises hold.")
