"""Two processes, one message: who has it, who writes what became of it, who is too late."""

import smtplib
from datetime import timedelta
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import event, func, select, update
from sqlalchemy.exc import OperationalError

from portal import clock
from portal.extensions import db
from portal.outbox import jobs, leases, mailer, queries
from portal.outbox.models import Attempt, Drop, Message
from portal.people.models import Client
from portal.settings.actions import set_option
from tests import factories
from tests.outbox.sink import Sink

CLAIRE = "claire@example.org"
TOO_LONG = leases.LEASE + timedelta(seconds=1)


def test_two_processes_never_claim_the_same_message(outbox) -> None:
    names = [f"w{number}@example.org" for number in range(30)]
    outbox.promise(*names)
    (first, one), (second, two) = outbox.claim(), outbox.claim()
    assert (len(first), len(second)) == (20, 10)
    assert not set(first) & set(second)
    assert one != two


def test_many_drains_and_sweeps_at_once_send_each_message_once(outbox, sink: Sink, app) -> None:
    names = [f"w{number}@example.org" for number in range(60)]
    outbox.promise(*names)

    def work() -> None:
        with app.app_context():
            jobs.sweep(inline=True)

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(outbox.states().values()) == {"sent"}
    assert sorted(event.to for event in sink.taken()) == sorted(names)


def test_who_has_lost_the_lease_does_not_begin(outbox, time_machine) -> None:
    outbox.promise(CLAIRE)
    late = outbox.claim()
    time_machine.shift(TOO_LONG)
    with outbox.app.app_context():
        assert leases.reclaim() == 1
    assert outbox.begin(late) is None
    current = outbox.claim()
    assert outbox.begin(late) is None
    assert outbox.begin(current) is not None


def test_who_wakes_up_late_does_not_send_the_text(outbox, sink: Sink, app, time_machine) -> None:
    """A process stopped between its claim and the text: another has sent the message meanwhile."""
    outbox.promise(CLAIRE)
    late = outbox.begin(outbox.claim())
    time_machine.shift(TOO_LONG)
    outbox.sweep()
    assert (outbox.states(), len(sink.taken())) == ({CLAIRE: "sent"}, 1)
    with app.app_context(), pytest.raises(leases.LeaseLost):
        leases.mark_text_under_way(late)
    assert [(phase, outcome) for phase, outcome, _ in outbox.attempts(CLAIRE)] == [
        ("started", "died"),
        ("data", "accepted"),
    ]


def test_a_drain_that_is_too_slow_leaves_its_message_to_the_next(outbox, sink: Sink, app, time_machine, caplog) -> None:
    outbox.promise(CLAIRE)
    ids, token = outbox.claim()
    compose = jobs.compose

    def slowly(*args: Any) -> object:
        time_machine.shift(TOO_LONG)
        with app.app_context():
            leases.reclaim()
        return compose(*args)

    with app.app_context(), mailer.Mailer(sink.url) as conversation, pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "compose", slowly)
        jobs.deliver(conversation, ids[0], token)
    assert sink.taken() == []
    outbox.sweep()
    assert (outbox.states(), len(sink.taken())) == ({CLAIRE: "sent"}, 1)


@pytest.mark.parametrize("outcome", ["accepted", "later", "refused", "lost", "closed", "died"])
def test_who_finishes_late_writes_nothing(outbox, sink: Sink, app, database, time_machine, outcome) -> None:
    outbox.promise(CLAIRE)
    turn = outbox.begin(outbox.claim())
    with app.app_context():
        leases.mark_text_under_way(turn)
    time_machine.shift(TOO_LONG)
    with app.app_context():
        leases.reclaim()
    before = database.fingerprint()
    with app.app_context():
        leases.finish(turn, outcome, "too late")
    assert database.fingerprint() == before


def test_a_lease_begins_anew_with_each_message_of_a_batch(outbox, app, time_machine) -> None:
    outbox.promise(CLAIRE)
    claimed = outbox.claim()
    time_machine.shift(leases.LEASE - timedelta(seconds=5))
    assert outbox.begin(claimed) is not None
    time_machine.shift(timedelta(seconds=10))
    with app.app_context():
        assert leases.reclaim() == 0


