"""When a rating mail may leave: after the delay, and only while the agency's window is open."""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.errors import Refused
from portal.extensions import writing
from portal.holidays import is_holiday
from portal.ratings.timing import DAYS, due_time, next_opening
from portal.settings.actions import set_option
from portal.settings.queries import option

PARIS = ZoneInfo("Europe/Paris")
DEFAULT = "mon-sat 09:00-19:00"


def paris(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS, fold=fold)


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-11-17 12:00", "2026-11-17 12:00"),  # a Tuesday, in the window
        ("2026-11-17 09:00", "2026-11-17 09:00"),
        ("2026-11-17 08:59:59", "2026-11-17 09:00"),
        ("2026-11-17 18:59:59", "2026-11-17 18:59:59"),
        ("2026-11-17 19:00", "2026-11-18 09:00"),
        ("2026-11-21 19:30", "2026-11-23 09:00"),  # Saturday evening: not on Sunday
        ("2026-11-22 12:00", "2026-11-23 09:00"),
        ("2026-10-25 02:30", "2026-10-26 09:00"),  # the night of 25 hours
        ("2027-03-28 03:30", "2027-03-29 09:00"),  # the night of 23 hours
        ("2026-12-31 23:59", "2027-01-01 09:00"),
    ],
)
def test_a_mail_waits_for_the_window(moment: str, opens: str) -> None:
    assert next_opening(paris(moment), DEFAULT, PARIS) == paris(opens)


def test_always_is_now() -> None:
    moment = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
    assert next_opening(moment, "always", PARIS) == moment


@pytest.mark.parametrize(
    ("moment", "fold", "window", "opens", "opens_fold"),
    [
        # the night of 25 hours: 02:00–03:00 comes twice
        ("2026-10-25 02:30", 0, "sat-sun 02:45-05:00", "2026-10-25 02:45", 0),
        ("2026-10-25 02:30", 1, "sat-sun 02:45-05:00", "2026-10-25 02:45", 1),
        ("2026-10-25 02:50", 0, "sat-sun 02:45-05:00", "2026-10-25 02:50", 0),
        ("2026-10-25 02:45", 0, "sat-sun 00:00-02:30", "2026-10-25 02:00", 1),  # it opens once more
        ("2026-10-25 01:00", 0, "sat-sun 02:30-02:40", "2026-10-25 02:30", 0),
        ("2026-10-25 02:40", 0, "sat-sun 02:30-02:40", "2026-10-25 02:30", 1),
        # the night of 23 hours: 02:00–03:00 does not come
        ("2027-03-28 01:59", 0, "sun 02:00-03:00", "2027-04-04 02:00", 0),
        ("2027-03-28 01:30", 0, "sun 02:30-05:00", "2027-03-28 03:00", 0),
        ("2027-03-28 01:30", 0, "sat-sun 02:15-02:45", "2027-04-03 02:15", 0),
        ("2027-03-28 01:59", 0, "sun 01:00-02:30", "2027-03-28 01:59", 0),
        ("2027-03-28 03:00", 0, "sun 01:00-02:30", "2027-04-04 01:00", 0),
    ],
)
def test_the_nights_of_the_clock_change_go_by_the_clock_on_the_wall(
    moment: str, fold: int, window: str, opens: str, opens_fold: int
) -> None:
    found = next_opening(paris(moment, fold).astimezone(UTC), window, PARIS)
    assert found == paris(opens, opens_fold).astimezone(UTC)


