"""How migrations run: on the application's own engine, with SQLite's foreign keys out of the way."""

import sqlite3
from typing import Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from flask import current_app

from portal.extensions import UTC, db, writing


def render_item(type_: str, item: object, _context: AutogenContext) -> str | Literal[False]:
    """Write our moment type as plain SQLAlchemy: a migration must not change when the application does."""
    if type_ == "type" and isinstance(item, UTC):
        return "sa.DateTime(timezone=True)"
    return False


def run() -> None:
    """Run on one connection. A batch migration copies a table and drops the old one: with foreign keys on, SQLite
    would delete every row that points to it."""
    with writing(), db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        if isinstance(raw, sqlite3.Connection):
            raw.execute("PRAGMA foreign_keys=OFF")
        else:  # a table of millions is written anew in one statement
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.commit()
        context.configure(
            connection=connection, target_metadata=db.metadata, render_item=render_item,
            **current_app.extensions["migrate"].configure_args,
        )  # fmt: skip
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        if isinstance(raw, sqlite3.Connection):
            if broken := raw.execute("PRAGMA foreign_key_check").fetchall():
                raise RuntimeError(f"foreign keys broken by the migration: {broken[:5]}")
            raw.execute("PRAGMA foreign_keys=ON")
        else:
            connection.exec_driver_sql("RESET statement_timeout")
            connection.commit()


run()
