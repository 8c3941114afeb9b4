"""Events as they stand in the database, made without the form."""

from datetime import timedelta

from sqlalchemy import func, select

from portal.adverse_events.models import AdverseEvent, EventDraft, Reporter
from portal.extensions import db
from portal.links import new_public_id
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from portal.settings.actions import set_option
from tests import factories
from tests.factories import NOON, Agency, Persona

FACTS = "Madame est tombée dans la salle de bain."


def stored(agency: Agency, **more: object) -> AdverseEvent:
    """An event about Claire and Wassim, of yesterday; nobody has looked at it yet."""
    count = db.session.scalar(select(func.count(AdverseEvent.id))) or 0
    usual = {
        "year": 2026, "number": count + 1, "token": new_public_id(), "mode": "named", "capacity": "worker",
        "sector_id": agency.north, "client_id": agency.claire.id, "worker_id": agency.wassim.id,
        "supervisor_id": agency.sofia.id, "service_id": agency.rising, "occurred_at": NOON - timedelta(days=1),
        "discovered_at": NOON - timedelta(days=1), "day": NOON - timedelta(days=1), "place": "home",
        "nature": "accident", "facts": FACTS, "severity": 3, "potential": 3,
    }  # fmt: skip
    made = AdverseEvent(**(usual | more))
    factories.add(made)
    return made


def confided(agency: Agency, who: Persona, **more: object) -> AdverseEvent:
    """The same, reported by somebody in confidence, on the visit that is done."""
    event = stored(agency, mode="confidential", worker_id=None, visit_id=agency.claires_done, **more)
    type_, _colon, number = who.key.partition(":")
    factories.add(Reporter(event_id=event.id, person_type=type_, person_id=int(number), name=who.name))
    return event


def first_screen(agency: Agency, **typed: str) -> dict[str, str]:
    """What somebody types on the first screen of a portal: a fall at Claire's, yesterday."""
    category = entry_of_code(ListName.EVENT, "D01").id
    usual = {"day": "2026-11-16", "hour": "09:30", "subject": f"visit:{agency.claires_done}",
             "category": str(category), "facts": FACTS}  # fmt: skip
    return usual | typed


def drafted(agency: Agency, who: Persona) -> EventDraft:
    """Somebody has begun to report that on their portal."""
    type_, _colon, number = who.key.partition(":")
    draft = EventDraft(
        token=new_public_id(), person_type=type_, person_id=int(number), step="what",
        typed={"what": first_screen(agency)},
    )  # fmt: skip
    factories.add(draft)
    return draft


def portal_story(agency: Agency) -> None:
    """On the portals: Wassim has reported something, has begun another report, and an event is opened to him."""
    set_option(None, "adverse_events.portal", "on")
    answered = stored(agency, told_at=NOON, told_text="La barre d’appui est posée.", state="closed")
    type_, _colon, number = agency.wassim.key.partition(":")
    factories.add(Reporter(event_id=answered.id, person_type=type_, person_id=int(number), name=agency.wassim.name))
    stored(agency, opened_at=NOON)
    drafted(agency, agency.wassim)
    confided(agency, agency.claire)
