"""What an event asks for (an analysis of its causes, a plan of actions), and where it stands once it is judged."""

from datetime import date, timedelta
from typing import cast

from sqlalchemy import func, select

from portal.adverse_events.criticality import Criticality, Zone, criticality
from portal.adverse_events.follow_models import Action, ActionState, Analysis
from portal.adverse_events.following import move
from portal.adverse_events.models import AdverseEvent, State
from portal.audit.actions import Actor
from portal.extensions import db
from portal.i18n import local

CRITICAL, GRAVE = 10, 3  # from which on an analysis is asked for: C or G (`domain.md` §1.6)
NOT_BEFORE, NOT_AFTER, REPORT = timedelta(days=3), timedelta(days=15), timedelta(days=30)  # §1.7–1.8
HANDLED = (State.PROGRESS, State.ANALYSIS, State.ACTIONS, State.EFFECT, State.REOPENED)
OPEN = (ActionState.TODO, ActionState.PROGRESS)


def is_analysis_asked(event: AdverseEvent) -> bool:
    """Whether its causes have to be looked for: a severity of at least 3, or a criticality of at least 10."""
    return max(event.severity, event.potential) >= GRAVE or _criticality(event).value >= CRITICAL


def is_plan_asked(event: AdverseEvent) -> bool:
    """Whether a plan of actions has to follow it: its criticality is orange or red."""
    return _criticality(event).zone in (Zone.ORANGE, Zone.RED)


def _criticality(event: AdverseEvent) -> Criticality:
    """That of the event, at the very least: as long as nobody has said how frequent it is, it counts as rare."""
    return cast("Criticality", criticality(event.severity, event.potential, event.frequency or 1))


def window(event: AdverseEvent) -> tuple[date, date, date]:
    """The first and the last day on which its analysis should begin, and that by which the report should be there."""
    day = local(event.day).date()
    return day + NOT_BEFORE, day + NOT_AFTER, day + REPORT


def bring_along(actor: Actor, event: AdverseEvent) -> None:
    """Move an event that is judged and not ended to where its analysis and its actions say that it stands."""
    stands = State(event.state)
    if stands in HANDLED and (to := _state_of(event)) != stands:
        move(actor, event, to)


def _state_of(event: AdverseEvent) -> State:
    unfinished = select(Analysis.id).where(Analysis.event_id == event.id, Analysis.finished_at.is_(None))
    if db.session.scalar(unfinished) is not None:
        return State.ANALYSIS
    counted = select(Action.state, func.count()).where(Action.event_id == event.id).group_by(Action.state)
    number = {state: count for state, count in db.session.execute(counted)}  # noqa: C416 - rows of two
    if any(number.get(state) for state in OPEN):
        return State.ACTIONS
    if number.get(ActionState.DONE) or number.get(ActionState.VERIFIED):
        return State.EFFECT
    return State.PROGRESS
