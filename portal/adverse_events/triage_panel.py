"""What the page of an event shows of its triage: what it is, and the matrix with its cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from sqlalchemy import exists, func, select

from portal.accounts.models import User
from portal.adverse_events.criticality import (
    GRAVE,
    LEVELS,
    ZONE_HANDLING,
    ZONE_LABELS,
    ZONE_TONES,
    Criticality,
    criticality,
)
from portal.adverse_events.models import AdverseEvent, State, event_category
from portal.adverse_events.queries import visible_events
from portal.adverse_events.words import FREQUENCIES, KIND_LABELS, SEVERITIES
from portal.extensions import Panel, db
from portal.i18n import language
from portal.roles import GRANTS, Permission
from portal.settings.queries import option

LOOKED_BACK = timedelta(days=90)
WEEKLY, MONTHLY, SEVERAL = 12, 3, 2  # of the same category, for the same client, within that time
UNJUDGED = (State.REPORTED, State.ACKNOWLEDGED, State.TRIAGE)
TAKEN_BACK = (State.REJECTED, State.REQUALIFIED)


@dataclass(frozen=True)
class Cell:
    """A cell of the matrix."""

    found: Criticality
    label: object
    tone: str
    here: bool


@dataclass(frozen=True)
class Line:
    """A line of the matrix: the cells of one severity."""

    severity: int
    label: object
    cells: Sequence[Cell]


def matrix(event: AdverseEvent) -> list[Line]:
    """The matrix, the gravest above, with the cell of this event marked."""
    worst = max(event.severity, event.potential)
    return [Line(severity, SEVERITIES[severity].label, [
        _cell(severity, frequency, here=(severity, frequency) == (worst, event.frequency)) for frequency in LEVELS
    ]) for severity in reversed(LEVELS)]  # fmt: skip


def _cell(severity: int, frequency: int, *, here: bool) -> Cell:
    found = cast("Criticality", criticality(severity, severity, frequency))  # both are known
    return Cell(found, ZONE_LABELS[found.zone], ZONE_TONES[found.zone], here)


def number_alike(user: User, event: AdverseEvent) -> int:
    """How many events of one of its categories this client had within 90 days, this one among them, as far as the
    person may see them."""
    if event.client_id is None:
        return 1
    own = select(event_category.c.entry_id).where(event_category.c.event_id == event.id)
    alike = exists().where(event_category.c.event_id == AdverseEvent.id, event_category.c.entry_id.in_(own))
    of_client = AdverseEvent.client_id == event.client_id, AdverseEvent.day > event.day - LOOKED_BACK
    before = visible_events(user).where(*of_client, AdverseEvent.day <= event.day, AdverseEvent.id != event.id)
    counted = before.where(alike.correlate(AdverseEvent)).with_only_columns(func.count())
    return 1 + (db.session.scalar(counted) or 0)


def proposed_frequency(number: int) -> int:
    """The level that so many events within 90 days speak for (`domain.md` §1.5)."""
    return 5 if number >= WEEKLY else 4 if number >= MONTHLY else 3 if number >= SEVERAL else 2


def is_maybe_serious(event: AdverseEvent) -> bool:
    """Whether it is proposed to look at an event as a serious one: grave, or a category of the law was chosen. Somebody
    decides."""
    return max(event.severity, event.potential) >= GRAVE or event.legal_id is not None


def triage_panel(user: User, event: AdverseEvent) -> Panel:
    """What was decided, by whom, and how critical it is."""
    found, rights, state = _critical(event), GRANTS[user.role], State(event.state)
    return Panel("adverse_events/_triage_panel.html", {
        "event": event,
        "kind": KIND_LABELS[event.kind] if event.kind else None,
        "legal": f"{event.legal.code or ''} {event.legal.label(language())}".strip() if event.legal else None,
        "complaints": option("complaints.enabled"),
        "critical": found,
        "zone": ZONE_LABELS[found.zone] if found else None,
        "tone": ZONE_TONES[found.zone] if found else None,
        "handling": ZONE_HANDLING[found.zone] if found else None,
        "lines": matrix(event),
        "frequencies": [(level, FREQUENCIES[level].label) for level in LEVELS],
        "frequency": FREQUENCIES[event.frequency].label if event.frequency else None,
        "maybe_serious": is_maybe_serious(event) and state in UNJUDGED,
        "unjudged": state in UNJUDGED,
        "may_judge": Permission.JUDGE_EVENTS in rights and state not in (*TAKEN_BACK, State.CLOSED),
        "may_prepare": Permission.HANDLE_EVENTS in rights and state in UNJUDGED,
        "may_take_back": Permission.JUDGE_EVENTS in rights and state in TAKEN_BACK,
    })  # fmt: skip


def _critical(event: AdverseEvent) -> Criticality | None:
    return criticality(event.severity, event.potential, event.frequency)
