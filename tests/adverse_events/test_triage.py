"""Triage: what is prepared and what is decided, the matrix, what becomes of a report that is something else."""

from typing import Any

import pytest
from sqlalchemy import select

from portal.adverse_events.follow_models import AuthorityRoute, Reopening
from portal.adverse_events.models import AdverseEvent
from portal.audit.models import AuditEntry
from portal.complaints.models import Complaint
from portal.extensions import db
from portal.notes.actions import follow
from portal.notes.models import Note, Origin
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from tests.adverse_events.stories import stored
from tests.conftest import Database, SignIn
from tests.factories import NOON, Agency
from tests.pages import Browser, Page

SECRET = "Elle avait déjà glissé la veille."


@pytest.fixture
def event(agency: Agency, database: Database) -> int:
    """A fall of Claire's, with the note that follows it."""
    with database.writing():
        made = stored(agency, severity=2, potential=4)
        made.categories = [entry_of_code(ListName.EVENT, "D01")]
        made.note = follow(Origin.EVENT, made.id, title="Chute", client_id=made.client_id)
        return made.id


def stands(database: Database) -> AdverseEvent:
    return database.one(select(AdverseEvent).order_by(AdverseEvent.id).limit(1))


def routes(database: Database) -> dict[str, str]:
    return {one.route: one.status for one in database.all(select(AuthorityRoute))}


def judging(browser: Browser, event: int, **typed: Any) -> Page:
    page = browser.get(f"/staff/adverse-events/{event}/triage")
    assert len(page.statements) <= 12
    return page.form("Save the judgement").submit(**typed)


def test_a_coordinator_prepares_and_the_quality_lead_decides(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        again = stored(agency)
        again.categories = [entry_of_code(ListName.EVENT, "D01")]
        stored(agency).categories = [entry_of_code(ListName.EVENT, "D10")]
    sofia, ines = sign_in(agency.sofia), sign_in(agency.ines)
    assert sofia.get(f"/staff/adverse-events/{event}/triage").status == 403
    form = sofia.get(f"/staff/adverse-events/{event}").link("Prepare the triage").click()
    assert "2 events of the same category for this client within 90 days: F3 · Possible is proposed." in form.words
    assert form.form("Save").values()["frequency"] == "3"
    page = form.form("Save").submit(frequency="4", victims="1").follow()
    assert "Under triage" in page.says("#event-head") and "16" in page.says("[data-here]")
    page = ines.get(f"/staff/adverse-events/{event}")
    assert "This may be a serious adverse event (EIG)" in page.words
    judge = page.link("Judge the event").click()
    assert judge.form("Save the judgement").values()["frequency"] == "4"
    assert judge.form("Save the judgement").submit().errors() == ["Please say what it is."]
    less = judge.form("Save the judgement").submit(kind="event", severity="3", potential="2")
    assert less.status == 409 and any("at least as grave" in one for one in less.errors())
    page = judge.form("Save the judgement").submit(kind="event", potential="3").follow()
    assert "12 · Reduce" in page.says("#triage") and "Adverse event" in page.says("#triage")
    one = stands(database)
    assert (one.state, one.kind, one.severity, one.potential, one.frequency) == ("progress", "event", 2, 3, 4)
    assert (one.acknowledged_by, one.triaged_by) == ("Sofia Benali", "Inès Caron")
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "event.judged"))
    assert entry.before["potential"] == 4 and entry.after["potential"] == 3
    assert routes(database) == {}, "nothing speaks for an authority"


