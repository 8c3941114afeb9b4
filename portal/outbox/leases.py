"""Who sends which message: rows are claimed by a conditional update and carry a lease token.

A process that dies leaves its lease; when that runs out the row is free again. A process that comes back late holds a
token that is no longer on the row: it sends nothing more and writes nothing.
Every function here is one transaction and leaves none open. (States and guards: docs/decisions/0001-delivery.md.)
"""

import random
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from flask import g
from sqlalchemy import literal, or_, select, update
from sqlalchemy.exc import InterfaceError, OperationalError

from portal import clock
from portal.extensions import db, rows_changed, wires, writing
from portal.i18n import reading_language
from portal.outbox import channel, suppression
from portal.outbox.held import are_held, deaths, locked, tell_moved, write_attempt, write_message
from portal.outbox.models import IS_HELD, MAIL, OPEN, SMS, Attempt, Channel, Drop, Message, Postpone, Recipient
from portal.outbox.queries import carrier_of

LEASE, PAUSE = timedelta(seconds=60), timedelta(seconds=60)
BACK_OFF = [timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720, 1440)]
LATE = timedelta(hours=6)  # so late is only what waited for us or the mail server, and many more with it …
CATCH_UP = 1200  # … which leave at so many a minute: no server likes three days of mails at once
ORDER = Message.urgent.desc(), Message.next_at, Message.id
POISON = 8  # attempts broken off, by an error or with their process
INSISTENCE, INSISTENCE_PACE = 25.0, 0.5  # seconds for which, and in which, an ended attempt is written down again


class LeaseLost(Exception):
    """The message has been taken away from this process, which was too slow: it is not ours to send any more."""


@dataclass(frozen=True)
class Turn:
    """An attempt that has begun: plain values, which no rollback takes away, and what the mail is written from.

    `seen` are the records that the decision was taken on: kept, so that they need not be read once more.
    `refused_before` says that the address has refused a mail and taken none since.
    """

    message: Message
    recipient: Recipient
    message_id: int
    attempt_id: int
    token: str
    kind: str
    number: int
    ambiguous: int
    seen: Sequence[object]
    refused_before: bool = False


@writing()
def claim(limit: int, *, despite_pause: bool = False, way: str = MAIL) -> tuple[list[int], str]:
    """Take up to `limit` due messages of a channel for this process, none while all are held; return their ids and the
    lease token. `despite_pause` is for a process whose own conversation with the server goes on well."""
    token = secrets.token_hex(8)
    ids = _take(limit, token, way) if despite_pause or not _is_paused(way) else []
    db.session.commit()
    return ids, token


def _take(limit: int, token: str, way: str) -> list[int]:
    moment = clock.now()
    due = select(Message.id).where(Message.state.in_(OPEN), Message.next_at <= moment, Message.not_after > moment)
    due = due.where(or_(literal(_may_catch_up(moment)), Message.next_at > moment - LATE, Message.urgent))
    ways = [each for each in (MAIL, SMS) if carrier_of(each) == way]
    due = due.where(~IS_HELD, Message.channel.in_(ways)).order_by(*ORDER).limit(limit)
    ids = list(db.session.scalars(due.with_for_update(skip_locked=True)))
    if not ids:
        return []
    taken = (
        update(Message)
        .where(Message.id.in_(ids), Message.state.in_(OPEN), Message.next_at <= moment)
        .values(state="sending", lease_token=token, lease_until=moment + LEASE)
        .returning(Message.id)
    )
    mine = set(db.session.scalars(taken, execution_options={"synchronize_session": False}))
    return [id_ for id_ in ids if id_ in mine]


def _may_catch_up(moment: datetime) -> bool:
    """Whether what is late may leave too: the last minute saw fewer attempts than `CATCH_UP`."""
    started = db.session.scalar(select(Attempt.started_at).order_by(Attempt.id.desc()).offset(CATCH_UP - 1).limit(1))
    return started is None or started <= moment - timedelta(minutes=1)


def _is_paused(way: str) -> bool:
    paused = Channel.name == way, Channel.paused_until.between(clock.now(), clock.now() + 2 * PAUSE)
    return db.session.scalar(select(Channel.name).where(*paused)) is not None


