"""*Ouvrir l'intervention*: all that the staff's page of one visit says by itself, read in one statement."""

from dataclasses import dataclass
from functools import cache

from flask import g
from sqlalchemy import ScalarSelect, Select, String, case, cast, func, literal, select
from sqlalchemy.orm import contains_eager

from portal.accounts.models import User
from portal.extensions import db
from portal.people.models import Client, Worker
from portal.people.queries import visible_clients, visible_workers
from portal.visits.models import Visit, VisitTask, VisitWorker
from portal.visits.queries import VisitRow, one_row, reader


@dataclass(frozen=True)
class Sent:
    """A worker who is sent to a visit; the number is there when this person may open the worker's record."""

    name: str
    worker_id: int | None


@dataclass(frozen=True)
class Window:
    """A visit and what belongs to it.

    Attributes:
        visit: its client is loaded.
        row: the same as a line of a list.
        opens_client: whether this person may open the client's record: a visit stays where it was when a file moves on.
    """

    visit: Visit
    row: VisitRow
    sent: list[Sent]
    tasks: list[str]
    opens_client: bool


def window_of(user: User, visit_id: int) -> Window | None:
    """Return a visit that this person may see."""
    found = db.session.execute(_statement(user.kind), {**user.numbers, "visit_id": visit_id}).one_or_none()
    if found is None:
        return None
    row = reader(user)(found)
    g.setdefault("visit_rows", {})[visit_id] = row  # for those parts of the page that higher features make
    numbers = [int(number) for number in (found.worker_ids or "").split()]
    sent = [Sent(name, number or None) for name, number in zip(row.workers, numbers, strict=True)]
    return Window(found.Visit, row, sent, found.tasks.split("\n") if found.tasks else [], bool(found.opens_client))


@cache
def _statement(kind: User) -> Select:
    clients = visible_clients(kind).with_only_columns(Client.id)
    return (
        one_row(kind)
        .add_columns(
            Visit, Visit.client_id.in_(clients).label("opens_client"), _workers(kind).label("worker_ids"),
            _tasks().label("tasks"),
        )
        .options(contains_eager(Visit.client))
    )  # fmt: skip


def _workers(kind: User) -> ScalarSelect:
    """Numbers of those who are sent, in their order; 0 stands for one whose record is not open to this person."""
    seen = visible_workers(kind).with_only_columns(Worker.id)
    number = case((VisitWorker.worker_id.in_(seen), VisitWorker.worker_id), else_=literal(0))
    sent = select(cast(number, String).label("number")).where(VisitWorker.visit_id == Visit.id)
    listed = sent.order_by(VisitWorker.position).correlate(Visit).subquery("numbered")
    return select(func.aggregate_strings(listed.c.number, " ")).scalar_subquery()


def _tasks() -> ScalarSelect:
    listed = select(VisitTask.label).where(VisitTask.visit_id == Visit.id).order_by(VisitTask.position)
    named = listed.correlate(Visit).subquery("task_labels")
    return select(func.aggregate_strings(named.c.label, "\n")).scalar_subquery()
