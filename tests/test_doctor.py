"""`flask doctor`: what is wrong is found, said in words with what to do, and nothing is changed by looking."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select, update
from sqlalchemy.exc import OperationalError
from time_machine import TimeMachineFixture

from portal import checks, doctor
from portal.extensions import db
from portal.outbox import jobs
from portal.outbox.actions import hold_channel
from portal.outbox.models import Channel
from portal.settings.actions import set_option
from tests.conftest import Database, Mailbox, on_postgres
from tests.factories import NOON, Agency
from tests.servers import free_port

Examine = Callable[[], dict[str, str]]


@pytest.fixture
def examine(app: Flask) -> Examine:
    """Run the command; return what it says by subject, and under `exit` and `output` the rest."""

    def run() -> dict[str, str]:
        ended = app.test_cli_runner().invoke(args=["doctor"])
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        found = {"exit": str(ended.exit_code), "output": ended.output}
        for line in ended.output.splitlines():
            level, _, rest = line.partition(" ")
            if level in ("ok", "attention", "fault"):
                subject, _, words = rest.strip().partition(": ")
                found[subject] = f"{level}: {words}"
        return found

    return run


@pytest.fixture
def healthy(
    app: Flask, database: Database, valkey: str, mailbox: Mailbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installation in production that lacks nothing but a worker."""
    monkeypatch.setattr(doctor, "_skew", lambda: checks.ok("clock", "of the story"))  # which no database lives in
    app.config.update(
        PORTAL_ENV="production", PORTAL_BASE_URL="https://suivi.example.org", PORTAL_PROXY_HOPS=1,
        SECRET_KEY="kqPz9wVxY2mT7rLc4nBd8sFg1hJe5uAi", PORTAL_LINK_KEYS=["Qw7eRt1yUi9oPa3sDf5gHj8kLz2xCv4b"],
    )  # fmt: skip
    tmp_path.chmod(0o700)
    with database.writing():
        set_option(None, "agency.sender", "suivi@example.org")
    with app.app_context():
        jobs.sweep()


def test_an_installation_that_lacks_nothing_is_told_so(healthy: None, examine: Examine) -> None:
    found = examine()
    assert "fault" not in found["output"], found["output"]
    assert found["exit"] == "0"
    assert found["writing"] == "ok: works"
    assert found["attached files"].startswith("ok: ")
    assert found["sender"] == "ok: suivi@example.org"
    assert found["outbox"] == "ok: all promises hold"
    assert found["mail server"].startswith("ok: 127.0.0.1:")
    assert found["ticker"].startswith("ok: looked for due work")
    assert found["its memory"] == "ok: noeviction"
    assert found["workers"].startswith("attention: none")
    assert found["tables"].startswith("ok: version ")


def test_looking_changes_nothing_and_sends_nothing(
    healthy: None, examine: Examine, database: Database, mailbox: Mailbox
) -> None:
    before = database.fingerprint()
    examine()
    assert database.fingerprint() == before
    assert mailbox.received == []


def test_every_finding_that_is_not_well_says_what_to_do(examine: Examine) -> None:
    lines = examine()["output"].splitlines()
    for number, line in enumerate(lines):
        if line.startswith(("fault", "attention")):
            assert lines[number + 1].strip().startswith("→ "), line


@pytest.mark.parametrize(
    ("name", "value", "subject", "said"),
    [
        ("PORTAL_BASE_URL", "http://suivi.example.org", "address", "fault: http://suivi.example.org is not encrypted"),
        ("PORTAL_PROXY_HOPS", 0, "proxies", "fault: none is believed"),
        ("SECRET_KEY", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "secret key", "fault: can be guessed"),
        ("PORTAL_LINK_KEYS", ["Qw7eRt1yUi9oPa3sDf5gHj8kLz2xCv4b", "short"], "link keys", "fault: can be guessed"),
        ("PORTAL_REDIS_URL", "redis://127.0.0.1:9/0", "Redis", "fault: does not answer"),
        ("PORTAL_REDIS_URL", None, "Redis", "attention: none is named"),
        ("PORTAL_STORAGE_URL", "/dev/null/files", "attached files", "fault: /dev/null/files cannot be written"),
        ("PORTAL_SMTP_URL", "smtp://127.0.0.1:9", "mail server", "fault: 127.0.0.1:"),
        ("PORTAL_SMTP_URL", None, "mail server", "attention: none is named"),
        ("PORTAL_ENV", "development", "environment", "attention: development"),
    ],
)
def test_what_is_wrong_is_said(
    healthy: None, app: Flask, examine: Examine, name: str, value: object, subject: str, said: str
) -> None:
    app.config[name] = value
    found = examine()
    assert found[subject].startswith(said)
    assert found["exit"] == ("1" if said.startswith("fault") else "0")


def test_a_sender_that_no_mail_can_come_from_is_a_fault(
    healthy: None, app: Flask, examine: Examine, database: Database
) -> None:
    with database.writing():
        set_option(None, "agency.sender", "")
    app.config["PORTAL_MAIL_FROM"] = "élodie@agence.example"
    found = examine()
    assert found["sender"].startswith("fault: élodie@agence.example: no mail can come")
    assert found["exit"] == "1"


