"""Deeds on threads: opening one, writing in it, reading it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import case, select, update
from werkzeug.datastructures import FileStorage

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, rows_changed, upsert, wires
from portal.files.actions import keep
from portal.files.models import MOST_FILES, Attachment
from portal.links import new_public_id
from portal.threads.models import MessageFile, Participant, Reading, Thread, ThreadMessage
from portal.threads.queries import is_closed_to, is_staff
from portal.threads.words import BARRED, INCIDENT


@dataclass(frozen=True)
class Draft:
    """What somebody is about to write.

    Attributes:
        text: as typed, cleaned; empty only with something attached.
        token: of the form (see `portal.links.new_public_id`): the same one twice is one message.
        uploads: files as they came, or prepared already (`files.actions.prepare`), at most five.
        internal: for staff alone; only staff may say so.
    """

    text: str
    token: str
    uploads: Sequence[FileStorage | Attachment] = ()
    internal: bool = False


def person_of(user: User) -> tuple[str, int]:
    """What names a person in threads: the type of their record and its number."""
    type_, _colon, number = user.key.partition(":")
    return type_, int(number)


def open_thread(
    actor: User, topic: str, subject: str, first: Draft, *, clients: Collection[int] = (),
    workers: Collection[int] = (), sector_id: int | None, published: bool = True, batch: str | None = None,
) -> Thread:  # fmt: skip
    """Open a thread with its first message.

    Args:
        topic: a key of `words.TOPICS`, or `incident`.
        subject: free text after it, may be empty.
        clients, workers: numbers of the records that take part.
        sector_id: whose perimeter it is in: that of its client; None when no client takes part.
        published: whether the participants see it on their portals.
        batch: the same for all threads of one group message.

    Returns:
        The thread; that to which this form has led before, whatever it said then.

    Raises:
        Refused: as `write` says.
    """
    if twin := written(actor, first.token):
        return db.session.get_one(Thread, twin.thread_id)
    type_, number = person_of(actor)
    thread = Thread(topic=topic, subject=subject, sector_id=sector_id, published=published, batch=batch,
                    opened_type=type_, opened_id=number, opened_by=actor.name)  # fmt: skip
    thread.participants = [Participant(client_id=one) for one in clients] + [
        Participant(worker_id=one) for one in workers
    ]
    db.session.add(thread)
    db.session.flush()
    message = _insert(actor, thread, first)
    if message.thread_id != thread.id:  # the same form, sent twice at the same moment
        db.session.delete(thread)
        return db.session.get_one(Thread, message.thread_id)
    if topic != INCIDENT:  # an incident's thread is part of another deed: its declaration
        record("thread.opened", actor, ("thread", thread.id), after={"topic": topic, "published": published})
    return thread


def write(actor: User, thread: Thread, draft: Draft) -> ThreadMessage:
    """Write a message.

    Returns:
        The message; the one that is there already if this form was sent before.

    Raises:
        Refused: nothing is written, a file cannot be kept, an internal message of somebody outside, or the agency
            does not let this person write to the others in it.
    """
    if twin := written(actor, draft.token):
        return twin
    refuse_if_closed(actor, thread)
    message = _insert(actor, thread, draft)
    record("thread.written", actor, ("thread", thread.id), after={"message": message.id, "internal": message.internal})
    return message


def refuse_if_closed(actor: User, thread: Thread) -> None:
    if is_closed_to(actor, thread):
        raise Refused(BARRED["worker" if actor.worker_id else "client"], "barred")


def announce(actor: User, thread: Thread, event: str, *, internal: bool = False) -> ThreadMessage:
    """Say between the messages that something has happened: a line that each reads in their language. What is done is
    another deed's, and so is the entry in the journal.

    Args:
        event: a key of `words.EVENTS`.
        internal: for staff alone.
    """
    return _insert(actor, thread, Draft("", new_public_id(), internal=internal), event)


def written(actor: User, token: str) -> ThreadMessage | None:
    """What this person has sent with this form before."""
    type_, number = person_of(actor)
    by_person = ThreadMessage.author_type == type_, ThreadMessage.author_id == number
    return db.session.scalar(select(ThreadMessage).where(*by_person, ThreadMessage.token == token))


def is_as_sent(message: ThreadMessage, draft: Draft) -> bool:
    """Whether a message is what this form says, which may have been changed since it was sent first."""
    first = message.former[0].text if message.former else message.text
    return (first, message.internal, len(message.files)) == (draft.text, draft.internal, len(draft.uploads))


def _insert(actor: User, thread: Thread, draft: Draft, event: str | None = None) -> ThreadMessage:
    """Write a message under the lock of its thread, so that the numbers of messages are in their order; what follows
    from it, without the journal."""
    if not (draft.text or draft.uploads or event):
        raise Refused(_l("Please write something."), "text")
    if draft.internal and not is_staff(actor):
        raise Refused(_l("Only the agency writes internal messages."), "internal")
    if len(draft.uploads) > MOST_FILES:
        raise Refused(_l("A message takes five files at most."), "files")
    rows_changed(update(Thread).where(Thread.id == thread.id).values(version=Thread.version + 1))
    type_, number = person_of(actor)
    values = {"thread_id": thread.id, "author_type": type_, "author_id": number, "author_name": actor.name,
              "author_account_id": actor.account_id or None, "text": draft.text, "internal": draft.internal,
              "event": event, "token": draft.token, "at": clock.now()}  # fmt: skip
    key = [ThreadMessage.author_type, ThreadMessage.author_id, ThreadMessage.token]
    fresh = upsert(ThreadMessage).values(values).on_conflict_do_nothing(index_elements=key).returning(ThreadMessage.id)
    made = db.session.scalar(fresh)
    if made is None and (twin := written(actor, draft.token)):
        return twin
    for attachment in keep(actor, draft.uploads):
        db.session.add(MessageFile(attachment_id=attachment.id, message_id=made))
    message = db.session.get_one(ThreadMessage, made)
    _note_written(actor, thread, message)
    return message


def _note_written(actor: User, thread: Thread, message: ThreadMessage) -> None:
    """Carry what follows from a new message into the thread, the journal, and the features above."""
    news: dict[str, object] = {"last_at": message.at, "last_id": message.id}
    if not message.internal:
        news |= {"shown_at": message.at, "shown_id": message.id, "shown_version": Thread.shown_version + 1}
        news |= {"unread": not is_staff(actor)}
        if not message.event:  # what is dealt with is so no more, whoever goes on talking
            news |= {"archived_at": None, "archived_by": None}
    db.session.flush()
    rows_changed(update(Thread).where(Thread.id == thread.id).values(news))
    db.session.refresh(thread)
    mark_read(actor, thread, message.id)
    wires.react("message written", actor, thread, message)


def raise_version(thread_id: int, *, shown: bool) -> None:
    """Have the pages on which a thread is open brought up to date: something that stands above its messages changes.
    It takes the lock of the thread: to be called before anything else is written that a message in it writes too.

    Args:
        shown: whether participants see a difference; those who see none are not told that there was one.
    """
    seen = {"version": Thread.version + 1}
    if shown:
        seen["shown_version"] = Thread.shown_version + 1
    rows_changed(update(Thread).where(Thread.id == thread_id).values(seen))


def mark_read(user: User, thread: Thread, message_id: int) -> None:
    """Note that a person has read a thread up to a message; going back changes nothing. No entry in the journal: a
    read mark is no deed."""
    type_, number = person_of(user)
    row = {"thread_id": thread.id, "person_type": type_, "person_id": number, "message_id": message_id,
           "at": clock.now()}  # fmt: skip
    # the thread first, as whoever writes takes it: two that take turns in two orders wait for each other for ever
    db.session.execute(select(Thread.id).where(Thread.id == thread.id).with_for_update())
    mark = upsert(Reading).values(row)
    newer = mark.on_conflict_do_update(
        index_elements=[Reading.thread_id, Reading.person_type, Reading.person_id],
        set_={"message_id": mark.excluded.message_id, "at": mark.excluded.at},
        where=Reading.message_id < mark.excluded.message_id,
    ).returning(Reading.message_id)
    if db.session.scalar(newer) is None and not (is_staff(user) and thread.unread):
        return
    # staff see who has read what; and what one of the agency has read, the agency has read
    seen = {"version": Thread.version + 1}
    if is_staff(user):
        seen["unread"] = case((Thread.shown_id <= message_id, False), else_=Thread.unread)
    rows_changed(update(Thread).where(Thread.id == thread.id).values(seen))
    db.session.refresh(thread)
