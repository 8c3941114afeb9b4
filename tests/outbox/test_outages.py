"""A message that waited for the mail server says so: since when, until when, and what the server said."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal import clock
from portal.extensions import db
from portal.outbox import leases
from portal.outbox.models import Attempt, Message, Outage
from portal.people.models import Client, Service, Worker
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.outbox.conftest import Outbox
from tests.outbox.sink import Sink
from tests.pages import Page
from tests.servers import free_port

MINUTE = timedelta(minutes=1)


def lines(page: Page) -> list[str]:
    return [" ".join(tag.get_text(" ").split()) for tag in page.soup.select(".timeline > li")]


def told(page: Page) -> list[str]:
    """The lines on outages."""
    return [line for line in lines(page) if line.startswith("Wait") and "the mail server took" in line] + [
        line for line in lines(page) if "the mail server has taken nothing since" in line
    ]


@pytest.fixture
def ask(agency: Agency, database: Database) -> Callable[..., tuple[int, int]]:
    """A visit that Claire is asked about, at once: its number and that of the message."""

    def ask(hour: int = 8, due: timedelta = timedelta(0)) -> tuple[int, int]:
        with database.writing():
            client, worker = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.wassim.id)
            made = factories.done_visit(
                client, db.session.get_one(Service, agency.rising), [worker], -1, hour, ask=True
            )
            message = factories.request_of(made.id).message
            message.due_at = message.next_at = clock.now() + due
            return made.id, message.id

    return ask


@pytest.fixture
def go_away(app: Flask, outbox: Outbox, time_machine) -> Callable[[int], None]:
    """The mail server is away for so many minutes, while the sweep goes on knocking."""

    def go_away(minutes: int) -> None:
        there, app.config["PORTAL_SMTP_URL"] = app.config["PORTAL_SMTP_URL"], f"smtp://127.0.0.1:{free_port()}"
        for _ in range(minutes):
            outbox.sweep()
            time_machine.shift(leases.PAUSE + timedelta(milliseconds=1))
        app.config["PORTAL_SMTP_URL"] = there

    return go_away


def test_the_history_of_a_message_and_of_its_visit_says_that_the_server_was_away(
    ask, go_away, agency: Agency, sign_in: SignIn, sink: Sink, outbox: Outbox
) -> None:
    visit, number = ask()
    go_away(5)
    sofia = sign_in(agency.sofia)
    (waits,) = told(sofia.get(f"/staff/outbox/{number}"))
    assert waits.startswith("Waits: the mail server has taken nothing since 17 November 2026, 12:0")
    assert "Connection refused" in waits
    assert "Errno" not in waits
    outbox.sweep()
    for path in (f"/staff/outbox/{number}", f"/staff/visits/{visit}"):
        page = sofia.get(path)
        (waited,) = told(page)
        assert waited.startswith("Waited: the mail server took nothing from 17 November 2026, 12:0")
        assert "to 17 November 2026, 12:0" in waited
        assert "Connection refused" in waited
        order = [line.split(":")[0] for line in lines(page)]
        assert order.index("Waited") < order.index("Left"), "the reason stands before what came of it"


def test_an_outage_is_one_fact_for_all_who_wait(
    go_away, database: Database, sink: Sink, outbox: Outbox, app: Flask
) -> None:
    outbox.promise(*[f"w{number}@example.org" for number in range(60)])
    go_away(10)
    assert database.count(Outage) == 1
    assert database.count(Attempt) == 0
    outbox.sweep()
    outage = database.one(select(Outage))
    assert set(outbox.states().values()) == {"sent"}
    assert 9 * MINUTE < outage.ended_at - outage.began_at < 11 * MINUTE


def test_who_did_not_wait_for_the_server_does_not_say_so(
    ask, go_away, agency: Agency, sign_in: SignIn, sink: Sink, outbox: Outbox, database: Database, time_machine
) -> None:
    _visit, before = ask(6)
    outbox.sweep()
    assert len(sink.taken()) == 1
    time_machine.shift(MINUTE)
    _visit, waiting = ask(7)
    _visit, later = ask(8, timedelta(hours=3))
    go_away(5)
    time_machine.shift(MINUTE)
    with database.app.app_context():
        leases.open_channel()
    time_machine.shift(MINUTE)
    _visit, after = ask(9)
    sofia = sign_in(agency.sofia)
    found = {number: len(told(sofia.get(f"/staff/outbox/{number}"))) for number in (before, waiting, later, after)}
    assert found == {before: 0, waiting: 1, later: 0, after: 0}


def test_who_waited_for_its_window_did_not_wait_for_the_server(
    ask, agency: Agency, sign_in: SignIn, database: Database, time_machine
) -> None:
    """Due at noon, put off for days; on one of them the server was away."""
    _visit, number = ask()
    with database.writing():
        put_off = {"next_at": clock.now() + timedelta(days=3), "reason": "asked_recently"}
        db.session.execute(update(Message).where(Message.id == number).values(put_off))
    time_machine.shift(timedelta(days=1))
    with database.app.app_context():
        leases.pause_channel("not there")
        time_machine.shift(timedelta(hours=1))
        leases.open_channel()
    assert told(sign_in(agency.sofia).get(f"/staff/outbox/{number}")) == []


def test_a_server_that_comes_and_goes_is_one_line(
    ask, agency: Agency, sign_in: SignIn, database: Database, time_machine
) -> None:
    _visit, number = ask()
    with database.app.app_context():
        for _ in range(30):
            leases.pause_channel("421 too many")
            time_machine.shift(2 * MINUTE)
            leases.open_channel()
            time_machine.shift(2 * MINUTE)
    (line,) = told(sign_in(agency.sofia).get(f"/staff/outbox/{number}"))
    assert line.startswith("Waited: the mail server took mails only at times, from 17 November 2026, 12:00 to")
    assert "421 too many" in line


def test_a_message_sent_again_tells_of_both_waits(
    ask, go_away, agency: Agency, sign_in: SignIn, sink: Sink, outbox: Outbox, time_machine
) -> None:
    _visit, number = ask()
    sink.script[agency.claire.email] = ["rcpt550"]
    outbox.promise("denis@example.org")
    go_away(3)
    outbox.sweep()
    assert len(sink.taken()) == 1, "the server is there again"
    time_machine.shift(timedelta(days=1))
    with outbox.app.app_context():
        leases.pause_channel("somebody else's trouble")
        time_machine.shift(MINUTE)
        leases.open_channel()
    time_machine.shift(timedelta(hours=1))
    sofia = sign_in(agency.sofia)
    sofia.get(f"/staff/outbox/{number}/again").form("again").submit()
    go_away(3)
    outbox.sweep()
    page = sofia.get(f"/staff/outbox/{number}")
    assert len(told(page)) == 2
    assert "somebody else's trouble" not in page.words


def test_a_refused_password_is_told_in_words(sink: Sink, app: Flask, outbox: Outbox, database: Database) -> None:
    sink.password = "nobody knows"
    app.config["PORTAL_SMTP_URL"] = f"smtp://us:pass@127.0.0.1:{sink.port}"
    outbox.promise("claire@example.org")
    outbox.sweep()
    assert database.one(select(Outage.answer)) == "535 wrong password"
