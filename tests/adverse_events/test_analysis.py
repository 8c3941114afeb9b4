"""Why it came to it: when an analysis is asked for, how it is written as one goes, and what a finished one holds."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from portal.adverse_events.follow_models import Analysis, TimelineStep
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.progress import is_analysis_asked, is_plan_asked, window
from portal.audit.models import AuditEntry
from tests.adverse_events.follow_stories import followed
from tests.conftest import Database, SignIn
from tests.factories import NOON, Agency
from tests.racing import at_once, posting

LEVEL = st.integers(1, 5)
CAUSE = "Le tapis a glissé"
LINE: dict[str, Any] = {
    "steps-0-day": "2026-11-16", "steps-0-hour": "09:10", "steps-0-fact": "Madame se lève", "steps-0-source": "W",
}  # fmt: skip
WHOLE: dict[str, Any] = {**LINE, "immediate_cause": CAUSE, "whys-0": "Pas d’antidérapant", "held_on": "2026-11-17"}


def merged(*parts: dict[str, Any]) -> dict[str, Any]:
    """What is typed, the last part over the first."""
    return {name: value for part in parts for name, value in part.items()}


@given(severity=LEVEL, potential=LEVEL, frequency=st.none() | LEVEL)
def test_an_analysis_and_a_plan_are_asked_for_by_severity_and_criticality(
    severity: int, potential: int, frequency: int | None
) -> None:
    event = AdverseEvent(severity=severity, potential=potential, frequency=frequency)
    grave, value = max(severity, potential), max(severity, potential) * (frequency or 1)
    assert is_analysis_asked(event) is (grave >= 3 or value >= 10)
    assert is_plan_asked(event) is (grave >= 4 or value >= 10), "grave ones are orange at least"


@pytest.fixture
def event(agency: Agency, database: Database) -> int:
    with database.writing():
        return followed(agency).id


def url(event: int) -> str:
    return f"/staff/adverse-events/{event}/analysis"


def stands(database: Database) -> Analysis:
    return database.one(select(Analysis))


def test_it_begins_three_to_fifteen_days_after_and_the_report_is_there_within_thirty(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        assert window(database.one(select(AdverseEvent))) == (date(2026, 11, 19), date(2026, 12, 1), date(2026, 12, 16))
    words = sign_in(agency.sofia).get(f"/staff/adverse-events/{event}").says("#analysis")
    assert "An analysis is asked for" in words and "19 Nov" in words and "16 Dec" in words


def test_it_is_saved_as_one_goes_and_finished_when_it_is_whole(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/adverse-events/{event}").link("Begin the analysis").click()
    assert "This is no search for a culprit" in page.words
    page = page.form("Save").submit(planned="Se lever avec une aide").follow()
    assert page.form("Save").values()["planned"] == "Se lever avec une aide"
    assert database.one(select(AdverseEvent.state)) == "analysis"
    for typed, sentence in (
        ({}, "To finish it, please write at least one line of the timeline."),
        (LINE, "To finish it, please write the immediate cause."),
        (LINE | {"immediate_cause": CAUSE}, "please answer at least one “why”, or name a factor that contributed."),
        (LINE | {"immediate_cause": CAUSE, "factors-4": "Sol mouillé"}, "please say on which day it was held."),
    ):
        late = page.form("Save").submit(**merged(typed, {"finish": "y"}))
        assert late.status == 409 and sentence in late.words, sentence
    page = page.form("Save").submit(**WHOLE).follow()
    assert page.form("Save").values()["steps-0-fact"] == "Madame se lève"
    assert len([name for name in page.form("Save").values() if name.endswith("-fact")]) == 4, "empty lines again"
    page = page.form("Save").submit(finish="y").follow()
    assert "Finished" in page.says("#analysis") and CAUSE in page.says("#analysis")
    assert "In progress" in page.says("#event-head"), "nothing is decided on yet"
    again = page.link("Open the analysis").click().form("Save")
    assert again.submit(lessons="Un tapis antidérapant").status == 303 and stands(database).finished_at
    written = database.all(select(AuditEntry.after).where(AuditEntry.kind == "event.analysed"))
    assert [one["finished"] for one in written] == [False, False, True, True] and CAUSE not in str(written)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        (LINE | {"steps-0-day": "2026-11-18"}, "A line of the timeline is still to come. Please correct its moment."),
        (LINE | {"steps-0-hour": ""}, "Please give the day and the time."),
        (LINE | {"steps-0-hour": "25:00"}, "This hour is not valid. Please give one like 14:30."),
        (LINE | {"steps-0-day": "hier"}, "This date is not valid. Please give a day between 1900 and 2200."),
        (LINE | {"steps-0-fact": ""}, "Please write what happened."),
        ({"held_on": "2026-11-18"}, "This day is still to come."),
        ({"held_on": "2026-11-15"}, "The event had not happened yet on this day."),
        ({"method": ""}, "Please choose a method."),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence_and_nothing_typed_is_lost(
    agency: Agency, event: int, sign_in: SignIn, database: Database, typed: dict[str, Any], sentence: str
) -> None:
    usual = {"method": "alarm", "version": "0", "planned": "Un texte long"}
    page = sign_in(agency.sofia).act(url(event), usual | typed)
    assert page.status in (409, 422) and sentence in page.words
    assert page.form("Save").values()["planned"] == "Un texte long"
    assert not database.all(select(Analysis))


def test_who_comes_second_loses_nothing_and_sees_what_stands(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    first, second = (sign_in(who).get(url(event)).form("Save") for who in (agency.sofia, agency.ines))
    assert first.submit(**LINE, planned="Ce qui était prévu").status == 303
    late = second.submit(**merged(LINE, {"steps-0-fact": "Autre chose"}), planned="Un autre texte")
    assert late.status == 409
    assert "Ce qui était prévu" in late.words and "Madame se lève" in late.words
    kept = late.form("Save")
    assert (kept.values()["planned"], kept.values()["steps-0-fact"]) == ("Un autre texte", "Autre chose")
    assert kept.submit().status == 303 and stands(database).planned == "Un autre texte"
    assert sign_in(agency.igor).get(url(event)).status == 404


def test_of_two_who_begin_at_once_one_is_told(agency: Agency, event: int, sign_in: SignIn, database: Database) -> None:
    typed = {"method": "five_whys", "version": "0", "planned": "Prévu"}
    deeds = [posting(sign_in(who), url(event), typed) for who in (agency.sofia, agency.ines)]
    assert sorted(at_once(deeds)) == [303, 409]
    assert stands(database).version == 1


def test_what_happened_later_that_day_is_no_fact_yet(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    soon: dict[str, Any] = {"steps-0-day": "2026-11-17", "steps-0-hour": "12:01"}
    form = sign_in(agency.sofia).get(url(event)).form("Save")
    assert form.submit(**merged(LINE, soon)).status == 409
    assert form.submit(**merged(LINE, soon, {"steps-0-hour": "12:00"})).status == 303
    assert database.one(select(TimelineStep.at)) == NOON
