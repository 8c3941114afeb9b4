"""Reading a control table: what its filters offer, the page that an address asks for, the figures above it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import url_for
from sqlalchemy import Row, Select, func, literal, or_, select, true, union_all
from werkzeug.datastructures import MultiDict

from portal.accounts.models import User
from portal.controls import small
from portal.controls.forms import ControlFilter, Query
from portal.controls.models import SavedFilter
from portal.controls.table import Column, ControlTable, Summary
from portal.extensions import db, wires
from portal.folding import fold
from portal.tables.queries import COUNTED, PER_PAGE, Page, asked_page, last_page


@dataclass(frozen=True)
class Kept:
    """A saved filter, as this person sees it."""

    id: int
    name: str
    query: str
    shared: bool
    own: bool


@dataclass(frozen=True)
class Desk:
    """What a table's page says before anything is computed: the filters, and those that were kept."""

    form: ControlFilter
    kept: list[Kept]


@dataclass(frozen=True)
class Sort:
    column: Column
    descending: bool

    @property
    def word(self) -> str:
        """As the address says it."""
        return f"-{self.column.key}" if self.descending else self.column.key


@dataclass(frozen=True)
class Cell:
    column: Column
    value: Any
    url: str | None


@dataclass(frozen=True)
class Line:
    cells: list[Cell]
    mark: str


@dataclass(frozen=True)
class Head:
    """The heading of a column; its link sorts by it, or turns the sort round."""

    column: Column
    url: str
    sort: str  # "ascending", "descending" or ""


@dataclass(frozen=True)
class ControlPage(Page[Line]):
    """A page of a table; its links keep filters and sort, whatever the address that is being answered."""

    table: ControlTable
    query: Query

    @property
    def next_url(self) -> str | None:
        return address(self.table, self.query, page=self.number + 1) if self.has_next else None

    @property
    def prev_url(self) -> str | None:
        return address(self.table, self.query, page=self.number - 1) if self.has_prev else None


@dataclass(frozen=True)
class Result:
    """What a table shows once it is launched."""

    page: ControlPage
    heads: list[Head]
    summary: Summary | None
    said: list[tuple[str, str]]  # the filters, in words
    query: str  # as forms carry it


def open_tables(user: User) -> list[ControlTable]:
    """The tables that this person may open, in the order of `wiring.py`."""
    return [table for table in wires.tables.values() if table.is_open_to(user)]


def address(table: ControlTable, query: Query, **more: object) -> str:
    """Where a table is shown with these filters."""
    said = urlencode([*query, *((name, str(value)) for name, value in more.items())])
    return url_for(f"staff.open_{table.name}") + (f"?{said}" if said else "")


def read_query(text: str) -> MultiDict:
    """The part of an address that a form carried or a saved filter holds."""
    return MultiDict(parse_qsl(text))


def open_desk(user: User, table: ControlTable, args: MultiDict) -> Desk:
    """Make a table's filters for this person, and find those that were kept, in one statement."""
    offers = {name: offer.rows(user).subquery(name) for name, offer in table.offers.items()}
    nothing = literal("").label("query"), literal(False).label("shared"), literal(False).label("own")
    parts = [
        select(literal(name).label("field"), rows.c[0].label("id"), rows.c[1].label("label"), *nothing)
        for name, rows in offers.items()
    ]
    found: dict[str, list[Row]] = defaultdict(list)
    for row in db.session.execute(union_all(*parts, _kept(user, table))):
        found[row.field].append(row)
    for rows in found.values():
        rows.sort(key=lambda row: (not row.own, fold(row.label)))
    offered = {
        name: (offer.everything, [(row.id, row.label) for row in found[name]]) for name, offer in table.offers.items()
    }
    form = table.form(args, offered)
    shown = [row for row in found[""] if row.own or form.offers(row.query)]
    return Desk(form, [Kept(row.id, row.label, row.query, bool(row.shared), bool(row.own)) for row in shown])


def _kept(user: User, table: ControlTable) -> Select:
    own = SavedFilter.account_id == user.account_id
    return select(
        literal("").label("field"), SavedFilter.id, SavedFilter.name.label("label"), SavedFilter.query,
        SavedFilter.shared, own.label("own"),
    ).where(SavedFilter.table == table.name, or_(own, SavedFilter.shared))  # fmt: skip


def asked_sort(table: ControlTable, args: MultiDict) -> Sort:
    """The order in the address; anything odd is the order in which the table opens."""
    word = args.get("sort", table.sort)
    columns = {column.key: column for column in table.columns}
    if word.removeprefix("-") not in columns:
        word = table.sort
    return Sort(columns[word.removeprefix("-")], word.startswith("-"))


