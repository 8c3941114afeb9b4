"""The week of a client: a visit planned, moved, duplicated, opened and cancelled, by mouse and by keyboard alone."""

from playwright.sync_api import Locator, expect
from sqlalchemy import select

from portal.visits.models import Visit
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab, refuse_barriers
from tests.browser.test_keyboard import tab_to
from tests.conftest import Database
from tests.factories import Agency


class Planning:
    """*Planning* of Claire, at the desk."""

    def __init__(self, tab: Tab, agency: Agency) -> None:
        self.tab, self.agency = tab, agency

    def open(self) -> "Planning":
        self.tab.open(f"/staff/clients/{self.agency.claire.id}/planning")
        return self

    def slot(self, visit: int) -> Locator:
        return self.tab.page.locator(f"#visit-{visit}")

    def link(self, visit: int) -> Locator:
        return self.slot(visit).locator(".slot-open")

    @property
    def menu(self) -> Locator:
        return self.tab.page.locator(".slot-menu:popover-open")

    def choose(self, words: str) -> None:
        self.tab.page.get_by_role("menuitem", name=words).click()

    def is_shown(self) -> None:
        expect(self.tab.page.locator("#planning")).to_be_visible()


def newest(database: Database) -> int:
    return max(database.all(select(Visit.id)))


