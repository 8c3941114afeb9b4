"""What the database measures of rows: how many there are, how long things took, how many kept to a target, and the
delay in the middle."""

from collections.abc import Sequence
from datetime import UTC as utc
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, bindparam, case, func, literal, select, true, union_all
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from portal import clock
from portal.extensions import UTC


def sum_over(condition: ColumnElement[bool], value: Any = 1) -> Any:
    """The sum of a value over the rows of which something holds; how many there are, without one."""
    return func.coalesce(func.sum(case((condition, value), else_=0)), 0)


class seconds_between(GenericFunction):
    """Whole seconds from one moment to another."""

    type = BigInteger()
    inherit_cache = True


@compiles(seconds_between, "sqlite")
def _seconds_on_sqlite(element: seconds_between, compiler: SQLCompiler, **options: Any) -> str:
    first, last = (f"CAST(strftime('%s', {compiler.process(one, **options)}) AS INTEGER)" for one in element.clauses)
    return f"({last} - {first})"


@compiles(seconds_between, "postgresql")
def _seconds_on_postgres(element: seconds_between, compiler: SQLCompiler, **options: Any) -> str:
    first, last = (f"floor(extract(epoch FROM {compiler.process(one, **options)}))" for one in element.clauses)
    return f"CAST({last} - {first} AS BIGINT)"


NOW = bindparam("now", callable_=lambda: int(clock.now().timestamp()), type_=BigInteger)  # seconds since 1970
_EPOCH = literal(datetime(1970, 1, 1, tzinfo=utc), UTC)


def seconds_since(moment: Any) -> ColumnElement[int]:
    """Whole seconds from 1970 to a moment, as both databases count them."""
    return seconds_between(_EPOCH, moment)


def measure(
    name: str, chosen: Select, start: Any, end: Any, target: timedelta | None, runs: ColumnElement[bool] | None = None
) -> Select:
    """Of each of these rows how long something took, and whether that was in time; one of the parts of `middles`.

    Args:
        name: of this measure among those that are taken together.
        target: within which it should be done. What is not done counts, late, as soon as this has run out.
        runs: whether it is still to be done, if it is not: what has ended without it does not count.
    """
    taken = seconds_between(start, end)
    in_time: Any = literal(0)
    if target is not None:
        limit = int(target.total_seconds())
        late = (NOW - seconds_since(start) > limit) & (true() if runs is None else runs)
        chosen, in_time = chosen.where(end.is_not(None) | late), case((taken <= limit, 1), else_=0)
    return chosen.with_only_columns(
        literal(name).label("measure"), taken.label("seconds"), in_time.label("in_time"), maintain_column_froms=True
    )


def middles(parts: Sequence[Select]) -> Select:
    """One row of each measure: `of` (`delay`), `label` (its name), `x` (how many were in time), `y` (the median of what
    is done, in seconds), `n` (how many there were to measure)."""
    measured = union_all(*parts).subquery("measured")
    name, seconds = measured.c.measure, measured.c.seconds
    ranked = select(
        *measured.c,
        func.row_number().over(partition_by=name, order_by=seconds.asc().nulls_last()).label("rank"),
        func.count(seconds).over(partition_by=name).label("done"),
    ).subquery("ranked")
    middle = (ranked.c.rank * 2 >= ranked.c.done) & (ranked.c.rank * 2 <= ranked.c.done + 2)
    return select(
        literal("delay").label("of"),
        ranked.c.measure.label("label"),
        func.sum(ranked.c.in_time).label("x"),
        func.avg(case((middle, ranked.c.seconds))).label("y"),
        func.count().label("n"),
    ).group_by(ranked.c.measure)
