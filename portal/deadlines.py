"""Until when something is to be done: working days, hours that count, months of the calendar."""

import calendar
from datetime import UTC, date, datetime, timedelta

from portal.holidays import is_holiday
from portal.i18n import local, start_of_day
from portal.settings.queries import option

A_DAY = timedelta(days=1)
SATURDAY, SUNDAY = 5, 6


def is_working_day(day: date) -> bool:
    """Whether offices are open: neither a Saturday nor a Sunday nor a public holiday of the agency's country."""
    return day.weekday() < SATURDAY and not is_holiday(option("agency.country"), day)


def working_days_after(day: date, number: int) -> date:
    """Return the last day of a delay in working days. The day on which it begins does not count.

    Args:
        number: of days, one at least.
    """
    while number > 0:
        day += A_DAY
        number -= is_working_day(day)
    return day


def hours_after(moment: datetime, hours: float, *, skip_days_off: bool = False) -> datetime:
    """Return when so many hours have passed, whatever the clocks do meanwhile.

    Args:
        skip_days_off: count no hour of a Sunday or a public holiday, midnight to midnight in the agency's zone.
    """
    left, here = timedelta(hours=hours), moment.astimezone(UTC)
    while skip_days_off:
        day = local(here).date()
        midnight = start_of_day(day + A_DAY).astimezone(UTC)
        counts = day.weekday() != SUNDAY and not is_holiday(option("agency.country"), day)
        if counts and here + left <= midnight:
            break
        left -= midnight - here if counts else timedelta(0)
        here = midnight
    return here + left


def months_after(moment: datetime, months: int) -> datetime:
    """Return the same hour of the agency's clocks so many months later, on the last day of a month that is shorter. An
    hour that the clocks skip that night is the one that they show instead."""
    here = local(moment)
    years, month = divmod(here.month - 1 + months, 12)
    year, month = here.year + years, month + 1
    day = min(here.day, calendar.monthrange(year, month)[1])
    return here.replace(year=year, month=month, day=day, fold=0).astimezone(UTC)
