"""What the portal says of itself: enough to find a fault, nothing of the people it serves."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from rq.serializers import JSONSerializer
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from portal import logs
from portal.extensions import db
from portal.links import make_token
from portal.outbox.models import Message
from portal.people.models import Client
from portal.queue import PortalJob, PortalWorker
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import NOON, Agency
from tests.pages import Browser

ROOT = Path(__file__).resolve().parent.parent


class Lines(logging.Handler):
    """What would stand in the log of a production server."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(logs.JsonLines())
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(self.format(record))

    @property
    def all(self) -> list[dict]:
        return [json.loads(text) for text in self.texts]

    def last(self) -> dict:
        return [line for line in self.all if line["logger"] == "portal.requests"][-1]


@pytest.fixture
def lines() -> Iterator[Lines]:
    taken, root, ours = Lines(), logging.getLogger(), logging.getLogger("portal")
    levels = root.level, ours.level
    root.addHandler(taken)
    root.setLevel(logging.DEBUG)  # even what is not shown must be clean
    ours.setLevel(logging.DEBUG)
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # the other end of the wire, which is not ours
    yield taken
    root.removeHandler(taken)
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def test_a_request_is_one_line_with_rule_status_and_who_asked_as_a_role(
    agency: Agency, sign_in: SignIn, lines: Lines
) -> None:
    page = sign_in(agency.claire).get("/client/visits")
    line = lines.last()
    assert {name: line[name] for name in ("method", "rule", "status", "portal", "role")} == {
        "method": "GET", "rule": "/client/visits", "status": 200, "portal": "client", "role": "client",
    }  # fmt: skip
    assert line["ms"] > 0
    assert line["request"] == page.headers["X-Request-ID"]
    assert line["time"].endswith("+00:00")


def test_what_machines_ask_all_day_leaves_no_line(stranger: Browser, lines: Lines) -> None:
    stranger.get("/healthz")
    stranger.get("/static/portal.css")
    assert not [line for line in lines.all if line["logger"] == "portal.requests"]


def test_a_path_that_no_rule_knows_is_not_written_down(stranger: Browser, lines: Lines) -> None:
    stranger.get("/claire-durand-was-here?name=Claire")
    assert "laire" not in "".join(lines.texts)
    assert lines.last()["status"] == 404
    stranger.watching = False
    stranger.open("/sign-in", method="CLAIRE")
    assert "CLAIRE" not in "".join(lines.texts)


def test_two_requests_have_two_ids_and_a_browser_cannot_choose_one(stranger: Browser) -> None:
    first, second = (stranger.get("/healthz", headers={"X-Request-ID": "mine"}) for _ in range(2))
    assert first.headers["X-Request-ID"] != second.headers["X-Request-ID"]
    assert "mine" not in (first.headers["X-Request-ID"], second.headers["X-Request-ID"])


