"""The staff's page of an event: who sees it, what it says, that each reading is kept, that its receipt is one click."""

import pytest
from sqlalchemy import select

from portal.adverse_events.models import AdverseEvent, Reporter
from portal.audit.models import AuditEntry, ReadEntry
from portal.extensions import db
from tests import factories
from tests.adverse_events.stories import FACTS, stored
from tests.conftest import Database, SignIn
from tests.factories import Agency


@pytest.fixture
def event(agency: Agency, database: Database) -> int:
    """Wassim has reported a fall of Claire's, with his name."""
    with database.writing():
        made = stored(agency)
        factories.add(
            Reporter(event_id=made.id, person_type="worker", person_id=agency.wassim.id, name="Wassim Haddad")
        )
        return made.id


def test_staff_of_the_sector_read_what_is_known_and_each_reading_is_kept(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    page = sign_in(agency.sofia).get(f"/staff/adverse-events/{event}")
    assert len(page.statements) <= 12
    assert "EI-2026-0001" in page.says("h1")
    for words in (FACTS, "Claire Lefèvre", "Wassim Haddad", "G3 · Major", "Not dealt with yet", "Reported by"):
        assert words in page.words, words
    for other in (agency.igor, agency.claire):
        assert sign_in(other).get(f"/staff/adverse-events/{event}").status == 404
    read = database.all(select(ReadEntry))
    assert [(one.subject_type, one.subject_id, one.part, one.person_id) for one in read] == [
        ("adverse_event", event, "event", agency.sofia.id)
    ]


def test_of_a_confidential_report_nothing_tells_who_made_it(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        made = db.session.get_one(AdverseEvent, event)
        made.mode, made.capacity = "confidential", "representative"
    for persona, reads in ((agency.sofia, False), (agency.ada, False), (agency.ines, True)):
        page = sign_in(persona).get(f"/staff/adverse-events/{event}")
        assert ("Legal representative" in page.words) is reads, persona.name
        assert ("Aide au lever" in page.words) is reads, persona.name
        assert "In confidence" in page.words


def test_the_receipt_is_acknowledged_with_one_click(
    agency: Agency, event: int, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    form = sofia.get(f"/staff/adverse-events/{event}").form("Acknowledge receipt")
    page = form.submit().follow()
    assert "Receipt acknowledged" in page.says("#event-head") and not page.soup.select("#facts form")
    one = database.one(select(AdverseEvent))
    assert (one.state, one.acknowledged_by) == ("acknowledged", "Sofia Benali")
    assert form.submit().status == 303, "whoever comes second changes nothing"
    done = database.one(select(AuditEntry).where(AuditEntry.kind == "event.acknowledged"))
    assert (done.subject_id, done.before, done.after) == (event, {"state": "reported"}, {"state": "acknowledged"})


def test_an_event_and_its_note_lead_to_each_other(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        event = factories.adverse_event(agency.sofia, agency.claire).id
    page = sign_in(agency.sofia).get(f"/staff/adverse-events/{event}")
    assert page.says("#facts .ref") == "EI-2026-0001", "a line never ends inside the reference"
    note = page.link("EI-2026-0001").click()
    assert note.says("h1") == "Événement indésirable EI-2026-0001", "its title is in the language of the agency"
    assert note.at(f"a[href='/staff/adverse-events/{event}']")
