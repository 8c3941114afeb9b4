"""Guessing is slowed down, whoever guesses; whoever holds a link of ours is never kept waiting."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.accounts.models import Throttle
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.links import make_token
from portal.outbox.models import Message
from portal.people.models import Sector, Service
from portal.ratings import public
from portal.ratings.models import Rating, SuspectAnswer
from tests import factories
from tests.conftest import Database, open_browser
from tests.factories import Agency
from tests.pages import Browser
from tests.racing import at_once, posting
from tests.ratings.conftest import Asked

HOME = {"REMOTE_ADDR": "203.0.113.7"}
CROWD = 200


def guess(browser: Browser, times: int, **more: object) -> list[int]:
    return [browser.post(f"/r/guess{n}", data={"stars": "1"}, **more).status for n in range(times)]


def test_two_hundred_answers_from_behind_one_address_are_two_hundred_ratings(
    app: Flask, agency: Agency, database: Database, stranger: Browser
) -> None:
    """A residence behind one router, from which somebody has just guessed links until he was stopped."""
    assert guess(stranger, public.WRONG_LINKS + 1)[-1] == 429
    with database.writing():
        north, service = db.session.get_one(Sector, agency.north), db.session.get_one(Service, agency.rising)
        for number in range(CROWD):
            client = factories.client("Résidente", str(number), north, f"r{number}@example.org")
            made = factories.done_visit(client, service, [], ask=True)
            factories.sent_request(made, f"r{number}@example.org")
    with app.app_context():
        links = [f"/r/{make_token('rate', p)}" for p in db.session.scalars(select(Message.public_id))]
    assert len(links) == CROWD
    browsers = [open_browser(app) for _ in range(8)]

    def answer_in_turn(one: int) -> int:
        mine = links[one :: len(browsers)]
        return max(posting(browsers[one], link, {"stars": str(n % 6)})() for n, link in enumerate(mine))

    assert at_once([lambda one=one: answer_in_turn(one) for one in range(len(browsers))]) == [200] * len(browsers)
    assert database.count(Rating) == CROWD


@pytest.mark.parametrize(("language", "heading"), [("en", "Too many attempts"), ("fr", "Trop"), ("ru", "Слишком")])
def test_who_is_slowed_down_reads_so_in_their_language(app: Flask, asked: Asked, language: str, heading: str) -> None:
    guesser = open_browser(app)  # nobody's mail has brought them here
    guess(guesser, public.WRONG_LINKS)
    guesser.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
    page = guesser.get("/r/another")
    assert page.status == 429
    assert heading in page.h1
    assert page.headers["Retry-After"] == "300"


def test_another_network_is_not_slowed_down_and_a_forged_header_is_no_other_network(
    stranger: Browser, asked: Asked
) -> None:
    assert guess(stranger, public.WRONG_LINKS + 1, environ_overrides=HOME)[-1] == 429
    assert guess(stranger, 1) == [404]
    forged = {"X-Forwarded-For": "198.51.100.1", "Forwarded": "for=198.51.100.1", "X-Real-IP": "198.51.100.1"}
    assert guess(stranger, 1, environ_overrides=HOME, headers=forged) == [429]


def test_guessing_from_many_networks_is_slowed_down_for_all_guessers_and_nobody_else(
    stranger: Browser, asked: Asked, monkeypatch: pytest.MonkeyPatch, time_machine: TimeMachineFixture
) -> None:
    monkeypatch.setattr(public, "WRONG_LINKS_OVERALL", 12)
    for number in range(12):
        assert guess(stranger, 1, environ_overrides={"REMOTE_ADDR": f"203.0.113.{number}"}) == [404]
    assert guess(stranger, 1, environ_overrides={"REMOTE_ADDR": "203.0.113.99"}) == [429]
    assert stranger.post(asked.link, data={"stars": "4"}).h1 == "Thank you"
    time_machine.shift(timedelta(minutes=5, seconds=1))
    assert guess(stranger, 1) == [404]


def test_guessing_at_unsubscribe_links_is_counted_too(stranger: Browser, asked: Asked) -> None:
    for number in range(public.WRONG_LINKS):
        assert stranger.post(f"/unsubscribe/{number}", data={}).status == 404
    assert stranger.post("/r/another", data={"stars": "1"}).status == 429
    assert stranger.post(asked.unsubscribe, data={"List-Unsubscribe": "One-Click"}).status == 200


def test_the_brake_outlives_redis_and_web_processes(stranger: Browser, asked: Asked, app: Flask) -> None:
    """It is rows: another process, which has never seen a guess, knows of them."""
    guess(stranger, public.WRONG_LINKS)
    assert guess(open_browser(app), 1) == [429]


def test_a_machine_that_goes_on_and_on_with_a_link_of_ours_fills_no_table(
    stranger: Browser, asked: Asked, database: Database
) -> None:
    form = {"stars": "1", "website": "https://spam.example", "comment": "x" * 4000}
    for _ in range(25):
        assert stranger.post(asked.link, data=form).h1 == "Thank you"
    assert database.count(SuspectAnswer) == 10
    assert database.count(AuditEntry, AuditEntry.kind == "rating.suspected") == 10
    assert stranger.get(asked.link).form("Save").submit(stars="5").h1 == "Thank you", "the person still can"
    assert database.one(select(Rating.stars)) == 5


def test_brakes_hold_no_address(stranger: Browser, asked: Asked, database: Database) -> None:
    guess(stranger, 1, environ_overrides=HOME)
    rows = database.fingerprint()["throttle"]
    assert rows
    assert not re.search(r"203\.0\.113\.7|wrong-link", " ".join(rows))
    assert database.all(select(Throttle.hits)) == [1, 1]
