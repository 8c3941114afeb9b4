"""Extensions, created unbound and attached by `create_app`; the column types and the engine's manners."""

import sqlite3
import sys
from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC as utc
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from flask import Flask
from flask_babel import Babel
from flask_security import Security
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from sqlalchemy import (
    JSON,
    ColumnElement,
    CursorResult,
    DateTime,
    Dialect,
    Engine,
    MetaData,
    Select,
    SQLColumnExpression,
    UpdateBase,
    event,
    false,
    func,
    null,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.pool import ConnectionPoolEntry

    from portal.accounts.models import User
    from portal.audit.models import AuditEntry
    from portal.controls.table import ControlTable
    from portal.imports.importer import Importer
    from portal.outbox.models import About, MessageKind
    from portal.people.models import Client, Worker
    from portal.threads.columns import ThreadColumn
    from portal.threads.models import Thread
    from portal.visits.models import Visit

NAMES = {  # every constraint has a name, so that a migration can speak of it
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Parent of every table."""

    metadata = MetaData(naming_convention=NAMES)


class UTC(TypeDecorator[datetime]):
    """An aware moment. SQLite forgets the zone, so it is converted before and put back after."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("A moment without a zone cannot be stored.")
        moment = value.astimezone(utc)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=utc) if value.tzinfo is None else value.astimezone(utc)


# rows stay readable after a commit: a page shows what it has just written, a mail what it was claimed with
db = SQLAlchemy(model_class=Base, session_options={"expire_on_commit": False})
csrf = CSRFProtect()
babel = Babel()
security = Security()


@dataclass(frozen=True)
class VisitColumn:
    """What a higher feature shows in every list of visits.

    Attributes:
        add: gives the list's statement the columns it needs.
        reader: called once with the user; returns what turns a row and the visit's stage into cells.
    """

    add: Callable[[Select], Select]
    reader: Callable[["User"], Callable[..., dict]]


@dataclass(frozen=True)
class MessageColumn:
    """What a higher feature says of a message: whom it is about.

    Attributes:
        add: gives a selection of messages the columns it needs, all in one row for each message.
        read: turns such a row into whom it is about; None for a message of another feature.
    """

    add: Callable[[Select], Select]
    read: Callable[..., "About | None"]


@dataclass(frozen=True)
class Panel:
    """A part of a page that another feature fills: a card of the staff's home page, a panel of the visit page.

    Attributes:
        template: of the part, below `templates/`.
        context: what it reads, beside what every page has.
    """

    template: str
    context: dict[str, object]


@dataclass(frozen=True)
class Fact:
    """One line of a visit's timeline.

    Attributes:
        at: when it happened, or will.
        text: the sentence, in the language of the page.
        icon: of the sprite.
        tone: as badges have them: `done`, `danger`, `attention`, `info`, `neutral`.
        note: what else there is to say: a reason, the mail server's answer, a comment.
        url: where more of it stands.
        more: the words that lead there; without, the sentence itself does.
        to_come: whether it has not happened yet.
        timed: whether the moment is shown; without, it only says where the line stands.
    """

    at: datetime
    text: str
    icon: str
    tone: str = "neutral"
    note: str | None = None
    url: str | None = None
    more: str | None = None
    to_come: bool = False
    timed: bool = True


@dataclass(frozen=True)
class NoteOrigin:
    """Something of a higher feature that notes follow.

    Attributes:
        visible: numbers of those that a person may read; who may read one reads its note, and nobody else does.
        address: of the page of one.
        label: what it is, to whoever reads the note.
        may_end: whether a person may finish the note of one, or take it up again, as things stand.
    """

    visible: Callable[["User"], Select[int]]
    address: Callable[[int], str]
    label: object
    may_end: Callable[["User", int], bool] = lambda _user, _origin_id: True


@dataclass
class Wires:
    """What lower features may call of higher ones. Empty here; `portal/wiring.py` fills it."""

    message_kinds: dict[str, "MessageKind"] = field(default_factory=dict)
    work_kinds: dict[str, Callable[..., None]] = field(default_factory=dict)
    work_given_up: dict[str, Callable[..., None]] = field(default_factory=dict)
    importers: dict[str, "Importer"] = field(default_factory=dict)
    tables: dict[str, "ControlTable"] = field(default_factory=dict)
    sectors_of: Callable[["User"], set[int]] = lambda _user: set()
    files_of_account: Callable[[int], list["User"]] = lambda _account_id: []
    reactions: dict[str, list[Callable[..., None]]] = field(default_factory=dict)
    demo: Callable[[], dict | None] = lambda: None
    waiting_visit: Callable[..., object] = lambda _user, _shown=None: None
    message_perimeter: Callable[["User"], ColumnElement[bool]] = lambda _user: false()
    message_about: list[MessageColumn] = field(default_factory=list)
    messages_about: Callable[[str], ColumnElement[bool]] = lambda _name: false()
    names_of_actors: Callable[[Collection["AuditEntry"]], dict[int, str]] = lambda _deeds: {}
    name_of_staff: Callable[[SQLColumnExpression[int | None]], ColumnElement] = lambda _account_id: null()
    visit_columns: list[VisitColumn] = field(default_factory=list)
    home_cards: list[Callable[["User"], Panel | None]] = field(default_factory=list)
    option_panels: dict[str, Callable[["User", Mapping[str, str]], Panel]] = field(default_factory=dict)
    account_panels: list[Callable[["User"], Panel | None]] = field(default_factory=list)
    client_timeline: list[Callable[..., list[tuple[int, Fact]]]] = field(default_factory=list)  # by journal entry
    worker_panels: list[Callable[["User", "Worker"], Panel | None]] = field(default_factory=list)
    closing_panels: list[Callable[["User", "Client | Worker"], Panel | None]] = field(default_factory=list)
    visit_panels: list[Callable[["User", "Visit"], Panel | None]] = field(default_factory=list)
    # by its number, and by that of the complaint that was made of it
    low_rating_panels: list[Callable[["User", int, int | None], Panel | None]] = field(default_factory=list)
    complaint_of_rating: Callable[[SQLColumnExpression[int]], ColumnElement] = lambda _rating_id: null()
    client_panels: list[Callable[["User", "Visit"], Panel | None]] = field(default_factory=list)  # in its frame Client
    timeline: list[Callable[["User", "Visit"], list[Fact]]] = field(default_factory=list)
    thread_columns: list["ThreadColumn"] = field(default_factory=list)
    thread_panels: list[Callable[["User", "Thread"], Panel | None]] = field(default_factory=list)  # above its messages
    # counts in the menu, by endpoint: each a statement that selects one number; None where nothing is counted
    badges: dict[str, Callable[["User"], Select[int] | None]] = field(default_factory=dict)
    home_counts: dict[str, Callable[["User"], Select[int] | None]] = field(default_factory=dict)  # asked with those
    way_to_set_up: Callable[[], str | None] = lambda: None  # while the portal belongs to nobody
    owner_of_thread: Callable[[int], int | None] = lambda _thread_id: None  # who of the staff has the matter in hand
    has_open_incident: Callable[[int], bool] = lambda _visit_id: False
    is_disputed: Callable[[SQLColumnExpression[int]], ColumnElement] = lambda _visit_id: null()  # the same, of many
    is_incident_open: Callable[[int], bool] = lambda _incident_id: False
    graver_report_url: Callable[["User", "Visit"], str | None] = lambda _user, _visit: None  # than an incident
    thread_of_incident: Callable[[int], int | None] = lambda _incident_id: None
    note_origins: dict[str, NoteOrigin] = field(default_factory=dict)
    promises: list[Callable[[], list[str]]] = field(default_factory=list)  # for `flask outbox audit`

    def react(self, fact: str, *subjects: object, **options: object) -> None:
        """Call what higher features do when `fact` happens, in order, inside the present transaction."""
        for reaction in self.reactions[fact]:
            reaction(*subjects, **options)


wires = Wires()

_writing: ContextVar[bool] = ContextVar("writing", default=False)


@contextmanager
def writing() -> Generator[None]:
    """Take SQLite's write lock at the start of each transaction in this block: a reader that turns writer
    half-way would be refused at once, whatever the busy timeout."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


def begin_writing() -> None:
    """The same for the rest of a request (the context ends with it)."""
    _writing.set(True)


def begin_reading() -> None:
    """Readers never lock: what a safe request starts with."""
    _writing.set(False)


@event.listens_for(Engine, "connect")
def _prepare_sqlite(connection: object, _entry: "ConnectionPoolEntry") -> None:
    if not isinstance(connection, sqlite3.Connection):
        return
    connection.isolation_level = None  # we say BEGIN ourselves, below
    # the system keeps pages as well: a quarter of a megabyte for each of many threads' connections is enough
    settings = ("journal_mode=WAL", "busy_timeout=10000", "foreign_keys=ON", "synchronous=FULL", "cache_size=-250")
    for pragma in settings:
        connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "begin")
def _begin_sqlite(connection: "Connection") -> None:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("BEGIN IMMEDIATE" if _writing.get() else "BEGIN")


def init_app(app: Flask) -> None:
    db.init_app(app)
    csrf.init_app(app)
    if "gunicorn" not in sys.modules:  # a web process migrates nothing, and Alembic is an eighth of its memory
        from flask_migrate import Migrate

        Migrate(app, db, directory=str(Path(app.root_path) / "migrations"), render_as_batch=True, compare_type=True)


def upsert(kind: type[DeclarativeBase]) -> sqlite.Insert | postgresql.Insert:
    """Return an INSERT that can be told what to do when the row is there: both engines can, each by its own class."""
    return (postgresql if db.engine.dialect.name == "postgresql" else sqlite).insert(kind)


def list_of(column: ColumnElement) -> ColumnElement:
    """Gather the values of a column into a list, or None when there are none: each engine has a way of its own."""
    gather = func.json_agg if db.engine.dialect.name == "postgresql" else func.json_group_array
    return gather(column, type_=JSON)


def rows_changed(statement: UpdateBase) -> int:
    """Run an UPDATE or DELETE past the session's objects; return how many rows met its condition.

    A conditional update that changes one row is how two processes agree on who does something.
    """
    options = {"synchronize_session": False}
    return cast("CursorResult", db.session.execute(statement, execution_options=options)).rowcount
