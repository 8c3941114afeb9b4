"""Comparing the sums behind the figures with the ratings and requests that they are made of, month by month: both ways,
since a row too many differs as one too few does."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select

from portal.audit.actions import Actor, record
from portal.extensions import db
from portal.ratings.tally_rows import keys
from portal.ratings.tally_sums import differences, month_of, set_right, take_time
from portal.reports.comparing_models import TallyCheck

TOLD = 20  # rows of one month and table that are written down; how many there were is known of all


@dataclass(frozen=True)
class Wrong:
    """Where a tally differs from what it is made of.

    Attributes:
        month: its first day.
        table: `rating_tally` or `request_tally`.
        rows: how many rows differ.
        cells: the first of them: the key, and by how much each sum has too little.
    """

    month: date
    table: str
    rows: int
    cells: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        return {"month": f"{self.month:%Y-%m}", "table": self.table, "rows": self.rows, "cells": self.cells}


def compare(month: date, table: Any) -> Wrong | None:
    """Return where a tally of a month is wrong, if it is; nothing is changed."""
    take_time()
    chosen = differences(table, *month_of(month))
    rows = db.session.execute(chosen.limit(TOLD)).all()
    if not rows:
        return None
    count = db.session.scalar(select(func.count()).select_from(chosen.order_by(None).subquery())) or 0
    return Wrong(month, table.__tablename__, count, [_cell(table, row._mapping) for row in rows])


def _cell(table: Any, row: Any) -> dict[str, Any]:
    key = {name: str(row[name]) if isinstance(row[name], date) else row[name] for name in keys(table)}
    return key | {name: value for name, value in row.items() if name not in key and value}


def correct(actor: Actor | None, wrong: list[Wrong]) -> None:
    """Set the tallies of one month right. The journal says which rows were wrong."""
    set_right(*month_of(wrong[0].month))
    number = int(f"{wrong[0].month:%Y%m}")
    record("tally.corrected", actor, ("tally", number), after={one.table: one.as_json() for one in wrong})


def last_check() -> TallyCheck | None:
    """The newest comparison that has come to its end."""
    ended = select(TallyCheck).where(TallyCheck.ended_at.is_not(None))
    return db.session.scalar(ended.order_by(TallyCheck.id.desc()).limit(1))
