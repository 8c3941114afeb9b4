"""The commands about processes: `flask up`, `flask worker`, `flask ticker`. Features register their own."""

import importlib
import logging
import os
import signal
import time

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

from portal import logs
from portal.processes import leaving

TICK = 60  # seconds between two looks for due work
SWEEPS = ("portal.outbox.jobs", "portal.work.jobs")  # modules whose `sweep()` the ticker calls, in this order

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in (up, worker, ticker):
        app.cli.add_command(command)


@click.command()
@click.option("--host", envvar="HOST", default="127.0.0.1", show_default=True, help="Address to listen on (HOST).")
@click.option("--port", envvar="PORT", default=5000, show_default=True, help="Port to listen on (PORT).")
@with_appcontext
def up(host: str, port: int) -> None:
    """Start the whole portal: database, Valkey, web server, worker, ticker. Ctrl-C stops it.

    PORTAL_REDIS_URL names a Redis or Valkey of your own; without it one is started in the data folder.
    """
    from portal import supervisor

    raise SystemExit(supervisor.run(_app(), host, port))


@click.command()
@click.option("--burst", is_flag=True, help="Do what is waiting, then end.")
@click.option("--verbose", is_flag=True, help="Print a line for every job.")
@with_appcontext
def worker(burst: bool, verbose: bool) -> None:
    """Do the jobs of the queue: send messages, import, export. Any number may run, on any machine."""
    from portal import queue

    logs.speak_as("worker")
    app = _app()
    url = app.config["PORTAL_REDIS_URL"]
    if not url:
        raise click.ClickException("There is no Redis: set PORTAL_REDIS_URL, or start everything with `flask up`.")
    queue.work(app, url, burst=burst, logging_level="INFO" if verbose else "WARNING")


@click.command()
@click.option("--once", is_flag=True, help="Look once, then end (for cron).")
@with_appcontext
def ticker(once: bool) -> None:
    """Look for due work every minute and hand it to the workers. It needs the database, not Redis.

    Two tickers do no harm: what is due is claimed by one of them.
    """
    logs.speak_as("ticker")
    Ticker(_app(), _interval()).run(once=once)


class Ticker:
    """Calls every sweep in turn, at a steady pace, whatever happens to one of them."""

    def __init__(self, app: Flask, interval: float) -> None:
        self.app = app
        self.interval = interval
        self._stopping = self._waiting = False

    def run(self, *, once: bool = False) -> None:
        """Tick until SIGTERM or SIGINT; the mail that is being sent is ended first."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        leaving.clear()
        while not self._stopping:
            begun = time.monotonic()
            self.tick()
            if once:
                return
            self._wait(max(0.0, begun + self.interval - time.monotonic()))

    def tick(self) -> None:
        """Call every sweep; a failing one is logged and the others still get their turn."""
        for name in SWEEPS:
            begun = time.monotonic()
            try:
                with self.app.app_context():
                    found = importlib.import_module(name).sweep()
                facts = {"sweep": name, "found": found, "ms": round((time.monotonic() - begun) * 1000, 1)}
                log.log(logging.INFO if found else logging.DEBUG, "swept", extra={"facts": facts})
            except Exception:
                log.exception("%s.sweep() failed; the next one is in %g s.", name, self.interval)

    def _wait(self, seconds: float) -> None:
        self._waiting = True
        if not self._stopping:
            time.sleep(seconds)
        self._waiting = False

    def _stop(self, *_: object) -> None:
        self._stopping = True
        leaving.set()
        if self._waiting:
            raise SystemExit(0)


def _interval() -> float:
    """Return the seconds between two ticks; PORTAL_TICK_SECONDS shortens them for tests."""
    return max(1.0, float(os.environ.get("PORTAL_TICK_SECONDS") or TICK))


def _app() -> Flask:
    return current_app._get_current_object()  # ty: ignore[missing-attribute]
