"""Reading incidents, each from what the person may see."""

from datetime import datetime, timedelta

from flask import g
from sqlalchemy import ColumnElement, Select, SQLColumnExpression, exists, select

from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.incidents.models import ENDED, Incident, IncidentReason, Phase
from portal.ratings.models import Rating, RatingSubject
from portal.settings.queries import option
from portal.threads.models import Thread
from portal.threads.queries import is_staff, visible_threads
from portal.visits.models import Visit
from portal.visits.queries import visible_visits


def visible_incidents(user: User) -> Select[Incident]:
    """Incidents that this person may see: those of visits in their sectors, or whose thread they may read."""
    if is_staff(user):
        # asked of each incident: nobody collects first all visits of a sector
        seen = visible_visits(user).where(Visit.id == Incident.visit_id).correlate(Incident).exists()
        return select(Incident).where(seen)
    return select(Incident).where(Incident.thread_id.in_(visible_threads(user).with_only_columns(Thread.id)))


def incident_of(user: User, incident_id: int) -> Incident | None:
    return db.session.scalar(visible_incidents(user).where(Incident.id == incident_id))


def handling_rating(user: User, rating_id: int) -> Rating | None:
    """A rating of how an incident was handled, of those that this person may see."""
    if not option("incidents.enabled"):
        return None
    rated = visible_incidents(user).join(RatingSubject, RatingSubject.incident_id == Incident.id)
    of_rating = rated.join(Rating, Rating.subject_id == RatingSubject.id).where(Rating.id == rating_id)
    return db.session.scalar(of_rating.with_only_columns(Rating))


def has_open_incident(visit_id: int) -> bool:
    """Whether an incident on a visit is neither resolved nor closed: its client is not asked for a rating."""
    row = g.get("visit_rows", {}).get(visit_id)
    if row is not None and option("incidents.enabled"):  # the staff's page of the visit has read them all
        return any(one.state not in ENDED for one in row.incidents)
    return bool(db.session.scalar(select(is_disputed(visit_id))))


def is_disputed(visit_id: SQLColumnExpression[int] | int) -> ColumnElement[bool]:
    """The same as a part of a statement, for visits of which there are many."""
    return exists().where(Incident.visit_id == visit_id, Incident.state.not_in(ENDED))


def is_incident_open(incident_id: int) -> bool:
    """Whether this incident is neither resolved nor closed: its client is not asked how it was handled."""
    unsettled = Incident.id == incident_id, Incident.state.not_in(ENDED)
    return bool(db.session.scalar(select(exists().where(*unsettled))))


def thread_of_incident(incident_id: int) -> int | None:
    """The number of its thread."""
    return db.session.scalar(select(Incident.thread_id).where(Incident.id == incident_id))


def window_of(visit: Visit) -> tuple[datetime, datetime]:
    """From when until when clients and workers may report an incident on a visit: both ends are within it. Hours are
    hours that pass, whatever the clocks do (seed: 4 hours before the start, 24 hours after)."""
    before = timedelta(minutes=option("incidents.before_minutes"))
    after = timedelta(minutes=option("incidents.after_minutes"))
    return visit.starts_at - before, visit.ends_at + after


def is_open_to_report(visit: Visit) -> bool:
    first, last = window_of(visit)
    return first <= clock.now() <= last


def likely_phase(visit: Visit) -> Phase:
    """What is probably reported at this hour: the start until the middle of the visit, then the end."""
    return Phase.START if clock.now() < visit.starts_at + (visit.ends_at - visit.starts_at) / 2 else Phase.END


def reasons_for(service_id: int) -> list[IncidentReason]:
    """The reasons that can be reported for a service now, in the agency's order."""
    offered = IncidentReason.service_id == service_id, IncidentReason.active
    in_order = select(IncidentReason).where(*offered).order_by(IncidentReason.position, IncidentReason.id)
    return list(db.session.scalars(in_order))
