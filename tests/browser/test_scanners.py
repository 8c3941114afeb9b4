"""Machines that read mails before people do: they open every link, run its scripts, and some press what they find."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.ratings.models import Rating, RatingRequest, SuspectAnswer
from tests.browser.conftest import OpenTab, new_context
from tests.browser.tab import Tab
from tests.conftest import Database, Mailbox, text_of
from tests.factories import Agency
from tests.ratings.conftest import plan_asked_visit

AGENTS = ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) SafeLinks", "GoogleImageProxy")


@pytest.fixture
def links(site: str, agency: Agency, database: Database, mailbox: Mailbox) -> list[str]:
    """Every address of a mail that has just left."""
    plan_asked_visit(agency, database)
    words = text_of(mailbox.one(), "html").replace("&amp;", "&")
    found = {part.split('"')[0] for part in words.split('href="')[1:]}
    return sorted(link for link in found if link.startswith(site))


def path_of(link: str) -> str:
    parts = urlsplit(link)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def test_a_scanner_that_runs_scripts_and_looks_everywhere_changes_nothing(
    site: str, links: list[str], database: Database, browser: Browser, open_tab: OpenTab, app: Flask,
    time_machine: TimeMachineFixture,
) -> None:  # fmt: skip
    assert len(links) >= 7, "six stars and the way out"
    before = database.fingerprint()
    for agent in AGENTS:
        context = new_context(browser, width=1280)
        context.set_extra_http_headers({"User-Agent": agent, "Purpose": "prefetch", "Sec-Purpose": "prefetch"})
        page = context.new_page()
        for link in links:
            answer = page.goto(link)
            assert answer
            assert answer.status == 200
            page.wait_for_load_state("networkidle")
            page.mouse.wheel(0, 4000)
            page.evaluate("document.querySelectorAll('a, button, input, label').forEach(one => { one.focus(); "
                          "for (const name of ['mouseover', 'pointerenter', 'touchstart', 'visibilitychange']) "
                          "one.dispatchEvent(new Event(name, {bubbles: true})) })")  # fmt: skip
            for address in page.eval_on_selector_all("a[href]", "all => all.map(one => one.href)"):
                assert context.request.get(address).status < 400  # what it finds there it opens too
        context.close()
    assert database.fingerprint() == before
    time_machine.shift(timedelta(minutes=5))
    answer_as_a_person(open_tab(chosen="en"), next(link for link in links if "stars=5" in link))
    assert database.one(select(Rating.stars)) == 5


def test_a_scanner_that_presses_the_button_at_once_does_not_speak_for_the_person(
    site: str, links: list[str], database: Database, open_tab: OpenTab, app: Flask, time_machine: TimeMachineFixture
) -> None:
    link = next(link for link in links if "stars=0" in link)
    left = database.one(select(RatingRequest.asked_at).where(RatingRequest.asked_at.is_not(None)))
    time_machine.move_to(left + timedelta(seconds=2), tick=False)
    answer_as_a_person(open_tab(chosen="en"), link)
    assert database.count(Rating) == 0
    assert database.all(select(SuspectAnswer.stars, SuspectAnswer.reason)) == [(0, "too_fast")]
    time_machine.move_to(left + timedelta(minutes=30))
    answer_as_a_person(open_tab(chosen="en"), link.replace("stars=0", "stars=4"))
    assert database.one(select(Rating.stars)) == 4


def test_a_scanner_that_opens_the_way_out_stops_no_requests(
    site: str, links: list[str], database: Database, open_tab: OpenTab, app: Flask
) -> None:
    """The page that stops the requests asks first: only its own button does it."""
    unsubscribe = next(link for link in links if "/unsubscribe/" in link)
    tab = open_tab(chosen="en")
    before = database.fingerprint()
    assert tab.open(path_of(unsubscribe)) == 200
    tab.page.evaluate("fetch(location.href, {method: 'HEAD'})")
    tab.page.reload()
    expect(tab.heading("Stop the rating requests?")).to_be_visible()
    assert database.fingerprint() == before


def answer_as_a_person(tab: Tab, link: str) -> None:
    """Open the link, press the one button."""
    assert tab.open(path_of(link)) == 200
    tab.page.get_by_role("button", name="Save").click()
    expect(tab.heading("Thank you")).to_be_visible()
