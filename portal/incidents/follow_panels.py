"""What staff see of an incident above its thread."""

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.extensions import Panel, db
from portal.i18n import language
from portal.incidents.following import NEXT
from portal.incidents.lists import badges
from portal.incidents.models import Incident, Outcome, Phase, State
from portal.incidents.queries import visible_incidents
from portal.incidents.words import OUTCOME_LABELS, PHASE_LABELS, hours
from portal.roles import GRANTS, Permission
from portal.settings.queries import option
from portal.threads.models import Thread
from portal.threads.queries import is_staff
from portal.threads.words import INCIDENT
from portal.visits.models import Visit

MOVE_WORDS = {
    State.DISCUSSION: _l("Discuss it"),
    State.WAITING: _l("Put on hold"),
    State.RESOLVED: _l("Mark as resolved"),
    State.CLOSED: _l("Close the incident"),
    State.REOPENED: _l("Reopen"),
}


def follow_panel(user: User, thread: Thread) -> Panel | None:
    """Above the thread of an incident, for staff: what is known of it, where it stands, what can be done."""
    if thread.topic != INCIDENT or not is_staff(user) or not option("incidents.enabled"):
        return None
    whole = joinedload(Incident.visit).joinedload(Visit.service), joinedload(Incident.owner)
    one = db.session.scalar(visible_incidents(user).where(Incident.thread_id == thread.id).options(*whole))
    if one is None:
        return None
    state = State(one.state)
    return Panel("incidents/_follow_panel.html", {
        "incident": one,
        "label": one.label(language()),
        "phase": PHASE_LABELS[Phase(one.phase)],
        "badges": badges(one.state, one.urgency, one.due_on),
        "outcome": OUTCOME_LABELS[Outcome(one.outcome)] if one.outcome else None,
        "answered": hours((one.answered_at - one.declared_at).total_seconds()) if one.answered_at else None,
        "moves": [(state, MOVE_WORDS[state]) for state in NEXT[state]],
        "may_handle": Permission.HANDLE_INCIDENTS in GRANTS[user.role],
    })  # fmt: skip
