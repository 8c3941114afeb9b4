"""Whose messages a coordinator sees: those about visits of their sectors, the alerts about ratings among them."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.extensions import db
from portal.outbox.models import Message
from portal.people.models import Client
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import Agency, Persona, rate
from tests.pages import Browser
from tests.ratings.conftest import plan_asked_visit, read


def alert_of(database: Database, agency: Agency, visit: int) -> int:
    from portal.ratings.models import Rating, RatingSubject

    of_visit = select(Rating.id).join(RatingSubject).where(RatingSubject.visit_id == visit).scalar_subquery()
    return database.one(select(Message.id).where(Message.subject_type == "rating", Message.subject_id == of_visit))


def test_alerts_are_seen_in_ones_own_sectors_and_nowhere_else(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    with database.writing():
        rate(agency.denis, agency.denis_done, 5)  # ratings and what is rated are not numbered alike
        rate(agency.eloise, agency.eloises_done, 1)
        rate(agency.claire, agency.claires_done, 2)
    north, south = alert_of(database, agency, agency.claires_done), alert_of(database, agency, agency.eloises_done)
    sofia, igor = sign_in(agency.sofia), sign_in(agency.igor)
    assert {sofia.get(f"/staff/outbox/{north}").status, igor.get(f"/staff/outbox/{south}").status} == {200}
    assert {sofia.get(f"/staff/outbox/{south}").status, igor.get(f"/staff/outbox/{north}").status} == {404}
    assert "D’Angelo" not in sofia.get("/staff/outbox").text
    assert "Lefèvre" not in igor.get("/staff/outbox").text
    assert "D’Angelo" in igor.get("/staff/outbox").text


@pytest.fixture
def moved(
    agency: Agency, database: Database, mailbox: Mailbox, stranger: Browser, time_machine: TimeMachineFixture
) -> int:
    """Claire lives in the South now. Her visit in the North was asked about; a machine answered, then she; a reminder
    waits and an alert is due."""
    asked = read(plan_asked_visit(agency, database), mailbox.one())
    stranger.post(asked.link, data={"stars": "5", "comment": "scanned by a machine"})
    time_machine.shift(timedelta(hours=1))
    stranger.post(asked.link, data={"stars": "1"})
    with database.writing():
        client = db.session.get_one(Client, agency.claire.id)
        client.sector_id, client.file_manager_id = agency.south, agency.igor.id
    return asked.visit


def what_is_seen(sign_in: SignIn, person: Persona, visit: int, messages: Sequence[int]) -> set[bool]:
    """Of the visit, of each message about it and of the answer that was not counted: seen or not, wherever one looks.
    One answer where all pages agree."""
    browser = sign_in(person)
    found = {browser.get(f"/staff/visits/{visit}").status == 200}
    found.add("scanned by a machine" in browser.get("/staff/ratings").html)
    lists = [browser.get(f"/staff/outbox{query}") for query in ("", "?who=lefevre", "?kind=ratings.request")]
    found |= {"Claire Lefèvre" in page.words for page in lists}
    for message in messages:
        found.add(bool(lists[0].soup.select(f'a[href="/staff/outbox/{message}"]')))
        for part in ("", "/preview", "/again", "/cancellation"):
            found.add(browser.get(f"/staff/outbox/{message}{part}").status != 404)
    return found


def test_after_a_move_the_messages_stay_with_the_visit_they_are_about(
    moved: int, agency: Agency, database: Database, sign_in: SignIn
) -> None:
    messages = database.all(select(Message.id).where(Message.subject_type.in_(("rating", "rating_subject"))))
    assert len(messages) == 3, "asked, reminded, alerted"
    assert what_is_seen(sign_in, agency.sofia, moved, messages) == {True}
    assert what_is_seen(sign_in, agency.igor, moved, messages) == {False}
    assert what_is_seen(sign_in, agency.ines, moved, messages) == {True}
    linked = sign_in(agency.sofia).get(f"/staff/visits/{moved}").soup.select('a[href^="/staff/outbox/"]')
    assert linked, "the visit's history leads to its messages"
