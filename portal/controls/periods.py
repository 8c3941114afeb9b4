"""Periods that people choose by name, and the days they come to."""

import calendar
from datetime import date, timedelta

from flask_babel import lazy_gettext as _l

PERIODS = {
    "this_week": _l("This week"),
    "last_7_days": _l("Last 7 days"),
    "this_month": _l("This month"),
    "last_month": _l("Last month"),
    "last_3_months": _l("Last 3 months"),
    "this_year": _l("This year"),
    "last_12_months": _l("Last 12 months"),
    "all": _l("All periods"),
    "free": _l("From … to …"),
}
ALL = date(1900, 1, 1), date(2199, 12, 31)
LONGEST = 36  # months of one period; one chart has those that it may touch


def days_of(period: str, today: date) -> tuple[date, date]:
    """First and last day of a period that has a name; both belong to it.

    Raises:
        KeyError: it is not one of `PERIODS`, or the free one.
    """
    monday, first = today - timedelta(days=today.weekday()), today.replace(day=1)
    return {
        "this_week": (monday, monday + timedelta(days=6)),
        "last_7_days": (today - timedelta(days=6), today),
        "this_month": (first, months_later(first, 1) - timedelta(days=1)),
        "last_month": (months_later(first, -1), first - timedelta(days=1)),
        "last_3_months": (months_later(today, -3) + timedelta(days=1), today),
        "this_year": (date(today.year, 1, 1), date(today.year, 12, 31)),
        "last_12_months": (months_later(today, -12) + timedelta(days=1), today),
        "all": ALL,
    }[period]


def months_until(first: date, last: date) -> list[date]:
    """The first days of the months from that of one day until that of another: the latest ones, if they are many."""
    length = (last.year - first.year) * 12 + last.month - first.month + 1
    return [months_later(last.replace(day=1), -back) for back in reversed(range(min(length, LONGEST + 1)))]


def months_later(day: date, months: int) -> date:
    """The same day of another month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
