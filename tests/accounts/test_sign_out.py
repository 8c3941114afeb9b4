"""Signing out ends the session on the server; so do a new password and a closed login."""

from flask import Flask
from sqlalchemy import select, update

from portal.accounts.models import Account, AccountSession
from portal.audit.models import AuditEntry
from portal.config import flask_settings
from portal.extensions import db
from portal.people.models import Client
from tests.conftest import Database, SignIn, open_browser
from tests.factories import Agency
from tests.pages import Browser


def with_copied_cookie(app: Flask, browser: Browser) -> Browser:
    """A thief's browser, with the cookie as it stands now."""
    thief, value = open_browser(app), browser.cookie()
    assert value
    thief.set_cookie(app.config["SESSION_COOKIE_NAME"], value)
    return thief


def is_in(browser: Browser) -> bool:
    page = browser.get("/client/visits")
    return page.status == 200


def test_a_copied_cookie_opens_nothing_after_signing_out(app: Flask, agency: Agency, sign_in: SignIn) -> None:
    claire = sign_in(agency.claire)
    thief = with_copied_cookie(app, claire)
    assert is_in(thief), "until then a copy works: the test would prove nothing otherwise"
    page = claire.get("/client/account").form("Sign out").submit()
    assert page.location == "/sign-in"
    assert "You are signed out." in page.follow().words
    assert not is_in(thief)
    assert not is_in(claire)
    assert thief.get("/client/visits").location.startswith("/sign-in")


def test_signing_out_clears_what_the_browser_kept(agency: Agency, sign_in: SignIn) -> None:
    page = sign_in(agency.claire).act("/sign-out")
    assert page.headers["Clear-Site-Data"] == '"cache", "storage"'


def test_signing_out_ends_only_this_browsers_session(agency: Agency, sign_in: SignIn, database: Database) -> None:
    phone, tablet = sign_in(agency.claire), sign_in(agency.claire)
    phone.act("/sign-out")
    assert is_in(tablet)
    ended = database.all(select(AccountSession.ended_at).order_by(AccountSession.id))
    assert [moment is not None for moment in ended] == [True, False]
    assert database.count(AuditEntry, AuditEntry.kind == "account.signed_out") == 1


def test_signing_out_needs_a_post_with_a_token(agency: Agency, sign_in: SignIn) -> None:
    claire = sign_in(agency.claire)
    assert claire.get("/sign-out").status == 405
    assert claire.post("/sign-out").status == 400
    assert is_in(claire)


def test_signing_out_twice_does_no_harm(stranger: Browser, agency: Agency) -> None:
    assert stranger.act("/sign-out").location == "/sign-in"


def test_a_closed_login_is_out_at_once(agency: Agency, sign_in: SignIn, database: Database) -> None:
    claire = sign_in(agency.claire)
    with database.writing():
        db.session.execute(update(Account).where(Account.id == agency.claire.account_id).values(active=False))
    assert not is_in(claire)


def test_a_closed_file_is_out_at_once(agency: Agency, sign_in: SignIn, database: Database) -> None:
    claire, paul = sign_in(agency.claire), sign_in(agency.paul)
    with database.writing():
        db.session.execute(update(Client).where(Client.id == agency.claire.id).values(active=False))
    assert claire.get("/client/visits").status == 404
    assert paul.get("/client/visits").status == 404, "a relative sees nothing of a closed file either"


def test_a_forged_cookie_is_nobody(app: Flask, agency: Agency) -> None:
    thief = open_browser(app)
    thief.set_cookie(app.config["SESSION_COOKIE_NAME"], "eyJ0b2tlbiI6ImEifQ.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb")
    assert not is_in(thief)


def test_over_https_the_cookie_belongs_to_this_host_alone() -> None:
    settings = flask_settings("https://suivi.example", "sqlite://")
    assert settings["SESSION_COOKIE_NAME"] == "__Host-suivi"
    assert settings["SESSION_COOKIE_SECURE"] is True


def test_the_cookie_is_kept_from_scripts_and_other_sites(agency: Agency, stranger: Browser) -> None:
    header = stranger.get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Path=/" in header
    assert "Domain" not in header
