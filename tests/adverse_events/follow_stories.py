"""Events that are judged, with the note that follows them, and the actions after them."""

from datetime import date

from portal.adverse_events.action_plan import Planned, add_action
from portal.adverse_events.follow_models import Action
from portal.adverse_events.models import AdverseEvent
from portal.extensions import db
from portal.notes.actions import follow
from portal.notes.models import Origin
from tests.adverse_events.stories import stored
from tests.factories import NOON, Agency, Persona


def followed(agency: Agency, **more: object) -> AdverseEvent:
    """An event about Claire and Wassim, of yesterday, judged, with the note that follows it; nobody is known to have
    reported it."""
    judged = {"state": "progress", "triaged_at": NOON, "triaged_by": "Inès Caron", "kind": "event", "frequency": 2}
    made = stored(agency, **(judged | more))
    made.note = follow(
        Origin.EVENT, made.id, title=f"Suivi de {made.reference}", client_id=agency.claire.id,
        worker_id=agency.wassim.id, owner_id=agency.sofia.id,
    )  # fmt: skip
    db.session.flush()
    return made


def action(agency: Agency, event: AdverseEvent, due: date, who: Persona | None = None, **more: object) -> Action:
    """Somebody has decided on an action after an event; Sofia has it in hand, if nobody else is named."""
    usual = {"kind": "corrective", "text": "Poser une barre d’appui", "owner_id": agency.sofia.id, "due_on": due}
    return add_action((who or agency.ines).user, event, Planned(**(usual | more)))  # ty: ignore[invalid-argument-type]
