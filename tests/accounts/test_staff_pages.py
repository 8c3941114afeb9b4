"""The accounts page: who has access, and what an administrator does about it. Everything holds at once."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from time_machine import TimeMachineFixture

from portal.accounts.models import Account, AccountLink, AccountSession
from portal.audit.models import KINDS, AuditEntry
from portal.extensions import db
from portal.people.directory import DEEDS
from portal.people.models import Client, Relative, Sector, Staff
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, open_browser
from tests.factories import PASSWORD, Agency, protected
from tests.pages import Browser, Page
from tests.racing import at_once, posting

LIST = "/staff/accounts"


def names(page: Page) -> list[str]:
    return [" ".join(tag.get_text(" ").split()) for tag in page.soup.select("#people tbody tr td:first-child")]


def page_of(browser: Browser, account_id: int) -> Page:
    return browser.get(f"{LIST}/{account_id}")


def change(browser: Browser, account_id: int, button: str) -> Page:
    """Press a button of somebody's page and say yes."""
    return page_of(browser, account_id).link(button).click().press("main button[name=deed]")


@pytest.fixture
def ada(agency: Agency, sign_in: SignIn) -> Browser:
    return sign_in(agency.ada)


# ---- the list ----


def test_the_list_names_everybody_with_access(ada: Browser, agency: Agency) -> None:
    found = names(ada.get(LIST))
    assert len(found) == 10
    assert "Paul Lefèvre for Claire Lefèvre" in found
    assert not any("George" in name for name in found), "he has no login"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=lefevre", ["Claire Lefèvre", "Paul Lefèvre for Claire Lefèvre"]),
        ("q=EXAMPLE.ORG&kind=worker", ["Jean Dupont", "Wassim Haddad"]),
        ("q=sofia@", ["Sofia Benali"]),
        ("q=ben+sof", ["Sofia Benali"]),
        ("q=inès&kind=client", []),
        ("kind=relative", ["Paul Lefèvre for Claire Lefèvre"]),
        ("q=%25", []),
        ("kind=nonsense&q=jean", ["Jean Dupont"]),
    ],
)
def test_the_list_is_narrowed(ada: Browser, agency: Agency, query: str, expected: list[str]) -> None:
    page = ada.get(f"{LIST}?{query}")
    assert names(page) == expected
    assert expected or "Nobody matches this choice" in page.words


def test_the_states_are_told_apart(ada: Browser, agency: Agency, sign_in: SignIn, database: Database) -> None:
    sign_in(agency.claire)
    with database.writing():
        db.session.execute(update(Account).where(Account.id == agency.denis.account_id).values(active=False))
        db.session.get_one(Client, agency.george).email = "george@example.org"
        db.session.get_one(Relative, agency.paul.id).active = False
    assert names(ada.get(f"{LIST}?state=active")) == ["Claire Lefèvre", "Ada Martin"]
    assert names(ada.get(f"{LIST}?state=closed")) == ["Paul Lefèvre for Claire Lefèvre", "Denis Moreau"]
    assert names(ada.get(f"{LIST}?state=without")) == ["George Wright"]
    assert len(names(ada.get(f"{LIST}?state=never"))) == 6


def test_the_list_says_who_has_a_sign_in_code(ada: Browser, agency: Agency) -> None:
    rows = {
        row.select("td")[0].get_text(): row for row in ada.get(f"{LIST}?kind=staff").soup.select("#people tbody tr")
    }
    assert rows["Ada Martin"].select("td")[5].get_text() == "On"
    assert rows["Sofia Benali"].select("td")[5].get_text() == ""


def test_the_list_costs_as_many_statements_however_long_it_is(ada: Browser, agency: Agency, database: Database) -> None:
    few = len(ada.get(f"{LIST}?q=e").statements)
    with database.writing():
        north = db.session.get_one(Sector, agency.north)
        for number in range(120):
            factories.login(factories.client("Émile", f"Number {number:03}", north, f"emile{number}@example.org"))
    page = ada.get(f"{LIST}?q=e")
    assert len(names(page)) == 50
    assert len(page.statements) == few
    assert len(ada.get(LIST).statements) <= 6
    assert few <= 6


