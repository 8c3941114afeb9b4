"""The day of a moment where the agency is, as the database says it: to be compared with days."""

import sqlite3
from datetime import UTC as utc
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, Function, String, bindparam, event, func
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from portal.settings.queries import option

_ZONE = bindparam("zone", callable_=lambda: option("agency.zone"), type_=String)


class day_in_zone(GenericFunction):
    """`2026-11-17`: the day of a moment in a zone."""

    type = String()
    inherit_cache = True


@compiles(day_in_zone, "postgresql")
def _on_postgres(element: day_in_zone, compiler: SQLCompiler, **options: Any) -> str:
    moment, zone = (compiler.process(one, **options) for one in element.clauses)
    return f"to_char(timezone({zone}, {moment}), 'YYYY-MM-DD')"


@event.listens_for(Engine, "connect")
def _teach_sqlite(connection: object, _entry: object) -> None:
    """SQLite knows no zones: it asks."""
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("day_in_zone", 2, _day_in_zone, deterministic=True)


def _day_in_zone(moment: str | None, zone: str) -> str | None:
    if moment is None:
        return None
    return datetime.fromisoformat(moment).replace(tzinfo=utc).astimezone(ZoneInfo(zone)).date().isoformat()


def local_day(moment: Any) -> Function:
    """The day of a moment where the agency is, as text."""
    return func.day_in_zone(moment, _ZONE)
