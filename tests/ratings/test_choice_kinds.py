"""Each kind of messages has its switch, and says who is really reached, and how."""

import pytest
from flask import Flask
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.outbox.gateway import Setting
from portal.outbox.models import Message
from portal.people.models import Client
from portal.ratings.models import RequestChoice
from portal.settings.actions import set_option
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import Agency
from tests.ratings.conftest import plan_asked_visit

NOTICES = "section:has(#visit-notices)"
REQUESTS = "section:has(#rating-requests)"
KIND = Message.kind == "visits.done"


@pytest.fixture
def told(database: Database) -> None:
    """The agency tells its clients that a visit is done; it asks them later."""
    with database.writing():
        set_option(None, "notices.visit_done", "true")
        set_option(None, "ratings.request_delay_minutes", str(48 * 60))


@pytest.fixture
def texting(app: Flask, monkeypatch: pytest.MonkeyPatch, agency: Agency, database: Database) -> None:
    """Claire has a mobile and no address: she is reached by text message."""
    monkeypatch.setitem(app.config, "SMS_GATEWAY", Setting("http://127.0.0.1:1/send"))
    with database.writing():
        set_option(None, "sms.enabled", "true")
        claire = db.session.get_one(Client, agency.claire.id)
        claire.email, claire.mobile = None, "06 12 34 56 78"


def words(database: Database) -> list[tuple]:
    said = RequestChoice.about, RequestChoice.wanted, RequestChoice.said_by
    return list(database.all(select(*said).order_by(RequestChoice.id)))


def deeds(database: Database) -> list[tuple]:
    kinds = AuditEntry.kind.like("%notices_%")
    columns = AuditEntry.kind, AuditEntry.role, AuditEntry.subject_type
    return list(database.all(select(*columns).where(kinds).order_by(AuditEntry.id)))


