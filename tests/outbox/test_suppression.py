"""An address that refuses mail after mail is left alone, until somebody corrects it, insists, or it takes one."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.accounts.actions import mail_reset
from portal.extensions import db
from portal.outbox.models import Message, Recipient, Suppression
from portal.people.models import Client, Service, Worker
from portal.ratings.models import RatingRequest
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.outbox.conftest import Outbox
from tests.outbox.sink import Sink

CLAIRE = "claire@example.org"
A_DAY = timedelta(days=1)
Write = Callable[..., str]


@pytest.fixture
def write(outbox: Outbox, sink: Sink) -> Write:
    """Hand a message over to Claire's address, of which the server says this; return the message's state."""
    numbers = iter(range(100))

    def write(deed: str = "ok", address: str = CLAIRE) -> str:
        key = f"mail-{next(numbers)}"
        tries = sum(event.what == "try" and event.to == address for event in sink.events)
        sink.script[address] = ["ok"] * tries + [deed]
        outbox.decisions[key] = Recipient(address, "Claire Lefèvre", "fr")
        outbox.promise(key)
        outbox.sweep()
        return outbox.states()[key]

    return write


def tries(sink: Sink) -> int:
    return sum(event.what == "try" for event in sink.events)


def test_an_address_that_refused_two_mails_a_day_apart_is_not_tried_any_more(
    write: Write, sink: Sink, database: Database, time_machine
) -> None:
    assert write("rcpt550") == "failed"
    time_machine.shift(A_DAY)
    assert write("rcpt550") == "failed"
    assert (write(), write(address=CLAIRE.upper())) == ("suppressed", "suppressed")
    assert tries(sink) == 2
    assert write(address="claire@example.net") == "sent", "a corrected address is another one"
    kept = database.one(select(Suppression))
    assert "claire" not in str(vars(kept)).lower(), "what is kept does not name anybody"


def test_one_evening_of_refusals_silences_nobody(write: Write, sink: Sink, time_machine) -> None:
    for _ in range(5):
        assert write("rcpt550") == "failed"
        time_machine.shift(timedelta(hours=4))
    assert write() == "sent"


def test_a_mail_that_was_taken_in_between_makes_all_good(write: Write, database: Database, time_machine) -> None:
    write("rcpt550")
    time_machine.shift(A_DAY)
    assert write() == "sent"
    assert database.count(Suppression) == 0
    assert write("rcpt550") == "failed"
    assert write() == "sent"


@pytest.mark.parametrize("deed", ["data550", "dot552", "rcpt451"])
def test_what_is_not_said_of_the_address_does_not_count(
    write: Write, database: Database, time_machine, deed: str
) -> None:
    """The text was not liked, or the mailbox is full for now."""
    for _ in range(3):
        assert write(deed) != "suppressed"
        time_machine.shift(A_DAY)
    assert database.count(Suppression) == 0


@pytest.mark.parametrize(
    ("answer", "counts"),
    [
        ("5.1.1 no such user", True),
        ("5.2.1 mailbox disabled", True),
        ("unknown", True),
        ("5.7.1 relaying denied", False),
        ("5.1.8 sender's domain not found", False),
    ],
)
def test_what_a_server_says_of_us_in_place_of_the_recipient_does_not_count(
    write: Write, database: Database, monkeypatch, answer: str, counts: bool
) -> None:
    monkeypatch.setattr("smtplib.SMTP.rcpt", lambda _self, _address: (550, answer.encode()))
    assert write() == "failed"
    assert bool(database.count(Suppression)) is counts


def test_it_is_forgotten_a_year_after_the_last_refusal(
    write: Write, database: Database, outbox: Outbox, time_machine
) -> None:
    write("rcpt550")
    time_machine.shift(A_DAY)
    write("rcpt550")
    time_machine.shift(timedelta(days=364))
    assert write() == "suppressed"
    time_machine.shift(2 * A_DAY)
    outbox.sweep()
    assert database.count(Suppression) == 0
    assert write() == "sent"


# ---- as staff see it ----


@pytest.fixture
def refusing(agency: Agency, database: Database, app: Flask, sink: Sink, write: Write, time_machine) -> str:
    """Claire's address, which has refused two mails: of the last one the moment is told."""
    for _ in range(2):
        time_machine.shift(A_DAY)
        write("rcpt550", agency.claire.email)
    sink.script[agency.claire.email] = []
    return "19 November 2026"


