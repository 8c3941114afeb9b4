"""One engine's measurements: how much is measured, the servers that are measured, the figures."""

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from flask import Flask

from benchmarks.load import Order
from benchmarks.meter import ROOT, Meters, quiet_moment, running, wait_until
from tests.servers import free_port

CONNECTIONS = 8
TOO_BUSY = 0.25  # cores that others may use while we measure


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    lists: int = 1200
    ratings: int = 450
    rounds: int = 3
    mails: int = 10_000
    watched: float = 40.0
    starts: int = 5
    grown: int = 60
    patience: float = 5.0


QUICK = Plan(lists=400, ratings=200, rounds=2, mails=2_000, watched=24.0, starts=3, grown=20, patience=2.0)


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
            told = self.load(Order(port=port, connections=CONNECTIONS, **order))
        assert not told["wrong"] and not told["unasked"], told
        count = told["asked"]
        return {
            "cpu_ms": 1000 * span.cpu / count, "db_ms": 1000 * span.database / count, "other": span.other,
            **{key: told[key] for key in ("per_second", "p50_ms", "p99_ms", "bytes")},
        }  # fmt: skip

    def load(self, order: Order) -> dict[str, Any]:
        """Send visitors, and return what they tell."""
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
