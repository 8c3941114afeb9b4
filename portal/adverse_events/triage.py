"""Taking an event in: its receipt is acknowledged, its judgement prepared and given, a wrong one taken back."""

from dataclasses import asdict, dataclass

from flask_babel import lazy_gettext as _l

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.alerts import alert_severe, stop_alerts
from portal.adverse_events.closing import refuse_implicated
from portal.adverse_events.criticality import LEVELS
from portal.adverse_events.follow_models import Reopening
from portal.adverse_events.following import refuse_late, step
from portal.adverse_events.models import ENDED, KINDS, LONGEST_LINE, LONGEST_TEXT, AdverseEvent, State
from portal.adverse_events.proposals import propose_routes, withdraw_routes
from portal.adverse_events.report import refuse_lesser_potential
from portal.adverse_events.requalifying import Complaining, into_complaint
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.notes.actions import end_note, reopen_note
from portal.organisation.models import ListEntry, ListName

REJECTED = "rejected"  # beside the kinds: not admissible
GOES_ON = ("event", "serious", "care_related")
SERIOUS = ("serious", "care_related")
ELSEWHERE = ("complaint", "work_accident", "out_of_scope")
RESIDENTIAL = "L09"  # worded for residential care: it keeps its code, and is not chosen at home (`domain.md` §1.2)


@dataclass(frozen=True)
class Estimate:
    """What anybody who follows an event up may say of it before it is judged.

    Attributes:
        frequency: 1 to 5; None: nobody knows yet.
        victims, exposed: how many persons, where it is serious.
        continuity: whether the support goes on: yes, partly, no.
    """

    frequency: int | None
    victims: int | None = None
    exposed: int | None = None
    continuity: str | None = None


@dataclass(frozen=True)
class Judgement:
    """What is decided of an event.

    Attributes:
        kind: of `models.KINDS`, or `REJECTED`.
        severity, potential: 1 to 5, decided.
        legal_id: the category of the law, if any.
        why: it is not admissible, or out of scope.
        complaint: what the complaint says, where it becomes one.
    """

    kind: str
    severity: int
    potential: int
    estimate: Estimate
    legal_id: int | None = None
    why: str = ""
    complaint: Complaining | None = None


def acknowledge(actor: User, event: AdverseEvent) -> None:
    """Say that somebody of the staff has seen a report: its alerts end. Whoever comes second changes nothing.

    Raises:
        Refused: it stands where nothing is acknowledged any more.
    """
    if event.acknowledged_at:
        return
    before = event.state
    step(event, State.ACKNOWLEDGED)
    _seen(actor, event)
    db.session.flush()
    record("event.acknowledged", actor, _subject(event), before={"state": before}, after={"state": event.state})


def _seen(actor: User, event: AdverseEvent) -> None:
    if event.acknowledged_at is None:
        event.acknowledged_at, event.acknowledged_by = clock.now(), actor.name
    stop_alerts(event)


def prepare(actor: User, event: AdverseEvent, estimate: Estimate, version: int) -> None:
    """Say how frequent an event is and whom it touched, for whoever judges it. The kind and the severity stay open.

    Args:
        version: of the event, as the form showed it.

    Raises:
        Refused: it has another version by now, has ended, or a number is odd.
    """
    refuse_late(event, version)
    if event.state in ENDED:
        raise Refused(_l("This event has ended: nothing is prepared any more."), "state")
    _refuse_estimate(estimate)
    before, state = _kept(event, asdict(estimate)), event.state
    for name, value in asdict(estimate).items():
        setattr(event, name, value)
    if event.state in (State.REPORTED, State.ACKNOWLEDGED):
        step(event, State.TRIAGE)
        _seen(actor, event)
    db.session.flush()
    record("event.changed", actor, _subject(event), before={**before, "state": state},
           after={**asdict(estimate), "state": event.state})  # fmt: skip


def judge(actor: User, event: AdverseEvent, judgement: Judgement, version: int) -> None:
    """Decide what an event is, how severe and how frequent. That something is serious is never decided by itself: who
    judges says so. What is not admissible, a complaint or out of scope has ended, and its note is finished; the note of
    a work accident goes on until somebody finishes it.

    Args:
        version: of the event, as the form showed it.

    Raises:
        Refused: it has another version by now, has ended, the person is implicated and would end it, or something is
            missing or odd; the code is the field.
    """
    refuse_late(event, version)
    _refuse_judgement(judgement)
    if judgement.kind not in GOES_ON:
        refuse_implicated(actor, event)
    before = _judged(event)
    _go_to(event, judgement)
    _seen(actor, event)
    given = {**asdict(judgement.estimate), "severity": judgement.severity, "potential": judgement.potential}
    for name, value in given.items():
        setattr(event, name, value)
    event.kind = None if judgement.kind == REJECTED else judgement.kind
    event.legal_id, event.triaged_at, event.triaged_by = judgement.legal_id, clock.now(), actor.name
    if event.state in ENDED:
        event.closed_at, event.closed_by, event.closed_why = clock.now(), actor.name, judgement.why or None
    db.session.flush()
    db.session.refresh(event, ["legal"])
    record("event.judged", actor, _subject(event), before=before, after=_judged(event))
    if judgement.kind == "complaint" and judgement.complaint:
        into_complaint(actor, event, judgement.complaint)
    if event.state in ENDED and judgement.kind != "work_accident" and event.note and event.note.done_at is None:
        end_note(actor, event.note)
    propose_routes(actor, event)


