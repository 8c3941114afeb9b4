"""From what is rated to the rows of the tallies: under its day and its month, under its workers and under all of them,
and how rows are added to those that are there."""

from typing import Any

from sqlalchemy import CTE, CompoundSelect, Date, Insert, Select, case, func, literal, or_, select, union_all
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from portal.ratings.models import RatedWorker
from portal.ratings.tally_models import SPANS, TOGETHER, RatingTally, RequestTally

STARS = tuple(f"n{stars}" for stars in range(6))
SUMS = {RatingTally: (*STARS, "comments"), RequestTally: ("n", "answered", "commented")}
DAYS = {RatingTally: ("day",), RequestTally: ("day", "asked_day")}


class first_of_month(GenericFunction):
    """The first day of the month of a day."""

    type = Date()
    inherit_cache = True


@compiles(first_of_month, "sqlite")
def _on_sqlite(element: first_of_month, compiler: SQLCompiler, **options: Any) -> str:
    return f"date({compiler.process(element.clauses, **options)}, 'start of month')"


@compiles(first_of_month, "postgresql")
def _on_postgres(element: first_of_month, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(date_trunc('month', {compiler.process(element.clauses, **options)}) AS DATE)"


def keys(table: Any) -> list[str]:
    """The columns that name a row of a tally."""
    return [column.name for column in table.__table__.primary_key]


def spread(table: Any, counted: CTE) -> Select:
    """Select what is counted as rows of a tally: four for the visit of one worker.

    Args:
        counted: has `subject_id` and the columns of the tally but `span` and `worker_id`.
    """
    together = select(literal(TOGETHER).label("worker_id"), *counted.c)
    each = select(RatedWorker.worker_id, *counted.c).join(counted, counted.c.subject_id == RatedWorker.subject_id)
    under = union_all(together, each).cte("under")
    spans = union_all(*(select(literal(span).label("span")) for span in SPANS)).cte("spans")
    days = {name: case((spans.c.span == "day", under.c[name]), else_=first_of_month(under.c[name]))
            for name in DAYS[table]}  # fmt: skip
    key = [spans.c.span if name == "span" else days.get(name, under.c[name]).label(name) for name in keys(table)]
    return select(*key, *(under.c[name] for name in SUMS[table])).select_from(under.join(spans, literal(value=True)))


def summed(table: Any, rows: Select | CompoundSelect) -> Select:
    """Add up rows of one key, and leave out those that come to nothing: in the order of their keys, so that no two
    transactions that write them wait for each other."""
    found = rows.subquery("found")
    key, sums = [found.c[name] for name in keys(table)], [func.sum(found.c[name]) for name in SUMS[table]]
    named = [one.label(name) for one, name in zip(sums, SUMS[table], strict=True)]
    return select(*key, *named).group_by(*key).having(or_(*(one != 0 for one in sums))).order_by(*key)


def adding(table: Any, rows: Select, engine: str) -> Insert:
    """Add rows to those of a tally that are there. Increments alone: nobody reads a sum to write it."""
    fresh: Any = (postgresql if engine == "postgresql" else sqlite).insert(table.__table__)
    fresh = fresh.from_select([*keys(table), *SUMS[table]], rows)
    added = {name: table.__table__.c[name] + fresh.excluded[name] for name in SUMS[table]}
    return fresh.on_conflict_do_update(index_elements=keys(table), set_=added)
