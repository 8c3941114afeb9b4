"""An empty database becomes an agency: the code of the terminal, the administrator, a mail that arrives, a file, and
the invitations."""

import pytest
from flask import Flask
from playwright.sync_api import expect
from sqlalchemy import select

from portal.people.models import Client, Sector, Staff
from portal.setup.queries import setup_code
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab, refuse_barriers
from tests.browser.test_import import bring_in, confirm
from tests.conftest import Database, Mailbox
from tests.factories import code_of_phone

PASSWORD = "quatre chats mangent dehors"
CLIENTS = "Prénom;Nom;E-mail;Secteur\nClaire;Lefèvre;claire@example.org;Nord\nDenis;Moreau;denis@example.org;Nord\n"


def become_administrator(tab: Tab, code: str) -> None:
    tab.open("/setup")
    tab.page.get_by_label("Code shown in the terminal").fill(code)
    tab.page.get_by_label("First name").fill("Ada")
    tab.page.get_by_label("Last name").fill("Martin")
    tab.page.get_by_label("Your e-mail address").fill("ada@example.org")
    tab.page.get_by_role("textbox", name="Choose a password").fill(PASSWORD)
    tab.page.get_by_role("textbox", name="The same password again").fill(PASSWORD)
    refuse_barriers(tab.page)
    tab.button("Become the administrator").click()


def set_up_phone(tab: Tab) -> None:
    """An administrator needs a phone before anything else opens."""
    tab.is_at("/staff/account/second-factor")
    tab.button("Set up").click()
    secret = str(tab.page.locator("#key").text_content()).replace(" ", "")
    tab.page.locator("input[name=code]").fill(code_of_phone(secret))
    tab.button("Go on").click()
    tab.page.locator("input[name=kept]").check()
    tab.button("Switch the sign-in code on").click()
    tab.is_at("/staff/account/second-factor")


def test_from_an_empty_database_to_invited_clients(
    app: Flask, open_tab: OpenTab, workers: None, mailbox: Mailbox, database: Database
) -> None:
    with app.app_context():
        code = setup_code()
    tab = open_tab(width=1280)
    become_administrator(tab, code)
    set_up_phone(tab)

    tab.open("/staff/home")
    tab.shows("First steps")
    refuse_barriers(tab.page)
    tab.link("Go on").click()
    tab.page.get_by_label("Name of the agency").fill("Maison du Parc")
    tab.page.get_by_label("Your sectors, one a line").fill("Nord\nSud")
    refuse_barriers(tab.page)
    tab.button("Save and go on").click()

    tab.shows("Do mails leave?")
    tab.button("Send a test message").click()
    expect(tab.page.get_by_text("Your test message has left.")).to_be_visible(timeout=20_000)
    test = next(mail for mail in mailbox.received if "Test message" in mail["Subject"])
    assert test["To"].addresses[0].addr_spec == "ada@example.org"
    refuse_barriers(tab.page)

    tab.link("Go on: your team").click()
    tab.page.get_by_label("First name").fill("Sofia")
    tab.page.get_by_label("Last name").fill("Benali")
    tab.page.get_by_label("E-mail address").fill("sofia@example.org")
    tab.page.get_by_label("Nord").check()
    refuse_barriers(tab.page)
    tab.button("Add and invite").click()
    tab.shows("Sofia Benali is of the team now and receives an invitation.")

    tab.link("Go on: your files").click()
    refuse_barriers(tab.page)
    tab.open("/staff/imports?kind=clients")
    bring_in(tab, "clients.csv", CLIENTS.encode(), kind="clients")
    confirm(tab)
    assert database.count(Client) == 2

    tab.open("/staff/home")
    tab.link("Go on").click()
    tab.is_at("/staff/setup")
    tab.shows("Invite to the portal")
    refuse_barriers(tab.page)
    tab.button("Invite 2 clients").click()
    tab.shows("2 people were invited.")
    tab.button("Finish").click()
    tab.shows("Your portal is ready.")
    expect(tab.page.get_by_text("First steps")).to_have_count(0)

    assert database.all(select(Sector.name).order_by(Sector.id)) == ["Maison du Parc", "Nord", "Sud"]
    assert database.count(Staff) == 2
    other = open_tab()
    assert other.open("/setup") == 404, "nobody else can take the portal"


@pytest.mark.parametrize("language", ["fr", "ru"])
def test_the_first_page_is_fit_for_everybody(language: str, open_tab: OpenTab) -> None:
    tab = open_tab(language=language, theme="dark")
    assert tab.open("/setup") == 200
    refuse_barriers(tab.page)