def test_severe_events_need_somebody_on_call(healthy: None, examine: Examine, database: Database) -> None:
    with database.writing():
        set_option(None, "adverse_events.enabled", "on")
    assert examine()["on call"].startswith("attention: nobody")
    with database.writing():
        set_option(None, "adverse_events.on_call", "astreinte@example.org")
    assert "on call" not in examine()
    with database.writing():
        set_option(None, "adverse_events.on_call", "")
        set_option(None, "adverse_events.enabled", "no")
    assert "on call" not in examine()


def test_no_secret_is_shown(healthy: None, app: Flask, examine: Examine) -> None:
    app.config["PORTAL_SMTP_URL"] = f"smtp://suivi:hush-hush@127.0.0.1:{free_port()}"
    output = examine()["output"]
    assert "hush" not in output
    assert str(app.config["SECRET_KEY"]) not in output
    assert app.config["PORTAL_LINK_KEYS"][0] not in output


def test_the_password_of_the_mail_server_is_tried(healthy: None, app: Flask, examine: Examine) -> None:
    """The server of the tests knows no sign-in at all: it lets nobody in who brings a password."""
    app.config["PORTAL_SMTP_URL"] = str(app.config["PORTAL_SMTP_URL"]).replace("smtp://", "smtp://suivi:wrong@")
    assert "does not let us in" in examine()["mail server"]


def test_a_redis_that_would_throw_jobs_away_is_a_fault(healthy: None, valkey: str, examine: Examine) -> None:
    with Redis.from_url(valkey) as connection:
        connection.config_set("maxmemory-policy", "allkeys-lru")
        found = examine()
        connection.config_set("maxmemory-policy", "noeviction")
    assert found["its memory"].startswith("fault: when it is full, jobs vanish")


def test_a_ticker_that_has_stopped_is_found(healthy: None, database: Database, examine: Examine) -> None:
    with database.writing():
        db.session.execute(update(Channel).values(swept_at=NOON - timedelta(minutes=20)))
    found = examine()
    assert found["ticker"] == "fault: last looked 20 min ago"
    assert found["exit"] == "1"


def test_messages_that_are_held_or_not_taken_are_said(healthy: None, database: Database, examine: Examine) -> None:
    with database.writing():
        hold_channel(None, "a backup")
    found = examine()
    assert found["messages"].startswith("attention: are held since 2026-11-17 1")
    with database.writing():
        db.session.execute(update(Channel).values(held_since=None, failing_since=NOON, answer="421 later"))
    assert examine()["messages"] == "fault: are not taken since 2026-11-17 11:00 UTC: 421 later"


def test_tables_of_another_version_are_found(healthy: None, examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.MigrationContext, "get_current_revision", lambda _: "0001")
    found = examine()
    assert found["tables"].startswith("fault: are at version 0001")
    assert "flask db upgrade" in found["output"]
    assert "ticker" not in found, "what stands on the tables is not looked at"


def test_a_database_that_takes_no_rows_is_found(
    healthy: None, examine: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = db.session.execute

    def execute(statement: object, *args: object, **options: object) -> object:
        if str(statement).startswith("INSERT INTO option_value"):
            raise OperationalError("INSERT", {}, Exception("database or disk is full"))
        return real(statement, *args, **options)  # ty: ignore[no-matching-overload]

    monkeypatch.setattr(db.session, "execute", execute)
    assert examine()["writing"] == "fault: does not work: database or disk is full"


def test_a_database_that_is_away_is_one_line(app: Flask, examine: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("", {}, Exception("connection refused\nIs the server running?"))

    monkeypatch.setattr(doctor, "_version", away)
    found = examine()
    assert found["database"] == "fault: does not answer: connection refused"
    assert "mail server" in found, "the rest is still looked at"


def test_an_open_data_folder_and_a_full_disk_are_found(
    healthy: None, examine: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o755)
    assert examine()["data folder"].startswith("attention: ")
    for free, level in ((50 * 1024**2, "fault"), (1024**3, "attention"), (10 * 1024**3, "ok")):
        monkeypatch.setattr(checks.shutil, "disk_usage", lambda _, free=free: type("Usage", (), {"free": free}))
        assert examine()["disk"].startswith(f"{level}: ")


@pytest.mark.skipif(not on_postgres(), reason="SQLite has no clock of its own")
def test_a_clock_that_is_apart_from_the_databases_is_found(
    examine: Examine, database: Database, time_machine: TimeMachineFixture
) -> None:
    assert examine()["clock"].startswith("fault: "), "the story's time is not the database's"
    time_machine.move_to(database.one(select(func.clock_timestamp())))
    assert examine()["clock"].startswith("ok: ")


def test_the_story_of_an_agency_is_well(healthy: None, agency: Agency, examine: Examine) -> None:
    assert examine()["outbox"] == "ok: all promises hold"