def test_what_a_drain_has_no_time_for_is_given_back(outbox, sink: Sink, monkeypatch) -> None:
    outbox.promise(CLAIRE, "denis@example.org")
    ids, token = outbox.claim()
    with outbox.app.app_context(), mailer.Mailer(sink.url) as conversation:
        assert jobs._send_batch(conversation, ids, token, deadline=0)
    assert outbox.states() == {CLAIRE: "due", "denis@example.org": "due"}
    assert outbox.message(CLAIRE).attempts == 0
    outbox.sweep()
    assert set(outbox.states().values()) == {"sent"}


def test_a_message_of_a_batch_sees_what_was_decided_since_the_batch_was_claimed(
    agency, mailbox, database, app, monkeypatch
) -> None:
    """Both visits are Claire's: her record, read for the first mail, must not speak for the second."""
    with database.writing():
        set_option(None, "ratings.request_cap_days", "0")
        claire, service = db.session.get_one(Client, agency.claire.id), factories.service("Repas")
        for hour in (7, 8):
            factories.done_visit(claire, service, [], hour=hour, ask=True)
    deliver, kept = jobs.deliver, []

    def deliver_and_move(*args: Any) -> None:
        deliver(*args)
        kept.append(db.session.get_one(Client, agency.claire.id))  # somebody holds on to the record
        db.session.commit()
        with app.app_context():
            db.session.execute(update(Client).where(Client.id == agency.claire.id).values(email="new@example.org"))
            db.session.commit()

    monkeypatch.setattr(jobs, "deliver", deliver_and_move)
    assert [mail["To"].addresses[0].addr_spec for mail in mailbox.collect()] == [
        "claire@example.org",
        "new@example.org",
    ]


def test_no_transaction_is_open_while_the_mail_server_is_spoken_to(outbox, sink: Sink, monkeypatch) -> None:
    """SQLite has one writer: whoever waits for a mail server would make every visitor wait."""
    seen: list[tuple[str, bool]] = []

    def watch(name: str) -> None:
        original = getattr(smtplib.SMTP, name)

        def spy(self: smtplib.SMTP, *args: Any, **kwargs: Any) -> object:
            seen.append((name, db.session().in_transaction()))
            return original(self, *args, **kwargs)

        monkeypatch.setattr(smtplib.SMTP, name, spy)

    for name in ("connect", "ehlo", "mail", "rcpt", "docmd", "send", "getreply", "rset", "quit"):
        watch(name)
    names = [CLAIRE, "denis@example.org", "paul@example.org"]
    sink.script["denis@example.org"] = ["rcpt550"]
    outbox.promise(*names)
    outbox.sweep()
    assert {name for name, _ in seen} >= {"connect", "mail", "rcpt", "send", "rset", "quit"}
    assert [name for name, open_ in seen if open_] == []


def test_nothing_is_left_open_by_a_drain_that_finds_nothing(outbox, sink: Sink, app) -> None:
    with app.app_context():
        leases.pause_channel("not there")
        jobs.drain()
        assert not db.session().in_transaction()
        leases.open_channel()
        jobs.drain()
        assert not db.session().in_transaction()


