"""A relative sees what the client's file grants, and no more."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.extensions import db
from portal.outbox.models import Message
from portal.people.models import Client, Relative
from portal.people.queries import clients_with_a_relative_to_ask
from portal.ratings.models import Rating
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, open_browser
from tests.factories import Agency, rate
from tests.pages import Browser
from tests.ratings.conftest import plan_asked_visit, read


@pytest.fixture
def may_not_rate(agency: Agency, database: Database) -> None:
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).may_rate = False


def test_a_relative_sees_the_visits_of_the_file(agency: Agency, sign_in: SignIn) -> None:
    page = sign_in(agency.paul).get("/client/visits")
    assert page.soup.select(f"#visit-{agency.claires_done}")
    assert not page.soup.select(f"#visit-{agency.denis_done}")


def test_a_relative_has_a_record_that_says_what_they_may_see(
    agency: Agency, sign_in: SignIn, may_not_rate: None
) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/clients/{agency.claire.id}").link("Paul Lefèvre").click()
    said = {
        line.select("span")[0].get_text(): line.select(".badge")[0].get_text()
        for line in page.soup.select(".entries li")
    }
    assert said == {
        "May rate visits in the client’s place": "No",
        "Sees the visits to come": "Yes",
        "Sees the ratings and comments of the file": "Yes",
        "Reads the conversations and the complaints of the file, and writes in them": "Yes",
    }
    assert agency.paul.email in page.words
    assert page.says(".record-tabs [aria-current]") == "Definition"
    rights = page.link("Portal access").click()
    assert (rights.h1, rights.says(".record-tabs [aria-current]")) == ("Paul Lefèvre", "Portal access")
    assert rights.form("Save").values().keys() >= {"sees_upcoming", "sees_ratings"}
    assert "may_rate" not in rights.form("Save").values()
    assert len(rights.statements) <= 12
    assert rights.link("Definition").click().link("Edit").click().status == 200
    assert sign_in(agency.igor).get(f"/staff/clients/{agency.claire.id}/relatives/{agency.paul.id}").status == 404


def test_a_relative_rates_in_their_own_name(agency: Agency, sign_in: SignIn, database: Database) -> None:
    page = sign_in(agency.paul).get(f"/client/visits/{agency.claires_done}/rating")
    assert page.form("Save").submit(stars="5").status == 303
    assert database.one(select(Rating.author_name, Rating.author_role)) == ("Paul Lefèvre", "relative")


def test_a_relative_without_the_grant_is_offered_no_rating_refused_one_and_reads_the_stars(
    agency: Agency, sign_in: SignIn, may_not_rate: None, database: Database
) -> None:
    paul = sign_in(agency.paul)
    page = paul.get("/client/visits")
    assert page.soup.select(f"#visit-{agency.claires_done}")
    assert "Leave a rating" not in page.words
    assert not page.soup.select('a[href$="/rating"]')
    page = paul.act(f"/client/visits/{agency.claires_done}/rating", {"stars": "1", "comment": "Non"})
    assert page.status == 409
    assert page.errors() == ["The file you follow does not let you rate. Please ask the agency."]
    assert database.count(Rating) == 0
    with database.writing():
        rate(agency.claire, agency.claires_done, 4)
    row = paul.get("/client/visits").at(f"#visit-{agency.claires_done}")
    assert row.select_one(".stars")["data-n"] == "4"  # ty: ignore[not-subscriptable]
    assert not row.select("a")


# ---- visits to come, stars and comments ----

CANARY = "le secret de Claire"


def grant(database: Database, agency: Agency, **grants: bool) -> None:
    with database.writing():
        relative = db.session.get_one(Relative, agency.paul.id)
        for name, given in grants.items():
            setattr(relative, name, given)


def rated(database: Database, agency: Agency) -> None:
    with database.writing():
        rate(agency.claire, agency.claires_done, 1, CANARY)


def test_without_the_grant_visits_to_come_are_not_there(agency: Agency, sign_in: SignIn, database: Database) -> None:
    paul = sign_in(agency.paul)
    assert paul.get("/client/visits").soup.select(f"#visit-{agency.claires_next}")
    grant(database, agency, sees_upcoming=False)
    page = paul.get("/client/visits")
    assert not page.soup.select(f"#visit-{agency.claires_next}"), "at the next request"
    assert page.soup.select(f"#visit-{agency.claires_done}")
    assert page.soup.select(f"#visit-{agency.claires_past}"), "one that has begun is there"
    assert paul.get(f"/client/visits/{agency.claires_next}/rating").status == 404
    assert "No visit matches this choice" in paul.get("/client/visits?state=planned").words
    assert sign_in(agency.claire).get("/client/visits").soup.select(f"#visit-{agency.claires_next}")


def test_without_the_grant_a_rating_is_nowhere_to_be_read(agency: Agency, sign_in: SignIn, database: Database) -> None:
    rated(database, agency)
    paul, address = sign_in(agency.paul), f"/client/visits/{agency.claires_done}/rating"
    assert CANARY in paul.get(address).html
    grant(database, agency, sees_ratings=False)
    row = paul.get("/client/visits").at(f"#visit-{agency.claires_done}")
    assert "Rated" in row.get_text()
    assert not row.select(".stars, a")
    answers = [paul.get("/client/visits"), paul.part("/client/visits"), paul.get("/client/account"), paul.get(address),
               paul.part(address), paul.act(address, {"stars": "5"}), paul.act(address, {"stars": "5"}, htmx=True),
               paul.act(address, {"stars": "5", "version": "1"}),
               paul.act(address, {"stars": "5", "version": "1"}, htmx=True),
               paul.act(address, {"stars": "9"}), paul.act(address, {"stars": "9"}, htmx=True)]  # fmt: skip
    for page in answers:
        assert CANARY not in page.html
        assert not page.soup.select(f"#visit-{agency.claires_done} .stars, .given, [name=stars][checked][value='1']")
        assert "Very dissatisfied" not in page.words or page.soup.select("[name=stars]")
    assert database.one(select(Rating.stars)) == 1


def test_who_may_rate_and_not_read_leaves_one_and_sees_that_it_is_there(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    grant(database, agency, sees_ratings=False)
    paul, address = sign_in(agency.paul), f"/client/visits/{agency.claires_done}/rating"
    page = paul.get("/client/visits").link("Leave a rating").click()
    assert page.form("Save").submit(stars="2", comment="Un mot de Paul").status == 303
    assert database.one(select(Rating.stars, Rating.author_name)) == (2, "Paul Lefèvre")
    page = paul.get("/client/visits")
    assert "Rated" in page.at(f"#visit-{agency.claires_done}").get_text()
    assert not page.soup.select(".stars")
    page = paul.get(address)
    assert (page.status, page.errors()) == (409, ["This visit has been rated."])
    assert "Un mot de Paul" not in page.html


def test_the_answer_to_htmx_after_rating_shows_no_stars_either(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    grant(database, agency, sees_ratings=False)
    page = sign_in(agency.paul).act(
        f"/client/visits/{agency.claires_done}/rating", {"stars": "2", "comment": CANARY}, htmx=True
    )
    assert page.events == "rating-left"
    assert "stars" not in page.html.replace("#star", "")
    assert CANARY not in page.html


# ---- who answers the mails of a client without an address ----


@pytest.fixture
def claire_has_no_address(agency: Agency, database: Database) -> None:
    with database.writing():
        db.session.get_one(Client, agency.claire.id).email = None


def close_access(sign_in: SignIn, agency: Agency) -> None:
    page = sign_in(agency.ada).get(f"/staff/accounts/{agency.paul.account_id}/changes?deed=close")
    assert page.form("Close the access").submit(deed="close").status == 303


def test_a_relatives_answer_by_mail_is_the_relatives_word(
    claire_has_no_address: None, agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox,
    app: Flask, time_machine: TimeMachineFixture,
) -> None:  # fmt: skip
    with database.writing():
        set_option(None, "ratings.lock_public", "no")
    asked, reader = read(plan_asked_visit(agency, database), mailbox.one()), open_browser(app, chosen="en")
    assert asked.mail["To"].addresses[0].addr_spec == agency.paul.email
    time_machine.shift(timedelta(hours=1))
    with database.writing():  # who was asked is who answers, whoever would be asked by now
        db.session.get_one(Client, agency.claire.id).email = agency.paul.email
    by_paul = ("Paul Lefèvre", "relative")
    for stars in (4, 3):
        assert reader.get(asked.link).form("Save").submit(stars=str(stars)).h1 == "Thank you"
        assert database.one(select(Rating.stars, Rating.author_name, Rating.author_role)) == (stars, *by_paul)
    sofia = sign_in(agency.sofia)
    for page in (sofia.get("/staff/ratings"), sofia.get(f"/staff/visits/{asked.visit}")):
        assert "by Paul Lefèvre (relative)" in page.words


def test_what_a_relative_says_on_the_portal_reads_the_same(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        rate(agency.paul, agency.claires_done, 4)
    sofia = sign_in(agency.sofia)
    for page in (sofia.get("/staff/ratings"), sofia.get(f"/staff/visits/{agency.claires_done}")):
        assert "by Paul Lefèvre (relative)" in page.words


def test_a_clients_own_answer_is_the_clients_word(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox, app: Flask,
    time_machine: TimeMachineFixture,
) -> None:  # fmt: skip
    asked, reader = read(plan_asked_visit(agency, database), mailbox.one()), open_browser(app, chosen="en")
    time_machine.shift(timedelta(hours=1))
    with database.writing():
        db.session.get_one(Client, agency.claire.id).email = None
        db.session.get_one(Relative, agency.paul.id).email = agency.claire.email
    reader.get(asked.link).form("Save").submit(stars="4")
    assert database.one(select(Rating.author_name, Rating.author_role)) == ("Claire Lefèvre", "client")
    page = sign_in(agency.sofia).get("/staff/ratings")
    assert "(relative)" not in page.words


def test_a_relative_whose_access_is_closed_is_not_asked(
    claire_has_no_address: None, agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    close_access(sign_in, agency)
    visit = plan_asked_visit(agency, database)
    assert mailbox.collect() == []
    assert database.one(select(Message.reason).where(Message.kind == "ratings.request")) == "no_address"
    assert "Nobody is asked about these visits" in sign_in(agency.sofia).get(f"/staff/visits/{visit}").text
    with database.app.app_context():
        assert clients_with_a_relative_to_ask() == set()


def test_another_relative_is_asked_instead(
    claire_has_no_address: None, agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    close_access(sign_in, agency)
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        factories.relative("Anne", "Lefèvre", claire, "anne@example.org")
    plan_asked_visit(agency, database)
    assert mailbox.one()["To"].addresses[0].addr_spec == "anne@example.org"


def test_the_link_of_a_relative_whose_access_is_closed_opens_nothing(
    claire_has_no_address: None, agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox,
    stranger: Browser, time_machine: TimeMachineFixture,
) -> None:  # fmt: skip
    asked = read(plan_asked_visit(agency, database), mailbox.one())
    time_machine.shift(timedelta(hours=1))
    close_access(sign_in, agency)
    assert stranger.get(asked.link).status == 410
    assert stranger.post(asked.link, data={"stars": "1"}).status == 410
    assert database.count(Rating) == 0