@writing()
def begin(message_id: int, token: str, way: str = MAIL) -> Turn | None:
    """Open an attempt to send by a channel, if the message is still ours and still wanted, and goes by it. The lease
    starts anew here, so that a batch may take longer than one lease."""
    db.session.expire_all()  # what earlier messages of the batch have read may have changed since: cancelled, moved …
    g.pop("options", None)  # … or switched off
    g.pop("surveys", None)
    message = locked(message_id, token)
    turn = _turn_of(message, token, way) if message else None
    db.session.commit()
    return turn


def _turn_of(message: Message, token: str, way: str) -> Turn | None:
    held = are_held()  # since the claim: what has not begun stays here
    decision = Postpone(message.next_at, message.reason) if held else wires.message_kinds[message.kind].decide(message)
    if not isinstance(decision, Recipient):
        _put_aside(message, decision)
        return None
    decision = replace(decision, language=reading_language(decision.language))
    if decision.channel != way:  # the other way out takes it up, once there is one
        wait = PAUSE if decision.channel == message.channel else timedelta()
        _undo(message.id, token, decision, Postpone(clock.now() + wait))
        return None
    refused = suppression.refusals(decision.address)
    if suppression.is_left_alone(message, refused):
        _undo(message.id, token, decision, Drop("suppressed", suppression.REASON))
        return None
    _address(message, decision)
    return _open_attempt(message, token, decision, refused_before=refused is not None)


def _undo(message_id: int, token: str, recipient: Recipient, decision: Drop | Postpone) -> None:
    """Put a message aside, with nothing of what its feature has prepared for one that leaves: no reminder, no link
    whose days run. Its address is not tried any more, or it goes another way."""
    db.session.rollback()
    if message := locked(message_id, token):
        _address(message, recipient)
        _put_aside(message, decision)


def _address(message: Message, recipient: Recipient) -> None:
    message.address, message.recipient, message.language = recipient.address, recipient.name, recipient.language
    message.channel = recipient.channel


def _open_attempt(message: Message, token: str, recipient: Recipient, *, refused_before: bool = False) -> Turn:
    moment, seen = clock.now(), list(db.session.identity_map.values())
    message.attempts += 1
    message.lease_until, message.reason = moment + LEASE, None  # it waits for nothing any more
    attempt = Attempt(message_id=message.id, number=message.attempts, token=token, started_at=moment)
    db.session.add(attempt)
    db.session.flush()
    return Turn(message, recipient, message.id, attempt.id, token, message.kind, number=message.attempts,
                ambiguous=message.ambiguous, seen=seen, refused_before=refused_before)  # fmt: skip


def _put_aside(message: Message, decision: Drop | Postpone) -> None:
    message.lease_token = message.lease_until = None
    if isinstance(decision, Postpone):
        message.state, message.next_at, message.reason = "scheduled", decision.until, decision.reason
    else:
        message.state, message.reason, message.put_aside_at = decision.state, decision.reason, clock.now()
        tell_moved({message.id: message.kind})


@writing()
def mark_text_under_way(turn: Turn) -> None:
    """Write down that the server may accept the text from now on: a death after this is an answer lost.

    Raises:
        LeaseLost: the lease ran out and somebody else may be sending the message: the text must not leave.
    """
    if not write_message(turn.message_id, turn.token, {"lease_until": clock.now() + LEASE}):
        db.session.commit()
        raise LeaseLost
    write_attempt(turn.attempt_id, {"phase": "data"})
    db.session.commit()


@writing()
def finish(turn: Turn, outcome: str, answer: str, *, of_recipient: bool = False) -> None:
    """Write down how an attempt ended. A database that does not answer is asked again until the lease ends.

    Args:
        turn: as `begin` returned it.
        outcome: `accepted`, `later` (not now), `refused` (never), `lost` (no answer after the text), `died` (we
            failed), `unfilled` (its text cannot be), or `closed` (there is no server; no message is to blame).
        answer: what the server said.
        of_recipient: whether it refused the address itself.
    """
    give_up = time.monotonic() + INSISTENCE
    while True:
        try:
            return _write_end(turn, outcome, channel.printable(answer), of_recipient)
        except (OperationalError, InterfaceError):
            db.session.rollback()
            if time.monotonic() > give_up:
                raise
            time.sleep(INSISTENCE_PACE)