class Trouble:
    """Lets statements fail as a database does that is away for a moment."""

    def __init__(self, wanted: str, times: int) -> None:
        self.wanted, self.left = wanted, times

    def __call__(self, _connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if self.left and statement.startswith(self.wanted):
            self.left -= 1
            raise OperationalError(statement, {}, Exception("the database is away, as the test wants"))


@pytest.fixture
def trouble(app):
    with app.app_context():
        engine = db.engine
    listening = []

    def start(wanted: str, times: int) -> Trouble:
        listening.append(Trouble(wanted, times))
        event.listen(engine, "before_cursor_execute", listening[-1])
        return listening[-1]

    yield start
    for listener in listening:
        event.remove(engine, "before_cursor_execute", listener)


def test_an_acceptance_is_written_down_even_if_the_database_is_away_for_a_moment(
    outbox, sink: Sink, trouble, monkeypatch
) -> None:
    monkeypatch.setattr(leases, "INSISTENCE_PACE", 0)
    failing = trouble("UPDATE message_attempt SET ended_at", 3)
    outbox.promise(CLAIRE)
    outbox.sweep()
    message = outbox.message(CLAIRE)
    assert (failing.left, message.state, message.ambiguous, len(sink.taken())) == (0, "sent", 0, 1)


def test_an_acceptance_that_cannot_be_written_down_counts_as_an_answer_lost(
    outbox, sink: Sink, trouble, monkeypatch, time_machine
) -> None:
    monkeypatch.setattr(leases, "INSISTENCE", 0)
    monkeypatch.setattr(leases, "INSISTENCE_PACE", 0)
    outbox.promise(CLAIRE)
    failing = trouble("UPDATE message_attempt SET ended_at", 100)
    with pytest.raises(OperationalError):
        outbox.sweep()
    failing.left = 0
    assert outbox.states() == {CLAIRE: "sending"}
    time_machine.shift(TOO_LONG)
    outbox.sweep()
    message = outbox.message(CLAIRE)
    assert (message.state, message.ambiguous, len(sink.taken())) == ("sent", 1, 2)


def test_when_the_text_cannot_be_announced_it_does_not_leave(outbox, sink: Sink, trouble, caplog) -> None:
    trouble("UPDATE message SET lease_until", 1)
    outbox.promise(CLAIRE, "denis@example.org")
    outbox.sweep()
    assert outbox.states() == {CLAIRE: "retry", "denis@example.org": "sent"}
    assert (outbox.message(CLAIRE).ambiguous, [event.to for event in sink.taken()]) == (0, ["denis@example.org"])


class Alarm(Exception):
    """What RQ raises in the middle of anything when a job takes too long."""


def test_a_job_stopped_while_it_waits_for_the_answer_to_the_text_has_lost_it(
    outbox, sink: Sink, monkeypatch, time_machine
) -> None:
    original, rung = smtplib.SMTP.getreply, []

    def ring(self: smtplib.SMTP) -> object:
        answer = original(self)
        if answer[1] == b"taken" and not rung:
            rung.append(answer)
            raise Alarm
        return answer

    monkeypatch.setattr(smtplib.SMTP, "getreply", ring)
    outbox.promise(CLAIRE)
    outbox.sweep()
    message = outbox.message(CLAIRE)
    assert (message.state, message.ambiguous, len(sink.taken())) == ("retry", 1, 1)


def test_the_audit_tells_what_is_wrong(outbox, sink: Sink, app, database, time_machine) -> None:
    outbox.promise(CLAIRE)
    with app.app_context():
        assert queries.broken_promises() == []
    outbox.claim()
    time_machine.shift(timedelta(minutes=5))
    with app.app_context():
        assert queries.broken_promises() == ["1 messages are being sent by a process that is gone"]
    outbox.sweep()
    with app.app_context():
        assert queries.broken_promises() == []
    assert database.one(select(func.count()).select_from(Attempt)) == 1


def test_a_cancelled_message_that_is_being_sent_is_not_tried_again(outbox, sink: Sink, time_machine) -> None:
    sink.script[CLAIRE] = ["rcpt451"]
    outbox.promise(CLAIRE)
    outbox.sweep()
    outbox.decisions[CLAIRE] = Drop("cancelled", "visit_cancelled")
    time_machine.shift(timedelta(minutes=2))
    outbox.sweep()
    assert (outbox.states(), sink.taken()) == ({CLAIRE: "cancelled"}, [])


def test_expired_messages_are_not_claimed_even_if_no_sweep_has_said_so(outbox, time_machine, database) -> None:
    outbox.promise(CLAIRE, patience=timedelta(minutes=1))
    time_machine.shift(timedelta(minutes=2))
    assert outbox.claim()[0] == []
    assert database.one(select(Message.next_at)) < clock.now()


def test_who_waits_at_the_screen_is_served_before_a_backlog(outbox) -> None:
    outbox.promise(*[f"w{number}@example.org" for number in range(30)])
    outbox.promise(CLAIRE)
    with outbox.database.writing():
        db.session.execute(update(Message).where(Message.dedupe_key == CLAIRE).values(urgent=True))
    (first, *_others), _token = outbox.claim()
    assert outbox.database.one(select(Message.dedupe_key).where(Message.id == first)) == CLAIRE
