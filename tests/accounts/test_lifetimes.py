"""How long a session lasts: by role, without activity and in all; what counts as activity; what one reads then."""

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import delete, select
from time_machine import TimeMachineFixture

from portal.accounts.models import AccountSession
from portal.extensions import db
from portal.people.actions import open_login
from portal.people.models import Sector
from tests import factories
from tests.conftest import Database, SignIn, on_postgres
from tests.factories import Agency
from tests.pages import LAST_SEEN, Browser

HOMES = {"claire": "/client/visits", "paul": "/client/visits", "wassim": "/worker/", "sofia": "/staff/visits",
         "ines": "/staff/visits"}  # fmt: skip
IDLE_STAFF = "You were signed out after 30 minutes without activity. Please sign in again."
IDLE = "You were signed out after a day without activity. Please sign in again."
LONG = "You have been signed in for a long time. For your safety, please sign in again."


def is_in(browser: Browser, home: str) -> bool:
    return browser.get(home).status == 200


@pytest.mark.parametrize(
    ("name", "minutes", "sentence"),
    [("claire", 24 * 60, IDLE), ("paul", 24 * 60, IDLE), ("wassim", 24 * 60, IDLE), ("sofia", 30, IDLE_STAFF),
     ("ines", 30, IDLE_STAFF)],
)  # fmt: skip
def test_a_session_without_activity_ends_and_says_so(
    agency: Agency, sign_in: SignIn, time_machine: TimeMachineFixture, name: str, minutes: int, sentence: str
) -> None:
    lasting, over = sign_in(getattr(agency, name)), sign_in(getattr(agency, name))
    time_machine.shift(timedelta(minutes=minutes - 1))
    assert is_in(lasting, HOMES[name])
    time_machine.shift(timedelta(minutes=2))
    assert is_in(lasting, HOMES[name]), "what was read a minute ago prolongs"
    page = over.get(HOMES[name])
    assert page.location.startswith("/sign-in?next=")
    assert sentence in page.follow().words
    assert sentence not in over.get("/sign-in").words, "it is said once"


def test_what_is_known_of_a_session_is_removed_half_a_year_after_it(
    sign_in: SignIn, agency: Agency, database: Database, time_machine: TimeMachineFixture
) -> None:
    sign_in(agency.claire)
    sign_in(agency.denis)
    time_machine.shift(timedelta(days=188))
    sign_in(agency.claire)
    assert database.count(AccountSession, AccountSession.account_id == agency.claire.account_id) == 1
    assert database.count(AccountSession, AccountSession.account_id == agency.denis.account_id) == 1, "at the next time"


@pytest.mark.parametrize(
    ("name", "hours", "step"), [("sofia", 12, 0.4), ("claire", 7 * 24, 20), ("wassim", 7 * 24, 20)]
)
def test_a_session_ends_however_active_one_is(
    agency: Agency, sign_in: SignIn, time_machine: TimeMachineFixture, name: str, hours: float, step: float
) -> None:
    browser, gone = sign_in(getattr(agency, name)), step
    while gone < hours:
        time_machine.shift(timedelta(hours=step))
        assert is_in(browser, HOMES[name]), gone
        gone += step
    time_machine.shift(timedelta(hours=step))
    page = browser.get(HOMES[name])
    assert LONG in page.follow().words


def test_one_login_with_several_files_follows_the_strictest(
    agency: Agency, sign_in: SignIn, time_machine: TimeMachineFixture, database: Database
) -> None:
    before = sign_in(agency.wassim)
    with database.writing():
        north = db.session.get_one(Sector, agency.north)
        open_login(None, factories.staff("Wassim", "Haddad", "coordinator", [north], agency.wassim.email))
    after = sign_in(agency.wassim)
    time_machine.shift(timedelta(minutes=31))
    assert not is_in(after, "/worker/")
    assert not is_in(before, "/worker/"), "a session of before does not outlive the new right"


