"""What Prometheus reads: how messages and long work are doing, told from the database, by whichever process answers.

No figure walks through a table that grows. Open messages and those that failed lately are ranges of
`ix_message_state_next`, long work of `ix_work_state`; what was sent long ago is not looked at.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import func, select

from portal import clock
from portal.extensions import db
from portal.outbox.models import MAIL, OPEN, SMS, Attempt, Channel, Message
from portal.queue import is_reachable, live_workers
from portal.work.models import Work

MIME = "text/plain; version=0.0.4; charset=utf-8"
DAY = timedelta(hours=24)
LONGEST_WAIT = timedelta(days=60)  # a message is given up long before
LASTING = (*OPEN, "sending")
ENDED_BADLY = ("failed", "uncertain")


@dataclass
class Gauge:
    """A figure with its help text; `values` by the value of its one label, or under the empty name."""

    name: str
    help: str
    label: str = ""
    values: dict[str, float] = field(default_factory=dict)


def gauges() -> list[Gauge]:
    """Read every figure; six statements and two questions to Redis."""
    return [*_messages(), *_text_messages(), *_channel(), *_beside()]


def _messages() -> Iterator[Gauge]:
    moment = clock.now()
    counted = select(Message.state, func.count()).where(Message.state.in_(LASTING)).group_by(Message.state)
    found = dict(db.session.execute(counted).all())
    yield Gauge("suivi_messages", "Messages that have yet to leave, by state.", "state",
                {state: found.get(state, 0) for state in LASTING})  # fmt: skip
    late = select(func.min(Message.next_at)).where(Message.state.in_(OPEN), Message.next_at <= moment)
    oldest = db.session.scalar(late)
    yield Gauge("suivi_oldest_due_seconds", "For how long the message waits that is due the longest.",
                values={"": (moment - oldest).total_seconds() if oldest else 0})  # fmt: skip
    last_try = select(func.max(Attempt.ended_at)).where(Attempt.message_id == Message.id).scalar_subquery()
    lately = Message.next_at > moment - LONGEST_WAIT, last_try > moment - DAY
    failed = select(Message.state, func.count()).where(Message.state.in_(ENDED_BADLY), *lately).group_by(Message.state)
    found = dict(db.session.execute(failed).all())
    yield Gauge("suivi_messages_failed_24h", "Messages that were given up within 24 hours, by state.", "state",
                {state: found.get(state, 0) for state in ENDED_BADLY})  # fmt: skip


def _text_messages() -> Iterator[Gauge]:
    """Those of all messages that go by the gateway."""
    moment = clock.now()
    counted = select(Message.state, func.count(), func.min(Message.next_at)).where(Message.state.in_(LASTING))
    rows = db.session.execute(counted.where(Message.channel == SMS).group_by(Message.state)).all()
    found = {state: number for state, number, _first in rows}
    yield Gauge("suivi_text_messages", "Text messages that have yet to leave, by state.", "state",
                {state: found.get(state, 0) for state in LASTING})  # fmt: skip
    oldest = min((first for state, _number, first in rows if state in OPEN), default=moment)
    yield Gauge("suivi_text_oldest_due_seconds", "For how long the text message waits that is due the longest.",
                values={"": max((moment - oldest).total_seconds(), 0)})  # fmt: skip


def _channel() -> Iterator[Gauge]:
    moment = clock.now()
    columns = Channel.name, Channel.swept_at, Channel.paused_until, Channel.failing_since, Channel.held_since
    rows = {row[0]: row[1:] for row in db.session.execute(select(*columns).where(Channel.name.in_((MAIL, SMS))))}
    swept, paused, failing, held = rows.get(MAIL, (None,) * 4)
    _swept, left_alone, away, _held = rows.get(SMS, (None,) * 4)
    yield Gauge("suivi_last_sweep_age_seconds", "How long ago somebody looked for what is due; NaN: never.",
                values={"": (moment - swept).total_seconds() if swept else float("nan")})  # fmt: skip
    yield Gauge("suivi_channel_paused", "1 while the mail server is left alone for a minute after a failure.",
                values={"": float(paused is not None and paused > moment)})  # fmt: skip
    yield Gauge("suivi_channel_failing_seconds", "For how long the mail server has not taken a message; 0: it does.",
                values={"": (moment - failing).total_seconds() if failing else 0})  # fmt: skip
    yield Gauge("suivi_gateway_paused", "1 while the gateway of text messages is left alone for a minute.",
                values={"": float(left_alone is not None and left_alone > moment)})  # fmt: skip
    yield Gauge("suivi_gateway_failing_seconds", "For how long the gateway has taken no text message; 0: it does.",
                values={"": (moment - away).total_seconds() if away else 0})  # fmt: skip
    yield Gauge("suivi_channel_held", "1 while somebody, or a restored backup, holds all messages.",
                values={"": float(held is not None)})  # fmt: skip


def _beside() -> Iterator[Gauge]:
    states = ("waiting", "running")
    counted = select(Work.state, func.count()).where(Work.state.in_(states)).group_by(Work.state)
    found = dict(db.session.execute(counted).all())
    yield Gauge("suivi_work", "Imports and other long work, by state.", "state",
                {state: found.get(state, 0) for state in states})  # fmt: skip
    reachable = is_reachable()
    yield Gauge("suivi_redis_up", "1 when Redis answers. Without it messages leave a little later.",
                values={"": float(reachable)})  # fmt: skip
    yield Gauge("suivi_workers", "Workers that Redis has heard of within two minutes.",
                values={"": float(live_workers() if reachable else 0)})  # fmt: skip


def rendered(found: Iterable[Gauge]) -> str:
    """Return the figures in Prometheus' text format."""
    lines = []
    for gauge in found:
        lines += [f"# HELP {gauge.name} {gauge.help}", f"# TYPE {gauge.name} gauge"]
        for value_of, value in gauge.values.items():
            label = f'{{{gauge.label}="{value_of}"}}' if gauge.label else ""
            lines.append(f"{gauge.name}{label} {'NaN' if value != value else f'{value:g}'}")
    return "\n".join(lines) + "\n"
