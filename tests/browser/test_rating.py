"""A client rates a visit on the portal: in the window over the list, and the same without JavaScript."""

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from portal.ratings.models import FormerRating, Rating
from tests import factories
from tests.browser.conftest import OpenTab
from tests.browser.visits import MyVisits, Window
from tests.conftest import Database
from tests.factories import Agency

SAID = "Très douce, et à l’heure."


@pytest.mark.parametrize("language", ["fr", "ru", "en"])
def test_a_client_rates_by_keyboard_from_the_question_of_the_day(
    language: str, agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    tab = open_tab(agency.claire, language=language)
    visits, window = MyVisits(tab, language).open(), Window(tab, language)
    tab.mark()

    visits.hero.get_by_role("link", name=visits.words["rate"]).focus()
    tab.type("Enter")
    window.is_open()
    expect(tab.focused()).to_have_id("dialog-title")
    assert tab.path == "/client/visits", "the window lies over the list"

    window.star(3).focus()
    tab.type("ArrowRight")
    expect(window.star(4)).to_be_checked()
    expect(window.dialog.locator(".rate-words").get_by_text(visits.words["four"])).to_be_visible()
    window.comment.fill(SAID)
    expect(window.dialog.locator(".count")).to_have_text(re.compile(r"^25 / 5\D?000$"))
    window.save.focus()
    tab.type("Enter")

    window.is_closed()
    expect(visits.row(agency.claires_done)).to_contain_text(visits.words["4"])
    expect(visits.hero).to_have_count(0)
    tab.holds_focus(visits.row(agency.claires_done))
    expect(tab.page.locator("#status")).to_contain_text(visits.words["thanks"])
    assert tab.reloads() == 0
    assert database.one(select(Rating.stars, Rating.comment, Rating.channel)) == (4, SAID, "portal")


def test_a_client_rates_by_tap_from_the_list_and_the_next_question_takes_its_place(
    agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    with database.writing():
        claire, rising = factories.db.session.get_one(factories.Client, agency.claire.id), agency.rising
        service = factories.db.session.get_one(factories.Service, rising)
        older = factories.done_visit(claire, service, [], days=-4).id
    tab = open_tab(agency.claire)
    visits, window = MyVisits(tab).open(), Window(tab)
    tab.mark()
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing is cut off on a phone"
    expect(visits.hero).to_contain_text("Wassim")

    visits.rate_link(agency.claires_done).tap()
    window.is_open()
    window.tap(5)
    window.tap(2)
    window.save.tap()

    window.is_closed()
    expect(visits.row(agency.claires_done)).to_contain_text("2 out of 5")
    expect(visits.hero).to_contain_text("Aide au lever")  # nobody was sent to the older visit: its service is named
    expect(visits.rate_link(older)).to_be_visible()
    assert tab.reloads() == 0
    assert database.one(select(Rating.stars)) == 2


def test_zero_stars_can_be_given(agency: Agency, open_tab: OpenTab, database: Database) -> None:
    tab = open_tab(agency.claire)
    visits, window = MyVisits(tab).open(), Window(tab)
    visits.rate_link(agency.claires_done).tap()
    window.tap(0)
    window.save.tap()
    expect(visits.row(agency.claires_done)).to_contain_text("0 out of 5")
    assert database.one(select(Rating.stars)) == 0


def test_what_was_typed_stays_when_the_stars_were_forgotten(
    agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    tab = open_tab(agency.claire)
    visits, window = MyVisits(tab).open(), Window(tab)
    visits.rate_link(agency.claires_done).tap()
    window.comment.fill(SAID)
    window.save.tap()

    expect(window.dialog.get_by_text("Please choose a number of stars.")).to_be_visible()
    expect(window.comment).to_have_value(SAID)
    expect(window.dialog.locator(".count")).to_have_text("25 / 5,000")
    tab.holds_focus(window.dialog.locator("fieldset.rate"))
    assert database.count(Rating) == 0

    window.tap(5)
    window.save.tap()
    window.is_closed()
    assert database.one(select(Rating.stars, Rating.comment)) == (5, SAID)


def test_who_comes_second_reads_why_and_keeps_the_text(agency: Agency, open_tab: OpenTab, database: Database) -> None:
    tab = open_tab(agency.claire)
    visits, window = MyVisits(tab).open(), Window(tab)
    visits.rate_link(agency.claires_done).tap()
    window.tap(2)
    window.comment.fill(SAID)
    with database.writing():
        factories.rate(agency.paul, agency.claires_done, 5)
    window.save.tap()

    expect(window.dialog.get_by_role("alert")).to_contain_text("has been rated in the meantime")
    expect(window.comment).to_have_value(SAID)
    tab.page.once("dialog", lambda question: question.accept())  # what was typed goes only if one says so
    expect(window.star(2)).to_be_checked()
    tab.link("Close").tap()
    window.is_closed()
    expect(visits.row(agency.claires_done)).to_contain_text("5 out of 5")  # as the sentence promises
    assert database.one(select(Rating.stars)) == 5


def test_a_rating_can_be_changed_and_the_former_value_is_kept(
    agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 2, SAID)
    tab = open_tab(agency.claire)
    visits, window = MyVisits(tab).open(), Window(tab)
    visits.row(agency.claires_done).get_by_role("link", name="Change").tap()
    window.is_open()
    expect(window.star(2)).to_be_checked()
    expect(window.comment).to_have_value(SAID)
    window.tap(4)
    window.save.tap()
    window.is_closed()
    expect(visits.row(agency.claires_done)).to_contain_text("4 out of 5")
    tab.holds_focus(visits.row(agency.claires_done))
    assert database.one(select(Rating.stars)) == 4
    assert database.one(select(FormerRating.stars)) == 2


def test_a_server_that_fails_is_said_in_the_window_and_the_text_stays(agency: Agency, open_tab: OpenTab) -> None:
    tab = open_tab(agency.claire)
    visits, window = MyVisits(tab).open(), Window(tab)
    visits.rate_link(agency.claires_done).tap()
    window.tap(4)
    window.comment.fill(SAID)
    tab.page.context.set_offline(True)
    window.save.tap()
    expect(window.dialog.get_by_role("alert")).to_contain_text("could not reach the agency")
    expect(window.comment).to_have_value(SAID)
    tab.page.context.set_offline(False)
    tab.forgive("Failed to fetch")
    tab.forgive("ERR_INTERNET_DISCONNECTED")
    window.save.tap()
    window.is_closed()
    expect(visits.row(agency.claires_done)).to_contain_text("4 out of 5")


@pytest.mark.parametrize("language", ["fr", "ru", "en"])
def test_a_client_rates_without_javascript(
    language: str, agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    tab = open_tab(agency.claire, language=language, script=False)
    visits, window = MyVisits(tab, language).open(), Window(tab, language)
    visits.rate_link(agency.claires_done).tap()
    tab.is_at(f"/client/visits/{agency.claires_done}/rating")
    expect(tab.page.locator("h1")).to_contain_text(factories.AGENCY)

    window.comment.fill(SAID)
    window.save.tap()
    expect(tab.page.locator(".error")).to_be_visible()  # no star was chosen
    expect(window.comment).to_have_value(SAID)

    window.tap(4)
    expect(tab.page.locator(".rate-words").get_by_text(visits.words["four"])).to_be_visible()
    window.save.tap()
    tab.is_at("/client/visits")
    expect(visits.row(agency.claires_done)).to_contain_text(visits.words["4"])
    expect(visits.hero).to_have_count(0)
    assert database.one(select(Rating.stars, Rating.comment)) == (4, SAID)


def test_who_comes_second_without_javascript_reads_why(agency: Agency, open_tab: OpenTab, database: Database) -> None:
    tab = open_tab(agency.claire, script=False)
    visits, window = MyVisits(tab).open(), Window(tab)
    visits.rate_link(agency.claires_done).tap()
    window.tap(2)
    window.comment.fill(SAID)
    with database.writing():
        factories.rate(agency.paul, agency.claires_done, 5)
    window.save.tap()
    expect(tab.page.get_by_role("alert")).to_contain_text("has been rated in the meantime")
    expect(window.comment).to_have_value(SAID)
    tab.link("Cancel").tap()
    expect(visits.row(agency.claires_done)).to_contain_text("5 out of 5")
