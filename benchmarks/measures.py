"""What is measured of the application as it runs in production: pages, memory, cold start, mails."""

import json
import statistics
import subprocess
import sys
import time
from dataclasses import asdict
from typing import Any

from benchmarks import data
from benchmarks.bench import CONNECTIONS, TOO_BUSY, Bench
from benchmarks.load import Order
from benchmarks.meter import ROOT, Meters, pss_megabytes, quiet_moment, running, wait_until
from benchmarks.polls import Watch
from tests.servers import free_port, valkey_server

PEOPLE, PACE = 300, 4.0  # with a conversation open; seconds between two questions of a page
SINK = 0.25  # cores that the mail server and Valkey may use besides: they are nobody's


def measure_pages(bench: Bench, guests: list[data.Guest]) -> None:
    """The list and the rating, portal and limit in turns, and the portal's memory after all that."""
    plan = bench.plan
    lists = {"portal": [], "limit": []}
    rates = {"portal": [], "limit": []}
    with bench.server("portal") as portal, bench.server("limit") as limit:
        servers = {"portal": portal, "limit": limit}
        for name, server in servers.items():  # templates, prepared statements, connections
            bench.load(Order(port=server[1], connections=CONNECTIONS, status=200,
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


def measure_polls(bench: Bench, guests: list[data.Guest]) -> None:
    """Three hundred people with a conversation open, of whom one writes every half second."""
    people = data.open_threads(bench.app, guests, PEOPLE, length=20)
    order = bench.folder / "watch.json"
    command = [sys.executable, "-m", "benchmarks.polls", str(order)]
    with bench.server("portal") as (pid, port):
        for seconds in (5 * PACE, bench.plan.watched):  # the first time for connections and templates
            watch = Watch(port=port, people=people, seconds=seconds, pace=PACE, writes=2)
            order.write_text(json.dumps(asdict(watch)), encoding="utf-8")
            quiet_moment(bench.plan.patience)
            with Meters([pid], bench.database).span() as span:
                told = json.loads(subprocess.check_output(command, cwd=ROOT))
            assert not told["wrong"] and told["asked"] > seconds, told
    assert told["news"] >= told["posts"] > 0, f"who has written sees it: {told}"
    bench.busy |= span.other > TOO_BUSY
    answers = told["asked"] + told["menus"]
    bench.figures["polls"] = told | {
        "people": PEOPLE, "per_second": answers / span.wall, "other": span.other,
        "cpu_ms": 1000 * span.cpu / answers, "db_ms": 1000 * span.database / answers,
    }  # fmt: skip


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
