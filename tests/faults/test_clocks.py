"""Clocks that jump, nights in which they are changed, months that end: no mail is early, none leaves twice, quiet hours
are kept and nothing crashes."""

from collections import Counter
from collections.abc import Generator
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal import clock
from portal.extensions import db
from portal.outbox import jobs, leases
from portal.outbox.models import Message
from portal.people.models import Client, Sector, Service
from portal.ratings.models import RatingRequest, RatingSubject
from portal.settings.actions import set_option
from portal.visits.actions import end_visits, plan_visit
from tests import factories
from tests.conftest import Database
from tests.factories import PARIS
from tests.faults.tally import Tally
from tests.outbox.sink import Sink

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TICK = 30 * MINUTE  # between two sweeps of these days
DELAY = 24 * HOUR
# three days around each; the window opens in the night that matters, or by day
SPRING, AUTUMN = datetime(2027, 3, 27, 0, tzinfo=PARIS), datetime(2026, 10, 24, 0, tzinfo=PARIS)
MONTH_END, LEAP_DAY = datetime(2027, 1, 30, 12, tzinfo=PARIS), datetime(2028, 2, 28, 6, tzinfo=PARIS)


@pytest.fixture
def sink(app: Flask) -> Generator[Sink]:
    with Sink() as running:
        app.config["PORTAL_SMTP_URL"] = running.url
        yield running


def options(database: Database, window: str) -> None:
    with database.writing():
        set_option(None, "ratings.request_window", window)
        set_option(None, "ratings.reminder_days", "0")
        set_option(None, "ratings.avoid_holidays", "no")  # they have tests of their own


def sweep(app: Flask) -> None:
    with app.app_context():
        jobs.sweep(inline=True)


class Days:
    """An agency whose visits end at all hours; one client for each visit, so that nobody waits for another."""

    def __init__(self, database: Database) -> None:
        self.database, self.numbers = database, iter(range(1000))
        with database.writing():
            self.sector, self.service = factories.sector("Nord").id, factories.service("Passage").id

    def visit_ends(self) -> None:
        number = next(self.numbers)
        with self.database.writing():
            within = db.session.get_one(Sector, self.sector)
            client = factories.client("Client", str(number), within, f"w{number}@example.org")
            began = (clock.now() - HOUR).astimezone(PARIS).replace(tzinfo=None)
            what = db.session.get_one(Service, self.service)
            visit = plan_visit(None, client, what, [], began, 30)
            end_visits(None, [visit])

    def ends(self) -> dict[str, datetime]:
        """When each client's visit ended."""
        chosen = select(Client.email, RatingSubject.ended_at).join(RatingSubject, RatingSubject.client_id == Client.id)
        return dict(self.database.all(chosen))


def in_window(moment: datetime, window: str) -> bool:
    """By the clock on the wall, said in another way than the portal does."""
    days, _, hours = window.partition(" ")
    here = moment.astimezone(PARIS)
    first, _, last = days.partition("-")
    week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    opens, _, closes = hours.partition("-")
    return week.index(first) <= here.weekday() <= week.index(last) and opens <= here.strftime("%H:%M") < closes


@pytest.mark.parametrize(
    ("start", "window"),
    [
        (SPRING, "mon-sun 01:00-04:00"),
        (AUTUMN, "mon-sun 02:00-03:30"),
        (AUTUMN, "mon-sat 09:00-19:00"),
        (MONTH_END, "mon-sat 09:00-19:00"),
        (LEAP_DAY, "mon-sat 09:00-19:00"),
    ],
)
def test_quiet_hours_are_kept_over_clock_changes_month_ends_and_leap_days(
    app: Flask, database: Database, sink: Sink, time_machine: TimeMachineFixture, start: datetime, window: str
) -> None:
    moment = start.astimezone(UTC)
    time_machine.move_to(moment)
    options(database, window)
    days = Days(database)
    sweeps = [moment + step * TICK for step in range(int(timedelta(hours=76) / TICK))]
    for step, now in enumerate(sweeps):
        time_machine.move_to(now)
        if step % 5 == 0 and now - moment < timedelta(hours=30):
            days.visit_ends()
        sweep(app)
    ends, taken = days.ends(), sink.taken()
    assert Counter(event.to for event in taken) == Counter(list(ends)), "each once"
    for event in taken:
        left, due = datetime.fromtimestamp(event.at, UTC), ends[event.to] + DELAY
        assert left >= due, "not early"
        assert in_window(left, window), f"{left.astimezone(PARIS)} is a quiet hour"
        first = next(now for now in sweeps if now >= due and in_window(now, window))
        assert left <= first + MINUTE, "not late"


