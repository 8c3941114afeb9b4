"""The commands about processes and the whole installation. Features register their own."""

import importlib
import logging
import os
import signal
import time
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext
from sqlalchemy.exc import SQLAlchemyError

from portal import logs
from portal.processes import leaving

TICK = 60  # seconds between two looks for due work
SWEEPS = (
    "portal.outbox.jobs",
    "portal.work.jobs",
    "portal.files.jobs",
    "portal.controls.jobs",
    "portal.adverse_events.jobs",
    "portal.reports.jobs",
)  # modules whose `sweep()` the ticker calls, in this order

log = logging.getLogger(__name__)


def init_app(app: Flask) -> None:
    """Register the commands."""
    for command in (up, worker, ticker, doctor, backup, restore):
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


@click.command()
@with_appcontext
def doctor() -> None:
    """Look whether everything is there that the portal needs, and say what to do; exit code 1 when something is wrong.

    Nothing is changed and no mail is sent.
    """
    from portal.checks import Level
    from portal.doctor import examine

    colours, worst = {Level.OK: "green", Level.ATTENTION: "yellow", Level.FAULT: "red"}, Level.OK
    for finding in examine():
        click.secho(f"{finding.level:<10}", fg=colours[finding.level], nl=False)
        click.echo(f"{finding.subject}: {finding.words}")
        if finding.advice:
            click.echo(f"{'':<10}→ {finding.advice}")
        worst = finding.level if finding.level is not Level.OK and worst is not Level.FAULT else worst
    sentences = {Level.OK: "All is well.", Level.ATTENTION: "It works; see the lines marked “attention”.",
                 Level.FAULT: "Something is wrong; see the lines marked “fault”."}  # fmt: skip
    click.echo(f"\n{sentences[worst]}")
    raise SystemExit(1 if worst is Level.FAULT else 0)


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@with_appcontext
def backup(target: Path) -> None:
    """Write the database, the data folder's files and what people attached into one file, while the portal runs.

    TARGET is a file, or a folder in which one is made with the date in its name. It holds everything that the portal
    knows about people: keep it as carefully as the database.
    """
    from portal import backup as making

    try:
        click.echo(making.make(_app(), target))
    except making.BackupError as error:
        raise click.ClickException(str(error)) from None


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Put it in the place of what the database holds now.")
@click.option("--check", is_flag=True, help="Only look whether the file is whole; change nothing.")
@with_appcontext
def restore(file: Path, replace: bool, check: bool) -> None:
    """Put a backup back. Stop web, workers and ticker before.

    All messages are held afterwards, so that nothing is sent twice: a person looks at them and lets them go.
    """
    from portal import backup as making
    from portal import restore as restoring
    from portal.extensions import db

    try:
        said = restoring.check(file) if check else restoring.put_back(_app(), file, replace=replace)
        db.session.commit()
        click.echo(said)
    except making.BackupError as error:
        raise click.ClickException(str(error)) from None
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise click.ClickException(f"The database does not do as it is told: {reason}") from None


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