def test_somebody_without_access_is_invited_from_the_list(
    ada: Browser, agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    with database.writing():
        db.session.get_one(Client, agency.george).email = "george@example.org"
    page = ada.get(f"{LIST}?state=without").press("button[name=person]")
    assert "The invitation to George Wright is on its way." in page.follow().words
    assert "george@example.org" in mailbox.one()["To"]
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "account.invited"))
    assert entry.account_id == agency.ada.account_id


@pytest.mark.parametrize(
    "person", ["", "client:", "client:0", "client:99999", "sector:1", "client:-1", "client:1e3", "x" * 99]
)
def test_nobody_is_invited_who_is_not_there(ada: Browser, agency: Agency, person: str) -> None:
    assert ada.act(f"{LIST}/invitations", {"person": person}).status == 404


def test_somebody_without_address_is_not_invited(ada: Browser, agency: Agency) -> None:
    page = ada.act(f"{LIST}/invitations", {"person": f"client:{agency.george}"})
    assert page.status == 409
    assert "A login needs an e-mail address." in page.words


# ---- one account ----


def test_the_page_says_what_it_opens_where_it_is_open_and_what_happened(
    ada: Browser, agency: Agency, sign_in: SignIn
) -> None:
    sign_in(agency.paul).act("/language", {"language": "ru"})
    page = page_of(ada, agency.paul.account_id)
    assert page.h1 == "Paul Lefèvre"
    assert "Relative · for Claire Lefèvre" in page.words
    assert "last seen" in page.words
    assert "The person: chose a language" in page.words
    assert len(page.statements) <= 12
    assert page.link("Who may enter this file").click().request.path == f"/staff/clients/{agency.claire.id}/access"


def test_the_same_deed_many_times_in_a_row_is_one_line(
    app: Flask, ada: Browser, agency: Agency, time_machine: TimeMachineFixture
) -> None:
    for _ in range(9):
        open_browser(app).act("/sign-in/link", {"email": agency.claire.email})
    open_browser(app).act("/sign-in", {"email": agency.claire.email, "password": PASSWORD})
    open_browser(app).act("/sign-in/link", {"email": agency.claire.email})
    lines = [tag.get_text(" ") for tag in page_of(ada, agency.claire.account_id).soup.select(".plain-list li")]
    asked = [line for line in lines if "asked for a mail to sign in with" in line]
    assert len(asked) == 2, "what came between them keeps its place"
    assert "9 times since" not in asked[0]
    assert "9 times since" in asked[1]


def test_every_deed_about_a_login_has_its_words() -> None:
    assert {kind for kind in KINDS if kind.startswith("account.")} <= set(DEEDS)
    assert set(DEEDS) <= set(KINDS)


def test_a_closed_access_is_over_at_the_next_request(
    app: Flask, ada: Browser, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    claire = sign_in(agency.claire)
    page = change(ada, agency.claire.account_id, "Close the access").follow()
    assert "The access is closed." in page.words
    assert claire.get("/client/visits").location.startswith("/sign-in")
    again = open_browser(app).get("/sign-in").form("Sign in").submit(email=agency.claire.email, password=PASSWORD)
    assert again.status == 422
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "account.deactivated"))
    assert (entry.account_id, entry.subject_id) == (agency.ada.account_id, agency.claire.account_id)
    assert "Ada Martin: closed the access" in page.words
    change(ada, agency.claire.account_id, "Open the access")
    assert claire.get("/client/visits").location.startswith("/sign-in"), "sessions of before stay dead"
    again = open_browser(app).get("/sign-in").form("Sign in").submit(email=agency.claire.email, password=PASSWORD)
    assert again.status == 303


def test_signing_somebody_out_everywhere(ada: Browser, agency: Agency, sign_in: SignIn, database: Database) -> None:
    browsers = [sign_in(agency.sofia) for _ in range(3)]
    change(ada, agency.sofia.account_id, "Sign out everywhere")
    assert all(browser.get("/staff/home").location.startswith("/sign-in") for browser in browsers)
    open_ones = AccountSession.account_id == agency.sofia.account_id, AccountSession.ended_at.is_(None)
    assert database.count(AccountSession, *open_ones) == 0
    assert database.one(select(AuditEntry.after).where(AuditEntry.kind == "account.sessions_ended")) == {"number": 3}


