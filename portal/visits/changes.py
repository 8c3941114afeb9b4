"""The deeds of planning: visits planned week after week, moved, given other tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.attributes import flag_modified
from sqlalchemy.orm.exc import StaleDataError

from portal.accounts.models import User
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db
from portal.links import new_public_id
from portal.people.models import Client, Service, Worker
from portal.visits.actions import facts_of, moments_of, plan_visit
from portal.visits.models import OPEN, State, Visit, VisitTask, VisitWorker
from portal.visits.queries import visible_visits


@dataclass(frozen=True)
class Going:
    """Who is to go to a client, and when.

    Attributes:
        start: wall clock of the agency's zone, without zone.
        minutes: how long.
        workers: who is sent; the first one's name stands first.
    """

    start: datetime
    minutes: int
    workers: Sequence[Worker]


def days_of_series(first: date, until: date | None) -> list[date]:
    """The day itself, and the same day of each week up to another."""
    weeks = (until - first).days // 7 if until else 0
    return [first + timedelta(weeks=number) for number in range(weeks + 1)]


def plan_series(
    actor: Actor, client: Client, service: Service, goings: Sequence[Going], **alike: Any
) -> list[Visit]:  # fmt: skip
    """Plan visits of a client; several are a series. `alike` is what all have in common, as `plan_visit` takes it."""
    series = new_public_id() if len(goings) > 1 else None
    return [
        plan_visit(actor, client, service, going.workers, going.start, going.minutes, series=series, **alike)
        for going in goings
    ]


def following(user: User, visit: Visit) -> list[Visit]:
    """Return the visits of the same series that come after this one, are open and are this person's to change:
    those of a client who has moved on are another sector's."""
    if not visit.series:
        return []
    later = visible_visits(user).where(
        Visit.series == visit.series, Visit.starts_at > visit.starts_at, Visit.state.in_(OPEN)
    )
    return list(db.session.scalars(later.options(selectinload(Visit.sent)).order_by(Visit.starts_at)))


@dataclass(frozen=True)
class Move(Going):
    """What a visit that is there is to be."""

    visit: Visit


def length_of(visit: Visit) -> int:
    """Minutes from beginning to end."""
    return round((visit.ends_at - visit.starts_at).total_seconds() / 60)


def moves_of(
    visit: Visit, start: datetime, minutes: int, chosen: Sequence[Worker], others: Sequence[Visit] = ()
) -> list[Move]:
    """Return what a visit is to be, then those that follow in its series: they take over only what changes on it.

    Args:
        visit: the one whose form was filled in.
        start: its new wall clock.
        minutes: its new length.
        chosen: who is sent in place of its first two workers.
        others: those that are moved with it. What was changed on their single days stays.
    """
    off, former = start.date() - visit.local_start.date(), visit.workers[:2]
    hour = start.time() if start.time() != visit.local_start.time() else None
    length = minutes if minutes != length_of(visit) else None
    first = Move(start, minutes, list(dict.fromkeys([*chosen, *visit.workers[2:]])), visit)
    return [first] + [
        Move(
            datetime.combine(one.local_start.date() + off, hour or one.local_start.time()),
            length or length_of(one), _replaced(one.workers, former, chosen), one,
        )
        for one in others
    ]  # fmt: skip


def _replaced(there: Sequence[Worker], former: Sequence[Worker], chosen: Sequence[Worker]) -> list[Worker]:
    """Who goes to another visit of a series in which the chosen ones take the place of the former."""
    if list(former) == list(chosen):
        return list(there)
    if there[:2] == former:
        return list(dict.fromkeys([*chosen, *there[2:]]))
    if not former:  # somebody was found for that day alone
        return list(there)
    gone, new = [one for one in former if one not in chosen], [one for one in chosen if one not in former]
    instead = dict(zip(gone, new, strict=False))
    kept = [instead.get(one, one) for one in there if one not in gone or one in instead]
    return list(dict.fromkeys([*kept, *new[len(gone) :]]))


def move_visits(actor: Actor, version: int, moves: Sequence[Move]) -> None:
    """Give visits another time or other workers.

    Args:
        actor: who says so.
        version: what the person has seen of the first one; not the present one: somebody was faster.
        moves: what they are to be.

    Raises:
        StaleDataError: the first visit was changed after it was read.
        Refused: the first one is done or cancelled.
    """
    visit = moves[0].visit
    if visit.version != version:
        raise StaleDataError(visit.id)
    if visit.state not in OPEN:
        raise Refused(_l("Only a visit that is to be done can be moved."), "state")
    for move in moves:
        before = facts_of(move.visit)
        move.visit.local_start = move.start
        move.visit.starts_at, move.visit.ends_at = moments_of(move.start, move.minutes)
        _send(move.visit, move.workers)
        if facts_of(move.visit) == before:
            continue
        _count_as_changed(move.visit)
        db.session.flush()
        record("visit.moved", actor, ("visit", move.visit.id), before=before, after=facts_of(move.visit))


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
        Refused: it was changed after it was read, or is cancelled.
    """
    if visit.version != version:
        raise Refused(_l("Somebody changed this visit in the meantime. Its tasks now are:"), "stale")
    if visit.state == State.CANCELLED:
        raise Refused(_l("This visit is cancelled: nothing is left to be done."), "state")
    if [task.label for task in visit.tasks] == list(labels):
        return
    before = len(visit.tasks)
    visit.tasks = [VisitTask(label=label, position=number) for number, label in enumerate(labels)]
    _count_as_changed(visit)
    db.session.flush()
    record("visit.tasks_changed", actor, ("visit", visit.id), before={"tasks": before}, after={"tasks": len(labels)})