def full_query(table: ControlTable, form: ControlFilter, sort: Sort) -> Query:
    """What an address must say to show the same again."""
    return [*form.query(), *([("sort", sort.word)] if sort.word != table.sort else [])]


def chosen(user: User, table: ControlTable, form: ControlFilter, sort: Sort) -> tuple[Select, Select]:
    """All rows of a table in order, and their sums in one row."""
    bare = table.rows(user, form)
    columns = [*(column.sql.label(f"c_{column.key}") for column in table.columns), *table.extra]
    rows = bare.with_only_columns(*columns, maintain_column_froms=True).order_by(*_order(table, sort))
    if table.totals:
        wanted = {"n": func.count(), **table.totals.sql}
        return rows, bare.with_only_columns(
            *(sql.label(name) for name, sql in wanted.items()), maintain_column_froms=True
        )
    counted = bare.with_only_columns(literal(1), maintain_column_froms=True).limit(COUNTED + 1).subquery()
    return rows, select(func.count().label("n")).select_from(counted)


def _order(table: ControlTable, sort: Sort) -> list[Any]:
    by = sort.column.sql if sort.column.sort is None else sort.column.sort
    ends = [*(by if isinstance(by, tuple) else (by,)), table.key]
    ends = [end.desc() for end in ends] if sort.descending else [end.asc() for end in ends]
    return [ends[0].nulls_last() if sort.column.may_be_empty else ends[0], *ends[1:]]


def read_result(user: User, table: ControlTable, form: ControlFilter, args: MultiDict) -> Result:
    """Run a table for the page in the address: its rows and its sums are one statement."""
    sort, number = asked_sort(table, args), asked_page()
    rows, sums = chosen(user, table, form, sort)
    together = sums.subquery("sums")
    listed = rows.join(together, true()).add_columns(*(sum_.label(f"s_{sum_.name}") for sum_ in together.c))
    found = _rows_of_page(listed, number)
    totals = _totals(found, together.c.keys(), sums, number)
    total = totals["n"] or 0
    if total and not found:  # beyond the last page
        number = last_page(total)
        found = _rows_of_page(listed, number)
    query = full_query(table, form, sort)
    page = ControlPage(
        list(map(_reader(table), found[:PER_PAGE])), number, len(found) > PER_PAGE, min(total, COUNTED),
        total > COUNTED, table, query,
    )  # fmt: skip
    summary = summarise(user, table, table.rows(user, form), totals) if total else None
    return Result(page, _heads(table, form, sort), summary, form.described(), urlencode(query))


def summarise(user: User, table: ControlTable, bare: Select, sums: Mapping[str, Any]) -> Summary | None:
    """Make the figures above a table of its sums, and of its groups, where it has some; small ones are hidden from whom
    they are to be hidden from."""
    if table.totals is None:
        return None
    if table.totals.groups:
        sums = {**sums, "groups": db.session.execute(table.totals.groups(bare, sums)).all()}
    summary = table.totals.tell(sums)
    return small.masked(summary, user) if table.totals.hides_small else summary


def _rows_of_page(listed: Select, number: int) -> Sequence[Row]:
    return db.session.execute(listed.offset((number - 1) * PER_PAGE).limit(PER_PAGE + 1)).all()


def _totals(found: Sequence[Row], names: Sequence[str], sums: Select, number: int) -> Mapping[str, Any]:
    if found:
        return {name: getattr(found[0], f"s_{name}") for name in names}
    if number == 1:
        return dict.fromkeys(names, 0)
    return db.session.execute(sums).one()._mapping


def _reader(table: ControlTable) -> Any:
    addresses = {column.key: column.page() for column in table.columns if column.page}

    def read(row: Row) -> Line:
        cells = [
            Cell(column, value_of(column, row), addresses[column.key](row) if column.key in addresses else None)
            for column in table.columns
        ]
        return Line(cells, table.mark(row) if table.mark else "")

    return read


def value_of(column: Column, row: Row) -> Any:
    """The value of a cell, as it is shown and written; None where there is none."""
    if column.of_row:
        return column.of_row(row)
    value = getattr(row, f"c_{column.key}")
    return None if value is None else column.read(value)


def _heads(table: ControlTable, form: ControlFilter, sort: Sort) -> list[Head]:
    made = []
    for column in table.columns:
        present = column.key == sort.column.key
        turned = Sort(column, present and not sort.descending)
        word = ("descending" if sort.descending else "ascending") if present else ""
        made.append(Head(column, address(table, full_query(table, form, turned)), word))
    return made


def own_filter(user: User, filter_id: int) -> SavedFilter | None:
    """Return a filter that this person has kept."""
    own = SavedFilter.id == filter_id, SavedFilter.account_id == user.account_id
    return db.session.scalar(select(SavedFilter).where(*own))
