"""Whatever order things happen in, whoever dies or wakes up late: nothing is lost, and no copy is unexplained.

Hypothesis plays the processes, the mail server and the clock; the rows and the functions on them are the real ones.
"""

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, select
from time_machine import TimeMachineFixture

from portal import clock
from portal.extensions import db
from portal.outbox import jobs, leases
from portal.outbox.models import Attempt, Message
from tests.factories import NOON
from tests.outbox.conftest import Outbox

PROCESSES = 2
EXAMPLES = int(os.environ.get("PORTAL_TEST_EXAMPLES", "25"))  # a night's run may ask for thousands
process = st.integers(0, PROCESSES - 1)


@dataclass
class Process:
    """What one sending process remembers. Dying is forgetting."""

    ids: list[int] = field(default_factory=list)
    token: str = ""
    turn: leases.Turn | None = None
    announced: bool = False  # the text is under way
    outcome: str = ""  # what the server said, not yet written down


class Delivery(RuleBasedStateMachine):
    """Each rule is one step of one process, between two of which anything may happen to the others."""

    def __init__(self, outbox: Outbox, app: Flask, machine: TimeMachineFixture) -> None:
        super().__init__()
        self.outbox, self.machine = outbox, machine
        self.copies, self.lost_answers = Counter[int](), Counter[int]()
        self.refused: set[int] = set()
        self.processes = [Process() for _ in range(PROCESSES)]
        self.context = app.app_context()
        self.context.push()
        self.move(NOON)
        for table in (Attempt, Message):
            db.session.execute(delete(table))
        db.session.commit()
        outbox.promise("a@example.org", "b@example.org")

    def teardown(self) -> None:
        try:
            self.run_to_the_end()
        finally:
            db.session.rollback()
            self.context.pop()

    def move(self, to: datetime) -> None:
        self.now = to
        self.machine.move_to(to, tick=False)

    # ---- what processes do ----

    @rule(who=process, limit=st.integers(1, 3))
    def claim(self, who: int, limit: int) -> None:
        if not self.processes[who].turn:
            ids, token = leases.claim(limit)
            self.processes[who] = Process(ids, token)

    @precondition(lambda self: any(one.ids and not one.turn for one in self.processes))
    @rule(who=process)
    def begin(self, who: int) -> None:
        one = self.processes[who]
        if one.ids and not one.turn:
            one.turn = leases.begin(one.ids.pop(0), one.token)

    @precondition(lambda self: any(one.turn for one in self.processes))
    @rule(who=process)
    def announce(self, who: int) -> None:
        one = self.processes[who]
        if one.turn and not one.announced and not one.outcome:
            try:
                leases.mark_text_under_way(one.turn)
                one.announced = True
            except leases.LeaseLost:
                one.turn = None

    @rule(
        who=process, said=st.sampled_from(["accepted", "accepted, answer lost", "lost", "later", "refused", "closed"])
    )
    def speak(self, who: int, said: str) -> None:
        """The server gets the text (if it was announced) and answers."""
        one = self.processes[who]
        if not one.turn or one.outcome or (not one.announced and said not in ("later", "refused", "closed")):
            return
        if said.startswith("accepted"):
            self.copies[one.turn.message_id] += 1
        one.outcome = "lost" if "lost" in said else said
        if said == "refused":
            self.refused.add(one.turn.message_id)

    @precondition(lambda self: any(one.outcome for one in self.processes))
    @rule(who=process)
    def finish(self, who: int) -> None:
        one = self.processes[who]
        if one.turn and one.outcome:
            leases.finish(one.turn, one.outcome, one.outcome)
            one.turn, one.announced, one.outcome = None, False, ""

    @precondition(lambda self: any(one.turn for one in self.processes))
    @rule(who=process)
    def fail(self, who: int) -> None:
        """Something breaks before the text has left."""
        one = self.processes[who]
        if one.turn and not one.announced:
            leases.finish(one.turn, "died", "fault")
            one.turn, one.outcome = None, ""

    @rule(who=process)
    def release(self, who: int) -> None:
        one = self.processes[who]
        leases.release(one.ids, one.token)
        one.ids = []

    @rule(who=process)
    def die(self, who: int) -> None:
        self.processes[who] = Process()

    # ---- what happens around them ----

    @rule(seconds=st.sampled_from([1, 20, 61, 61, 400, 4000]))
    def wait(self, seconds: int) -> None:
        self.move(self.now + timedelta(seconds=seconds))

    @rule()
    def sweep(self) -> None:
        jobs.sweep()

    @precondition(lambda self: any(one.turn for one in self.processes))
    @rule()
    def oversleep(self) -> None:
        """Everybody is stopped for longer than a lease; only the sweep is awake."""
        self.wait(61)
        jobs.sweep()

    @rule(who=process, far=st.integers(1, 5))
    def work(self, who: int, far: int) -> None:
        """Several steps in a row without trouble: most of the time it is so."""
        for step in (lambda who: self.claim(who, 1), self.begin, self.announce, self._accept, self.finish)[:far]:
            step(who)

    @rule(who=process, far=st.integers(2, 4))
    def wake_up_late(self, who: int, far: int) -> None:
        """A process is stopped somewhere, another does the work meanwhile, the first goes on as if nothing were."""
        self.work(who, far)
        self.oversleep()
        self.work(1 - who, 5)
        for step in (self.announce, self._accept, self.finish):
            step(who)

    def _accept(self, who: int) -> None:
        self.speak(who, "accepted")

    # ---- what always holds ----

    @invariant()
    def copies_are_explained(self) -> None:
        for message in self.messages():
            assert self.copies[message.id] <= 1 + message.ambiguous + self.still_judged(message), message.state
            assert self.copies[message.id] <= 2

    def still_judged(self, message: Message) -> int:
        """A text that is under way, or whose process died: the next sweep will count it."""
        left = select(Attempt).where(
            Attempt.message_id == message.id, Attempt.phase == "data", Attempt.outcome.is_(None)
        )
        return len(db.session.scalars(left).all())

    @invariant()
    def a_sent_message_was_taken(self) -> None:
        for message in self.messages():
            assert message.state != "sent" or self.copies[message.id] >= 1
            assert message.state != "failed" or message.id in self.refused or message.reason == "poison"

    @invariant()
    def no_transaction_is_left_open(self) -> None:
        db.session.commit()

    def messages(self) -> list[Message]:
        found = list(db.session.scalars(select(Message).execution_options(populate_existing=True)))
        db.session.commit()
        return found

    def run_to_the_end(self) -> None:
        """All processes die; one that works comes. Then nothing is open and nothing is lost."""
        self.processes = [Process() for _ in range(PROCESSES)]
        for _ in range(60):
            if all(message.state in ("sent", "failed", "uncertain") for message in self.messages()):
                break
            self.move(self.now + timedelta(minutes=30))
            jobs.sweep()
            for _ in range(3):
                self.claim(0, 3)
                while self.processes[0].ids:
                    for step in (self.begin, self.announce):
                        step(0)
                    self.speak(0, "accepted")
                    self.finish(0)
        for message in self.messages():
            assert message.state in ("sent", "failed", "uncertain"), (message.state, message.next_at, clock.now())
            assert message.state != "uncertain" or message.ambiguous == 2
            if message.state == "sent":
                assert 1 <= self.copies[message.id] <= 1 + message.ambiguous
        self.copies_are_explained()


def test_nothing_is_lost_and_no_copy_is_unexplained_in_any_order(outbox, app, time_machine) -> None:
    run_state_machine_as_test(
        lambda: Delivery(outbox, app, time_machine),  # ty: ignore[invalid-argument-type]
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
