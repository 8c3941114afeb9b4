"""A PostgreSQL database that can be put back as it was: much faster than a new copy for each test.

Beside the tables lies a schema `kept` with a copy of their rows; a function of the database itself puts them back,
together with the counters of the numbers.
"""

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
