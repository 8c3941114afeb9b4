"""Small numbers: hidden in figures from everyone but the quality lead, since they may tell of whom they speak.

`domain.md` §1.10: groups below 5 (an option) are hidden in reports that leave the quality role. A number that could be
worked out of a total and of those that are shown is hidden with them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate

from portal.accounts.models import User
from portal.controls.shares import Share
from portal.controls.table import Count, Figure, Grid, GridCell, Months, Spread, Summary
from portal.roles import GRANTS, Permission
from portal.settings.queries import option

HIDDEN = "…"  # in the place of a number that would give another one away


def limit_for(user: User) -> int:
    """Below which number this person is shown none; 0: they are shown all."""
    return 0 if Permission.SEE_REPORTERS in GRANTS[user.role] else int(option("adverse_events.small_numbers"))


def hide(number: int, user: User) -> Count:
    """The number itself, or `< 5` where it is small and this person is to see no small ones. Nothing is 0."""
    return _hide(number, limit_for(user))


def hide_all(numbers: Sequence[int], user: User, sums: Sequence[Collection[int]] | None = None) -> list[Count]:
    """Numbers that add up to a known total: the small ones hidden, and as many more as would give them away.

    Args:
        sums: places of numbers of which the sum is told as well as that of all of them.
    """
    return _hide_all(numbers, limit_for(user), sums)


def hide_part(part: int, whole: int, user: User) -> Count:
    """A part of a number that is told beside it: hidden as well where what is left of it is small."""
    return hide_all([part, whole - part], user)[0]


def _hide(number: int, limit: int) -> Count:
    return f"<\N{NO-BREAK SPACE}{limit}" if 0 < number < limit else number


def _hide_all(numbers: Sequence[int], limit: int, sums: Sequence[Collection[int]] | None = None) -> list[Count]:
    shown: list[Count] = [_hide(number, limit) for number in numbers]
    ways = [range(len(numbers)), *(sums or ())]
    while limit > 2 and any(_keep_small(numbers, shown, places, limit) for places in ways):
        pass  # what was hidden for the sake of one sum may give another one away
    return shown  # below a limit of 2 there is but one number: nothing could keep it


def _keep_small(numbers: Sequence[int], shown: list[Count], places: Collection[int], limit: int) -> bool:
    """Hide as many of the numbers at these places as their sum would give small ones away by; return whether any."""
    small = [numbers[place] for place in places if 0 < numbers[place] < limit]
    more = [numbers[place] for place in places if shown[place] == HIDDEN]
    rest = sorted((numbers[place], place) for place in places if numbers[place] >= limit and shown[place] != HIDDEN)
    before = len(more)
    while rest and _gives_away(small, more, limit):
        number, place = rest.pop(0)
        more.append(number)
        shown[place] = HIDDEN
    return len(more) > before


def _gives_away(small: Sequence[int], more: Sequence[int], limit: int) -> bool:
    """Whether the sum of what is hidden, which the total tells, leaves only one number to one of the small ones.

    Each of those is known to be from 1 to below the limit, each of the others to be the limit or above. Where there are
    none but others, these are kept for the sake of a small one of another sum.
    """
    if not small:
        return bool(more) and (len(more) == 1 or sum(more) == len(more) * limit)
    least = len(small)
    most = min(least * (limit - 1), sum(small) + sum(more) - len(more) * limit)
    if more:
        return most <= least
    return least == 1 or sum(small) in (least, least * (limit - 1))


def masked(summary: Summary, user: User) -> Summary:
    """The same summary as this person may see it."""
    limit = limit_for(user)
    if not limit:
        return summary
    return Summary(
        [_figure(each, limit) for each in summary.figures],
        [_spread(each, limit) for each in summary.spreads],
        [_months(each, limit) for each in summary.months],
        [_grid(each, limit) for each in summary.grids],
        hidden_below=limit,
    )


def _figure(figure: Figure, limit: int) -> Figure:
    if isinstance(figure.value, int):
        return replace(figure, value=_hide_all([figure.value, *figure.beside], limit)[0])
    return replace(figure, value=HIDDEN, note="") if _rests_on_few(figure, limit) else figure


def _rests_on_few(told: Figure | GridCell, limit: int) -> bool:
    number = told.value.fewest if isinstance(told.value, Share) else told.rests_on
    return number is not None and 0 < number < limit


def _numbers(values: Sequence[Count]) -> list[int]:
    return [value if isinstance(value, int) else 0 for value in values]


def _spread(spread: Spread, limit: int) -> Spread:
    shown = _hide_all(_numbers([number for _label, number in spread.lines]), limit)
    return replace(spread, lines=[(label, value) for (label, _number), value in zip(spread.lines, shown, strict=True)])


def _months(months: Months, limit: int) -> Months:
    counts = [number for _label, row in months.lines for number in _numbers(row)]
    sums = _lines_of([len(row) for _label, row in months.lines]) if months.sums_told else None
    shown = iter(_hide_all(counts, limit, sums))
    return replace(months, lines=[(label, [next(shown) for _number in row]) for label, row in months.lines])


def _lines_of(lengths: Sequence[int]) -> list[range]:
    """The places of the numbers of each line among those of all lines."""
    return [range(end - length, end) for length, end in zip(lengths, accumulate(lengths), strict=True)]


def _grid(grid: Grid, limit: int) -> Grid:
    """Counts of a grid with zones are parts of one total, as are those of one of which the sums are told elsewhere;
    those of any other stand for themselves."""
    counts = [cell.value for _label, row in grid.lines for cell in row if isinstance(cell.value, int)]
    if grid.sums_told:
        columns = [range(place, len(counts), len(grid.heads)) for place in range(len(grid.heads))]
        shown = iter(_hide_all(counts, limit, [*_lines_of([len(row) for _label, row in grid.lines]), *columns]))
    else:
        shown = iter(_hide_all(counts, limit) if grid.legend else [_hide(number, limit) for number in counts])
    return replace(grid, lines=[(label, [_cell(cell, shown, limit) for cell in row]) for label, row in grid.lines])


def _cell(cell: GridCell, shown: Iterator[Count], limit: int) -> GridCell:
    if isinstance(cell.value, int):
        return replace(cell, value=next(shown))
    return replace(cell, value=HIDDEN) if _rests_on_few(cell, limit) else cell
