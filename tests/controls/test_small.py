"""Small numbers are hidden from everyone but the quality lead, and cannot be worked out of what is shown."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from portal.controls import small
from portal.controls.files import XlsxWriter
from portal.controls.shares import Share
from portal.controls.table import (
    Column,
    Delay,
    Figure,
    Grid,
    GridCell,
    Months,
    Spread,
    Summary,
    delays,
    part_of,
)
from portal.roles import Role
from portal.settings.actions import set_option
from tests.conftest import Database
from tests.controls.test_exports import sheet_of

LIMIT = 4
NBSP = "\N{NO-BREAK SPACE}"
SUMMARY = Summary(
    [Figure("Events", 12), Figure("Severe", 3), Figure("Half after", "3 h", "of all", rests_on=2), Figure("Said", "—")],
    [Spread("By state", [("Reported", 3), ("Closed", 9), ("Lost", 0)])],
    [Months("By month", [date(2026, 10, 1), date(2026, 11, 1)], [("Fall", [6, 1]), ("Dog", [0, 7])])],
    [
        Grid("Matrix", "Severity", ["F1"], [("G1", [GridCell(2, "green")]), ("G2", [GridCell(8, "red")])],
             [("green", "Acceptable"), ("red", "Unacceptable")]),
        delays("Delays", [Delay("Triage", "48 h", 10, 5, "3:00"), Delay("Closed", "30 d", 3, 1, "40 d"),
                          Delay("Told", "48 h", 0, 0, "")]),
    ],
)  # fmt: skip


def of(role: Role) -> Any:
    return SimpleNamespace(role=role)


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.ADMIN])
def test_a_small_number_is_hidden_from_everyone_but_the_quality_lead(role: Role, database: Database) -> None:
    with database.writing():
        assert [small.hide(number, of(role)) for number in (0, 1, 4, 5)] == [0, f"<{NBSP}5", f"<{NBSP}5", 5]
        assert [small.hide(number, of(Role.QUALITY)) for number in (0, 1, 4, 5)] == [0, 1, 4, 5]
        assert small.hide_all([3, 20, 7], of(role)) == [f"<{NBSP}5", 20, small.HIDDEN]
        told_in_two = small.hide_all([0, 2, 9, 7, 0], of(role), [range(2), range(2, 5)])
        assert told_in_two == [0, f"<{NBSP}5", small.HIDDEN, small.HIDDEN, 0], "the sum of all tells it too"


def test_the_agency_chooses_the_limit_and_may_have_none(database: Database) -> None:
    with database.writing():
        set_option(None, "adverse_events.small_numbers", "10")
        assert small.hide(9, of(Role.ADMIN)) == f"<{NBSP}10"
        set_option(None, "adverse_events.small_numbers", "0")
        assert small.hide(1, of(Role.ADMIN)) == 1


def test_a_number_that_would_give_the_small_one_away_is_hidden_with_it() -> None:
    assert small._hide_all([3, 20, 7], 5) == [f"<{NBSP}5", 20, small.HIDDEN]
    assert small._hide_all([1, 2, 20], 5) == [f"<{NBSP}5", f"<{NBSP}5", 20], "3 may be 1 and 2, or 2 and 1"
    assert small._hide_all([1, 1, 20], 5) == [f"<{NBSP}5", f"<{NBSP}5", small.HIDDEN], "2 can only be 1 and 1"
    assert small._hide_all([6, 0, 7], 5) == [6, 0, 7]


def told_apart(shown: Sequence[Any], total: int) -> Iterator[set[int]]:
    """All values that each hidden small number may have, for somebody who knows the total."""
    choices = [
        [value] if isinstance(value, int) else range(LIMIT, total + 1) if value == small.HIDDEN else range(1, LIMIT)
        for value in shown
    ]
    fitting = [each for each in itertools.product(*choices) if sum(each) == total]
    for place, value in enumerate(shown):
        if not isinstance(value, int) and value != small.HIDDEN:
            yield {each[place] for each in fitting}


@given(st.lists(st.integers(0, 9), max_size=5))
def test_no_total_tells_a_hidden_number_unless_nothing_is_left_to_hide(numbers: list[int]) -> None:
    shown = small._hide_all(numbers, LIMIT)
    assert all(value in (number, small.HIDDEN) or number < LIMIT for number, value in zip(numbers, shown, strict=True))
    assert not any(isinstance(value, int) and 0 < value < LIMIT for value in shown)
    if any(isinstance(value, int) and value for value in shown):
        assert all(len(values) > 1 for values in told_apart(shown, sum(numbers)))


def test_no_sum_of_a_line_or_a_column_that_is_told_elsewhere_gives_a_small_number_away() -> None:
    numbers = [6, 2, 3, 7, 9, 8]  # three lines of two
    lines, columns = [range(2), range(2, 4), range(4, 6)], [range(0, 6, 2), range(1, 6, 2)]
    few, gone = f"<{NBSP}5", small.HIDDEN
    assert small._hide_all(numbers, 5) == [6, few, few, 7, 9, 8], "5 in all may be 1 and 4, or 2 and 3"
    assert small._hide_all(numbers, 5, lines) == [gone, few, few, gone, 9, 8]
    assert small._hide_all([6, 2, 9, 8], 5, [range(2), range(2, 4), range(0, 4, 2), range(1, 4, 2)]) == [
        gone, few, gone, gone,
    ], "what keeps the 2 in its line would be told by its column"  # fmt: skip
    for places in lines + columns:
        shown = [small._hide_all(numbers, 5, lines + columns)[place] for place in places]
        hidden = [numbers[place] for place, value in zip(places, shown, strict=True) if not isinstance(value, int)]
        assert len(hidden) != 1, "one alone is the sum less the others"


def test_a_part_of_a_whole_is_hidden_where_it_tells_how_small_the_rest_is(database: Database) -> None:
    sums = {"n": 10, "open": 8, "late": 4, "rest": 5}
    parts = [part_of(sums, name, name) for name in ("open", "late", "rest")]
    with database.writing():
        shown = small.masked(Summary([Figure("All", 10), *parts]), of(Role.ADMIN)).figures
        assert [each.value for each in shown] == [10, small.HIDDEN, f"<{NBSP}5", 5]
        assert [each.value for each in small.masked(Summary(parts), of(Role.QUALITY)).figures] == [8, 4, 5]


def test_all_figures_of_a_table_are_masked_with_what_was_computed_of_few(database: Database) -> None:
    with database.writing():
        shown = small.masked(SUMMARY, of(Role.COORDINATOR))
        assert small.masked(SUMMARY, of(Role.QUALITY)) == SUMMARY
    assert [(each.value, each.note) for each in shown.figures] == [(12, ""), (f"<{NBSP}5", ""), ("…", ""), ("—", "")]
    assert [value for _label, value in shown.spreads[0].lines] == [f"<{NBSP}5", "…", 0]
    assert [row for _label, row in shown.months[0].lines] == [["…", f"<{NBSP}5"], [0, 7]]
    matrix, measured = [[[_shown(cell) for cell in row] for _label, row in grid.lines] for grid in shown.grids]
    assert matrix == [[f"<{NBSP}5"], ["…"]]
    assert measured == [["48 h", 10, f"50{NBSP}%", "3:00"], ["30 d", f"<{NBSP}5", "…", "…"], ["48 h", 0, "—", "—"]]
    assert shown.hidden_below == 5
    few = [Share(*one).fewest for one in ((9, 10), (10, 10), (0, 0))]
    assert few == [1, 10, 0], "90 of 100 tells of the one that is not so"
    assert shown.grids[1].lines[1][1][2].value == small.HIDDEN, "no bar tells what is hidden"


def _shown(cell: GridCell) -> int | str:
    return str(cell.value) if isinstance(cell.value, Share) else cell.value


def test_the_file_has_the_tables_of_what_is_drawn(app: Flask) -> None:
    with app.test_request_context(headers={"Accept-Language": "en"}):
        writer = XlsxWriter("Events", [Column("day", "Day", None)])
        content = writer.finish([], SUMMARY)
    sheet = sheet_of(SimpleNamespace(data=content), 1)
    said = [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]
    assert ["By month", "Oct 26", "Nov 26"] in said and ["Dog", 0, 7] in said
    assert ["Severity", "F1"] in said and ["G2", 8] in said
    assert ["Triage", "48 h", 10, 0.5, "3:00"] in said
    assert {cell.number_format for cell in sheet[said.index(["Triage", "48 h", 10, 0.5, "3:00"]) + 1]} >= {"0%"}
