"""Finding somebody without a mouse: the slash, a few letters, the arrows, Enter."""

from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.factories import Agency


def test_a_person_is_found_and_opened_by_keyboard_alone(agency: Agency, open_tab: OpenTab) -> None:
    tab = open_tab(agency.sofia)
    tab.open("/staff/visits")
    box, found = tab.page.locator("#find"), tab.page.locator("#found li a")
    tab.page.keyboard.press("/")
    expect(box).to_be_focused()
    tab.page.keyboard.type("lefe")
    expect(found).to_have_count(2)
    expect(box).to_have_value("lefe")
    tab.page.keyboard.press("ArrowDown")
    expect(found.first).to_be_focused()
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("ArrowUp")
    tab.page.keyboard.press("ArrowUp")
    expect(box).to_be_focused()
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("Escape")
    expect(found).to_have_count(0)
    expect(box).to_be_focused()
    tab.page.keyboard.press("Enter")
    tab.is_at("/staff/search")
    expect(tab.page.locator("#results td a")).not_to_have_count(0)
    tab.page.keyboard.press("/")
    tab.page.keyboard.press("ArrowDown")
    expect(tab.page.locator("#results td a").first).to_be_focused()
    tab.page.keyboard.press("Enter")
    tab.is_at(f"/staff/clients/{agency.claire.id}")
    # in a field the sign is a sign
    tab.open("/staff/visits")
    field = tab.page.locator("form.filters input[name=client]")
    field.focus()
    tab.page.keyboard.type("a/b")
    expect(field).to_have_value("a/b")
