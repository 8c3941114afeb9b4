"""Whoever reads something of an event stands in the read log: on each page about one, with each form, on the portal."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.adverse_events.confidence import PART_LABELS
from portal.adverse_events.follow_models import AuthorityRoute
from portal.audit.models import ReadEntry
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from tests import factories
from tests.adverse_events.follow_stories import action, followed
from tests.adverse_events.stories import confided
from tests.conftest import Database, SignIn
from tests.factories import NOON, Agency

EVENT = "/staff/adverse-events/1"
NO_READING = {"staff.list_event_readings"}  # it says who has read it, and nothing of it


@pytest.fixture
def event(agency: Agency, database: Database) -> None:
    """An event with an action after it and an authority to be told, open to Wassim."""
    with database.writing():
        made = followed(agency, opened_at=NOON)
        made.categories = [entry_of_code(ListName.EVENT, "D01")]
        action(agency, made, (NOON + timedelta(days=9)).date())
        factories.add(AuthorityRoute(event_id=made.id, route="R-ESSMS", status="to_do"))


def read(database: Database) -> Sequence[tuple[str, str]]:
    """Who has read what of the event: the role and the part."""
    about = ReadEntry.subject_type == "adverse_event", ReadEntry.subject_id == 1
    return database.all(select(ReadEntry.role, ReadEntry.part).where(*about).order_by(ReadEntry.id))


def pages_of_one(app: Flask) -> dict[str, str]:
    """The address of each page of the staff's that is about one event, by its endpoint."""
    known: dict[str, Any] = {"event_id": 1, "action_id": 1, "route_id": 1, "whom": "reporter", "token": "x"}
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("staff.")
             and "GET" in (rule.methods or ()) and {"event_id", "action_id"} & rule.arguments]  # fmt: skip
    build = app.url_map.bind("localhost").build
    return {rule.endpoint: build(rule.endpoint, {name: known[name] for name in rule.arguments}) for rule in rules}


def test_each_page_about_one_event_is_a_reading(
    agency: Agency, event: None, app: Flask, sign_in: SignIn, database: Database
) -> None:
    ines, opened = sign_in(agency.ines), []
    for endpoint, address in pages_of_one(app).items():
        had = len(read(database))
        if ines.get(address).status == 200 and endpoint not in NO_READING:
            opened.append(endpoint)
            assert [role for role, part in read(database)[had:] if part in PART_LABELS] == ["quality"], endpoint
    assert len(opened) >= 14, "a page of which nothing was opened was not looked at"


@pytest.mark.parametrize(("address", "button", "typed", "part", "status"), [
    ("editing", "Save", {"facts": ""}, "editing", 422),
    ("triage", "Save the judgement", {"kind": "rejected", "why": ""}, "triage", 409),
    ("analysis", "Save", {"held_on": "2099-01-01"}, "analysis", 409),
])  # fmt: skip
def test_a_form_that_is_shown_again_is_a_reading_and_a_deed_is_none(
    agency: Agency, event: None, sign_in: SignIn, database: Database, address: str, button: str,
    typed: dict[str, object], part: str, status: int,
) -> None:  # fmt: skip
    form = sign_in(agency.ines).get(f"{EVENT}/{address}").form(button)
    again = form.submit(**typed)  # ty: ignore[invalid-argument-type]
    assert again.status == status
    assert read(database) == [("quality", part)] * 2
    assert form.submit().status == 303
    assert sign_in(agency.ines).act(f"{EVENT}/acknowledgement", {}, htmx=True).status in (200, 409)
    assert read(database) == [("quality", part)] * 2, "a deed shows nothing"


def test_who_comes_second_has_read_what_the_first_wrote(
    agency: Agency, event: None, sign_in: SignIn, database: Database
) -> None:
    first, second = (sign_in(who).get(f"{EVENT}/editing").form("Save") for who in (agency.sofia, agency.ines))
    assert first.submit(facts="Elle est tombée.").status == 303
    assert second.submit(facts="Autre chose.").status == 409
    assert read(database) == [("coordinator", "editing"), ("quality", "editing"), ("quality", "editing")]


def test_the_worker_to_whom_an_event_is_open_stands_in_the_read_log(
    agency: Agency, event: None, sign_in: SignIn, database: Database
) -> None:
    wassim = sign_in(agency.wassim)
    form = wassim.get("/worker/adverse-events/opened/1").form("Save")
    assert form.submit(word="").status == 422
    assert form.submit(word="J’ai appelé tout de suite.").status == 303
    assert read(database) == [("worker", "opened")] * 2
    words = sign_in(agency.ines).get(f"{EVENT}/readings").words
    assert "Wassim Haddad" in words and "Worker What is open to the worker concerned" in words


def test_who_reads_the_answer_to_a_report_of_their_own_stands_nowhere(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        confided(agency, agency.wassim)
    assert "EI-2026-0001" in sign_in(agency.wassim).get("/worker/adverse-events").words
    assert read(database) == [], "it would tell who reported it in confidence"
