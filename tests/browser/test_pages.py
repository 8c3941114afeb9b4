"""Every page once: axe finds nothing, nothing is cut off, and the console stays silent.

Languages, themes and widths rotate over the pages; AXE_TURN=1 … 11 turns the wheel on, so that twelve runs see all.
"""

import os
from collections.abc import Callable
from itertools import product

import pytest
from flask import Flask, abort
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import OpenTab
from tests.browser.sights import SIGHTS, Sight
from tests.browser.stories import tell
from tests.browser.tab import refuse_barriers
from tests.conftest import Database
from tests.factories import Agency

WHEEL = list(product(("fr", "ru", "en"), ("light", "dark"), (390, 1280)))
NO_PAGE = ("region", "landmark-one-main")  # rules that a mail need not keep: it is read inside a page
TURN = int(os.environ.get("AXE_TURN", "0"))


def spokes() -> list:
    """Each page with its place on the wheel; steps of five reach all twelve places."""
    return [
        pytest.param(sight, *WHEEL[(5 * number + TURN) % len(WHEEL)], id=sight.name)
        for number, sight in enumerate(SIGHTS)
    ]


def add_refusals(app: Flask) -> None:
    """Addresses that refuse, for pages that nothing in the portal leads to."""

    def fail() -> str:
        raise RuntimeError("a fault that a test has made")

    app.add_url_rule("/fault", "fault", fail)
    app.add_url_rule("/forbidden", "forbidden", lambda: abort(403))
    app.add_url_rule("/too-often", "too-often", lambda: abort(429))


def without_policy(page: Page) -> Page:
    """The same page where scripts may run: a mail's frame forbids them, axe's too."""
    copy = page.context.new_page()
    copy.set_content(page.content())
    return copy


@pytest.mark.parametrize(("sight", "language", "theme", "width"), spokes())
def test_a_page_is_fit_for_everybody(
    sight: Sight, language: str, theme: str, width: int,
    app: Flask, agency: Agency, database: Database, open_tab: OpenTab, kept: Callable[..., BrowserContext],
) -> None:  # fmt: skip
    if sight.status in (403, 429, 500):
        add_refusals(app)
    with database.writing():
        story = tell(agency)
    if sight.before:
        with database.writing():
            sight.before(agency)
    person = getattr(agency, sight.who) if sight.who else None
    chosen = None if person else language  # else a mailed page speaks as its mail
    tab = open_tab(person, chosen=chosen, stays=kept(language=language, theme=theme, width=width))
    sight.visit(tab, story)
    if sight.status == 500:
        tab.forgive("500")
    if folder := os.environ.get("SIGHTS"):  # for human eyes: SIGHTS=/tmp/sights pytest tests/browser/test_pages.py
        tab.page.screenshot(path=f"{folder}/{sight.name}-{language}-{theme}-{width}.png", full_page=True)

    written = "fr" if sight.name == "message-preview" else language  # a mail speaks its reader's language
    expect(tab.page.locator("html")).to_have_attribute("lang", written)
    page = without_policy(tab.page) if sight.name == "message-preview" else tab.page
    refuse_barriers(page, NO_PAGE if sight.name == "message-preview" else ())
