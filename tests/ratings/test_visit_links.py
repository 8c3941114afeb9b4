"""The page of a visit behind its link: what it shows in each state, to whom, and the stars once the visit is done."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.outbox.models import Message
from portal.people.models import Client, Sector
from portal.ratings.link_models import VisitLink
from portal.ratings.models import Rating, RatingRequest, SuspectAnswer
from portal.settings.actions import set_option
from portal.visits.actions import cancel_visit
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, open_browser, text_of
from tests.factories import Agency
from tests.pages import Browser
from tests.ratings.conftest import Asked, plan_asked_visit

Copy = Callable[[int], str]


@pytest.fixture
def copy(agency: Agency, sign_in: SignIn, time_machine: TimeMachineFixture) -> Copy:
    """Copy the link of a visit, as Sofia does; a moment later the client has it."""

    def copy(visit_id: int) -> str:
        page = sign_in(agency.sofia).get(f"/staff/visits/{visit_id}").link("Link for the client").click()
        if not page.soup.select("#visit-link"):
            page = page.form("Create the link").submit().follow()
        time_machine.shift(timedelta(minutes=1))
        return str(page.at("#visit-link")["value"]).removeprefix("http://localhost")

    return copy


def mailed(mailbox: Mailbox) -> str:
    """The link in the one mail that has left."""
    found = re.search(r"http://localhost(/r/[\w-]+)", text_of(mailbox.one()))
    assert found
    return found[1]


def said(database: Database) -> tuple:
    return database.one(select(Rating.stars, Rating.comment, Rating.channel, Rating.author_role, Rating.author_name))


# ---- through time ----


def test_one_link_shows_a_visit_to_come_under_way_over_done_and_rated(
    agency: Agency, copy: Copy, stranger: Browser, sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    link = copy(agency.claires_next)

    def shown() -> str:
        page = stranger.get(link)
        assert page.status == 200
        assert "Aide au lever" in page.words
        assert "Wassim" in page.words
        return page.at(".badge").get_text()

    assert shown() == "Planned"
    assert stranger.post(link, data={"stars": "5"}).status == 409, "nobody rates what has not been"
    time_machine.move_to(factories.at(1, 9, 30).replace(tzinfo=factories.PARIS))
    assert shown() == "Planned", "that it has begun is what nobody has said"
    time_machine.shift(timedelta(hours=2))
    assert shown() == "Not yet confirmed as done"
    assert not stranger.get(link).soup.select("form[method=post]")
    sign_in(agency.sofia).act(f"/staff/visits/{agency.claires_next}/done")
    assert shown() == "Completed"
    page = stranger.get(link).form("Save").submit(stars="4", comment="Merci")
    assert page.h1 == "Thank you"
    assert said(database) == (4, "Merci", "mail", "client", "Claire Lefèvre")
    page = stranger.get(link)
    assert page.h1 == "You have already answered"
    assert "Merci" in page.words
    assert "Wassim" in page.words


def test_a_cancelled_visit_says_so_and_no_more(
    agency: Agency, copy: Copy, stranger: Browser, database: Database
) -> None:
    link = copy(agency.claires_next)
    with database.writing():
        cancel_visit(None, db.session.get_one(Visit, agency.claires_next), "Motif que personne ne lit ici")
    page = stranger.get(link)
    assert (page.status, page.at(".badge").get_text()) == (200, "Cancelled")
    assert "Motif" not in page.words
    assert stranger.post(link, data={"stars": "5"}).status == 409


def test_a_reopened_visit_is_to_be_done_again_and_can_be_rated_once_it_is(
    agency: Agency, copy: Copy, stranger: Browser, sign_in: SignIn, database: Database
) -> None:
    link, sofia = copy(agency.claires_done), sign_in(agency.sofia)
    sofia.act(f"/staff/visits/{agency.claires_done}/reopening")
    assert stranger.get(link).at(".badge").get_text() == "Not yet confirmed as done"
    assert stranger.post(link, data={"stars": "1"}).status == 409
    sofia.act(f"/staff/visits/{agency.claires_done}/done")
    assert stranger.get(link).form("Save").submit(stars="5").h1 == "Thank you"


@pytest.mark.parametrize("rates", [True, False])
def test_that_a_link_was_made_is_told_before_the_visit_is_done(
    agency: Agency, copy: Copy, sign_in: SignIn, database: Database, rates: bool
) -> None:
    copy(agency.claires_next)
    if not rates:
        with database.writing():
            set_option(None, "ratings.enabled", "off")
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_next}")
    assert "Sofia Benali made a link for the client" in page.words
    assert len(page.statements) <= 12


def test_a_link_that_is_handed_over_opens_in_the_clients_language(app: Flask, agency: Agency, copy: Copy) -> None:
    assert open_browser(app).get(copy(agency.claires_done)).at("html")["lang"] == "fr"


def test_after_the_days_of_the_portal_the_page_is_kind_and_closed(
    agency: Agency, copy: Copy, stranger: Browser, database: Database, time_machine: TimeMachineFixture
) -> None:
    link = copy(agency.claires_done)
    time_machine.shift(timedelta(days=58))
    link += "?lang=en"
    assert stranger.get(link).form("Save")
    time_machine.shift(timedelta(days=3))
    page = stranger.get(link)
    assert page.status == 200
    assert "your opinion still counts" in page.words
    assert page.link("Sign in")
    assert stranger.post(link, data={"stars": "1"}).status == 409
    assert database.count(Rating) == 0


def test_without_ratings_the_page_shows_the_visit_alone(
    agency: Agency, copy: Copy, stranger: Browser, database: Database
) -> None:
    link = copy(agency.claires_done)
    with database.writing():
        set_option(None, "ratings.client_ratings", "false")
    page = stranger.get(link)
    assert page.at(".badge").get_text() == "Completed"
    assert not page.soup.select("form[method=post]")
    assert stranger.post(link, data={"stars": "1"}).status == 409


# ---- what it tells, and to whom ----


def test_the_request_leads_to_the_same_page(stranger: Browser, asked: Asked, copy: Copy) -> None:
    by_request, by_link = stranger.get(asked.link), stranger.get(copy(asked.visit))
    assert by_request.at(".visit-facts") == by_link.at(".visit-facts")
    assert by_request.h1 == by_link.h1


def test_what_a_link_of_a_cancelled_visit_asked_is_said_with_its_state(
    stranger: Browser, asked: Asked, database: Database
) -> None:
    with database.writing():
        cancel_visit(None, db.session.get_one(Visit, asked.visit), "Erreur")
    page = stranger.get(asked.link)
    assert (page.status, page.at(".badge").get_text()) == (410, "Cancelled")


@pytest.mark.parametrize("visit", ["claires_done", "claires_past", "claires_next"])
def test_the_page_tells_who_finds_the_link_nothing_new(
    agency: Agency, copy: Copy, stranger: Browser, visit: str
) -> None:
    link = copy(getattr(agency, visit))
    page = stranger.get(link)
    for secret in ("Lefèvre", "Claire", "Haddad", "claire@example.org", "Benali", "rue", "+33"):
        assert secret not in page.words, secret
    assert link.rsplit("/", 1)[1] not in page.title
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Robots-Tag"] == "noindex"
    assert "Set-Cookie" not in page.headers
    assert "htmx" not in page.html


def test_an_address_that_changed_closes_what_went_to_the_former_one(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, stranger: Browser, copy: Copy
) -> None:
    with database.writing():
        set_option(None, "notices.visit_done", "true")
    sign_in(agency.sofia).act(f"/staff/visits/{agency.claires_past}/done")
    link = mailed(mailbox)
    assert stranger.get(link).status == 200
    with database.writing():
        db.session.get_one(Client, agency.claire.id).email = "claire.new@example.org"
    page = stranger.get(link)
    assert page.status == 410
    assert "Wassim" not in page.words
    assert stranger.get(copy(agency.claires_past)).status == 200
    assert stranger.get(link).status == 410


def test_staff_never_read_the_link_that_was_mailed_and_what_comes_through_theirs_says_so(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, stranger: Browser, copy: Copy
) -> None:
    with database.writing():
        set_option(None, "notices.visit_done", "true")
    sofia, visit = sign_in(agency.sofia), f"/staff/visits/{agency.claires_past}"
    sofia.act(f"{visit}/done")
    link = mailed(mailbox)
    assert not sofia.get(f"{visit}/link").soup.select("#visit-link")
    handed = copy(agency.claires_past)
    assert link != handed
    former = sofia.get(f"{visit}/link").form("New link")
    assert former.submit().status == 303
    assert former.submit().status == 303, "who presses twice gets one"
    fresh = copy(agency.claires_past)
    assert stranger.get(handed).status == 404, "the former one is closed"
    assert stranger.get(link).form("Save"), "what was mailed goes on"
    assert stranger.get(fresh).form("Save").submit(stars="5").h1 == "Thank you"
    kinds = select(AuditEntry.kind).where(AuditEntry.kind.like("visit.link%")).order_by(AuditEntry.id)
    assert database.all(kinds) == ["visit.link_made", "visit.link_renewed"]
    left = database.one(select(AuditEntry.after).where(AuditEntry.kind == "rating.left"))
    assert left["how"] == "link"
    page = sofia.get(visit)
    assert "through a link handed over by the agency" in page.words
    assert "Sofia Benali made a new link for the client" in page.words
    assert "handed over" not in sign_in(agency.claire).get(f"/client/visits/{agency.claires_past}").words


def test_what_comes_through_the_mail_does_not_say_that_the_agency_had_the_link(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, stranger: Browser, copy: Copy
) -> None:
    with database.writing():
        set_option(None, "notices.visit_done", "true")
    sign_in(agency.sofia).act(f"/staff/visits/{agency.claires_past}/done")
    link = mailed(mailbox)
    copy(agency.claires_past)
    assert stranger.get(link).form("Save").submit(stars="4").h1 == "Thank you"
    assert "handed over" not in sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_past}").words


def test_a_relative_without_the_right_reads_neither_stars_nor_words(
    agency: Agency, database: Database, mailbox: Mailbox, sign_in: SignIn, stranger: Browser
) -> None:
    with database.writing():
        set_option(None, "notices.visit_done", "true")
        claire = db.session.get_one(Client, agency.claire.id)
        claire.email = None
        for relative in claire.relatives:
            relative.sees_ratings = False
    sign_in(agency.sofia).act(f"/staff/visits/{agency.claires_past}/done")
    link = mailed(mailbox)
    with database.writing():
        factories.rate(agency.claire, agency.claires_past, 3, "Ce que Claire a dit")
    page = stranger.get(link)
    assert page.h1 == "You have already answered"
    assert "Claire a dit" not in page.words
    assert not page.soup.select(".given")


def test_what_was_written_on_the_portal_stays_behind_the_sign_in(
    agency: Agency, database: Database, stranger: Browser, copy: Copy
) -> None:
    link = copy(agency.claires_done)
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 3, "Au portail")
    page = stranger.get(link)
    assert page.soup.select(".given")
    assert "Au portail" not in page.words


def test_the_page_is_in_the_language_asked_for(agency: Agency, stranger: Browser, copy: Copy) -> None:
    link = copy(agency.claires_next)
    assert stranger.get(link).link("RU").click().at("html")["lang"] == "ru"


def test_a_closed_file_opens_nothing(agency: Agency, stranger: Browser, copy: Copy, database: Database) -> None:
    link = copy(agency.claires_next)
    with database.writing():
        db.session.get_one(Client, agency.claire.id).active = False
    assert stranger.get(link).status == 410


# ---- answers ----


def test_looking_changes_nothing(agency: Agency, stranger: Browser, copy: Copy, database: Database) -> None:
    links = [copy(visit) for visit in (agency.claires_done, agency.claires_next)]
    before = database.fingerprint()
    for link in links:
        for number in range(6):
            assert stranger.get(f"{link}?stars={number}").status == 200
            assert stranger.head(f"{link}?stars={number}").status == 200
    assert database.fingerprint() == before


def test_of_two_tabs_the_first_counts(agency: Agency, app: Flask, copy: Copy, database: Database) -> None:
    link = copy(agency.claires_done)
    tabs = [open_browser(app, chosen="en").get(link) for _ in range(2)]
    assert tabs[0].form("Save").submit(stars="5").h1 == "Thank you"
    second = tabs[1].form("Save").submit(stars="1")
    assert (second.status, second.h1) == (409, "You have already answered")
    assert said(database)[0] == 5


def test_an_answer_by_the_link_takes_the_request_back(
    agency: Agency, copy: Copy, stranger: Browser, database: Database
) -> None:
    visit = plan_asked_visit(agency, database, hour=20)
    stranger.get(copy(visit)).form("Save").submit(stars="5")
    fate = database.one(select(Message.state, Message.reason).join(RatingRequest))
    assert fate == ("cancelled", "already_rated")


def test_an_answer_by_the_link_can_be_changed_where_the_agency_lets_it(
    agency: Agency, copy: Copy, stranger: Browser, database: Database
) -> None:
    with database.writing():
        set_option(None, "ratings.lock_public", "false")
    link = copy(agency.claires_done)
    stranger.get(link).form("Save").submit(stars="2")
    stranger.get(link).form("Save").submit(stars="4")
    assert said(database)[0] == 4
    with database.writing():
        set_option(None, "ratings.lock_public", "true")
    assert stranger.post(link, data={"stars": "1"}).status == 409


@pytest.mark.parametrize("reason", ["too_fast", "honeypot"])
def test_what_a_machine_answers_is_kept_and_not_counted(
    agency: Agency, copy: Copy, stranger: Browser, database: Database, sign_in: SignIn,
    time_machine: TimeMachineFixture, reason: str,
) -> None:  # fmt: skip
    link = copy(agency.claires_done)
    if reason == "too_fast":
        time_machine.move_to(database.one(select(VisitLink.made_at)) + timedelta(seconds=2))
    page = stranger.post(link, data={"stars": "0", "website": "" if reason == "too_fast" else "x"})
    assert page.h1 == "Thank you"
    assert database.count(Rating) == 0
    assert database.one(select(SuspectAnswer.stars, SuspectAnswer.reason)) == (0, reason)
    time_machine.shift(timedelta(minutes=2))
    sofia = sign_in(agency.sofia)
    assert "that no person can have given" in sofia.get(f"/staff/visits/{agency.claires_done}").words
    assert "Claire" in sofia.get("/staff/ratings").words
    assert stranger.get(link).form("Save").submit(stars="5").h1 == "Thank you"


# ---- staff ----


def test_making_the_link_is_one_deed_and_looking_none(
    agency: Agency, sign_in: SignIn, copy: Copy, database: Database
) -> None:
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}/link")
    assert not page.soup.select("#visit-link")
    assert database.count(VisitLink) == 0
    assert copy(agency.claires_done) == copy(agency.claires_done)
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "visit.link_made"))
    assert (entry.account_id, entry.subject_id) == (agency.sofia.account_id, agency.claires_done)


def test_nobody_hands_over_a_link_of_a_client_who_has_moved(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        db.session.get_one(Client, agency.claire.id).sector = db.session.get_one(Sector, agency.south)
    sofia, url = sign_in(agency.sofia), f"/staff/visits/{agency.claires_done}"
    assert "Link for the client" not in sofia.get(url).words
    assert sofia.get(f"{url}/link").status == 409
    assert sofia.act(f"{url}/link").status == 409
    assert database.count(VisitLink) == 0


def test_the_page_behind_a_link_asks_little(agency: Agency, stranger: Browser, copy: Copy) -> None:
    page = stranger.get(copy(agency.claires_done))
    assert len(page.statements) <= 12, page.statements
