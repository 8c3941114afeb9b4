"""What an event said before it was corrected is kept apart from the journal, and read by those who judge events."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.adverse_events.action_plan import Planned, change_action, check_action, move_action
from portal.adverse_events.completing import Known, complete
from portal.adverse_events.feedback import Told, Word, note_told
from portal.adverse_events.follow_models import ActionState, AuthorityRoute, FormerWording
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.own import give_word
from portal.adverse_events.telling import Telling, change_route
from portal.audit.models import AuditEntry, ReadEntry
from portal.extensions import db
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from tests import factories
from tests.adverse_events.follow_stories import action, corrected, followed
from tests.adverse_events.stories import FACTS, stored
from tests.conftest import Database, SignIn
from tests.factories import NOON, Agency

EVENT = "/staff/adverse-events/1"
NEW = "Elle a glissé sur le tapis."


@pytest.fixture
def reported(agency: Agency, database: Database) -> None:
    with database.writing():
        stored(agency).categories = [entry_of_code(ListName.EVENT, "D01")]


def entries(database: Database, kind: str) -> list[AuditEntry]:
    return list(database.all(select(AuditEntry).where(AuditEntry.kind == kind).order_by(AuditEntry.id)))


def kept(database: Database) -> list[dict[str, list]]:
    """What each change replaced, and by what."""
    return list(database.all(select(FormerWording.changed).order_by(FormerWording.id)))


def test_what_an_event_said_before_is_read_by_those_who_judge_and_the_journal_holds_no_word_of_it(
    agency: Agency, reported: None, sign_in: SignIn, database: Database
) -> None:
    sofia, ines = sign_in(agency.sofia), sign_in(agency.ines)
    form = sofia.get(f"{EVENT}/editing").form("Save")
    assert form.submit(facts=NEW, worker_id="", place="outside", place_note="Le jardin").status == 303
    (entry,) = entries(database, "event.changed")
    after = entry.after or {}
    assert after["fields"] == ["facts", "place", "place_note", "worker_id"]
    assert FACTS not in f"{entry.before}{entry.after}" and NEW not in f"{entry.before}{entry.after}"
    own = sofia.get(EVENT)
    assert "Changed: What happened?, Where?, More about the place, Worker" in own.says("#journal")
    assert "What it said before" not in own.words
    page = ines.get(EVENT).link("What it said before").click()
    assert [[cell.get_text(" ", strip=True) for cell in row("td")] for row in page.soup.select("tbody tr")] == [
        ["Where?", "The client’s home", "Outside"], ["More about the place", "—", "Le jardin"],
        ["Worker", "Wassim Haddad", "—"], ["What happened?", FACTS, NEW],
    ]  # fmt: skip
    assert f"by {agency.sofia.name}" in page.says(f"#former-{after['former']}") and len(page.statements) <= 12
    read = database.all(select(ReadEntry.person_id).where(ReadEntry.part == "former"))
    assert read == [agency.ines.id]
    assert sofia.get(f"{EVENT}/former").status == 403
    with database.writing():
        db.session.get_one(AdverseEvent, 1).mode = "confidential"
    ada = sign_in(agency.ada)
    assert ada.get(f"{EVENT}/former").status == 403, "who reported it may have stood there"
    assert "What it said before" not in ada.get(EVENT).words
    assert ines.get(f"{EVENT}/former").status == 200
    rows = sign_in(agency.ada).get("/staff/journal?period=last_7_days&what=event.changed").says("tbody")
    assert "Fields: What happened?, Where?, More about the place, Worker" in rows and "facts" not in rows


def test_a_save_that_changes_nothing_writes_nothing_and_says_so(
    agency: Agency, reported: None, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"{EVENT}/editing").form("Save").submit().follow()
    assert "Nothing was changed." in page.words
    with database.writing():  # ticked in another order than before
        event = db.session.get_one(AdverseEvent, 1)
        event.consequences = ["hospital", "minor_injury"]
        db.session.flush()
        stands: dict[str, Any] = {name: getattr(event, name) for name in Known.__dataclass_fields__}
        known = replace(Known(**stands), consequences=["minor_injury", "hospital"])
        version = event.version
        assert not complete(agency.ines.user, event, known, [one.id for one in event.categories], version)
    assert not entries(database, "event.changed") and not kept(database)
    assert database.one(select(AdverseEvent.version)) == version
    with database.writing():
        event = db.session.get_one(AdverseEvent, 1)
        event.short, event.consequences = True, []
    assert "is saved" in sofia.get(f"{EVENT}/editing").form("Save").submit().follow().words
    (entry,) = entries(database, "event.changed")
    assert (entry.before, entry.after) == ({"short": True}, {"short": False}), "it is a whole report from then on"


def test_what_a_corrected_analysis_said_is_kept(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        corrected(agency)
    assert kept(database)[1:] == [{"immediate_cause": ["Le sol", "Le tapis"]}]
    page = sign_in(agency.ines).get(f"{EVENT}/former")
    assert "Immediate cause Le sol Le tapis" in page.words
    assert "Changed: Immediate cause" in sign_in(agency.sofia).get(EVENT).says("#journal")


def test_so_is_what_an_action_an_authority_the_feedback_and_the_worker_said(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    day = (NOON + timedelta(days=9)).date()
    with database.writing():
        ines, wassim = agency.ines.user, agency.wassim.user
        event = followed(agency, opened_at=NOON)
        done, dropped = (action(agency, event, day, text=text) for text in ("Une barre", "Un tapis"))
        planned = Planned("corrective", "Deux barres", agency.sofia.id, day)
        change_action(ines, done, planned, done.version)
        move_action(ines, done, ActionState.DONE, done.version)
        for text in ("Elle tient.", "Elle a lâché."):
            check_action(ines, done, "yes", text, done.version)
        move_action(ines, dropped, ActionState.DROPPED, dropped.version, why="Trop cher")
        move_action(ines, dropped, ActionState.TODO, dropped.version)
        line = AuthorityRoute(event_id=event.id, route="R-ESSMS", status="to_do")
        factories.add(line)
        for why in ("Rien de grave", "Rien à dire"):
            change_route(ines, line, Telling("not_required", why=why), line.version)
        for text in ("Une barre est posée.", "Deux barres sont posées."):
            note_told(ines, event, Told.REPORTER, Word(NOON, "portal", text), event.version)
        for text in ("J’étais là.", "J’étais à la porte."):
            give_word(wassim, event, text)
            db.session.refresh(event)
    assert kept(database) == [
        {"text": ["Une barre", "Deux barres"]}, {"effect_note": ["Elle tient.", "Elle a lâché."]},
        {"dropped_why": ["Trop cher", None]}, {"why": ["Rien de grave", "Rien à dire"]},
        {"told_text": ["Une barre est posée.", "Deux barres sont posées."]},
        {"word": ["J’étais là.", "J’étais à la porte."]},
    ]  # fmt: skip
    page = sign_in(agency.ines).get(f"{EVENT}/former")
    for words in ("What is to be done Une barre Deux barres", "What one sees Elle tient. Elle a lâché.",
                  "Why it is dropped Trop cher —", "Why Rien de grave Rien à dire", "by Wassim Haddad",
                  "What became of it Une barre est posée. Deux barres sont posées."):  # fmt: skip
        assert words in page.words, words
    assert page.status == 200 and len(page.statements) <= 12
    journal = "".join(f"{one.before}{one.after}" for one in database.all(select(AuditEntry)))
    assert "barre" not in journal and "Rien" not in journal
