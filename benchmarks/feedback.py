"""`make bench-feedback`: the pages of the customers' feedback over ten million ratings, on a throw-away PostgreSQL.

Held against two agencies of the same people with a tenth of the ratings: `thinner`, as many years with a tenth of the
ratings on each day, and `shorter`, as many ratings on each day in a tenth of the time. What counts is the time of the
statements: the median of the runs, the three agencies in turns, after some that nobody counts. Needs 25 GB and half an
hour, most of it for writing the ratings. Exit code 0: every page within the floor, and no more than 1.3 times as long
as with a tenth of the years.
"""

import argparse
import logging
import statistics
import sys
import tempfile
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, g
from rich.table import Table
from sqlalchemy import event, func, select
from werkzeug.datastructures import MultiDict

from benchmarks.bench import QUICK, prepared
from benchmarks.growth import signed_in
from benchmarks.millions import History, load, people
from benchmarks.report import console, say
from portal import clock
from portal.accounts.models import Account
from portal.controls.queries import read_query
from portal.extensions import db
from portal.people.models import Client
from portal.people.queries import files_of_account
from portal.ratings.models import RatingSubject
from portal.ratings.tally_sums import TALLIES, month_of
from portal.reports.comparing import compare
from portal.reports.feedback_forms import FeedbackFilter
from portal.reports.feedback_sheets import book_of
from tests.servers import Cluster, postgres_cluster

