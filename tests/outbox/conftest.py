"""A misbehaving mail server, and messages to hand to it."""

from collections.abc import Callable, Generator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal import clock
from portal.extensions import db, wires
from portal.outbox import jobs, leases, mailer
from portal.outbox.actions import Order, schedule
from portal.outbox.models import Attempt, Channel, Drop, Message, MessageKind, Postpone, Recipient
from tests.conftest import Database
from tests.outbox.sink import Sink

KIND = "test.note"


@pytest.fixture
def sink(app: Flask) -> Generator[Sink]:
    """A mail server that the application uses."""
    with Sink() as running:
        app.config["PORTAL_SMTP_URL"] = running.url
        yield running


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a second instead of ten, a second instead of twenty: tests of silence are short."""
    monkeypatch.setattr(mailer, "STEP_SECONDS", 0.3)
    monkeypatch.setattr(mailer, "MAIL_SECONDS", 0.8)
    monkeypatch.setattr(mailer, "FAREWELL_SECONDS", 0.2)


class Outbox:
    """What a test does with messages of a kind of its own, and what it sees of them.

    The address of a message is its dedupe key; `decisions` says which ones are not wanted (any more).
    """

    def __init__(self, app: Flask, database: Database) -> None:
        self.app, self.database = app, database
        self.decisions: dict[str, Recipient | Drop | Postpone | Exception] = {}
        self.contexts: dict[str, Exception] = {}
        self.name = "Claire"
        self.kind = MessageKind(
            KIND, "Note", "set_password", lambda _message: None, self.decide, self.context, may_unsubscribe=True
        )

    def decide(self, message: Message) -> Recipient | Drop | Postpone:
        decision = self.decisions.get(message.dedupe_key, Recipient(message.dedupe_key, "Claire Lefèvre", "fr"))
        if isinstance(decision, Exception):
            raise decision
        return decision

    def context(self, message: Message, token: Callable[[str, str], str]) -> dict:
        if message.dedupe_key in self.contexts:
            raise self.contexts[message.dedupe_key]
        return {"purpose": "reset", "name": self.name, "url": "https://example.org/x", "valid": "1 h"}

    def promise(self, *addresses: str, in_: timedelta = timedelta(0), patience: timedelta | None = None) -> None:
        due = clock.now() + in_
        with self.database.writing():
            schedule([Order(KIND, ("note", 1), a, due, due + patience if patience else None) for a in addresses])

    def sweep(self) -> int:
        """What the ticker does, where there is no Redis."""
        with self.app.app_context():
            return jobs.sweep(inline=True)

    def message(self, address: str) -> Message:
        return self.database.one(select(Message).where(Message.dedupe_key == address))

    def states(self) -> dict[str, str]:
        return dict(self.database.all(select(Message.dedupe_key, Message.state)))

    def attempts(self, address: str) -> Sequence[Any]:
        """Phase, outcome and answer of each attempt."""
        chosen = select(Attempt.phase, Attempt.outcome, Attempt.answer).join(Message).order_by(Attempt.id)
        return self.database.all(chosen.where(Message.dedupe_key == address))

    def channel(self) -> Channel | None:
        found = self.database.all(select(Channel))
        return found[0] if found else None

    def claim(self, limit: int = 20) -> tuple[list[int], str]:
        with self.app.app_context():
            return leases.claim(limit)

    def begin(self, claimed: tuple[list[int], str]) -> leases.Turn | None:
        with self.app.app_context():
            return leases.begin(claimed[0][0], claimed[1])


@pytest.fixture
def outbox(app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch) -> Outbox:
    made = Outbox(app, database)
    monkeypatch.setitem(wires.message_kinds, KIND, made.kind)
    return made


@pytest.fixture
def session_closed() -> Callable[[], bool]:
    """Tells, inside an application context, whether no transaction is open."""
    return lambda: not db.session().in_transaction()
