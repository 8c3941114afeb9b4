"""The administrator goes through the configuration: the two switches, the logo."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab, refuse_barriers
from tests.factories import Agency, picture


def choose(tab: Tab, group: str, answer: str) -> None:
    """Press Yes or No of a switch: its label is what one sees."""
    tab.page.get_by_role("group", name=group).get_by_text(answer, exact=True).click()


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
def test_the_second_switch_is_forgotten_noticed_and_mended(script: bool, agency: Agency, open_tab: OpenTab) -> None:
    tab = open_tab(agency.ada, width=1280, script=script)
    tab.open("/staff/home")
    tab.link("Configuration").click()
    tab.is_at("/staff/settings")
    choose(tab, "Activate client ratings", "No")
    tab.button("Save").click()
    tab.shows("The module is on, but your clients cannot rate yet.")

    claire = open_tab(agency.claire, script=script)
    claire.open("/client/visits")
    expect(claire.page.locator(f"#visit-{agency.claires_done} a.btn")).to_have_count(0)

    tab.open("/staff/home")
    tab.shows("Your clients cannot rate yet")
    tab.link("Open the configuration").click()
    choose(tab, "Activate client ratings", "Yes")
    tab.button("Save").click()
    expect(tab.page.get_by_text("cannot rate yet")).to_have_count(0)
    claire.open("/client/visits")
    expect(claire.page.locator(f"#visit-{agency.claires_done} a.btn")).to_be_visible()


def test_the_history_opens_over_the_page_and_enter_saves(agency: Agency, open_tab: OpenTab) -> None:
    tab = open_tab(agency.ada)
    tab.open("/staff/settings?group=requests")
    tab.page.get_by_label("Validity of the link").fill("30")
    tab.page.get_by_label("Validity of the link").press("Enter")
    tab.shows("Saved.")
    tab.link("History Validity of the link").click()
    dialog = tab.page.locator("dialog[open]")
    expect(dialog).to_contain_text("14 days → 30 days")
    expect(dialog).to_contain_text(agency.ada.name)
    refuse_barriers(tab.page)


def test_a_logo_takes_the_place_of_the_name(agency: Agency, open_tab: OpenTab) -> None:
    tab = open_tab(agency.ada, width=1280)
    tab.open("/staff/settings?group=agency")
    file = {"name": "logo.png", "mimeType": "image/png", "buffer": picture()}
    tab.page.get_by_label("Picture (PNG or JPEG)").set_input_files([file])  # ty: ignore[invalid-argument-type]
    tab.button("Use this picture").click()
    logo = tab.page.locator(".brand img")
    expect(logo).to_have_attribute("alt", "Maison & Soins")
    expect(logo).to_have_js_property("complete", True)
    assert logo.evaluate("image => image.naturalWidth") > 100
    refuse_barriers(tab.page)
    door = open_tab()
    door.open("/sign-in")
    expect(door.page.locator(".brand img")).to_be_visible()
    refuse_barriers(door.page)