def ask(agency: Agency, database: Database) -> tuple[int, int]:
    """A visit that Claire is asked about at once: its number and that of the message."""
    with database.writing():
        who = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.wassim.id)
        made = factories.done_visit(who[0], db.session.get_one(Service, agency.rising), [who[1]], -1, 8, ask=True)
        message = factories.request_of(made.id).message
        message.next_at = clock.now()
        return made.id, message.id


def test_staff_read_why_and_what_to_do_and_may_try_nevertheless(
    agency: Agency, database: Database, sign_in: SignIn, outbox: Outbox, sink: Sink, refusing: str
) -> None:
    visit, number = ask(agency, database)
    sofia, before = sign_in(agency.sofia), tries(sink)
    page = sofia.get(f"/staff/outbox/{number}")
    assert "Will not leave" in page.words, "nothing is promised that will not be kept"
    outbox.sweep()
    assert tries(sink) == before
    listed = sofia.get("/staff/outbox?reason=not_tried")
    assert "Claire Lefèvre" in listed.words
    assert "the address refused two messages and is not tried any more" in listed.says("#messages tbody")
    for path in (f"/staff/outbox/{number}", f"/staff/visits/{visit}"):
        words = sofia.get(path).says(".timeline")
        assert f"this address refused two messages, the last on {refusing}" in words
        assert "correct it in the file, or send again" in words

    sofia.get(f"/staff/outbox/{number}").link("Send again").click().form("again").submit()
    outbox.sweep()
    assert (outbox.states()[message(database, number).dedupe_key], tries(sink)) == ("sent", before + 1)
    assert database.count(Suppression) == 0, "it took one: all is good again"


def message(database: Database, number: int) -> Message:
    return database.one(select(Message).where(Message.id == number))


def test_a_request_that_is_not_tried_has_asked_nobody_and_reminds_of_nothing(
    agency: Agency, database: Database, outbox: Outbox, refusing: str
) -> None:
    _visit, number = ask(agency, database)
    outbox.sweep()
    request = database.one(select(RatingRequest).where(RatingRequest.message_id == number))
    assert (message(database, number).state, request.asked_at, request.expires_at) == ("suppressed", None, None)
    assert database.count(RatingRequest, RatingRequest.reminds_id == request.id) == 0


def test_mails_with_a_link_obey_it_too(
    agency: Agency, database: Database, outbox: Outbox, sign_in: SignIn, sink: Sink, refusing: str
) -> None:
    before = tries(sink)
    with database.writing():
        mail_reset(agency.claire.email)
    outbox.sweep()
    assert tries(sink) == before
    page = sign_in(agency.ada).get("/staff/outbox?kind=accounts.reset")
    assert "is not tried any more" in page.says("#messages tbody")


def test_staff_who_insist_are_answered_by_the_server_each_time(
    agency: Agency, database: Database, outbox: Outbox, sign_in: SignIn, sink: Sink, refusing: str
) -> None:
    _visit, number = ask(agency, database)
    outbox.sweep()
    sofia = sign_in(agency.sofia)
    sink.script[agency.claire.email] = ["rcpt550"] * 10
    for _ in range(2):
        sofia.get(f"/staff/outbox/{number}/again").form("again").submit()
        outbox.sweep()
        assert "550" in sofia.get(f"/staff/outbox/{number}").says(".timeline")
    assert message(database, number).state == "failed"
