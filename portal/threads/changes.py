"""Deeds on what is written already: correcting, withdrawing, putting a thread aside."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import update

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, rows_changed
from portal.threads.actions import person_of, refuse_if_closed
from portal.threads.models import FormerMessage, Thread, ThreadMessage
from portal.threads.reading import is_correctable


def correct_message(user: User, thread: Thread, message: ThreadMessage, text: str) -> None:
    """Let an author say something else in place of what they said a moment ago; the former text is kept.

    Raises:
        Refused: too late, nothing is left of it, or this person writes in the thread no more.
    """
    _change(thread, message)
    refuse_unless_correctable(user, thread, message)
    if not (text or message.files):
        raise Refused(_l("Please write something."), "text")
    if text == message.text:
        return
    db.session.add(FormerMessage(message_id=message.id, text=message.text))
    message.text, message.corrected_at = text, clock.now()
    db.session.flush()
    record("thread.corrected", user, ("thread", thread.id), after={"message": message.id})


def refuse_unless_correctable(user: User, thread: Thread, message: ThreadMessage) -> None:
    refuse_if_closed(user, thread)
    if message.withdrawn_at and (message.author_type, message.author_id) == person_of(user):
        raise Refused(_l("The agency has withdrawn this message: it cannot be corrected any more."), "withdrawn")
    if not is_correctable(user, message):
        raise Refused(_l("A message can be corrected for five minutes, by whoever wrote it."), "late")


def withdraw_message(user: User, thread: Thread, message: ThreadMessage, reason: str) -> None:
    """Have nobody outside the agency read a message any more: the reason stands in its place, its files are closed.

    Raises:
        Refused: it is withdrawn already, or nobody wrote it.
    """
    _change(thread, message)
    refuse_unless_withdrawable(message)
    message.withdrawn_at, message.withdrawn_by, message.withdraw_reason = clock.now(), user.name, reason
    db.session.flush()
    record("thread.withdrawn", user, ("thread", thread.id), after={"message": message.id})


def refuse_unless_withdrawable(message: ThreadMessage) -> None:
    if message.withdrawn_at or message.event:
        raise Refused(_l("This message is withdrawn already, or there is nothing in it to withdraw."), "withdrawn")


def _change(thread: Thread, message: ThreadMessage) -> None:
    """Take the lock of the thread, and read the message as it is under it. Whoever sees it sees that it changes."""
    seen: dict[str, object] = {"version": Thread.version + 1}
    if not message.internal:
        seen["shown_version"] = Thread.shown_version + 1
    rows_changed(update(Thread).where(Thread.id == thread.id).values(seen))
    db.session.refresh(message)
    db.session.refresh(thread)


def archive(user: User, thread: Thread) -> None:
    """Put a thread aside: it is dealt with, until somebody writes in it again for all who take part."""
    fresh = update(Thread).where(Thread.id == thread.id, Thread.archived_at.is_(None))
    aside = {"archived_at": clock.now(), "archived_by": user.name, "unread": False, "version": Thread.version + 1}
    if rows_changed(fresh.values(aside)):
        record("thread.archived", user, ("thread", thread.id))


def take_up(user: User, thread: Thread) -> None:
    """Take a thread that was put aside up again."""
    put_aside = update(Thread).where(Thread.id == thread.id, Thread.archived_at.is_not(None))
    again = {"archived_at": None, "archived_by": None, "version": Thread.version + 1}
    if rows_changed(put_aside.values(again)):
        record("thread.taken_up", user, ("thread", thread.id))


def mark_unread(thread: Thread) -> None:
    """Have a thread counted as unread again, for all of the agency. A read mark is no deed: nothing in the journal."""
    rows_changed(update(Thread).where(Thread.id == thread.id).values(unread=True, version=Thread.version + 1))
