"""An administrator makes a text their own: writes it, looks at it, tries it out, and puts the shipped one back."""

import pytest
from flask import Flask
from playwright.sync_api import expect

from portal.outbox import jobs
from tests.browser.conftest import OpenTab
from tests.conftest import Mailbox
from tests.factories import Agency

TEXT = "Bonjour {client.name}, dites-nous tout.\n\n{rating.star_links}"


@pytest.mark.parametrize(("script", "width"), [(True, 1280), (False, 390)])
def test_a_text_is_written_looked_at_tried_out_and_put_back(
    script: bool, width: int, app: Flask, agency: Agency, mailbox: Mailbox, open_tab: OpenTab
) -> None:
    tab = open_tab(agency.ada, script=script, width=width)
    tab.open("/staff/notifications/text?kind=ratings.request&language=fr")
    tab.link("Edit").click()
    body = tab.page.get_by_label("Text", exact=True)
    body.fill(TEXT.replace("client.name", "client.nom"))
    tab.page.get_by_role("button", name="Save").click()
    expect(tab.page.locator("#body-error")).to_contain_text("{client.name}")
    body.fill(TEXT)
    tab.page.get_by_role("button", name="Preview", exact=True).click()
    frame = tab.page.frame_locator("iframe[name=message-preview]")
    expect(frame.locator("body")).to_contain_text("dites-nous tout")
    tab.page.get_by_role("button", name="Save").click()

    expect(tab.page.locator("main")).to_contain_text("Your own text.")
    tab.page.get_by_role("button", name="Send it to me as a test").click()
    expect(tab.page.locator("body")).to_contain_text("marked [TEST]")
    with app.app_context():
        jobs.sweep(inline=True)
    assert str(mailbox.received[-1]["Subject"]).startswith("[TEST] ")

    tab.page.get_by_label("Put back", exact=True).select_option("0")
    tab.page.get_by_role("button", name="Put this text back").click()
    expect(tab.page.locator("main")).to_contain_text("The shipped text")