def test_a_visit_is_planned_moved_duplicated_and_cancelled_by_mouse(
    agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    tab = open_tab(agency.sofia, width=1280)
    planning = Planning(tab, agency).open()
    page = tab.page

    tab.link("New visit, Thu 19 November").click()
    page.get_by_label("Service").select_option("Ménage")
    page.get_by_label("Begins at").fill("10:00")
    page.get_by_label("Worker", exact=True).select_option("Haddad Wassim")
    page.get_by_role("textbox", name="Tasks").fill("Courses\nRepassage")
    tab.button("Save").click()
    planning.is_shown()
    made = newest(database)
    expect(planning.link(made)).to_contain_text("10:00–11:00")

    planning.slot(made).click(button="right")
    expect(planning.menu.get_by_role("menuitem")).to_have_text(["Open the visit", "Cancel…", "Move…", "Duplicate"])
    expect(tab.focused()).to_have_text("Open the visit")
    refuse_barriers(page)
    page.mouse.click(5, 5)
    expect(planning.menu).to_have_count(0)

    planning.slot(made).get_by_role("button", name="Menu of the visit").click()
    planning.choose("Move…")
    page.get_by_label("Begins at").fill("08:30")
    page.get_by_label("Day", exact=True).fill("2026-11-17")
    tab.button("Save").click()
    expect(page.locator(".objections")).to_contain_text("Wassim Haddad is at Claire Lefèvre’s, Tue 17 November, 8:00")
    tab.button("Save anyway").click()
    planning.is_shown()
    expect(planning.link(made)).to_contain_text("8:30–9:30")
    expect(planning.slot(made)).to_have_class("slot past clash at-8 min-30 for-1 and-0 lane-1 of-2")
    boxes = [planning.slot(visit).bounding_box() for visit in (agency.claires_past, made)]
    assert boxes[0] and boxes[1]
    assert boxes[0]["x"] + boxes[0]["width"] <= boxes[1]["x"], "side by side"
    assert boxes[0]["y"] < boxes[1]["y"] < boxes[0]["y"] + boxes[0]["height"], "half an hour later"

    planning.slot(made).click(button="right")
    planning.choose("Duplicate")
    tab.button("Save").click()
    planning.is_shown()
    expect(page.locator("#planning-title")).to_have_text("23–29 Nov 2026")
    copy = newest(database)
    expect(planning.link(copy)).to_contain_text("8:30–9:30")

    planning.slot(copy).click(button="right")
    planning.choose("Cancel…")
    page.get_by_label("Reason").fill("Absence")
    tab.button("Cancel the visit").click()
    planning.is_shown()
    expect(planning.link(copy)).to_contain_text("Absence")

    planning.link(copy).click()
    tab.is_at(f"/staff/visits/{copy}")
    expect(page.locator(".tasks li")).to_have_text(["Courses", "Repassage"])
    tab.link("Planning").first.click()
    expect(page.locator("#planning-title")).to_have_text("23–29 Nov 2026")


def test_the_same_by_keyboard_alone(agency: Agency, open_tab: OpenTab, database: Database) -> None:
    tab = open_tab(agency.sofia, width=1280)
    planning = Planning(tab, agency).open()
    page = tab.page

    tab_to(tab, ".skip")
    tab.type("Enter")
    tab_to(tab, "[aria-labelledby='day-2026-11-19'] .plan-add")
    tab.type("Enter")
    expect(tab.heading("New visit")).to_be_visible()
    tab_to(tab, "select[name=service]")
    tab.type("ArrowDown ArrowDown")
    tab_to(tab, "input[name=hour]")
    page.keyboard.type("1000A")  # Chromium shows the hours of its own language here, whatever the page's
    tab_to(tab, "select[name=worker]")
    page.keyboard.type("Had")
    tab_to(tab, ".sheet-foot button")
    tab.type("Enter")
    planning.is_shown()
    made = newest(database)
    expect(planning.link(made)).to_contain_text("10:00–11:00")

    for key, entry in (("Shift+F10", "Open the visit"), ("ContextMenu", "Open the visit")):
        planning.link(made).focus()
        tab.type(key)
        expect(tab.focused()).to_have_text(entry)
        tab.type("End")
        expect(tab.focused()).to_have_text("Duplicate")
        tab.type("ArrowDown ArrowDown")
        expect(tab.focused()).to_have_text("Cancel…")
        tab.type("ArrowUp Home")
        expect(tab.focused()).to_have_text("Open the visit")
        tab.type("Escape")
        expect(planning.menu).to_have_count(0)
        tab.holds_focus(planning.link(made))

    tab.type("Tab")
    expect(tab.focused()).to_have_class("slot-more")
    tab.type("Enter")
    expect(tab.focused()).to_have_text("Open the visit")
    tab.type("Escape")
    expect(tab.focused()).to_have_class("slot-more")

    tab.type("Enter ArrowDown ArrowDown Enter")
    expect(tab.heading("Move the visit")).to_be_visible()
    tab_to(tab, "input[name=hour]")
    page.keyboard.type("0330P")
    tab_to(tab, ".sheet-foot button")
    tab.type("Enter")
    planning.is_shown()
    expect(planning.link(made)).to_contain_text("15:30–16:30")

    planning.link(agency.claires_past).focus()
    tab.type("Shift+F10 ArrowDown Enter")
    planning.is_shown()
    expect(planning.link(agency.claires_past)).to_contain_text("Completed")

    planning.link(made).focus()
    tab.type("ContextMenu End Enter")
    expect(tab.heading("New visit")).to_be_visible()
    tab_to(tab, ".sheet-foot button")
    tab.type("Enter")
    planning.is_shown()
    copy = newest(database)
    planning.link(copy).focus()
    tab.type("Shift+F10 ArrowDown Enter")
    expect(tab.heading("Cancel this visit?")).to_be_visible()
    tab_to(tab, "textarea[name=reason]")
    page.keyboard.type("Absence")
    tab_to(tab, ".sheet-foot button")
    tab.type("Enter")
    planning.is_shown()
    expect(planning.link(copy)).to_contain_text("Absence")
    tab_to(tab, ".plan-moves [rel=prev]")
    tab.mark()
    tab.type("Enter")
    expect(page.locator("#planning-title")).to_have_text("16–22 Nov 2026")
    assert not tab.reloads(), "the days alone were exchanged"
    assert page.url.endswith("/planning"), "and the address says which"


def test_without_scripts_the_menu_opens_and_leads_on(agency: Agency, open_tab: OpenTab) -> None:
    tab = open_tab(agency.sofia, width=390, script=False)
    planning = Planning(tab, agency).open()
    planning.slot(agency.claires_past).get_by_role("button", name="Menu of the visit").tap()
    expect(planning.menu).to_be_visible()
    planning.menu.get_by_role("button", name="Mark done").tap()
    expect(planning.slot(agency.claires_past)).to_contain_text("Completed")
    expect(tab.button("Print")).to_be_hidden()
