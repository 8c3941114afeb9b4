"""A worker reads what was said of a visit, contests it, and reads what the agency has decided."""

import pytest
from playwright.sync_api import expect

from portal.settings.actions import set_option
from tests import factories
from tests.browser.conftest import OpenTab
from tests.conftest import Database
from tests.factories import Agency


@pytest.mark.parametrize("script", [True, False])
def test_a_worker_contests_on_the_phone_and_the_coordinator_decides_at_the_desk(
    agency: Agency, open_tab: OpenTab, database: Database, script: bool
) -> None:
    with database.writing():
        set_option(None, "ratings.workers_see", "true")
        factories.rate(agency.claire, agency.claires_done, 1, "Elle est partie trop tôt.")
    desk = open_tab(agency.sofia, width=1280, script=script)
    desk.open(f"/staff/visits/{agency.claires_done}")
    desk.page.get_by_role("button", name="Show to the worker").click()
    expect(desk.page.get_by_text("passed on by Sofia Benali")).to_be_visible()

    phone = open_tab(agency.wassim, width=390, script=script)
    phone.open("/worker/ratings")
    phone.page.get_by_role("button", name="I have read this").click()
    expect(phone.page.get_by_text("Elle est partie trop tôt.")).to_be_visible()
    expect(phone.page.get_by_text("Not enough answers")).to_be_visible()
    phone.page.get_by_role("link", name="Reply or contest").click()
    phone.page.get_by_text("Contest this rating").click()
    phone.page.locator("textarea").fill("La cliente m’a demandé de partir.")
    phone.page.get_by_role("button", name="Send").click()
    expect(phone.page.get_by_text("Waits for a decision")).to_be_visible()

    desk.open("/staff/home")
    desk.page.get_by_role("link", name="See the contested ratings").click()
    desk.page.get_by_role("link", name="Wassim Haddad").click()
    desk.page.get_by_text("Leave it out of the worker’s adjusted figure").click()
    desk.page.locator("textarea").fill("Confirmé par la cliente")
    desk.page.get_by_role("button", name="Decide").click()
    expect(desk.page.get_by_text("Nothing to decide")).to_be_visible()

    phone.open("/worker/ratings")
    expect(phone.page.get_by_text("Confirmé par la cliente")).to_be_visible()