def _write_end(turn: Turn, outcome: str, answer: str, of_recipient: bool) -> None:
    write_attempt(turn.attempt_id, {"outcome": outcome, "answer": answer, "ended_at": clock.now()})
    freed = {"lease_token": None, "lease_until": None, "last_answer": answer}
    if write_message(turn.message_id, turn.token, _after(turn, outcome) | freed):
        tell_moved({turn.message_id: turn.kind})
        if of_recipient:
            suppression.note_refusal(turn.recipient.address)
        elif outcome == "accepted" and turn.refused_before:
            suppression.note_acceptance(turn.recipient.address)
    db.session.commit()


def _after(turn: Turn, outcome: str) -> dict[str, Any]:
    moment = clock.now()
    if outcome == "accepted":
        return {"state": "sent", "sent_at": moment, "reason": None}
    if outcome in ("refused", "unfilled"):
        return {"state": "failed", "reason": "unfilled" if outcome == "unfilled" else "refused"}
    if outcome == "closed":
        return {"state": "due", "attempts": turn.number - 1, "next_at": moment}
    if outcome == "lost":
        return _after_lost_answer(turn.kind, turn.ambiguous, moment + BACK_OFF[0])
    if outcome == "died" and deaths(turn.message_id) >= POISON:
        return {"state": "failed", "reason": "poison"}
    wait = BACK_OFF[min(turn.number, len(BACK_OFF)) - 1] * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load
    return {"state": "retry", "next_at": moment + wait}


def _after_lost_answer(kind: str, ambiguous: int, next_at: object) -> dict[str, Any]:
    """The server may have it. Ask once more, with the same Message-ID and link; then say that we do not know."""
    known = wires.message_kinds.get(kind)
    if ambiguous + 1 > (known.extra_copies if known else 0):
        return {"state": "uncertain", "ambiguous": ambiguous + 1, "reason": "answer_lost"}
    return {"state": "retry", "ambiguous": ambiguous + 1, "next_at": next_at}


@writing()
def give_up_turn(message_id: int, token: str, fault: str) -> None:
    """Count an attempt that failed before it could begin. The message waits, and the others do not wait for it."""
    message = locked(message_id, token)
    turn = _open_attempt(message, token, Recipient("", "", "")) if message else None
    db.session.commit()
    if turn:
        finish(turn, "died", fault)


@writing()
def release(ids: Sequence[int], token: str) -> None:
    """Give claimed messages back that were not begun."""
    if ids:
        held = Message.id.in_(ids), Message.lease_token == token
        rows_changed(update(Message).where(*held).values(state="due", lease_token=None, lease_until=None))
        db.session.commit()


@writing()
def reclaim() -> int:
    """Free the messages whose process died, and judge the attempt it left. Return how many."""
    db.session.expire_all()
    stale = select(Message).where(Message.state == "sending", Message.lease_until < clock.now())
    found = list(db.session.scalars(stale.order_by(Message.id).with_for_update(skip_locked=True)))
    for message in found:
        for name, value in _after_death(message).items():
            setattr(message, name, value)
    tell_moved({message.id: message.kind for message in found})
    db.session.commit()
    return len(found)


def _after_death(message: Message) -> dict[str, Any]:
    """Judge the attempt that a dead process left; return how its message goes on. (No flush sees half of it.)"""
    moment, freed = clock.now(), {"lease_token": None, "lease_until": None}
    left = Attempt.token == message.lease_token, Attempt.message_id == message.id, Attempt.outcome.is_(None)
    attempt = db.session.scalar(select(Attempt).where(*left))
    if attempt is None:
        return freed | {"state": "due"}
    attempt.ended_at = moment
    if attempt.phase == "data":
        attempt.outcome = "lost"
        return freed | _after_lost_answer(message.kind, message.ambiguous, moment)
    attempt.outcome = "died"
    if deaths(message.id) >= POISON:
        return freed | {"state": "failed", "reason": "poison"}
    return freed | {"state": "due", "next_at": moment}


@writing()
def pause_channel(answer: str, way: str = MAIL) -> None:
    """The server does not answer or lets nobody in: one try a minute, and no message is blamed."""
    channel.note_closed(channel.printable(answer), clock.now(), clock.now() + PAUSE, way)
    db.session.commit()


@writing()
def open_channel(way: str = MAIL) -> None:
    """The server took a message: whatever was wrong is over."""
    channel.note_open(clock.now(), way)
    db.session.commit()
