"""What a control table is, said as data. The frame makes the page, the sort, the saved filters and the files of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import CompoundSelect, Row, Select

from portal.accounts.models import User
from portal.controls.forms import ControlFilter
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
        kind: how its values are shown and written: `text`, `long` (several lines), `moment`, `number`, `stars`.
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


@dataclass(frozen=True)
class Figure:
    """One number above a table, with what it says."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Spread:
    """How many rows there are of each value of something: a table, with a bar for each number."""

    title: str
    lines: Sequence[tuple[str, int]]


@dataclass(frozen=True)
class Summary:
    """What stands above a table: some figures, and how its rows are spread."""

    figures: list[Figure]
    spreads: Sequence[Spread] = ()


@dataclass(frozen=True)
class Totals:
    """Figures over all rows that the filters leave, not only those of the page.

    Attributes:
        sql: sums by name; they are selected from the table's rows.
        tell: makes the figures of them.
        groups: a further statement over the same rows, given those and their sums: what it finds is the sum `groups`.
    """

    sql: Mapping[str, Any]
    tell: Callable[[Mapping[str, Any]], Summary]
    groups: Callable[[Select, Mapping[str, Any]], CompoundSelect] | None = None


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

    def is_open_to(self, user: User) -> bool:
        """Whether this person may open it today."""
        return self.permission in GRANTS[user.role] and (self.module is None or bool(option(self.module)))
