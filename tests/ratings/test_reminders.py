"""Who does not answer is reminded once, some days after the mail has really left."""

from datetime import timedelta

import pytest
from time_machine import TimeMachineFixture

from portal.outbox.models import Message
from tests import factories
from tests.conftest import Database, Mailbox, text_of
from tests.pages import Browser
from tests.ratings.conftest import Asked, due, fate, paris, read


@pytest.fixture
def reminded(asked: Asked, mailbox: Mailbox, time_machine: TimeMachineFixture) -> Asked:
    """The reminder of the mail that Claire had on Tuesday at noon, as she holds it."""
    time_machine.move_to(paris("2026-11-21 12:05"))  # a Saturday, four days later
    return read(asked.visit, mailbox.one())


def test_who_does_not_answer_is_reminded_once(
    reminded: Asked, asked: Asked, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    assert reminded.token != asked.token
    assert reminded.mail["Message-ID"] != asked.mail["Message-ID"]
    assert reminded.mail["Subject"] != asked.mail["Subject"]
    assert reminded.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for _ in range(20):
        time_machine.shift(timedelta(days=1))
        assert mailbox.collect() == []


def test_a_reminder_waits_for_the_window_and_the_end_of_the_holidays(
    asked: Asked, database: Database, time_machine: TimeMachineFixture, mailbox: Mailbox
) -> None:
    promised = due(database, asked.visit, "ratings.reminder")
    assert paris("2026-11-21 12:00") <= promised < paris("2026-11-21 12:01"), "four days after the mail"
    time_machine.move_to(paris("2026-11-21 20:00"))
    assert mailbox.collect() == []
    assert due(database, asked.visit, "ratings.reminder") == paris("2026-11-23 09:00")


def test_the_reminder_has_words_of_its_own_and_all_the_answers(reminded: Asked, asked: Asked) -> None:
    plain, first = text_of(reminded.mail), text_of(asked.mail)
    assert reminded.link in plain
    assert plain.count("/r/") == first.count("/r/")
    assert text_of(reminded.mail, "html").count("?stars=") == text_of(asked.mail, "html").count("?stars=")
    new = [line for line in plain.splitlines() if line.strip() and line not in first and "http" not in line]
    assert len(new) >= 2, "it says that it is a reminder"


@pytest.mark.parametrize("answered", ["asked", "reminded"])
def test_an_answer_by_either_link_closes_both(
    asked: Asked, reminded: Asked, stranger: Browser, answered: str, time_machine: TimeMachineFixture
) -> None:
    time_machine.shift(timedelta(minutes=5))
    link = {"asked": asked.link, "reminded": reminded.link}[answered]
    assert stranger.get(link).form("Save").submit(stars="4").h1 == "Thank you"
    for one in (asked, reminded):
        assert stranger.post(one.link, data={"stars": "1"}).status == 409


def test_who_has_answered_is_not_reminded(
    asked: Asked, stranger: Browser, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    stranger.get(asked.link).form("Save").submit(stars="4")
    assert fate(database, asked.visit, "ratings.reminder") == ("cancelled", "already_rated")
    time_machine.shift(timedelta(days=6))
    assert mailbox.collect() == []


def test_who_stopped_the_requests_is_not_reminded(
    asked: Asked, stranger: Browser, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    stranger.post(asked.unsubscribe, data={"List-Unsubscribe": "One-Click"})
    time_machine.shift(timedelta(days=6))
    assert mailbox.collect() == []
    assert fate(database, asked.visit, "ratings.reminder") == ("suppressed", "opted_out")


def test_reminders_that_are_switched_off_later_do_not_leave(
    asked: Asked, set_up, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    set_up(reminder_days=0)
    time_machine.shift(timedelta(days=6))
    assert mailbox.collect() == []
    assert fate(database, asked.visit, "ratings.reminder") == ("cancelled", "reminder_off")


def test_a_mail_that_never_left_is_not_reminded_of(
    asked: Asked, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        message = factories.request_of(asked.visit).message
        message.state, message.sent_at, message.reason = "failed", None, "refused"
    time_machine.shift(timedelta(days=6))
    assert mailbox.collect() == []
    assert fate(database, asked.visit, "ratings.reminder") == ("cancelled", "not_left")


def test_the_days_are_counted_from_when_the_mail_really_left(
    asked: Asked, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        factories.request_of(asked.visit).message.sent_at = paris("2026-11-19 10:00")  # at the third try
    time_machine.move_to(paris("2026-11-21 12:05"))
    assert mailbox.collect() == []
    assert due(database, asked.visit, "ratings.reminder") == paris("2026-11-23 10:00")


def test_no_reminder_comes_after_the_link_has_expired(visit, set_up, mailbox: Mailbox, database: Database) -> None:
    set_up(link_days=5, request_window="tue 09:00-19:00")  # the next Tuesday is too late
    visit()
    mailbox.one()
    assert database.count(Message, Message.kind == "ratings.reminder") == 0


def test_a_reminder_does_not_count_for_the_cap(
    reminded: Asked, visit, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(paris("2026-12-18 12:00"))  # 31 days after the first mail, 27 after the reminder
    later = visit()
    assert len(mailbox.collect()) == 1
    assert fate(database, later) == ("sent", None)
