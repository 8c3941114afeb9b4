"""How critical an event is: how grave, times how often (`domain.md` §1.4–1.5). It orders what is done first, and is
never a grade of a person."""

from dataclasses import dataclass
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import ColumnElement, case

from portal.adverse_events.models import AdverseEvent

LEVELS = range(1, 6)  # of severity and of frequency
GRAVE, GRAVEST = 4, 5


class Zone(StrEnum):
    """What is done about it: recorded, watched, reduced, stopped at once."""

    GREEN = "green"
    YELLOW = "yellow"
    ORANGE = "orange"
    RED = "red"


_FROM = {Zone.RED: 15, Zone.ORANGE: 10, Zone.YELLOW: 5, Zone.GREEN: 1}  # the least value of each, the worst first

ZONE_LABELS = {
    Zone.GREEN: lazy_pgettext("criticality", "Acceptable"),
    Zone.YELLOW: lazy_pgettext("criticality", "Monitor"),
    Zone.ORANGE: lazy_pgettext("criticality", "Reduce"),
    Zone.RED: lazy_pgettext("criticality", "Unacceptable"),
}
ZONE_TONES = {Zone.GREEN: "done", Zone.YELLOW: "info", Zone.ORANGE: "attention", Zone.RED: "danger"}
ZONE_HANDLING = {
    Zone.GREEN: _l("It is recorded, and looked at in the monthly review."),
    Zone.YELLOW: _l("A corrective action is decided on if it helps; it is looked at again after 30 days."),
    Zone.ORANGE: _l("An action plan is needed, each action with its owner and its due date."),
    Zone.RED: _l("Something is done at once, the root causes are analysed, and the management is told."),
}


@dataclass(frozen=True)
class Criticality:
    """A value from 1 to 25 and its zone. The zone may be worse than the value says: gravity overrides."""

    value: int
    zone: Zone


def criticality(severity: int, potential: int, frequency: int | None) -> Criticality | None:
    """How critical an event is, by the worse of its actual and its potential severity; None while nobody has said how
    frequent it is. The gravest are always red, grave ones at least orange."""
    if frequency is None:
        return None
    grave = max(severity, potential)
    value = grave * frequency
    zone = next(zone for zone, least in _FROM.items() if value >= least)
    if grave == GRAVEST:
        zone = Zone.RED
    elif grave == GRAVE and zone in (Zone.GREEN, Zone.YELLOW):
        zone = Zone.ORANGE
    return Criticality(value, zone)


# ---- the same for tables ----


def gravity() -> ColumnElement[int]:
    """The worse of the actual and the potential severity."""
    return case((AdverseEvent.severity >= AdverseEvent.potential, AdverseEvent.severity), else_=AdverseEvent.potential)


def grade() -> ColumnElement[int | None]:
    """The value of an event; NULL while its frequency is not known."""
    return gravity() * AdverseEvent.frequency  # ty: ignore[invalid-explicit-return]


def zone_of() -> ColumnElement[str | None]:
    """The zone of an event; NULL while its frequency is not known."""
    return case(
        (AdverseEvent.frequency.is_(None), None),
        (gravity() == GRAVEST, Zone.RED.value),
        (grade() >= _FROM[Zone.RED], Zone.RED.value),
        (gravity() == GRAVE, Zone.ORANGE.value),
        (grade() >= _FROM[Zone.ORANGE], Zone.ORANGE.value),
        (grade() >= _FROM[Zone.YELLOW], Zone.YELLOW.value),
        else_=Zone.GREEN.value,
    )
