"""What pages of visits and conversations show of incidents."""

from flask import g, url_for

from portal.accounts.models import User
from portal.extensions import Panel, db
from portal.i18n import language
from portal.incidents.columns import Reported
from portal.incidents.models import Incident, Phase, State, Urgency
from portal.incidents.queries import visible_incidents
from portal.incidents.words import PHASE_LABELS, STATE_LABELS, URGENCY_LABELS, told_state
from portal.roles import GRANTS, Permission
from portal.settings.queries import option
from portal.threads.models import Thread
from portal.threads.queries import is_staff
from portal.threads.words import INCIDENT
from portal.visits.models import State as VisitState
from portal.visits.models import Visit
from portal.visits.queries import row_of


def thread_panel(user: User, thread: Thread) -> Panel | None:
    """Above the conversation of an incident, for clients and workers: what was reported, on which visit, where it
    stands. Staff see it among what they do with it (`follow_panels`)."""
    if thread.topic != INCIDENT or is_staff(user) or not option("incidents.enabled"):
        return None
    incident = db.session.scalar(visible_incidents(user).where(Incident.thread_id == thread.id))
    if incident is None:
        return None
    return Panel("incidents/_thread_panel.html", {
        "label": incident.label(language()),
        "visit": row_of(user, incident.visit_id),
        "phase": PHASE_LABELS[Phase(incident.phase)],
        "urgency": URGENCY_LABELS[Urgency(incident.urgency)],
        "state": STATE_LABELS[told_state(State(incident.state), of_staff=False)],
    })  # fmt: skip


def visit_panel(user: User, visit: Visit) -> Panel | None:
    """On the staff's page of a visit: what was reported, each with the way to its conversation; the button."""
    if not option("incidents.enabled") or visit.state == VisitState.DRAFT:
        return None
    may = Permission.REPORT_INCIDENTS in GRANTS[user.role]
    report_url = url_for("staff.declare_incident", visit_id=visit.id) if may else None
    return Panel("incidents/_visit_panel.html", {"incidents": incidents_on(user, visit), "report_url": report_url})


def incidents_on(user: User, visit: Visit) -> tuple[Reported, ...]:
    """What was reported on a visit, as far as this person may see it, oldest first; the page has read it already."""
    known = g.get("visit_rows", {})
    return (known.get(visit.id) or row_of(user, visit.id)).incidents
