"""Until when something is to be done: over weekends, public holidays and the nights of the clock change."""

from calendar import monthrange
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, g
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from portal.deadlines import hours_after, months_after, working_days_after
from portal.holidays import is_holiday

PARIS = ZoneInfo("Europe/Paris")
ANYWHERE = st.sampled_from(["Europe/Paris", "America/Santiago", "Asia/Kolkata", "Australia/Lord_Howe", "Africa/Cairo"])
COUNTRIES = st.sampled_from(["FR", "RU", "BE", ""])
DAYS = st.dates(date(2024, 1, 1), date(2030, 12, 31))
MOMENTS = st.builds(
    lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes), st.integers(0, 3_600_000)
)
QUARTER = timedelta(minutes=15)  # clocks change and days begin at one
QUARTERS = st.builds(lambda number: datetime(2024, 1, 1, tzinfo=UTC) + number * QUARTER, st.integers(0, 240_000))

with_app = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
Agency = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def agency_at(app: Flask) -> Agency:
    """An agency in this zone and country."""

    @contextmanager
    def inside(zone: str = "Europe/Paris", country: str = "FR") -> Generator[None]:
        with app.app_context():
            g.options = {"agency.zone": zone, "agency.country": country}
            yield

    return inside


def paris(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold).astimezone(UTC)


# ---- working days ----


@pytest.mark.parametrize(("begins", "number", "ends"), [
    ("2026-11-17", 2, "2026-11-19"),  # Tuesday to Thursday
    ("2026-11-20", 2, "2026-11-24"),  # over a weekend
    ("2026-11-21", 1, "2026-11-23"),  # begun on a Saturday
    ("2026-11-10", 2, "2026-11-13"),  # the 11th of November
    ("2026-12-24", 2, "2026-12-29"),  # Christmas on a Friday
    ("2027-05-05", 2, "2027-05-10"),  # Ascension on a Thursday
])  # fmt: skip
def test_a_delay_in_working_days(agency_at: Agency, begins: str, number: int, ends: str) -> None:
    with agency_at():
        assert working_days_after(date.fromisoformat(begins), number) == date.fromisoformat(ends)


def test_an_agency_without_a_country_has_no_holidays(agency_at: Agency) -> None:
    with agency_at(country=""):
        assert working_days_after(date(2026, 11, 10), 2) == date(2026, 11, 12)


@with_app
@given(DAYS, st.integers(1, 40), COUNTRIES)
def test_a_delay_ends_on_a_working_day_with_as_many_of_them_after_the_first(
    agency_at: Agency, begins: date, number: int, country: str
) -> None:
    with agency_at(country=country):
        ends = working_days_after(begins, number)
    passed = [begins + timedelta(days=ahead) for ahead in range(1, (ends - begins).days + 1)]
    worked = [day for day in passed if day.weekday() < 5 and not is_holiday(country, day)]
    assert len(worked) == number
    assert worked[-1] == ends


# ---- hours ----


@pytest.mark.parametrize(("begins", "ends"), [
    ("2026-11-17 12:00", "2026-11-19 12:00"),
    ("2026-11-20 10:00", "2026-11-23 10:00"),  # Friday: the Sunday does not count, the Saturday does
    ("2026-11-21 10:00", "2026-11-24 10:00"),
    ("2026-11-22 15:00", "2026-11-25 00:00"),  # on a Sunday: it begins to run at midnight
    ("2026-11-10 10:00", "2026-11-13 10:00"),  # the 11th of November
    ("2026-12-24 20:00", "2026-12-28 20:00"),  # Christmas, then a Saturday that counts, then a Sunday
    ("2027-03-27 12:00", "2027-03-31 12:00"),  # a Saturday, the short Sunday, Easter Monday: 12 h, then 24 h and 12 h
])  # fmt: skip
def test_hours_of_days_off_do_not_count(agency_at: Agency, begins: str, ends: str) -> None:
    with agency_at():
        assert hours_after(paris(begins), 48, skip_days_off=True) == paris(ends)


@pytest.mark.parametrize(("begins", "ends"), [
    ("2026-10-24 12:00", "2026-10-25 11:00"),  # the night of 25 hours
    ("2027-03-27 12:00", "2027-03-28 13:00"),  # the night of 23 hours
])  # fmt: skip
def test_hours_pass_whatever_the_clocks_do(agency_at: Agency, begins: str, ends: str) -> None:
    with agency_at():
        assert hours_after(paris(begins), 24) == paris(ends)


@with_app
@given(QUARTERS, st.integers(0, 24 * 20), ANYWHERE, COUNTRIES)
@example(datetime(2026, 10, 24, 10, tzinfo=UTC), 48, "Europe/Paris", "FR")
@example(datetime(2027, 4, 23, 12, tzinfo=UTC), 48, "Africa/Cairo", "")  # clocks change at midnight
def test_as_many_hours_count_as_were_given(
    agency_at: Agency, begins: datetime, hours: int, zone: str, country: str
) -> None:
    with agency_at(zone, country):
        ends = hours_after(begins, hours, skip_days_off=True)
    counted, here = 0, begins
    while here < ends:
        day = here.astimezone(ZoneInfo(zone)).date()
        counted += day.weekday() != 6 and not is_holiday(country, day)
        here += QUARTER
    assert counted == hours * 4


@with_app
@given(MOMENTS, st.integers(0, 400), ANYWHERE)
def test_hours_that_all_count_are_hours(agency_at: Agency, begins: datetime, hours: int, zone: str) -> None:
    with agency_at(zone):
        assert hours_after(begins, hours) - begins == timedelta(hours=hours)


# ---- months ----


@pytest.mark.parametrize(("begins", "months", "ends"), [
    ("2026-11-17 12:00", 3, "2027-02-17 12:00"),
    ("2026-11-30 12:00", 3, "2027-02-28 12:00"),
    ("2026-07-31 09:00", 3, "2026-10-31 09:00"),  # in summer, then in winter
    ("2026-12-28 02:30", 3, "2027-03-28 03:30"),  # an hour that this night does not have
])  # fmt: skip
def test_a_delay_in_months(agency_at: Agency, begins: str, months: int, ends: str) -> None:
    with agency_at():
        assert months_after(paris(begins), months) == paris(ends)


@with_app
@given(MOMENTS, st.integers(1, 36), ANYWHERE)
def test_months_keep_the_day_and_the_hour_where_there_are_such(
    agency_at: Agency, begins: datetime, months: int, zone: str
) -> None:
    with agency_at(zone):
        ends = months_after(begins, months)
    then, now = ends.astimezone(ZoneInfo(zone)), begins.astimezone(ZoneInfo(zone))
    assert (then.year - now.year) * 12 + then.month - now.month == months
    assert then.day == min(now.day, monthrange(then.year, then.month)[1])
    assert (
        timedelta(0)
        <= then.replace(tzinfo=None) - now.replace(tzinfo=None, year=then.year, month=then.month, day=then.day, fold=0)
        <= timedelta(hours=1)
    )
