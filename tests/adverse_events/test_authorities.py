"""The authorities' panel: what is proposed, its clocks, what is written down and refused, the mails about them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.adverse_events.follow_models import AuthorityRoute, Route, RouteStatus
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.proposals import proposed_routes
from portal.adverse_events.routes_of_law import Clock, due_of
from portal.extensions import db
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListEntry, ListName
from portal.outbox.models import Message
from portal.people.models import Service
from tests.adverse_events.stories import stored
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import NOON, Agency
from tests.pages import Browser

HOUR = timedelta(hours=1)


def made(agency: Agency, *codes: str, legal: Any = None, regulated: Any = True, **more: Any) -> AdverseEvent:
    event = stored(agency, **more)
    event.categories = [entry_of_code(ListName.EVENT, code) for code in codes]
    event.legal = entry_of_code(ListName.LEGAL, legal) if legal else None
    db.session.get_one(Service, agency.rising).regulated = regulated
    db.session.flush()
    db.session.refresh(event)
    return event


PROPOSED = [
    (("D01",), {"kind": "event"}, {}),
    (("D01",), {"kind": "serious"}, {"R-ESSMS": "to_do"}),
    (("D01",), {"kind": "event", "severity": 4}, {"R-ESSMS": "to_assess"}),
    (("D01",), {"kind": "event", "legal": "L04"}, {"R-ESSMS": "to_assess"}),
    (("D01",), {"kind": "serious", "regulated": False}, {}),
    (("D03",), {"kind": "care_related"}, {"R-EIGS-1": "to_do", "R-EIGS-2": "to_do"}),
    (("D08",), {"kind": "event"}, {"R-JUST": "to_assess", "R-AT": "to_assess"}),
    (("D08",), {"kind": "event", "worker_id": None}, {"R-JUST": "to_assess"}),
    (("D09",), {"kind": "event", "regulated": False}, {"R-MALT": "to_assess", "R-JUST": "to_assess"}),
    (("D17",), {"kind": "event"}, {"R-RGPD": "to_assess"}),
    (("D11",), {"kind": "event"}, {"R-ASSUR": "to_assess"}),
    (("D20",), {"kind": "event"}, {"R-MIN": "to_assess"}),
    (("D16",), {"kind": "work_accident"}, {"R-AT": "to_do"}),
    (("D01",), {"kind": "event", "consequences": ["material"]}, {"R-ASSUR": "to_assess"}),
    (("D08",), {"kind": None}, {}),
]  # fmt: skip


def test_lines_are_proposed_by_kind_category_law_and_service(agency: Agency, database: Database) -> None:
    with database.writing():
        for codes, more, expected in PROPOSED:
            event = made(agency, *codes, **more)
            assert {str(route): str(status) for route, status in proposed_routes(event).items()} == expected, more
        finer = db.session.scalars(select(ListEntry).where(ListEntry.list == ListName.EVENT).limit(1)).one()
        below = ListEntry(list=ListName.EVENT, parent_id=entry_of_code(ListName.EVENT, "D17").id)
        below.set_labels({"fr": "Carnet perdu"})
        db.session.add(below)
        event = made(agency, kind="event")
        event.categories = [below]
        db.session.flush()
        assert finer and set(proposed_routes(event)) == {Route.DATA}, "a finer category counts as the one above"


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001


@given(begun=MOMENTS, length=st.integers(1, 5000), passed=st.floats(0, 1.5))
def test_a_clock_is_red_before_it_runs_out_and_never_pales(begun: datetime, length: int, passed: float) -> None:
    from unittest import mock

    one, now = Clock(begun + length * HOUR, begun), begun + length * HOUR * passed
    with mock.patch("portal.clock.now", lambda: now):
        assert one.is_over is (now >= one.due_at)
        expected = "danger" if passed > 0.876 else "attention" if 0.751 < passed < 0.874 else one.tone
        assert one.tone == expected
        if passed < 0.749:
            assert one.tone == "info"


def test_each_clock_has_its_own_length(agency: Agency, database: Database) -> None:
    saturday = datetime(2026, 11, 21, 9, tzinfo=UTC)
    with database.writing():
        assert due_of(Route.ESSMS, "to_do", saturday, None) == saturday + 24 * HOUR
        assert due_of(Route.ESSMS, "told", saturday, saturday + HOUR) == saturday + 49 * HOUR
        assert due_of(Route.DATA, "to_assess", saturday, None) == saturday + 72 * HOUR
        assert due_of(Route.WORK_ACCIDENT, "to_do", saturday, None) == saturday + 72 * HOUR, "no Sunday counts"
        assert due_of(Route.EIGS_2, "to_do", saturday, None) == datetime(2027, 2, 21, 9, tzinfo=UTC)
        for status in ("written", "closed", "not_required"):
            assert due_of(Route.ESSMS, status, saturday, saturday) is None
        assert set(RouteStatus) == {"to_assess", "to_do", "told", "written", "closed", "not_required"}


@pytest.fixture
def judged(agency: Agency, sign_in: SignIn, database: Database) -> int:
    """A medication error of Claire's, judged as care-related at noon."""
    with database.writing():
        number = made(agency, "D03", severity=3, potential=3).id
    form = sign_in(agency.ines).get(f"/staff/adverse-events/{number}/triage").form("Save the judgement")
    assert form.submit(kind="care_related", frequency="1").status == 303
    return number


def line(database: Database, route: str) -> AuthorityRoute:
    return database.one(select(AuthorityRoute).where(AuthorityRoute.route == route))


def telling(browser: Browser, database: Database, event: int, route: str, **typed: Any):
    number = line(database, route).id
    return browser.get(f"/staff/adverse-events/{event}/authorities/{number}").form("Save").submit(**typed)


