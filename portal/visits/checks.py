"""What speaks against a plan, in words that are shown before it is saved: nobody is stopped, everybody is told."""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256

from flask_babel import gettext as _
from sqlalchemy import select

from portal.accounts.models import User
from portal.extensions import db
from portal.i18n import local, span, time_of_day, zone
from portal.people.availability import REASONS
from portal.people.models import Availability, Client
from portal.visits.actions import moments_of
from portal.visits.changes import Going
from portal.visits.conflicts import Taken, clashing, taken
from portal.visits.presence import DAY, absences_of, hours_of, minutes_of
from portal.visits.queries import VisitRow, rows_by_id


@dataclass(frozen=True)
class Planned:
    """When one visit is to be, and what speaks against it."""

    start: datetime  # wall clock
    sentences: list[str]

    @property
    def day(self) -> date:
        return self.start.date()


def objections(
    user: User, client: Client, goings: Sequence[Going], moved: Collection[int] = ()
) -> list[Planned]:  # fmt: skip
    """Say for each time what speaks against it. Of visits that this person may not see, only the hours are told.

    Args:
        user: who plans.
        client: whom all of them go to.
        goings: who is to go, and when.
        moved: numbers of the visits that are put elsewhere: they are in nobody's way.
    """
    moments = [moments_of(going.start, going.minutes) for going in goings]
    first, last = min(begins for begins, _ends in moments), max(ends for _begins, ends in moments)
    workers = {worker.id for going in goings for worker in going.workers}
    hours = [one for one in taken(user, workers, [client.id], first, last) if one.visit_id not in moved]
    upon = [
        clashing(0, [worker.id for worker in going.workers], client.id, begins, ends, hours)
        for going, (begins, ends) in zip(goings, moments, strict=True)
    ]
    seen = rows_by_id(user, {other.visit_id for others in upon for other in others})
    free = _free_time(workers, goings)
    return [
        Planned(going.start, [*_clock_words(going), *_taken_words(client, going, others, seen), *free(going)])
        for going, others in zip(goings, upon, strict=True)
    ]


def seal_of(planned: Sequence[Planned]) -> str:
    """A print of what was shown: whoever says "save anyway" means just this."""
    said = [[one.start.isoformat(), one.sentences] for one in planned]
    return sha256(json.dumps(said).encode()).hexdigest()[:20]


def _taken_words(
    client: Client, going: Going, others: Sequence[Taken], seen: Mapping[int, VisitRow]
) -> list[str]:  # fmt: skip
    names, said = {worker.id: worker.name for worker in going.workers}, []
    for other in others:
        row, when = seen.get(other.visit_id), span(other.starts_at, other.ends_at)
        if other.worker_id is None and row:
            said.append(_("%(client)s already has “%(service)s”, %(when)s.", client=row.client, service=row.service,
                          when=when))  # fmt: skip
        elif other.worker_id is None:
            said.append(_("%(client)s already has a visit, %(when)s.", client=client.name, when=when))
        elif row:
            said.append(_("%(worker)s is at %(client)s’s, %(when)s.", worker=names[other.worker_id], client=row.client,
                          when=when))  # fmt: skip
        else:
            said.append(_("%(worker)s is taken in another sector, %(when)s.", worker=names[other.worker_id], when=when))
    return said


def _clock_words(going: Going) -> list[str]:
    """What the two nights in which the clocks change make of an hour, or of a visit's end: its length counts."""
    start = going.start
    moment, end = moments_of(start, going.minutes)
    if local(moment).replace(tzinfo=None) != start:
        return [_("This hour does not exist that night: the visit would begin at %(time)s.", time=time_of_day(moment))]
    if start.replace(tzinfo=zone(), fold=1).astimezone(UTC) != moment:
        return [_("This hour comes twice that night: the first one is meant.")]
    if local(end).replace(tzinfo=None) != start + timedelta(minutes=going.minutes):
        return [_("The clocks change during this visit: it would end at %(time)s.", time=time_of_day(end))]
    return []


def _free_time(ids: Collection[int], goings: Sequence[Going]) -> Callable[[Going], list[str]]:
    """Return what tells of a time which of its workers, who have these numbers, is absent, not available then, or
    gone."""
    days = [going.start.date() for going in goings]
    absences = absences_of(ids, min(days), max(days) + timedelta(days=1))
    known = db.session.scalars(select(Availability).where(Availability.worker_id.in_(ids))).all() if ids else []

    def tell(going: Going) -> list[str]:
        said, start = [], going.start
        last = (start + timedelta(minutes=going.minutes - 1)).date()
        for worker in going.workers:
            if not worker.active:
                said.append(_("%(worker)s is no longer active.", worker=worker.name))
            gone = [one for one in absences if one.worker_id == worker.id
                    and one.first_day <= last and one.last_day >= start.date()]  # fmt: skip
            if gone:
                said.append(_("%(worker)s is absent: %(reason)s.", worker=worker.name,
                              reason=str(REASONS[gone[0].reason])))  # fmt: skip
            elif not _is_free([one for one in known if one.worker_id == worker.id], start, going.minutes):
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