def test_sessions_that_nobody_uses_any_more_are_not_listed(
    agency: Agency, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    sign_in(agency.sofia)
    sign_in(agency.claire)
    time_machine.shift(timedelta(hours=1))
    ada = sign_in(agency.ada)
    assert "Nowhere at the moment." in page_of(ada, agency.sofia.account_id).words
    assert "last seen" in page_of(ada, agency.claire.account_id).words, "a client's day is longer"


def test_a_lost_phone_is_helped_by_another_administrator(
    app: Flask, ada: Browser, agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    with database.writing():
        protected(agency.ines)
    ines = sign_in(agency.ines)
    page = change(ada, agency.ines.account_id, "Take the sign-in code away").follow()
    assert "The sign-in code is off for this person." in page.words
    assert ines.get("/staff/home").location.startswith("/sign-in")
    assert "ines@example.org" in mailbox.one()["To"]
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "account.factor_reset"))
    assert entry.account_id == agency.ada.account_id
    again = open_browser(app).get("/sign-in").form("Sign in").submit(email=agency.ines.email, password=PASSWORD)
    assert again.location == "/staff/home"


def test_an_invitation_is_sent_again_until_a_password_is_chosen(
    ada: Browser, agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    with database.writing():
        db.session.execute(update(Account).where(Account.id == agency.denis.account_id).values(password=None))
    change(ada, agency.denis.account_id, "Send the invitation again")
    assert "denis@example.org" in mailbox.one()["To"]
    page = ada.act(f"{LIST}/{agency.claire.account_id}/changes", {"deed": "invite"})
    assert page.status == 409
    assert page.errors() == ["This person has chosen a password. The sign-in page offers a new one."]
    assert database.count(AccountLink) == 1


# ---- administrators ----


def test_nobody_closes_their_own_access_or_resets_their_own_code(
    ada: Browser, agency: Agency, database: Database
) -> None:
    page = page_of(ada, agency.ada.account_id)
    assert not [link for link in page.soup.select("main a") if "deed=" in str(link["href"])]
    before = database.fingerprint()["account"]
    for deed in ("close", "factor"):
        answer = ada.act(f"{LIST}/{agency.ada.account_id}/changes", {"deed": deed})
        assert answer.status == 409, deed
        assert "Ask another administrator." in answer.words
    assert database.fingerprint()["account"] == before


@pytest.fixture
def second_admin(agency: Agency, database: Database) -> factories.Persona:
    with database.writing():
        made = factories.staff("Boris", "Petit", "admin", [], "boris@example.org")
        return protected(factories.persona(made))


def test_one_of_two_administrators_can_be_closed(
    ada: Browser, agency: Agency, second_admin: factories.Persona, database: Database
) -> None:
    change(ada, second_admin.account_id, "Close the access")
    assert database.one(select(Account.active).where(Account.id == second_admin.account_id)) is False


def test_the_last_administrator_is_not_closed(
    ada: Browser, agency: Agency, second_admin: factories.Persona, database: Database, sign_in: SignIn
) -> None:
    boris = sign_in(second_admin)
    with database.writing():  # Ada's file is closed beside her: she can no longer help, but is still at her page
        db.session.get_one(Staff, agency.ada.id).active = False
    page = boris.act(f"{LIST}/{second_admin.account_id}/changes", {"deed": "close"})
    assert page.status == 409
    with database.writing():
        db.session.get_one(Staff, agency.ada.id).active = True
        db.session.get_one(Staff, second_admin.id).role = "quality"
    page = boris.act(f"{LIST}/{agency.ada.account_id}/changes", {"deed": "close"})
    assert page.status == 403, "what one may do is looked up at each request"


def test_two_administrators_who_close_each_other_at_once_leave_one(
    ada: Browser, agency: Agency, second_admin: factories.Persona, database: Database, sign_in: SignIn
) -> None:
    pairs = ((ada, second_admin.account_id), (sign_in(second_admin), agency.ada.account_id))
    statuses = at_once([posting(one, f"{LIST}/{other}/changes", {"deed": "close"}) for one, other in pairs])
    left = database.count(Account, Account.id.in_([agency.ada.account_id, second_admin.account_id]), Account.active)
    assert left == 1, statuses


def test_an_unknown_change_is_not_there(ada: Browser, agency: Agency) -> None:
    address = f"{LIST}/{agency.claire.account_id}/changes"
    assert ada.get(f"{address}?deed=erase").status == 404
    assert ada.act(address, {"deed": "erase"}).status == 404
    assert ada.act(address).status == 404
