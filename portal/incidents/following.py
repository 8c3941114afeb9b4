"""What staff do with an incident: where it stands, who has it in hand, until when, how urgent it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, wires
from portal.incidents.alerts import alert_urgent, is_answered
from portal.incidents.models import Incident, State, Urgency
from portal.incidents.queries import ENDED
from portal.incidents.words import STATE_LABELS, told_state
from portal.people.queries import overseers
from portal.ratings.handling import ask_about_handling
from portal.ratings.queries import is_open
from portal.threads.actions import announce, raise_version
from portal.visits.queries import today

# which state goes to which; whatever stands in no line is refused
NEXT: Mapping[State, tuple[State, ...]] = {
    State.OPEN: (State.DISCUSSION, State.WAITING, State.RESOLVED, State.CLOSED),
    State.DISCUSSION: (State.WAITING, State.RESOLVED, State.CLOSED),
    State.WAITING: (State.DISCUSSION, State.RESOLVED, State.CLOSED),
    State.RESOLVED: (State.CLOSED, State.REOPENED),
    State.CLOSED: (State.REOPENED,),
    State.REOPENED: (State.DISCUSSION, State.WAITING, State.RESOLVED, State.CLOSED),
}
TOLD = (State.RESOLVED, State.CLOSED, State.REOPENED)  # what participants read of it; the rest is the agency's own


class Late(Refused):
    """Somebody else has changed the incident since the form was opened."""

    def __init__(self) -> None:
        super().__init__(_l("Somebody changed this incident in the meantime. Nothing of yours is saved yet: please "
                            "look at how it stands now, then save again."), "stale")  # fmt: skip


@dataclass(frozen=True)
class Closing:
    """How an incident ends.

    Attributes:
        outcome: a value of `models.Outcome`.
        note: for staff; may be empty.
        ask: whether the client is asked to rate how it was handled.
    """

    outcome: str
    note: str = ""
    ask: bool = False


@dataclass(frozen=True)
class Following:
    """Who has an incident in hand, until when, and how urgent it is."""

    owner_id: int | None
    due_on: date | None
    urgency: str


def is_overdue(state: str, due_on: date | None) -> bool:
    """Whether the day by which it was to be settled is over, and it is not."""
    return due_on is not None and due_on < today() and state not in ENDED


def move_incident(actor: User, incident: Incident, to: State, version: int, closing: Closing | None = None) -> None:
    """Bring an incident into another state. Participants read in its thread that it is resolved, closed or open again.

    Args:
        version: of the incident, as the form showed it.
        closing: how it ends; of none but a closed one.

    Raises:
        Refused: it has another version by now, this state does not follow the present one, or nobody says how it ends.
    """
    if incident.version != version:
        raise Late
    before = State(incident.state)
    if to not in NEXT[before]:
        raise Refused(_("An incident that is “%(now)s” cannot be set to “%(then)s”.", now=STATE_LABELS[before],
                        then=STATE_LABELS[to]), "state")  # fmt: skip
    if to == State.CLOSED and closing is None:
        raise Refused(_l("Please say how it ended."), "outcome")
    raise_version(incident.thread_id, shown=told_state(before, of_staff=False) != told_state(to, of_staff=False))
    was = {"state": before.value, **({"outcome": incident.outcome} if incident.outcome else {})}
    incident.state, incident.state_at = to, clock.now()
    ended = closing if to == State.CLOSED else None
    incident.closed_at, incident.closed_by = (clock.now(), actor.name) if ended else (None, None)
    incident.outcome = ended.outcome if ended else None
    if ended:
        incident.outcome_note = ended.note or None
    db.session.flush()
    asked = {"asked": True} if ended and ended.ask else {}
    told = {"state": to.value, **({"outcome": ended.outcome} if ended else {}), **asked}
    record("incident.moved", actor, ("incident", incident.id), before=was, after=told)
    announce(actor, incident.thread, to.value, internal=to not in TOLD)
    if ended and ended.ask and is_open():
        ask_about_handling(incident.id, incident.visit)
    if to == State.REOPENED:
        wires.react("incident opened", [incident.visit], incident.id)
        if not is_answered(incident):
            alert_urgent(incident)


def follow_incident(actor: User, incident: Incident, typed: Following, version: int) -> None:
    """Write who has an incident in hand, until when, and how urgent it is.

    Args:
        version: of the incident, as the form showed it.

    Raises:
        Refused: it has another version by now, somebody is to have it in hand who may not see it, or the day is over.
    """
    if incident.version != version:
        raise Late
    before = {name: getattr(incident, name) for name in vars(typed)}
    touched = {name: value for name, value in vars(typed).items() if value != before[name]}
    if not touched:
        return
    if touched.get("owner_id") and typed.owner_id not in owners_of(incident):
        raise Refused(_l("Please choose one of those who see this incident."), "owner_id")
    if touched.get("due_on") and cast("date", typed.due_on) < today():
        raise Refused(_l("This day is over."), "due_on")
    raise_version(incident.thread_id, shown="urgency" in touched)
    for name, value in touched.items():
        setattr(incident, name, value)
    db.session.flush()
    kept = {name: _as_kept(before[name]) for name in touched}
    told = {name: _as_kept(value) for name, value in touched.items()}
    record("incident.followed", actor, ("incident", incident.id), before=kept, after=told)
    if touched.get("urgency") == Urgency.URGENT and incident.state not in ENDED:
        alert_urgent(incident)


def _as_kept(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def owners_of(incident: Incident) -> dict[int, str]:
    """Who of the staff can have an incident in hand, by number: those at work who may see it, and who has it now."""
    return overseers(incident.visit.sector_id, also=incident.owner_id)
