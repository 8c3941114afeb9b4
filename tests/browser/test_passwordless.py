"""Signing in with a mailed link on a phone; and signing a lost phone out from another device."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.conftest import Mailbox, text_of
from tests.factories import Agency


@pytest.mark.parametrize("script", [True, False], ids=["with-scripts", "without"])
def test_a_client_asks_for_a_link_opens_the_mail_and_is_in(
    agency: Agency, open_tab: OpenTab, mailbox: Mailbox, script: bool
) -> None:
    phone = open_tab(script=script)
    phone.open("/client/visits?state=done")
    phone.is_at("/sign-in")
    phone.page.get_by_label("E-mail address").fill(agency.claire.email)
    phone.button("Receive a link by e-mail").click()
    expect(phone.heading("Look at your mail")).to_be_visible()

    found = re.search(r"http://\S+/sign-in/[\w-]+", text_of(mailbox.one()))
    assert found
    phone.open(found[0])
    expect(phone.page.locator("main")).to_contain_text("cl•••@example.org")
    phone.button("Sign in").click()
    phone.is_at("/client/visits")
    expect(phone.heading("My visits")).to_be_visible()

    elsewhere = open_tab()
    assert elsewhere.open(found[0]) == 404
    expect(elsewhere.button("Send a new link to cl•••@example.org")).to_be_visible()
    assert phone.open(found[0]) == 200, "whoever is in already is led on"
    phone.is_at("/client/visits")


def test_a_lost_phone_is_signed_out_from_the_desk(agency: Agency, open_tab: OpenTab) -> None:
    lost, desk = open_tab(agency.claire), open_tab(agency.claire, width=1280)
    assert lost.open("/client/visits") == 200
    desk.open("/client/account")
    expect(desk.page.locator(".places li")).to_have_count(2)
    desk.button("Sign this device out").click()
    expect(desk.page.get_by_text("That device is signed out.")).to_be_visible()
    expect(desk.page.locator(".places li")).to_have_count(1)

    lost.page.get_by_role("link", name="My account").click()
    lost.is_at("/sign-in")
    expect(lost.page.get_by_text("You were signed out: from another device")).to_be_visible()
    desk.open("/client/visits")
    desk.is_at("/client/visits")


def test_a_part_of_the_page_that_a_signed_out_browser_asks_for_opens_the_sign_in_page(
    agency: Agency, open_tab: OpenTab
) -> None:
    lost, desk = open_tab(agency.claire), open_tab(agency.claire)
    lost.open("/client/visits")
    desk.open("/client/account")
    desk.button("Sign out everywhere else").click()
    expect(desk.page.get_by_text("1 other device is signed out.")).to_be_visible()
    lost.page.locator(f"#visit-{agency.claires_done} .btn").first.click()
    lost.is_at("/sign-in")
    expect(lost.page.locator("dialog[open]")).to_have_count(0)
