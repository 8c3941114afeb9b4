"""The deeds of planning: visits planned week after week, moved, given other tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.orm.exc import StaleDataError

from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db
from portal.links import new_public_id
from portal.people.models import Client, Service, Worker
from portal.visits.actions import facts_of, moments_of, plan_visit
from portal.visits.models import State, Visit, VisitTask, VisitWorker

MOVABLE = (State.DRAFT, State.PLANNED)


@dataclass(frozen=True)
class Wish:
    """What one or several visits are to be: of one, whenever it takes place.

    Attributes:
        service: what for.
        workers: who is sent; the first one's name stands first.
        start: wall clock.
        minutes: how long.
    """

    service: Service
    workers: Sequence[Worker]
    start: time
    minutes: int
    draft: bool = False
    mission_order: str | None = None
    tasks: Sequence[str] = ()


def days_of_series(first: date, until: date | None) -> list[date]:
    """The day itself, and the same day of each week up to another."""
    weeks = (until - first).days // 7 if until else 0
    return [first + timedelta(weeks=number) for number in range(weeks + 1)]


def plan_series(actor: Actor, client: Client, wish: Wish, days: Sequence[date]) -> list[Visit]:
    """Plan the same visit on each of these days, at the same hour of the wall clock; several are a series."""
    series = new_public_id() if len(days) > 1 else None
    return [
        plan_visit(
            actor, client, wish.service, wish.workers, datetime.combine(day, wish.start), wish.minutes,
            draft=wish.draft, mission_order=wish.mission_order, tasks=wish.tasks, series=series,
        )
        for day in days
    ]  # fmt: skip


def following(visit: Visit) -> list[Visit]:
    """Return the visits of the same series that come after this one and can still be moved."""
    if not visit.series:
        return []
    later = select(Visit).where(
        Visit.series == visit.series, Visit.starts_at > visit.starts_at, Visit.state.in_(MOVABLE)
    )
    return list(db.session.scalars(later.order_by(Visit.starts_at)))


def new_start(visit: Visit, moved: Visit, start: datetime) -> datetime:
    """When a visit is to begin if another one of its series is moved to `start`: as many days off, at the same hour."""
    off = start.date() - moved.local_start.date()
    return datetime.combine(visit.local_start.date() + off, start.time())


def move_visit(
    actor: Actor, visit: Visit, version: int, start: datetime, minutes: int, workers: Sequence[Worker],
    others: Sequence[Visit] = (),
) -> None:  # fmt: skip
    """Give a visit another time or other workers, and those that follow in its series the same.

    Args:
        actor: who says so.
        visit: one that is a draft or to be done.
        version: what the person has seen; not the present one: somebody was faster.
        start: wall clock of the agency's zone, without zone.
        minutes: how long.
        workers: who is sent.
        others: later ones of the series that are moved with it.

    Raises:
        StaleDataError: the visit was changed after it was read.
        Refused: it is done or cancelled.
    """
    if visit.version != version:
        raise StaleDataError(visit.id)
    if visit.state not in MOVABLE:
        raise Refused(_l("Only a visit that is to be done can be moved."), "state")
    for one in reversed([visit, *others]):  # the first one last: the others' days are counted from where it was
        before = facts_of(one)
        one.local_start = new_start(one, visit, start)
        one.starts_at, one.ends_at = moments_of(one.local_start, minutes)
        _send(one, workers)
        _count_as_changed(one)
        db.session.flush()
        if facts_of(one) != before:
            record("visit.moved", actor, ("visit", one.id), before=before, after=facts_of(one))


def _send(visit: Visit, workers: Sequence[Worker]) -> None:
    """Send these workers to a visit, in this order."""
    there = {sent.worker_id: sent for sent in visit.sent}
    visit.sent = [there.get(worker.id) or VisitWorker(worker=worker, worker_id=worker.id) for worker in workers]
    for number, sent in enumerate(visit.sent):
        sent.position = number


def _count_as_changed(visit: Visit) -> None:
    """Give the visit its next version, though only its workers or tasks are others: a second editor must be told."""
    flag_modified(visit, "zone")


def change_tasks(actor: Actor, visit: Visit, version: int, labels: Sequence[str]) -> None:
    """Write the tasks of a visit anew.

    Raises:
        StaleDataError: the visit was changed after it was read.
        Refused: it is cancelled.
    """
    if visit.version != version:
        raise StaleDataError(visit.id)
    if visit.state == State.CANCELLED:
        raise Refused(_l("This visit is cancelled: nothing is left to be done."), "state")
    if [task.label for task in visit.tasks] == list(labels):
        return
    before = len(visit.tasks)
    visit.tasks = [VisitTask(label=label, position=number) for number, label in enumerate(labels)]
    _count_as_changed(visit)
    db.session.flush()
    record("visit.tasks_changed", actor, ("visit", visit.id), before={"tasks": before}, after={"tasks": len(labels)})
