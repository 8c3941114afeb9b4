"""When a reminder comes back: by the wall clock of the agency, counted from where its series begins."""

from calendar import monthrange
from datetime import UTC, datetime, timedelta

from portal.i18n import local, zone
from portal.notes.models import Repeat

MONTHS = {Repeat.MONTHLY: 1, Repeat.QUARTERLY: 3, Repeat.YEARLY: 12}
WEEK = timedelta(days=7)


def moment_of(wall: datetime) -> datetime:
    """The moment at which the agency's clock shows this. Of an hour that comes twice the first one; for one that is
    left out, as much later as the clock is put on."""
    return wall.replace(tzinfo=zone()).astimezone(UTC)


def wall_of(moment: datetime) -> datetime:
    """What the agency's clock shows at a moment."""
    return local(moment).replace(tzinfo=None)


def next_moment(first: datetime, repeats: str, after: datetime) -> datetime:
    """The first moment of a series that lies after another moment.

    Args:
        first: wall clock at which the series begins. One of the 31st is on the last day of shorter months, and on the
            31st again where there is one; one of nine stays at nine when the clocks change.
        repeats: a value of `Repeat` other than never.
    """
    steps = _steps_until(first, repeats, wall_of(after))
    while (moment := moment_of(_step(first, repeats, steps))) <= after:
        steps += 1
    return moment


def _steps_until(first: datetime, repeats: str, day: datetime) -> int:
    """A number of steps that does not lead past a day: nobody counts the weeks of ten years one by one."""
    if repeats == Repeat.WEEKLY:
        return max(0, (day - first) // WEEK - 1)
    months = (day.year - first.year) * 12 + day.month - first.month
    return max(0, months // MONTHS[Repeat(repeats)] - 1)


def _step(first: datetime, repeats: str, steps: int) -> datetime:
    if repeats == Repeat.WEEKLY:
        return first + steps * WEEK
    years, month = divmod(first.month - 1 + steps * MONTHS[Repeat(repeats)], 12)
    year, month = first.year + years, month + 1
    return first.replace(year=year, month=month, day=min(first.day, monthrange(year, month)[1]))
