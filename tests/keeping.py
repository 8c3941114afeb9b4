"""What can be put back as it was: much faster than a new one for each test.

In a database of PostgreSQL's, beside the tables lies a schema `kept` with a copy of their rows; a function of the
database itself puts them back, together with the counters of the numbers. Of Python's objects, such as an application,
`AsItWas` remembers the attributes.
"""

from typing import Any

import psycopg
from sqlalchemy import MetaData

FUNCTION = "put_back_what_was_kept"


def keep(url: str, metadata: MetaData) -> None:
    """Remember the rows as they are now."""
    tables = [table.name for table in metadata.sorted_tables]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS kept CASCADE")
        connection.execute("CREATE SCHEMA kept")
        for name in tables:
            connection.execute(f'CREATE TABLE kept."{name}" AS TABLE public."{name}"'.encode())
        found = connection.execute("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
        counters = found.fetchall()
        steps = ["PERFORM set_config('session_replication_role', 'replica', true);"]  # no foreign keys in between
        steps += [f'DELETE FROM public."{name}";' for name in tables]  # noqa: S608
        steps += [f'INSERT INTO public."{name}" SELECT * FROM kept."{name}";' for name in tables]  # noqa: S608
        steps += [f"PERFORM setval('public.{name}', {last or 1}, {bool(last)});" for name, last in counters]
        body = "\n".join(steps)
        function = f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS void LANGUAGE plpgsql"
        connection.execute(f"{function} AS $$ BEGIN\n{body}\nEND $$".encode())


def put_back(url: str) -> bool:
    """Make the rows what they were; tell whether that worked. Somebody may have dropped a table, or hold a lock."""
    try:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("SET lock_timeout = '3s'")
            connection.execute(f"SELECT {FUNCTION}()")
    except psycopg.Error:
        return False
    return True


class AsItWas:
    """Remembers the attributes of objects, with the dictionaries, lists and sets in them; puts all back in place."""

    def __init__(self, *objects: object) -> None:
        self._held: dict[int, tuple[Any, Any]] = {}
        for each in objects:
            self._hold(vars(each))

    def _hold(self, value: Any) -> None:
        if not isinstance(value, (dict, list, set)) or id(value) in self._held:
            return
        inside = list(value.items()) if isinstance(value, dict) else list(value)
        self._held[id(value)] = (value, inside)
        for inner in value.values() if isinstance(value, dict) else inside:
            self._hold(inner)

    def put_back(self) -> None:
        for value, inside in self._held.values():
            value.clear()
            (value.extend if isinstance(value, list) else value.update)(inside)
