"""Setting the sign-in code up, renewing the recovery codes, another phone, switching it off."""

from datetime import timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from flask import Flask
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.accounts.models import Account, AccountNotice, AccountSession, RecoveryCode
from portal.accounts.second_factor_setup import uri_of
from portal.audit.models import AuditEntry
from portal.extensions import db
from tests.conftest import Database, Mailbox, SignIn, open_browser
from tests.factories import AGENCY, PASSWORD, Agency, code_of_phone
from tests.pages import Browser, Page

HOME = "/staff/account/second-factor"
CODES = f"{HOME}/codes"


def secret_on(page: Page) -> str:
    return page.says("#key").replace(" ", "")


def codes_on(page: Page) -> list[str]:
    return [tag.get_text() for tag in page.soup.select("#codes code")]


def scanned(browser: Browser) -> Page:
    """The page with the square."""
    return browser.get("/staff/account").link("Sign-in code").click().press("button[value=start]").follow()


def set_up(browser: Browser) -> tuple[str, list[str]]:
    """Go all the way; return the secret of the phone and the recovery codes."""
    page = scanned(browser)
    secret = secret_on(page)
    page = page.form("Go on").submit(code=code_of_phone(secret)).follow()
    codes = codes_on(page)
    page = page.form("Switch the sign-in code on").submit(kept="y").follow()
    assert "The sign-in code is on." in page.words
    return secret, codes


