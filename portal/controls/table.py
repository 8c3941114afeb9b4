"""What a control table is, said as data. The frame makes the page, the sort, the saved filters and the files of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import pgettext
from sqlalchemy import CompoundSelect, Row, Select

from portal.accounts.models import User
from portal.controls.forms import ControlFilter
from portal.controls.shares import Share
from portal.roles import GRANTS, Permission
from portal.settings.queries import option


def _as_it_is(value: Any) -> Any:
    return value


@dataclass(frozen=True)
class Column:
    """A column of the page and of the files.

    Attributes:
        key: names it in the address (`sort=-stars`).
        label: its heading.
        sql: what a row selects.
        kind: how its values are shown and written: `text`, `long` (several lines), `moment`, `day` (a
            `days.Day`), `number`, `stars`.
        read: turns what was selected into the value; None stays an empty cell.
        of_row: makes the value of the whole row instead.
        sort: what the column is ordered by, if not by `sql`; a tuple of several.
        may_be_empty: whether there are rows without a value; they stand last, whichever way it is sorted.
        page: called once for a page; returns what gives a row the address that a click on the cell opens.
    """

    key: str
    label: object
    sql: Any
    kind: str = "text"
    read: Callable[[Any], Any] = _as_it_is
    of_row: Callable[[Row], Any] | None = None
    sort: Any = None
    may_be_empty: bool = False
    page: Callable[[], Callable[[Row], str | None]] | None = None


Count = int | str  # a number of rows, or what is shown in the place of one that is hidden: see `controls/small.py`
Told = Count | Share


@dataclass(frozen=True)
class Figure:
    """One number above a table, with what it says.

    Attributes:
        value: a count is an integer: it is hidden where small numbers are.
        rests_on: how many rows a value was computed of that is no count; it is hidden with that number.
        beside: what else there is of a whole that is told as well: where one of these is hidden, this would tell it.
    """

    label: str
    value: Told
    note: str = ""
    rests_on: int | None = None
    beside: Sequence[int] = ()


def part_of(sums: Mapping[str, Any], label: str, name: str, whole: str = "n") -> Figure:
    """The figure of one of the sums that is a part of another one, which is told beside it."""
    return Figure(label, int(sums[name]), beside=(int(sums[whole]) - int(sums[name]),))


@dataclass(frozen=True)
class Spread:
    """How many rows there are of each value of something: a table, with a bar for each number."""

    title: str
    lines: Sequence[tuple[str, Count]]


@dataclass(frozen=True)
class Months:
    """How many rows of each kind there were month by month: a table, with a bar for each number.

    Attributes:
        months: the first day of each, one after the other.
        lines: by kind, one number for each month.
        sums_told: whether the sum of a line can be read elsewhere.
    """

    title: str
    months: Sequence[date]
    lines: Sequence[tuple[str, Sequence[Count]]]
    sums_told: bool = False


def of_months(title: str, months: Sequence[date], first: date) -> str:
    """The title of a chart; where it begins behind the first of what is counted, that it does."""
    if first >= months[0]:
        return title
    return _("%(title)s (the latest %(number)s months)", title=title, number=len(months))


@dataclass(frozen=True)
class GridCell:
    """One cell of a grid.

    Attributes:
        value: a count is an integer; a share is drawn as a bar; words are shown as they are.
        zone: colours it: `green`, `yellow`, `orange`, `red`.
        rests_on: how many rows a value was computed of that is no count; it is hidden with that number.
    """

    value: Told
    zone: str = ""
    rests_on: int | None = None


@dataclass(frozen=True)
class Grid:
    """A table with drawn cells: a matrix of counts, delays against targets.

    Attributes:
        corner: what the first column names.
        heads: of the other columns.
        legend: the zones with their words, if cells have some: never the colour alone.
        sums_told: whether the sums of its lines and columns can be read elsewhere.
    """

    title: str
    corner: str
    heads: Sequence[str]
    lines: Sequence[tuple[str, Sequence[GridCell]]]
    legend: Sequence[tuple[str, str]] = ()
    sums_told: bool = False


@dataclass(frozen=True)
class Delay:
    """How long something took, against what it may take.

    Attributes:
        n: how many there were to measure.
        in_time: how many of them kept to the target; None: there is none to keep to.
        median: in words, ready to be shown.
    """

    label: str
    target: str
    n: int
    in_time: int | None
    median: str


def delays(title: str, found: Sequence[Delay]) -> Grid:
    """The grid of delays against their targets."""
    heads = [_("Target"), _("Counted"), _("In time"), _("Median")]
    return Grid(title, pgettext("measure", "Delay"), heads, [(each.label, _measured(each)) for each in found])


def _measured(each: Delay) -> list[GridCell]:
    if not each.n:
        return [GridCell(each.target), GridCell(0), GridCell("—"), GridCell("—")]
    median = GridCell(each.median, rests_on=each.n)
    if each.in_time is None:
        return [GridCell(each.target), GridCell(each.n), GridCell("—"), median]
    return [GridCell(each.target), GridCell(each.n), GridCell(Share(each.in_time, each.n)), median]


@dataclass(frozen=True)
class Summary:
    """What stands above a table: some figures, how its rows are spread, and the tables that are drawn of them.

    Attributes:
        hidden_below: the limit below which numbers were hidden from this person; 0: none were.
    """

    figures: list[Figure]
    spreads: Sequence[Spread] = ()
    months: Sequence[Months] = ()
    grids: Sequence[Grid] = ()
    hidden_below: int = 0


@dataclass(frozen=True)
class Totals:
    """Figures over all rows that the filters leave, not only those of the page.

    Attributes:
        sql: sums by name; they are selected from the table's rows.
        tell: makes the figures of them.
        groups: a further statement over the same rows, given those and their sums: what it finds is the sum `groups`.
        hides_small: whether small numbers are hidden from everyone but the quality lead.
    """

    sql: Mapping[str, Any]
    tell: Callable[[Mapping[str, Any]], Summary]
    groups: Callable[[Select, Mapping[str, Any]], CompoundSelect] | None = None
    hides_small: bool = False


@dataclass(frozen=True)
class Offer:
    """What a filter offers to this person: `everything` is the choice of all, `rows` selects number and label."""

    everything: object
    rows: Callable[[User], Select]


@dataclass(frozen=True)
class ControlTable:
    """A table that staff narrow, sort, keep and take away as a file.

    Attributes:
        name: in addresses; small letters.
        title, family, intro: its name, under which heading it stands, and a sentence on what it shows.
        section: of the menu.
        rule: its address below `/staff`.
        permission, module: who may open it, and the option that switches it off.
        form: its filters.
        rows: a selection of what this person may see, narrowed; it starts from a perimeter and says no columns.
        key: the unique number of a row: the second key of every sort.
        sort: the order in which it opens, `-` in front for descending.
        extra: further labelled columns that `read`, `page` or `mark` need.
        offers: what the select fields of the form offer, by name.
        totals: figures over all rows; they are counted exactly then, else up to 1,000.
        mark: gives a row a word for the style sheet (`excluded`).
        start: the words of a button beside its name, and the endpoint of the page that it opens.
        papers: the template of what else can be taken away, below the table.
    """

    name: str
    title: object
    family: object
    intro: object
    section: object
    rule: str
    permission: Permission
    form: type[ControlFilter]
    columns: tuple[Column, ...]
    rows: Callable[[User, ControlFilter], Select]
    key: Any
    sort: str
    module: str | None = None
    extra: tuple[Any, ...] = ()
    offers: Mapping[str, Offer] = field(default_factory=dict)
    totals: Totals | None = None
    mark: Callable[[Row], str] | None = None
    start: tuple[object, str] | None = None
    papers: str | None = None

    def is_open_to(self, user: User) -> bool:
        """Whether this person may open it today."""
        return self.permission in GRANTS[user.role] and (self.module is None or bool(option(self.module)))
