"""What the visits feature shows on the pages of a person's record."""

from sqlalchemy import func, select

from portal import clock
from portal.accounts.models import User
from portal.extensions import Panel, db
from portal.people.models import Client, Worker
from portal.visits.models import State, Visit, VisitWorker
from portal.visits.queries import reader, rows, visible_visits

SHOWN = 10


def visits_to_come(user: User, person: Client | Worker) -> Panel | None:
    """Before a record is closed: the visits that are still planned for it, the next ones by name."""
    ahead = visible_visits(user).where(Visit.state.in_((State.DRAFT, State.PLANNED)), Visit.starts_at > clock.now())
    if isinstance(person, Client):
        ahead = ahead.where(Visit.client_id == person.id)
    else:
        ahead = ahead.where(Visit.id.in_(select(VisitWorker.visit_id).where(VisitWorker.worker_id == person.id)))
    number = db.session.scalar(select(func.count()).select_from(ahead.with_only_columns(Visit.id).subquery())) or 0
    if not number:
        return None
    found = db.session.execute(rows(ahead).order_by(Visit.starts_at, Visit.id).limit(SHOWN))
    return Panel("visits/_to_come.html", {"number": number, "rows": list(map(reader(user), found))})
