"""A rating given by telephone or at home: typed from the client's planning by mouse, from the worker's by keyboard."""

from playwright.sync_api import Locator, expect
from sqlalchemy import select

from portal.extensions import db
from portal.people.models import Client, Service, Worker
from portal.ratings.models import Rating
from tests import factories
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab, refuse_barriers
from tests.browser.test_keyboard import tab_to
from tests.browser.visits import Window
from tests.conftest import Database
from tests.factories import Agency

SAID = "Au téléphone : très bien, merci."


def frame(tab: Tab) -> Locator:
    """The frame *Client* of a visit's page."""
    return tab.page.locator(".panel").filter(has=tab.heading("Client"))


def test_from_the_clients_planning_by_mouse_and_the_client_reads_it(
    agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    tab = open_tab(agency.sofia, width=1280)
    page, window = tab.page, Window(tab)
    planning = f"/staff/clients/{agency.claire.id}/planning"
    tab.open(planning)
    slot = page.locator(f"#visit-{agency.claires_done}")
    slot.click(button="right")
    page.get_by_role("menuitem", name="Open the visit").click()
    tab.is_at(f"/staff/visits/{agency.claires_done}")

    tab.mark()
    tab.link("Create a client rating").click()
    window.is_open()
    refuse_barriers(page)
    page.locator("label.rate-star").filter(has=window.star(4)).click()
    window.comment.fill(SAID)
    window.save.click()
    expect(page.get_by_text("Please say how the client gave the rating.")).to_be_visible()
    expect(window.comment).to_have_value(SAID)
    expect(window.star(4)).to_be_checked()
    page.get_by_text("By telephone").click()
    window.save.click()

    tab.shows("The rating is saved. It is marked as entered by the agency.")
    expect(frame(tab)).to_contain_text("4 out of 5")
    expect(frame(tab).locator(":focus")).to_have_text("Correct what the agency entered")
    assert tab.reloads() == 0
    refuse_barriers(page)
    tab.link("Planning").first.click()
    tab.is_at(planning)
    expect(slot).to_contain_text("4 out of 5")
    assert database.one(select(Rating.stars, Rating.comment, Rating.channel, Rating.given_how)) == (
        4, SAID, "staff", "telephone",
    )  # fmt: skip

    claire = open_tab(agency.claire, width=390)
    claire.open("/client/visits")
    claire.link("Entered by the agency").tap()
    expect(claire.page.locator("dialog")).to_contain_text("given by telephone")
    refuse_barriers(claire.page)
    claire.link("Change").last.tap()
    Window(claire).tap(2)
    Window(claire).save.tap()
    expect(claire.page.locator(f"#visit-{agency.claires_done}")).to_contain_text("2 out of 5")
    assert database.one(select(Rating.stars, Rating.channel)) == (2, "portal")


def test_from_the_workers_planning_by_keyboard_alone(agency: Agency, open_tab: OpenTab, database: Database) -> None:
    tab = open_tab(agency.sofia, width=1280)
    page, window = tab.page, Window(tab)
    tab.open(f"/staff/workers/{agency.wassim.id}/planning")
    page.locator(f"#visit-{agency.claires_done} .slot-open").focus()
    tab.type("Shift+F10")
    expect(tab.focused()).to_have_text("Open the visit")
    tab.type("Enter")
    tab.is_at(f"/staff/visits/{agency.claires_done}")

    tab_to(tab, f'a[href^="/staff/visits/{agency.claires_done}/rating"]')
    tab.type("Enter")
    window.is_open()
    expect(tab.focused()).to_have_id("dialog-title")
    tab_to(tab, "input[name=stars]")
    tab.type("ArrowRight")
    tab_to(tab, "textarea")
    page.keyboard.type("Au domicile")
    tab_to(tab, "input[name=how]")
    tab.type("ArrowRight")
    tab_to(tab, ".sheet-foot button")
    tab.type("Enter")
    tab.shows("The rating is saved. It is marked as entered by the agency.")
    expect(frame(tab).locator(":focus")).to_have_text("Correct what the agency entered")
    assert database.one(select(Rating.comment, Rating.channel, Rating.given_how)) == ("Au domicile", "staff", "visit")

    tab_to(tab, 'a[href*="/reply"]')
    tab.type("Enter")
    window.is_open()
    tab_to(tab, "textarea")
    page.keyboard.type("Merci !")
    tab_to(tab, ".sheet-foot button")
    tab.type("Enter")
    tab.shows("Your answer stands on the client’s portal.")
    expect(page.locator(".reply")).to_contain_text("Merci !")
    expect(page.locator("main :focus")).to_have_text("Answer the client")
    refuse_barriers(page)


def test_from_the_list_and_back_to_the_same_line(agency: Agency, open_tab: OpenTab, database: Database) -> None:
    with database.writing():
        claire, service = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.cleaning)
        for day in range(3, 33):
            factories.done_visit(claire, service, [db.session.get_one(Worker, agency.wassim.id)], days=-day)
    tab = open_tab(agency.ines, width=1280)
    page, window = tab.page, Window(tab)
    tab.open("/staff/visits?state=done")
    tab.mark()
    row, list_frame = page.locator("tbody tr").nth(25), page.locator(".table-frame")
    row.get_by_role("link", name="Create a client rating").click()
    window.is_open()
    scrolled = list_frame.evaluate("frame => frame.scrollTop")
    page.locator("label.rate-star").filter(has=window.star(4)).click()
    page.get_by_text("By telephone").click()
    window.save.click()
    expect(row).to_contain_text("4 out of 5")
    expect(row.locator(":focus")).to_have_count(1)
    window.is_closed()
    tab.shows("The rating is saved. It is marked as entered by the agency.")
    assert list_frame.evaluate("frame => frame.scrollTop") == scrolled > 0
    assert tab.reloads() == 0

    row.get_by_role("link").first.click()
    tab_to(tab, 'a[href*="/exclusion"]')
    tab.type("Enter")
    window.is_open()
    tab_to(tab, "textarea")
    page.keyboard.type("Saisie deux fois")
    tab_to(tab, ".sheet-foot button")
    tab.type("Enter")
    expect(page.locator("section.not-counted :focus")).to_have_count(1)
    tab_to(tab, 'form[action*="/inclusion"] button')
    tab.type("Enter")
    tab.shows("The rating is counted again.")
    expect(page.locator('section[id^="rating-"]')).to_be_focused()
