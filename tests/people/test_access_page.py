"""Who enters a client's file: the staff of the sector invite the client and relatives, and say what each may see."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal.accounts.models import Account
from portal.audit.actions import record as record_deed
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client, Relative
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, open_browser, text_of
from tests.factories import PASSWORD, Agency
from tests.pages import Browser, Page


@pytest.fixture
def sofia(agency: Agency, sign_in: SignIn) -> Browser:
    return sign_in(agency.sofia)


def access(browser: Browser, client_id: int) -> Page:
    return browser.get(f"/staff/clients/{client_id}/access")


def add(page: Page, **typed: str) -> Page:
    values: dict[str, Any] = {
        "first_name": "Lise",
        "last_name": "Roy",
        "email": "lise@example.org",
        "relation": "fille",
        "language": "ru",
    }
    values |= typed
    return page.form("Add and invite").submit(**values)


def test_the_page_of_a_visit_leads_to_it(sofia: Browser, agency: Agency) -> None:
    page = sofia.get(f"/staff/visits/{agency.claires_done}").link("Who may enter this file").click()
    assert (page.h1, page.says(".record-tabs [aria-current]")) == ("Claire Lefèvre", "Portal access")
    assert "Paul Lefèvre" in page.words
    assert "Denis" not in page.words
    assert len(page.statements) <= 12


def test_a_relative_is_added_invited_and_can_enter(
    app: Flask, sofia: Browser, agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    page = add(access(sofia, agency.claire.id)).follow()
    assert "Lise Roy has access to the file now." in page.words
    assert "fille" in page.words
    assert "lise@example.org" in mailbox.one()["To"]
    relative = database.one(select(Relative).where(Relative.email == "lise@example.org"))
    assert (relative.client_id, relative.language, relative.may_rate, relative.sees_ratings) == (
        agency.claire.id, "ru", True, True,
    )  # fmt: skip
    entry = database.one(
        select(AuditEntry).where(AuditEntry.kind == "person.created", AuditEntry.account_id.is_not(None))
    )
    assert (entry.account_id, entry.subject_id) == (agency.sofia.account_id, relative.id)
    assert "lise@example.org" not in str(entry.after)


def test_a_relative_who_follows_two_clients_keeps_one_login(
    sofia: Browser, agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    add(access(sofia, agency.denis.id), email="PAUL@example.org", first_name="Paul", last_name="Lefèvre")
    assert mailbox.collect() == []
    assert database.count(Relative, Relative.account_id == agency.paul.account_id) == 2


def test_what_cannot_be_a_relative_is_refused_at_its_field_and_what_was_typed_stays(
    sofia: Browser, agency: Agency, database: Database
) -> None:
    wrong = [
        ("first_name", ""), ("first_name", "\u200b\u200e"), ("first_name", "x" * 81), ("last_name", " \t\x0b"),
        ("email", ""), ("email", "nobody"), ("email", "PAUL@example.org"), ("relation", "x" * 61),
    ]  # fmt: skip
    for name, typed in wrong:
        page = add(access(sofia, agency.claire.id), **{name: typed})
        assert page.status in (409, 422)
        assert page.says(f"#{name}-error"), (name, typed)
        assert page.at("#last_name").get("value") == ("" if name == "last_name" else "Roy")
        assert database.count(Relative) == 1


def test_switches_are_saved_with_their_former_values(sofia: Browser, agency: Agency, database: Database) -> None:
    form = access(sofia, agency.claire.id).form("Save")
    assert form.values().keys() >= {"may_rate", "sees_upcoming", "sees_ratings"}
    page = sofia.act(form.action, {"may_rate": "y", "version": form.values()["version"]}).follow()
    assert "It holds for Paul Lefèvre from now on." in page.words
    assert set(page.form("Save").values()) == {"csrf_token", "version", "may_rate"}
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "person.changed", AuditEntry.before.is_not(None),
                         AuditEntry.account_id == agency.sofia.account_id))  # fmt: skip
    taken = ["sees_ratings", "sees_threads", "sees_upcoming"]
    assert entry.before == dict.fromkeys(taken, True)
    assert entry.after == {**dict.fromkeys(taken, False), "fields": taken}
    told = sofia.get(f"/staff/clients/{agency.claire.id}/timeline")
    assert "Relative: Paul Lefèvre · Rights" in told.words
    assert page.form("Save").submit().status == 303
    assert database.count(AuditEntry, AuditEntry.account_id == agency.sofia.account_id) == 1, "nothing changed"


def test_of_two_who_set_the_switches_the_second_is_shown_what_stands_and_gives_nothing_back(
    sofia: Browser, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    late, first = access(sofia, agency.claire.id).form("Save"), access(sign_in(agency.ines), agency.claire.id)
    taken = {name: value for name, value in first.form("Save").values().items() if name != "sees_ratings"}
    assert first.browser.act(late.action, taken).status == 303
    left = {name: value for name, value in late.values().items() if name != "may_rate"}
    for version in (left["version"], "", "x"):
        page = sofia.act(late.action, {**left, "version": version})
        assert (page.status, page.h1) == (409, "Paul Lefèvre")
        assert "Somebody changed this record in the meantime." in page.says(".switches [role=alert]")
    number = agency.paul.id
    assert "What stands there now: No" in page.says(f"#sees_ratings-{number}-rival")
    assert "What stands there now: Yes" in page.says(f"#may_rate-{number}-rival")
    assert not page.soup.select(f"#sees_upcoming-{number}-rival")
    assert {"sees_ratings", "sees_upcoming"} <= set(page.form("Save").values())
    assert "may_rate" not in page.form("Save").values()
    paul = database.one(select(Relative).where(Relative.id == number))
    assert (paul.may_rate, paul.sees_ratings) == (True, False)
    assert len(page.statements) <= 12
    seen = {name: value for name, value in page.form("Save").values().items() if name != "sees_ratings"}
    assert sofia.act(late.action, seen).status == 303
    paul = database.one(select(Relative).where(Relative.id == number))
    assert (paul.may_rate, paul.sees_upcoming, paul.sees_ratings) == (False, True, False)


def test_a_relative_taken_off_the_file_is_out_at_once_and_can_be_let_in_again(
    app: Flask, sofia: Browser, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    paul = sign_in(agency.paul)
    assert paul.get("/client/visits").status == 200
    page = access(sofia, agency.claire.id).link("Take off the file").click().form("Take off the file").submit().follow()
    assert "Paul Lefèvre no longer has access to the file." in page.words
    assert paul.get("/client/visits").location.startswith("/sign-in")
    again = open_browser(app).get("/sign-in").form("Sign in").submit(email=agency.paul.email, password=PASSWORD)
    page_of_nothing = again.follow().follow() if again.location == "/" else again.follow()
    assert page_of_nothing.h1 == "No file is open to you", "the login itself is an administrator's to close"
    assert page_of_nothing.form("Sign out").submit().status == 303
    page = page.form("Give access again").submit().follow()
    assert "Paul Lefèvre has access to the file again." in page.words
    again = open_browser(app).get("/sign-in").form("Sign in").submit(email=agency.paul.email, password=PASSWORD)
    assert again.location == "/client/visits"


def test_an_access_that_an_administrator_closed_stays_closed_whatever_is_done_to_the_file(
    app: Flask, sofia: Browser, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    address = f"/staff/clients/{agency.claire.id}/relatives/{agency.paul.id}"
    closed = sign_in(agency.ada).act(f"/staff/accounts/{agency.paul.account_id}/changes", {"deed": "close"})
    assert closed.status == 303
    sofia.act(f"{address}/closing")
    page = sofia.act(f"{address}/opening").follow()
    assert "an administrator has closed it" in page.words
    assert database.one(select(Account.active).where(Account.id == agency.paul.account_id)) is False
    again = open_browser(app).get("/sign-in").form("Sign in").submit(email=agency.paul.email, password=PASSWORD)
    assert again.status == 422


def test_a_mailed_link_of_a_relative_taken_off_is_dead_even_once_they_are_back(
    app: Flask, sofia: Browser, agency: Agency, mailbox: Mailbox
) -> None:
    asked = open_browser(app)
    asked.act("/sign-in/link", {"email": agency.paul.email})
    path = text_of(mailbox.one()).partition("http://localhost")[2].split()[0]
    address = f"/staff/clients/{agency.claire.id}/relatives/{agency.paul.id}"
    for deed in ("closing", "opening"):
        sofia.act(f"{address}/{deed}")
    assert asked.get(path).status == 404


def test_who_follows_another_file_too_loses_only_this_one(
    sofia: Browser, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        other = factories.relative("Paul", "Lefèvre", db.session.get_one(Client, agency.denis.id), agency.paul.email)
        other.account_id = agency.paul.account_id
    paul = sign_in(agency.paul)
    sofia.act(f"/staff/clients/{agency.claire.id}/relatives/{agency.paul.id}/closing")
    page = paul.get("/client/visits")
    assert page.soup.select(f"#visit-{agency.denis_done}")
    assert not page.soup.select(f"#visit-{agency.claires_done}")
    assert paul.get(f"/client/visits/{agency.claires_done}/rating").status == 404


def test_a_login_that_an_administrator_closed_is_not_opened_by_saving_switches(
    sofia: Browser, agency: Agency, database: Database
) -> None:
    with database.writing():
        db.session.execute(update(Account).where(Account.id == agency.paul.account_id).values(active=False))
    access(sofia, agency.claire.id).form("Save").submit()
    sofia.act(f"/staff/clients/{agency.claire.id}/relatives/{agency.paul.id}/opening")
    assert database.one(select(Account.active).where(Account.id == agency.paul.account_id)) is False


def test_the_client_is_invited_from_here(sofia: Browser, agency: Agency, database: Database, mailbox: Mailbox) -> None:
    with database.writing():
        north = db.session.get_one(Client, agency.claire.id).sector
        rose = factories.client("Rose", "Blanc", north, "rose@example.org").id
    page = access(sofia, rose).press("button[name=person]").follow()
    assert "The invitation to Rose Blanc is on its way." in page.words
    assert "rose@example.org" in mailbox.one()["To"]
    assert "Send the invitation again" in page.words


def test_an_address_with_a_login_opens_the_file_and_nobody_says_that_a_mail_leaves(
    sofia: Browser, agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    with database.writing():
        north = db.session.get_one(Client, agency.claire.id).sector
        rose = factories.client("Rose", "Blanc", north, agency.paul.email).id
    page = access(sofia, rose).press("button[name=person]").follow()
    assert "This address has a login already: it opens this file too, and no invitation is mailed." in page.words
    assert "on its way" not in page.words
    assert mailbox.collect() == []
    assert database.one(select(Client.account_id).where(Client.id == rose)) == agency.paul.account_id


def test_nobody_is_invited_to_a_file_that_is_closed(
    sofia: Browser, agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        lise = factories.relative("Lise", "Roy", claire, "lise@example.org").id
        claire.active = False
    page = add(access(sofia, agency.claire.id), email="anne@example.org")
    assert (page.status, page.errors()) == (409, ["This file is closed. Open it again first."])
    invited = sofia.act(f"/staff/clients/{agency.claire.id}/access/invitations", {"person": f"relative:{lise}"})
    assert invited.status == 409
    assert mailbox.collect() == []
    assert database.count(Relative) == 2


def test_without_an_address_the_page_says_so(agency: Agency, sign_in: SignIn) -> None:
    page = access(sign_in(agency.igor), agency.george)
    assert "No e-mail address on the file" in page.words
    assert not page.soup.select("button[name=person]")


# ---- another sector, another file ----


def test_another_sectors_client_is_not_there(sofia: Browser, agency: Agency, database: Database) -> None:
    before = database.fingerprint()
    for client_id in (agency.eloise.id, agency.george, 987654):
        assert access(sofia, client_id).status == 404
        for path in ("access", "access/invitations", f"relatives/{agency.paul.id}/closing"):
            address = f"/staff/clients/{client_id}/{path}"
            assert sofia.act(address, {"person": f"client:{client_id}", "first_name": "x"}).status == 404
    assert database.fingerprint() == before


def test_a_relative_of_another_client_is_not_on_this_file(sofia: Browser, agency: Agency, database: Database) -> None:
    before = database.fingerprint()
    for path in ("/grants", "/closing", "/opening"):
        address = f"/staff/clients/{agency.denis.id}/relatives/{agency.paul.id}{path}"
        assert sofia.act(address, {"may_rate": "y"}).status == 404
    for person in (agency.paul.key, agency.claire.key, agency.ada.key, "staff:1", ""):
        address = f"/staff/clients/{agency.denis.id}/access/invitations"
        assert sofia.act(address, {"person": person}).status == 404
    assert database.fingerprint() == before


# ---- the address of the record and the address of the login ----


def pages_of(kind: str, agency: Agency, database: Database) -> tuple[str, str]:
    """Somebody new with a mistyped address: where the record is changed, and where its access is shown."""
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        typed = ("Lise", "Roy"), "wrong.person@example.org"
        match kind:
            case "client":
                path = f"/staff/clients/{factories.client(*typed[0], claire.sector, typed[1]).id}"
            case "relative":
                path = f"/staff/clients/{claire.id}/relatives/{factories.relative(*typed[0], claire, typed[1]).id}"
            case "worker":
                path = f"/staff/workers/{factories.worker(*typed[0], [claire.sector], typed[1]).id}"
            case _:
                path = f"/staff/team/{factories.staff(*typed[0], 'admin', [], typed[1]).id}"
    return f"{path}/editing", path


@pytest.mark.parametrize("kind", ["client", "relative", "worker", "staff"])
def test_until_somebody_has_used_it_a_login_follows_the_corrected_address_and_earlier_links_are_dead(
    app: Flask, agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, kind: str
) -> None:
    ada, stranger = sign_in(agency.ada), open_browser(app)
    editing, record = pages_of(kind, agency, database)
    ada.get(record).press(".invite button")
    first = link_in(mailbox.one())
    ada.get(editing).form("Save").submit(email="Right.Person@example.org")
    assert stranger.get(first).status == 404
    assert stranger.act(first, {"password": PASSWORD, "confirm": PASSWORD}).status == 404
    ada.get(record).press(".invite button")
    mail = mailbox.one()
    assert "right.person@example.org" in str(mail["To"]).lower()
    page = stranger.get(link_in(mail))
    assert page.form("password").submit(password=PASSWORD, confirm=PASSWORD).status == 303
    page = ada.get(editing).form("Save").submit(email="other@example.org")
    assert page.status == 303
    for address in (record, "/staff/accounts?q=other@"):
        assert "Signs in as right.person@example.org" in ada.get(address).words
    stranger.act("/sign-out")
    assert stranger.act("/sign-in", {"email": "right.person@example.org", "password": PASSWORD}).status == 303
    assert database.count(Account, Account.email.in_(["wrong.person@example.org", "other@example.org"])) == 0
    if kind in ("client", "relative"):
        number = agency.claire.id if kind == "relative" else int(record.rpartition("/")[2])
        assert "Signs in as right.person@example.org" in access(ada, number).words


def link_in(mail: Any) -> str:
    return text_of(mail).partition("http://localhost")[2].split()[0]


def test_one_of_several_files_moves_no_login_and_a_known_address_is_joined_by_invitation_alone(
    app: Flask, sofia: Browser, agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    with database.writing():
        north = db.session.get_one(Client, agency.claire.id).sector
        rose = factories.client("Rose", "Blanc", north, "wrong@example.org").id
        anne = factories.client("Anne", "Blanc", north, "wrong@example.org").id
    for number in (rose, anne):
        access(sofia, number).press("button[name=person]")
    first = link_in(mailbox.collect()[0])
    sofia.get(f"/staff/clients/{rose}/editing").form("Save").submit(email="rose@example.org")
    assert "Without access" in access(sofia, rose).words
    assert open_browser(app).get(first).status == 200, "it is Anne’s too"
    sofia.get(f"/staff/clients/{anne}/editing").form("Save").submit(email=agency.paul.email)
    assert open_browser(app).get(first).status == 404
    assert database.count(Client, Client.account_id == agency.paul.account_id) == 0
    page = access(sofia, anne).press("button[name=person]").follow()
    assert "This address has a login already" in page.words
    assert database.one(select(Client.account_id).where(Client.id == anne)) == agency.paul.account_id
    access(sofia, rose).press("button[name=person]")
    assert "rose@example.org" in mailbox.one()["To"]
    sofia.get(f"/staff/clients/{anne}/editing").form("Save").submit(email="anne@example.org")
    assert database.count(Client, Client.account_id == agency.paul.account_id) == 0, (
        "whose login it was opens it no more"
    )
    access(sofia, anne).press("button[name=person]")
    assert "anne@example.org" in mailbox.one()["To"]


def test_who_shares_a_login_with_a_file_is_not_shut_out_by_their_own_hand(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).account_id = agency.ada.account_id
    ada = sign_in(agency.ada)
    page = ada.get(f"/staff/team/{agency.ada.id}/editing").form("Save").submit(email="ada.martin@example.org")
    assert page.status == 303
    assert ada.get("/staff/team").status == 200


def test_how_a_login_is_used_is_not_told_beyond_the_files_that_one_sees(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    sign_in(agency.claire)
    igor = sign_in(agency.igor)
    add(access(igor, agency.eloise.id), email=agency.claire.email, first_name="Spy", last_name="Spy")
    spy = database.one(select(Relative.id).where(Relative.last_name == "Spy"))
    record = f"/staff/clients/{agency.eloise.id}/relatives/{spy}"
    for page in (access(igor, agency.eloise.id), igor.get(record)):
        assert "Has a login" in page.words
        for told in ("last sign-in", "Open", "password chosen", "Signs in as"):
            assert told not in page.says("main").partition("Spy Spy")[2].partition("Add a relative")[0], told
        assert not page.soup.select("button[name=person]")
    invited = igor.act(f"/staff/clients/{agency.eloise.id}/access/invitations", {"person": f"relative:{spy}"})
    assert "This address has a login already" in invited.follow().words
    assert "last sign-in" in access(sign_in(agency.ines), agency.eloise.id).words
    with database.writing():
        record_deed("account.invited", agency.sofia.user, ("account", agency.claire.account_id))
    assert "Sofia" not in igor.get(f"/staff/clients/{agency.eloise.id}/timeline").words
