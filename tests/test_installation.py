"""How an installation is told what it is: secrets, addresses, cookies, and what a forged request cannot change."""

import os
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from unittest import mock

import pytest
from flask import Flask

from portal.config import ConfigError, load
from portal.extensions import db
from portal.headers import POLICY
from portal.links import external_url
from tests.conftest import ROOT, Database, Mailbox, SignIn, Templates, close, make_app, open_browser, text_of
from tests.factories import Agency
from tests.pages import Browser

GOOD = {
    "PORTAL_ENV": "production",
    "PORTAL_DATABASE_URL": "postgresql://portal@/portal",
    "PORTAL_REDIS_URL": "redis://127.0.0.1:6379/0",
    "PORTAL_BASE_URL": "https://suivi.example.org",
    "PORTAL_SECRET_KEY": "s" * 32,
    "PORTAL_LINK_KEYS": "n" * 32 + "," + "o" * 32,
}


def test_a_complete_production_starts(tmp_path: Path) -> None:
    config = load(GOOD | {"PORTAL_DATA_DIR": str(tmp_path)})
    assert config["PORTAL_LINK_KEYS"] == ["n" * 32, "o" * 32]
    assert config["SESSION_COOKIE_NAME"] == "__Host-suivi"
    assert config["SESSION_COOKIE_SECURE"] is True
    assert config["TRUSTED_HOSTS"] == ["suivi.example.org", "127.0.0.1", "localhost"]
    assert not (tmp_path / "secret-key").exists(), "production makes no secrets of its own"


def test_what_a_start_makes_is_never_looked_through_for_garbage(tmp_path: Path) -> None:
    seen = "import gc, wsgi; print(gc.isenabled(), gc.get_freeze_count() > gc.get_count()[0] + 100_000)"
    environ = {"PORTAL_DATA_DIR": str(tmp_path)}
    told = subprocess.run([sys.executable, "-c", seen], cwd=ROOT, env=environ, capture_output=True, text=True)
    assert told.stdout == "True True\n", told.stderr


@pytest.mark.parametrize("name", sorted(set(GOOD) - {"PORTAL_ENV"}))
def test_production_refuses_to_start_without_a_value_and_says_which(tmp_path: Path, name: str) -> None:
    environ = {key: value for key, value in GOOD.items() if key != name} | {"PORTAL_DATA_DIR": str(tmp_path)}
    with pytest.raises(ConfigError, match=name):
        load(environ)


