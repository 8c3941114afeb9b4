"""The week of a client: a visit planned, moved, duplicated, opened and cancelled, by mouse and by keyboard alone."""

import re

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

    def __init__(self, tab: Tab, agency: Agency, database: Database) -> None:
        self.tab, self.page, self.agency, self.database = tab, tab.page, agency, database

    def open(self) -> "Planning":
        self.tab.open(f"/staff/clients/{self.agency.claire.id}/planning")
        return self

    def slot(self, visit: int) -> Locator:
        return self.page.locator(f"#visit-{visit}")

    def link(self, visit: int) -> Locator:
        return self.slot(visit).locator(".slot-open")

    def says(self, visit: int, words: str) -> None:
        """The planning is shown, and this visit in it."""
        expect(self.page.locator("#planning")).to_be_visible()
        expect(self.link(visit)).to_contain_text(words)

    def newest(self, words: str) -> int:
        """The visit that was planned last, which says this."""
        expect(self.page.locator("#planning")).to_be_visible()
        number = max(self.database.all(select(Visit.id)))
        self.says(number, words)
        return number

    @property
    def menu(self) -> Locator:
        return self.page.locator(".slot-menu:popover-open")

    def choose(self, visit: int, words: str) -> None:
        """Right-click on a visit, and click on a word of its menu."""
        self.slot(visit).click(button="right")
        self.page.get_by_role("menuitem", name=words).click()

    # ---- by keyboard ----

    def press(self, visit: int, keys: str) -> None:
        self.link(visit).focus()
        self.tab.type(keys)

    def skip_menu(self) -> None:
        """As one does without a mouse: the menu grows with what the staff may do, the way past it does not."""
        tab_to(self.tab, ".skip")
        self.tab.type("Enter")

    def save(self) -> None:
        tab_to(self.tab, ".sheet-foot button")
        self.tab.type("Enter")


