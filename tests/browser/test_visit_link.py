"""From the notice that a visit is done to its stars, on a phone."""

import re
from datetime import timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.ratings.models import Rating
from portal.settings.actions import set_option
from tests import factories
from tests.browser.conftest import OpenTab
from tests.conftest import Database, Mailbox, text_of
from tests.factories import Agency


@pytest.mark.parametrize("script", [True, False])
def test_the_link_of_the_notice_leads_to_the_stars(
    site: str, agency: Agency, database: Database, mailbox: Mailbox, open_tab: OpenTab,
    time_machine: TimeMachineFixture, script: bool,
) -> None:  # fmt: skip
    with database.writing():
        set_option(None, "notices.visit_done", "true")
        factories.done(factories.db.session.get_one(factories.Visit, agency.claires_past))
    found = re.search(rf"{site}(/r/[\w-]+)\s", text_of(mailbox.one()))
    assert found
    time_machine.shift(timedelta(minutes=5))
    tab = open_tab(chosen="en", width=390, script=script)
    assert tab.open(found[1]) == 200
    expect(tab.page.locator(".visit-facts")).to_contain_text("Wassim")
    tab.page.locator("label").filter(has=tab.page.locator("input[name=stars][value='4']")).click()
    tab.page.locator("textarea").fill("Très bien")
    tab.page.get_by_role("button", name="Save").click()
    expect(tab.heading("Thank you")).to_be_visible()
    assert database.one(select(Rating.stars, Rating.comment, Rating.channel)) == (4, "Très bien", "mail")
    tab.open(found[1])
    expect(tab.heading("You have already answered")).to_be_visible()
