"""`make bench`: measures the portal beside the limit application and compares with the floors and goals of the design.

Exit code 0: every floor is met. 1: one is not. 3: the machine was too busy to tell.
"""

import argparse
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from flask import Flask

from benchmarks import data, growth, report
from benchmarks.load import Order
from benchmarks.meter import ROOT, Meters, pss_megabytes, quiet_moment, running, wait_until
from tests.servers import Cluster, free_port, postgres_cluster, valkey_server

CONNECTIONS = 8
PARTS = {"pages", "start", "mails", "growth"}
TOO_BUSY = 0.25  # cores that others may use while we measure
SINK = 0.25  # and the mail server and Valkey, which are nobody's


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    lists: int = 1200
    ratings: int = 450
    rounds: int = 3
    mails: int = 10_000
    starts: int = 5
    grown: int = 60
    patience: float = 5.0


QUICK = Plan(lists=400, ratings=200, rounds=2, mails=2_000, starts=3, grown=20, patience=2.0)


@dataclass
class Bench:
    """One engine's measurements: its address, its environment, its figures."""

    engine: str
    environ: dict[str, str]
    app: Flask
    plan: Plan
    database: int | None
    folder: Path
    figures: dict[str, Any] = field(default_factory=dict)
    busy: bool = False

    @contextmanager
    def server(self, name: str) -> Generator[tuple[int, int]]:
        """Run an application as in production; give its process and port."""
        port = free_port()
        fixed = ["--config", "python:portal.processes", "--no-control-socket", "--bind", f"127.0.0.1:{port}"]
        options = ["--worker-class", "gthread", "--workers", "2", "--threads", "16", "--log-level", "warning"]
        application = {"portal": "wsgi:app", "limit": "benchmarks.limit:app"}[name]
        environ = self.environ | {"PORTAL_BASE_URL": f"http://127.0.0.1:{port}"}
        with running([sys.executable, "-m", "gunicorn", *fixed, *options, application], environ) as process:
            page = "/sign-in" if name == "portal" else "/static/favicon.svg"
            wait_until(lambda: _answers(f"http://127.0.0.1:{port}{page}"), 30, f"{name}'s first page")
            yield process.pid, port

    def visit(self, server: tuple[int, int], order: dict[str, Any]) -> dict[str, float]:
        """Send visitors and return what each request has cost."""
        pid, port = server
        quiet_moment(self.plan.patience)
        with Meters([pid], self.database).span() as span:
            told = self._load(Order(port=port, connections=CONNECTIONS, **order))
        assert not told["wrong"] and not told["unasked"], told
        count = told["asked"]
        return {
            "cpu_ms": 1000 * span.cpu / count, "db_ms": 1000 * span.database / count, "other": span.other,
            **{key: told[key] for key in ("per_second", "p50_ms", "p99_ms", "bytes")},
        }  # fmt: skip

    def _load(self, order: Order) -> dict[str, Any]:
        path = self.folder / "order.json"
        path.write_text(json.dumps(asdict(order)), encoding="utf-8")
        command = [sys.executable, "-m", "benchmarks.load", str(path)]
        return json.loads(subprocess.check_output(command, cwd=ROOT))


def _answers(url: str) -> bool:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310 - our own server
            return answer.status == 200
    except OSError:
        return False


def measure_pages(bench: Bench, guests: list[data.Guest]) -> None:
    """The list and the rating, portal and limit in turns, and the portal's memory after all that."""
    plan = bench.plan
    lists = {"portal": [], "limit": []}
    rates = {"portal": [], "limit": []}
    with bench.server("portal") as portal, bench.server("limit") as limit:
        servers = {"portal": portal, "limit": limit}
        for name, server in servers.items():  # templates, prepared statements, connections
            bench._load(Order(port=server[1], connections=CONNECTIONS, status=200,
                              requests=data.list_requests(guests, 100, limit=name == "limit")))  # fmt: skip
        for _ in range(plan.rounds):
            for name, server in servers.items():
                asked = data.list_requests(guests, plan.lists, limit=name == "limit")
                marker = "csrf_token" if name == "portal" else ""
                lists[name].append(bench.visit(server, _list_order(asked, marker)))
        for _ in range(plan.rounds):
            for name, server in servers.items():
                asked = data.rating_requests(bench.app, guests, plan.ratings, limit=name == "limit")
                before = data.count_ratings(bench.app)
                rates[name].append(bench.visit(server, {"requests": asked, "status": 303}))
                assert data.count_ratings(bench.app) == before + plan.ratings, "ratings are missing"
        bench.figures["memory_mb"] = pss_megabytes(portal[0])
        bench.figures["limit_memory_mb"] = pss_megabytes(limit[0])
    bench.figures["list"], bench.figures["rate"] = _compared(lists), _compared(rates)
    for what in ("list", "rate"):
        bench.busy |= max(bench.figures[what][name]["other"] for name in ("portal", "limit")) > TOO_BUSY


