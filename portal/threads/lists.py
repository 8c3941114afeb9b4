"""Lists of threads, what waits in them, and the figures beside them in the menus."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import g
from sqlalchemy import Row, ScalarSelect, Select, and_, exists, func, or_, select

from portal import clock
from portal.accounts.models import User
from portal.extensions import Panel, db, list_of
from portal.people.models import Client, Worker
from portal.people.queries import is_named
from portal.tables.queries import Page, addresses_of, read_page
from portal.threads.actions import person_of
from portal.threads.columns import Heading, add_columns, heading_reader
from portal.threads.forms import ThreadFilter
from portal.threads.models import Participant, Reading, Thread, ThreadMessage
from portal.threads.queries import is_staff, visible_threads

COUNTED = 100  # a badge needs no more
SHOWN = 6  # on the home page; the list has them all
LOOKED_BACK = timedelta(days=30)


@dataclass(frozen=True)
class ThreadRow:
    """A line of a list.

    Attributes:
        url: of its page.
        people: who takes part besides the agency and whoever looks.
        at: of the last message that this person may read.
        is_new: something in it is unread; for staff, by the agency.
    """

    id: int
    heading: Heading
    url: str
    people: tuple[str, ...]
    at: datetime
    is_new: bool
    archived: bool
    published: bool


def list_threads(user: User, narrowed: ThreadFilter | None = None) -> Page[ThreadRow]:
    """Return a page of the threads that this person may read, newest first."""
    chosen = _narrow(visible_threads(user), narrowed) if narrowed else visible_threads(user)
    last, number = (Thread.last_at, Thread.last_id) if is_staff(user) else (Thread.shown_at, Thread.shown_id)
    statement = thread_rows(user, chosen).order_by(last.desc(), number.desc(), Thread.id.desc())
    return read_page(statement, row_reader(user))


def tag_of(page: Page[ThreadRow]) -> str:
    """What a page of the list is tagged with: another one when what it shows is another. Moments are shown as so long
    ago: they are told anew every ten minutes."""
    lines = [
        (row.id, row.heading.title, [str(mark.label) for mark in row.heading.marks], row.url, row.people, row.at,
         row.is_new, row.archived, row.published)
        for row in page.rows
    ]  # fmt: skip
    shown = repr((page.number, page.total_label, page.has_next, lines, int(clock.now().timestamp()) // 600))
    return hashlib.sha256(shown.encode()).hexdigest()[:16]


def _narrow(statement: Select, narrowed: ThreadFilter) -> Select:
    if narrowed.state != "all":
        archived = Thread.archived_at.is_not(None)
        statement = statement.where(archived if narrowed.state == "archived" else ~archived)
    if narrowed.unread:
        statement = statement.where(Thread.unread)
    if narrowed.topic:
        statement = statement.where(Thread.topic == narrowed.topic)
    if narrowed.sector_id:
        statement = statement.where(Thread.sector_id == narrowed.sector_id)
    if narrowed.who:
        clients = select(Client.id).where(is_named(Client, narrowed.who))
        workers = select(Worker.id).where(is_named(Worker, narrowed.who))
        named = or_(Participant.client_id.in_(clients), Participant.worker_id.in_(workers))
        statement = statement.where(exists().where(Participant.thread_id == Thread.id, named))
    return statement


def thread_rows(user: User, threads: Select) -> Select:
    """Turn a selection of threads into the rows that `row_reader` reads."""
    staff = is_staff(user)
    type_, number = person_of(user)
    mine = and_(Reading.thread_id == Thread.id, Reading.person_type == type_, Reading.person_id == number)
    statement = threads.with_only_columns(
        Thread.id, Thread.topic, Thread.subject, Thread.published, Thread.unread, Thread.archived_at,
        (Thread.last_at if staff else Thread.shown_at).label("at"), Thread.shown_id,
        Reading.message_id.label("read_id"), _people(user).label("people"),
    )  # fmt: skip
    return add_columns(statement.outerjoin(Reading, mine))


def _people(user: User) -> ScalarSelect:
    name = func.coalesce(Client.first_name + " " + Client.last_name, Worker.first_name + " " + Worker.last_name)
    others = select(list_of(name)).select_from(Participant).outerjoin(Client).outerjoin(Worker)
    others = others.where(Participant.thread_id == Thread.id).correlate(Thread)
    if user.client_id:
        others = others.where(Participant.client_id.is_distinct_from(user.client_id))
    if user.worker_id:
        others = others.where(Participant.worker_id.is_distinct_from(user.worker_id))
    return others.scalar_subquery()


def row_reader(user: User) -> Callable[[Row], ThreadRow]:
    """Return what turns a row of `thread_rows` into a line of a list."""
    staff, heading_of = is_staff(user), heading_reader(user)
    portal = "staff" if staff else "worker" if user.worker_id else "client"
    address = addresses_of(f"{portal}.show_thread", "thread_id")

    def read(row: Row) -> ThreadRow:
        heading = heading_of(row)
        is_new = row.unread and not row.archived_at if staff else row.shown_id > (row.read_id or 0)
        return ThreadRow(
            id=row.id, heading=heading, url=heading.url or address(row.id),
            people=tuple(sorted(name.strip() for name in row.people or ())), at=row.at, is_new=is_new,
            archived=staff and row.archived_at is not None, published=row.published,
        )  # fmt: skip

    return read


def row_of(user: User, thread_id: int) -> ThreadRow | None:
    """One thread, as the lists show it."""
    found = db.session.execute(thread_rows(user, visible_threads(user).where(Thread.id == thread_id))).one_or_none()
    return row_reader(user)(found) if found else None


# ---- what waits ----


def count_unread(user: User) -> Select[int]:
    """How many threads hold something unread: the badge in the menu. The one that is open is being read."""
    threads = visible_threads(user).where(Thread.id != g.get("open_thread", 0))
    if is_staff(user):
        threads = threads.where(Thread.unread, Thread.archived_at.is_(None))
    else:
        type_, number = person_of(user)
        read = Reading.thread_id == Thread.id, Reading.person_type == type_, Reading.person_id == number
        threads = threads.where(Thread.shown_id > 0, ~exists().where(*read, Reading.message_id >= Thread.shown_id))
    waiting = threads.with_only_columns(Thread.id).limit(COUNTED).subquery()
    return select(func.count()).select_from(waiting)


def home_card(user: User) -> Panel | None:
    """The conversations that wait for an answer of the agency, those that have waited longest first. In which nobody
    has written for a month, nobody waits: the last word was a thank you."""
    threads = visible_threads(user).join(ThreadMessage, ThreadMessage.id == Thread.shown_id)
    threads = threads.where(Thread.last_at > clock.now() - LOOKED_BACK)
    waiting = threads.where(ThreadMessage.author_type != "staff", Thread.archived_at.is_(None))
    in_order = thread_rows(user, waiting).order_by(Thread.shown_at, Thread.id).limit(SHOWN + 1)
    rows = [row_reader(user)(row) for row in db.session.execute(in_order)]
    return Panel("threads/_home.html", {"waiting": rows[:SHOWN], "more": len(rows) > SHOWN}) if rows else None
