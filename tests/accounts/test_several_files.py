"""One login may open several files: a client who is also close to another one, a worker who is also staff."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from time_machine import TimeMachineFixture

from portal import clock
from portal.accounts.models import Account
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.actions import open_login
from portal.people.models import Client, Relative, Sector, Staff
from portal.threads.models import Thread
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, text_of
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


def test_the_mail_of_another_file_names_it_and_its_page_offers_to_change_over(
    agency: Agency, claire_follows_eloise: str, database: Database, mailbox: Mailbox, sign_in: SignIn,
    stranger: Browser, time_machine: TimeMachineFixture,
) -> None:  # fmt: skip
    with database.writing():
        threads = [factories.thread(agency.igor, [agency.eloise], subject="Vos clés").id for _each in range(2)]
        db.session.execute(update(Relative).values(language="en"))
        factories.thread(agency.denis, [agency.denis])
    time_machine.move_to(clock.now() + timedelta(minutes=3))
    [mail] = [one for one in mailbox.collect() if agency.claire.email in one["To"]]
    words = " ".join(text_of(mail).split())
    assert "It concerns the file “Claire Lefèvre, for Éloïse D’Angelo”." in words
    assert f"/client/threads?file={claire_follows_eloise} " in words
    thread = f"/client/threads/{threads[0]}"
    login = {"email": agency.claire.email, "password": PASSWORD, "next": thread}
    page = stranger.act("/sign-in", login).follow()
    assert (page.status, page.h1) == (200, "This belongs to another of your files")
    assert "Bonjour" not in page.words and "Vos clés" not in page.words
    page = page.form("D’Angelo").submit(file=claire_follows_eloise).follow()
    assert "Bonjour" in page.words and page.endpoint == "client.show_thread"
    other = sign_in(agency.claire)
    assert "Vos clés" not in other.get("/client/threads").words
    offer = other.get(f"/client/threads?file={claire_follows_eloise}").form("D’Angelo")
    assert "Vos clés" in offer.submit(file=claire_follows_eloise).follow().words
    assert other.get("/client/threads/3").status == 404, "of nobody among them"
    assert other.get(f"/client/threads?file={agency.denis.key}").h1 == "Contact us"
    elsewhere = {"file": agency.claire.key, "next": "/staff/visits"}
    assert other.act("/choose", elsewhere).location == "/client/visits"


def test_a_form_of_the_former_file_is_sent_from_no_other(
    agency: Agency, claire_follows_eloise: str, database: Database, sign_in: SignIn
) -> None:
    with database.writing():
        db.session.execute(update(Relative).values(sees_threads=True))
    browser = sign_in(agency.claire)

    def done() -> tuple[int, int]:
        return database.count(Thread), database.count(AuditEntry, AuditEntry.kind == "notice.chosen")

    opened = browser.get("/client/threads/new").form("Send")
    notices = browser.get("/client/account/notices").form("/account/notices")
    browser.act("/choose", {"file": agency.claire.key})
    assert opened.submit(topic="other", text="Bonjour").status == 303, "it is the file that was open"
    opened = browser.get("/client/threads/new").form("Send")
    before = done()
    former = browser.cookie() or ""
    page = browser.get("/choose").form("D’Angelo").submit(file=claire_follows_eloise).follow()
    assert page.status == 200
    browser.set_cookie("suivi", former)  # an answer that was under way brings it back
    browser.environ_base["HTTP_REFERER"] = "http://localhost/client/threads/new"
    late = opened.submit(topic="other", text="Ma clé est sous le pot")
    assert (late.status, late.h1) == (400, "This form is too old")
    assert "Another file has been opened since" in late.words
    assert late.at("textarea#typed").get_text().strip() == "Ma clé est sous le pot"
    assert notices.submit(message="never").status == 400
    assert done() == before
    browser.environ_base["HTTP_REFERER"] = "https://elsewhere.example/"
    assert "sous le pot" not in opened.submit(topic="other", text="Ma clé est sous le pot").html, "none of our words"
    fresh = browser.get("/client/threads/new").form("Send")
    browser.act("/choose", {"file": claire_follows_eloise})
    assert fresh.submit(topic="other", text="Bonjour").status == 303


def test_a_stranger_is_sent_to_sign_in_before_choosing(stranger: Browser, agency: Agency) -> None:
    assert stranger.get("/choose").location == "/sign-in"
    assert stranger.act("/choose", {"file": agency.claire.key}).location == "/sign-in"


def test_a_login_without_any_file_gets_a_page(agency: Agency, database: Database, sign_in: SignIn) -> None:
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).active = False
    page = sign_in(agency.paul).get("/").follow()
    assert page.status == 200
    assert "Lefèvre, for" not in page.words
