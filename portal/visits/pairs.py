"""Who comes to whom: the workers of a client, the clients of a worker, each with the last visit and the next."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, Subquery, case, func, select

from portal import clock
from portal.accounts.models import User
from portal.people.models import Client, Worker
from portal.people.queries import visible_clients, visible_workers
from portal.tables.queries import Page, read_page
from portal.visits.models import State, Visit, VisitWorker
from portal.visits.queries import VisitRow, rows_by_id, visible_visits


@dataclass(frozen=True)
class Pair:
    """One line: somebody who came or is to come, seen from the record of the other.

    Attributes:
        id, name, active: of the person on the other side.
        can_open: whether the reader may open that person's record.
        visits: how many are over.
        last, next: the newest of those; the one in progress, else the first to come.
    """

    id: int
    name: str
    active: bool
    can_open: bool
    visits: int
    last: VisitRow | None
    next: VisitRow | None


def workers_of(user: User, client_id: int) -> Page[Pair]:
    """Return who comes to a client, latest visits first; those that the reader may not see do not count."""
    seen = visible_visits(user).where(Visit.client_id == client_id).join(VisitWorker)
    return _pairs(user, seen, Worker, VisitWorker.worker_id, visible_workers(user))


def clients_of(user: User, worker_id: int) -> Page[Pair]:
    """Return whom a worker comes to, likewise."""
    seen = visible_visits(user).join(VisitWorker).where(VisitWorker.worker_id == worker_id)
    return _pairs(user, seen, Client, Visit.client_id, visible_clients(user))


def _pairs(user: User, seen: Select, kind: Any, other: Any, perimeter: Select) -> Page[Pair]:
    pairs = _summed(seen.where(Visit.state.in_((State.PLANNED, State.DONE))), other)
    listed = (
        select(pairs, kind.first_name, kind.last_name, kind.active, kind.id.in_(
            perimeter.with_only_columns(kind.id)).label("can_open"))
        .join(kind, kind.id == pairs.c.other)
        .order_by(pairs.c.last_at.is_(None), pairs.c.last_at.desc(), kind.last_name, kind.id)
    )  # fmt: skip
    page = read_page(listed, lambda row: row)
    shown = rows_by_id(user, [number for row in page.rows for number in (row.last_id, row.next_id) if number])
    return Page([_pair(row, shown) for row in page.rows], page.number, page.has_next, page.total, page.more)


def _summed(seen: Select, other: Any) -> Subquery:
    """One line for each person on the other side: how many visits, which was the last, which is the next."""
    over = case((Visit.state == State.DONE, 1), (Visit.ends_at <= clock.now(), 1), else_=0)
    newest, soonest = (Visit.starts_at.desc(), Visit.id.desc()), (Visit.starts_at, Visit.id)
    each = seen.with_only_columns(
        other.label("other"), Visit.id, Visit.starts_at, over.label("over"),
        func.row_number().over(partition_by=(other, over), order_by=newest).label("from_newest"),
        func.row_number().over(partition_by=(other, over), order_by=soonest).label("from_soonest"),
    ).subquery()  # fmt: skip
    was, is_last = each.c.over == 1, each.c.from_newest == 1
    return (
        select(
            each.c.other,
            func.sum(each.c.over).label("visits"),
            func.max(case((was, each.c.starts_at))).label("last_at"),
            func.max(case((was & is_last, each.c.id))).label("last_id"),
            func.max(case((~was & (each.c.from_soonest == 1), each.c.id))).label("next_id"),
        )
        .group_by(each.c.other)
        .subquery()
    )


def _pair(row: Row, shown: dict[int, VisitRow]) -> Pair:
    return Pair(
        id=row.other, name=f"{row.first_name} {row.last_name}".strip(), active=row.active, can_open=bool(row.can_open),
        visits=row.visits, last=shown.get(row.last_id), next=shown.get(row.next_id),
    )  # fmt: skip