def test_scan_type_keep_and_it_is_on(
    app: Flask, agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    secret, codes = set_up(sign_in(agency.sofia))
    assert len(set(codes)) == 10
    assert database.count(RecoveryCode) == 10
    assert "sofia@example.org" in mailbox.one()["To"]
    assert database.one(select(AccountNotice.what)) == "second_factor_on"
    assert database.count(AuditEntry, AuditEntry.kind == "account.factor_on") == 1
    assert database.one(select(AccountSession.method).where(AccountSession.ended_at.is_(None))) == "totp"
    time_machine.shift(timedelta(seconds=60))
    for code in (code_of_phone(secret), codes[3]):
        browser = open_browser(app)
        page = browser.get("/sign-in").form("Sign in").submit(email=agency.sofia.email, password=PASSWORD).follow()
        assert page.form("Sign in").submit(code=code).location == "/staff/home"


def test_the_code_that_proved_the_phone_is_used_up(app: Flask, agency: Agency, sign_in: SignIn) -> None:
    secret, _codes = set_up(sign_in(agency.sofia))
    page = open_browser(app).get("/sign-in").form("Sign in").submit(email=agency.sofia.email, password=PASSWORD)
    assert page.follow().form("Sign in").submit(code=code_of_phone(secret)).status == 422


def test_the_square_says_agency_login_and_the_key_beside_it(app: Flask, agency: Agency, sign_in: SignIn) -> None:
    page = scanned(sign_in(agency.sofia))
    assert str(page.at("img.qr")["src"]).startswith("data:image/svg+xml")
    with app.app_context():
        uri = urlsplit(uri_of(db.session.get_one(Account, agency.sofia.account_id), secret_on(page)))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == f"/{AGENCY}:{agency.sofia.email}"
    assert parse_qs(uri.query) == {"secret": [secret_on(page)], "issuer": [AGENCY]}


def test_a_wrong_first_code_switches_nothing_on(agency: Agency, sign_in: SignIn, database: Database) -> None:
    page = scanned(sign_in(agency.sofia)).form("Go on").submit(code="000000")
    assert page.status == 422
    assert page.errors() == ["The code is not right. Does the phone set its clock by itself? Try the next code."]
    assert page.browser.get(CODES).location == HOME
    assert database.count(Account, Account.id == agency.sofia.account_id, Account.totp_since.is_not(None)) == 0


def test_nothing_is_on_before_the_codes_are_kept(agency: Agency, sign_in: SignIn, database: Database) -> None:
    browser = sign_in(agency.sofia)
    page = scanned(browser)
    page = page.form("Go on").submit(code=code_of_phone(secret_on(page))).follow()
    codes = codes_on(page)
    refused = page.form("Switch the sign-in code on").submit()
    assert refused.status == 422
    assert "Please keep the codes first, then tick this box." in refused.words
    assert codes_on(browser.get(CODES)) == codes, "a page that is loaded again loses nothing"
    assert database.count(RecoveryCode) == 0
    assert database.count(Account, Account.id == agency.sofia.account_id, Account.totp_since.is_not(None)) == 0


def test_the_codes_are_not_shown_again(agency: Agency, sign_in: SignIn) -> None:
    browser = sign_in(agency.sofia)
    _secret, codes = set_up(browser)
    assert browser.get(CODES).location == HOME
    assert not any(code in browser.get(HOME).html for code in codes)


def test_what_is_being_set_up_cannot_be_read_in_the_cookie(agency: Agency, sign_in: SignIn) -> None:
    browser = sign_in(agency.sofia)
    page = scanned(browser)
    secret = secret_on(page)
    page = page.form("Go on").submit(code=code_of_phone(secret)).follow()
    with browser.session_transaction() as cookie:
        kept = repr(dict(cookie))
    assert "factor" in kept
    assert secret not in kept
    assert not any(code in kept for code in codes_on(page))


def test_what_one_person_sets_up_is_nothing_in_the_browser_of_another(agency: Agency, sign_in: SignIn) -> None:
    sofia, ines = sign_in(agency.sofia), sign_in(agency.ines)
    scanned(sofia)
    with sofia.session_transaction() as cookie:
        draft = cookie["factor"]
    with ines.session_transaction() as cookie:
        cookie["factor"] = draft
    assert ines.get(f"{HOME}/phone").location == HOME


def test_setting_up_takes_half_an_hour_at_most(
    agency: Agency, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    browser = sign_in(agency.sofia)
    scanned(browser)
    time_machine.shift(timedelta(minutes=20))
    assert browser.get(f"{HOME}/phone").status == 200
    time_machine.shift(timedelta(minutes=11))
    assert browser.get(f"{HOME}/phone").location == HOME


def test_the_other_browsers_of_the_person_sign_in_anew(agency: Agency, sign_in: SignIn) -> None:
    other, browser = sign_in(agency.sofia), sign_in(agency.sofia)
    set_up(browser)
    assert other.get("/staff/home").location.startswith("/sign-in")
    assert browser.get("/staff/home").status == 200


def test_who_signed_in_a_while_ago_shows_the_password(
    agency: Agency, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    browser = sign_in(agency.sofia)
    assert not browser.get(HOME).soup.select("input[type=password]")
    time_machine.shift(timedelta(minutes=16))
    page = browser.get(HOME)
    wrong = page.press("button[value=start]", password="not her password")
    assert (wrong.status, browser.get(f"{HOME}/phone").location) == (422, HOME)
    assert page.press("button[value=start]", password=PASSWORD).location == f"{HOME}/phone"


# ---- changing what is there: Ada has one ----


@pytest.mark.parametrize("deed", ["renew", "start"])
def test_a_change_needs_a_code(agency: Agency, sign_in: SignIn, deed: str) -> None:
    page = sign_in(agency.ada).get(HOME)
    assert page.press(f"button[value={deed}]", code="000000").status == 422
    assert page.press(f"button[value={deed}]", code=code_of_phone()).status == 303


def test_wrong_codes_are_counted_on_this_page_too(agency: Agency, sign_in: SignIn) -> None:
    page = sign_in(agency.ada).get(HOME)
    for _try in range(5):
        page.press("button[value=renew]", code="000000")
    last = page.press("button[value=renew]", code=code_of_phone())
    assert last.errors() == ["Too many attempts. Please wait a few minutes and try again."]


def test_new_recovery_codes_replace_the_former_ones_once_they_are_kept(
    agency: Agency, sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    browser = sign_in(agency.ada)
    first = browser.get(HOME).press("button[value=renew]", code=code_of_phone()).follow()
    assert database.count(RecoveryCode) == 0, "nothing before they are kept"
    first.form("Use these codes from now on").submit(kept="y")
    again = browser.get(HOME).press("button[value=renew]", code=codes_on(first)[0]).follow()
    assert again.form("Use these codes from now on").submit(kept="y").location == HOME
    assert "You have 10 unused recovery codes." in browser.get(HOME).words
    assert browser.get(HOME).press("button[value=renew]", code=codes_on(first)[1]).status == 422
    assert database.count(AuditEntry, AuditEntry.kind == "account.codes_renewed") == 2


def test_another_phone_takes_over_only_once_it_is_proved(
    agency: Agency, sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    browser = sign_in(agency.ada)
    page = browser.get(HOME).press("button[value=start]", code=code_of_phone()).follow()
    secret = secret_on(page)
    time_machine.shift(timedelta(seconds=60))
    assert browser.get(HOME).press("button[value=renew]", code=code_of_phone()).status == 303, "the former phone works"
    page = browser.get(HOME).press("button[value=start]", code=code_of_phone(later=30)).follow()
    secret = secret_on(page)
    page = page.form("Go on").submit(code=code_of_phone(secret)).follow()
    page.form("Switch the sign-in code on").submit(kept="y")
    time_machine.shift(timedelta(seconds=60))
    assert browser.get(HOME).press("button[value=renew]", code=code_of_phone()).status == 422
    assert browser.get(HOME).press("button[value=renew]", code=code_of_phone(secret)).status == 303


def test_a_coordinator_switches_it_off_with_a_code(
    app: Flask, agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    browser = sign_in(agency.sofia)
    secret, _codes = set_up(browser)
    mailbox.collect()
    time_machine.shift(timedelta(seconds=60))
    assert browser.get(HOME).press("button[value=off]", code="000000").status == 422
    page = browser.get(HOME).press("button[value=off]", code=code_of_phone(secret))
    assert "your password alone opens your account" in page.follow().words
    assert database.count(RecoveryCode) == 0
    assert "sofia@example.org" in mailbox.one()["To"]
    assert "second_factor_off" in database.all(select(AccountNotice.what))
    assert database.count(AuditEntry, AuditEntry.kind == "account.factor_off") == 1
    page = open_browser(app).get("/sign-in").form("Sign in").submit(email=agency.sofia.email, password=PASSWORD)
    assert page.location == "/staff/home"


def test_an_administrator_cannot_switch_it_off(agency: Agency, sign_in: SignIn, database: Database) -> None:
    browser = sign_in(agency.ada)
    assert not browser.get(HOME).soup.select("button[value=off]")
    page = browser.act(HOME, {"deed": "off", "code": code_of_phone()})
    assert page.errors() == ["Administrators need a sign-in code: it cannot be switched off."]
    assert database.count(Account, Account.id == agency.ada.account_id, Account.totp_since.is_not(None)) == 1


def test_an_administrator_sets_it_up_and_the_portal_opens(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        account = db.session.get_one(Account, agency.ada.account_id)
        account.totp_since = account.totp_secret = None
    browser = sign_in(agency.ada)
    page = browser.get("/staff/accounts").follow().press("button[value=start]").follow()
    page = page.form("Go on").submit(code=code_of_phone(secret_on(page))).follow()
    page.form("Switch the sign-in code on").submit(kept="y")
    assert browser.get("/staff/accounts").h1 == "Accounts"


@pytest.mark.parametrize("deed", ["", "renew", "anything"])
def test_without_one_there_is_only_setting_up(agency: Agency, sign_in: SignIn, deed: str) -> None:
    assert sign_in(agency.sofia).act(HOME, {"deed": deed}).status in (404, 422)


def test_the_command_resets_it_for_whom_nobody_else_can_help(app: Flask, agency: Agency, database: Database) -> None:
    run = app.test_cli_runner().invoke
    assert "password alone" in run(args=["user", "reset-factor", agency.ada.email]).output
    assert database.one(select(Account.totp_since).where(Account.id == agency.ada.account_id)) is None
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "account.factor_reset"))
    assert (entry.account_id, entry.subject_id) == (None, agency.ada.account_id)
    again = run(args=["user", "reset-factor", agency.ada.email])
    assert again.exit_code == 1
    assert run(args=["user", "reset-factor", "nobody@example.org"]).exit_code == 1
