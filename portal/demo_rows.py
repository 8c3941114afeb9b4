"""Many rows at once, on both engines, and what follows from rows that no deed has written: for the demo agencies."""

import json
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import JSON, Text, cast, column, func, insert, literal, select, update
from sqlalchemy.schema import AddConstraint, DropConstraint

from portal import clock
from portal.extensions import db, rows_changed
from portal.outbox.models import Message
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.ratings.tally_sums import month_of, months, set_right


def insert_all(kind: Any, rows: list[dict[str, Any]]) -> None:
    """Insert rows by the ten thousand. Each gives the same columns, and all whose default differs from row to row."""
    if not rows:
        return
    statement = insert(kind)
    if db.engine.dialect.name != "postgresql":
        db.session.execute(statement, rows)
        return
    # PostgreSQL would be sent them one by one; in one document they arrive forty times faster
    table, names = getattr(kind, "__table__", kind), list(rows[0])
    document = cast(literal(json.dumps(rows, default=str), Text), JSON)
    typed = [column(name, table.c[name].type) for name in names]
    source = func.json_to_recordset(document).table_valued(*typed).render_derived(with_types=True)
    db.session.execute(statement.from_select(names, select(*source.c)))


@contextmanager
def keys_checked_at_the_end(*kinds: Any) -> Generator[None]:
    """Look at foreign keys once for all rows, not at each: on PostgreSQL that is more than half of the time."""
    keys = [key for kind in kinds for key in kind.__table__.foreign_key_constraints]
    if db.engine.dialect.name != "postgresql":
        keys = []
    for key in keys:
        db.session.execute(DropConstraint(key))
    yield
    for key in keys:  # all within one transaction: what is interrupted has never been
        db.session.execute(AddConstraint(key))


def set_counters() -> None:
    """Rows came with their numbers: PostgreSQL must go on counting behind them (SQLite does so by itself)."""
    if db.engine.dialect.name != "postgresql":
        return
    for table in db.metadata.sorted_tables:
        key = table.primary_key.columns.get("id")
        if key is not None and key.autoincrement:
            last = select(func.coalesce(func.max(key), 1)).scalar_subquery()
            db.session.execute(select(func.setval(func.pg_get_serial_sequence(table.name, "id"), last)))


def look_at_old_ratings() -> None:
    """Somebody has taken note of the low ratings of former weeks, as in an agency where people work."""
    old = Rating.stars <= 2, Rating.left_at < clock.now() - timedelta(days=14)
    db.session.execute(update(Rating).where(*old).values(looked_at=Rating.left_at, looked_by="Inès Caron"))


def fill_tallies() -> None:
    """Fill the tallies with what was written past the deeds that keep them."""
    asked = select(func.date(func.min(Message.due_at))).join(RatingRequest, RatingRequest.message_id == Message.id)
    asked_day = asked.where(RatingRequest.subject_id == RatingSubject.id).correlate(RatingSubject).scalar_subquery()
    told = RatingSubject.id.in_(select(RatingRequest.subject_id))
    rows_changed(update(RatingSubject).where(told).values(asked_day=asked_day))
    for month in months():
        set_right(*month_of(month))
