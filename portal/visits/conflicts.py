"""Who is already taken when: the hours of workers and clients that a visit must not lie upon."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Integer, Select, SQLColumnExpression, literal, or_, select, union_all

from portal.accounts.models import User
from portal.extensions import db
from portal.visits.models import State, Visit, VisitWorker
from portal.visits.queries import visible_visits

LONGEST = timedelta(days=1)  # what began earlier than this is over


@dataclass(frozen=True)
class Taken:
    """Hours at which a worker is somewhere, or at which somebody is at a client's (then without a worker)."""

    visit_id: int
    worker_id: int | None
    client_id: int
    starts_at: datetime
    ends_at: datetime


def taken(
    user: User, workers: Collection[int], clients: Collection[int], first: datetime, last: datetime
) -> list[Taken]:  # fmt: skip
    """Return the hours between two moments at which these workers or clients are taken, in any sector.

    Of a visit that this person may not see, the hours alone may be told; what another sector has as a draft takes
    nobody.
    """
    their_drafts = visible_visits(user).where(Visit.state == State.DRAFT).whereclause
    takes = or_(Visit.state.in_((State.PLANNED, State.DONE)), cast("ColumnElement[bool]", their_drafts))
    parts = []
    if workers:
        sent = select(Visit).join(VisitWorker, VisitWorker.visit_id == Visit.id)
        theirs = VisitWorker.worker_id.in_(workers), *begins_around(VisitWorker.starts_at, first, last)
        parts.append(_hours(sent.where(*theirs, takes), VisitWorker.worker_id, first))
    if clients:
        nobody = literal(None, Integer)
        theirs = Visit.client_id.in_(clients), *begins_around(Visit.starts_at, first, last)
        parts.append(_hours(select(Visit).where(*theirs, takes), nobody, first))
    if not parts:
        return []
    hours = union_all(*parts).subquery("hours")
    return [Taken(*row) for row in db.session.execute(select(hours))]


def begins_around(
    starts_at: SQLColumnExpression, first: datetime, last: datetime
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """What begins so that it can lie between two moments."""
    return starts_at > first - LONGEST, starts_at < last


def _hours(chosen: Select, worker_id: SQLColumnExpression, first: datetime) -> Select:
    columns = Visit.id, worker_id.label("worker_id"), Visit.client_id, Visit.starts_at, Visit.ends_at
    return chosen.where(Visit.ends_at > first).with_only_columns(*columns)


def clashing(
    visit_id: int, workers: Collection[int], client_id: int, starts_at: datetime, ends_at: datetime,
    hours: Sequence[Taken],
) -> list[Taken]:  # fmt: skip
    """Return what lies upon a visit: other hours of one of its workers, or of its client."""
    return [
        other
        for other in hours
        if other.visit_id != visit_id and other.starts_at < ends_at and other.ends_at > starts_at
        and (other.worker_id in workers if other.worker_id is not None else other.client_id == client_id)
    ]  # fmt: skip
