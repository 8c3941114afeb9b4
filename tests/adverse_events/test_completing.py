"""Staff complete and correct what is known of an event; two at once lose nothing."""

import pytest
from sqlalchemy import select, update

from portal.adverse_events.models import AdverseEvent
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from portal.people.models import Sector, Staff
from tests import factories
from tests.adverse_events.stories import stored
from tests.conftest import Database, SignIn
from tests.factories import Agency

SECRET = "Elle était seule depuis la veille."


@pytest.fixture
def short(agency: Agency, database: Database) -> int:
    """Wassim has reported a fall from his phone, in short."""
    with database.writing():
        made = stored(agency, short=True)
        made.categories = [entry_of_code(ListName.EVENT, "D01")]
        return made.id


def test_a_short_report_is_completed(agency: Agency, short: int, sign_in: SignIn, database: Database) -> None:
    page = sign_in(agency.sofia).get(f"/staff/adverse-events/{short}")
    assert "This report came from a portal, in short." in page.words
    form = page.link("Complete or correct").click().form("Save")
    typed = {"facts": SECRET, "consequences": ["hospital"], "measures": ["rescue", "doctor"], "worker_id": ""}
    page = page.browser.act(f"/staff/adverse-events/{short}/editing", form.values() | typed).follow()
    assert SECRET in page.words and "in short" not in page.words and "No worker concerned" in page.words
    one = database.one(select(AdverseEvent))
    assert (one.short, one.consequences, one.measures, one.worker_id) == (
        False, ["hospital"], ["rescue", "doctor"], None
    )  # fmt: skip
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "event.changed"))
    assert entry.after["fields"] == ["consequences", "facts", "measures", "worker_id"]
    assert entry.before["worker_id"] == agency.wassim.id
    assert SECRET not in str(entry.before) + str(entry.after)


def test_that_no_worker_is_concerned_is_said_by_staff_alone(
    agency: Agency, short: int, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        db.session.get_one(AdverseEvent, short).worker_id = None
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/adverse-events/{short}")
    pages = (page, sofia.get(f"/staff/clients/{agency.claire.id}/adverse-events"))
    for one in pages:
        assert "Not said" in one.words and "No worker concerned" not in one.words
    form = page.link("Complete or correct").click().form("Save")
    refused = form.submit(facts=SECRET)
    assert refused.errors() == ["Please choose the worker, or “No worker concerned”."]
    again = refused.form("Save")
    assert again.values()["facts"] == SECRET
    assert "No worker concerned" in again.submit(worker_id="").follow().words


def test_impossible_moments_and_strangers_are_refused_with_a_sentence(
    agency: Agency, short: int, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(agency.sofia)
    form = sofia.get(f"/staff/adverse-events/{short}/editing").form("Save")
    for typed, sentence in (
        ({"discovered_at": "2026-11-18"}, "This moment is still to come: please say when it was discovered."),
        ({"occurred_at": "2026-11-17", "occurred_hour": "11:00"},
         "It cannot have been discovered before it happened: please look at both moments."),
        ({"occurred_hour": ""}, "Please give the hour."),
        ({"discovered_at": "", "discovered_hour": ""}, "Please give the day."),
        ({"occurred_until": "2026-11-10", "until_hour": "10:00"}, "The end lies before the beginning."),
        ({"facts": ""}, "Please describe what happened."),
        ({"categories": []}, "Please choose at least one of the categories offered."),
        ({"consequences": ["none", "hospital"]}, "Either there were no consequences, or those that you chose."),
    ):  # fmt: skip
        sent = form.values() | {"witnesses": "La voisine."} | typed
        page = sofia.act(f"/staff/adverse-events/{short}/editing", sent)
        assert page.status in (409, 422) and sentence in page.errors(), (typed, page.errors())
        assert page.form("Save").values()["witnesses"] == "La voisine.", "nothing typed is lost"
    assert database.one(select(AdverseEvent)).witnesses == ""


def test_who_comes_second_sees_what_the_first_has_saved(
    agency: Agency, short: int, sign_in: SignIn, database: Database
) -> None:
    address = f"/staff/adverse-events/{short}/editing"
    first, second = (sign_in(who).get(address).form("Save") for who in (agency.sofia, agency.ines))
    assert first.submit(facts=SECRET).status == 303
    late = second.submit(facts="Autre chose.")
    assert late.status == 409 and f"What stands there now: {SECRET}" in late.words
    assert late.form("Save").values()["facts"] == "Autre chose."
    assert late.form("Save").submit().status == 303


ASKS = "Sofia Benali, its supervisor, may not open this event"


@pytest.mark.parametrize("why", ["left", "other sector"])
def test_a_supervisor_who_may_not_open_it_is_shown_as_such_and_the_note_goes_to_the_next(
    agency: Agency, sign_in: SignIn, database: Database, why: str
) -> None:
    with database.writing():
        event = factories.adverse_event(agency.ines, agency.claire, supervisor_id=agency.sofia.id)
        address = f"/staff/adverse-events/{event.id}"
    ines = sign_in(agency.ines)
    assert ASKS not in ines.get(address).words
    with database.writing():
        sofia = db.session.get_one(Staff, agency.sofia.id)
        if why == "left":
            sofia.active = False
        else:
            sofia.sectors = [db.session.get_one(Sector, agency.south)]
            db.session.execute(update(Sector).where(Sector.manager_id == sofia.id).values(manager_id=None))
    page = ines.get(address)
    assert ASKS in page.words and len(page.statements) <= 12
    form = page.link("Choose another supervisor").click().form("Save")
    assert ASKS not in form.submit(supervisor_id=str(agency.ines.id)).follow().words
    with database.app.app_context():
        note = db.session.get_one(AdverseEvent, event.id).note
        assert note and note.owner_id == agency.ines.id
