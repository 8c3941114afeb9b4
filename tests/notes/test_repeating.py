"""A reminder comes back on the day and at the hour of its series, whatever the months and the clocks do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.notes.models import Repeat
from portal.notes.repeating import MONTHS, moment_of, next_moment, wall_of
from tests.conftest import Database


def at(*wall: int) -> datetime:
    """Wall clock of the agency."""
    return datetime(*wall)  # noqa: DTZ001 - that is what it is  # ty: ignore[invalid-argument-type]


REPEATS = st.sampled_from([repeat for repeat in Repeat if repeat != Repeat.NEVER])
FIRST = st.datetimes(at(2020, 1, 1), at(2030, 12, 31)).map(lambda when: when.replace(second=0, microsecond=0))


def days(first: datetime, repeats: str, number: int) -> list[str]:
    found, moment = [], moment_of(first)
    for _each in range(number):
        moment = next_moment(first, repeats, moment)
        found.append(f"{wall_of(moment):%d.%m.%y %H:%M}")
    return found


@pytest.mark.parametrize(("first", "repeats", "expected"), [
    (at(2027, 1, 31, 9), "monthly", ["28.02.27 09:00", "31.03.27 09:00", "30.04.27 09:00", "31.05.27 09:00"]),
    (at(2026, 11, 30, 18, 30), "quarterly", ["28.02.27 18:30", "30.05.27 18:30", "30.08.27 18:30"]),
    (at(2024, 2, 29, 9), "yearly", ["28.02.25 09:00", "28.02.26 09:00", "28.02.27 09:00", "29.02.28 09:00"]),
    # the clocks change on 29 March: nine stays nine, and half past two, left out that night, comes an hour later
    (at(2026, 3, 22, 9), "weekly", ["29.03.26 09:00", "05.04.26 09:00"]),
    (at(2026, 3, 22, 2, 30), "weekly", ["29.03.26 03:30", "05.04.26 02:30"]),
])  # fmt: skip
def test_months_end_and_clocks_change(database: Database, first: datetime, repeats: str, expected: list[str]) -> None:
    with database.writing():
        assert days(first, repeats, len(expected)) == expected


def test_the_next_one_is_the_first_that_is_still_to_come(database: Database) -> None:
    @settings(deadline=None)
    @given(FIRST, REPEATS, st.timedeltas(timedelta(0), timedelta(days=4000)))
    def holds(first: datetime, repeats: str, later: timedelta) -> None:
        after = moment_of(first) + later
        found = next_moment(first, repeats, after)
        assert found.tzinfo is UTC
        assert found > after
        longest = timedelta(days=7) if repeats == Repeat.WEEKLY else timedelta(days=31 * MONTHS[Repeat(repeats)])
        assert found - after <= longest + timedelta(hours=2), "none is left out"
        wall = wall_of(found)
        if wall.time() != first.time():
            assert wall - first.replace(year=wall.year, month=wall.month, day=wall.day) == timedelta(hours=1)
            assert moment_of(wall - timedelta(hours=1)) == found, "this hour is left out that night"
        if repeats == Repeat.WEEKLY:
            assert wall.weekday() == first.weekday()
        else:
            assert wall.day == first.day or (wall + timedelta(days=1)).day == 1

    with database.writing():
        holds()