def test_the_reference_on_the_page_of_a_fault_finds_its_trace(
    agency: Agency, sign_in: SignIn, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    from portal.visits import routes

    def fail(*_: object, **__: object) -> None:
        raise ValueError(f"cannot read {agency.claire.email}")

    monkeypatch.setattr(routes.queries, "list_visits", fail)
    page = sign_in(agency.claire).get("/client/visits")
    reference = page.words.rpartition("give this reference: ")[2].split()[0]
    assert reference == page.headers["X-Request-ID"]
    fault, request = [line for line in lines.all if line.get("request") == reference]
    assert fault["level"] == "error"
    assert fault["trace"][-1] == "ValueError"
    assert any("tests/test_logs.py" in place and place.endswith(" fail") for place in fault["trace"])
    assert request["status"] == 500
    assert agency.claire.email not in "".join(lines.texts)


def test_a_whole_day_leaves_nobodys_words_name_address_or_token_in_the_log(
    app: Flask, agency: Agency, sign_in: SignIn, stranger: Browser, database: Database, mailbox: Mailbox, lines: Lines
) -> None:
    comment = "the kettle was left on the stove"
    claire = sign_in(agency.claire)
    claire.act(f"/client/visits/{agency.claires_done}/rating", {"stars": "1", "comment": comment})
    sign_in(agency.sofia).get(f"/staff/visits?client={agency.claire.name}")
    stranger.act("/sign-in", {"email": agency.claire.email, "password": "wrong password of Claire"})
    stranger.act("/forgotten-password", {"email": agency.claire.email})
    with database.writing():
        db.session.execute(insert(Message).values(
            kind="ratings.request", dedupe_key="broken", subject_type="rating_subject", subject_id=0,
            created_at=NOON, due_at=NOON, next_at=NOON, not_after=datetime(2100, 1, 1, tzinfo=UTC)))  # fmt: skip
    mailbox.collect()
    public = database.all(select(Message.public_id))
    with app.app_context():
        tokens = [make_token(purpose, name) for purpose in ("rate", "unsubscribe", "password") for name in public]
    for token in tokens:
        stranger.get(f"/r/{token}?stars=4")
        stranger.get(f"/password/{token}")
    written = "\n".join(lines.texts)
    assert [line for line in lines.all if line["level"] == "error"], "a message that cannot be begun leaves a trace"
    people = database.all(select(Client.email, Client.first_name, Client.last_name))
    said = {word for person in people for word in person if word} | {agency.claire.name, comment, "kettle", *tokens}
    assert not {word for word in said if word in written}
    assert "127.0.0.1" not in written


def test_what_the_database_says_of_a_value_stays_out(lines: Lines) -> None:
    reason = Exception(
        'duplicate key value violates unique constraint "uq_account_email"\nDETAIL:  Key (email)=(claire)'
    )
    try:
        raise IntegrityError("INSERT INTO account …", {"email": "claire"}, reason)
    except IntegrityError as error:
        logging.getLogger("portal.test").error("failed: %s", error, exc_info=error)
    (line,) = lines.all
    assert line["message"].endswith('violates unique constraint "uq_account_email"')
    assert "claire" not in lines.texts[0]


def test_what_can_only_be_about_the_machine_is_kept(lines: Lines) -> None:
    logger = logging.getLogger("portal.test")
    logger.warning("no room: %s", OSError(28, "No space left on device", "/data/Claire Durand.csv"))
    logger.warning("%s", AttributeError("'NoneType' object has no attribute 'visit'"))
    assert [line["message"] for line in lines.all] == [
        "no room: OSError: No space left on device",
        "AttributeError: 'NoneType' object has no attribute 'visit'",
    ]


def test_what_others_write_is_looked_through(lines: Lines) -> None:
    other = logging.getLogger("somebody.else")
    other.warning(
        "from %s to <claire@example.org> at redis://:secret@10.0.0.7:6379 by 2001:db8:0:0:0:0:0:1", "192.0.2.4"
    )
    (line,) = lines.all
    assert line["message"] == "from <ip> to <<address>> at redis://…@<ip>:6379 by <ip>"


def test_the_web_server_does_not_repeat_a_request_that_it_could_not_serve(lines: Lines) -> None:
    server = logging.getLogger("gunicorn.error")
    server.error("Error handling request %s %s", "GET", "/r/claire?name=Durand")
    server.warning("Invalid request from ip=192.0.2.4: Invalid HTTP request line: 'GET /claire'")
    server.error("Worker (pid:%s) was sent %s!", 17, "SIGKILL")
    assert [line["message"] for line in lines.all] == [
        "Error handling request GET …", "Invalid request", "Worker (pid:17) was sent SIGKILL!",
    ]  # fmt: skip


def test_a_developer_reads_plain_lines(app: Flask) -> None:
    record = logging.LogRecord("portal.requests", logging.INFO, "", 0, "request", None, None)
    record.facts = {
        "request": "5be14f10",
        "method": "GET",
        "rule": "/sign-in",
        "status": 200,
        "ms": 3.25,
        "portal": None,
    }
    with app.test_request_context("/sign-in"):
        line = logs.ReadableLines().format(record)
    assert line.endswith(" request: #5be14f10 GET /sign-in 200 3.25 ms")


@pytest.mark.parametrize("arguments", [["doctor"], ["--help"], ["worker"]])
def test_a_wrong_environment_is_one_sentence_and_no_trace(tmp_path: Path, arguments: list[str]) -> None:
    command = [sys.executable, "-m", "flask", *arguments]
    environ = {"PORTAL_ENV": "production", "PORTAL_DATA_DIR": str(tmp_path), "PORTAL_SECRET_KEY": "short"}
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Error: The portal refuses to start in production: ")
    assert "PORTAL_SECRET_KEY is weak" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_the_web_server_refuses_a_wrong_environment_with_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "gunicorn", "--config", "python:portal.processes", "--no-control-socket"]
    environ = {"PORTAL_ENV": "staging", "PORTAL_DATA_DIR": str(tmp_path)}
    ended = subprocess.run([*command, "--bind", f"unix:{tmp_path}/s", "wsgi:app"], cwd=ROOT, env=environ,
                           capture_output=True, text=True, check=False, timeout=60)  # fmt: skip
    assert ended.returncode == 1
    assert "PORTAL_ENV is neither development nor production" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_job_that_fails_leaves_its_name_and_its_place_and_not_what_it_was_given(
    app: Flask, valkey: str, lines: Lines
) -> None:
    with Redis.from_url(valkey) as connection:
        worker = PortalWorker(app, connection)
        job = PortalJob.create("portal.outbox.jobs.drain", args=("claire@example.org",), connection=connection,
                               serializer=JSONSerializer)  # fmt: skip
        foreign = PortalJob.create("os.system", args=("echo Claire",), connection=connection, serializer=JSONSerializer)
        try:
            raise ValueError("Claire Lefèvre")
        except ValueError:
            for failed in (job, foreign):
                worker.handle_exception(failed, *sys.exc_info())
    ours, other = [line for line in lines.all if line["message"] == "job failed"]
    assert ours["job"] == "portal.outbox.jobs.drain"
    assert ours["trace"][-1] == "ValueError"
    assert "job" not in other
    assert "laire" not in "".join(lines.texts)
