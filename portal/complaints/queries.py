"""Reading complaints, each from what the person may see; who can complain about whom."""

from collections.abc import Mapping

from sqlalchemy import Select, exists, false, func, select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.accounts.models import User
from portal.complaints.models import Complaint, Direction
from portal.extensions import db
from portal.people.models import Client, Relative, Sector, Worker
from portal.people.queries import sectors_below
from portal.roles import Role
from portal.settings.queries import option
from portal.visits.models import State as VisitState
from portal.visits.models import Visit, VisitWorker

BY_CLIENT = (Direction.CLIENT_AGENCY, Direction.CLIENT_WORKER)


def visible_complaints(user: User) -> Select[Complaint]:
    """Complaints that this person may see: staff those of their sectors; clients, and relatives whom the file lets into
    its conversations, those that were made in the client's name; workers their own. Nobody sees one about themselves.
    """
    match user.role:
        case Role.CLIENT | Role.RELATIVE:
            own = Complaint.client_id == user.client_id, Complaint.direction.in_(BY_CLIENT)
            return select(Complaint).where(*own) if user.sees_threads else select(Complaint).where(false())
        case Role.WORKER:
            own = Complaint.worker_id == user.worker_id, Complaint.direction == Direction.WORKER_CLIENT
            return select(Complaint).where(*own)
        case Role.COORDINATOR:
            return select(Complaint).where(Complaint.sector_id.in_(sectors_below(user.staff_id)))
        case Role.QUALITY | Role.ADMIN:
            return select(Complaint)
        case _:
            return select(Complaint).where(false())


def complaint_of(user: User, complaint_id: int) -> Complaint | None:
    """Return a complaint that this person may see, with what its page says of others."""
    whole = (joinedload(getattr(Complaint, name)) for name in ("client", "worker", "subject", "visit", "note"))
    return db.session.scalar(visible_complaints(user).where(Complaint.id == complaint_id).options(*whole))


def may_file(user: User) -> bool:
    """Whether clients and workers may file one here by themselves; a relative, if the file lets them write in it."""
    return bool(option("complaints.portal") and user.sees_threads)


def is_read_by_relatives(user: User) -> bool:
    """Whether somebody beside the client and the agency reads what is filed in this client's name."""
    lets_in = Relative.client_id == user.client_id, Relative.sees_threads, Relative.active
    return bool(user.client_id and db.session.scalar(select(exists().where(*lets_in))))


# ---- who can complain about whom: with a visit that has begun ----


def _begun() -> tuple:
    return Visit.state.in_((VisitState.PLANNED, VisitState.DONE)), Visit.starts_at <= clock.now()


def have_met(client_id: int, worker_id: int) -> bool:
    """Whether this worker has been sent to this client, and the visit has at least begun."""
    sent = VisitWorker.visit_id == Visit.id, VisitWorker.worker_id == worker_id, Visit.client_id == client_id
    return bool(db.session.scalar(select(exists().where(*sent, *_begun()))))


def workers_met(client_id: int) -> dict[int, str]:
    """Names of the workers who have been to a client, by number; those who came last first."""
    sent = select(Worker.id, Worker.first_name, Worker.last_name).join(VisitWorker, VisitWorker.worker_id == Worker.id)
    met = sent.join(Visit, Visit.id == VisitWorker.visit_id).where(Visit.client_id == client_id, *_begun())
    return _names(met.group_by(Worker.id, Worker.first_name, Worker.last_name))


def clients_met(worker_id: int, among: Select[Client] | None = None) -> dict[int, str]:
    """Names of the clients to whom a worker has been, by number; the last ones first.

    Args:
        among: clients that the person who asks may see; all without it.
    """
    went = select(Client.id, Client.first_name, Client.last_name).join(Visit, Visit.client_id == Client.id)
    met = went.join(VisitWorker, VisitWorker.visit_id == Visit.id).where(VisitWorker.worker_id == worker_id, *_begun())
    if among is not None:
        met = met.where(Client.id.in_(among.with_only_columns(Client.id)))
    return _names(met.group_by(Client.id, Client.first_name, Client.last_name))


def _names(met: Select) -> dict[int, str]:
    found = db.session.execute(met.order_by(func.max(Visit.starts_at).desc()).limit(200))
    return {row.id: f"{row.first_name} {row.last_name}".strip() for row in found}


# ---- who has one in hand ----


def usual_handler(sector_id: int, client: Client | None, handlers: Mapping[int, str]) -> int | None:
    """Who has it in hand if nobody is named: the manager of the client's file, else the manager of the sector, or of
    the nearest one above that has one."""
    if client and client.file_manager_id in handlers:
        return client.file_manager_id
    above: int | None = sector_id
    while above is not None:
        sector = db.session.get_one(Sector, above)
        if sector.manager_id in handlers:
            return sector.manager_id
        above = sector.parent_id
    return None
