"""A borrowed tablet: once somebody has signed out, nothing of theirs is left in the browser."""

from typing import Any

import pytest
from playwright.sync_api import BrowserType, expect

from tests.browser.conftest import new_context
from tests.browser.installation import sign_in
from tests.browser.tab import Tab
from tests.factories import PASSWORD, Agency


@pytest.mark.parametrize("remembers_pages", [True, False], ids=["from-memory", "from-the-network"])
def test_back_after_signing_out_shows_nothing_private(
    remembers_pages: bool,
    agency: Agency,
    site: str,
    browser_type: BrowserType,
    browser_type_launch_args: dict[str, Any],
) -> None:
    left_out = ["--disable-back-forward-cache"] if remembers_pages else None
    with browser_type.launch(**browser_type_launch_args, ignore_default_args=left_out) as browser:
        tab = Tab(new_context(browser).new_page(), site)
        sign_in(tab, agency.claire.email, PASSWORD)
        tab.is_at("/client/visits")
        expect(tab.page.get_by_text("Wassim Haddad").first).to_be_visible()
        tab.link("My account").click()
        tab.is_at("/client/account")
        tab.shows("Claire Lefèvre")
        copy = next(cookie["value"] for cookie in tab.page.context.cookies() if cookie["name"] == "suivi")
        tab.button("Sign out").click()
        tab.is_at("/sign-in")
        expect(tab.page.get_by_text("You are signed out.")).to_be_visible()

        for _ in range(2):
            tab.page.go_back(wait_until="commit")
            expect(tab.page.locator("input[name=password]")).to_be_visible()
            expect(tab.page.get_by_text("Lefèvre")).to_have_count(0)
            expect(tab.page.get_by_text("Wassim")).to_have_count(0)

        tab.page.context.add_cookies(
            [{"name": "suivi", "value": copy, "url": site}]
        )  # a copy of the cookie opens nothing either
        tab.open("/client/visits")
        tab.is_at("/sign-in")
        assert not tab.faults
