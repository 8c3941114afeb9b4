"""Reading one page of a list."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Integer, Select, bindparam, func, literal, select

from portal.extensions import db

COUNTED = 1000  # rows are counted up to here: an exact count of a million helps nobody and costs a scan
PER_PAGE = 50

Row = TypeVar("Row")


@dataclass(frozen=True)
class Page(Generic[Row]):
    """Some rows of a list. `total` is exact up to 1,000; beyond, `more` is true."""

    rows: Sequence[Row]
    number: int
    has_next: bool
    total: int
    more: bool

    @property
    def has_prev(self) -> bool:
        return self.number > 1

    @property
    def next_url(self) -> str | None:
        return page_url(self.number + 1) if self.has_next else None

    @property
    def prev_url(self) -> str | None:
        return page_url(self.number - 1) if self.has_prev else None

    @property
    def total_label(self) -> str:
        if self.more:
            return _("1,000+ results")
        return ngettext("%(num)s result", "%(num)s results", self.total)


def count_label(number: int) -> str:
    """A count that went no further than COUNTED + 1, as it is shown."""
    return _("1,000+") if number > COUNTED else str(number)


def page_url(number: int) -> str:
    """Address of another page of the list that is being shown, filters kept."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name not in ("page", "lang")]
    return f"{url_for(str(request.endpoint), **(request.view_args or {}))}?{urlencode([*kept, ('page', number)])}"


def asked_page() -> int:
    """Number of the page in the address; anything odd is page 1."""
    text = request.args.get("page", "1")
    return min(max(int(text), 1), 100_000) if text.isascii() and text.isdigit() else 1


def last_page(total: int) -> int:
    """Number of the last page of so many rows."""
    return max(1, -(-total // PER_PAGE))


def read_page(statement: Select, make: Any) -> Page:
    """Run a list's statement for the page in the address, counting in the same statement.

    Args:
        statement: the whole list, ordered.
        make: called with each row.
    """
    return run_page(as_page(statement), make)


def as_page(statement: Select) -> Select:
    """Turn the statement of a whole list into that of any page of it. It can be kept and run again."""
    bare = statement.with_only_columns(literal(1), maintain_column_froms=True).order_by(None)
    counted = bare.limit(COUNTED + 1).subquery()
    total = select(func.count()).select_from(counted).scalar_subquery()
    return statement.add_columns(total.label("total")).offset(bindparam("skipped", type_=Integer)).limit(PER_PAGE + 1)


def run_page(page: Select, make: Any, **parameters: object) -> Page:
    """Run what `as_page` has made for the page in the address; beyond the last one, for the last that is counted."""

    def read(number: int) -> Sequence[Any]:
        return db.session.execute(page, {**parameters, "skipped": (number - 1) * PER_PAGE}).all()

    number = asked_page()
    rows = read(number)
    if not rows and number > 1:
        first = read(1)
        number = last_page(first[0].total if first else 0)
        rows = read(number)
    found = rows[0].total if rows else 0
    return Page(
        [make(row) for row in rows[:PER_PAGE]], number, len(rows) > PER_PAGE, min(found, COUNTED), found > COUNTED
    )


def addresses_of(endpoint: str, number: str) -> Callable[[int], str]:
    """Return what gives each row of a list its address; asking Flask for each costs as much as drawing the row.

    Args:
        endpoint: of the page of one row.
        number: the name of the row's number in the address.
    """
    nobody: dict[str, Any] = {number: 0}
    before, _, after = url_for(endpoint, **nobody).rpartition("/0")
    return lambda row: f"{before}/{row}{after}"
