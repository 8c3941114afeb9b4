"""A mail that did not arrive: a coordinator reads what the mail server said, sends it again, and sees that it left."""

import pytest
from flask import Flask
from playwright.sync_api import expect

from portal.extensions import db
from portal.outbox import jobs
from portal.people.models import Client, Service, Worker
from tests import factories
from tests.browser.conftest import OpenTab
from tests.conftest import Database
from tests.factories import Agency
from tests.outbox.sink import Sink

PRESSED, LEFT = "Sofia Benali pressed “Send again”", "Left: the mail server took it"


def sweep(app: Flask) -> None:
    with app.app_context():
        jobs.sweep(inline=True)


def asked(agency: Agency, database: Database) -> int:
    """A visit of yesterday about which Claire is asked now."""
    with database.writing():
        claire, rising = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.rising)
        return factories.done_visit(claire, rising, [db.session.get_one(Worker, agency.wassim.id)], hour=8, ask=True).id


@pytest.mark.parametrize(("script", "width"), [(True, 1280), (False, 390)])
def test_a_refused_mail_is_sent_again_and_the_history_keeps_pressed_and_left_apart(
    script: bool, width: int, app: Flask, agency: Agency, database: Database, open_tab: OpenTab
) -> None:
    visit = asked(agency, database)
    with Sink() as sink:
        app.config["PORTAL_SMTP_URL"] = sink.url
        sink.script[agency.claire.email] = ["rcpt550"]
        sweep(app)
        tab = open_tab(agency.sofia, script=script, width=width)
        tab.open("/staff/outbox?state=failed")
        tab.page.locator("#messages").get_by_role("link", name="Rating request").click()
        history = tab.page.locator(".timeline").first
        expect(history).to_contain_text("550")

        tab.link("Send again").click()
        place = tab.page.locator("dialog[open]" if script else "main")
        expect(place).to_contain_text(agency.claire.email)
        place.get_by_role("button", name="Send again").click()
        expect(history).to_contain_text(PRESSED)
        expect(tab.page.get_by_text("To come")).to_be_visible()
        expect(history).not_to_contain_text(LEFT)

        sweep(app)
        tab.page.reload()
        lines = history.locator("li p:first-child")
        expect(lines).to_have_text([lines.nth(0).inner_text(), "Refused by the mail server", PRESSED, LEFT])
        assert len(sink.taken()) == 1

    tab.page.locator(".facts").get_by_role("link", name="Claire Lefèvre").click()
    tab.is_at(f"/staff/visits/{visit}")
    story = tab.page.locator(".timeline").first
    expect(story).to_contain_text(PRESSED)
    expect(story).to_contain_text(LEFT)


def test_all_messages_are_held_in_the_window_and_let_go_again(
    app: Flask, agency: Agency, database: Database, open_tab: OpenTab
) -> None:
    asked(agency, database)
    tab = open_tab(agency.ines, width=1280)
    tab.open("/staff/outbox")
    tab.link("Hold all messages").click()
    window = tab.page.locator("dialog[open]")
    window.get_by_role("button", name="Hold all messages").click()
    expect(tab.page.get_by_text("Please say why messages are to be held.")).to_be_visible()
    tab.page.get_by_label("Why?").fill("Wrong text in the mails")
    tab.button("Hold all messages").click()
    trouble = tab.page.locator(".trouble")
    expect(trouble).to_contain_text("Inès Caron has held all messages since")
    expect(trouble).to_contain_text("Wrong text in the mails")
    tab.open("/staff/home")
    expect(trouble).to_contain_text("1 message waits.")
    tab.link("See the messages").click()
    tab.button("Let the messages go").click()
    expect(tab.page.get_by_text("Messages are no longer held")).to_be_visible()
    expect(tab.page.get_by_text("Inès Caron has held")).to_have_count(0)
