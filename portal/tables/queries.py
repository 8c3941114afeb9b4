"""Reading one page of a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from flask import request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Select, func, literal, select

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


def page_url(number: int) -> str:
    """Address of another page of the list that is being shown, filters kept."""
    kept = {name: values for name, values in request.args.to_dict(flat=False).items() if name not in ("page", "lang")}
    address: dict[str, Any] = {**(request.view_args or {}), **kept, "page": number}
    return url_for(str(request.endpoint), **address)


def asked_page() -> int:
    """Number of the page in the address; anything odd is page 1."""
    text = request.args.get("page", "1")
    return min(max(int(text), 1), 100_000) if text.isascii() and text.isdigit() else 1


def read_page(statement: Select, make: Any, per_page: int = PER_PAGE) -> Page:
    """Run a list's statement for the page in the address, counting in the same statement.

    Args:
        statement: the whole list, ordered.
        make: called with each row.
        per_page: rows of one page.
    """
    number = asked_page()
    bare = statement.with_only_columns(literal(1), maintain_column_froms=True).order_by(None)
    counted = bare.limit(COUNTED + 1).subquery()
    total = select(func.count()).select_from(counted).scalar_subquery()
    page = statement.add_columns(total.label("total")).offset((number - 1) * per_page).limit(per_page + 1)
    rows = db.session.execute(page).all()
    found = rows[0].total if rows else 0
    return Page(
        [make(row) for row in rows[:per_page]], number, len(rows) > per_page, min(found, COUNTED), found > COUNTED
    )