YEARS = 5 * 365
HISTORIES = {
    "whole": History(10_000_000, YEARS),
    "thinner": History(1_000_000, YEARS),
    "shorter": History(1_000_000, YEARS // 10),
}
FLOOR, GOAL, GROWN = 100, 20, 1.3  # milliseconds of statements; times as long
ROUNDS, WARM = 15, 3
SERVER = "shared_buffers=1GB", "max_wal_size=8GB"  # nothing is written while it is measured


@dataclass(frozen=True)
class Place:
    """An agency that is measured: its application, and a browser in which its quality lead is signed in."""

    app: Flask
    browser: Any


@dataclass
class Cost:
    """What a page has cost, run by run: milliseconds of the statements, and of all; how many statements."""

    queries: list[float] = field(default_factory=list)
    whole: list[float] = field(default_factory=list)
    statements: int = 0

    @property
    def query(self) -> float:
        return statistics.median(self.queries)

    @property
    def page(self) -> float:
        return statistics.median(self.whole)


def pages(app: Flask) -> dict[str, str]:
    """The addresses that are asked: the same days in all agencies, all within the shorter history."""
    with app.app_context():
        today = clock.now().date()
        client, manager = db.session.execute(
            select(Client.id, Client.file_manager_id).where(Client.file_manager_id.is_not(None)).limit(1)
        ).one()
        worker = db.session.scalar(select(func.max(RatingSubject.id)))
    board, reviews = "/staff/analytics/feedback", "/staff/analytics/feedback/reviews"
    half = f"period=free&first_day={today - timedelta(days=150)}&last_day={today}"
    day = f"period=free&first_day={today - timedelta(days=9)}&last_day={today - timedelta(days=9)}"
    assert worker
    return {
        "last 30 days": board, "last 90 days": f"{board}?period=last_90_days",
        "five months by month": f"{board}?{half}&step=month", "last 30 days by worker": f"{board}?by=worker",
        "five months by worker": f"{board}?{half}&by=worker", "last 30 days by service": f"{board}?by=service",
        "last 30 days by sector": f"{board}?by=sector", "funnel by day of request": f"{board}?funnel=asked",
        "of one client": f"{board}?client={client}", "of one manager": f"{board}?manager={manager}",
        "reviews, newest": reviews, "reviews, lowest": f"{reviews}?sort=lowest",
        "reviews of one day": f"{reviews}?{day}", "reviews of one star": f"{reviews}?stars=1",
        "reviews of one client": f"{reviews}?client={client}", "reviews of one manager": f"{reviews}?manager={manager}",
        "coming week": "/staff/ratings/coming", "live view": "/staff/live",
    }  # fmt: skip


@contextmanager
def metered(app: Flask) -> Generator[list[float]]:
    """How long each statement took meanwhile, in milliseconds."""
    took: list[float] = []

    def begin(_connection: object, _cursor: object, _sql: str, _given: object, context: Any, _many: bool) -> None:
        context.began = time.perf_counter()

    def end(_connection: object, _cursor: object, _sql: str, _given: object, context: Any, _many: bool) -> None:
        took.append(1000 * (time.perf_counter() - context.began))

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", begin)
    event.listen(engine, "after_cursor_execute", end)
    try:
        yield took
    finally:
        event.remove(engine, "before_cursor_execute", begin)
        event.remove(engine, "after_cursor_execute", end)


def measure(places: Mapping[str, Place], rounds: int, asked: Mapping[str, str]) -> dict[str, dict[str, Cost]]:
    """Return by page what it costs in each agency; they take turns."""
    found = {name: {place: Cost() for place in places} for name in asked}
    for name, address in asked.items():
        for number in range(-WARM, rounds):
            for place, one in places.items():
                spent = found[name][place]
                with metered(one.app) as took:
                    began = time.perf_counter()
                    answer = one.browser.get(address, headers={"Accept-Language": "fr"})
                    whole = 1000 * (time.perf_counter() - began)
                assert answer.status_code == 200, (address, answer.status)
                assert "</html>" in answer.text, address
                if number >= 0:
                    spent.queries.append(sum(took))
                    spent.whole.append(whole)
                    spent.statements = len(took)
    return found


def measure_export(places: Mapping[str, Place], rounds: int) -> dict[str, Cost]:
    """The data of the file of a week, all its sheets read to the end."""
    found = {place: Cost() for place in places}
    for number in range(-1, rounds):
        for place, one in places.items():
            with one.app.test_request_context("/staff/"), metered(one.app) as took:
                account = db.session.scalars(select(Account).where(Account.email == "quality@example.org")).one()
                g.user = files_of_account(account.id)[0]
                args = MultiDict(read_query("period=last_7_days"))
                form = FeedbackFilter(g.user, args)
                assert form.validate()
                took.clear()
                began = time.perf_counter()
                rows = sum(1 for sheet in book_of(form, args).sheets.values() for _row in sheet.rows)
                whole = 1000 * (time.perf_counter() - began)
            assert rows
            if number >= 0:
                found[place].queries.append(sum(took))
                found[place].whole.append(whole)
                found[place].statements = len(took)
    return found


def compare_last_month(place: Place) -> float:
    """Seconds for the nightly check of one whole month; nothing may differ."""
    month = (clock.now().date().replace(day=1) - timedelta(days=1)).replace(day=1)
    began = time.perf_counter()
    with place.app.app_context():
        for table in TALLIES:
            assert compare(month_of(month)[0], table) is None, table
            db.session.rollback()
    return time.perf_counter() - began


def tell(found: Mapping[str, Mapping[str, Cost]]) -> int:
    """Print a line for each page; return the exit code."""
    table = Table("", "statements", "their ms", "page, ms", "÷ thinner", "÷ shorter", "")
    below = False
    for name, cost in found.items():
        whole, ratios = cost["whole"], [cost["whole"].query / cost[other].query for other in ("thinner", "shorter")]
        slow = whole.query > FLOOR or ratios[1] > GROWN
        below |= slow
        verdict = "BELOW" if slow else "goal" if whole.query <= GOAL else "floor"
        table.add_row(name, str(whole.statements), f"{whole.query:.1f}", f"{whole.page:.0f}",
                      *(f"{ratio:.2f}" for ratio in ratios), verdict)  # fmt: skip
    console.print(table)
    return int(below)


def loaded(cluster: Cluster, place: str, history: History, folder: Path) -> Flask:
    """An agency with its past: the one that was kept, or a new one."""
    database = f"{place}_{history.ratings}"  # has this name once all is written
    if database not in cluster.execute("SELECT string_agg(datname, ' ') FROM pg_database").split():
        say(f"{place}: writing {history.ratings:,} ratings of {history.days:,} days")
        began, raw = time.perf_counter(), cluster.url("raw")
        cluster.drop_database(raw)
        cluster.execute("CREATE DATABASE raw TEMPLATE template0")
        app = prepared("postgresql", raw, None, folder, QUICK).app
        people(app)
        load(app, history)
        with app.app_context():
            db.engine.dispose()
        cluster.execute(f"ALTER DATABASE raw RENAME TO {database}")
        cluster.execute("CHECKPOINT")
        say(f"{place}: {time.perf_counter() - began:.0f} s")
    return prepared("postgresql", cluster.url(database), None, folder, QUICK).app


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--share", type=float, default=1.0, help="of the ratings: 0.01 for a glance")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each page is asked for")
    parser.add_argument("--keep", type=Path, help="a folder in which the ratings stay, for another run on the same day")
    asked = parser.parse_args()
    kept = asked.keep and asked.keep.resolve()
    with tempfile.TemporaryDirectory(prefix="suivi-bench-") as name, postgres_cluster(*SERVER, kept=kept) as cluster:
        places = {}
        for place, history in HISTORIES.items():
            app = loaded(cluster, place, History(int(history.ratings * asked.share), history.days), Path(name))
            places[place] = Place(app, signed_in(app))
        logging.getLogger("portal.requests").setLevel(logging.WARNING)
        found = measure(places, asked.rounds, pages(places["whole"].app))
        found["data of a week’s file"] = measure_export(places, 3)
        code = tell(found)
        for place, one in places.items():
            say(f"nightly check of last month, {place}: {compare_last_month(one):.1f} s")
        return code


if __name__ == "__main__":
    sys.exit(main())
