"""What a page that is open asks for by itself: little, and only what is new."""

import logging
from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.accounts.models import AccountSession
from portal.extensions import db
from portal.threads.models import Participant, Thread
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Browser, Page

ALONE = {"X-Poll": "1"}


@pytest.fixture
def thread_id(agency: Agency, database: Database) -> int:
    with database.writing():
        return factories.thread(agency.claire, [agency.claire], [agency.wassim], "Bonjour à tous").id


def news(browser: Browser, portal: str, thread_id: int, tag: str = "") -> Page:
    return browser.part(f"/{portal}/threads/{thread_id}/news", headers={**ALONE, "HX-PTag": tag})


def test_nothing_new_costs_three_statements_and_no_page(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int
) -> None:
    people = {"client": agency.claire, "worker": agency.wassim, "staff": agency.sofia}
    browsers = {portal: sign_in(person) for portal, person in people.items()}
    tags: dict[str, str] = {}
    for portal, browser in browsers.items():
        page = browser.get(f"/{portal}/threads/{thread_id}")
        tags[portal] = str(page.at("#messages")["hx-ptag"])
        assert "X-Poll" in str(page.at("#messages")["hx-headers"])
        idle = news(browser, portal, thread_id, tags[portal])
        assert (idle.status, idle.data, len(idle.statements)) == (304, b"", 3), idle.statements
    with database.writing():
        factories.message(agency.sofia, db.session.get_one(Thread, thread_id), "Du nouveau")
    for portal, browser in browsers.items():
        fresh = news(browser, portal, thread_id, tags[portal])
        assert (fresh.status, "Du nouveau" in fresh.words) == (200, True)
        assert len(fresh.statements) <= 9, "\n".join(fresh.statements)
        assert news(browser, portal, thread_id, fresh.headers["HX-PTag"]).status == 304


def test_a_page_that_asks_in_vain_leaves_no_line_in_the_log(
    agency: Agency, sign_in: SignIn, thread_id: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "portal.requests")
    claire = sign_in(agency.claire)
    tag = news(claire, "client", thread_id).headers["HX-PTag"]
    assert caplog.records[-1].__dict__["facts"]["status"] == 200
    told = len(caplog.records)
    assert news(claire, "client", thread_id, tag).status == 304
    assert len(caplog.records) == told


def test_moments_are_told_anew_after_a_while(
    agency: Agency, sign_in: SignIn, thread_id: int, time_machine: TimeMachineFixture
) -> None:
    claire = sign_in(agency.claire)
    tag = news(claire, "client", thread_id).headers["HX-PTag"]
    time_machine.shift(timedelta(minutes=10))
    assert "10 minutes ago" in news(claire, "client", thread_id, tag).words


def test_a_page_that_is_left_open_keeps_no_session_alive(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int, time_machine: TimeMachineFixture
) -> None:
    sofia = sign_in(agency.sofia)
    sofia.get(f"/staff/threads/{thread_id}")
    seen = select(AccountSession.seen_at).where(AccountSession.account_id == agency.sofia.account_id)
    before = database.one(seen)
    for _minutes in range(3):
        time_machine.shift(timedelta(minutes=9))
        news(sofia, "staff", thread_id)
        read = sofia.act(f"/staff/threads/{thread_id}/reading", {"message": "1"}, htmx=True, headers=ALONE)
        assert (read.status, read.html) == (200, "")
    assert database.one(seen) == before
    time_machine.shift(timedelta(minutes=4))
    assert news(sofia, "staff", thread_id).status == 401


def test_who_does_not_take_part_any_more_is_told_nothing(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int
) -> None:
    wassim = sign_in(agency.wassim)
    tag = news(wassim, "worker", thread_id).headers["HX-PTag"]
    with database.writing():
        gone = select(Participant).where(Participant.worker_id == agency.wassim.id)
        db.session.delete(db.session.scalars(gone).one())
    page = news(wassim, "worker", thread_id, tag)
    assert (page.status, "Bonjour" in page.html) == (404, False)


def test_long_threads_are_read_from_their_end(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int
) -> None:
    with database.writing():
        thread = db.session.get_one(Thread, thread_id)
        for number in range(1, 50):
            factories.message(agency.wassim, thread, f"Message {number:03}.")
    claire = sign_in(agency.claire)
    assert "Earlier messages" not in claire.get(f"/client/threads/{thread_id}").words
    with database.writing():
        thread = db.session.get_one(Thread, thread_id)
        for number in range(50, 121):
            factories.message(agency.wassim, thread, f"Message {number:03}.")
    page = claire.get(f"/client/threads/{thread_id}")
    fresh = news(claire, "client", thread_id)
    assert fresh.at(".talk-pages a")["href"] == page.at(".talk-pages a")["href"], "a page that is open loses nothing"
    shown, steps = [], 0
    while True:
        said = [tag.get_text() for tag in page.soup.select(".said-text")]
        shown, steps = said + shown, steps + 1
        assert len(page.statements) <= 12
        if not [link for link in page.soup.select(".talk-pages a") if "Earlier" in link.get_text()]:
            break
        page = page.link("Earlier messages").click()
        assert not page.soup.select("#messages[hx-get], #write[hx-post]"), "what is past does not change"
    assert shown == ["Bonjour à tous", *(f"Message {number:03}." for number in range(1, 121))]
    assert steps == 3
    assert "Message 120." in page.link("The latest messages").click().words
    odd = claire.get(f"/client/threads/{thread_id}?before=x").words
    assert "Message 120." in odd
