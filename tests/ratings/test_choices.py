"""Who wants to be asked: said by the link of a mail, on one's own account, or to the agency; every word is kept."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.outbox.models import Message
from portal.people.models import Client, Relative, Sector
from portal.ratings.models import RequestChoice
from portal.ratings.requests import open_ratings
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import Agency
from tests.pages import Browser
from tests.ratings.conftest import Asked, plan_asked_visit

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def words(database: Database) -> list[tuple]:
    said = RequestChoice.person_type, RequestChoice.wanted, RequestChoice.said_by
    return list(database.all(select(*said).order_by(RequestChoice.id)))


def without_address(agency: Agency, database: Database) -> None:
    """Her file has none: Paul is asked in her stead."""
    with database.writing():
        db.session.get_one(Client, agency.claire.id).email = None


def deeds(database: Database) -> list[tuple]:
    kinds = AuditEntry.kind.in_(("rating.requests_stopped", "rating.requests_wanted"))
    columns = AuditEntry.kind, AuditEntry.role, AuditEntry.subject_type
    return list(database.all(select(*columns).where(kinds).order_by(AuditEntry.id)))


@pytest.fixture(autouse=True)
def _no_cap(database: Database) -> None:
    """Claire may be asked every day: what keeps a mail back here is her word alone."""
    with database.writing():
        set_option(None, "ratings.request_cap_days", "0")


def test_who_stopped_by_mail_can_have_them_again_with_the_same_link(
    stranger: Browser, asked: Asked, agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    page = stranger.get(asked.unsubscribe).form("Stop").submit()
    page = page.form("Receive them again").submit(again="yes")
    assert page.h1 == "You will receive rating requests again"
    assert words(database) == [("client", False, "link"), ("client", True, "link")]
    assert deeds(database) == [
        ("rating.requests_stopped", None, "message"), ("rating.requests_wanted", None, "message"),
    ]  # fmt: skip
    plan_asked_visit(agency, database, hour=7)
    mailbox.one()


def test_looking_at_the_page_again_changes_nothing(stranger: Browser, asked: Asked, database: Database) -> None:
    stranger.get(asked.unsubscribe).form("Stop").submit()
    assert stranger.get(asked.unsubscribe).h1 == "You will receive no more rating requests"
    assert database.count(RequestChoice) == 1


def test_asking_for_them_again_without_having_stopped_writes_nothing(
    stranger: Browser, asked: Asked, database: Database
) -> None:
    assert stranger.post(asked.unsubscribe, data={"again": "yes"}).status == 200
    assert words(database) == []


def test_a_mail_programs_click_stops_even_what_was_asked_for_again(
    stranger: Browser, asked: Asked, database: Database
) -> None:
    for data in (ONE_CLICK, {"again": "yes"}, ONE_CLICK):
        stranger.post(asked.unsubscribe, data=data)
    assert [wanted for _who, wanted, _way in words(database)] == [False, True, False]


@pytest.mark.parametrize(("name", "kind"), [("claire", "client"), ("paul", "relative")])
def test_the_switch_on_ones_account_says_how_it_stands(
    agency: Agency, sign_in: SignIn, database: Database, name: str, kind: str
) -> None:
    if name == "paul":
        without_address(agency, database)
    browser = sign_in(getattr(agency, name))
    page = browser.get("/client/account")
    assert "After some visits, a mail asks you how it went." in page.text
    page = page.form("Receive no more").submit(wanted="no").follow()
    assert "No more rating requests will be sent." in page.text
    assert "No message asks you for a rating." in page.text
    assert words(database) == [(kind, False, "portal")]
    page = page.form("Receive rating requests again").submit(wanted="yes").follow()
    assert "After some visits, a mail asks you how it went." in page.text
    assert words(database) == [(kind, False, "portal"), (kind, True, "portal")]
    assert deeds(database) == [
        ("rating.requests_stopped", kind, kind), ("rating.requests_wanted", kind, kind),
    ]  # fmt: skip


def test_a_relative_who_is_not_asked_has_no_switch(agency: Agency, sign_in: SignIn, database: Database) -> None:
    paul = sign_in(agency.paul)
    assert "Rating requests" not in paul.get("/client/account").text, "Claire is asked herself"
    without_address(agency, database)
    assert "Rating requests" in paul.get("/client/account").text
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).may_rate = False
    assert "Rating requests" not in paul.get("/client/account").text


def test_a_relative_who_said_stop_can_take_it_back_whoever_is_asked_now(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    paul = sign_in(agency.paul)
    paul.act("/client/rating-requests", {"wanted": "no"})
    page = paul.get("/client/account").form("Receive rating requests again").submit(wanted="yes").follow()
    assert "Rating requests will be sent again." in page.text
    assert "Receive no more" not in page.text


def test_staff_are_asked_whether_the_person_said_so_before_mails_come_again(
    asked: Asked, stranger: Browser, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    stranger.post(asked.unsubscribe, data=ONE_CLICK)
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}")
    assert not page.soup.select("button[name=wanted][value=yes]")
    page = page.link("This person wants them again").click()
    assert page.h1 == "Did Claire Lefèvre ask for rating requests again?"
    assert "with the link of a mail" in page.text
    assert words(database) == [("client", False, "link")], "so far it is a question"
    page = page.form("this person said so").submit(wanted="yes").follow()
    assert page.h1 != "Did Claire Lefèvre ask for rating requests again?"
    assert words(database) == [("client", False, "link"), ("client", True, "staff")]


def test_what_claire_says_on_her_account_counts_for_her_mails(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    sign_in(agency.claire).get("/client/account").form("Receive no more").submit(wanted="no")
    plan_asked_visit(agency, database)
    assert mailbox.collect() == []
    assert database.one(select(Message.state, Message.reason)) == ("suppressed", "opted_out")


def test_a_word_is_the_persons_and_outlives_a_change_of_address(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    sign_in(agency.claire).get("/client/account").form("Receive no more").submit(wanted="no")
    with database.writing():
        db.session.get_one(Client, agency.claire.id).email = "claire.lefevre@example.org"
    plan_asked_visit(agency, database)
    assert mailbox.collect() == []


@pytest.fixture
def faux(agency: Agency, database: Database) -> int:
    """A visit of a client of the South whose file has Claire's address."""
    with database.writing():
        south = db.session.get_one(Sector, agency.south)
        client = factories.client("Faux", "Nom", south, agency.claire.email.upper())
        return factories.done_visit(client, factories.service("Repas"), []).id