def _list_order(asked: list[list[str]], marker: str) -> dict[str, Any]:
    return {"requests": asked, "status": 200, "rows": 50, "marker": marker}


def _compared(runs: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """The medians of both, and what share of the limit's speed the portal reaches for the same CPU."""
    medians = {
        name: {key: statistics.median(run[key] for run in found) for key in found[0]} for name, found in runs.items()
    }
    total = {name: found["cpu_ms"] + found["db_ms"] for name, found in medians.items()}
    return medians | {"share": total["limit"] / total["portal"], "runs": runs}


def measure_page_itself(bench: Bench, guest: data.Guest) -> None:
    """SQL statements and bytes of one page of the list."""
    from sqlalchemy import event

    from portal.extensions import db

    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    with bench.app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
    client = bench.app.test_client(use_cookies=False)
    for _ in range(2):  # the first one warms up
        seen.clear()
        answer = client.get("/client/visits", headers={"Cookie": guest.portal, "Accept-Language": "fr"})
        assert answer.status_code == 200 and answer.data.count(b'<li class="visit') == 50
    bench.figures["statements"] = len([one for one in seen if not one.startswith("BEGIN")])
    bench.figures["html_kb"] = len(answer.data) / 1024
    with bench.app.app_context():
        event.remove(db.engine, "before_cursor_execute", note)


def measure_start(bench: Bench) -> None:
    """From the command to the first page that somebody sees."""
    for name in ("portal", "limit"):
        seconds = []
        for _ in range(bench.plan.starts):
            quiet_moment(bench.plan.patience)
            with Meters([], None).span() as span:
                began = time.monotonic()
                with bench.server(name):
                    seconds.append(time.monotonic() - began)
            bench.busy |= span.other > TOO_BUSY
        bench.figures["start_s" if name == "portal" else "limit_start_s"] = statistics.median(seconds)


def measure_mails(bench: Bench) -> None:
    """Mails that are due, handed over by two workers to a server that takes everything."""
    count, out, port = bench.plan.mails, bench.folder / "sink.json", free_port()
    before = data.last_message(bench.app)
    data.promise_mails(bench.app, count)
    out.write_text('{"taken": 0, "different": 0}', encoding="utf-8")
    with valkey_server() as redis_url:
        environ = bench.environ | {"PORTAL_REDIS_URL": redis_url, "PORTAL_SMTP_URL": f"smtp://127.0.0.1:{port}"}
        flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
        sink = [sys.executable, "-m", "benchmarks.sink", str(port), str(out)]
        quiet_moment(bench.plan.patience)
        with (
            running(sink, environ),
            running([*flask, "worker"], environ) as one,
            running([*flask, "worker"], environ) as two,
        ):
            time.sleep(3)  # both wait for their first job
            with Meters([one.pid, two.pid], bench.database).span() as span:
                began = time.time()
                subprocess.run([*flask, "outbox", "sweep"], env=environ, cwd=ROOT, check=True, capture_output=True)
                wait_until(lambda: json.loads(out.read_text())["taken"] >= count, 300, f"{count} mails")
                time.sleep(1)  # a second copy would come now
            took = json.loads(out.read_text())
    assert took["taken"] == took["different"] == count, took
    assert data.count_sent(bench.app, before) == count, "the database does not know of all of them"
    bench.busy |= span.other > TOO_BUSY + SINK
    seconds = took["last"] - began
    bench.figures["mails"] = {
        "count": count, "per_second": count / seconds, "cpu_ms": 1000 * span.cpu / count,
        "db_ms": 1000 * span.database / count, "copies": took["taken"] - took["different"], "other": span.other,
    }  # fmt: skip


def prepared(engine: str, url: str, database: int | None, folder: Path, plan: Plan) -> Bench:
    """Make the tables of one engine and the application on it, in production's way."""
    keys = ("PORTAL_SECRET_KEY", "PORTAL_LINK_KEYS")
    os.environ.update({key: secrets.token_urlsafe(48) for key in keys})
    os.environ.update({
        "PORTAL_ENV": "production", "PORTAL_DATABASE_URL": url, "PORTAL_DATA_DIR": str(folder),
        "PORTAL_REDIS_URL": "redis://127.0.0.1:1", "PORTAL_BASE_URL": "http://127.0.0.1:5000",
    })  # fmt: skip
    from flask_migrate import upgrade

    from app import create_app

    app = create_app()
    with app.app_context():
        upgrade()
    return Bench(engine, dict(os.environ), app, plan, database, folder)


def measure_growth(bench: Bench, places: dict[str, growth.Place]) -> None:
    """The same pages of an agency and of one with a tenth of it."""
    with Meters([os.getpid()], bench.database).span() as span:
        bench.figures["growth"] = growth.measure(
            places, bench.plan.grown, bench.plan.rounds, bench.plan.patience
        )  # fmt: skip
    bench.busy |= span.other > TOO_BUSY


def fill_places(bench: Bench, new_database: Callable[[str], str], *, quick: bool) -> dict[str, growth.Place]:
    sizes = growth.QUICK_SIZES if quick else growth.SIZES
    places = {}
    for name, size in sizes.items():
        report.say(f"{bench.engine}: writing an agency of {size.visits:,} visits")
        made = prepared(bench.engine, new_database(name.replace(" ", "-")), bench.database, bench.folder, bench.plan)
        growth.fill(made.app, size)
        places[name] = growth.Place(made.app, bench.database)
    return places


def measure(bench: Bench, only: set[str]) -> None:
    if not only - {"growth"}:
        return
    say = report.say
    say(f"{bench.engine}: writing an agency of {data.SIZE.visits:,} visits")
    guests = data.fill(bench.app)
    if "pages" in only:
        say(f"{bench.engine}: list and rating")
        measure_page_itself(bench, guests[0])
        measure_pages(bench, guests)
    if "start" in only:
        say(f"{bench.engine}: cold start")
        measure_start(bench)
    if "mails" in only:
        say(f"{bench.engine}: {bench.plan.mails:,} mails")
        measure_mails(bench)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer requests, mails and rounds")
    parser.add_argument("--engine", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--only", default=",".join(sorted(PARTS)), help="parts to measure: pages,start,mails,growth")
    asked = parser.parse_args()
    plan, only = (QUICK if asked.quick else Plan()), set(asked.only.split(","))
    measured = []
    for engine in ("sqlite", "postgresql") if asked.engine == "both" else (asked.engine,):
        with tempfile.TemporaryDirectory(prefix="suivi-bench-") as name, _database(engine, Path(name)) as found:
            if found is None:
                report.say("PostgreSQL's programs are not installed: SQLite only")
                continue
            new_database, pid = found
            bench = prepared(engine, new_database("portal"), pid, Path(name), plan)
            measure(bench, only)
            if "growth" in only:
                measure_growth(bench, fill_places(bench, new_database, quick=asked.quick))
            measured.append(bench)
    return report.tell(measured, keep=not asked.quick and only == PARTS)


@contextmanager
def _database(engine: str, folder: Path) -> Generator[tuple[Callable[[str], str], int | None] | None]:
    """Give what makes a new, empty database under a name and returns its address, and the database's process."""
    if engine == "sqlite":
        yield lambda name: f"sqlite:///{folder / name}.db", None
        return
    try:
        cluster = postgres_cluster()
        running_cluster = cluster.__enter__()
    except RuntimeError:
        yield None
        return
    try:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # as an agency's server has them
            running_cluster.execute(f"ALTER SYSTEM SET {setting} = on")
        running_cluster.execute("SELECT pg_reload_conf()")
        yield lambda _name: running_cluster.new_database(), _postmaster(running_cluster)
    finally:
        cluster.__exit__(None, None, None)


def _postmaster(cluster: Cluster) -> int:
    return int((cluster.folder / "data" / "postmaster.pid").read_text().splitlines()[0])


if __name__ == "__main__":
    sys.exit(main())
