"""The code after the password: what lets somebody in, what does not, and how often one may try."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update
from time_machine import TimeMachineFixture

from portal import config
from portal.accounts import second_factor
from portal.accounts.models import Account, AccountSession, RecoveryCode
from portal.accounts.second_factor import plain_code, replace_codes, sealed, unsealed
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Staff
from tests.conftest import Database, Mailbox, make_app, open_browser, text_of
from tests.factories import NOON, PASSWORD, PHONE, Agency, code_of_phone
from tests.pages import Browser, Page
from tests.racing import at_once, posting

WRONG = "This code is not right, or it has been used already. Wait for the next one."
TOO_OFTEN = "Too many attempts. Please wait a few minutes and try again."
PAPER = ["abcd-efgh-jkmn-pqrs", "tuvw-xyz2-3456-789a"]


def give_password(browser: Browser, agency: Agency, target: str = "") -> Page:
    token = {"X-CSRFToken": browser.csrf_token()}
    data = {"email": agency.ada.email, "password": PASSWORD, "next": target}
    return browser.post("/sign-in", data=data, headers=token)


def asked_for_code(app: Flask, agency: Agency, target: str = "") -> Page:
    """The page that asks Ada for her code, in a browser of its own."""
    return give_password(open_browser(app), agency, target).follow()


@pytest.fixture
def on_paper(agency: Agency, database: Database) -> list[str]:
    with database.writing():
        replace_codes(db.session.get_one(Account, agency.ada.account_id), PAPER)
    return PAPER


def test_the_password_alone_opens_nothing(app: Flask, agency: Agency, database: Database) -> None:
    page = asked_for_code(app, agency)
    assert page.h1 == "Sign-in code"
    assert database.count(AccountSession) == 0
    assert page.browser.get("/staff/home").location.startswith("/sign-in?")
    assert page.browser.get("/").location == "/sign-in"


def test_the_code_of_the_phone_lets_in_and_the_session_says_how(app: Flask, agency: Agency, database: Database) -> None:
    page = asked_for_code(app, agency).form("Sign in").submit(code=code_of_phone())
    assert page.location == "/staff/home"
    assert page.follow().status == 200
    assert database.one(select(AccountSession.method)) == "totp"
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "account.signed_in"))
    assert entry.account_id == agency.ada.account_id


def test_the_page_that_somebody_was_headed_for_is_opened_after_the_code(app: Flask, agency: Agency) -> None:
    page = asked_for_code(app, agency, "/staff/visits?stage=done").form("Sign in").submit(code=code_of_phone())
    assert page.location == "/staff/visits?stage=done"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_the_code_leads_nowhere_else(app: Flask, agency: Agency, target: str) -> None:
    page = asked_for_code(app, agency, target).form("Sign in").submit(code=code_of_phone())
    assert page.location == "/staff/home"


def test_the_secret_of_the_session_is_new_after_the_code(app: Flask, agency: Agency) -> None:
    page = asked_for_code(app, agency)
    with page.browser.session_transaction() as cookie:
        assert "token" not in cookie
        cookie["token"] = "chosen by somebody else"
    page.form("Sign in").submit(code=code_of_phone())
    with page.browser.session_transaction() as cookie:
        assert cookie["token"] != "chosen by somebody else"
        assert "awaited" not in cookie


@pytest.mark.parametrize(
    ("seconds", "fits"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)]
)  # noon begins a step
def test_a_clock_may_be_wrong_by_one_step(
    app: Flask, agency: Agency, time_machine: TimeMachineFixture, seconds: int, fits: bool
) -> None:
    page = asked_for_code(app, agency)
    time_machine.move_to(NOON, tick=False)
    answer = page.form("Sign in").submit(code=code_of_phone(later=seconds))
    assert (answer.status == 303) is fits


@pytest.mark.parametrize("spelling", ["{0} {1}", " {0}{1} ", "{0}-{1}", "{0}\u00a0{1}", "{0}\u2009{1}"])
def test_a_code_is_good_once_however_it_is_spelt(app: Flask, agency: Agency, spelling: str) -> None:
    code = code_of_phone()
    first, second = asked_for_code(app, agency), asked_for_code(app, agency)
    spelt = spelling.format(code[:3], code[3:])
    assert first.form("Sign in").submit(code=spelt).status == 303
    for again in (code, spelt):
        answer = second.form("Sign in").submit(code=again)
        assert (answer.status, answer.errors()) == (422, [WRONG])


def test_after_a_code_the_one_before_it_is_no_good_either(app: Flask, agency: Agency) -> None:
    first, second = asked_for_code(app, agency), asked_for_code(app, agency)
    assert first.form("Sign in").submit(code=code_of_phone(later=30)).status == 303
    assert second.form("Sign in").submit(code=code_of_phone()).status == 422


def typing(page: Page, code: str) -> Callable[[], int]:
    return posting(page.browser, "/sign-in/code", {"code": code})


def test_one_code_typed_in_four_browsers_at_once_opens_one(app: Flask, agency: Agency, database: Database) -> None:
    code, pages = code_of_phone(), [asked_for_code(app, agency) for _ in range(4)]
    assert at_once([typing(page, code) for page in pages]) == [303, 422, 422, 422]
    assert database.count(AccountSession) == 1


def test_one_code_on_paper_in_four_browsers_at_once_opens_one(
    app: Flask, agency: Agency, database: Database, on_paper: list[str]
) -> None:
    pages = [asked_for_code(app, agency) for _ in range(4)]
    assert at_once([typing(page, on_paper[0]) for page in pages]) == [303, 422, 422, 422]
    assert database.count(AuditEntry, AuditEntry.kind == "account.recovery_used") == 1


@pytest.mark.parametrize("typed", ["abcd-efgh-jkmn-pqrs", "ABCD EFGH JKMN PQRS", " abcdefghjkmnpqrs "])
def test_a_recovery_code_lets_in_once_and_its_owner_is_told(
    app: Flask, agency: Agency, database: Database, mailbox: Mailbox, on_paper: list[str], typed: str
) -> None:
    page = asked_for_code(app, agency).form("Sign in").submit(code=typed)
    assert page.location == "/staff/home"
    assert "Codes left: 1." in page.follow().words
    assert any("code de secours" in text_of(mail) and mail["To"].startswith("Ada") for mail in mailbox.collect())
    assert database.one(select(AuditEntry.after).where(AuditEntry.kind == "account.recovery_used")) == {"left": 1}
    again = asked_for_code(app, agency).form("Sign in").submit(code=on_paper[0])
    assert again.errors() == [WRONG]


def test_what_is_kept_does_not_say_what_the_codes_are(agency: Agency, database: Database, on_paper: list[str]) -> None:
    kept = repr(database.fingerprint())
    assert PHONE not in kept
    assert not any(code in kept or plain_code(code) in kept for code in on_paper)


@pytest.mark.parametrize(
    "typed", ["000000", "12345", "1234567", "١٢٣٤٥٦", "６５４３２１", "x" * 40, "null", "000 000\x00"]
)
def test_what_is_no_code_is_refused(app: Flask, agency: Agency, typed: str) -> None:
    answer = asked_for_code(app, agency).form("Sign in").submit(code=typed)
    assert (answer.status, answer.errors()) == (422, [WRONG])


def test_five_wrong_codes_in_five_minutes_then_one_waits(
    app: Flask, agency: Agency, time_machine: TimeMachineFixture, database: Database
) -> None:
    page = asked_for_code(app, agency)
    for _try in range(5):
        assert page.form("Sign in").submit(code="000000").errors() == [WRONG]
    assert page.form("Sign in").submit(code=code_of_phone()).errors() == [TOO_OFTEN]
    another = asked_for_code(app, agency).form("Sign in").submit(code=code_of_phone())
    assert another.errors() == [TOO_OFTEN], "it counts for the login, whatever the browser"
    assert database.count(AccountSession) == 0
    time_machine.shift(timedelta(minutes=5, seconds=1))
    assert asked_for_code(app, agency).form("Sign in").submit(code=code_of_phone()).status == 303


def test_twelve_tries_at_once_are_not_more_than_five(
    app: Flask, agency: Agency, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    real = second_factor._take_step
    monkeypatch.setattr(second_factor, "_take_step", lambda *what: looked.append(1) or real(*what))
    pages = [asked_for_code(app, agency) for _ in range(12)]
    assert sorted(at_once([typing(page, "000000") for page in pages])) == [422] * 5 + [429] * 7
    assert len(looked) == 5


def test_who_waits_longer_than_five_minutes_begins_again(
    app: Flask, agency: Agency, time_machine: TimeMachineFixture
) -> None:
    page = asked_for_code(app, agency)
    time_machine.shift(timedelta(minutes=5, seconds=1))
    answer = page.form("Sign in").submit(code=code_of_phone())
    assert answer.location == "/sign-in"
    assert "within five minutes" in answer.follow().words


@pytest.mark.parametrize("change", [{"fs_uniquifier": "as after a new password"}, {"active": False}])
def test_a_new_password_or_a_closed_login_ends_the_waiting(
    app: Flask, agency: Agency, database: Database, change: dict
) -> None:
    page = asked_for_code(app, agency)
    with database.writing():
        db.session.execute(update(Account).where(Account.id == agency.ada.account_id).values(**change))
    assert page.form("Sign in").submit(code=code_of_phone()).location == "/sign-in"


def test_a_mailed_link_for_a_new_password_does_not_go_round_the_code(
    app: Flask, agency: Agency, mailbox: Mailbox, database: Database
) -> None:
    browser = open_browser(app)
    browser.get("/forgotten-password").form("Send me the link").submit(email=agency.ada.email)
    url = next(line for line in text_of(mailbox.one()).splitlines() if "/password/" in line)
    form = browser.get(url.strip().replace("http://localhost", "")).form("Save the password")
    page = form.submit(password="une phrase toute neuve", confirm="une phrase toute neuve")
    assert page.location == "/sign-in/code"
    assert database.count(AccountSession) == 0
    assert page.follow().form("Sign in").submit(code=code_of_phone()).location == "/staff/home"


def test_the_page_is_for_nobody_without_a_password(stranger: Browser, agency: Agency) -> None:
    assert stranger.get("/sign-in/code").location == "/sign-in"
    assert stranger.act("/sign-in/code", {"code": code_of_phone()}).location == "/sign-in"


# ---- the key ----


def test_secrets_survive_a_new_session_key_while_the_former_one_is_listed(app: Flask) -> None:
    with app.app_context():
        kept = sealed("a secret")
        assert "a secret" not in kept
        former, app.config["SECRET_KEY"] = app.config["SECRET_KEY"], "another key, long enough for everybody"
        assert unsealed(kept) is None
        app.config["SECRET_KEY_FALLBACKS"] = [former]
        assert unsealed(kept) == "a secret"


def test_former_session_keys_come_from_the_environment(tmp_path: Path) -> None:
    environ = {"PORTAL_DATA_DIR": str(tmp_path), "PORTAL_FORMER_SECRET_KEYS": f"{'a' * 40}, {'b' * 40}"}
    assert config.load(environ)["SECRET_KEY_FALLBACKS"] == ["a" * 40, "b" * 40]
    assert config.load({"PORTAL_DATA_DIR": str(tmp_path)})["SECRET_KEY_FALLBACKS"] == []


def test_a_secret_that_no_key_reads_leaves_the_codes_on_paper(
    app: Flask, agency: Agency, on_paper: list[str], database: Database
) -> None:
    with database.writing():
        lost = update(Account).where(Account.id == agency.ada.account_id)
        db.session.execute(lost.values(totp_secret="made with a key that is gone"))
    page = asked_for_code(app, agency)
    assert page.form("Sign in").submit(code=code_of_phone()).errors() == [WRONG]
    assert page.form("Sign in").submit(code=on_paper[0]).status == 303


# ---- who must have one ----


def without_factor(agency: Agency, database: Database) -> None:
    with database.writing():
        db.session.execute(update(Account).where(Account.id == agency.ada.account_id).values(totp_since=None))


def test_an_administrator_without_one_gets_no_further_than_to_where_it_is_set_up(
    app: Flask, agency: Agency, database: Database
) -> None:
    without_factor(agency, database)
    browser = open_browser(app)
    page = give_password(browser, agency).follow()
    assert page.location == "/staff/account/second-factor"
    page = page.follow()
    assert "Administrators sign in with a code from their phone as well." in page.words
    assert not page.soup.select("nav a"), "a menu would lead back here"
    for address in ("/staff/", "/staff/home", "/staff/visits", "/staff/account", "/staff/accounts", "/staff/outbox"):
        assert browser.get(address).location == "/staff/account/second-factor", address
    before = database.fingerprint()
    assert browser.act(f"/staff/visits/{agency.claires_past}/done").location == "/staff/account/second-factor"
    assert database.fingerprint()["visit"] == before["visit"]
    assert browser.act("/language", {"language": "fr"}).status == 303
    assert browser.act("/sign-out").status == 303


def test_htmx_is_led_there_as_well(app: Flask, agency: Agency, database: Database, sign_in: Callable) -> None:
    without_factor(agency, database)
    page = sign_in(agency.ada).part("/staff/visits")
    assert (page.status, page.headers["HX-Redirect"]) == (403, "/staff/account/second-factor")


def test_the_demo_agency_of_a_machine_for_trying_asks_no_administrator(
    app: Flask, agency: Agency, database: Database, sign_in: Callable, monkeypatch: pytest.MonkeyPatch
) -> None:
    without_factor(agency, database)
    with database.writing():
        db.session.execute(update(Staff).where(Staff.id == agency.sofia.id).values(email="coordinator@example.org"))
    assert sign_in(agency.ada).get("/staff/home").status == 200
    monkeypatch.setitem(app.config, "PORTAL_ENV", "production")
    assert sign_in(agency.ada).get("/staff/home").status == 303


def test_coordinators_and_quality_need_none(agency: Agency, sign_in: Callable) -> None:
    for person in (agency.sofia, agency.ines):
        assert sign_in(person).get("/staff/home").status == 200


def test_a_login_of_another_database_reads_no_secret_of_ours(app: Flask, tmp_path: object) -> None:
    with app.app_context():
        kept = sealed("a secret")
    other = make_app("sqlite://", app.config["PORTAL_DATA_DIR"], SECRET_KEY="the secret of another installation")
    with other.app_context():
        assert unsealed(kept) is None


def test_codes_on_paper_of_one_person_open_nothing_of_another(
    app: Flask, agency: Agency, database: Database, on_paper: list[str]
) -> None:
    with database.writing():
        db.session.execute(update(RecoveryCode).values(account_id=agency.sofia.account_id))
    assert asked_for_code(app, agency).form("Sign in").submit(code=on_paper[0]).errors() == [WRONG]
