"""A thread as one reader sees it: who takes part, what was said, who has read how far."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from flask_babel import gettext as _
from sqlalchemy import Integer, Row, Select, and_, bindparam, case, func, select
from sqlalchemy.orm import selectinload

from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.files.models import Attachment
from portal.people.models import Client, Relative, Staff, Worker
from portal.people.queries import can_sign_in
from portal.threads.actions import person_of
from portal.threads.columns import Heading, add_columns, heading_reader
from portal.threads.links import Piece, pieces
from portal.threads.models import FormerMessage, Participant, Reading, Thread, ThreadMessage
from portal.threads.queries import is_staff, visible_messages, visible_threads
from portal.threads.words import EVENTS

SHOWN = 50  # messages at a time
CORRECTABLE = timedelta(minutes=5)


@dataclass(frozen=True)
class Seen:
    """Who has read up to a message, and when."""

    person: tuple[str, int]
    name: str
    at: datetime


@dataclass(frozen=True)
class Said:
    """A message as its reader sees it.

    Attributes:
        whose: `own`, `agency`, `other`; `event` for a line about what happened.
        author_type: `client`, `relative`, `worker` or `staff`.
        text: in pieces; empty when it is not for this reader.
        withdrawn: why, if it was withdrawn.
        former: what it said before, oldest first, and until when; for staff.
        marks: who has read up to here; for staff.
        correctable: by this reader, for some minutes.
    """

    id: int
    whose: str
    author: str
    author_type: str
    at: datetime
    text: Sequence[Piece]
    internal: bool
    corrected_at: datetime | None
    withdrawn: str | None
    withdrawn_by: str | None
    files: Sequence[Attachment]
    former: Sequence[FormerMessage]
    marks: Sequence[Seen]
    correctable: bool


@dataclass(frozen=True)
class Talk:
    """Some messages of a thread, oldest first.

    Attributes:
        earlier: number of the message before which there are more; None at the beginning.
        last_id: of the newest message that this reader may see in the whole thread.
        unread: whether this reader has not read it all; never while earlier messages are shown.
        tag: changes when what this reader sees does.
    """

    messages: Sequence[Said]
    earlier: int | None
    last_id: int
    unread: bool
    tag: str


def opened_thread(user: User, thread_id: int) -> tuple[Thread, Heading] | None:
    """Return a thread that this person may read, and how it is headed."""
    chosen = visible_threads(user).where(Thread.id == thread_id)
    row = db.session.execute(add_columns(chosen.add_columns(Thread.topic, Thread.subject))).one_or_none()
    return (row[0], heading_reader(user)(row)) if row else None


def tag_of(user: User, thread: Thread | Row) -> str:
    """What the page of a thread is tagged with: another one when what this person sees of it is another. Moments are
    shown as so long ago: they are told anew every ten minutes."""
    version = thread.version if is_staff(user) else thread.shown_version
    return f"{version}.{int(clock.now().timestamp()) // 600}"


def present_tag(user: User, thread_id: int) -> str | None:
    """The tag of a thread as it is now, in one statement; None for a thread that this person may not read."""
    row = db.session.execute(_versions(user.kind), {**user.numbers, "thread_id": thread_id}).one_or_none()
    return tag_of(user, row) if row else None


@cache
def _versions(kind: User) -> Select:
    """Made once: it is asked every few seconds by each page that is open."""
    chosen = visible_threads(kind).where(Thread.id == bindparam("thread_id", type_=Integer))
    return chosen.with_only_columns(Thread.version, Thread.shown_version)


def talk_of(user: User, thread: Thread, before: int | None = None, *, closed: bool = False) -> Talk:
    """Return the last messages of a thread, or the last before one of them.

    Args:
        closed: this person writes in it no more (`queries.is_closed_to`), and corrects nothing.
    """
    last_id = thread.last_id if is_staff(user) else thread.shown_id
    chosen = visible_messages(user).where(ThreadMessage.thread_id == thread.id)
    if before:
        chosen = chosen.where(ThreadMessage.id < before)
    chosen = chosen.options(selectinload(ThreadMessage.files)).order_by(ThreadMessage.id.desc()).limit(SHOWN + 1)
    found = db.session.scalars(chosen).all()
    messages, more = found[:SHOWN][::-1], len(found) > SHOWN
    marks, read = _marks(user, thread)
    former = _former(user, messages)
    said = [_as_said(user, one, former.get(one.id, ()), marks.get(one.id, ()), closed) for one in messages]
    return Talk(said, messages[0].id if more else None, last_id, read < last_id and not before, tag_of(user, thread))


def _as_said(
    user: User, one: ThreadMessage, former: Sequence[FormerMessage], marks: Sequence[Seen], closed: bool
) -> Said:
    own, staff = (one.author_type, one.author_id) == person_of(user), is_staff(user)
    whose = "event" if one.event else "own" if own else "agency" if one.author_type == "staff" else "other"
    readable = one.withdrawn_at is None or staff
    text = str(EVENTS.get(one.event, "")) if one.event else one.text
    return Said(
        id=one.id, whose=whose, author=one.author_name, author_type=one.author_type, at=one.at,
        text=pieces(text) if readable else (), internal=one.internal, corrected_at=one.corrected_at,
        withdrawn=one.withdraw_reason, withdrawn_by=one.withdrawn_by if staff else None,
        files=[file.attachment for file in one.files] if one.withdrawn_at is None else (), former=former,
        marks=[mark for mark in marks if mark.person != (one.author_type, one.author_id)],
        correctable=not closed and is_correctable(user, one),
    )  # fmt: skip


def is_correctable(user: User, one: ThreadMessage) -> bool:
    """Whether this person can still correct a message: their own, for some minutes."""
    fresh = clock.now() < one.at + CORRECTABLE and one.withdrawn_at is None and one.event is None
    return fresh and (one.author_type, one.author_id) == person_of(user)


def _former(user: User, messages: Sequence[ThreadMessage]) -> Mapping[int, Sequence[FormerMessage]]:
    corrected = [one.id for one in messages if one.corrected_at]
    found: defaultdict[int, list[FormerMessage]] = defaultdict(list)
    if corrected and is_staff(user):
        chosen = select(FormerMessage).where(FormerMessage.message_id.in_(corrected)).order_by(FormerMessage.id)
        for one in db.session.scalars(chosen):
            found[one.message_id].append(one)
    return found


def _marks(user: User, thread: Thread) -> tuple[Mapping[int, Sequence[Seen]], int]:
    """Who has read how far, by message, for staff; and how far this person has."""
    kinds = {"client": Client, "relative": Relative, "worker": Worker, "staff": Staff}
    me = person_of(user)
    mine = Reading.person_type == me[0], Reading.person_id == me[1]
    if not is_staff(user):
        chosen = select(Reading.message_id).where(Reading.thread_id == thread.id, *mine)
        return {}, db.session.scalar(chosen) or 0
    name = case(
        {word: kind.first_name + " " + kind.last_name for word, kind in kinds.items()}, value=Reading.person_type
    )
    chosen = select(Reading, func.coalesce(name, "").label("name")).where(Reading.thread_id == thread.id)
    for word, kind in kinds.items():
        chosen = chosen.outerjoin(kind, and_(Reading.person_type == word, Reading.person_id == kind.id))
    marks: defaultdict[int, list[Seen]] = defaultdict(list)
    read = 0
    for reading, named in db.session.execute(chosen.order_by(Reading.at, Reading.person_type, Reading.person_id)):
        if (reading.person_type, reading.person_id) == me:
            read = reading.message_id
        else:
            person = reading.person_type, reading.person_id
            marks[reading.message_id].append(Seen(person, named.strip(), reading.at))
    return marks, read


def readers_of(thread: Thread, for_staff: bool) -> list[str]:
    """Names of those who read a thread on their portals: who takes part, and relatives whom the client's file lets; of
    closed records nobody. Staff are told who has no access."""
    of_client = and_(Participant.client_id == Client.id, Client.active)
    granted = and_(Relative.client_id == Client.id, Relative.active, Relative.sees_threads)
    of_worker = and_(Participant.worker_id == Worker.id, Worker.active)
    chosen = (
        select(Client, Worker, Relative, *(can_sign_in(kind) for kind in (Client, Worker, Relative)))
        .select_from(Participant).where(Participant.thread_id == thread.id).outerjoin(Client, of_client)
        .outerjoin(Relative, granted).outerjoin(Worker, of_worker).order_by(Participant.id, Relative.id)
    )  # fmt: skip
    named: dict[str, None] = {}
    for row in db.session.execute(chosen):
        for person, enters in zip(row[:3], row[3:], strict=True):
            if person:
                named[_with_access(person.name, bool(enters) or not for_staff)] = None
    return list(named)


def _with_access(name: str, enters: bool) -> str:
    """A name; beside it, that this person cannot sign in."""
    shut = _("no access to the portal")
    return name if enters else f"{name} ({shut})"