def test_word_of_mouth_begins_the_clock_of_the_writing_and_part_one_that_of_part_two(
    agency: Agency, judged: int, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/adverse-events/{judged}")
    assert len(page.statements) <= 12
    assert "Its clock begins when part one is told" in page.says("#authorities")
    assert line(database, "R-EIGS-2").due_at is None
    told = {"state": "told", "told_on": "2026-11-17", "told_hour": "12:00", "recipient": "ARS", "channel": "téléphone"}
    page = telling(sofia, database, judged, "R-EIGS-1", **told).follow()
    assert "Told by word of mouth" in page.says("#authorities") and "ARS · téléphone" in page.says("#authorities")
    assert line(database, "R-EIGS-1").due_at == NOON + 48 * HOUR
    assert line(database, "R-EIGS-2").due_at == datetime(2027, 2, 17, 11, tzinfo=UTC)
    written = {"state": "written", "written_on": "2026-11-17", "written_hour": "12:00", "reference": "EIGS-77"}
    assert telling(sofia, database, judged, "R-EIGS-1", **written).status == 303
    assert line(database, "R-EIGS-1").due_at is None


WRONG = [
    ({"state": "told"}, "Please say when it was told by word of mouth."),
    ({"state": "told", "told_on": "2026-11-17"}, "Please give the time."),
    ({"state": "told", "told_on": "2026-11-17", "told_hour": "25:00"},
     "This hour is not valid. Please give one like 14:30."),
    ({"state": "told", "told_on": "2026-11-18", "told_hour": "08:00"}, "This moment is still to come."),
    ({"state": "told", "told_on": "2026-11-10", "told_hour": "8:00"}, "Nobody can have been told before it happened."),
    ({"state": "written"}, "Please say when it was confirmed in writing."),
    ({"state": "not_required"}, "Please say why it is not required."),
    ({"state": "written", "told_on": "2026-11-17", "told_hour": "11:30", "written_on": "2026-11-17",
      "written_hour": "11:00"}, "The writing follows the word of mouth: please look at both moments."),
]  # fmt: skip


def test_what_cannot_be_is_refused_with_a_sentence_and_nothing_is_lost(
    agency: Agency, judged: int, sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    sofia = sign_in(agency.sofia)
    for typed, sentence in WRONG:
        page = telling(sofia, database, judged, "R-EIGS-1", recipient="ARS", **typed)
        assert page.status in (409, 422) and page.errors() == [sentence], typed
        assert page.form("Save").values()["recipient"] == "ARS"
    assert line(database, "R-EIGS-1").status == "to_do"
    number = line(database, "R-EIGS-2").id
    page = sofia.get(f"/staff/adverse-events/{judged}/authorities/{number}")
    assert not page.soup.select("[name=told_on], [value=told]"), "word of mouth does not count there"
    time_machine.move_to(NOON + 25 * HOUR)
    sofia = sign_in(agency.sofia)
    assert "Overdue" in sofia.get(f"/staff/adverse-events/{judged}").says("#authorities")
    late = {"state": "told", "told_on": "2026-11-18", "told_hour": "12:30"}
    page = telling(sofia, database, judged, "R-EIGS-1", **late)
    assert page.errors() == ["This was later than it should have been. Please say why."]
    assert telling(sofia, database, judged, "R-EIGS-1", why="Ligne occupée.", **late).status == 303


def test_who_comes_second_sees_what_the_first_wrote(
    agency: Agency, judged: int, sign_in: SignIn, database: Database
) -> None:
    number = line(database, "R-EIGS-1").id
    address = f"/staff/adverse-events/{judged}/authorities/{number}"
    first, second = (sign_in(who).get(address).form("Save") for who in (agency.sofia, agency.ines))
    assert first.submit(recipient="ARS Auvergne").status == 303
    late = second.submit(recipient="ARS")
    assert late.status == 409 and "What stands there now: ARS Auvergne" in late.words


def test_one_that_was_not_proposed_is_added_once(
    agency: Agency, judged: int, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    form = sofia.get(f"/staff/adverse-events/{judged}/authorities").form("Add")
    assert form.submit(route="R-JUST").status == 303
    assert form.submit(route="R-JUST").status == 422, "it is not offered any more"
    assert line(database, "R-JUST").status == "to_assess"


def test_management_is_told_of_a_clock_and_no_more_once_it_stands_still(
    agency: Agency, judged: int, sign_in: SignIn, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    came = mailbox.collect()
    assert sorted(mail["To"] for mail in came) == ["Ada Martin <ada@example.org>", "Inès Caron <ines@example.org>"]
    for mail in came:
        words = mail["Subject"] + text_of(mail)
        assert "EI-2026-0001" in words and f"/staff/adverse-events/{judged}#authorities" in words
        assert not any(name in words for name in ("Claire", "Lefèvre", "Wassim", "ARS"))
    sofia = sign_in(agency.sofia)
    told = {"state": "told", "told_on": "2026-11-17", "told_hour": "12:00"}
    assert telling(sofia, database, judged, "R-EIGS-1", **told).status == 303
    time_machine.move_to(NOON + 25 * HOUR)
    assert mailbox.collect() == [], "it was told meanwhile"
    time_machine.move_to(NOON + 45 * HOUR)
    assert len(mailbox.collect()) == 2, "the writing is due"
    time_machine.move_to(NOON + timedelta(days=61))
    assert len(mailbox.collect()) == 2, "part two is due in a month"
    waiting = database.all(select(Message).where(Message.kind == "adverse_events.clock", Message.state == "scheduled"))
    assert len(waiting) == 4, "75 and 85 days"