FRANCE = partial(is_holiday, "FR")


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-12-24 19:30", "2026-12-26 09:00"),  # Christmas
        ("2026-12-31 23:59", "2027-01-02 09:00"),  # New Year's Day, in another year
        ("2027-05-01 10:00", "2027-05-03 09:00"),  # a Saturday, and then a Sunday
        ("2027-03-27 19:00", "2027-03-30 09:00"),  # Easter: Sunday with its clock change, then Monday
        ("2028-02-28 20:00", "2028-02-29 09:00"),  # a leap day is a day
        ("2027-02-28 20:00", "2027-03-01 09:00"),
        ("2026-04-30 20:00", "2026-05-02 09:00"),  # the end of a month
        ("2026-07-14 12:00", "2026-07-15 09:00"),  # in the middle of the day
        ("2026-07-13 12:00", "2026-07-13 12:00"),
    ],
)
def test_no_mail_leaves_on_a_public_holiday(moment: str, opens: str) -> None:
    assert next_opening(paris(moment), DEFAULT, PARIS, FRANCE) == paris(opens)


@pytest.mark.parametrize(
    ("moment", "opens"),
    [
        ("2026-12-25 10:00", "2026-12-26 00:00"),
        ("2026-12-25 00:00", "2026-12-26 00:00"),
        ("2026-12-24 23:59:59", "2026-12-24 23:59:59"),
        ("2026-11-22 03:00", "2026-11-22 03:00"),  # a Sunday is no holiday
        ("2027-03-29 12:00", "2027-03-30 00:00"),  # Easter Monday
    ],
)
def test_at_any_time_is_not_on_a_public_holiday_either(moment: str, opens: str) -> None:
    found = next_opening(paris(moment).astimezone(UTC), "always", PARIS, FRANCE)
    assert found == paris(opens).astimezone(UTC)


def test_at_any_time_goes_by_the_day_on_the_wall() -> None:
    """At half past eleven at night in London it is Christmas in Paris already."""
    assert next_opening(datetime(2026, 12, 24, 23, 30, tzinfo=UTC), "always", PARIS, FRANCE) == paris(
        "2026-12-26 00:00"
    )


@pytest.mark.parametrize("window", ["sun 09:00-12:00", "mon-sat 09:00-19:00", "sun 02:00-03:00", "always"])
def test_a_window_in_which_every_day_is_a_holiday_opens_all_the_same(window: str) -> None:
    found = next_opening(paris("2026-11-17 20:00"), window, PARIS, lambda _day: True)
    assert found == next_opening(paris("2026-11-17 20:00"), window, PARIS)


@pytest.mark.parametrize(("country", "day", "off"), [
    ("FR", "2026-07-14", True), ("FR", "2026-07-15", False), ("RU", "2026-01-07", True), ("FR", "2026-01-07", False),
    ("BE", "2026-07-21", True), ("", "2026-12-25", False),
])  # fmt: skip
def test_each_country_has_its_holidays(country: str, day: str, off: bool) -> None:
    assert is_holiday(country, date.fromisoformat(day)) is off


clocks = st.times().map(lambda t: t.replace(second=0, microsecond=0))
zones = st.sampled_from(
    [
        PARIS,
        ZoneInfo("America/New_York"),
        ZoneInfo("America/Santiago"),
        ZoneInfo("Asia/Kolkata"),
        ZoneInfo("Australia/Lord_Howe"),
        UTC,
    ]
)


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, set[int], time, time]:
    """A window as an agency writes it, and as a person understands it."""
    first, last = draw(st.integers(0, 6)), draw(st.integers(0, 6))
    days = {(first + ahead) % 7 for ahead in range((last - first) % 7 + 1)}
    opens, closes = sorted(draw(st.lists(clocks, min_size=2, max_size=2, unique=True)))
    return f"{DAYS[first]}-{DAYS[last]} {opens:%H:%M}-{closes:%H:%M}", days, opens, closes


def is_open(moment: datetime, zone: ZoneInfo, days: set[int], opens: time, closes: time) -> bool:
    here = moment.astimezone(zone)
    return here.weekday() in days and opens <= here.time() < closes


# moments around both clock changes of the zones above, and anywhere
changes = st.sampled_from([datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2027, 3, 27, 22, tzinfo=UTC),
                           datetime(2026, 11, 1, 3, tzinfo=UTC), datetime(2027, 3, 14, 3, tzinfo=UTC),
                           datetime(2026, 10, 3, 13, tzinfo=UTC), datetime(2027, 4, 3, 13, tzinfo=UTC)])  # fmt: skip
