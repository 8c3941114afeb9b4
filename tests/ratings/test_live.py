"""*En direct*: today's visits as they go, and what is said of them, for those whose sectors they are of."""

from datetime import timedelta
from random import Random

import pytest
from time_machine import TimeMachineFixture

from portal import clock
from portal.extensions import db
from portal.people.models import Client, Service, Worker
from portal.ratings import live
from portal.ratings.exclusion import exclude_rating
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Page

LIVE = "/staff/live"


def line(page: Page, visit_id: int) -> str:
    return page.says(f"#live-{visit_id}")


def shown(page: Page) -> list[int]:
    return [int(str(row["id"]).removeprefix("live-")) for row in page.soup.select("tbody tr")]


def test_a_visit_shows_as_it_ends_and_as_it_is_rated(
    agency: Agency, sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get(LIVE)
    assert "Past, not closed" in line(page, agency.claires_past)
    assert "0 of 1 visit of today is done" in page.words
    sofia.act(f"/staff/visits/{agency.claires_past}/done")
    assert "Completed" in line(sofia.get(LIVE), agency.claires_past)
    time_machine.shift(timedelta(minutes=5))
    with database.writing():
        factories.rate(agency.claire, agency.claires_past, 1, "Trop court")
    page = sofia.get(LIVE)
    told = line(page, agency.claires_past)
    for word in ("1 out of 5", "Urgent", "Trop court", "Wassim Haddad", "Claire Lefèvre"):
        assert word in told
    assert page.soup.select(f"#live-{agency.claires_past} .badge svg"), "not by colour alone"
    assert "1 of them is low" in page.words


def test_what_is_said_today_of_an_earlier_visit_is_there_and_on_top(
    agency: Agency, sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    time_machine.shift(timedelta(minutes=5))
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 5)
    page = sign_in(agency.sofia).get(LIVE)
    assert shown(page) == [agency.claires_done, agency.claires_past]
    time_machine.shift(timedelta(days=1))
    assert agency.claires_done not in shown(sign_in(agency.sofia).get(LIVE))


def test_one_sees_ones_own_sectors(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 0, "Pour le Nord")
        factories.rate(agency.eloise, agency.eloises_done, 4, "Pour le Sud")
    north, south, whole = (sign_in(who).get(LIVE) for who in (agency.sofia, agency.igor, agency.ines))
    assert ("Pour le Nord" in north.words, "Pour le Sud" in north.words) == (True, False)
    assert ("Pour le Nord" in south.words, "Pour le Sud" in south.words) == (False, True)
    assert "1 rating came in today" in north.words
    assert "2 ratings came in today" in whole.words
    assert "low" not in south.says(".live-counts")


def test_what_is_not_counted_is_neither_low_nor_counted(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        rating = factories.rate(agency.claire, agency.claires_done, 0)
        exclude_rating(agency.ines.user, rating, "Mauvaise personne", rating.version)
    page = sign_in(agency.sofia).get(LIVE)
    assert "Not counted" in line(page, agency.claires_done)
    assert "Urgent" not in page.words
    assert "0 ratings came in today" in page.words


def test_a_page_that_asks_in_vain_hears_so_and_of_each_change_anew(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)

    def ask(tag: str) -> Page:
        headers = {"HX-Request": "true", "HX-Request-Type": "partial", "X-Poll": "1", "HX-PTag": tag}
        return sofia.get(LIVE, headers=headers)

    tag = str(sofia.get(LIVE).at("#live")["hx-ptag"])
    quiet = ask(tag)
    assert quiet.status == 304
    assert len(quiet.statements) <= 4
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 4)
    news = ask(tag)
    assert news.status == 200
    assert "4 out of 5" in news.html
    assert "<html" not in news.html
    assert ask(news.headers["HX-PTag"]).status == 304


def test_it_takes_as_many_statements_for_fifty_visits_as_for_one(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    few = len(sofia.get(LIVE).statements)
    with database.writing():
        claire, rising = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.rising)
        wassim = db.session.get_one(Worker, agency.wassim.id)
        for number in range(50):
            made = factories.done_visit(claire, rising, [wassim], days=0, hour=6)
            factories.rate(agency.claire, made.id, number % 6, "Merci")
    page = sofia.get(LIVE)
    assert len(shown(page)) == 51
    assert len(page.statements) <= min(few, 6)


def test_the_newest_are_those_of_the_whole_day(
    agency: Agency, sign_in: SignIn, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed, rated and changed in another order each: however many are shown, they are the first of all."""
    sofia, chance = sign_in(agency.sofia), Random(7)
    with database.writing():
        claire, rising = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.rising)
        wassim = db.session.get_one(Worker, agency.wassim.id)
        for _number in range(30):
            made = factories.done_visit(claire, rising, [wassim], days=chance.choice([0, -1]), hour=6)
            made.closed_at = clock.now() - timedelta(minutes=chance.randrange(100, 200))
            if chance.random() < 0.7:
                rating = factories.rate(agency.claire, made.id, 4)
                rating.left_at = clock.now() - timedelta(minutes=chance.randrange(50, 100))
                rating.changed_at = chance.choice([None, clock.now() - timedelta(minutes=chance.randrange(50))])
    whole = shown(sofia.get(LIVE))
    assert len(whole) > 20
    for most in (1, 3, 8, 15):
        monkeypatch.setattr(live, "SHOWN", most)
        assert shown(sofia.get(LIVE)) == whole[:most]


def test_there_is_none_where_nobody_rates(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        set_option(None, "ratings.enabled", "false")
    assert sign_in(agency.sofia).get(LIVE).status == 404


def test_a_day_without_anything_says_what_comes(
    agency: Agency, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    time_machine.shift(timedelta(days=4))
    assert "Nothing has begun today yet" in sign_in(agency.sofia).get(LIVE).words
