"""One login may open several files: a client who is also close to another one, a worker who is also staff."""

import pytest
from sqlalchemy import select

from portal.accounts.models import Account
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.actions import open_login
from portal.people.models import Client, Relative, Sector, Staff
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import PASSWORD, Agency
from tests.pages import Browser


@pytest.fixture
def claire_follows_eloise(agency: Agency, database: Database) -> str:
    """Claire is close to Éloïse too; returns the key of that file."""
    with database.writing():
        eloise = db.session.get_one(Client, agency.eloise.id)
        relative = factories.relative("Claire", "Lefèvre", eloise, agency.claire.email)
        open_login(agency.sofia.user, relative)
        return f"relative:{relative.id}"


def test_somebody_with_two_files_chooses_one(
    stranger: Browser, agency: Agency, claire_follows_eloise: str, database: Database
) -> None:
    page = stranger.act("/sign-in", {"email": agency.claire.email, "password": PASSWORD})
    assert page.location == "/choose"
    page = page.follow()
    assert "Claire Lefèvre" in page.words
    assert "Éloïse D’Angelo" in page.words
    page = page.form("D’Angelo").submit(file=claire_follows_eloise).follow()
    assert page.soup.select(f"#visit-{agency.eloises_done}")
    assert not page.soup.select(f"#visit-{agency.claires_done}")
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "account.file_opened"))
    assert (entry.account_id, entry.after) == (agency.claire.account_id, {"file": claire_follows_eloise})


def test_the_other_file_stays_closed_until_it_is_chosen(
    agency: Agency, claire_follows_eloise: str, sign_in: SignIn
) -> None:
    browser = sign_in(agency.claire)
    assert browser.get(f"/client/visits/{agency.eloises_done}/rating").status == 404
    browser.act("/choose", {"file": claire_follows_eloise})
    assert browser.get(f"/client/visits/{agency.eloises_done}/rating").status == 200
    assert browser.get(f"/client/visits/{agency.claires_done}/rating").status == 404


def test_the_choice_belongs_to_this_browser(agency: Agency, claire_follows_eloise: str, sign_in: SignIn) -> None:
    phone, tablet = sign_in(agency.claire), sign_in(agency.claire)
    phone.act("/choose", {"file": claire_follows_eloise})
    assert tablet.get(f"/client/visits/{agency.claires_done}/rating").status == 200


@pytest.mark.parametrize("key", ["client:2", "staff:4", "relative:999", "client:", "", "client:1 OR 1=1"])
def test_a_file_of_somebody_else_cannot_be_chosen(
    agency: Agency, claire_follows_eloise: str, sign_in: SignIn, database: Database, key: str
) -> None:
    assert agency.denis.key == "client:2"
    browser = sign_in(agency.claire)
    assert browser.act("/choose", {"file": key}).status == 404
    assert database.count(AuditEntry, AuditEntry.kind == "account.file_opened") == 0
    assert browser.get(f"/client/visits/{agency.denis_done}/rating").status == 404


def test_one_login_may_open_two_portals(agency: Agency, database: Database, sign_in: SignIn) -> None:
    with database.writing():
        north = db.session.get_one(Sector, agency.north)
        member = factories.staff("Wassim", "Haddad", "coordinator", [north], agency.wassim.email)
        open_login(None, member)
        assert db.session.get_one(Staff, member.id).account_id == agency.wassim.account_id
    browser = sign_in(agency.wassim)
    assert browser.get("/worker/").status == 200
    assert browser.get("/staff/visits").status == 200
    assert browser.get("/client/visits").status == 404


def test_an_address_that_has_a_login_is_not_invited_again(
    agency: Agency, claire_follows_eloise: str, database: Database
) -> None:
    assert database.count(AuditEntry, AuditEntry.kind == "account.invited") == 0
    assert database.count(Account, Account.email == agency.claire.email) == 1


def test_a_stranger_is_sent_to_sign_in_before_choosing(stranger: Browser, agency: Agency) -> None:
    assert stranger.get("/choose").location == "/sign-in"
    assert stranger.act("/choose", {"file": agency.claire.key}).location == "/sign-in"


def test_a_login_without_any_file_gets_a_page(agency: Agency, database: Database, sign_in: SignIn) -> None:
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).active = False
    page = sign_in(agency.paul).get("/").follow()
    assert page.status == 200
    assert "Lefèvre, for" not in page.words
