"""Reading adverse events, each from what the person may see."""

from collections.abc import Sequence

from sqlalchemy import Select, exists, false, select
from sqlalchemy.orm import selectinload

from portal.accounts.models import User
from portal.adverse_events.models import AdverseEvent, Reporter
from portal.extensions import db
from portal.people.models import Client, Sector, Staff, Worker
from portal.people.queries import staff_at_work, visible_sectors
from portal.roles import GRANTS, Permission
from portal.threads.queries import is_staff
from portal.visits.models import State as VisitState
from portal.visits.models import Visit, VisitWorker


def visible_events(user: User) -> Select[AdverseEvent]:
    """Adverse events that this person follows up: those of their sectors. On a portal there are none; what somebody
    reported there is asked for by `own_reports`."""
    if not is_staff(user) or Permission.SEE_EVENTS not in GRANTS[user.role]:
        return select(AdverseEvent).where(false())
    return select(AdverseEvent).where(AdverseEvent.sector_id.in_(visible_sectors(user).with_only_columns(Sector.id)))


def event_of(user: User, event_id: int) -> AdverseEvent | None:
    return db.session.scalar(visible_events(user).where(AdverseEvent.id == event_id))


def may_open(person: Staff, event: AdverseEvent) -> bool:
    """Whether somebody of the staff who has an event in hand can read it: they are at work, and it is of their
    sectors."""
    return person.active and event_of(staff_at_work(person), event.id) is not None


def own_reports(user: User) -> Select[AdverseEvent]:
    """What this person reported with their name or in confidence. Of what was reported anonymously nobody knows."""
    type_, _colon, number = user.key.partition(":")
    by_person = Reporter.event_id == AdverseEvent.id, Reporter.person_type == type_, Reporter.person_id == int(number)
    return select(AdverseEvent).where(exists().where(*by_person).correlate(AdverseEvent))


def assigned_workers(client_id: int) -> Sequence[Worker]:
    """The workers who were or will be sent to a client, by name: those of whom one is the *intervenant* of an event."""
    sent = VisitWorker.worker_id == Worker.id, Visit.client_id == client_id, Visit.state != VisitState.DRAFT
    went = exists().where(*sent, Visit.id == VisitWorker.visit_id).correlate(Worker)
    return db.session.scalars(select(Worker).where(went).order_by(Worker.last_name, Worker.first_name, Worker.id)).all()


def is_assigned(worker_id: int, client_id: int) -> bool:
    """Whether a worker was or will be sent to a client."""
    sent = VisitWorker.worker_id == worker_id, Visit.client_id == client_id, Visit.state != VisitState.DRAFT
    return bool(db.session.scalar(select(exists().where(*sent, Visit.id == VisitWorker.visit_id))))


def supervisors() -> Sequence[Staff]:
    """The members of staff of whom one is the *encadrant* of an event, by name."""
    return db.session.scalars(select(Staff).where(Staff.active).order_by(Staff.last_name, Staff.first_name)).all()


def earlier_events(user: User, client_id: int) -> Sequence[AdverseEvent]:
    """The last events of a client that this person may see, newest first: has it happened before?"""
    of_client = visible_events(user).where(AdverseEvent.client_id == client_id)
    newest = of_client.order_by(AdverseEvent.day.desc(), AdverseEvent.id.desc()).limit(10)
    return db.session.scalars(newest.options(selectinload(AdverseEvent.categories))).all()


def default_supervisor(client: Client | None) -> int | None:
    """The manager of the client's file, while at work."""
    manager = client.file_manager if client else None
    return manager.id if manager and manager.active else None
