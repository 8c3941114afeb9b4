"""Where an event stands: which state follows which, and how it goes from one to the other (`domain.md` §1.8)."""

from collections.abc import Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import clock
from portal.adverse_events.models import ENDED, AdverseEvent, State
from portal.adverse_events.words import STATE_LABELS
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db
from portal.people.models import Versioned

_JUDGED = State.PROGRESS, State.REJECTED, State.REQUALIFIED
_WORK = State.PROGRESS, State.ANALYSIS, State.ACTIONS, State.EFFECT
_ENDS = State.CLOSED, State.REJECTED, State.REQUALIFIED

# which state goes to which; whatever stands in no line is refused. A wrong judgement is taken back: to the triage.
NEXT: Mapping[State, tuple[State, ...]] = {
    State.REPORTED: (State.ACKNOWLEDGED, State.TRIAGE, *_JUDGED),
    State.ACKNOWLEDGED: (State.TRIAGE, *_JUDGED),
    State.TRIAGE: _JUDGED,
    **{one: (*(other for other in _WORK if other != one), *_ENDS) for one in _WORK},
    State.REOPENED: (*_WORK, *_ENDS),
    State.CLOSED: (State.REOPENED,),
    State.REJECTED: (State.TRIAGE,),
    State.REQUALIFIED: (State.TRIAGE,),
}


class Late(Refused):
    """Somebody else has changed the event since the form was opened."""

    def __init__(self) -> None:
        super().__init__(_l("Somebody changed this event in the meantime. Nothing of yours is saved yet: please look "
                            "at how it stands now, then save again."), "stale")  # fmt: skip


def refuse_late(record: Versioned, version: int) -> None:
    """Say that somebody was faster.

    Args:
        record: an event, or what is done about one.
        version: of it, as the form showed it.

    Raises:
        Late: it has another one by now.
    """
    if record.version != version:
        raise Late


def is_over(event: AdverseEvent) -> bool:
    """Whether an event has ended, and its note with it. That of a work accident goes on, until somebody finishes it:
    its authority has to be told all the same."""
    return event.state in ENDED and (event.state, event.kind) != (State.REQUALIFIED, "work_accident")


def step(event: AdverseEvent, to: State) -> None:
    """Bring an event into another state; whoever calls it writes the journal.

    Raises:
        Refused: this state does not follow the present one.
    """
    before = State(event.state)
    if to not in NEXT[before]:
        raise Refused(_("An event that is “%(now)s” cannot be set to “%(then)s”.", now=STATE_LABELS[before],
                        then=STATE_LABELS[to]), "state")  # fmt: skip
    event.state, event.state_at = to, clock.now()


def move(actor: Actor | None, event: AdverseEvent, to: State) -> None:
    """Bring an event into another state: a deed of its own.

    Raises:
        Refused: this state does not follow the present one.
    """
    before = event.state
    step(event, to)
    db.session.flush()
    record("event.moved", actor, ("adverse_event", event.id), before={"state": str(before)}, after={"state": str(to)})
