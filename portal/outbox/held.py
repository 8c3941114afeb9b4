"""Writing to a message that one holds, and to its attempt: only while the lease token on the row is still ours.

Each mail needs it twice, so the statements are made once: making one takes longer than running it.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from sqlalchemy import CursorResult, Table, Update, bindparam, func, select, update

from portal.extensions import db, wires
from portal.outbox.models import IS_HELD, Attempt, Message

MESSAGE, ATTEMPT = cast("Table", Message.__table__), cast("Table", Attempt.__table__)


LOCKED = select(Message).where(Message.id == bindparam("held_id"), Message.lease_token == bindparam("held_token"))
LOCKED, ARE_HELD = LOCKED.with_for_update(), select(IS_HELD)


def locked(message_id: int, token: str) -> Message | None:
    """Return the message with its row locked, so that nobody takes it away within this transaction."""
    return db.session.scalar(LOCKED, {"held_id": message_id, "held_token": token})


def are_held() -> bool:
    """Whether somebody holds all messages."""
    return bool(db.session.scalar(ARE_HELD))


def write_message(message_id: int, token: str, values: dict[str, Any]) -> bool:
    """Write to a message past the session's objects; return whether it was still ours."""
    held = {"held_id": message_id, "held_token": token}
    return _run(_message_update(tuple(values)), held, values) == 1


def write_attempt(attempt_id: int, values: dict[str, Any]) -> None:
    """Write to an attempt that has not ended."""
    _run(_attempt_update(tuple(values)), {"held_id": attempt_id}, values)


def tell_moved(messages: Mapping[int, str]) -> None:
    """Let the features that count messages know that the state of some has changed: they wait, or will not leave, or
    have left.

    Args:
        messages: their kinds by id.
    """
    if messages:
        wires.react("messages moved", messages)


def deaths(message_id: int) -> int:
    """How many attempts at a message were broken off, by an error or with their process."""
    died = select(func.count()).where(Attempt.message_id == message_id, Attempt.outcome == "died")
    return db.session.scalar(died) or 0


def _run(statement: Update, held: dict[str, Any], values: dict[str, Any]) -> int:
    given = held | {f"new_{name}": value for name, value in values.items()}
    return cast("CursorResult", db.session.execute(statement, given)).rowcount


@cache
def _message_update(names: tuple[str, ...]) -> Update:
    ours = MESSAGE.c.id == bindparam("held_id"), MESSAGE.c.lease_token == bindparam("held_token")
    return update(MESSAGE).where(*ours).values(_new(MESSAGE, names))


@cache
def _attempt_update(names: tuple[str, ...]) -> Update:
    open_one = ATTEMPT.c.id == bindparam("held_id"), ATTEMPT.c.outcome.is_(None)
    return update(ATTEMPT).where(*open_one).values(_new(ATTEMPT, names))


def _new(table: Table, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: bindparam(f"new_{name}", type_=table.c[name].type) for name in names}
