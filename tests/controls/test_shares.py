"""Parts of a hundred: rounded in one way on pages, in workbooks and on paper."""

import pytest
from flask import Flask
from flask_babel import force_locale
from hypothesis import given
from hypothesis import strategies as st

from portal.controls.shares import Share
from portal.controls.table import Delay, delays

SHARES = st.integers(1, 5000).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))


@pytest.mark.parametrize(("part", "whole", "told"), [
    (12, 18, 67), (16, 22, 73), (20, 26, 77), (1, 8, 13), (1, 200, 1), (1, 1000, 1), (999, 1000, 99), (0, 9, 0),
    (9, 9, 100), (0, 0, None),
])  # fmt: skip
def test_a_half_is_rounded_up_and_neither_all_nor_none_is_said_of_some(part: int, whole: int, told: int | None) -> None:
    assert Share(part, whole).percent == told


@given(SHARES)
def test_it_is_never_further_off_than_one_in_a_hundred(share: tuple[int, int]) -> None:
    part, whole = share
    told = Share(part, whole).percent
    assert told is not None
    assert abs(100 * part - told * whole) < whole
    assert (told == 100, told == 0) == (part == whole, part == 0)


def test_the_delays_of_a_table_tell_it_so(app: Flask) -> None:
    with app.test_request_context(), force_locale("en"):
        cells = delays("Delays", [Delay("Triage", "48 h", 18, 12, "3:00")]).lines[0][1]
        assert [str(cell.value) for cell in cells] == ["48 h", "18", "67%", "3:00"]
        assert str(Share(0, 0)) == "—"
