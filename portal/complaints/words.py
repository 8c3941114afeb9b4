"""What is said of complaints, in words."""

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal.complaints.models import Channel, Direction, Outcome
from portal.complaints.standing import State

STATE_LABELS = {
    State.RECEIVED: lazy_pgettext("complaint", "Received"),
    State.ACKNOWLEDGED: lazy_pgettext("complaint", "Acknowledged"),
    State.PROGRESS: lazy_pgettext("complaint", "In progress"),
    State.ANSWERED: lazy_pgettext("complaint", "Answer sent"),
    State.CLOSED: lazy_pgettext("complaint", "Closed"),
    State.REOPENED: lazy_pgettext("complaint", "Reopened"),
}
STATE_TONES = {
    State.RECEIVED: "attention", State.REOPENED: "attention", State.ACKNOWLEDGED: "info", State.PROGRESS: "info",
    State.ANSWERED: "done", State.CLOSED: "neutral",
}  # fmt: skip
DIRECTION_LABELS = {
    Direction.CLIENT_AGENCY: _l("Client about the agency"),
    Direction.CLIENT_WORKER: _l("Client about a worker"),
    Direction.WORKER_CLIENT: _l("Worker about a client"),
    Direction.PARTNER_AGENCY: _l("Partner about the agency"),
}
CHANNEL_LABELS = {
    Channel.PORTAL: lazy_pgettext("complaint", "Portal"),
    Channel.PHONE: lazy_pgettext("complaint", "Telephone"),
    Channel.LETTER: lazy_pgettext("complaint", "Letter"),
    Channel.EMAIL: lazy_pgettext("complaint", "E-mail"),
    Channel.ORAL: lazy_pgettext("complaint", "By word of mouth"),
    Channel.VISIT: lazy_pgettext("complaint", "During a visit"),
    Channel.SURVEY: lazy_pgettext("complaint", "Questionnaire"),
    Channel.DIARY: lazy_pgettext("complaint", "Liaison notebook"),
    Channel.RATING: lazy_pgettext("complaint", "Low rating"),
}
# what somebody of the staff can say by themselves: the others come by themselves
TYPED_CHANNELS = [one for one in CHANNEL_LABELS if one not in (Channel.PORTAL, Channel.RATING)]
OUTCOME_LABELS = {
    Outcome.ACCEPTED: lazy_pgettext("complaint", "Accepted"),
    Outcome.UNFOUNDED: lazy_pgettext("complaint", "Unfounded"),
    Outcome.NO_ACTION: lazy_pgettext("complaint", "No further action"),
    Outcome.MEDIATION: lazy_pgettext("complaint", "Mediation"),
}


def badges(state: State, *, late: bool) -> list[tuple[object, str]]:
    """What marks a complaint, each with its tone: its state, that it is late."""
    marks: list[tuple[object, str]] = [(STATE_LABELS[state], STATE_TONES[state])]
    return [*marks, (lazy_pgettext("complaint", "Overdue"), "danger")] if late else marks