def _go_to(event: AdverseEvent, judgement: Judgement) -> None:
    """Into the state that goes with a judgement; one that is worked on already stays where it is."""
    if judgement.kind in GOES_ON:
        if State(event.state) in (State.REPORTED, State.ACKNOWLEDGED, State.TRIAGE) or event.state in ENDED:
            step(event, State.PROGRESS)
        return
    step(event, State.REJECTED if judgement.kind == REJECTED else State.REQUALIFIED)


def take_back(actor: User, event: AdverseEvent, why: str, version: int) -> None:
    """Take back that an event is not admissible or something else: it is judged anew. A complaint that was made of it
    stays, since somebody may wait for its answer.

    Args:
        why: read by whoever follows the event up.
        version: of the event, as the form showed it.

    Raises:
        Refused: it has another version by now, has not ended so, or nobody says why.
    """
    refuse_late(event, version)
    if not why:
        raise Refused(_l("Please say why."), "why")
    if len(why) > LONGEST_TEXT:
        raise Refused(_l("Please use at most 5,000 characters."), "why")
    before = _judged(event)
    ended = event.closed_at or event.triaged_at or event.state_at
    step(event, State.TRIAGE)
    db.session.add(Reopening(event_id=event.id, by=actor.name, why=why, closed_at=ended,
                             closed_by=event.closed_by or "", closed_why=event.closed_why or ""))  # fmt: skip
    event.closed_at = event.closed_by = event.closed_why = None
    event.kind = event.triaged_at = event.triaged_by = None
    db.session.flush()
    record("event.judgement_taken_back", actor, _subject(event), before=before, after=_judged(event))
    if event.note and event.note.done_at:
        reopen_note(actor, event.note)
    withdraw_routes(actor, event)
    alert_severe(event)


# ---- what cannot be ----


def _refuse_judgement(judgement: Judgement) -> None:
    if judgement.kind not in (*KINDS, REJECTED):
        raise Refused(_l("Please say what it is."), "kind")
    if judgement.severity not in LEVELS or judgement.potential not in LEVELS:
        raise Refused(_l("Please choose one of the values offered."), "severity")
    refuse_lesser_potential(judgement.severity, judgement.potential)
    if judgement.kind in (REJECTED, "out_of_scope") and not judgement.why:
        raise Refused(_l("Please say why: whoever reported it may ask."), "why")
    if len(judgement.why) > LONGEST_LINE * 10:
        raise Refused(_l("Please use at most 1,600 characters."), "why")
    if judgement.kind in GOES_ON and judgement.estimate.frequency is None:
        raise Refused(_l("Please say how frequent it is: the criticality is counted from it."), "frequency")
    if judgement.legal_id is not None:
        _refuse_legal(judgement.legal_id)
    _refuse_estimate(judgement.estimate)


def _refuse_legal(entry_id: int) -> None:
    entry = db.session.get(ListEntry, entry_id)
    if entry is None or entry.list != ListName.LEGAL or entry.code == RESIDENTIAL:
        raise Refused(_l("Please choose one of the values offered."), "legal_id")


def _refuse_estimate(estimate: Estimate) -> None:
    if estimate.frequency is not None and estimate.frequency not in LEVELS:
        raise Refused(_l("Please choose one of the values offered."), "frequency")
    if estimate.continuity not in (None, "yes", "partly", "no"):
        raise Refused(_l("Please choose one of the values offered."), "continuity")
    for name, number in (("victims", estimate.victims), ("exposed", estimate.exposed)):
        if number is not None and not 0 <= number <= 999:
            raise Refused(_l("Please give a number from 0 to 999."), name)


# ---- for the journal: no text that somebody typed ----


def _subject(event: AdverseEvent) -> tuple[str, int]:
    return "adverse_event", event.id


def _kept(event: AdverseEvent, names: dict[str, object]) -> dict[str, object]:
    return {name: getattr(event, name) for name in names}


def _judged(event: AdverseEvent) -> dict[str, object]:
    legal = event.legal.code if event.legal else None
    return {"state": str(event.state), "kind": event.kind, "severity": event.severity, "potential": event.potential,
            "frequency": event.frequency, "legal": legal}  # fmt: skip