def test_what_staff_note_binds_the_file_in_which_they_note_it_and_no_other_with_the_same_address(
    agency: Agency, faux: int, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    sign_in(agency.igor).get(f"/staff/visits/{faux}").form("wants no more").submit(wanted="no")
    sofia, hers = sign_in(agency.sofia), f"/staff/visits/{agency.claires_done}"
    page = sofia.get(hers)
    assert "Claire Lefèvre is asked by mail after some visits." in page.words
    assert "Igor" not in page.words
    assert sofia.get(f"{hers}/rating/request").status == 200
    assert "Receive no more" in sign_in(agency.claire).get("/client/account").words
    plan_asked_visit(agency, database)
    assert mailbox.one()["To"].addresses[0].addr_spec == agency.claire.email
    with database.writing():
        subject = factories.subject(faux)
        open_ratings([subject.visit])
    assert mailbox.collect() == []


def test_the_readers_own_word_stops_every_mail_and_no_other_file_takes_it_back_or_tells_it(
    agency: Agency, faux: int, sign_in: SignIn, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    claire, igor, theirs = sign_in(agency.claire), sign_in(agency.igor), f"/staff/visits/{faux}"
    claire.act("/client/rating-requests", {"wanted": "no"})
    page = igor.get(theirs)
    assert "Whoever reads this address has stopped the requests, and alone can ask for them again." in page.words
    for told in ("on the portal", "What was said", "wants them again", "17 November 2026, 12:00"):
        assert told not in page.says("section:has(#rating-requests)"), told
    assert igor.act(f"{theirs}/rating-requests", {"wanted": "yes"}).status == 409
    assert igor.act(f"{theirs}/rating-requests", {"wanted": "no"}).status == 303
    assert words(database) == [("client", False, "portal")]
    assert igor.get(f"{theirs}/rating/request").status == 409
    assert mailbox.collect() == []
    time_machine.shift(timedelta(minutes=5))
    sofia, hers = sign_in(agency.sofia), f"/staff/visits/{agency.claires_done}"
    assert sofia.act(f"{hers}/rating-requests", {"wanted": "yes"}).status == 303, "her file's staff know what she said"
    assert sofia.get(f"{hers}/rating/request").status == 200
    assert igor.get(f"{theirs}/rating/request").status == 409, "which binds her file alone"
    claire.act("/client/rating-requests", {"wanted": "no"})
    claire.act("/client/rating-requests", {"wanted": "yes"})
    assert igor.get(f"{theirs}/rating/request").status == 200
    page = igor.get(theirs)
    assert "Faux Nom is asked by mail after some visits." in page.words
    assert "What was said" not in page.words


def test_who_signs_in_with_another_address_speaks_for_their_file_alone(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    with database.writing():
        db.session.get_one(Client, agency.denis.id).email = agency.claire.email
    denis = sign_in(agency.denis)
    denis.act("/client/rating-requests", {"wanted": "no"})
    assert "No message asks you for a rating." in denis.get("/client/account").words
    plan_asked_visit(agency, database)
    assert len(mailbox.collect()) == 1


def test_of_a_client_who_has_moved_to_another_sector_nothing_is_told_or_noted(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia, path = sign_in(agency.sofia), f"/staff/visits/{agency.claires_done}"
    sofia.act(f"{path}/rating-requests", {"wanted": "no"})
    with database.writing():
        db.session.get_one(Client, agency.claire.id).sector_id = agency.south
    page = sofia.get(path)
    assert "Rating requests" not in page.words
    assert "rating requests are wanted" not in page.words
    assert "Ask for a rating" not in page.words
    for answer in (sofia.get(f"{path}/rating-requests"), sofia.act(f"{path}/rating-requests", {"wanted": "yes"})):
        assert answer.status == 409
        assert "This client is another sector’s now: only who may open the file can do this." in answer.words
    assert words(database) == [("client", False, "staff")]


def test_an_address_that_is_nobodys_any_more_speaks_for_itself_alone(
    asked: Asked, stranger: Browser, agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    with database.writing():
        db.session.get_one(Client, agency.claire.id).email = "claire.lefevre@example.org"
    assert stranger.post(asked.unsubscribe, data=ONE_CLICK).h1 == "You will receive no more rating requests"
    plan_asked_visit(agency, database, hour=7)
    assert mailbox.one()["To"].addresses[0].addr_spec == "claire.lefevre@example.org"


def test_workers_and_staff_have_no_such_switch(agency: Agency, sign_in: SignIn) -> None:
    for person, portal in ((agency.wassim, "worker"), (agency.sofia, "staff")):
        assert "Rating requests" not in sign_in(person).get(f"/{portal}/account").text


def test_staff_note_what_a_person_said_and_see_what_was_said_before(
    agency: Agency, sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    sofia = sign_in(agency.sofia)
    address = f"/staff/visits/{agency.claires_done}"
    page = sofia.get(address)
    assert "Claire Lefèvre is asked by mail after some visits." in page.text
    page = page.form("wants no more").submit(wanted="no").follow()
    assert "Claire Lefèvre wants no rating requests." in page.text
    assert "noted by Sofia Benali" in page.text
    time_machine.shift(timedelta(minutes=5))
    sign_in(agency.claire).get("/client/account").form("Receive rating requests again").submit(wanted="yes")
    page = sofia.get(address)
    assert "Claire Lefèvre is asked by mail" in page.text
    assert page.text.index("on the portal") < page.text.index("noted by Sofia Benali"), "the newest comes first"
    assert deeds(database)[0] == ("rating.requests_stopped", "coordinator", "client")


def test_nobody_is_asked_about_a_client_without_an_address(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        george = db.session.get_one(Client, agency.george)
        made = factories.done_visit(george, factories.service("Repas"), []).id
    igor = sign_in(agency.igor)
    assert "Nobody is asked about these visits" in igor.get(f"/staff/visits/{made}").text
    assert igor.act(f"/staff/visits/{made}/rating-requests", {"wanted": "no"}).status == 409
    assert igor.get(f"/staff/visits/{made}/rating-requests").status == 409
    assert words(database) == []


@pytest.mark.parametrize("data", [{}, {"wanted": "perhaps"}])
def test_a_form_that_says_neither_yes_nor_no_is_no_word(
    agency: Agency, sign_in: SignIn, database: Database, data: dict[str, str]
) -> None:
    assert sign_in(agency.claire).act("/client/rating-requests", data).status == 400
    assert sign_in(agency.sofia).act(f"/staff/visits/{agency.claires_done}/rating-requests", data).status == 400
    assert words(database) == []
