"""Signing in: who may, who is told what, and how a guesser is slowed down."""

import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import select, update
from time_machine import TimeMachineFixture

from portal.accounts.models import Account, AccountSession, Throttle
from portal.accounts.queries import hash_of
from portal.accounts.throttles import place_of
from portal.audit.models import AuditEntry
from portal.extensions import db
from tests.conftest import Database, Mailbox, SignIn, make_app, open_browser, text_of
from tests.factories import PASSWORD, Agency, Persona
from tests.pages import Browser, Page

WRONG = "This e-mail address and password do not go together."
TOO_OFTEN = "Too many attempts. Please wait a few minutes and try again."


def try_to_sign_in(browser: Browser, email: str, password: str, **headers: str) -> Page:
    token = {"X-CSRFToken": browser.csrf_token(), **headers}
    return browser.post("/sign-in", data={"email": email, "password": password}, headers=token)


def test_the_right_password_leads_to_the_visits(stranger: Browser, agency: Agency) -> None:
    page = stranger.get("/").follow().form("Sign in").submit(email="claire@example.org", password=PASSWORD)
    assert page.status == 303
    assert page.location == "/client/visits"
    assert page.follow().h1 == "My visits"


@pytest.mark.parametrize(
    ("name", "home"),
    [("paul", "/client/visits"), ("wassim", "/worker/"), ("sofia", "/staff/home"), ("ines", "/staff/home")],
)
def test_each_person_is_led_to_their_own_portal(stranger: Browser, agency: Agency, name: str, home: str) -> None:
    person: Persona = getattr(agency, name)
    assert try_to_sign_in(stranger, person.email, PASSWORD).location == home
    assert stranger.get("/").location == home


def test_a_file_in_the_place_of_a_text_is_a_missing_text(stranger: Browser, agency: Agency, sign_in: SignIn) -> None:
    file = BytesIO(b"claire@example.org"), "address.txt"
    page = stranger.act("/sign-in", {"email": file, "password": (BytesIO(b"x"), "x.txt")})
    assert page.status == 422
    assert page.at("#email-error")
    service = sign_in(agency.ada).get("/staff/services/new").form("Save")
    assert service.submit(name=(BytesIO(b"x"), "x.txt"), hours="1").status == 422


def test_case_and_blanks_around_the_address_do_not_matter(stranger: Browser, agency: Agency) -> None:
    assert try_to_sign_in(stranger, "  Claire@Example.ORG ", PASSWORD).status == 303


def test_signing_in_is_written_down(stranger: Browser, agency: Agency, database: Database) -> None:
    try_to_sign_in(stranger, agency.claire.email, PASSWORD)
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "account.signed_in"))
    assert (entry.account_id, entry.subject_type, entry.subject_id) == (
        agency.claire.account_id,
        "account",
        agency.claire.account_id,
    )


def test_wrong_unknown_and_closed_logins_get_the_same_answer(agency: Agency, app: Flask, database: Database) -> None:
    with database.writing():
        db.session.execute(update(Account).where(Account.id == agency.denis.account_id).values(active=False))
        db.session.execute(update(Account).where(Account.id == agency.jean.account_id).values(password=None))
    answers = set()
    for email, password in (
        (agency.claire.email, "not her password"),
        ("nobody@example.org", PASSWORD),
        (agency.denis.email, PASSWORD),
        (agency.jean.email, PASSWORD),
    ):
        page = try_to_sign_in(open_browser(app), email, password)
        assert page.errors() == [WRONG]
        page.at("#csrf_token")["value"] = page.at("#email")["value"] = ""
        for token in page.soup.select("[name=csrf_token]"):
            token["value"] = ""
        answers.add((page.status, str(page.soup), tuple(sorted(page.headers.keys()))))
    assert len(answers) == 1
    assert database.count(AccountSession) == 0


def test_the_password_is_never_shown_again(stranger: Browser, agency: Agency) -> None:
    page = try_to_sign_in(stranger, agency.claire.email, "what I typed wrong")
    assert "what I typed wrong" not in page.html
    assert page.at("#email")["value"] == agency.claire.email


