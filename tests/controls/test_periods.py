"""Periods by name come to the days that their names say."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.controls.periods import LONGEST, PERIODS, days_before, days_of, months_later, months_until


@pytest.mark.parametrize(("period", "first", "last"), [
    ("this_week", "2026-03-30", "2026-04-05"),
    ("last_7_days", "2026-03-25", "2026-03-31"),
    ("this_month", "2026-03-01", "2026-03-31"),
    ("last_month", "2026-02-01", "2026-02-28"),
    ("last_week", "2026-03-23", "2026-03-29"),
    ("last_30_days", "2026-03-02", "2026-03-31"),
    ("this_quarter", "2026-01-01", "2026-03-31"),
    ("last_quarter", "2025-10-01", "2025-12-31"),
    ("last_3_months", "2026-01-01", "2026-03-31"),
    ("last_90_days", "2026-01-01", "2026-03-31"),
    ("last_year", "2025-01-01", "2025-12-31"),
    ("this_year", "2026-01-01", "2026-12-31"),
    ("last_12_months", "2025-04-01", "2026-03-31"),
])  # fmt: skip
def test_the_last_of_march_lies_in_these(period: str, first: str, last: str) -> None:
    assert days_of(period, date(2026, 3, 31)) == (date.fromisoformat(first), date.fromisoformat(last))


GONE = ("last_week", "last_month", "last_quarter", "last_year")


@given(st.dates(date(1950, 1, 1), date(2150, 1, 1)))
def test_none_runs_backwards_or_is_longer_than_a_year(today: date) -> None:
    for period in PERIODS:
        if period not in ("all", "free"):
            first, last = days_of(period, today)
            assert first <= last <= first + timedelta(days=366)
            assert first <= today <= last or (period in GONE and last < today)


@given(st.dates(date(1950, 1, 1), date(2150, 1, 1)), st.integers(0, 2000))
def test_a_chart_has_the_months_of_the_longest_period_and_ends_with_the_last(first: date, days: int) -> None:
    last = first + timedelta(days=days)
    months = months_until(first, last)
    assert months[-1] == last.replace(day=1)
    assert months == sorted(set(months)) and {month.day for month in months} == {1}
    assert len(months) <= LONGEST + 1
    assert (months[0] <= first) == (last < months_later(first.replace(day=1), LONGEST + 1))


@given(st.dates(date(1950, 1, 1), date(2150, 1, 1)), st.integers(-40, 40))
def test_a_month_later_is_another_month_and_not_a_later_day(day: date, months: int) -> None:
    moved = months_later(day, months)
    assert (moved.year * 12 + moved.month) - (day.year * 12 + day.month) == months
    assert moved.day <= day.day


@pytest.mark.parametrize(("period", "first", "last"), [
    ("this_month", "2026-02-01", "2026-02-28"),
    ("last_month", "2026-01-01", "2026-01-31"),
    ("this_quarter", "2025-10-01", "2025-12-31"),
    ("last_year", "2024-01-01", "2024-12-31"),
    ("this_week", "2026-03-23", "2026-03-29"),
    ("last_30_days", "2026-01-31", "2026-03-01"),
])  # fmt: skip
def test_a_period_is_compared_with_the_one_before_it(period: str, first: str, last: str) -> None:
    before = days_before(period, *days_of(period, date(2026, 3, 31)))
    assert before == (date.fromisoformat(first), date.fromisoformat(last))


@given(st.dates(date(1950, 1, 1), date(2150, 1, 1)))
def test_a_period_and_the_one_before_it_meet(today: date) -> None:
    for period in set(PERIODS) - {"all", "free"}:
        begins, ends = days_of(period, today)
        first, last = days_before(period, begins, ends)
        assert first <= last == begins - timedelta(days=1)
        whole = period in ("this_month", "last_month", "this_quarter", "last_quarter", "this_year", "last_year")
        assert whole or last - first == ends - begins
