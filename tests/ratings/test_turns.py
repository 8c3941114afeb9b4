"""A year of visits: no client is asked too often, and every worker who keeps coming is asked about."""

from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from flask import Flask, g
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select
from time_machine import travel

from portal import clock
from portal.extensions import db, writing
from portal.outbox import jobs
from portal.outbox.models import Message, Postpone, Recipient
from portal.people.models import Client, Service, Worker
from portal.ratings import messages
from portal.ratings.models import RatedWorker, RatingRequest
from portal.ratings.turns import Waiting, fairest
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, Mailbox
from tests.factories import Agency

START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
YEAR = 365


def day(number: int) -> datetime:
    return START + timedelta(days=number)


# ---- the choice ----

workers = st.frozensets(st.integers(1, 5), max_size=3)
candidates = st.lists(
    st.builds(Waiting, request_id=st.integers(1, 99), ended_at=st.integers(0, 6).map(day), workers=workers),
    min_size=1, max_size=6, unique_by=lambda one: one.request_id,
)  # fmt: skip
memories = st.dictionaries(st.integers(1, 5), st.integers(-300, -1).map(day))


@given(candidates, memories)
def test_who_was_never_asked_about_comes_before_all_others(
    waiting: list[Waiting], last_asked: dict[int, datetime]
) -> None:
    chosen = fairest(waiting, last_asked)
    came = {worker for one in waiting for worker in one.workers}
    if never := came - set(last_asked):
        assert never & chosen.workers
    elif came:
        longest = min(came, key=lambda worker: last_asked[worker])
        assert last_asked[longest] in {last_asked[worker] for worker in chosen.workers}


@given(candidates, memories, st.randoms())
def test_the_choice_does_not_depend_on_the_order(waiting, last_asked, random) -> None:
    mixed = list(waiting)
    random.shuffle(mixed)
    assert fairest(mixed, last_asked) == fairest(waiting, last_asked)


@given(candidates)
def test_among_equals_the_newest_visit_is_chosen(waiting: list[Waiting]) -> None:
    known = [one for one in waiting if one.workers]
    assert fairest(waiting, {}).ended_at == max(one.ended_at for one in known or waiting)


# ---- a year, through the portal's own decisions ----


@dataclass(frozen=True)
class Plan:
    """Who comes when: for each worker the weekdays, and how long the agency's cap is."""

    weekdays: tuple[frozenset[int], ...]
    cap: int
    together: bool  # the first worker comes along on every visit


plans = st.builds(
    Plan,
    weekdays=st.lists(st.frozensets(st.integers(0, 5), min_size=2, max_size=3), min_size=1, max_size=3).map(tuple),
    cap=st.sampled_from([7, 14, 30]),
    together=st.booleans(),
)


def live(plan: Plan, agency: Agency, until: int) -> Iterator[tuple[datetime, frozenset[int]]]:
    """Yield each first request of a year: when it left, and about whom it asked."""
    team = [factories.worker(f"W{number}", "Équipe", []) for number in range(len(plan.weekdays))]
    client, cleaning = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.cleaning)
    for number in range(until):
        for hour in (9, 12, 16, 19):
            with travel(day(number).replace(hour=hour), tick=False):
                if hour == 19:
                    come(plan, number, team, client, cleaning)
                yield from send_what_is_due()


def come(plan: Plan, number: int, team: list[Worker], client: Client, cleaning: Service) -> None:
    for place, weekdays in enumerate(plan.weekdays):
        if day(number).weekday() in weekdays:
            who = [team[place]] + ([team[0]] if plan.together and place else [])
            factories.done_visit(client, cleaning, who, days=0, hour=8 + place, ask=True)


def send_what_is_due() -> Iterator[tuple[datetime, frozenset[int]]]:
    """Do what a drain does, without the mail server: claim, decide, write down."""
    moment = clock.now()
    found = select(Message).where(Message.state == "scheduled", Message.next_at <= moment, Message.not_after > moment)
    due = db.session.scalars(found.where(Message.kind == "ratings.request").order_by(Message.next_at, Message.id)).all()
    for message in due:
        message.state, message.lease_token = "sending", "x"
    db.session.flush()
    for message in due:
        decision = messages.decide(message)
        message.lease_token = None
        if isinstance(decision, Recipient):
            message.state, message.sent_at = "sent", moment
            request = db.session.scalars(select(RatingRequest).where(RatingRequest.message_id == message.id)).one()
            rated = select(RatedWorker.worker_id).where(RatedWorker.subject_id == request.subject_id)
            yield moment, frozenset(db.session.scalars(rated))
        elif isinstance(decision, Postpone):
            message.state, message.next_at = "scheduled", decision.until
        else:
            message.state, message.reason = decision.state, decision.reason
        db.session.flush()


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(plan=plans)
def test_over_months_nobody_is_asked_too_often_and_every_worker_is_asked_about(
    app: Flask, agency: Agency, plan: Plan
) -> None:
    with app.app_context(), writing():
        with travel(START, tick=False):
            g.pop("options", None)
            set_option(None, "ratings.request_cap_days", str(plan.cap))
            set_option(None, "ratings.reminder_days", "0")
        asked = list(live(plan, agency, until=150))
        db.session.rollback()
        g.pop("options", None)
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(asked)]
    assert all(gap >= timedelta(days=plan.cap) for gap in gaps)
    assert len(asked) >= 150 // (plan.cap + 6) - 1, "a client whom somebody visits all the time is asked all the time"
    turns: dict[int, list[int]] = defaultdict(list)
    for number, (_moment, who) in enumerate(asked):
        for worker in who:
            turns[worker].append(number)
    count = len(plan.weekdays)
    if len(asked) > 2 * count:
        assert len(turns) == count, "every worker who keeps coming is asked about"
    for numbers in turns.values():
        steps = [later - earlier for earlier, later in zip([-1, *numbers], [*numbers, len(asked)], strict=False)]
        assert max(steps) <= 2 * count, f"one waits for {max(steps)} turns among {count}"


def test_two_drains_at_once_ask_a_client_once(
    app: Flask, agency: Agency, mailbox: Mailbox, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        wassim, cleaning = db.session.get_one(Worker, agency.wassim.id), db.session.get_one(Service, agency.cleaning)
        for hour in range(7, 19):
            factories.done_visit(claire, cleaning, [wassim], days=-2, hour=hour, ask=True)

    def drain(_number: int) -> None:
        with app.app_context():
            jobs.drain()

    monkeypatch.setattr(jobs, "BATCH", 2)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(drain, range(4)))
    assert len(mailbox.received) == 1
    states = database.all(select(Message.state, Message.reason).where(Message.kind == "ratings.request"))
    assert states.count(("sent", None)) == 1
    assert set(states) <= {("sent", None), ("suppressed", "capped"), ("scheduled", "another_first")}


def test_asking_reads_nothing_twice(app: Flask, agency: Agency, mailbox: Mailbox, database: Database) -> None:
    """What the decision was taken on is what the mail is written from: a drain sends many a second."""
    with database.writing():
        claire, cleaning = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.cleaning)
        factories.done_visit(claire, cleaning, [db.session.get_one(Worker, agency.wassim.id)], hour=8, ask=True)
    read: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda *seen: read.append(seen[2]))
    mailbox.one()
    reads = [sql for sql in read if sql.startswith("SELECT")]  # the sums that follow the mail read in order to write
    assert not [sql for sql in reads if "FROM visit " in sql and "WHERE visit.id =" in sql]
    assert not [sql for sql in read if "FROM rating_subject " in sql and "WHERE rating_subject.id =" in sql]