def test_empty_fields_are_named(stranger: Browser, agency: Agency) -> None:
    page = stranger.get("/sign-in").form("Sign in").submit()
    assert page.status == 422
    assert "Please enter your e-mail address." in page.errors()
    assert "Please enter your password." in page.errors()


def test_without_the_token_of_the_form_nothing_happens(stranger: Browser, agency: Agency, database: Database) -> None:
    page = stranger.post("/sign-in", data={"email": agency.claire.email, "password": PASSWORD})
    assert page.status == 400
    assert page.h1 == "This form is too old"
    assert database.count(AccountSession) == 0


def guess(browser: Browser, email: str, times: int) -> list[Page]:
    return [try_to_sign_in(browser, email, f"guess number {number}") for number in range(times)]


def test_after_ten_wrong_passwords_the_right_one_waits_too(
    stranger: Browser, agency: Agency, app: Flask, time_machine: TimeMachineFixture
) -> None:
    assert {tuple(page.errors()) for page in guess(stranger, agency.claire.email, 10)} == {(WRONG,)}
    page = try_to_sign_in(stranger, agency.claire.email, PASSWORD)
    assert page.errors() == [TOO_OFTEN]
    assert (page.status, page.response.headers["Retry-After"]) == (429, "300")
    assert try_to_sign_in(open_browser(app), agency.denis.email, PASSWORD).status == 303, (
        "a neighbour is not locked out"
    )
    time_machine.shift(timedelta(minutes=5, seconds=1))
    assert try_to_sign_in(stranger, agency.claire.email, PASSWORD).status == 303


def test_nine_wrong_passwords_and_a_right_one_start_the_count_anew(
    stranger: Browser, agency: Agency, app: Flask
) -> None:
    guess(stranger, agency.claire.email, 9)
    assert try_to_sign_in(stranger, agency.claire.email, PASSWORD).status == 303
    assert guess(open_browser(app), agency.claire.email, 9)[-1].errors() == [WRONG]


def test_an_unknown_address_is_slowed_down_like_a_known_one(stranger: Browser, agency: Agency) -> None:
    assert guess(stranger, "nobody@example.org", 11)[-1].errors() == [TOO_OFTEN]


def test_thirty_wrong_passwords_from_one_place_are_enough_whoever_is_tried(stranger: Browser, agency: Agency) -> None:
    for number in range(30):
        forged = {"X-Forwarded-For": f"203.0.113.{number}"}  # anyone can write this header
        try_to_sign_in(stranger, f"nobody{number}@example.org", "guess", **forged)
    page = try_to_sign_in(stranger, agency.claire.email, PASSWORD, **{"X-Forwarded-For": "198.51.100.1"})
    assert page.errors() == [TOO_OFTEN]


def test_a_household_of_many_ipv6_addresses_is_one_place(app: Flask, agency: Agency, database: Database) -> None:
    browser = open_browser(app)
    for number in range(45):
        browser.environ_base["REMOTE_ADDR"] = f"2001:db8:1:2::{number + 1:x}"
        page = try_to_sign_in(browser, f"nobody{number}@example.org", "guess")
        assert page.errors() == [WRONG if number < 30 else TOO_OFTEN]
    overall = database.one(select(Throttle).where(Throttle.bucket == hash_of("sign-in-from-anywhere")))
    assert overall.hits == 30, "one household alone never reaches the brake that holds for everybody"
    browser.environ_base["REMOTE_ADDR"] = "2001:db8:1:3::1"
    assert try_to_sign_in(browser, agency.claire.email, PASSWORD).status == 303, "the neighbour's line is another place"


@pytest.mark.parametrize(
    ("address", "place"),
    [("81.56.12.34", "81.56.12.34"), ("::ffff:81.56.12.34", "81.56.12.34"),
     ("2a01:e0a:0:1:2:3:4:5", "2a01:e0a:0:1::/64"), ("2A01:E0A:0:1::", "2a01:e0a:0:1::/64"),
     ("fe80::1%eth0", "fe80::/64"), ("", ""), (None, ""), ("unix:", "unix:")],
)  # fmt: skip
def test_a_place_is_an_ipv4_address_or_a_network_of_64_bits(address: str | None, place: str) -> None:
    assert place_of(address) == place


