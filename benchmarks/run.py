"""`make bench`: measures the portal beside the limit application and compares with the floors and goals of the design.

Exit code 0: every floor is met. 1: one is not. 3: the machine was too busy to tell.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks import data, growth, measures, report
from benchmarks.bench import QUICK, TOO_BUSY, Bench, Plan, prepared
from benchmarks.meter import Meters
from tests.servers import Cluster, postgres_cluster

PARTS = {"pages", "polls", "start", "mails", "growth"}


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
        measures.measure_page_itself(bench, guests[0])
        measures.measure_pages(bench, guests)
    if "polls" in only:
        say(f"{bench.engine}: {measures.PEOPLE} open conversations")
        measures.measure_polls(bench, guests)
    if "start" in only:
        say(f"{bench.engine}: cold start")
        measures.measure_start(bench)
    if "mails" in only:
        say(f"{bench.engine}: {bench.plan.mails:,} mails")
        measures.measure_mails(bench)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer requests, mails and rounds")
    parser.add_argument("--engine", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--only", default=",".join(sorted(PARTS)), help="pages,polls,start,mails,growth")
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
    with ExitStack() as stack:
        try:
            cluster = stack.enter_context(postgres_cluster())
        except RuntimeError:
            yield None
            return
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):  # as an agency's server has them
            cluster.execute(f"ALTER SYSTEM SET {setting} = on")
        cluster.execute("SELECT pg_reload_conf()")
        yield lambda _name: cluster.new_database(), _postmaster(cluster)


def _postmaster(cluster: Cluster) -> int:
    return int((cluster.folder / "data" / "postmaster.pid").read_text().splitlines()[0])


if __name__ == "__main__":
    sys.exit(main())
