"""The system was off for three days; what the business takes back in between; and how long a mail may take at most."""

from collections.abc import Callable, Generator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal import queue
from portal.extensions import db
from portal.outbox import jobs, leases, mailer
from portal.outbox.models import Message
from portal.people.models import Client, Service
from portal.ratings.actions import leave_rating
from portal.settings.actions import set_option
from portal.visits.actions import cancel_visit
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.faults.tally import Tally
from tests.outbox.sink import Sink

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
PACE = 15  # a minute, instead of 300


@pytest.fixture
def sink(app: Flask) -> Generator[Sink]:
    with Sink() as running:
        app.config["PORTAL_SMTP_URL"] = running.url
        yield running


def sweep(app: Flask) -> None:
    with app.app_context():
        jobs.sweep(inline=True)


def at_once(database: Database) -> None:
    """Mails are due when the visit ends, and nobody is reminded."""
    with database.writing():
        set_option(None, "ratings.request_window", "always")
        set_option(None, "ratings.request_delay_minutes", "0")
        set_option(None, "ratings.reminder_days", "0")


def promise(database: Database, number: int, name: str) -> None:
    """Mails that are due now, each to a client of its own."""
    with database.writing():
        within, service = factories.sector(f"Secteur {name}"), factories.service(f"Passage {name}")
        for one in range(number):
            client = factories.client(name, str(one), within, f"{name}{one}@example.org")
            factories.done_visit(client, service, [], ask=True)


def test_after_three_days_off_what_is_too_late_is_said_and_the_rest_leaves_at_a_steady_pace(
    app: Flask, database: Database, agency: Agency, sink: Sink, time_machine: TimeMachineFixture, sign_in: SignIn,
    monkeypatch: pytest.MonkeyPatch, account: Callable[[Tally], None],
) -> None:  # fmt: skip
    monkeypatch.setattr(leases, "CATCH_UP", PACE)
    monkeypatch.setattr(jobs, "BATCH", 5)
    at_once(database)
    promise(database, 4, "ancient")
    time_machine.shift(5 * DAY)  # the mail server was away for days before …
    promise(database, 40, "late")
    time_machine.shift(3 * DAY)  # … the whole system went off
    promise(database, 5, "fresh")
    left = []
    for _ in range(5):
        before = len(sink.taken())
        sweep(app)
        left.append([event.to.partition("@")[0].rstrip("0123456789") for event in sink.taken()[before:]])
        time_machine.shift(MINUTE + timedelta(seconds=1))
    assert all(minute.count("late") <= PACE for minute in left), left
    assert [name for minute in left for name in minute].count("late") == 40
    assert left[0].count("fresh") == 5 or left[1].count("fresh") == 5, "what is new does not wait behind three days"
    ancient = database.all(select(Message.state, Message.reason).where(Message.state != "sent"))
    assert ancient == [("expired", "too_late")] * 4
    page = sign_in(agency.ines).get("/staff/outbox?state=expired")
    assert page.words.count("ancient") >= 4, "staff see what could not be delivered"
    account(Tally(planned=1, fired={"three days off": 1}, messages=49))


def test_a_password_mail_does_not_wait_behind_three_days(
    app: Flask, database: Database, agency: Agency, sink: Sink, time_machine: TimeMachineFixture,
    monkeypatch: pytest.MonkeyPatch, stranger: Any,
) -> None:  # fmt: skip
    monkeypatch.setattr(leases, "CATCH_UP", 1)
    monkeypatch.setattr(jobs, "BATCH", 1)
    at_once(database)
    promise(database, 3, "late")
    time_machine.shift(3 * DAY)
    sweep(app)
    assert len(sink.taken()) == 1
    assert (
        stranger.get("/forgotten-password").form("/forgotten-password").submit(email="claire@example.org").status < 400
    )
    sweep(app)
    assert [event.to for event in sink.taken()][1:] == ["claire@example.org"]


# ---- taken back between due and the text


def cancel(agency: Agency, visit: int) -> None:
    cancel_visit(agency.sofia.user, db.session.get_one(Visit, visit), "Erreur de planning")


def rate(agency: Agency, visit: int) -> None:
    leave_rating(agency.claire.user, factories.subject(visit), 4, "")


def close_file(agency: Agency, visit: int) -> None:
    db.session.get_one(Client, agency.claire.id).active = False


def switch_off(agency: Agency, visit: int) -> None:
    set_option(None, "ratings.client_ratings", "no")


DEEDS = [cancel, rate, close_file, switch_off]


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("when", ["due", "claimed", "under way"])
def test_what_is_taken_back_does_not_leave_or_only_if_it_was_leaving(
    app: Flask, database: Database, agency: Agency, sink: Sink, monkeypatch: pytest.MonkeyPatch,
    time_machine: TimeMachineFixture, deed: Callable[[Agency, int], None], when: str,
) -> None:  # fmt: skip
    at_once(database)
    with database.writing():
        claire, service = db.session.get_one(Client, agency.claire.id), factories.service("Repas")
        visit = factories.done_visit(claire, db.session.get_one(Service, service.id), [], hour=8, ask=True).id
    sink.script["claire@example.org"] = ["dot451"] if when == "under way" else []
    name = {"due": "reclaim", "claimed": "begin", "under way": "mark_text_under_way"}[when]
    original = getattr(leases, name)

    def take_back(*args: Any) -> Any:
        monkeypatch.setattr(leases, name, original)
        with database.writing():
            deed(agency, visit)
        return original(*args)

    monkeypatch.setattr(leases, name, take_back)
    for _ in range(4):
        sweep(app)
        time_machine.shift(5 * MINUTE)
    assert sink.taken() == [], "the server put off the one that was leaving; asked again, it was not wanted any more"
    assert len([event for event in sink.events if event.what == "try"]) == (1 if when == "under way" else 0)
    assert database.one(select(Message.state)) in ("cancelled", "suppressed")


# ---- how long it may take


def test_a_mail_has_one_deadline_for_all_its_steps(
    app: Flask, database: Database, agency: Agency, sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each answer comes in time, all of them together do not."""
    monkeypatch.setattr(mailer, "STEP_SECONDS", 0.8)
    monkeypatch.setattr(mailer, "MAIL_SECONDS", 1.0)
    sink.delay = 0.3  # sender, recipient, data and text make 1.2 s
    at_once(database)
    promise(database, 1, "slow")
    sweep(app)
    assert database.one(select(Message.state)) != "sent"
    sink.delay = 0.0


def test_the_bounds_fit_into_each_other() -> None:
    """A mail is over before its lease, a drain before its job, and who is told to stop is gone in half a minute."""
    lease, a_mail = leases.LEASE.total_seconds(), mailer.MAIL_SECONDS + mailer.FAREWELL_SECONDS
    assert a_mail + leases.INSISTENCE < lease
    assert jobs.BUDGET + a_mail < queue.HINT_TIMEOUT < lease
    assert a_mail < 30
