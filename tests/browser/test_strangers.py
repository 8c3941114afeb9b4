"""Nobody sees what is not theirs: a stranger's address is a page that does not exist."""

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import expect

from tests.browser.conftest import OpenTab
from tests.conftest import Database
from tests.factories import Agency, rate

SENTENCE = "This page does not exist"
PORTALS = {"denis": "client", "paul": "client", "wassim": "worker", "sofia": "staff", "ada": "staff"}


def addresses(app: Flask, portal: str, number: int) -> Iterator[str]:
    """Every page of a portal, with this number for what it is about; of the many of staff, those about a visit.

    Without a browser, tests/test_access.py asks for all.
    """
    for rule in app.url_map.iter_rules():
        tried = portal != "staff" or "visit_id" in rule.arguments
        if rule.endpoint.startswith(f"{portal}.") and "GET" in (rule.methods or ()) and tried:
            values = dict.fromkeys(rule.arguments, number)
            yield app.url_map.bind("localhost").build(rule.endpoint, values)


@pytest.mark.parametrize("person", list(PORTALS))
def test_another_portal_does_not_exist(person: str, app: Flask, agency: Agency, open_tab: OpenTab) -> None:
    tab = open_tab(getattr(agency, person))
    others = [portal for portal in ("client", "worker", "staff") if portal != PORTALS[person]]
    tried = [address for portal in others for address in addresses(app, portal, agency.claires_done)]
    assert len(tried) > 5
    for address in tried:
        assert tab.open(address) == 404, address
        expect(tab.heading(SENTENCE)).to_be_visible()
        expect(tab.page.get_by_text("Lefèvre")).to_have_count(0)


def test_a_neighbour_finds_nothing_at_any_address_of_hers(
    app: Flask, agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    with database.writing():  # of a visit that is rated there is most to be read
        rate(agency.denis, agency.denis_done, 5)
        rate(agency.claire, agency.claires_done, 5)
    tab = open_tab(agency.denis)
    visits = [agency.claires_done, agency.claires_past, agency.claires_next, agency.claires_cancelled, agency.draft]
    own = set(addresses(app, "client", agency.denis_done))
    tried = [address for visit in visits for address in addresses(app, "client", visit) if address not in own]
    assert tried
    for address in tried:
        assert tab.open(address) == 404, address
        expect(tab.heading(SENTENCE)).to_be_visible()
    for address in own:  # of conversations and the like he has none, and the agency lets no client report an event
        none = re.search(r"/(threads|incidents|complaints|drafts)/\d|/adverse-events/new", address)
        told = {404} if none else {200, 409}  # too late to report one
        assert tab.open(address) in told, address
        expect(tab.page.get_by_text("Lefèvre")).to_have_count(0)


def test_the_other_sectors_coordinator_finds_nothing_of_the_north(
    app: Flask, agency: Agency, open_tab: OpenTab
) -> None:
    tab = open_tab(agency.igor)
    for visit in (agency.claires_done, agency.claires_past, agency.claires_next, agency.denis_done):
        assert tab.open(f"/staff/visits/{visit}/cancellation") == 404
    for address in ("/staff/visits", "/staff/ratings", "/staff/outbox"):
        assert tab.open(address) == 200
        expect(tab.page.get_by_text("Lefèvre")).to_have_count(0)
        expect(tab.page.get_by_text("Moreau")).to_have_count(0)


def test_whoever_is_not_signed_in_is_asked_to(app: Flask, agency: Agency, open_tab: OpenTab) -> None:
    tab = open_tab()
    for portal in ("client", "worker", "staff"):
        for address in addresses(app, portal, agency.claires_done):
            assert tab.open(address) == 200, address
            assert tab.path == "/sign-in", address
            expect(tab.page.get_by_text("Lefèvre")).to_have_count(0)
