"""My account: another password, another address, where one is signed in."""

import re

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.actions import deactivate, reactivate
from portal.accounts.models import Account, AccountLink, AccountSession
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client
from tests.conftest import Database, Mailbox, SignIn, open_browser, text_of
from tests.factories import PASSWORD, Agency
from tests.pages import HTMX, Browser, Page

NEW = "une phrase toute neuve"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0"
PORTALS = [("claire", "client"), ("wassim", "worker"), ("sofia", "staff")]


def signs_in(app: Flask, email: str, password: str) -> bool:
    return open_browser(app).act("/sign-in", {"email": email, "password": password}).status == 303


def change_password(browser: Browser, portal: str = "client", present: str = PASSWORD, new: str = NEW) -> Page:
    form = browser.get(f"/{portal}/account/password").form("Save the password")
    return form.submit(present=present, password=new, confirm=new)


def is_in(browser: Browser) -> bool:
    return browser.get("/client/visits").status == 200


# ---- the password ----


@pytest.mark.parametrize(("name", "portal"), PORTALS)
def test_whoever_knows_the_present_password_chooses_another(
    agency: Agency, sign_in: SignIn, app: Flask, name: str, portal: str
) -> None:
    person = getattr(agency, name)
    page = change_password(sign_in(person), portal)
    assert page.location == f"/{portal}/account"
    assert "Your new password is saved." in page.follow().words
    assert signs_in(app, person.email, NEW)
    assert not signs_in(app, person.email, PASSWORD)


