"""A coordinator keeps a client's record from the keyboard; a colleague is quicker, and both texts are on the screen."""

import re

from playwright.sync_api import expect
from sqlalchemy import select

from portal.people.models import Client
from tests.browser.conftest import OpenTab
from tests.browser.tab import refuse_barriers
from tests.conftest import Database
from tests.factories import Agency


def test_a_client_is_made_and_then_changed_by_two_at_once(
    agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    sofia = open_tab(agency.sofia, width=1280)
    sofia.open("/staff/clients")
    sofia.link("New client").focus()
    sofia.type("Enter")
    sofia.is_at("/staff/clients/new")
    sofia.page.get_by_label("Last name").focus()
    sofia.page.keyboard.type("LEFEVRE")
    sofia.type("Shift+Tab")
    sofia.page.keyboard.type("Claire")
    sofia.type("Enter")
    sofia.shows("There may be a record of this person already:")
    sofia.page.get_by_label("First name").fill("Rose")
    sofia.button("Create all the same").click()
    sofia.shows("The record of Rose LEFEVRE is made.")

    number = database.one(select(Client.id).where(Client.first_name == "Rose"))
    ines = open_tab(agency.ines, width=390)
    for tab in (sofia, ines):
        tab.open(f"/staff/clients/{number}")
        tab.link("Edit").click()
        tab.is_at(f"/staff/clients/{number}/editing")
    ines.page.get_by_label("Phone", exact=False).first.fill("01 11 11 11 11")
    ines.page.get_by_label("Pets").fill("Un chat")
    ines.button("Save").click()
    ines.is_at(f"/staff/clients/{number}")

    phone = sofia.page.locator("#phone")
    phone.fill("02 22 22 22 22")
    sofia.button("Save").click()
    sofia.shows("Somebody changed this record in the meantime.", "01 11 11 11 11")
    expect(phone).to_have_value("02 22 22 22 22")
    expect(phone).to_have_accessible_description(re.compile("What stands there now: 01 11 11 11 11 Inès Caron"))
    expect(sofia.page.locator("#pets")).to_have_value("Un chat")
    refuse_barriers(sofia.page)
    sofia.button("Save").click()
    sofia.is_at(f"/staff/clients/{number}")
    sofia.shows("02 22 22 22 22", "Un chat")
