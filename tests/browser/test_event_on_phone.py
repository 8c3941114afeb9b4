"""A shaken worker reports what happened, on a phone, in Russian; the phone rings half-way; later there is an answer."""

import io
import re

import pytest
from PIL import Image
from playwright.sync_api import expect
from sqlalchemy import select

from portal.adverse_events.models import AdverseEvent, Reporter
from portal.extensions import db
from portal.settings.actions import set_option
from tests.adverse_events.stories import first_screen
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab, refuse_barriers
from tests.conftest import Database
from tests.factories import NOON, Agency

FACTS = "Клиентка упала на кухне и ударилась головой."


@pytest.fixture(autouse=True)
def _switched_on(agency: Agency, database: Database) -> None:
    with database.writing():
        set_option(None, "adverse_events.portal", "on")


def photo() -> bytes:
    content = io.BytesIO()
    Image.new("RGB", (1200, 900), "#885533").save(content, "JPEG")
    return content.getvalue()


def say_what_happened(tab: Tab, agency: Agency, database: Database) -> None:
    with database.app.app_context():
        typed = first_screen(agency)
    tab.page.locator(".bar a[href$='/adverse-events']").tap()
    tab.page.locator("main a[href$='/adverse-events/new']").tap()
    expect(tab.page.locator("#day")).to_be_visible()
    refuse_barriers(tab.page)
    tab.page.locator("#day").fill(typed["day"])
    tab.page.locator("#hour").fill(typed["hour"])
    tab.page.locator("#subject").select_option(typed["subject"])
    tab.page.locator("#category").select_option(typed["category"])
    tab.page.locator("main form button[type=submit]").tap()
    expect(tab.page.locator("#facts-error")).to_be_visible()  # and all the rest stayed
    tab.page.locator("#facts").fill(FACTS)
    tab.page.locator("main form button[type=submit]").tap()
    tab.page.locator("[name=gravity]").first.wait_for()


def test_a_worker_reports_on_a_phone_in_confidence_and_reads_the_answer_later(
    agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    tab = open_tab(agency.wassim, language="ru", width=390)
    tab.open("/worker/")
    say_what_happened(tab, agency, database)
    tab.open("/worker/")  # the phone has rung
    tab.open("/worker/adverse-events")
    tab.page.locator("main a[href*='/drafts/']").tap()
    expect(tab.page.locator("#facts")).to_have_value(FACTS)
    tab.page.locator("main form button[type=submit]").tap()
    tab.page.locator("[name=gravity][value=care]").check()
    tab.page.locator("[name=rescue]").check()
    tab.page.locator("[name=mode][value=confidential]").check()
    picture = {"name": "кухня.jpg", "mimeType": "image/jpeg", "buffer": photo()}
    tab.page.locator("input[type=file]").set_input_files([picture])  # ty: ignore[invalid-argument-type]
    refuse_barriers(tab.page)
    tab.page.locator("main form button[type=submit]").first.tap()
    expect(tab.page.locator("main")).to_contain_text("EI-2026-0001")
    event = database.one(select(AdverseEvent))
    assert (event.facts, event.mode, event.worker_id, len(database.all(select(Reporter)))) == (
        FACTS, "confidential", None, 1
    )  # fmt: skip
    with database.writing():
        found = db.session.get_one(AdverseEvent, event.id)
        found.told_text, found.told_at, found.state = "На кухне положили нескользящий коврик.", NOON, "closed"
    tab.open("/worker/adverse-events")
    expect(tab.page.locator("main")).to_contain_text("нескользящий коврик")
    refuse_barriers(tab.page)


def test_a_code_is_on_the_page_that_it_was_shown_on_and_on_no_other(
    agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    tab = open_tab(agency.wassim, language="ru", width=390)
    tab.open("/worker/")
    say_what_happened(tab, agency, database)
    tab.page.locator("[name=gravity][value=near]").check()
    tab.page.locator("[name=mode][value=anonymous]").check()
    tab.page.locator("main form button[type=submit]").first.tap()
    expect(tab.page.locator(".secret-code")).to_be_visible()
    shown = tab.page.locator(".secret-code").inner_text()
    assert re.fullmatch(r"(?:[A-Z2-7]{4}-){3}[A-Z2-7]{4}", shown.strip())
    refuse_barriers(tab.page)
    tab.open("/worker/adverse-events")
    expect(tab.page.locator("main")).not_to_contain_text("EI-2026-0001")
    assert shown.strip() not in tab.page.content()
    tab.page.locator("main a[href$='/code']").tap()
    tab.page.locator("#code").fill(shown.strip().lower().replace("-", " "))
    tab.page.locator("main form button[type=submit]").tap()
    expect(tab.page.locator("main h2")).to_have_text("EI-2026-0001")
