"""What a page that is open asks for by itself: little, and only what is new."""

import logging
from datetime import timedelta
from typing import Any

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
        assert "every 4s" in str(page.at("#messages")["hx-trigger"])  # what is new appears within five seconds
        idle = news(browser, portal, thread_id, tags[portal])
        assert (idle.status, idle.data, len(idle.statements)) == (304, b"", 3), idle.statements
    with database.writing():
        factories.message(agency.sofia, db.session.get_one(Thread, thread_id), "Du nouveau")
    for portal, browser in browsers.items():
        fresh = news(browser, portal, thread_id, tags[portal])
        assert (fresh.status, "Du nouveau" in fresh.words) == (200, True)
        assert len(fresh.statements) <= 10, "\n".join(fresh.statements)
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


class Watch:
    """Somebody who has the conversation of an incident open, and asks now and then."""

    def __init__(self, browser: Browser, portal: str, thread_id: int) -> None:
        self.browser, self.portal, self.thread_id = browser, portal, thread_id
        self.tag = str(browser.get(f"/{portal}/threads/{thread_id}").at("#messages")["hx-ptag"])

    def told(self) -> str | None:
        """What stands above the messages now; None where nothing is different from before."""
        page = news(self.browser, self.portal, self.thread_id, self.tag)
        if page.status == 304:
            assert len(page.statements) == 3
            return None
        assert page.status == 200 and len(page.statements) <= 12, "\n".join(page.statements)
        self.tag = page.headers["HX-PTag"]
        return page.says('[hx-target="#thread-above"]')


def test_where_an_incident_stands_is_told_to_whom_it_concerns(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    with database.writing():
        why = factories.reason(agency.cleaning, "Porte fermée")
        made = factories.incident(agency.wassim, agency.claires_past, why=why)
        incident, thread_id = made.id, made.thread_id
    sofia = sign_in(agency.sofia)
    watches = [
        Watch(sign_in(person), portal, thread_id)
        for person, portal in ((agency.ines, "staff"), (agency.claire, "client"), (agency.wassim, "worker"))
    ]

    def follow(deed: str, **typed: Any) -> list[str | None]:
        form = sofia.get(f"/staff/incidents/{incident}/{deed}").form("Save")
        assert form.submit(**typed).status == 303
        return [watch.told() for watch in watches]

    desk, claire, wassim = follow("state", state="waiting")
    assert desk and "On hold" in desk and "Discuss it" in desk, "the buttons are those of the state"
    for told in (claire, wassim):
        assert told and "Under discussion" in told and "hold" not in told
    desk, *others = follow("state", state="discussion")
    assert (bool(desk), others) == (True, [None, None]), "that the agency waits for nothing any more is its own matter"
    desk, *others = follow("follow-up", owner_id=agency.sofia.id, due_on="2026-11-20")
    assert desk and "Sofia Benali" in desk and "Fri 20 November" in desk
    assert others == [None, None], "who has it in hand is not told to others"
    assert all(told and "High" in told for told in follow("follow-up", urgency="high"))
    desk, claire, wassim = follow("state?to=closed", outcome="settled", ask="y")
    assert all(told and "Closed" in told for told in (desk, claire, wassim))
    assert claire and wassim and ("Leave a rating" in claire, "rating" in wassim) == (True, False)
    rated = sign_in(agency.claire).act(f"/client/incidents/{incident}/rating", {"stars": "1", "comment": "Trop tard"})
    assert rated.status == 303
    desk, _claire, wassim = [watch.told() for watch in watches]
    assert desk and "Trop tard" in desk
    assert wassim is None, "what the client says of it is not told to the worker"
    assert sofia.act(f"/staff/incidents/{incident}/rating/look").status == 303
    desk, *others = [watch.told() for watch in watches]
    assert desk and "Looked at by Sofia Benali" in desk and others == [None, None]


def test_what_staff_do_with_a_conversation_stands_beside_it_on_every_desk(
    agency: Agency, database: Database, sign_in: SignIn, thread_id: int
) -> None:
    sofia, ines = sign_in(agency.sofia), sign_in(agency.ines)
    sofia.act(f"/staff/threads/{thread_id}/publication", {"published": "no"})
    sofia.act(f"/staff/threads/{thread_id}/archive", {"archived": "yes"})
    page = news(ines, "staff", thread_id)
    assert "Archived by Sofia Benali Not visible on the portals" in page.says('[hx-target="#thread-above"]')
    deeds = page.at('[hx-target=".desk-actions"]')
    assert [one["id"] for one in deeds.select("button[id]")] == ["publish-thread", "take-up-thread"]
    assert page.says('[hx-target="#write-readers"]') == "Only the agency will read this."
    assert ines.get(f"/staff/threads/{thread_id}").soup.select_one(".desk-actions #take-up-thread")