def test_what_a_page_asks_by_itself_prolongs_nothing(
    agency: Agency, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    sofia = sign_in(agency.sofia)
    for _minute in range(6):
        time_machine.shift(timedelta(minutes=5, seconds=1))
        page = sofia.part("/staff/visits", headers={"X-Poll": "1"})
    assert page.status == 401
    assert page.headers["HX-Redirect"].startswith("/sign-in")


def test_a_fragment_that_somebody_asks_for_prolongs(
    agency: Agency, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    sofia = sign_in(agency.sofia)
    for _ in range(3):
        time_machine.shift(timedelta(minutes=25))
        assert sofia.part("/staff/visits").status == 200


def test_reading_writes_at_most_once_a_minute(
    agency: Agency, sign_in: SignIn, time_machine: TimeMachineFixture, database: Database
) -> None:
    claire = sign_in(agency.claire)
    usual = claire.get("/client/visits").statements
    assert not [said for said in usual if said.startswith(LAST_SEEN)]
    time_machine.shift(timedelta(seconds=61))
    later = claire.get("/client/visits").statements
    assert len(later) == len(usual) + 1
    assert later[-1].startswith(LAST_SEEN), "after the answer"
    assert claire.get("/client/visits").statements == usual
    begun, seen = database.one(select(AccountSession.created_at, AccountSession.seen_at))
    assert seen - begun >= timedelta(seconds=61)


@pytest.mark.skipif(on_postgres(), reason="only SQLite has one lock for all who write")
def test_a_page_does_not_wait_while_somebody_else_writes(
    agency: Agency, sign_in: SignIn, time_machine: TimeMachineFixture, database: Database
) -> None:
    claire = sign_in(agency.claire)
    time_machine.shift(timedelta(minutes=2))
    path = database.app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, isolation_level=None)) as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        assert is_in(claire, "/client/visits")
        somebody.execute("ROLLBACK")
    assert database.one(select(AccountSession.seen_at == AccountSession.created_at)), "the next request notes it"
    assert is_in(claire, "/client/visits")
    assert not database.one(select(AccountSession.seen_at == AccountSession.created_at))


def test_after_signing_in_again_one_is_back_on_the_page_of_the_deed(
    agency: Agency, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    sofia = sign_in(agency.sofia)
    page = f"/staff/visits/{agency.claires_next}/cancellation"
    time_machine.shift(timedelta(minutes=31))
    answer = sofia.act(page, {"done": "yes"}, headers={"Referer": f"http://localhost{page}"})
    assert answer.location == f"/sign-in?next={page}"
    away = sofia.act(page, {"reason": "Absence"}, headers={"Referer": "http://evil.example/staff/visits"})
    assert away.location == "/sign-in"


def test_what_was_typed_while_the_session_ended_is_shown_to_be_copied(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    browser = sign_in(agency.claire)
    form = browser.get("/client/complaints/new").form("Send the complaint")
    with database.writing():
        db.session.execute(delete(AccountSession))
    browser.environ_base["HTTP_REFERER"] = "http://localhost/client/complaints/new"
    page = form.submit(text="Toujours en retard, deux fois cette semaine.")
    assert (page.status, page.says("#typed")) == (401, "Toujours en retard, deux fois cette semaine.")
    assert page.at("a.btn")["href"] == "/sign-in?next=/client/complaints/new"
    browser.environ_base["HTTP_REFERER"] = "https://elsewhere.example/"
    assert form.submit(text="Achetez !").status == 302, "what another site sends is not shown"


def test_a_window_that_is_sent_after_the_session_keeps_what_was_typed_in_it(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    browser, page = sign_in(agency.sofia), f"/staff/visits/{agency.claires_next}/cancellation"
    browser.environ_base["HTTP_REFERER"] = f"http://localhost/staff/visits/{agency.claires_next}"
    with database.writing():
        db.session.execute(delete(AccountSession))
    kept = browser.act(page, {"reason": "Madame est à l’hôpital."}, htmx=True)
    assert (kept.status, kept.html, "HX-Redirect" in kept.headers) == (401, "", False)
    assert browser.act(page, {"reason": ""}, htmx=True).headers["HX-Redirect"].startswith("/sign-in")
