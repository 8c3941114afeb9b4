"""Events as they stand in the database, made without the form."""

from datetime import timedelta

from sqlalchemy import func, select

from portal.adverse_events.models import AdverseEvent
from portal.extensions import db
from portal.links import new_public_id
from tests import factories
from tests.factories import NOON, Agency

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
