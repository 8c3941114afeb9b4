"""The way to a report from the page of a visit, and from the conversation of an incident."""

from sqlalchemy import select

from portal.accounts.models import User
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.queries import visible_events
from portal.adverse_events.words import MODULE
from portal.extensions import Panel, db
from portal.incidents.models import Incident
from portal.incidents.queries import visible_incidents
from portal.roles import GRANTS, Permission
from portal.settings.queries import option
from portal.threads.models import Thread
from portal.threads.queries import is_staff
from portal.threads.words import INCIDENT
from portal.visits.models import State, Visit


def visit_panel(user: User, visit: Visit) -> Panel | None:
    """On the staff's page of a visit: the button. It asks nothing of the database."""
    may = Permission.REPORT_EVENTS in GRANTS[user.role]
    if not may or not option(MODULE) or visit.state == State.DRAFT:
        return None
    return Panel("adverse_events/_visit_panel.html", {"visit_id": visit.id})


def thread_panel(user: User, thread: Thread) -> Panel | None:
    """Above the conversation of an incident, for staff alone: what it was requalified into, or the way to do so."""
    if thread.topic != INCIDENT or not is_staff(user) or not option(MODULE) or not option("incidents.enabled"):
        return None
    became = visible_events(user).with_only_columns(AdverseEvent.id).where(AdverseEvent.incident_id == Incident.id)
    known = visible_incidents(user).where(Incident.thread_id == thread.id).with_only_columns(Incident.id)
    event = db.session.scalar(select(AdverseEvent).join(Incident).where(
        Incident.id.in_(known), AdverseEvent.id.in_(became.correlate(Incident))))  # fmt: skip
    number = db.session.scalar(known) if event is None else None
    if event is None and number is None:
        return None
    return Panel("adverse_events/_thread_panel.html", {"event": event, "incident_id": number})
