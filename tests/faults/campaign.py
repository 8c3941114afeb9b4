"""Mails are promised in waves, each is dealt with in the end, and the judge's log is compared with the rows."""

import time
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import zip_longest

from sqlalchemy import func, select

from portal.outbox import queries
from portal.outbox.models import OPEN, Attempt, Message
from tests import factories
from tests.conftest import Database
from tests.faults.crew import Crew, planned_deeds
from tests.faults.tally import Tally
from tests.outbox.sink import LOST, Event, read_log
from tests.servers import wait_until

PATIENCE = 240.0  # seconds for a wave; the lease of tests/faults/runner.py is 5
FINAL = ("rcpt550", "data550", "dot552")
GONE_WITHIN = 30.0  # seconds after being told to stop
POISON = 4  # deaths, as in tests/faults/runner.py


class Campaign:
    """Promises messages and waits until each is dealt with, without a hand."""

    def __init__(self, crew: Crew, database: Database) -> None:
        self.crew, self.database = crew, database
        self.planned: Counter[str] = Counter()  # what is to go wrong, by the judge's words
        self.numbers = iter(range(10_000))
        self.extra = 0  # mails promised only so that somebody comes to the points that are left

    # ---- promising

    def wave(self, deeds: Iterable[str] = (), *, clean: int = 0, name: str = "w") -> None:
        """Promise a mail for each line of deeds, and some that go well: visits of clients with telling addresses."""
        lines = [line for pair in zip_longest(deeds, [""] * clean, fillvalue=None) for line in pair if line is not None]
        self.planned.update(planned_deeds(lines))
        with self.database.writing():
            within = factories.sector(f"Secteur {next(self.numbers)}")
            service = factories.service(f"Service {next(self.numbers)}")
            for line in lines:
                number = next(self.numbers)
                address = f"{name}{number}{'+' if line else ''}{line}@example.org"
                client = factories.client("Client", str(number), within, address)
                factories.done_visit(client, service, [], ask=True)

    def poison(self) -> None:
        """Promise a mail that kills whoever writes it."""
        self.wave(clean=1, name="poison")
        self.planned["poison"] += POISON

    def strike(self, *tickets: str) -> None:
        """Plan deaths of our own processes: `kill@after-claim`."""
        self.planned.update(ticket.replace("@", "-") for ticket in tickets)
        self.crew.plan(*tickets)

    def greet(self, *greetings: str) -> None:
        """Start the judge; the first conversations go wrong."""
        self.planned.update(greeting if "-" in greeting else f"greeting-{greeting}" for greeting in greetings)
        self.crew.start_sink(*greetings)

    # ---- waiting

    def settle(self, *, and_poison: bool = False) -> None:
        """Wait until nothing is open and nothing planned is left; nobody helps but the sweeps."""

        def settled() -> bool:
            self.crew.tend()
            time.sleep(0.1)
            if self.open_ones(and_poison=and_poison):
                return False
            if self.not_fired(but=() if and_poison else ("poison",)):
                self.wave(clean=2)
                self.extra += 2
                return False
            return True

        self.wait_until(settled, "an empty outbox")

    def settle_wave(self) -> None:
        """Wait until all that is promised by now is dealt with, while others go on promising."""
        newest = self.database.one(select(func.max(Message.id)))

        def settled() -> bool:
            self.crew.tend()
            time.sleep(0.1)
            unfinished = Message.id <= newest, Message.state.in_((*OPEN, "sending"))
            return not self.database.count(Message, *unfinished)

        self.wait_until(settled, "the end of a wave")

    def wait_until(self, true: Callable[[], bool], what: str) -> None:
        try:
            wait_until(true, what, PATIENCE)
        except AssertionError as error:
            chosen = select(
                Message.dedupe_key, Message.address, Message.state, Message.last_answer, Message.lease_until
            )
            rows = self.database.all(chosen.where(Message.state != "sent"))
            facts = [str(error), f"not fired: {self.not_fired()}", *map(str, rows), *self.crew.last_words()]
            raise AssertionError("\n".join(facts)) from error

    def open_ones(self, *, and_poison: bool) -> int:
        unfinished = [Message.state.in_((*OPEN, "sending"))]
        if not and_poison:
            unfinished.append(Message.address.is_(None) | Message.address.not_like("poison%"))
        return self.database.count(Message, *unfinished)

    def not_fired(self, but: tuple[str, ...] = ()) -> Counter[str]:
        fired = Counter(event.deed for event in self.faults())
        return Counter({deed: n for deed, n in (self.planned - fired).items() if deed not in but})

    def faults(self) -> list[Event]:
        return [event for event in read_log(self.crew.log) if event.what == "fault"]

    # ---- judging

    def judge(self) -> Tally:
        """Compare the judge's log with the rows; return the account."""
        events, faults = read_log(self.crew.log), self.faults()
        copies = Counter(event.message_id for event in events if event.what == "taken")
        messages = self.database.all(select(Message))
        unexplained = {event.to for event in faults if event.deed in LOST or event.deed == "freeze-dot"}
        finals = {event.to for event in faults if event.deed in FINAL}
        poisoned = {m.address for m in messages if (m.address or "").startswith("poison")}
        lost = [m.address for m in messages if not copies[_id(m)] and m.address not in finals | poisoned]
        assert lost == []
        assert [m.address for m in messages if copies[_id(m)] > 1 + m.ambiguous] == []
        surprises = [m.address for m in messages if copies[_id(m)] > 1 and m.address not in unexplained]
        assert surprises == [], self.attempts()
        assert max(copies.values()) <= 2, "never more than one extra copy of a rating request"
        assert not set(copies) - {_id(message) for message in messages}
        assert {m.address for m in messages if m.state == "failed"} == finals | poisoned
        assert all(m.state in ("sent", "failed", "uncertain") for m in messages)
        assert not self.not_fired(), "planned, but did not happen"
        self._judge_departures(faults)
        with self.database.app.app_context():
            assert queries.broken_promises() == []
        fired = Counter(event.deed for event in faults) + self.crew.struck
        ambiguous = sum(m.ambiguous for m in messages)
        provoked = sum(deed in LOST for deed in self.planned.elements())
        assert ambiguous >= provoked, "fewer answers were lost than planned"
        return Tally(
            planned=self.planned.total() + self.crew.struck.total(), fired=dict(fired), messages=len(messages),
            lost=len(lost), copies=sum(n - 1 for n in copies.values()), ambiguous=ambiguous,
        )  # fmt: skip

    def attempts(self) -> str:
        """What was tried with the messages that the server has taken more than once."""
        copies = Counter(event.message_id for event in read_log(self.crew.log) if event.what == "taken")
        twice = [m.id for m in self.database.all(select(Message)) if copies[_id(m)] > 1]
        tried = select(
            Attempt.message_id, Attempt.number, Attempt.phase, Attempt.outcome, Attempt.answer, Attempt.started_at,
            Attempt.ended_at,
        ).where(Attempt.message_id.in_(twice)).order_by(Attempt.id)  # fmt: skip
        return "\n".join(map(str, self.database.all(tried)))

    def _judge_departures(self, faults: list[Event]) -> None:
        """Who was told to stop has left in time, and left nothing half done."""
        told = [event for event in faults if event.deed.startswith("term-")]

        def all_gone() -> bool:
            self.crew.tend()
            return all(event.pid in self.crew.ended for event in told)

        wait_until(all_gone, "the end of those who were told to stop", GONE_WITHIN)
        assert all(self.crew.ended[event.pid] - event.at < GONE_WITHIN for event in told)
        ended_well = select(Message.address).join(Attempt).where(Attempt.outcome == "accepted", Message.attempts == 1)
        assert {event.to for event in told if event.to} <= set(self.database.all(ended_well))


def _id(message: Message) -> str:
    return f"<mr-{message.public_id}@localhost>"
