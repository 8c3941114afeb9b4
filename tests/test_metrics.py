"""The figures for those who watch over the portal: right, cheap, and for nobody else."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text, update

from portal.extensions import db
from portal.headers import behind_proxies
from portal.outbox import jobs
from portal.outbox.actions import hold_channel
from portal.outbox.models import Attempt, Channel, Message
from portal.work.models import Work
from tests.conftest import Database, Mailbox, on_postgres
from tests.factories import NOON, Agency
from tests.pages import Browser, Page

TOKEN = "t" * 40
Figures = Callable[[], dict[str, float]]


@pytest.fixture
def figures(stranger: Browser) -> Figures:
    """Read the page as Prometheus would: each line is a comment or a name, a label and a number."""

    def read() -> dict[str, float]:
        page = stranger.get("/metrics")
        assert page.status == 200
        assert page.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        found = {}
        for line in page.text.splitlines():
            if not line.startswith("# "):
                whole = re.fullmatch(r'([a-z_0-9]+(?:\{[a-z]+="[a-z]+"\})?) (NaN|[0-9.e+-]+)', line)
                assert whole, line
                found[whole[1]] = float(whole[2])
        assert all(f"# TYPE {name.partition('{')[0]} gauge" in page.text for name in found)
        return found

    return read


def write(database: Database, key: str, **values: object) -> None:
    """A message, due at noon unless said otherwise."""
    fixed = {"kind": "ratings.request", "subject_type": "x", "subject_id": 1, "due_at": NOON, "next_at": NOON,
             "not_after": NOON + timedelta(days=7), "created_at": NOON}  # fmt: skip
    with database.writing():
        db.session.add(Message(dedupe_key=key, **(fixed | values)))


def test_an_empty_portal_waits_for_nothing_and_was_never_swept(figures: Figures) -> None:
    found = figures()
    assert found["suivi_oldest_due_seconds"] == 0
    assert found["suivi_last_sweep_age_seconds"] != found["suivi_last_sweep_age_seconds"]  # NaN
    assert found['suivi_messages{state="due"}'] == found["suivi_channel_held"] == found["suivi_redis_up"] == 0


def test_what_waits_is_counted_and_the_oldest_says_for_how_long(figures: Figures, database: Database) -> None:
    write(database, "a", state="due", next_at=NOON - timedelta(minutes=20))
    write(database, "b", state="retry", next_at=NOON - timedelta(minutes=5))
    write(database, "c", state="scheduled", next_at=NOON + timedelta(hours=5))
    write(database, "d", state="sent", sent_at=NOON, next_at=NOON - timedelta(days=2))
    found = figures()
    assert found['suivi_messages{state="due"}'] == 1
    assert found['suivi_messages{state="retry"}'] == 1
    assert found['suivi_messages{state="scheduled"}'] == 1
    assert 1200 <= found["suivi_oldest_due_seconds"] < 1260
    assert not [name for name in found if "sent" in name]


def test_what_was_given_up_counts_for_a_day(figures: Figures, database: Database) -> None:
    write(database, "now", state="failed", next_at=NOON - timedelta(days=9))
    write(database, "long ago", state="failed", next_at=NOON - timedelta(days=9))
    write(database, "lost", state="uncertain")
    with database.writing():
        for number, (message_id, ended) in enumerate([(1, 1), (2, 30), (3, 2)]):
            moment = NOON - timedelta(hours=ended)
            db.session.add(Attempt(message_id=message_id, number=number, token="t", started_at=moment, ended_at=moment))
    found = figures()
    assert found['suivi_messages_failed_24h{state="failed"}'] == 1
    assert found['suivi_messages_failed_24h{state="uncertain"}'] == 1


def test_a_sweep_leaves_its_beat(figures: Figures, database: Database) -> None:
    with database.app.app_context():
        jobs.sweep()
    assert 0 <= figures()["suivi_last_sweep_age_seconds"] < 60
    with database.writing():
        db.session.execute(update(Channel).values(swept_at=NOON - timedelta(hours=1)))
    assert 3600 <= figures()["suivi_last_sweep_age_seconds"] < 3660
    with database.app.app_context():
        jobs.sweep()
    assert figures()["suivi_last_sweep_age_seconds"] < 60


def test_a_channel_that_fails_or_is_held_is_said(figures: Figures, database: Database, mailbox: Mailbox) -> None:
    with database.writing():
        hold_channel(None, "a test")
        db.session.execute(
            update(Channel).values(failing_since=NOON - timedelta(minutes=10), paused_until=NOON + timedelta(hours=1))
        )
    found = figures()
    assert found["suivi_channel_held"] == found["suivi_channel_paused"] == 1
    assert 600 <= found["suivi_channel_failing_seconds"] < 660


def test_the_gateway_is_told_apart_from_the_mail_server(figures: Figures, database: Database) -> None:
    write(database, "mail", state="due", next_at=NOON - timedelta(minutes=50))
    write(database, "text", state="due", channel="sms", next_at=NOON - timedelta(minutes=20))
    write(database, "later", state="scheduled", channel="sms", next_at=NOON + timedelta(hours=5))
    with database.writing():
        db.session.add(Channel(name="sms", failing_since=NOON - timedelta(minutes=10),
                               paused_until=NOON + timedelta(hours=1)))  # fmt: skip
    found = figures()
    assert found['suivi_text_messages{state="due"}'] == found['suivi_text_messages{state="scheduled"}'] == 1
    assert found['suivi_messages{state="due"}'] == 2
    assert 1200 <= found["suivi_text_oldest_due_seconds"] < 1260
    assert 600 <= found["suivi_gateway_failing_seconds"] < 660
    assert found["suivi_gateway_paused"] == 1
    assert found["suivi_channel_failing_seconds"] == found["suivi_channel_paused"] == 0, "mails leave"


def test_long_work_that_waits_is_counted(figures: Figures, database: Database) -> None:
    with database.writing():
        db.session.add_all([Work(kind="imports.run", subject_id=1, state=state) for state in ("waiting", "done")])
    assert figures()['suivi_work{state="waiting"}'] == 1


def test_redis_and_its_workers_are_told(figures: Figures, valkey: str) -> None:
    found = figures()
    assert found["suivi_redis_up"] == 1
    assert found["suivi_workers"] == 0


@pytest.mark.skipif(on_postgres(), reason="SQLite says how it reads a table; PostgreSQL prefers scans of small ones")
def test_no_figure_walks_through_the_table_of_messages(figures: Figures, stranger: Browser, database: Database) -> None:
    page = stranger.get("/metrics")
    assert len(page.statements) <= 6
    with database.app.app_context():
        for statement in page.statements:
            plain = re.sub(r"\?", "NULL", statement)
            plan = [row[3] for row in db.session.execute(text(f"EXPLAIN QUERY PLAN {plain}"))]
            assert not [step for step in plan if step.startswith(("SCAN message", "SCAN work"))], plan


# ---- who may read them


def ask(app: Flask, address: str | None = "127.0.0.1", hops: int = 0, **headers: str) -> Page:
    """Ask from an address, through as many proxies as the installation believes."""
    app.config["PORTAL_PROXY_HOPS"] = hops
    app.wsgi_app = behind_proxies(app)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    client = app.test_client()
    assert isinstance(client, Browser)
    return client.get("/metrics", headers=named, environ_overrides={"REMOTE_ADDR": address})


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1"])
def test_this_machine_itself_may_read_them(app: Flask, address: str) -> None:
    assert ask(app, address).status == 200


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.1", "", None])
def test_other_machines_and_unknown_ones_may_not(app: Flask, address: str | None) -> None:
    assert ask(app, address).status == 404


@pytest.mark.parametrize("hops", [0, 1])
@pytest.mark.parametrize("claimed", ["127.0.0.1", "::1", "localhost", "192.0.2.7, 127.0.0.1"])
def test_nobody_becomes_this_machine_by_saying_so(app: Flask, hops: int, claimed: str) -> None:
    assert ask(app, "192.0.2.7", hops, X_Forwarded_For=claimed).status == 404
    assert ask(app, "192.0.2.7", hops, X_Real_IP=claimed, Forwarded=f"for={claimed}").status == 404


@pytest.mark.parametrize("hops", [0, 1])
def test_a_proxy_on_this_machine_opens_nothing_for_those_behind_it(app: Flask, hops: int) -> None:
    for header in ("X_Forwarded_For", "X_Real_IP", "Forwarded", "Via", "X_Forwarded_Proto"):
        assert ask(app, "127.0.0.1", hops, **{header: "127.0.0.1"}).status == 404


def test_whoever_holds_the_token_may_read_them_from_anywhere(app: Flask) -> None:
    app.config["PORTAL_METRICS_TOKEN"] = TOKEN
    assert ask(app, "192.0.2.7", 1, Authorization=f"Bearer {TOKEN}", X_Forwarded_For="192.0.2.7").status == 200
    for wrong in (f"Bearer {TOKEN[:-1]}", "Bearer ", "Bearer é", f"Basic {TOKEN}", TOKEN):
        assert ask(app, "192.0.2.7", Authorization=wrong).status == 404


def test_without_a_token_set_no_token_opens_them(app: Flask) -> None:
    assert ask(app, "192.0.2.7", Authorization="Bearer None").status == 404
    assert ask(app, "192.0.2.7", Authorization="Bearer ").status == 404


def test_what_is_refused_looks_like_any_address_that_does_not_exist(app: Flask) -> None:
    refused = ask(app, "192.0.2.7")
    nowhere = app.test_client().get("/nowhere", environ_overrides={"REMOTE_ADDR": "192.0.2.7"})
    assert (refused.status, refused.text) == (nowhere.status_code, nowhere.text.replace("/nowhere", "/metrics"))


def test_the_figures_name_nobody(agency: Agency, stranger: Browser) -> None:
    words = stranger.get("/metrics").text
    assert "@" not in words
    assert agency.claire.name not in words
