"""Periods that people choose by name, and the days they come to."""

import calendar
from datetime import date, timedelta

from flask_babel import lazy_gettext as _l

PERIODS = {
    "this_week": _l("This week"),
    "last_week": _l("Last week"),
    "last_7_days": _l("Last 7 days"),
    "this_month": _l("This month"),
    "last_month": _l("Last month"),
    "last_30_days": _l("Last 30 days"),
    "this_quarter": _l("This quarter"),
    "last_quarter": _l("Last quarter"),
    "last_3_months": _l("Last 3 months"),
    "last_90_days": _l("Last 90 days"),
    "this_year": _l("This year"),
    "last_year": _l("Last year"),
    "last_12_months": _l("Last 12 months"),
    "all": _l("All periods"),
    "free": _l("From … to …"),
}
USUAL = (
    "this_week", "last_7_days", "this_month", "last_month", "last_3_months", "this_year", "last_12_months", "free",
)  # fmt: skip
_MONTHS = {"this_month": 1, "last_month": 1, "this_quarter": 3, "last_quarter": 3, "this_year": 12, "last_year": 12}
ALL = date(1900, 1, 1), date(2199, 12, 31)
LONGEST = 36  # months of one period; one chart has those that it may touch


def days_of(period: str, today: date) -> tuple[date, date]:
    """First and last day of a period that has a name; both belong to it.

    Raises:
        KeyError: it is not one of `PERIODS`, or the free one.
    """
    day, monday, first = timedelta(days=1), today - timedelta(days=today.weekday()), today.replace(day=1)
    quarter, year = date(today.year, today.month - (today.month - 1) % 3, 1), date(today.year, 1, 1)
    return {
        "this_week": (monday, monday + 6 * day),
        "last_week": (monday - 7 * day, monday - day),
        "last_7_days": (today - 6 * day, today),
        "this_month": (first, months_later(first, 1) - day),
        "last_month": (months_later(first, -1), first - day),
        "last_30_days": (today - 29 * day, today),
        "this_quarter": (quarter, months_later(quarter, 3) - day),
        "last_quarter": (months_later(quarter, -3), quarter - day),
        "last_3_months": (months_later(today, -3) + day, today),
        "last_90_days": (today - 89 * day, today),
        "this_year": (year, date(today.year, 12, 31)),
        "last_year": (months_later(year, -12), year - day),
        "last_12_months": (months_later(today, -12) + day, today),
        "all": ALL,
    }[period]


def days_before(period: str, first: date, last: date) -> tuple[date, date]:
    """The days that a period is compared with: the month, quarter or year before, where its name says such a one; else
    as many days, up to the one on which it begins."""
    ends = first - timedelta(days=1)
    if months := _MONTHS.get(period):
        return months_later(first, -months), ends
    return first - (last - ends), ends


def months_until(first: date, last: date) -> list[date]:
    """The first days of the months from that of one day until that of another: the latest ones, if they are many."""
    length = (last.year - first.year) * 12 + last.month - first.month + 1
    return [months_later(last.replace(day=1), -back) for back in reversed(range(min(length, LONGEST + 1)))]


def months_later(day: date, months: int) -> date:
    """The same day of another month, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
