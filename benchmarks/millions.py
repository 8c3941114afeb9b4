"""Millions of ratings, written by PostgreSQL itself: what a network of agencies would hold after years.

The people, services and sectors are those of the reference agency; what happened to them is drawn from the number of
each visit, so that every load is the same. Of twenty visits that took place sixteen are rated: nine by the mail that
asked, six on the portal, one by telephone; the others were asked in vain, kept back, refused or asked of nobody. The
mails of visits more than a year ago are forgotten. Six of a hundred visits are of two workers, one rating in 200 is
excluded, a third have words. The tallies are counted here too (`millions.sql`), another way than the portal does: its
nightly check says whether both come to the same.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from sqlalchemy import Connection, text

from portal.demo_large import Size, build_large
from portal.demo_rows import set_counters
from portal.extensions import db, writing

PEOPLE = Size(visits=2_000, ratings=200, weeks=4, incidents=50)  # clients, workers and staff of the reference agency
RATED, OF = 16, 20  # so many visits of so many
STATEMENTS = Path(__file__).with_suffix(".sql")
WRITTEN = ("visit", "visit_worker", "rating_subject", "rated_worker", "message", "rating_request", "rating",
           "rating_tally", "request_tally")  # fmt: skip


@dataclass(frozen=True)
class History:
    """How many ratings, of the visits of how many days."""

    ratings: int
    days: int

    @property
    def visits(self) -> int:
        return self.ratings * OF // RATED


def people(app: Flask) -> None:
    """Write the agency without its past."""
    with app.app_context(), writing():
        build_large(PEOPLE, lambda _written: None)
        db.session.commit()


def load(app: Flask, history: History) -> None:
    """Write the past of an agency that has only its people so far."""
    with app.app_context():
        with db.engine.begin() as connection:
            connection.execute(text("SET LOCAL statement_timeout = 0"))
            connection.execute(text("SET LOCAL synchronous_commit = off"))
            connection.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
            connection.execute(text("SET LOCAL jit = off"))
            connection.execute(text("SET LOCAL work_mem = '256MB'"))
            with _bare_tables(connection):
                for statement in STATEMENTS.read_text(encoding="utf-8").split(";\n\n"):
                    connection.execute(text(statement), {"visits": history.visits, "days": history.days})
        with writing():
            set_counters()
            db.session.commit()
        _tidy()  # the planner has never seen these tables full


def _tidy() -> None:
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SET statement_timeout = 0"))
        connection.execute(text("VACUUM ANALYZE"))
        connection.invalidate()  # nobody else gets this setting


@contextmanager
def _bare_tables(connection: Connection) -> Generator[None]:
    """Without keys and indexes, which come back when the rows are there: a quarter of the time."""
    names = {"names": list(WRITTEN)}
    keys = connection.execute(text(_KEYS), names).all()
    indexes = connection.execute(text(_INDEXES), names).all()
    for row in keys:
        connection.execute(text(f'ALTER TABLE "{row.tab}" DROP CONSTRAINT "{row.name}"'))
    for row in indexes:
        connection.execute(text(f'DROP INDEX "{row.name}"'))
    yield
    for row in indexes:
        connection.execute(text(row.made))
    for row in reversed(keys):  # foreign keys were dropped first, and need those that they point at
        later = " NOT VALID" if row.made.startswith("FOREIGN") else ""
        connection.execute(text(f'ALTER TABLE "{row.tab}" ADD CONSTRAINT "{row.name}" {row.made}{later}'))
    # they hold, by the way in which the rows were made: the planner may know
    connection.execute(text("UPDATE pg_constraint SET convalidated = true WHERE NOT convalidated"))


_KEYS = """
SELECT t.relname AS tab, c.conname AS name, pg_get_constraintdef(c.oid) AS made
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid LEFT JOIN pg_class f ON f.oid = c.confrelid
WHERE (t.relname = ANY (:names) OR f.relname = ANY (:names)) AND c.contype IN ('p', 'u', 'f')
ORDER BY c.contype = 'f' DESC, c.contype = 'u', c.conname
"""
_INDEXES = """
SELECT i.relname AS name, pg_get_indexdef(i.oid) AS made
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relname = ANY (:names) AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.oid)
"""