def test_every_brake_on_a_network_address_counts_places() -> None:
    """What is read from the request goes through `place_of`, or into a function that does so."""
    portal = Path(__file__).resolve().parents[2] / "portal"
    text = "".join(path.read_text(encoding="utf-8") for path in portal.rglob("*.py"))
    assert not re.findall(r"\{(?:request\.remote_addr|network_address)\b", text)


def test_the_count_is_a_row_and_survives_a_restart(
    stranger: Browser, agency: Agency, app: Flask, database: Database
) -> None:
    guess(stranger, agency.claire.email, 10)
    row = database.one(select(Throttle).where(Throttle.bucket == hash_of(f"sign-in:{agency.claire.email}")))
    assert row.hits == 10
    another = make_app(app.config["SQLALCHEMY_DATABASE_URI"], app.config["PORTAL_DATA_DIR"])
    assert try_to_sign_in(open_browser(another), agency.claire.email, PASSWORD).errors() == [TOO_OFTEN]
    with another.app_context():
        db.engine.dispose()


def test_an_emptied_redis_forgets_no_count_and_signs_nobody_out(
    stranger: Browser, agency: Agency, app: Flask, valkey: str, sign_in: SignIn
) -> None:
    denis = sign_in(agency.denis)
    guess(stranger, agency.claire.email, 10)
    with Redis.from_url(valkey) as connection:
        connection.flushall()
    assert try_to_sign_in(stranger, agency.claire.email, PASSWORD).errors() == [TOO_OFTEN]
    assert denis.get("/client/visits").status == 200


def test_somebody_locked_out_by_a_guesser_gets_in_by_mail(
    stranger: Browser, agency: Agency, mailbox: Mailbox, app: Flask
) -> None:
    guess(stranger, agency.claire.email, 10)
    owner = open_browser(app)
    owner.get("/forgotten-password").form("Send me").submit(email=agency.claire.email)
    link = re.search(r"http://localhost(/password/\S+)", text_of(mailbox.one()))
    assert link
    chosen = "encore une phrase nouvelle"
    assert owner.get(link[1]).form(link[1]).submit(password=chosen, confirm=chosen).follow().h1 == "My visits"
    assert try_to_sign_in(open_browser(app), agency.claire.email, chosen).status == 303


def test_a_session_starts_with_a_new_secret_whatever_cookie_was_there(
    stranger: Browser, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with sign_in(agency.denis).session_transaction() as attackers:
        planted = dict(attackers)
    with stranger.session_transaction() as cookie:
        cookie.update(planted)  # the attacker's own, valid session
        cookie.pop("_user_id")
    assert try_to_sign_in(stranger, agency.claire.email, PASSWORD).status == 303
    with stranger.session_transaction() as cookie:
        assert cookie["token"] != planted["token"]
        assert cookie.get("csrf_token") != planted.get("csrf_token", "none")
    hashes = database.all(
        select(AccountSession.token_hash).where(AccountSession.account_id == agency.claire.account_id)
    )
    assert len(hashes) == 1
    assert planted["token"] not in hashes, "only hashes are kept"


def test_somebody_signed_in_is_not_asked_again(agency: Agency, sign_in: SignIn) -> None:
    assert sign_in(agency.claire).get("/sign-in").location == "/client/visits"


def test_a_page_asked_for_before_signing_in_is_opened_afterwards(stranger: Browser, agency: Agency) -> None:
    page = stranger.get("/client/visits?state=done")
    assert page.location == "/sign-in?next=/client/visits?state%3Ddone"
    page = page.follow().form("Sign in").submit(email=agency.claire.email, password=PASSWORD)
    assert page.location == "/client/visits?state=done"


def test_htmx_is_told_to_open_the_sign_in_page(stranger: Browser, agency: Agency) -> None:
    page = stranger.part("/client/visits")
    assert page.status == 401
    assert page.headers["HX-Redirect"].startswith("/sign-in?next=")
    assert not page.is_html, "no sign-in page inside a list"


def test_a_page_of_the_demo_alone_shows_logins(stranger: Browser, agency: Agency) -> None:
    assert "example.org" not in stranger.get("/sign-in").words