@pytest.mark.parametrize(
    ("name", "value"),
    [("PORTAL_SECRET_KEY", "short"), ("PORTAL_LINK_KEYS", "short"), ("PORTAL_LINK_KEYS", "n" * 32 + ",short"),
     ("PORTAL_LINK_KEYS", ","), ("PORTAL_SECRET_KEY", " " * 40)],
)  # fmt: skip
def test_production_refuses_a_weak_secret(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        load(GOOD | {name: value, "PORTAL_DATA_DIR": str(tmp_path)})


@pytest.mark.parametrize("address", ["élodie@agence.example", "nobody", "Agence <a@agence.example>"])
def test_a_sender_that_no_mail_can_come_from_refuses_to_start(tmp_path: Path, address: str) -> None:
    environ = GOOD | {"PORTAL_DATA_DIR": str(tmp_path)}
    with pytest.raises(ConfigError, match="PORTAL_MAIL_FROM"):
        load(environ | {"PORTAL_MAIL_FROM": address})
    assert load(environ | {"PORTAL_MAIL_FROM": "contact@élan.example"})


def test_development_keeps_secrets_that_only_its_owner_reads(tmp_path: Path) -> None:
    first, second = load({"PORTAL_DATA_DIR": str(tmp_path)}), load({"PORTAL_DATA_DIR": str(tmp_path)})
    assert first["SECRET_KEY"] == second["SECRET_KEY"]
    assert first["SECRET_KEY"] not in first["PORTAL_LINK_KEYS"]  # ty: ignore[unsupported-operator]
    assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0
    assert len(str(first["SECRET_KEY"])) >= 32


@pytest.fixture
def https(templates: Templates, tmp_path: Path) -> Iterator[Flask]:
    """An installation behind https."""
    url = templates.copy("story", tmp_path / "https.db")
    with mock.patch.dict(os.environ):
        made = make_app(url, tmp_path)
    settings = load(GOOD | {"PORTAL_DATA_DIR": str(tmp_path)})
    for name in ("SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "TRUSTED_HOSTS", "PORTAL_BASE_URL"):
        made.config[name] = settings[name]
    yield made
    close(made)
    templates.give_back("story", url)


def test_behind_https_cookies_and_headers_are_strict(https: Flask) -> None:
    page = open_browser(https).get("/sign-in", base_url="https://suivi.example.org")
    cookie = page.headers["Set-Cookie"]
    assert cookie.startswith("__Host-suivi=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert page.headers["Strict-Transport-Security"].startswith("max-age=31536000")


@pytest.mark.parametrize(
    "host", ["evil.example", "suivi.example.org.evil.example", "evil.example:443", "suivi.example.org@evil.example"]
)
def test_a_forged_host_is_refused(https: Flask, host: str) -> None:
    browser = open_browser(https)
    browser.watching = False  # not even an error page of ours is owed to a forged host
    page = browser.get("/sign-in", base_url="https://suivi.example.org", headers={"Host": host})
    assert page.status == 400
    assert "evil" not in page.html
    page = browser.get("/sign-in", base_url="https://suivi.example.org", headers={"X-Forwarded-Host": host})
    assert page.status == 200
    assert "evil" not in page.html


def test_addresses_in_mails_come_from_the_configuration_alone(
    stranger: Browser, agency: Agency, mailbox: Mailbox, app: Flask
) -> None:
    app.config["PORTAL_BASE_URL"] = "https://agence.example.org/suivi"
    stranger.act("/forgotten-password", {"email": agency.claire.email}, headers={"X-Forwarded-Host": "evil.example"})
    with app.test_request_context("/", base_url="http://evil.example"):
        assert external_url("accounts.sign_in") == "https://agence.example.org/suivi/sign-in"
    text = text_of(mailbox.one())
    assert "https://agence.example.org/suivi/password/" in text
    assert "evil.example" not in text


def test_an_address_for_a_mail_needs_no_request(app: Flask) -> None:
    with app.app_context():
        assert external_url("accounts.sign_in") == "http://localhost/sign-in"


@pytest.mark.parametrize(
    "path", ["/sign-in", "/nowhere", "/static/portal.css", "/client/visits", "/healthz", "/r/x", "/sign-out"]
)
def test_every_answer_carries_the_policy(stranger: Browser, agency: Agency, path: str) -> None:
    for page in (stranger.get(path), stranger.post(path), stranger.head(path)):
        assert page.headers["Content-Security-Policy"] == POLICY
        assert page.headers["X-Content-Type-Options"] == "nosniff"
        assert page.headers["Referrer-Policy"] in ("same-origin", "no-referrer")
        assert "Permissions-Policy" in page.headers
        assert "Server" not in page.headers


def test_static_files_are_kept_by_browsers_and_change_their_address_with_their_content(
    stranger: Browser, agency: Agency
) -> None:
    style = stranger.get("/sign-in").at('link[rel="stylesheet"][href*="portal.css"]')["href"]
    assert "?v=" in str(style)
    assert "max-age=31536000" in stranger.get(str(style)).headers["Cache-Control"]


def test_a_fault_shows_a_reference_and_no_trace(
    agency: Agency, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from portal.visits import routes

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the inside of the machine")

    monkeypatch.setattr(routes.queries, "list_visits", fail)
    page = sign_in(agency.claire).get("/client/visits")
    assert page.status == 500
    assert "the inside" not in page.html
    reference = page.words.rpartition("give this reference: ")[2].split()[0]
    assert reference in caplog.text
    assert "the inside of the machine" in caplog.text
    part = sign_in(agency.claire).part("/client/visits")
    assert part.status == 500, "htmx does not swap it: portal.js says a sentence instead"


def test_what_is_too_large_is_named_as_what_it_is(agency: Agency, sign_in: SignIn, app: Flask) -> None:
    claire, ada = sign_in(agency.claire), sign_in(agency.ada)
    app.config["MAX_CONTENT_LENGTH"] = app.config["MAX_FORM_MEMORY_SIZE"] = 1000
    page = claire.act(f"/client/visits/{agency.claires_done}/rating", {"comment": "x" * 2000})
    assert (page.status, page.h1) == (413, "This text is too long")
    page = ada.act("/staff/imports", {"file": (BytesIO(b"x" * 2000), "clients.csv")})
    assert (page.status, page.h1) == (413, "This file is too large")


@pytest.mark.parametrize("path", ["/staff/imports/model.csv", "/staff/visits", "/client/visits"])
def test_a_page_and_its_part_are_kept_apart_by_caches(agency: Agency, sign_in: SignIn, path: str) -> None:
    browser = sign_in(agency.claire if path.startswith("/client") else agency.sofia)
    page = browser.get(path)
    assert {"HX-Request", "HX-Request-Type"} <= set(page.vary)
    assert "no-store" in page.headers["Cache-Control"]


def test_health_says_what_answers(stranger: Browser, database: Database, valkey: str) -> None:
    assert stranger.get("/healthz").json == {"status": "ok"}
    assert stranger.get("/readyz").json == {"database": "ok", "redis": "ok"}
    database.app.config["PORTAL_REDIS_URL"] = "redis://127.0.0.1:1/0"
    page = stranger.get("/readyz")
    assert (page.status, page.json) == (200, {"database": "ok", "redis": "unreachable"})


def test_a_database_that_is_away_is_said_and_pages_fail_politely(
    stranger: Browser, agency: Agency, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.exc import OperationalError

    def fail(*_: object, **__: object) -> None:
        raise OperationalError("SELECT 1", {}, Exception("away"))

    for way in ("execute", "scalar", "scalars"):
        monkeypatch.setattr(db.session, way, fail)
    page = stranger.get("/readyz")
    assert (page.status, page.json) == (503, {"database": "unreachable"})
    page = stranger.get("/sign-in")
    assert page.status == 500
    assert page.h1
