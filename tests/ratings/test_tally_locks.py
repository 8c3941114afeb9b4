"""What a deed moves in the tally of requests is locked once, in one order, when all of it is known: on PostgreSQL two
who lock cells in two orders wait for each other, until one of them gets an error page."""

import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select, text

from portal.extensions import db
from portal.outbox.actions import cancel_message
from portal.outbox.models import Message
from portal.ratings.models import RatingRequest, RatingSubject
from portal.settings.actions import set_option
from portal.visits.actions import cancel_visit, end_visits, reopen_visit
from portal.visits.models import Visit
from tests.conftest import Database, on_postgres
from tests.factories import Agency
from tests.ratings.test_tallies import agree
from tests.servers import wait_until


@contextmanager
def statements() -> Generator[list[str]]:
    """What is sent to the database meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield sent
    event.remove(db.engine, "before_cursor_execute", note)


def reopened(database: Database, visit_id: int) -> int:
    with database.writing():
        reopen_visit(None, db.session.get_one(Visit, visit_id))
    return visit_id


def test_a_deed_of_many_moves_writes_the_cells_once(database: Database, visit: Callable[..., int]) -> None:
    """As an import does that finds one visit done and others cancelled."""
    to_end = reopened(database, visit())
    to_cancel = [visit(days=-5), visit(days=-4)]
    with database.writing(), statements() as sent:
        end_visits(None, [db.session.get_one(Visit, to_end)])
        for one in to_cancel:
            cancel_visit(None, db.session.get_one(Visit, one), "Absente")
        db.session.commit()
    assert len([one for one in sent if "INTO request_tally" in one]) == 1
    agree(database)


def test_what_a_refused_deed_would_have_moved_stays(database: Database, visit: Callable[..., int]) -> None:
    made = visit()
    with database.writing(), statements() as sent:
        cancel_visit(None, db.session.get_one(Visit, made), "Absente")
        db.session.rollback()
        db.session.commit()
    assert not [one for one in sent if "_tally" in one]
    agree(database)


def test_a_visit_done_anew_takes_its_weekly_mail_before_what_is_asked_about(
    database: Database, visit: Callable[..., int]
) -> None:
    """A weekly mail that leaves holds itself first, and then what it asks about."""
    with database.writing():
        set_option(None, "ratings.ask_mode", "digest")
    made = reopened(database, visit())
    with database.writing(), statements() as sent:
        end_visits(None, [db.session.get_one(Visit, made)])
        db.session.commit()
    subject = next(place for place, one in enumerate(sent) if one.startswith("UPDATE rating_subject"))
    mails = [place for place, one in enumerate(sent) if one.startswith(("INSERT INTO message ", "SELECT message."))]
    assert mails
    assert max(mails) < subject
    agree(database)


@pytest.mark.skipif(not on_postgres(), reason="on SQLite one writes at a time: nobody waits in a circle")
def test_an_import_and_a_mail_of_the_same_month_do_not_wait_for_each_other(
    agency: Agency, database: Database, visit: Callable[..., int]
) -> None:
    """The import has one visit done and another one cancelled; meanwhile a mail about a third one is taken back."""
    to_end, to_cancel, other = reopened(database, visit()), visit(days=-5), visit(days=-5, hour=15)
    of_other = select(Message).join(RatingRequest).join(RatingSubject).where(RatingSubject.visit_id == other)

    def take_back() -> None:
        with database.writing():
            cancel_message(agency.ines.user, db.session.scalars(of_other).one())

    with ThreadPoolExecutor() as pool, database.writing():
        end_visits(None, [db.session.get_one(Visit, to_end)])
        db.session.flush()
        taken: Future[None] = pool.submit(take_back)
        wait_until(lambda: taken.done() or _somebody_waits(database), "the mail to be taken back, or to wait")
        cancel_visit(None, db.session.get_one(Visit, to_cancel), "Absente")
        db.session.commit()
        taken.result(30)
    agree(database)


def _somebody_waits(database: Database) -> bool:
    time.sleep(0.02)
    return bool(database.one(select(text("count(*) FROM pg_locks WHERE NOT granted"))))