moments = st.one_of(
    st.builds(lambda start, minutes: start + timedelta(minutes=minutes), changes, st.integers(-600, 900)),
    st.builds(lambda minutes: datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes), st.integers(0, 2_600_000)),
)


@settings(max_examples=300, deadline=None)
@given(moments, zones, windows(), st.sets(st.integers(0, 10), max_size=3))
def test_the_opening_is_the_first_moment_of_the_window(
    moment: datetime, zone: ZoneInfo, window: tuple[str, set[int], time, time], holidays: set[int]
) -> None:
    text, days, opens, closes = window
    off = frozenset(holidays)
    found = next_opening(moment, text, zone, lambda day: day.toordinal() % 11 in off)

    def is_open_then(then: datetime) -> bool:
        here = then.astimezone(zone)
        return here.date().toordinal() % 11 not in off and is_open(then, zone, days, opens, closes)

    assert found >= moment
    assert is_open_then(found)
    if is_open_then(moment):
        assert found == moment
        return
    assert not is_open_then(found - timedelta(seconds=1)), "it was open before"
    waited = (found - moment).total_seconds()
    for part in range(1, 200):
        between = moment + timedelta(seconds=waited * part / 200)
        assert not is_open_then(between), f"it was open at {between}"


@pytest.mark.parametrize(
    ("ended", "now", "delay", "due"),
    [
        ("2026-11-16 10:00", "2026-11-16 10:05", 1440, "2026-11-17 10:00"),
        ("2026-11-16 20:00", "2026-11-16 20:05", 1440, "2026-11-18 09:00"),  # 20:00 the next day is closed
        ("2026-11-10 10:00", "2026-11-17 11:00", 1440, "2026-11-17 11:00"),  # marked late: at once
        ("2026-11-10 10:00", "2026-11-17 21:00", 1440, "2026-11-18 09:00"),  # marked late, at night
        ("2026-11-17 10:00", "2026-11-17 10:00", 1, "2026-11-17 10:01"),
        ("2026-10-24 10:00", "2026-10-24 10:00", 1440, "2026-10-26 09:00"),  # over the long night, then a Sunday
    ],
)
def test_a_mail_is_due_after_the_delay(app: Flask, ended: str, now: str, delay: int, due: str) -> None:
    with app.app_context():
        assert due_time(paris(ended), paris(now), delay) == paris(due)


@pytest.mark.parametrize(
    "window", ["always", "sun 00:00-24:00", "Mon-Sat 09:00-19:00", "MON-FRI 08:30-12:00", " tue 10:00-11:00 "]
)
def test_every_window_that_can_be_set_can_be_followed(app: Flask, window: str) -> None:
    with app.app_context(), writing():
        set_option(None, "ratings.request_window", window)
        moment = paris("2026-11-17 12:00")
        assert due_time(moment, moment, 0) >= moment


def test_a_delay_over_the_clock_change_is_counted_in_real_hours() -> None:
    ended = paris("2026-10-24 12:00")
    after = (ended.astimezone(UTC) + timedelta(hours=24)).astimezone(PARIS)
    assert (after.date(), after.time()) == (date(2026, 10, 25), time(11, 0))


@pytest.mark.parametrize(("typed", "kept"), [("be", "BE"), ("FR", "FR"), (" ru ", "RU"), ("", "")])
def test_a_country_is_one_that_the_calendar_knows(app: Flask, typed: str, kept: str) -> None:
    with app.app_context(), writing():
        set_option(None, "agency.country", typed)
        assert option("agency.country") == kept


@pytest.mark.parametrize("typed", ["ZZ", "France", "F", "FRA", "🇫🇷", "../"])
def test_a_country_that_the_calendar_does_not_know_is_refused(app: Flask, typed: str) -> None:
    with app.app_context(), writing(), pytest.raises(Refused):
        set_option(None, "agency.country", typed)
