"""What speaks against a plan, in words that are shown before it is saved: nobody is stopped, everybody is told."""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.models import User
from portal.extensions import db
from portal.i18n import local, span, time_of_day, zone
from portal.people.models import Absence, Availability, Client, Worker
from portal.visits.actions import moments_of
from portal.visits.changes import Move
from portal.visits.conflicts import LONGEST, Taken, clashing, taken
from portal.visits.models import State, Visit
from portal.visits.planning import ABSENCES, DAY, hours_of, minutes_of
from portal.visits.queries import VisitRow, reader, rows, visible_visits


@dataclass(frozen=True)
class Planned:
    """When one visit is to be, and what speaks against it."""

    start: datetime  # wall clock
    sentences: list[str]

    @property
    def day(self) -> date:
        return self.start.date()


@dataclass(frozen=True)
class Plan:
    """Who is to go to whom, and when.

    Attributes:
        starts: wall clock of the agency's zone, without zone.
        minutes: how long each time.
        moved: visits that are there already and are to be put elsewhere: they are in nobody's way.
    """

    client: Client
    workers: Sequence[Worker]
    starts: Sequence[datetime]
    minutes: int
    moved: Collection[int] = ()


def objections(user: User, plan: Plan) -> list[Planned]:
    """Say for each time what speaks against it. Of visits that this person may not see, only the hours are told."""
    moments = [moments_of(start, plan.minutes) for start in plan.starts]
    first, last = min(begins for begins, _ends in moments), max(ends for _begins, ends in moments)
    ids = [worker.id for worker in plan.workers]
    hours = [one for one in taken(ids, [plan.client.id], first - LONGEST, last) if one.visit_id not in plan.moved]
    upon = [clashing(0, ids, plan.client.id, begins, ends, hours) for begins, ends in moments]
    seen = _rows(user, {other.visit_id for others in upon for other in others})
    free = _free_time(plan.workers, plan.starts)
    return [
        Planned(
            start, [*_clock_words(start, plan.minutes), *_taken_words(plan, others, seen), *free(start, plan.minutes)]
        )
        for start, others in zip(plan.starts, upon, strict=True)
    ]


def objections_to(user: User, moves: Sequence[Move]) -> list[Planned]:
    """Say of each visit that is to be put elsewhere what speaks against it: it and the others are in nobody's way.

    Those of the same workers and length are looked at together, so that a series costs no more than one visit.
    """
    ids = {move.visit.id for move in moves}
    alike: dict[tuple[tuple[int, ...], int], list[Move]] = {}
    for move in moves:
        alike.setdefault((tuple(worker.id for worker in move.workers), move.minutes), []).append(move)
    said: dict[int, Planned] = {}
    for (_workers, minutes), some in alike.items():
        plan = Plan(some[0].visit.client, some[0].workers, [move.start for move in some], minutes, ids)
        said |= {move.visit.id: one for move, one in zip(some, objections(user, plan), strict=True)}
    return [said[move.visit.id] for move in moves]


def seal_of(planned: Sequence[Planned]) -> str:
    """A print of what was shown: whoever says "save anyway" means just this."""
    said = [[one.start.isoformat(), one.sentences] for one in planned]
    return sha256(json.dumps(said).encode()).hexdigest()[:20]


def _rows(user: User, ids: Collection[int]) -> dict[int, VisitRow]:
    if not ids:
        return {}
    read = reader(user)
    return {row.id: read(row) for row in db.session.execute(rows(visible_visits(user).where(Visit.id.in_(ids))))}


def _taken_words(plan: Plan, others: Sequence[Taken], seen: dict[int, VisitRow]) -> list[str]:
    names, said = {worker.id: worker.name for worker in plan.workers}, []
    for other in others:
        row, when = seen.get(other.visit_id), span(other.starts_at, other.ends_at)
        if other.worker_id is None and row:
            said.append(_("%(client)s already has “%(service)s”, %(when)s.", client=row.client, service=row.service,
                          when=when))  # fmt: skip
        elif other.worker_id is None:
            said.append(_("%(client)s already has a visit, %(when)s.", client=plan.client.name, when=when))
        elif row:
            said.append(_("%(worker)s is at %(client)s’s, %(when)s.", worker=names[other.worker_id], client=row.client,
                          when=when))  # fmt: skip
        elif other.state != State.DRAFT:
            said.append(_("%(worker)s is taken in another sector, %(when)s.", worker=names[other.worker_id], when=when))
    return said


def _clock_words(start: datetime, minutes: int) -> list[str]:
    """What the two nights in which the clocks change make of an hour, or of a visit's end: its length counts."""
    moment, end = moments_of(start, minutes)
    if local(moment).replace(tzinfo=None) != start:
        return [_("This hour does not exist that night: the visit would begin at %(time)s.", time=time_of_day(moment))]
    if start.replace(tzinfo=zone(), fold=1).astimezone(UTC) != moment:
        return [_("This hour comes twice that night: the first one is meant.")]
    if local(end).replace(tzinfo=None) != start + timedelta(minutes=minutes):
        return [_("The clocks change during this visit: it would end at %(time)s.", time=time_of_day(end))]
    return []


def _free_time(workers: Sequence[Worker], starts: Sequence[datetime]) -> Callable[[datetime, int], list[str]]:
    """Return what tells of a time which of the workers is absent, not available then, or gone."""
    ids = [worker.id for worker in workers]
    days = [start.date() for start in starts]
    away = select(Absence).where(
        Absence.worker_id.in_(ids), Absence.first_day <= max(days) + timedelta(days=1), Absence.last_day >= min(days)
    )
    absences = db.session.scalars(away).all() if ids else []
    known = db.session.scalars(select(Availability).where(Availability.worker_id.in_(ids))).all() if ids else []

    def tell(start: datetime, minutes: int) -> list[str]:
        said = []
        for worker in workers:
            if not worker.active:
                said.append(_("%(worker)s is no longer active.", worker=worker.name))
            last = (start + timedelta(minutes=minutes - 1)).date()
            gone = [one for one in absences if one.worker_id == worker.id
                    and one.first_day <= last and one.last_day >= start.date()]  # fmt: skip
            if gone:
                said.append(_("%(worker)s is absent: %(reason)s.", worker=worker.name,
                              reason=str(ABSENCES[gone[0].reason])))  # fmt: skip
            elif not _is_free([one for one in known if one.worker_id == worker.id], start, minutes):
                said.append(_("%(worker)s is not available at these hours.", worker=worker.name))
        return said

    return tell


def _is_free(known: Sequence[Availability], start: datetime, minutes: int) -> bool:
    """Whether all of a visit lies in hours at which a worker can be sent out; of whom none are known, always."""
    if not known:
        return True
    reached = start.weekday() * DAY + minutes_of(start)
    end = reached + minutes
    spans = [
        (one.weekday + week, *hours_of(one)) for one in known for week in (0, 7)
    ]  # a Sunday's night ends on Monday
    for weekday, begins, ends in sorted(spans):
        if weekday * DAY + begins <= reached < weekday * DAY + ends:
            reached = weekday * DAY + ends
    return reached >= end
