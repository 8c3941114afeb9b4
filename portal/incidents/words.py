"""What is said of incidents, in words."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal.incidents.models import Outcome, Phase, State, Urgency

STATE_LABELS = {
    State.OPEN: lazy_pgettext("incident", "Open"),
    State.DISCUSSION: lazy_pgettext("incident", "Under discussion"),
    State.WAITING: lazy_pgettext("incident", "On hold"),
    State.RESOLVED: lazy_pgettext("incident", "Resolved"),
    State.CLOSED: lazy_pgettext("incident", "Closed"),
    State.REOPENED: lazy_pgettext("incident", "Reopened"),
}
STATE_TONES = {
    State.OPEN: "attention", State.REOPENED: "attention", State.DISCUSSION: "info", State.WAITING: "neutral",
    State.RESOLVED: "done", State.CLOSED: "neutral",
}  # fmt: skip
URGENCY_LABELS = {
    Urgency.NORMAL: lazy_pgettext("urgency", "Normal"),
    Urgency.HIGH: lazy_pgettext("urgency", "High"),
    Urgency.URGENT: lazy_pgettext("urgency", "Urgent"),
}
URGENCY_TONES = {Urgency.NORMAL: "neutral", Urgency.HIGH: "attention", Urgency.URGENT: "danger"}
PHASE_LABELS = {
    Phase.START: lazy_pgettext("phase", "Start of the visit"),
    Phase.END: lazy_pgettext("phase", "End of the visit"),
    Phase.BOTH: lazy_pgettext("phase", "Start or end of the visit"),
}
OUTCOME_LABELS = {
    Outcome.SETTLED: lazy_pgettext("outcome", "Settled"),
    Outcome.NO_ACTION: lazy_pgettext("outcome", "No action needed"),
    Outcome.UNFOUNDED: lazy_pgettext("outcome", "Unfounded"),
    Outcome.OTHER: lazy_pgettext("outcome", "Other"),
}
REPORTED_LABELS = {  # for whom staff have reported it
    "client": _l("The client"),
    "relative": _l("A relative"),
    "worker": _l("A worker"),
    "other": _l("Somebody else"),
}


def told_state(state: State, *, of_staff: bool) -> State:
    """A state as its reader is told of it: that the agency waits for something is its own matter."""
    return State.DISCUSSION if state == State.WAITING and not of_staff else state


def state_badge(state: str) -> tuple[object, str]:
    """The words and the tone of a state."""
    return STATE_LABELS[State(state)], STATE_TONES[State(state)]


def urgency_badge(urgency: str) -> tuple[object, str] | None:
    """The same of an urgency; none of what is as usual."""
    return (URGENCY_LABELS[Urgency(urgency)], URGENCY_TONES[Urgency(urgency)]) if urgency != Urgency.NORMAL else None


def hours(seconds: float) -> str:
    """`26:05`: hours and minutes, however many."""
    minutes = int(seconds // 60)
    return f"{minutes // 60}:{minutes % 60:02}"