@pytest.mark.parametrize("jumps", [(HOUR,), (-HOUR,), (24 * HOUR,), (HOUR, -HOUR, 24 * HOUR, -HOUR, -HOUR)])
def test_a_clock_that_jumps_makes_no_mail_early_and_none_leave_twice(
    app: Flask, database: Database, sink: Sink, time_machine: TimeMachineFixture, jumps: tuple[timedelta, ...], account
) -> None:
    """At each jump one mail waits, one is claimed by a process that is gone, one is tried again and one was sent."""
    options(database, "always")
    days, planned = Days(database), 0
    moment = clock.now()
    for jump in jumps:
        number = len(days.ends())
        sink.script[f"w{number + 1}@example.org"] = ["rcpt451"]
        planned += 2
        for _ in range(4):
            days.visit_ends()
        moment += DELAY
        time_machine.move_to(moment)
        with app.app_context():
            leases.claim(1)  # by a process that is gone
        sweep(app)
        days.visit_ends()
        moment += jump
        time_machine.move_to(moment)
        sweep(app)
    for _ in range(60):  # the days that follow: the last visit's delay, and whatever the jumps have put off
        moment += HOUR
        time_machine.move_to(moment)
        sweep(app)
    due = dict(database.all(select(Message.address, Message.due_at)))
    assert Counter(event.to for event in sink.taken()) == Counter(list(days.ends())), "each once"
    assert all(datetime.fromtimestamp(event.at, UTC) >= due[event.to] for event in sink.taken()), "not early"
    assert set(database.all(select(Message.state))) == {"sent"}
    fired = Counter(f"clock {jump.total_seconds() / 3600:+g} h" for jump in jumps)
    fired.update(event.deed for event in sink.events if event.what == "fault")
    fired["claimer gone"] = len(jumps)
    account(Tally(planned=planned + len(jumps), fired=dict(fired), messages=len(due)))


def test_a_clock_set_back_does_not_keep_the_door_shut(
    app: Flask, database: Database, time_machine: TimeMachineFixture
) -> None:
    """The server was away for a moment when the clock was set back by an hour."""
    options(database, "always")
    Days(database).visit_ends()
    moment = clock.now() + DELAY
    time_machine.move_to(moment)
    app.config["PORTAL_SMTP_URL"] = "smtp://127.0.0.1:1"
    sweep(app)
    time_machine.move_to(moment - HOUR)
    with Sink() as back:
        app.config["PORTAL_SMTP_URL"] = back.url
        time_machine.move_to(moment - HOUR + 3 * MINUTE)
        with database.writing():
            db.session.execute(db.update(Message).values(next_at=clock.now()))
        sweep(app)
        assert len(back.taken()) == 1


def test_a_fresh_link_works_whichever_clock_is_five_minutes_ahead(
    app: Flask, database: Database, sink: Sink, time_machine: TimeMachineFixture
) -> None:
    """The worker that sends and the web server that answers are two machines."""
    from portal.links import make_token
    from tests.conftest import open_browser

    options(database, "always")
    days = Days(database)
    moment = clock.now() + DELAY
    for skew in (5 * MINUTE, -5 * MINUTE):
        time_machine.move_to(moment - DELAY - abs(skew))
        days.visit_ends()
        time_machine.move_to(moment)
        sweep(app)  # the worker's clock
        time_machine.move_to(moment + skew)  # the web server's
        with app.app_context():
            newest = select(Message.public_id).order_by(Message.id.desc()).limit(1)
            token = make_token("rate", db.session.scalars(newest).one())
        page = open_browser(app).get(f"/r/{token}?stars=4")
        assert page.status == 200
        page.form("/r/").submit()
        assert database.count(RatingRequest) == 1 + (skew < timedelta(0))
        moment += 3 * DELAY
