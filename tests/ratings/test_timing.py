"""When a rating mail may leave: after the delay, and only while the agency's window is open."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.extensions import writing
from portal.ratings.timing import DAYS, due_time, next_opening
from portal.settings.actions import set_option

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


def test_both_hours_of_the_long_night_count() -> None:
    window = "sat-sun 02:45-05:00"
    second = paris("2026-10-25 02:30", fold=1)
    found = next_opening(second, window, PARIS)
    assert found >= second, "a mail that may leave an hour ago would leave before its window"
    assert found == paris("2026-10-25 02:45", fold=1)


clocks = st.times().map(lambda t: t.replace(second=0, microsecond=0))
zones = st.sampled_from(
    [PARIS, ZoneInfo("America/New_York"), ZoneInfo("Asia/Kolkata"), ZoneInfo("Australia/Lord_Howe"), UTC]
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
@given(moments, zones, windows())
def test_the_opening_is_the_first_moment_of_the_window(
    moment: datetime, zone: ZoneInfo, window: tuple[str, set[int], time, time]
) -> None:
    text, days, opens, closes = window
    found = next_opening(moment, text, zone)
    assert found >= moment
    assert found - moment < timedelta(days=9)
    if is_open(moment, zone, days, opens, closes):
        assert found == moment
        return
    here = found.astimezone(zone)
    skipped = datetime.combine(here.date(), opens, zone).astimezone(UTC).astimezone(zone).time() != opens
    assert skipped or is_open(found, zone, days, opens, closes)
    waited = (found - moment).total_seconds()
    for part in range(1, 100):
        between = moment + timedelta(seconds=waited * part / 100)
        assert not is_open(between, zone, days, opens, closes), f"it was open at {between}"


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
