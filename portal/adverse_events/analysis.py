"""Why it came to it: the analysis of the causes of an event, saved as one goes and finished at the end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.follow_models import Analysis, TimelineStep
from portal.adverse_events.former import keep_former
from portal.adverse_events.models import ENDED, AdverseEvent
from portal.adverse_events.progress import bring_along
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.i18n import local
from portal.people.queries import overseers
from portal.visits.queries import today

MOST_WHYS, MOST_STEPS = 5, 60


class Late(Refused):
    """Somebody else has written the analysis since the form was opened."""

    def __init__(self) -> None:
        super().__init__(_l("Somebody wrote in this analysis in the meantime. Nothing of yours is saved yet: please "
                            "look at what stands there now, then save again."), "stale")  # fmt: skip


@dataclass(frozen=True)
class Step:
    """One fact of what happened, with its source."""

    at: datetime
    fact: str
    source: str = ""


@dataclass(frozen=True)
class Findings:
    """What an analysis holds, as its form has it.

    Attributes:
        method: one of `follow_models.METHODS`.
        planned: what was meant to happen.
        immediate_cause: what led to it directly.
        whys: each the cause of the one before.
        factors: what contributed, by `follow_models.FAMILIES`.
        worked, missed: barriers that held, and those that did not.
        lessons: what is changed.
        held_on: the day on which people sat down over it.
        participants: their functions, no names.
        pilot_id: of the staff, who leads it.
        steps: the timeline, in any order.
    """

    method: str
    planned: str = ""
    immediate_cause: str = ""
    whys: Sequence[str] = ()
    factors: dict[str, str] = field(default_factory=dict)
    worked: str = ""
    missed: str = ""
    lessons: str = ""
    held_on: date | None = None
    participants: str = ""
    pilot_id: int | None = None
    steps: Sequence[Step] = ()


def analysis_of(event: AdverseEvent) -> Analysis | None:
    """Of an event that the person may see."""
    whole = joinedload(Analysis.steps), joinedload(Analysis.pilot)
    found = select(Analysis).where(Analysis.event_id == event.id).options(*whole)
    return db.session.scalars(found).unique().one_or_none()


def pilots_of(event: AdverseEvent, also: int | None = None) -> dict[int, str]:
    """Who of the staff can lead the analysis: those who see the event, and who leads it now."""
    return overseers(event.sector_id, also=also)


def save_analysis(actor: User, event: AdverseEvent, found: Findings, version: int, *, finish: bool = False) -> Analysis:
    """Write the analysis as far as it is. A finished one can be corrected, and stays finished.

    Args:
        version: of the analysis, as the form showed it; 0 when there was none.
        finish: it is complete.

    Raises:
        Refused: it has another version by now, the event is ended, something in it is still to come, or it is to be
            finished and something is missing.
    """
    analysis = analysis_of(event)
    if (analysis.version if analysis else 0) != version:
        raise Late
    if event.state in ENDED:
        raise Refused(_l("This event is ended. Open it again before you write in its analysis."), "ended")
    is_finished = finish or bool(analysis and analysis.finished_at)
    _check(event, found, analysis)
    if is_finished:
        _check_whole(found)
    if analysis is None:
        analysis, kept = Analysis(event_id=event.id), {}
        db.session.add(analysis)
    else:
        analysis.version = version  # lines of the timeline alone raise it, too
        kept = keep_former(actor, event.id, "analysis", _said(analysis), _said(found))
    _write(analysis, found)
    if finish and analysis.finished_at is None:
        analysis.finished_at = clock.now()
    _flush(analysis)
    record("event.analysed", actor, ("adverse_event", event.id),
           after={"method": found.method, "steps": len(found.steps), "finished": is_finished, **kept})  # fmt: skip
    bring_along(actor, event)
    return analysis


def _said(one: Analysis | Findings) -> dict[str, Any]:
    lines = sorted(one.steps, key=lambda line: line.at)
    said = {name: getattr(one, name) for name in Findings.__dataclass_fields__}
    return said | {"steps": [[line.at.isoformat(), line.fact, line.source] for line in lines]}


def _write(analysis: Analysis, found: Findings) -> None:
    for name, value in vars(found).items():
        if name != "steps":
            setattr(analysis, name, list(value) if name == "whys" else value)
    analysis.steps = [TimelineStep(**vars(one)) for one in sorted(found.steps, key=lambda one: one.at)]


def _flush(analysis: Analysis) -> None:
    try:
        with db.session.begin_nested():
            db.session.add(analysis)
    except IntegrityError:  # somebody else has begun it at the same moment
        raise Late from None


def _check(event: AdverseEvent, found: Findings, analysis: Analysis | None) -> None:
    """Nothing lies ahead, and who leads it may see it."""
    if found.held_on and found.held_on > today():
        raise Refused(_l("This day is still to come."), "held_on")
    if found.held_on and found.held_on < local(event.day).date():
        raise Refused(_l("The event had not happened yet on this day."), "held_on")
    if any(one.at > clock.now() for one in found.steps):
        raise Refused(_l("A line of the timeline is still to come. Please correct its moment."), "steps")
    leads = analysis.pilot_id if analysis else None
    if found.pilot_id and found.pilot_id != leads and found.pilot_id not in pilots_of(event):
        raise Refused(_l("Please choose one of those who see this event."), "pilot_id")


def _check_whole(found: Findings) -> None:
    """What an inspector looks for in an analysis that is said to be complete (`domain.md` §1.6, rows 28 to 32)."""
    if not found.steps:
        raise Refused(_l("To finish it, please write at least one line of the timeline."), "steps")
    if not found.immediate_cause:
        raise Refused(_l("To finish it, please write the immediate cause."), "immediate_cause")
    if not found.whys and not found.factors:
        raise Refused(
            _l("To finish it, please answer at least one “why”, or name a factor that contributed."), "causes"
        )
    if not found.held_on:
        raise Refused(_l("To finish it, please say on which day it was held."), "held_on")
