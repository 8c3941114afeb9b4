"""A rating given by telephone or at home: typed from the client's planning by mouse, from the worker's by keyboard."""

from playwright.sync_api import expect
from sqlalchemy import select

from portal.ratings.models import Rating
from tests.browser.conftest import OpenTab
from tests.browser.tab import refuse_barriers
from tests.browser.test_keyboard import tab_to
from tests.browser.visits import Window
from tests.conftest import Database
from tests.factories import Agency

SAID = "Au téléphone : très bien, merci."


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
    expect(page.locator(".panel").filter(has=tab.heading("Client"))).to_contain_text("4 out of 5")
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
    refuse_barriers(page)
