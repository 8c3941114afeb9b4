"""Events that are judged, with the note that follows them, and the actions after them."""

from dataclasses import replace
from datetime import date
from typing import Any

from portal.adverse_events.action_plan import Planned, add_action
from portal.adverse_events.analysis import Findings, save_analysis
from portal.adverse_events.completing import Known, complete
from portal.adverse_events.follow_models import Action
from portal.adverse_events.models import AdverseEvent
from portal.extensions import db
from portal.notes.actions import follow
from portal.notes.models import Origin
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
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


def corrected(agency: Agency) -> AdverseEvent:
    """The same, with what is known of it corrected, and then an analysis."""
    event = followed(agency)
    event.categories = [entry_of_code(ListName.EVENT, "D01")]
    db.session.flush()
    stands: dict[str, Any] = {name: getattr(event, name) for name in Known.__dataclass_fields__}
    known = replace(Known(**stands), facts="Elle a glissé sur le tapis.", worker_id=None, place="outside")
    complete(agency.ines.user, event, known, [one.id for one in event.categories], event.version)
    first, then = (Findings("five_whys", whys=["Le sol"], immediate_cause=cause) for cause in ("Le sol", "Le tapis"))
    begun = save_analysis(agency.sofia.user, event, first, 0)
    save_analysis(agency.sofia.user, event, then, begun.version)
    return event


def action(agency: Agency, event: AdverseEvent, due: date, who: Persona | None = None, **more: object) -> Action:
    """Somebody has decided on an action after an event; Sofia has it in hand, if nobody else is named."""
    usual = {"kind": "corrective", "text": "Poser une barre d’appui", "owner_id": agency.sofia.id, "due_on": due}
    return add_action((who or agency.ines).user, event, Planned(**(usual | more)))  # ty: ignore[invalid-argument-type]
