"""Three languages: whoever chooses one keeps it, and its plurals are right."""

import re

import pytest
from playwright.sync_api import Locator, expect

from portal import demo
from tests import factories
from tests.browser.conftest import OpenTab
from tests.browser.installation import sign_in
from tests.browser.tab import Tab
from tests.conftest import Database
from tests.factories import PASSWORD, Agency

HOMES = {
    "client@example.org": "/client/visits",
    "relative@example.org": "/client/visits",
    "worker@example.org": "/worker/",
    "coordinator@example.org": "/staff/home",
    "quality@example.org": "/staff/home",
    "admin@example.org": "/staff/home",
}


def choose(tab: Tab, code: str) -> None:
    tab.page.locator(f".languages [value={code}]").first.click()
    expect(tab.page.locator("html")).to_have_attribute("lang", code)


def sign_out(tab: Tab) -> None:
    tab.open("/client/account")
    tab.page.locator("form[action='/sign-out'] button").click()
    tab.is_at("/sign-in")


def test_the_chosen_language_stays_over_signing_out_and_in(agency: Agency, open_tab: OpenTab) -> None:
    tab = open_tab(language="fr")
    tab.open("/sign-in")
    expect(tab.page.locator("html")).to_have_attribute("lang", "fr")
    sign_in(tab, agency.claire.email, PASSWORD)
    choose(tab, "ru")
    expect(tab.heading("Мои визиты")).to_be_visible()
    sign_out(tab)
    expect(tab.page.locator("html")).to_have_attribute("lang", "ru")
    tab.page.locator("a[href='/forgotten-password']").click()
    expect(tab.page.locator("html")).to_have_attribute("lang", "ru")

    sign_in(tab, agency.denis.email, PASSWORD)  # a borrowed tablet: the next person has their own language
    expect(tab.page.locator("html")).to_have_attribute("lang", "fr")
    sign_out(tab)

    elsewhere = open_tab(language="fr")  # another browser: the choice belongs to the login
    sign_in(elsewhere, agency.claire.email, PASSWORD)
    expect(elsewhere.heading("Мои визиты")).to_be_visible()
    choose(elsewhere, "en")
    sign_in(tab, agency.claire.email, PASSWORD)
    expect(tab.heading("My visits")).to_be_visible()


def test_the_language_chosen_at_the_door_is_that_of_a_first_visit(agency: Agency, open_tab: OpenTab) -> None:
    tab = open_tab(language="fr")
    tab.open("/sign-in")
    choose(tab, "ru")
    sign_in(tab, agency.denis.email, PASSWORD)
    expect(tab.heading("Мои визиты")).to_be_visible()


def test_russian_counts_stars_in_all_its_plurals(agency: Agency, open_tab: OpenTab) -> None:
    tab = open_tab(agency.sofia, language="ru", width=1280)
    tab.open("/staff/ratings")
    said = " ".join(tab.page.locator(".picks").inner_text().split())
    for words in ("5 звёзд", "4 звезды", "3 звезды", "2 звезды", "1 звезда", "0 звёзд"):
        assert words in said


@pytest.mark.parametrize(("visits", "words"), [(1, "1 визит"), (3, "3 визита"), (5, "5 визитов")])
def test_russian_counts_visits_in_all_its_plurals(
    visits: int, words: str, agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    with database.writing():
        george = factories.db.session.get_one(factories.Client, agency.george)
        service = factories.db.session.get_one(factories.Service, agency.rising)
        wassim = factories.db.session.get_one(factories.Worker, agency.wassim.id)
        for hour in range(13, 12 + visits):
            factories.visit(george, service, [wassim], factories.at(0, hour))
    tab = open_tab(agency.wassim, language="ru")
    tab.open("/worker/")
    expect(tab.page.locator(".lead")).to_have_text(re.compile(rf" · {words}$"))


def test_the_sign_in_page_leads_each_demo_login_to_its_portal(database: Database, open_tab: OpenTab) -> None:
    with database.writing():
        demo.build()
    for email, home in HOMES.items():
        tab = open_tab(language="fr")
        tab.open("/sign-in")
        expect(shown_login(tab, email)).to_be_visible()
        sign_in(tab, email, demo.PASSWORD)
        tab.is_at(home)
    visits = open_tab(language="fr")
    sign_in(visits, "client@example.org", demo.PASSWORD)
    expect(visits.page.locator(".visit .stars").first).to_be_visible()
    expect(visits.page.locator(".visit a.btn").nth(2)).to_be_visible()  # done, waiting for a rating: three at least
    expect(visits.page.locator(".visit").get_by_text("En cours", exact=True)).to_be_visible()
    expect(visits.page.locator(".visit").get_by_text("À réaliser").first).to_be_visible()


def shown_login(tab: Tab, email: str) -> Locator:
    return tab.page.locator(".demo").get_by_text(email)