def test_a_visit_is_planned_moved_duplicated_and_cancelled_by_mouse(
    agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    planning = Planning(open_tab(agency.sofia, width=1280), agency, database).open()
    made = plan_by_mouse(planning)
    see_the_menu(planning, made)
    move_by_mouse(planning, made)
    lies_beside(planning, agency.claires_past, made)
    is_read_at_a_glance(planning, made)

    planning.choose(made, "Duplicate")
    planning.tab.button("Save").click()
    copy = planning.newest("8:30–9:00")
    expect(planning.page.locator("#planning-title")).to_have_text("23–29 Nov 2026")

    planning.choose(copy, "Cancel…")
    planning.page.get_by_label("Reason").fill("Absence")
    planning.tab.button("Cancel the visit").click()
    planning.says(copy, "Absence")

    planning.link(copy).click()
    planning.tab.is_at(f"/staff/visits/{copy}")
    expect(planning.page.locator(".tasks li")).to_have_text(["Courses", "Repassage"])
    planning.tab.link("Planning").first.click()
    expect(planning.page.locator("#planning-title")).to_have_text("23–29 Nov 2026")


def plan_by_mouse(planning: Planning) -> int:
    planning.tab.link("New visit, Thu 19 November").click()
    planning.page.get_by_label("Service").select_option("Ménage")
    planning.page.get_by_label("Begins at").fill("10:00")
    planning.page.get_by_label("Worker", exact=True).select_option("Haddad Wassim")
    planning.page.get_by_role("textbox", name="Tasks").fill("Courses\nRepassage")
    planning.tab.button("Save").click()
    return planning.newest("10:00–11:00")


def see_the_menu(planning: Planning, visit: int) -> None:
    planning.slot(visit).click(button="right")
    expect(planning.menu.get_by_role("menuitem")).to_have_text(["Open the visit", "Cancel…", "Move…", "Duplicate"])
    expect(planning.tab.focused()).to_have_text("Open the visit")
    refuse_barriers(planning.page)
    planning.page.mouse.click(5, 5)
    expect(planning.menu).to_have_count(0)


def move_by_mouse(planning: Planning, visit: int) -> None:
    """Upon another one of Claire's, which is said first."""
    planning.slot(visit).get_by_role("button", name="Menu of the visit").click()
    planning.page.get_by_role("menuitem", name="Move…").click()
    planning.page.get_by_label("Begins at").fill("08:30")
    planning.page.get_by_label("Duration in minutes").fill("30")
    planning.page.get_by_label("Day", exact=True).fill("2026-11-17")
    planning.tab.button("Save").click()
    objections = planning.page.locator(".objections")
    expect(objections).to_contain_text("Wassim Haddad is at Claire Lefèvre’s, Tue 17 November, 8:00")
    expect(objections).to_be_focused()
    planning.tab.button("Save anyway").click()
    planning.says(visit, "8:30–9:00")


def lies_beside(planning: Planning, other: int, visit: int) -> None:
    expect(planning.slot(visit)).to_have_class("slot past clash at-8 min-30 for-0 and-30 lane-1 of-2")
    first, second = (planning.slot(number).bounding_box() for number in (other, visit))
    assert first and second
    assert first["x"] + first["width"] <= second["x"], "side by side"
    assert first["y"] < second["y"] < first["y"] + first["height"], "half an hour later"


def is_read_at_a_glance(planning: Planning, visit: int) -> None:
    """When, who and the menu, though it lasts half an hour beside another one; on paper all its words."""
    slot, page = planning.slot(visit), planning.page
    page.mouse.move(5, 5)
    seen(slot, "b", ".slot-who", ".slot-more")
    page.emulate_media(media="print")
    seen(slot, ".slot-till", ".slot-who", ".slot-who + span", "small:last-of-type")
    page.emulate_media(media="screen")


def seen(slot: Locator, *parts: str) -> None:
    """Nothing of these parts is cut off."""
    whole = slot.bounding_box()
    assert whole
    for part in parts:
        box = slot.locator(part).bounding_box()
        assert box, part
        assert box["width"] > 10, part
        assert box["y"] + box["height"] <= whole["y"] + whole["height"] + 1, part
        assert box["x"] + box["width"] <= whole["x"] + whole["width"] + 1, part


def test_the_same_by_keyboard_alone(agency: Agency, open_tab: OpenTab, database: Database) -> None:
    planning = Planning(open_tab(agency.sofia, width=1280), agency, database).open()
    made = plan_by_keys(planning)
    walk_the_menu(planning, made)
    move_by_keys(planning)
    planning.says(made, "15:30–16:30")

    planning.press(agency.claires_past, "Shift+F10 ArrowDown Enter")
    planning.says(agency.claires_past, "Completed")

    planning.press(made, "ContextMenu End Enter")
    expect(planning.tab.heading("New visit")).to_be_visible()
    planning.skip_menu()
    planning.save()
    copy = planning.newest("15:30–16:30")

    planning.press(copy, "Shift+F10 ArrowDown Enter")
    expect(planning.tab.heading("Cancel this visit?")).to_be_visible()
    tab_to(planning.tab, "textarea[name=reason]")
    planning.page.keyboard.type("Absence")
    planning.save()
    planning.says(copy, "Absence")
    turn_back_by_keys(planning)


def plan_by_keys(planning: Planning) -> int:
    """Send the form half empty first: the keyboard is led to what is missing."""
    tab, keyboard = planning.tab, planning.page.keyboard
    planning.skip_menu()
    tab_to(tab, "[aria-labelledby='day-2026-11-19'] .plan-add")
    tab.type("Enter")
    expect(tab.heading("New visit")).to_be_visible()
    tab_to(tab, "select[name=service]")
    tab_to(tab, "input[name=hour]")
    keyboard.type("1000A")  # Chromium shows the hours of its own language here, whatever the page's
    planning.save()
    expect(planning.page.get_by_label("Service")).to_be_focused()
    tab.type("ArrowDown ArrowDown")
    tab_to(tab, "select[name=worker]")
    keyboard.type("Had")
    planning.save()
    return planning.newest("10:00–11:00")


def walk_the_menu(planning: Planning, visit: int) -> None:
    """With the keys that open a menu on a visit, then with Enter on its "…"; Escape gives the focus back."""
    tab = planning.tab
    for key in ("Shift+F10", "ContextMenu"):
        planning.press(visit, key)
        expect(tab.focused()).to_have_text("Open the visit")
        tab.type("End")
        expect(tab.focused()).to_have_text("Duplicate")
        tab.type("ArrowDown ArrowDown")
        expect(tab.focused()).to_have_text("Cancel…")
        tab.type("ArrowUp Home")
        expect(tab.focused()).to_have_text("Open the visit")
        tab.type("Escape")
        expect(planning.menu).to_have_count(0)
        tab.holds_focus(planning.link(visit))
    tab.type("Tab")
    expect(tab.focused()).to_have_class("slot-more")
    tab.type("Enter")
    expect(tab.focused()).to_have_text("Open the visit")
    tab.type("Escape")
    expect(tab.focused()).to_have_class("slot-more")


def move_by_keys(planning: Planning) -> None:
    """From the "…" that has the focus."""
    planning.tab.type("Enter ArrowDown ArrowDown Enter")
    expect(planning.tab.heading("Move the visit")).to_be_visible()
    tab_to(planning.tab, "input[name=hour]")
    planning.page.keyboard.type("0330P")
    planning.save()


def turn_back_by_keys(planning: Planning) -> None:
    planning.skip_menu()
    tab_to(planning.tab, ".plan-moves [rel=prev]")
    planning.tab.mark()
    planning.tab.type("Enter")
    expect(planning.page.locator("#planning-title")).to_have_text("16–22 Nov 2026")
    assert not planning.tab.reloads(), "the days alone were exchanged"
    expect(planning.page).to_have_url(re.compile("/planning$"))  # and the address says which


def test_without_scripts_the_menu_opens_and_leads_on(agency: Agency, open_tab: OpenTab, database: Database) -> None:
    planning = Planning(open_tab(agency.sofia, width=390, script=False), agency, database).open()
    planning.slot(agency.claires_past).get_by_role("button", name="Menu of the visit").tap()
    expect(planning.menu).to_be_visible()
    planning.menu.get_by_role("button", name="Mark done").tap()
    expect(planning.slot(agency.claires_past)).to_contain_text("Completed")
    expect(planning.tab.button("Print")).to_be_hidden()
