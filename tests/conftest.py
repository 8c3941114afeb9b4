"""What every test stands on: the application on a database of its own, strict browsers, the people of the story."""

import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from time import sleep
from typing import Any, cast
from unittest import mock

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from flask import Flask, session
from flask_migrate import upgrade
from jinja2 import BytecodeCache, StrictUndefined
from jinja2.bccache import Bucket
from sqlalchemy import Column, Dialect, QueuePool, Select, Table, create_engine, event, func, make_url, select
from time_machine import TimeMachineFixture, travel

from app import create_app
from portal import config
from portal.accounts.actions import open_session
from portal.accounts.models import Account
from portal.extensions import babel, begin_reading, csrf, db, security, writing
from portal.outbox import jobs
from tests import factories
from tests.factories import NOON, Agency, Persona
from tests.faults import tally
from tests.keeping import AsItWas, keep, put_back
from tests.pages import Browser, Watch
from tests.servers import Cluster, free_port, postgres_cluster, valkey_server

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = ("127.", "::1", "localhost")


def on_postgres() -> bool:
    return os.environ.get("PORTAL_TEST_POSTGRES") == "1"


# ---- around all tests ----

MEMORY, ROOMY = Path("/dev/shm"), 4 * 2**30  # noqa: S108 (Linux keeps what lies there in memory)


def pytest_configure() -> None:
    """Where there is room, all that tests write lies in memory: on a disk, half of their time is waiting for it."""
    if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOMY:
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


@pytest.hookimpl(trylast=True)  # pytest itself sorts by what tests need
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What waits more than it works starts first, beside the others: at the end nobody would work meanwhile."""
    items.sort(key=lambda item: item.get_closest_marker("processes") is None)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    tally.summarize(terminalreporter)


@pytest.fixture(autouse=True)
def _push_request_context() -> None:
    """Replace pytest-flask's: it shares `g` (language, user) between the requests of a test."""


