"""Who sends which message: rows are claimed by a conditional update and carry a lease token.

A process that dies leaves its lease; when that runs out the row is free again. A process that comes back late holds a
token that is no longer on the row, and writes nothing. (States and guards: docs/decisions/0001-delivery.md.)
"""

import random
import secrets
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select, update

from portal import clock
from portal.extensions import db, wires
from portal.outbox.models import OPEN, Attempt, Channel, Drop, Message, Postpone, Recipient

LEASE = timedelta(seconds=60)
PAUSE = timedelta(seconds=60)
BACK_OFF = [timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720, 1440)]
POISON = 8  # attempts that took their process with them
MAIL = "mail"


def claim(limit: int) -> tuple[list[int], str]:
    """Take up to `limit` due messages for this process; return their ids, in order, and the lease token."""
    token, moment = secrets.token_hex(8), clock.now()
    if channel_is_paused():
        return [], token
    due = select(Message.id).where(Message.state.in_(OPEN), Message.next_at <= moment, Message.not_after > moment)
    ids = list(db.session.scalars(due.order_by(Message.next_at, Message.id).limit(limit).with_for_update(skip_locked=True)))
    taken = db.session.scalars(
        update(Message)
        .where(Message.id.in_(ids), Message.state.in_(OPEN), Message.next_at <= moment)
        .values(state="sending", lease_token=token, lease_until=moment + LEASE)
        .returning(Message.id),
        execution_options={"synchronize_session": False},
    )
    mine = set(taken)
    db.session.commit()
    return [id_ for id_ in ids if id_ in mine], token


def begin(message_id: int, token: str) -> tuple[Message, Attempt, Recipient] | None:
    """Open an attempt, if the message is still ours and still wanted. Ends the transaction.

    The lease starts anew here, so that a batch may take longer than one lease.
    """
    held = Message.id == message_id, Message.lease_token == token
    message = db.session.scalar(select(Message).where(*held).execution_options(populate_existing=True))
    if message is None:
        db.session.rollback()
        return None
    decision = wires.message_kinds[message.kind].decide(message)
    if not isinstance(decision, Recipient):
        _put_aside(message, decision)
        db.session.commit()
        return None
    moment = clock.now()
    message.attempts += 1
    message.lease_until = moment + LEASE
    message.address, message.recipient, message.language = decision.address, decision.name, decision.language
    attempt = Attempt(message_id=message.id, number=message.attempts, token=token, started_at=moment)
    db.session.add(attempt)
    db.session.commit()
    return message, attempt, decision


def _put_aside(message: Message, decision: Drop | Postpone) -> None:
    message.lease_token = message.lease_until = None
    if isinstance(decision, Postpone):
        message.state, message.next_at = "scheduled", decision.until
    else:
        message.state, message.reason = decision.state, decision.reason


def mark_text_under_way(attempt: Attempt) -> None:
    """Write down that the server may accept the text from now on: a death after this is an answer lost."""
    attempt.phase = "data"
    db.session.commit()


def finish(message: Message, attempt: Attempt, outcome: str, answer: str) -> None:
    """Write down how an attempt ended.

    Args:
        message, attempt: as `begin` returned them.
        outcome: `accepted`, `later` (not now), `refused` (never), `lost` (no answer after the text), or
            `closed` (the server itself is not there; the message is not to blame).
        answer: what the server said.
    """
    moment = clock.now()
    attempt.outcome, attempt.answer, attempt.ended_at = outcome, answer[:500], moment
    held = Message.id == message.id, Message.lease_token == attempt.token
    values = _after(message, outcome) | {"lease_token": None, "lease_until": None, "last_answer": answer[:500]}
    db.session.execute(update(Message).where(*held).values(**values), execution_options={"synchronize_session": False})
    db.session.commit()


def _after(message: Message, outcome: str) -> dict[str, object]:
    moment = clock.now()
    if outcome == "accepted":
        return {"state": "sent", "sent_at": moment, "reason": None}
    if outcome == "refused":
        return {"state": "failed", "reason": "refused"}
    if outcome == "closed":
        return {"state": "due", "attempts": message.attempts - 1, "next_at": moment}
    if outcome == "lost":
        return _after_lost_answer(message)
    wait = BACK_OFF[min(message.attempts, len(BACK_OFF)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load
    return {"state": "retry", "next_at": moment + wait}


def _after_lost_answer(message: Message) -> dict[str, object]:
    """The server may have it. Ask once more, with the same Message-ID and link; then say that we do not know."""
    ambiguous = message.ambiguous + 1
    if ambiguous > wires.message_kinds[message.kind].extra_copies:
        return {"state": "uncertain", "ambiguous": ambiguous, "reason": "answer_lost"}
    return {"state": "retry", "ambiguous": ambiguous, "next_at": clock.now() + BACK_OFF[0]}


def release(ids: Sequence[int], token: str) -> None:
    """Give claimed messages back that were not begun."""
    if ids:
        held = Message.id.in_(ids), Message.lease_token == token
        values = {"state": "due", "lease_token": None, "lease_until": None}
        db.session.execute(update(Message).where(*held).values(**values), execution_options={"synchronize_session": False})
        db.session.commit()


def reclaim() -> int:
    """Free the messages whose process died, and judge the attempt it left. Return how many."""
    stale = select(Message).where(Message.state == "sending", Message.lease_until < clock.now())
    found = list(db.session.scalars(stale.with_for_update(skip_locked=True).execution_options(populate_existing=True)))
    for message in found:
        left = select(Attempt).where(Attempt.token == message.lease_token, Attempt.message_id == message.id)
        attempt = db.session.scalar(left.where(Attempt.outcome.is_(None)))
        message.lease_token = message.lease_until = None
        if attempt is None:
            message.state = "due"
            continue
        attempt.outcome, attempt.ended_at = ("lost" if attempt.phase == "data" else "died"), clock.now()
        for name, value in _after_death(message, attempt).items():
            setattr(message, name, value)
    db.session.commit()
    return len(found)


def _after_death(message: Message, attempt: Attempt) -> dict[str, object]:
    if attempt.phase == "data":
        return _after_lost_answer(message) | ({"next_at": clock.now()} if message.ambiguous == 0 else {})
    deaths = select(func.count()).where(Attempt.message_id == message.id, Attempt.outcome == "died")
    if (db.session.scalar(deaths) or 0) >= POISON:
        return {"state": "failed", "reason": "poison"}
    return {"state": "due", "next_at": clock.now()}


def channel_is_paused() -> bool:
    channel = db.session.get(Channel, MAIL, populate_existing=True)
    return bool(channel and channel.paused_until and channel.paused_until > clock.now())


def pause_channel(answer: str) -> None:
    """The server does not answer or lets nobody in: one try a minute, and no message is blamed."""
    channel = db.session.get(Channel, MAIL) or Channel(name=MAIL)
    channel.failing_since = channel.failing_since or clock.now()
    channel.paused_until, channel.answer = clock.now() + PAUSE, answer[:500]
    db.session.add(channel)
    db.session.commit()


def open_channel() -> None:
    """The server took a message: whatever was wrong is over."""
    channel = db.session.get(Channel, MAIL)
    if channel and channel.failing_since:
        channel.failing_since = channel.paused_until = channel.answer = None
        db.session.commit()
