"""Promising a message, and taking the promise back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from portal import clock
from portal.extensions import db, wires
from portal.links import new_public_id
from portal.outbox.jobs import drain
from portal.outbox.models import OPEN, Message
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
    """

    kind: str
    subject: tuple[str, int]
    dedupe_key: str
    due_at: datetime
    not_after: datetime | None = None
    suppressed: str | None = None


def schedule(orders: Sequence[Order]) -> dict[str, int]:
    """Write messages in the present transaction; one already promised under its key is left alone.

    Returns:
        The ids of the messages by dedupe key, old and new.
    """
    if not orders:
        return {}
    keys = [order.dedupe_key for order in orders]
    known = message_ids(keys)
    new = [_row(order) for order in orders if order.dedupe_key not in known]
    if new:
        db.session.execute(insert(Message), new)
        if any(row["next_at"] <= clock.now() and row["state"] == "scheduled" for row in new):
            enqueue_after_commit(db.session, drain)
    return known | message_ids([row["dedupe_key"] for row in new])


def message_ids(keys: Sequence[str]) -> dict[str, int]:
    """Return the ids of the messages that have one of these dedupe keys."""
    found: dict[str, int] = {}
    for start in range(0, len(keys), 500):
        chosen = select(Message.dedupe_key, Message.id).where(Message.dedupe_key.in_(keys[start : start + 500]))
        found |= {row.dedupe_key: row.id for row in db.session.execute(chosen)}
    return found


def _row(order: Order) -> dict[str, Any]:
    return {
        "public_id": new_public_id(),
        "kind": order.kind,
        "urgent": wires.message_kinds[order.kind].urgent,
        "dedupe_key": order.dedupe_key,
        "subject_type": order.subject[0],
        "subject_id": order.subject[1],
        "state": "suppressed" if order.suppressed else "scheduled",
        "reason": order.suppressed,
        "created_at": clock.now(),
        "due_at": order.due_at,
        "next_at": order.due_at,
        "not_after": order.not_after or order.due_at + PATIENCE,
    }


def cancel(ids: Sequence[int], reason: str) -> None:
    """Take messages back that have not left. One that is just being sent asks again before it leaves."""
    for start in range(0, len(ids), 500):
        open_ones = Message.id.in_(ids[start : start + 500]), Message.state.in_(OPEN)
        db.session.execute(update(Message).where(*open_ones).values(state="cancelled", reason=reason))