def test_who_comes_second_sees_what_the_first_has_saved(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    ines, ada = sign_in(agency.ines), sign_in(agency.ada)
    address = f"/staff/adverse-events/{event}/triage"
    first, second = ines.get(address).form("Save the judgement"), ada.get(address).form("Save the judgement")
    assert first.submit(kind="event", frequency="2", severity="3").status == 303
    late = second.submit(kind="rejected", why=SECRET)
    assert late.status == 409
    assert "What stands there now: Adverse event" in late.words and "What stands there now: G3 · Major" in late.words
    assert late.form("Save the judgement").values()["why"] == SECRET, "nothing typed is lost"
    assert late.form("Save the judgement").submit().status == 303, "whoever has seen both may save theirs"


def test_a_report_that_is_not_admissible_ends_with_its_note_and_is_taken_back(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    ines = sign_in(agency.ines)
    refused = judging(ines, event, kind="rejected")
    assert refused.status == 409 and refused.errors() == ["Please say why: whoever reported it may ask."]
    page = judging(ines, event, kind="rejected", why=SECRET).follow()
    assert "Not admissible" in page.says("#event-head") and "Dealt with since" in page.words and SECRET in page.words
    assert database.one(select(Note)).situation == "done"
    assert ines.get(f"/staff/adverse-events/{event}/triage").form("Save the judgement").submit(
        kind="event", frequency="1"
    ).status == 409, "it is taken back first"  # fmt: skip
    form = page.link("Take the judgement back").click().form("Take the judgement back")
    assert form.submit().errors() == ["Please say why."]
    page = form.submit(why="Une erreur.").follow()
    assert "Under triage" in page.says("#event-head") and "Not dealt with yet" in page.words
    assert database.one(select(Note)).situation == "todo"
    former = database.one(select(Reopening))
    assert (former.why, former.closed_why, former.by) == ("Une erreur.", SECRET, "Inès Caron")
    kinds = [one.kind for one in database.all(select(AuditEntry).where(AuditEntry.subject_type == "adverse_event"))]
    assert kinds == ["event.judged", "event.judgement_taken_back"]
    for one in database.all(select(AuditEntry)):
        assert SECRET not in str(one.before) + str(one.after), "no free text in the journal"


def test_a_report_becomes_a_complaint_and_both_know_each_other(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    ines = sign_in(agency.ines)
    subject = str(database.one(select(AdverseEvent)).id)  # any number: the list is asked below
    with database.writing():
        subject = str(entry_of_code(ListName.COMPLAINT, "C01").id)
    refused = judging(ines, event, kind="complaint")
    assert refused.status == 409 and refused.errors() == ["Please choose one of the subjects offered."]
    assert stands(database).state == "reported", "nothing is half done"
    assert judging(ines, event, kind="complaint", subject=subject, text="La chute n’a pas été signalée.").status == 303
    complaint, one = database.one(select(Complaint)), stands(database)
    assert (one.state, one.kind, one.complaint_id) == ("requalified", "complaint", complaint.id)
    assert (complaint.text, complaint.received_at) == ("La chute n’a pas été signalée.", one.declared_at)
    situations = {note.origin: note.situation for note in database.all(select(Note))}
    assert situations == {"adverse_event": "done", "complaint": "todo"}


def test_of_a_confidential_report_no_word_goes_into_a_complaint_by_itself(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        db.session.get_one(AdverseEvent, event).mode = "confidential"
    form = sign_in(agency.ines).get(f"/staff/adverse-events/{event}/triage").form("Save the judgement")
    assert form.values()["text"] == ""


def test_the_category_for_residential_care_is_grey_and_refused(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    ines = sign_in(agency.ines)
    with database.writing():
        missing, fault = (str(entry_of_code(ListName.LEGAL, code).id) for code in ("L09", "L04"))
    page = ines.get(f"/staff/adverse-events/{event}/triage")
    assert [one["value"] for one in page.soup.select("#legal_id option[disabled]")] == [missing]
    answer = ines.act(f"/staff/adverse-events/{event}/triage", {
        "version": str(stands(database).version), "kind": "event", "severity": "2", "potential": "2",
        "frequency": "1", "legal_id": missing, "continuity": "", "direction": "client_agency", "subject": "",
    })  # fmt: skip
    assert answer.status == 409
    assert judging(ines, event, kind="serious", legal_id=fault, frequency="1").status == 303
    assert routes(database) == {"R-ESSMS": "to_do"}


def test_a_work_accident_is_requalified_and_its_note_goes_on(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    judging(sign_in(agency.ines), event, kind="work_accident")
    one = stands(database)
    assert (one.state, one.kind) == ("requalified", "work_accident")
    assert database.one(select(Note)).situation == "todo"
    found = database.one(select(AuthorityRoute).where(AuthorityRoute.route == "R-AT"))
    assert (found.status, found.since) == ("to_do", one.declared_at)
    assert found.due_at is not None and (found.due_at - NOON).days >= 1
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/adverse-events/{event}")
    assert "its note stays open while the clock of the declaration runs" in page.says("#end")
    page = page.form("Mark as dealt with").submit().follow()
    assert "Its note was finished by Sofia Benali" in page.says("#end") and "the clock" not in page.says("#end")
    assert page.press("#end [value=yes]").status == 303, "taken up again, where it was finished"
    note = database.one(select(Note))
    assert (note.situation, note.done_at) == ("todo", None)
    page = sofia.get(f"/staff/notes/{note.id}").press("[value=done]").follow()
    assert database.one(select(Note)).situation == "done", "or in the record"
