"""When workers can be sent out: their hours of the week, and the days on which they are away."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time

from sqlalchemy import select

from portal.extensions import db
from portal.people.models import Absence, Availability

DAY = 24 * 60  # minutes


def minutes_of(moment: datetime | time) -> int:
    return moment.hour * 60 + moment.minute


def hours_of(free: Availability) -> tuple[int, int]:
    """The minutes of a day at which a worker can be sent out; the last one that can be typed means midnight."""
    ends = minutes_of(free.ends)
    return minutes_of(free.begins), DAY if ends == DAY - 1 else ends


def absences_of(workers: Collection[int], first: date, last: date) -> Sequence[Absence]:
    """Return the absences of these workers that touch some days, the last one included."""
    if not workers:
        return []
    away = select(Absence).where(Absence.worker_id.in_(workers), Absence.first_day <= last, Absence.last_day >= first)
    return db.session.scalars(away.order_by(Absence.first_day)).all()


def rest_of_day(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what these minutes leave of a day."""
    left, reached = [], 0
    for begins, ends in sorted(spans):
        if begins > reached:
            left.append((reached, begins))
        reached = max(reached, ends)
    return [*left, (reached, DAY)] if reached < DAY else left
