"""What was measured, beside the floors and goals: on the screen, as a file for machines, on the page for people."""

import json
import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from portal import clock

if TYPE_CHECKING:
    from benchmarks.bench import Bench

FOLDER = Path(__file__).resolve().parent
BEGIN, END = "<!-- newest results -->", "<!-- end of results -->"
console = Console(stderr=True)


@dataclass(frozen=True)
class Bound:
    """One line of the design's table of speeds.

    Attributes:
        what: in words.
        read: takes it from the figures of an engine.
        floor, goal: the least that is accepted, and what we want.
        form: how it is written.
        most: it is a bound from above.
    """

    what: str
    read: Callable[[dict[str, Any]], float]
    floor: float
    goal: float
    form: str
    most: bool = False

    def verdict(self, value: float) -> str:
        sign = -1 if self.most else 1
        if sign * value >= sign * self.goal:
            return "goal"
        return "floor" if sign * value >= sign * self.floor else "BELOW"


BOUNDS = (
    Bound("list of 50 visits, of the limit's speed", lambda f: 100 * f["list"]["share"], 45, 60, "{:.0f} %"),
    Bound("SQL statements of that page", lambda f: f["statements"], 6, 4, "{:.0f}", most=True),
    Bound("HTML of that page", lambda f: f["html_kb"], 30, 20, "{:.1f} KB", most=True),
    Bound("leaving a rating, of the limit's speed", lambda f: 100 * f["rate"]["share"], 35, 50, "{:.0f} %"),
    Bound("mails handed over by two workers", lambda f: f["mails"]["per_second"], 60, 250, "{:.0f} /s"),
    Bound("polls of 300 open conversations, p99", lambda f: f["polls"]["p99_ms"], 250, 100, "{:.0f} ms", most=True),
    Bound("cold start to the first page", lambda f: f["start_s"], 2, 1, "{:.2f} s", most=True),
    *(Bound(f"{page}: with ten times the rows, times the cost", lambda f, page=page: f["growth"][page]["times"],
            1.3, 1.1, "{:.2f}", most=True)
      for page in ("planning of a client", "planning of a worker", "search", "search as one types", "control table")),
    Bound("memory of the web processes", lambda f: f["memory_mb"], 200, 150, "{:.0f} MB", most=True),
)  # fmt: skip


def say(words: str) -> None:
    console.print(words, style="dim")


def tell(measured: list["Bench"], *, keep: bool) -> int:
    """Print the table, write the files if asked to, return the exit code."""
    lines = [
        (bench, bound, value) for bench in measured for bound in BOUNDS if (value := _value(bound, bench)) is not None
    ]
    table = Table("", "engine", "measured", "floor", "goal", "")
    for bench, bound, value in lines:
        table.add_row(bound.what, bench.engine, bound.form.format(value), bound.form.format(bound.floor),
                      bound.form.format(bound.goal), bound.verdict(value))  # fmt: skip
    console.print(table)
    for bench in measured:
        console.print(f"{bench.engine}: " + "; ".join(_details(bench.figures)))
    if keep:
        _write(measured, lines)
    below = any(bound.verdict(value) == "BELOW" for _, bound, value in lines)
    if any(bench.busy for bench in measured):
        console.print("The machine was busy with something else: what is below a floor may be its fault.")
        return 3 if below else 0
    return int(below)


def _value(bound: Bound, bench: "Bench") -> float | None:
    try:
        return bound.read(bench.figures)
    except KeyError:
        return None  # that part was not measured


def _details(figures: dict[str, Any]) -> list[str]:
    said = [
        f"{what}, {name}: {run['cpu_ms']:.2f} + {run['db_ms']:.2f} ms CPU, {run['per_second']:.0f} a second, "
        f"p50 {run['p50_ms']:.0f} ms, p99 {run['p99_ms']:.0f} ms"
        for what in ("list", "rate")
        for name in ("portal", "limit")
        if (run := figures.get(what, {}).get(name))
    ]
    if run := figures.get("mails"):
        said.append(f"mails: {run['cpu_ms']:.2f} + {run['db_ms']:.2f} ms CPU each, {run['copies']} copies")
    if run := figures.get("polls"):
        said.append(
            f"polls: {run['cpu_ms']:.2f} + {run['db_ms']:.2f} ms CPU each, {run['per_second']:.0f} a second, "
            f"p50 {run['p50_ms']:.0f} ms, p99 {run['p99_ms']:.0f} ms, at most {run['most_ms']:.0f} ms; figures of the "
            f"menu p99 {run['menus_p99_ms']:.0f} ms; {run['posts']} messages meanwhile"
        )
    said += [
        f"{page}: {run['tenth']:.1f} ms CPU, with ten times the rows {run['whole']:.1f}"
        for page, run in figures.get("growth", {}).items()
    ]
    if "limit_memory_mb" in figures:
        said.append(f"the limit's memory {figures['limit_memory_mb']:.0f} MB")
    if "limit_start_s" in figures:
        said.append(f"the limit's start {figures['limit_start_s']:.2f} s")
    return said


def surroundings() -> dict[str, Any]:
    """On what it was measured."""
    packages = ("flask", "sqlalchemy", "psycopg", "jinja2", "gunicorn", "rq")
    head = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=FOLDER, capture_output=True, text=True, check=False
    )
    return {
        "at": f"{clock.now():%Y-%m-%d %H:%M} UTC", "commit": head.stdout.strip(), "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version, "kernel": platform.release(), "cores": os.cpu_count(),
        "load": os.getloadavg()[0], **{name: version(name) for name in packages},
    }  # fmt: skip


def _write(measured: list["Bench"], lines: list[tuple["Bench", Bound, float]]) -> None:
    around = surroundings()
    (FOLDER / "results").mkdir(exist_ok=True)
    for bench in measured:
        path = FOLDER / "results" / f"{around['at'][:10]}-{bench.engine}.json"
        whole = {"engine": bench.engine, "busy": bench.busy, "around": around, "figures": bench.figures}
        path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")
    page = FOLDER / "README.md"
    head, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    rows = ["| | engine | measured | floor | goal |", "|---|---|---|---|---|"]
    rows += [f"| {bound.what} | {bench.engine} | **{bound.form.format(value)}** | {bound.form.format(bound.floor)} "
             f"| {bound.form.format(bound.goal)} |" for bench, bound, value in lines]  # fmt: skip
    notes = [f"* {bench.engine}: {line}" for bench in measured for line in _details(bench.figures)]
    told = ", ".join(f"{name} {value}" for name, value in around.items() if name not in ("at", "load"))
    text = "\n".join([f"{around['at']}; {told}.", "", *rows, "", *notes])
    page.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    sys.stdout.write(f"{page}\n")