def test_a_client_stops_notices_on_their_account_and_is_asked_all_the_same(
    told: None, agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    page = sign_in(agency.claire).get("/client/account")
    assert "When a visit is completed, a mail tells you so." in page.says(NOTICES)
    page = page.form("Receive no more notices of completed visits").submit(wanted="no").follow()
    assert "No more notices of completed visits will be sent." in page.words
    assert "No message tells you that a visit is completed." in page.says(NOTICES)
    assert "After some visits, a mail asks you how it went." in page.says(REQUESTS)
    assert words(database) == [("notices", False, "portal")]
    sign_in(agency.sofia).act(f"/staff/visits/{agency.claires_past}/done")
    assert mailbox.collect() == []
    assert database.one(select(Message.state, Message.reason).where(KIND)) == ("suppressed", "notice_opted_out")
    page = page.form("Receive notices of completed visits again").submit(wanted="yes").follow()
    assert "a mail tells you so" in page.says(NOTICES)
    assert deeds(database) == [
        ("visit.notices_stopped", "client", "client"), ("visit.notices_wanted", "client", "client"),
    ]  # fmt: skip


def test_staff_note_that_notices_are_not_wanted_and_are_asked_before_they_come_again(
    told: None, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia, address = sign_in(agency.sofia), f"/staff/visits/{agency.claires_done}"
    page = sofia.get(address)
    assert "Claire Lefèvre is told by mail when a visit is completed." in page.says(NOTICES)
    page = sofia.act(f"{address}/visit-notices", {"wanted": "no"}).follow()
    assert "Claire Lefèvre wants no notices of completed visits." in page.says(NOTICES)
    assert "noted by Sofia Benali" in page.says(NOTICES)
    assert "is asked by mail after some visits" in page.says(REQUESTS)
    assert "Sofia Benali" not in page.says(REQUESTS)
    page = page.link("This person wants them again").click()
    assert page.h1 == "Did Claire Lefèvre ask for notices of completed visits again?"
    page = page.form("this person said so").submit(wanted="yes").follow()
    assert "Notices of completed visits will be sent again." in page.words
    assert words(database) == [("notices", False, "staff"), ("notices", True, "staff")]
    assert len(sofia.get(address).statements) <= 12


def test_what_the_reader_said_elsewhere_about_notices_only_they_take_back(
    told: None, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        db.session.get_one(Client, agency.denis.id).email = agency.claire.email
    sign_in(agency.claire).act("/client/visit-notices", {"wanted": "no"})
    sofia, address = sign_in(agency.sofia), f"/staff/visits/{agency.denis_done}"
    assert "Whoever reads this address has stopped the notices" in sofia.get(address).says(NOTICES)
    assert "is asked by mail after some visits" in sofia.get(address).says(REQUESTS)
    answer = sofia.act(f"{address}/visit-notices", {"wanted": "yes"})
    assert answer.status == 409
    assert "has stopped the notices" in answer.words
    assert words(database) == [("notices", False, "portal")]


@pytest.mark.parametrize("off", ["ratings.enabled", "ratings.client_ratings"])
def test_without_ratings_the_notices_keep_their_switches(
    told: None, agency: Agency, sign_in: SignIn, database: Database, off: str
) -> None:
    with database.writing():
        set_option(None, off, "false")
    assert "Rating requests" not in (page := sign_in(agency.claire).get("/client/account")).words
    assert "a mail tells you so" in page.says(NOTICES)
    assert "is told by mail" in sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}").says(NOTICES)


def test_where_none_is_sent_there_is_nothing_to_switch(agency: Agency, sign_in: SignIn, database: Database) -> None:
    claire, sofia = sign_in(agency.claire), sign_in(agency.sofia)
    assert not claire.get("/client/account").soup.select(NOTICES)
    assert claire.act("/client/visit-notices", {"wanted": "no"}).status == 404
    assert sofia.act(f"/staff/visits/{agency.claires_done}/visit-notices", {"wanted": "no"}).status == 404
    assert words(database) == []


def test_who_gets_text_messages_reads_so_everywhere(
    told: None, texting: None, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia, address = sign_in(agency.sofia), f"/staff/visits/{agency.claires_done}"
    page = sofia.get(address)
    assert "Claire Lefèvre is asked by text message after some visits." in page.says(REQUESTS)
    assert "Claire Lefèvre is told by text message when a visit is completed." in page.says(NOTICES)
    page = sign_in(agency.claire).get("/client/account")
    assert "After some visits, a text message asks you how it went." in page.says(REQUESTS)
    assert "When a visit is completed, a text message tells you so." in page.says(NOTICES)
    page = sofia.get(f"{address}/rating/request")
    assert "A text message asks Claire Lefèvre (+33612345678) for a rating." in page.words
    assert "A mail" not in page.words
    page = page.form("Ask the client").submit().follow()
    assert "The text message that asks for a rating is on its way." in page.words


def test_a_stop_by_the_link_of_a_text_message_is_read_by_the_number(
    texting: None, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        for person, number in ((agency.claire.id, "+33612345678"), (0, "+33698765432")):
            db.session.add(RequestChoice(person_type="client", person_id=person, address=number, wanted=False,
                                         said_by="link"))  # fmt: skip
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}")
    assert "with the link of a text message" in page.says(REQUESTS)
    with database.writing():
        db.session.get_one(Client, agency.claire.id).mobile = "06 98 76 54 32"
        db.session.add(RequestChoice(person_type="client", person_id=agency.claire.id, address="", wanted=True,
                                     said_by="portal"))  # fmt: skip
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}")
    assert "Whoever reads this address has stopped the requests" in page.says(REQUESTS)


def test_with_a_weekly_mail_whoever_has_an_address_is_shown_and_asked(
    told: None, texting: None, agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    with database.writing():
        set_option(None, "ratings.ask_mode", "digest")
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}")
    assert "Paul Lefèvre is asked by mail after some visits." in page.says(REQUESTS)
    assert "Claire Lefèvre is told by text message" in page.says(NOTICES)
    assert "a mail asks you how it went" in sign_in(agency.paul).get("/client/account").says(REQUESTS)
    page = sign_in(agency.claire).get("/client/account")
    assert not page.soup.select(REQUESTS)
    assert page.soup.select(NOTICES)
    sign_in(agency.paul).act("/client/rating-requests", {"wanted": "no"})
    plan_asked_visit(agency, database)
    assert [mail for mail in mailbox.collect() if "stars=" in str(mail)] == []


def test_nobody_to_ask_is_said_as_it_is(texting: None, agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        claire.mobile = claire.phone = None
        for relative in claire.relatives:
            relative.may_rate = False
    sofia, address = sign_in(agency.sofia), f"/staff/visits/{agency.claires_done}"
    words = "neither an e-mail address nor a mobile number"
    assert words in sofia.get(address).says(REQUESTS)
    assert words in sofia.act(f"{address}/rating-requests", {"wanted": "no"}).words
    with database.writing():
        set_option(None, "ratings.ask_mode", "digest")
    assert "there is no e-mail address" in sofia.get(address).says(REQUESTS)