def test_a_new_password_ends_all_other_sessions_and_renews_this_one(
    agency: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    phone, tablet = sign_in(agency.claire), sign_in(agency.claire)
    thief = open_browser(app)
    thief.set_cookie(app.config["SESSION_COOKIE_NAME"], phone.cookie() or "")
    assert is_in(thief)
    change_password(phone)
    assert is_in(phone)
    assert not is_in(tablet)
    assert not is_in(thief), "a copy of the former cookie is worth nothing"
    assert "by a new password" in tablet.get("/sign-in").words
    assert database.count(AuditEntry, AuditEntry.kind == "account.password_changed") == 1


def test_the_owner_is_told_of_a_new_password(agency: Agency, sign_in: SignIn, mailbox: Mailbox) -> None:
    change_password(sign_in(agency.claire))
    mail = mailbox.one()
    assert mail["To"].addresses[0].addr_spec == agency.claire.email
    assert "/forgotten-password" in text_of(mail)
    assert NEW not in mail.as_string()


def test_a_wrong_present_password_changes_nothing_and_is_counted(agency: Agency, sign_in: SignIn, app: Flask) -> None:
    claire = sign_in(agency.claire)
    for _ in range(10):
        page = change_password(claire, present="not her password")
        assert page.status == 422
        assert page.errors() == ["This is not your present password."]
    assert change_password(claire).errors() == ["Too many attempts. Please wait a few minutes and try again."]
    assert not signs_in(app, agency.claire.email, NEW)


def test_passwords_are_never_shown_again(agency: Agency, sign_in: SignIn) -> None:
    page = change_password(sign_in(agency.claire), present="not her password", new="some other long words")
    assert "not her password" not in page.html
    assert "some other long words" not in page.html


# ---- the address ----


def ask_address(browser: Browser, email: str, portal: str = "client", present: str = PASSWORD) -> Page:
    return browser.get(f"/{portal}/account/address").form("Send the message").submit(email=email, present=present)


def link_in(mailbox: Mailbox) -> str:
    found = re.search(r"http://localhost(/address/[\w-]+)", text_of(mailbox.one()))
    assert found
    return found[1]


@pytest.mark.parametrize(("name", "portal"), PORTALS)
def test_an_address_changes_once_the_new_mailbox_has_confirmed_it(
    agency: Agency, sign_in: SignIn, mailbox: Mailbox, app: Flask, name: str, portal: str
) -> None:
    person = getattr(agency, name)
    page = ask_address(sign_in(person), "New.Me@example.net", portal)
    assert "One more step" in page.words
    assert signs_in(app, person.email, PASSWORD), "until then nothing changes"
    path = link_in(mailbox)
    assert mailbox.received[-1]["To"].addresses[0].addr_spec == "new.me@example.net"
    anybody = open_browser(app)
    page = anybody.get(path)
    assert "new.me@example.net" in page.words
    assert page.form(path).submit().h1 == "Your e-mail address is changed"
    assert signs_in(app, "new.me@example.net", PASSWORD)
    assert not signs_in(app, person.email, PASSWORD)
    notices = [mail["To"].addresses[0].addr_spec for mail in mailbox.collect()]
    assert notices == [person.email], "the former mailbox is told"
    assert anybody.get(path).status == 404, "once"


def test_the_agencys_mails_follow_the_new_address(
    agency: Agency, sign_in: SignIn, mailbox: Mailbox, stranger: Browser, database: Database
) -> None:
    ask_address(sign_in(agency.claire), "new@example.net")
    path = link_in(mailbox)
    stranger.get(path).form(path).submit()
    assert database.one(select(Client.email).where(Client.id == agency.claire.id)) == "new@example.net"


def test_looking_at_the_link_changes_nothing(
    agency: Agency, sign_in: SignIn, mailbox: Mailbox, stranger: Browser, database: Database
) -> None:
    ask_address(sign_in(agency.claire), "new@example.net")
    path = link_in(mailbox)
    before = database.fingerprint()
    for _ in range(5):
        stranger.get(path)
        stranger.head(path)
    assert database.fingerprint() == before


def test_an_address_of_somebody_else_gets_the_same_answer_and_no_mail(
    agency: Agency, sign_in: SignIn, mailbox: Mailbox, database: Database
) -> None:
    claire = sign_in(agency.claire)
    free, taken = ask_address(claire, "new@example.net"), ask_address(claire, agency.denis.email)
    assert free.words.replace("new@example.net", "X") == taken.words.replace(agency.denis.email, "X")
    assert database.count(AccountLink) == 1
    assert mailbox.collect() == [], "the later question replaced the first"


def test_an_address_that_somebody_else_took_meanwhile_is_refused(
    agency: Agency, sign_in: SignIn, mailbox: Mailbox, stranger: Browser, database: Database
) -> None:
    ask_address(sign_in(agency.claire), "new@example.net")
    path = link_in(mailbox)
    with database.writing():
        db.session.get_one(Account, agency.denis.account_id).email = "new@example.net"
    page = stranger.get(path).form(path).submit()
    assert page.status == 409
    assert database.one(select(Account.email).where(Account.id == agency.claire.account_id)) == agency.claire.email


def test_an_address_needs_the_password_and_must_be_one(agency: Agency, sign_in: SignIn, database: Database) -> None:
    claire = sign_in(agency.claire)
    assert ask_address(claire, "new@example.net", present="wrong").errors() == ["This is not your present password."]
    assert ask_address(claire, "not an address").errors() == ["This is not an e-mail address."]
    assert ask_address(claire, agency.claire.email.upper()).errors() == ["This is your e-mail address already."]
    assert database.count(AccountLink) == 0


# ---- where one is signed in ----


def test_the_list_shows_every_device_and_marks_this_one(agency: Agency, app: Flask, sign_in: SignIn) -> None:
    desk = open_browser(app)
    desk.environ_base |= {"HTTP_USER_AGENT": FIREFOX, "REMOTE_ADDR": "81.56.12.34"}
    desk.act("/sign-in", {"email": agency.claire.email, "password": PASSWORD})
    sign_in(agency.claire)
    sign_in(agency.denis)
    page = desk.get("/client/account")
    places = [" ".join(tag.get_text(" ").split()) for tag in page.soup.select(".places li")]
    assert len(places) == 2
    assert "Firefox on Windows" in places[0]
    assert "This device" in places[0]
    assert "81.56.12.*" in places[0]
    assert "81.56.12.34" not in page.html
    assert "Unknown device" in places[1]
    assert len(page.statements) <= 8


@pytest.mark.parametrize("htmx", [False, True])
def test_a_device_that_is_signed_out_is_out_at_its_next_request(agency: Agency, sign_in: SignIn, htmx: bool) -> None:
    phone, tablet = sign_in(agency.claire), sign_in(agency.claire)
    page = phone.get("/client/account").form("Sign this device out").submit()
    assert "That device is signed out." in page.follow().words
    assert is_in(phone)
    answer = tablet.get("/client/visits", headers=HTMX if htmx else {})
    assert answer.status == (401 if htmx else 302)
    assert answer.headers["HX-Redirect" if htmx else "Location"].startswith("/sign-in?next=/client/visits")
    assert "You were signed out: from another device" in tablet.get("/sign-in").words


def test_all_other_devices_are_signed_out_at_once(agency: Agency, sign_in: SignIn, database: Database) -> None:
    phone, others = sign_in(agency.claire), [sign_in(agency.claire) for _ in range(2)]
    page = phone.get("/client/account").form("Sign out everywhere else").submit()
    assert "2 other devices are signed out." in page.follow().words
    assert is_in(phone)
    assert [is_in(other) for other in others] == [False, False]
    assert database.one(select(AuditEntry.after).where(AuditEntry.kind == "account.sessions_ended")) == {"number": 2}
    assert "You are signed in nowhere else." in phone.get("/client/account").words


def test_a_session_of_somebody_else_cannot_be_ended(agency: Agency, sign_in: SignIn, database: Database) -> None:
    claire, denis = sign_in(agency.claire), sign_in(agency.denis)
    his = database.one(select(AccountSession.id).where(AccountSession.account_id == agency.denis.account_id))
    assert claire.act(f"/client/account/sessions/{his}/end").status == 404
    assert is_in(denis)


# ---- a login that staff closes ----


@pytest.mark.parametrize("headers", [{}, HTMX, {**HTMX, "HX-Request-Type": "full"}])
def test_a_closed_login_is_out_at_its_next_request_and_comes_back_when_opened_again(
    agency: Agency, sign_in: SignIn, app: Flask, database: Database, headers: dict[str, str]
) -> None:
    claire = sign_in(agency.claire)
    with database.writing():
        deactivate(agency.ada.user, db.session.get_one(Account, agency.claire.account_id))
    assert claire.get("/client/visits", headers=headers).status in (302, 401)
    assert not signs_in(app, agency.claire.email, PASSWORD)
    with database.writing():
        reactivate(agency.ada.user, db.session.get_one(Account, agency.claire.account_id))
    assert not is_in(claire), "its sessions stay dead"
    assert signs_in(app, agency.claire.email, PASSWORD)
    kinds = database.all(select(AuditEntry.kind).where(AuditEntry.account_id == agency.ada.account_id))
    assert kinds == ["account.deactivated", "account.reactivated"]