@pytest.fixture(scope="session", autouse=True)
def _no_network() -> Iterator[None]:
    """Loopback and sockets of files are all there is."""
    connect = socket.socket.connect

    def refuse(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not str(address[0]).startswith(LOOPBACK):
            raise AssertionError(f"a test wants to reach {address}")
        connect(self, address)

    with mock.patch.object(socket.socket, "connect", refuse):
        yield


@pytest.fixture(scope="session", autouse=True)
def _catalogs() -> None:
    """Compile the translations; two workers of xdist may do it at once."""
    for source in ROOT.glob("translations/*/LC_MESSAGES/messages.po"):
        target = source.with_suffix(".mo")
        if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        partial = target.with_suffix(f".{os.getpid()}")
        with source.open("rb") as read, partial.open("wb") as write:
            write_mo(write, read_po(read))
        partial.replace(target)


class Compiled(BytecodeCache):
    """Templates compiled once for all applications of this process."""

    def __init__(self) -> None:
        self.known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.known:
            bucket.bytecode_from_string(self.known[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.known[bucket.key] = bucket.bytecode_to_string()


COMPILED = Compiled()
LINK_KEY = "the key of mailed links in all tests"
# a password's hash is slow on purpose; test_passwords.py looks at the real one
CHEAP_HASHES = {"SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS": {"argon2__time_cost": 1, "argon2__memory_cost": 64}}


def environ_of(database_url: str, data_dir: Path) -> dict[str, str]:
    """All that the environment says of the portal."""
    return {
        "PORTAL_DATA_DIR": str(data_dir),
        "PORTAL_DATABASE_URL": database_url,
        "PORTAL_SECRET_KEY": "the secret of the tests, long enough",
        "PORTAL_LINK_KEYS": LINK_KEY,
        "PORTAL_BASE_URL": "http://localhost",
    }


def make_app(database_url: str, data_dir: Path, **overrides: object) -> Flask:
    """Return the application as this environment alone would make it; undefined names in templates are errors.

    Args:
        database_url: of a database that has its tables.
        data_dir: for what the installation keeps beside the database.
        overrides: configuration that differs.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PORTAL_")}
    with mock.patch.dict(os.environ, kept | environ_of(database_url, data_dir), clear=True):
        made = create_app(TESTING=True, **CHEAP_HASHES, **overrides)
    # TESTING would raise what no handler expects; users get a page, and so do tests that provoke a fault
    made.config["PROPAGATE_EXCEPTIONS"] = True
    made.jinja_env.undefined = StrictUndefined
    made.jinja_env.bytecode_cache = COMPILED
    made.test_client_class = Browser
    with made.app_context():
        made.extensions["tests.watch"] = Watch(db.engine)
    return made


class Standing:
    """The application that all tests of this process use, one after the other.

    Making one takes as long as many a test, and an engine that stays knows the statements that it has compiled. Each
    test finds the application as it was made: configuration, extensions and what they hold. The connections are new,
    to the test's own database, and what a test listens to at the engine ends with it.
    """

    def __init__(self, database_url: str, data_dir: Path) -> None:
        self.url = make_url(database_url)
        self._make(data_dir)
        self.engine = create_engine(self.url, **self.app.config["SQLALCHEMY_ENGINE_OPTIONS"])
        event.listen(self.engine, "do_connect", self._connect)

    def _make(self, data_dir: Path) -> None:
        self.app = make_app(self.url.render_as_string(hide_password=False), data_dir)
        held = (self.app, self.app.jinja_env, vars(self.app)["login_manager"], db, csrf, babel, security)
        self.made, self.addresses = AsItWas(*held), list(self.app.url_map.iter_rules())

    def _connect(self, dialect: Dialect, _entry: object, arguments: list, options: dict) -> None:
        arguments[:], own = dialect.create_connect_args(self.url)
        options.update(own)

    def at(self, database_url: str, data_dir: Path) -> Flask:
        """The application as it was made, on that database and beside that folder."""
        begin_reading()  # a test whose last request wrote says otherwise
        self.made.put_back()
        if list(self.app.url_map.iter_rules()) != self.addresses:
            self._make(data_dir)  # addresses that a test has added cannot be taken back
        self.app.config.update(config.load(environ_of(database_url, data_dir)))
        self.url = make_url(database_url)
        engine = self.engine.execution_options()  # compiled statements are shared; listeners and the address are not
        engine.url = self.url
        with self.app.app_context():
            cast("dict", db.engines)[None] = engine
        self.app.extensions["tests.watch"] = Watch(engine)
        return self.app


def close(app: Flask) -> None:
    """Close all connections. One still in use would stay open, and be held against a later test."""
    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            assert cast("QueuePool", engine.pool).checkedout() == 0, "somebody still uses the database"
            engine.dispose()


# ---- databases: each test gets a copy of a template, made once ----


@pytest.fixture(scope="session")
def cluster() -> Generator[Cluster | None]:
    """A throw-away PostgreSQL of this process, when the suite runs on PostgreSQL."""
    if not on_postgres():
        yield None
        return
    with postgres_cluster() as running:
        yield running


class Templates:
    """Databases with all tables: an empty one and one that holds the story."""

    def __init__(self, folder: Path, cluster: Cluster | None) -> None:
        self.folder, self.cluster = folder, cluster
        self.urls: dict[str, str] = {}
        self.free: dict[str, list[str]] = {"empty": [], "story": []}  # PostgreSQL's copies, put back as they were
        self.agency: Agency | None = None

    def url(self, name: str) -> str:
        """Address of a template; nobody may be connected to it."""
        if name not in self.urls:
            self.urls[name] = self._make(name)
        return self.urls[name]

    def _make(self, name: str) -> str:
        if name == "story":
            return self._tell(self.copy("empty", self.folder / "story.db"))
        url = self.cluster.new_database() if self.cluster else f"sqlite:///{self.folder / name}.db"
        app = make_app(url, self.folder)
        with app.app_context():
            upgrade()
        close(app)
        if self.cluster:
            keep(url, db.metadata)
        return url

    def _tell(self, url: str) -> str:
        app = make_app(url, self.folder)
        with travel(NOON), app.app_context(), writing():
            self.agency = factories.build_agency()
            db.session.commit()
        close(app)
        if self.cluster:
            keep(url, db.metadata)
        return url

    def copy(self, name: str, path: Path) -> str:
        """Return the address of a fresh copy; of SQLite's, at `path`."""
        url = self.url(name)
        if self.cluster:
            used = self.free[name]
            return used.pop() if used else self.cluster.new_database(url.partition("@/")[2].partition("?")[0])
        shutil.copyfile(url.removeprefix("sqlite:///"), path)
        return f"sqlite:///{path}"

    def give_back(self, name: str, url: str) -> None:
        """Put a copy of PostgreSQL's back for the next test; drop it if that does not work."""
        if not self.cluster:
            return
        if put_back(url):
            self.free[name].append(url)
        else:
            self.cluster.drop_database(url)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster | None) -> Templates:
    return Templates(tmp_path_factory.mktemp("templates"), cluster)


@pytest.fixture(scope="session")
def standing(templates: Templates, tmp_path_factory: pytest.TempPathFactory) -> Standing:
    return Standing(templates.url("empty"), tmp_path_factory.mktemp("standing"))


@pytest.fixture
def app(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    templates: Templates,
    standing: Standing,
    time_machine: TimeMachineFixture,
) -> Generator[Flask]:
    """The application on a database of its own, at noon of the story's Tuesday. The clock runs on from there.

    The database is empty, or holds the story if the test asks for `agency`. There is no Redis and no mail server unless
    the test asks for `valkey` or `mailbox`.
    """
    name = "story" if "agency" in request.fixturenames else "empty"
    url = templates.copy(name, tmp_path / "portal.db")
    time_machine.move_to(NOON)
    made = standing.at(url, tmp_path)
    yield made
    close(made)
    templates.give_back(name, url)


@pytest.fixture
def agency(app: Flask, templates: Templates) -> Agency:
    """The people of the story (tests/factories.py)."""
    assert templates.agency
    return templates.agency


# ---- servers ----


@pytest.fixture(scope="session")
def valkey_url() -> Generator[str]:
    with valkey_server() as url:
        yield url


@pytest.fixture
def valkey(app: Flask, valkey_url: str) -> str:
    """A real Valkey, empty, which the application uses."""
    from redis import Redis

    with Redis.from_url(valkey_url) as connection:
        connection.flushall()
    app.config["PORTAL_REDIS_URL"] = valkey_url
    return valkey_url


class Postman:
    """The other end of the wire: takes every mail."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.received.append(mail)
        return "250 taken"


@pytest.fixture(scope="session")
def postman() -> Generator[tuple[Postman, str]]:
    taker, port = Postman(), free_port()
    server = Controller(taker, hostname="127.0.0.1", port=port)
    server.start()
    yield taker, f"smtp://127.0.0.1:{port}"
    server.stop()


class Mailbox:
    """Mails that have left, once something has sent what is due: `mailbox.collect()`."""

    def __init__(self, app: Flask, taker: Postman) -> None:
        self.app, self.taker = app, taker

    @property
    def received(self) -> list[EmailMessage]:
        return self.taker.received

    def collect(self) -> list[EmailMessage]:
        """Send what is due, as the ticker of an installation without Redis does; return the mails that came."""
        before = len(self.received)
        with self.app.app_context():
            jobs.sweep(inline=True)
        return self.received[before:]

    def one(self) -> EmailMessage:
        """The one mail that is due, once it is: a browser may read an answer before what follows the answer is done."""
        came = self.collect()
        for _look in range(200):
            if came:
                break
            sleep(0.05)
            came = self.collect()
        assert len(came) == 1, [mail["Subject"] for mail in came]
        return came[0]


def text_of(mail: EmailMessage, kind: str = "plain") -> str:
    """The plain or the html part of a mail."""
    part = mail.get_body((kind,))
    assert part is not None
    return part.get_content()


@pytest.fixture
def mailbox(app: Flask, postman: tuple[Postman, str]) -> Mailbox:
    """A real mail server on loopback, which the application uses."""
    taker, url = postman
    taker.received.clear()
    app.config["PORTAL_SMTP_URL"] = url
    return Mailbox(app, taker)


# ---- hands ----


DENIED = "'access.denied'"


def _said(table: Table) -> list[Column]:
    return [column for column in table.columns if str(column) != "account_session.seen_at"]


class Database:
    """Reading and writing beside the application, each time in a context and a transaction of its own."""

    def __init__(self, app: Flask) -> None:
        self.app = app

    @contextmanager
    def writing(self) -> Generator[None]:
        """Do something as a request would: `with database.writing(): …` commits at its end."""
        with self.app.app_context(), writing():
            yield
            db.session.commit()

    def all(self, statement: Select) -> Sequence[Any]:
        """The rows of a statement; of a single column, its values."""
        with self.app.app_context():
            found = db.session.execute(statement).all()
            return [row[0] if len(row) == 1 else tuple(row) for row in found]

    def one(self, statement: Select) -> Any:
        found = self.all(statement)
        assert len(found) == 1, found
        return found[0]

    def count(self, kind: type, *conditions: Any) -> int:
        return self.one(select(func.count()).select_from(kind).where(*conditions))

    def fingerprint(self) -> dict[str, list]:
        """Everything that is in the database, but when browsers were last seen and who was refused something."""
        with self.app.app_context():
            return {
                table.name: sorted(row for row in rows if DENIED not in row)
                for table in db.metadata.sorted_tables
                for rows in [map(repr, db.session.execute(select(*_said(table))))]
            }


@pytest.fixture
def database(app: Flask) -> Database:
    return Database(app)


SignIn = Callable[[Persona], Browser]


@pytest.fixture
def stranger(app: Flask) -> Browser:
    """A strict browser of somebody not signed in, who reads English."""
    return open_browser(app)


def open_browser(app: Flask, *, chosen: str | None = None) -> Browser:
    """An English browser. Behind a mailed link the language of the mail comes before the browser's, and only what its
    owner has `chosen` comes before that."""
    made = app.test_client()
    assert isinstance(made, Browser)
    made.environ_base["HTTP_ACCEPT_LANGUAGE"] = "en"
    if chosen:
        with made.session_transaction() as cookie:
            cookie["language"] = chosen
    return made


@pytest.fixture
def sign_in(app: Flask) -> SignIn:
    """Open a browser in which somebody is signed in, without the slow look at the password."""

    def sign_in(person: Persona) -> Browser:
        made = open_browser(app)
        with app.test_request_context(environ_base=made.environ_base), writing():
            account = db.session.get_one(Account, person.account_id)
            open_session(account)
            db.session.commit()
            values = dict(session)
        with made.session_transaction() as cookie:
            cookie.update(values)
        return made

    return sign_in
