"""A coordinator protects her account with her phone, then signs in with its code, then with one from paper."""

from datetime import timedelta

from playwright.sync_api import expect
from time_machine import TimeMachineFixture

from tests.browser.conftest import OpenTab
from tests.browser.installation import sign_in
from tests.browser.tab import Tab, refuse_barriers
from tests.factories import PASSWORD, Agency, code_of_phone


def sign_out(tab: Tab) -> None:
    tab.open("/staff/account")
    tab.page.locator("main form[action='/sign-out'] button").click()
    tab.is_at("/sign-in")


def type_code(tab: Tab, code: str) -> None:
    expect(tab.heading("Sign-in code")).to_be_visible()
    expect(tab.page.get_by_label("Code", exact=True)).to_be_focused()
    tab.page.keyboard.type(code)
    tab.page.keyboard.press("Enter")


def test_from_the_square_to_the_recovery_code(
    agency: Agency, open_tab: OpenTab, time_machine: TimeMachineFixture
) -> None:
    tab = open_tab(agency.sofia, width=1280)
    tab.open("/staff/account")
    tab.link("Sign-in code").click()
    tab.button("Set up").click()
    square = tab.page.locator("img.qr")
    expect(square).to_be_visible()
    expect(square).to_have_js_property("complete", True)
    assert square.evaluate("image => image.naturalWidth > 100"), "the square is drawn"
    tab.page.get_by_text("The square cannot be scanned").click()
    expect(tab.page.locator("#key")).to_be_visible()
    secret = tab.page.locator("#key").inner_text().replace(" ", "")
    refuse_barriers(tab.page)
    tab.page.get_by_label("Code").fill(code_of_phone(secret))
    tab.button("Go on").click()

    expect(tab.page.locator("#codes code")).to_have_count(10)
    codes = tab.page.locator("#codes code").all_inner_texts()
    refuse_barriers(tab.page)
    tab.button("Switch the sign-in code on").click()
    tab.shows("Please keep the codes first, then tick this box.")
    expect(tab.page.locator("#codes code")).to_have_text(codes)
    tab.page.get_by_label("I have printed or written down these codes.").check()
    tab.button("Switch the sign-in code on").click()
    tab.shows("The sign-in code is on.", "You have 10 unused recovery codes.")
    sign_out(tab)

    time_machine.shift(timedelta(seconds=60))
    sign_in(tab, agency.sofia.email, PASSWORD)
    refuse_barriers(tab.page)
    code = code_of_phone(secret)
    type_code(tab, f"{code[:3]} {code[3:]}")
    tab.is_at("/staff/home")
    sign_out(tab)

    sign_in(tab, agency.sofia.email, PASSWORD)
    type_code(tab, code)  # read over her shoulder a moment ago
    tab.shows("This code is not right, or it has been used already.")
    tab.page.get_by_label("Code", exact=True).fill(codes[4].upper().replace("-", " "))
    tab.page.keyboard.press("Enter")
    tab.is_at("/staff/home")
    tab.shows("You used a recovery code. Codes left: 9.")


def test_it_works_on_a_phone_without_scripts(agency: Agency, open_tab: OpenTab) -> None:
    tab = open_tab(agency.sofia, script=False)
    tab.open("/staff/account/second-factor")
    tab.button("Set up").click()
    tab.page.get_by_text("The square cannot be scanned").click()
    expect(tab.page.locator("#key")).to_be_visible()
    secret = tab.page.locator("#key").inner_text().replace(" ", "")
    tab.page.get_by_label("Code").fill(code_of_phone(secret))
    tab.button("Go on").click()
    expect(tab.page.locator("#codes code")).to_have_count(10)
    expect(tab.button("Print")).to_be_hidden()
    tab.page.get_by_label("I have printed or written down these codes.").check()
    tab.button("Switch the sign-in code on").click()
    tab.shows("The sign-in code is on.")
