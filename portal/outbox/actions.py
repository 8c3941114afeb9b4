"""Promising a message, taking the promise back, sending once more; holding all messages and letting them go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, rows_changed, upsert, wires
from portal.links import new_public_id
from portal.outbox.channel import insert_channel
from portal.outbox.held import tell_moved
from portal.outbox.jobs import DRAINS, drain_of
from portal.outbox.models import MAIL, OPEN, Channel, Message
from portal.queue import enqueue_after_commit

PATIENCE = timedelta(days=7)  # how long a message that does not get out is still worth sending


@dataclass(frozen=True)
class Order:
    """A message to be sent.

    Attributes:
        kind: a key of `MESSAGE_KINDS` in `portal/wiring.py`.
        subject: type and id of the row that the message is about; its feature finds the recipient from it.
        dedupe_key: says what must not be sent twice (`rating:17:1`).
        due_at: when it should leave, at the earliest.
        not_after: when it is too late; a week after `due_at` without it.
        suppressed: a reason for which it must not leave; it is written down all the same, so that staff see why.
        channel: by which it will go, where that is known already; else it is found when it leaves.
    """

    kind: str
    subject: tuple[str, int]
    dedupe_key: str
    due_at: datetime
    not_after: datetime | None = None
    suppressed: str | None = None
    channel: str = MAIL


def schedule(orders: Sequence[Order]) -> dict[str, int]:
    """Write messages in the present transaction; one already promised under its key is left alone.

    Returns:
        The ids of the messages by dedupe key, old and new.
    """
    if not orders:
        return {}
    rows = {order.dedupe_key: _row(order) for order in orders}
    fresh = upsert(Message).on_conflict_do_nothing(index_elements=[Message.dedupe_key])
    new = dict(db.session.execute(fresh.returning(Message.dedupe_key, Message.id), list(rows.values())).all())
    if any(rows[key]["next_at"] <= clock.now() and rows[key]["state"] == "scheduled" for key in new):
        for way in {rows[key]["channel"] for key in new}:
            enqueue_after_commit(db.session, drain_of(way))
    return new | message_ids([key for key in rows if key not in new])


def message_ids(keys: Sequence[str]) -> dict[str, int]:
    """Return the ids of the messages that have one of these dedupe keys."""
    found: dict[str, int] = {}
    for start in range(0, len(keys), 500):
        chosen = select(Message.dedupe_key, Message.id).where(Message.dedupe_key.in_(keys[start : start + 500]))
        found |= {row.dedupe_key: row.id for row in db.session.execute(chosen)}
    return found


def _row(order: Order) -> dict[str, Any]:
    moment = clock.now()
    return {
        "public_id": new_public_id(),
        "kind": order.kind,
        "urgent": wires.message_kinds[order.kind].urgent,
        "dedupe_key": order.dedupe_key,
        "channel": order.channel,
        "subject_type": order.subject[0],
        "subject_id": order.subject[1],
        "state": "suppressed" if order.suppressed else "scheduled",
        "reason": order.suppressed,
        "created_at": moment,
        "put_aside_at": moment if order.suppressed else None,
        "due_at": order.due_at,
        "next_at": order.due_at,
        "not_after": order.not_after or order.due_at + PATIENCE,
    }


def cancel(ids: Sequence[int], reason: str) -> list[int]:
    """Take messages back that have not left; return which. One that is just being sent asks again before it leaves."""
    found: dict[int, str] = {}
    for start in range(0, len(ids), 500):
        open_ones = Message.id.in_(ids[start : start + 500]), Message.state.in_(OPEN)
        closed = {"state": "cancelled", "reason": reason, "put_aside_at": clock.now()}
        taken_back = update(Message).where(*open_ones).values(closed).returning(Message.id, Message.kind)
        found |= dict(db.session.execute(taken_back).all())
    tell_moved(found)
    return list(found)


def refuse_to_send_again(message: Message) -> None:
    """Say why a message cannot be sent again now; asked before the question is put, and again when it is answered.

    Raises:
        Refused: it is just being sent, or has yet to leave.
    """
    if message.state == "sending":
        raise Refused(_l("This message is being sent at this moment. Look again in a minute."), "sending")
    if message.state in OPEN:
        raise Refused(_l("This message has not left yet: it leaves without your doing anything."), "open")


def send_again(actor: User, message: Message) -> None:
    """Have a message leave once more that was refused, put aside, or has even arrived.

    The feature it belongs to is asked anew whether it is wanted and where it goes. What was tried before stays among
    the attempts; the time between two tries starts from the beginning.

    Raises:
        Refused: as `refuse_to_send_again` says.
    """
    refuse_to_send_again(message)
    moment, before = clock.now(), {"state": message.state, "reason": message.reason}
    as_seen = Message.id == message.id, Message.state == message.state, Message.resends == message.resends
    renewed = {"state": "due", "reason": None, "next_at": moment, "not_after": moment + PATIENCE, "sent_at": None,
               "put_aside_at": None, "attempts": 0, "resends": message.resends + 1}  # fmt: skip
    if not rows_changed(update(Message).where(*as_seen).values(renewed)):
        raise Refused(_l("Somebody else has just sent this message again."), "open")
    db.session.expire(message)
    tell_moved({message.id: message.kind})
    record("message.sent_again", actor, ("message", message.id), before=before, after={"state": "due"})
    enqueue_after_commit(db.session, drain_of(message.channel))


def refuse_to_cancel(message: Message) -> None:
    """Say why a message cannot be taken back (any more).

    Raises:
        Refused: it is just being sent, has left, or does not leave anyway.
    """
    if message.state == "sending":
        raise Refused(_l("This message is being sent at this moment: it cannot be taken back any more."), "sending")
    if message.state == "sent":
        raise Refused(_l("This message has left already: it cannot be taken back any more."), "sent")
    if message.state not in OPEN:
        raise Refused(_l("This message does not leave any more: there is nothing to take back."), "closed")


def cancel_message(actor: User, message: Message) -> None:
    """Take one message back, because somebody of the staff says so.

    Raises:
        Refused: as `refuse_to_cancel` says, or it began to leave at this very moment.
    """
    refuse_to_cancel(message)
    before, still_open = {"state": message.state}, (Message.id == message.id, Message.state.in_(OPEN))
    closed = {"state": "cancelled", "reason": "by_staff", "put_aside_at": clock.now()}
    if not rows_changed(update(Message).where(*still_open).values(closed)):
        raise Refused(_l("This message is being sent at this moment: it cannot be taken back any more."), "sending")
    db.session.expire(message)
    tell_moved({message.id: message.kind})
    record("message.cancelled", actor, ("message", message.id), before=before, after={"state": "cancelled"})


def hold_channel(actor: User | None, why: str) -> bool:
    """Hold all messages, the urgent ones too, until somebody releases them.

    Args:
        actor: who wants it; None for the portal itself (a backup was put back).
        why: in words, for whoever wonders why nothing leaves.

    Returns:
        Whether they are held since now: a hold that there is already stays as it is, with its reason.
    """
    held = {"held_since": clock.now(), "held_by": actor.name if actor else None, "held_why": why}
    free = Channel.name == MAIL, Channel.held_since.is_(None)
    if not rows_changed(update(Channel).where(*free).values(held)) and not insert_channel(held):
        return False
    record("channel.held", actor, ("channel", 1))
    return True


def release_channel(actor: User | None) -> None:
    """Let the messages go that were held.

    Raises:
        Refused: nothing is held.
    """
    free = {"held_since": None, "held_by": None, "held_why": None}
    if not rows_changed(update(Channel).where(Channel.name == MAIL, Channel.held_since.is_not(None)).values(free)):
        raise Refused(_l("Messages are not held (any more): they leave."), "released")
    record("channel.released", actor, ("channel", 1))
    for drain in DRAINS.values():
        enqueue_after_commit(db.session, drain)
