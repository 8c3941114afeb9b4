"""`flask up`: the whole portal from one command, and one Ctrl-C that stops it.

Migrates the database, then keeps four things running: the embedded Valkey, the web server, a worker and the ticker.
A production server may do the same with systemd units.
"""

import fcntl
import http.client
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import click
from flask import Flask
from sqlalchemy.exc import OperationalError

from portal import valkey
from portal.extensions import db
from portal.processes import Adopted, Child, spawn

ROOT = Path(__file__).resolve().parent.parent
LOOK = 0.1  # seconds between two looks at the processes
START = 30.0  # seconds for the first answer of the web server
DEMO_PASSWORD = "demo-portal-2026"  # noqa: S105 - printed on purpose, the demo agency holds no one's data


def run(app: Flask, host: str, port: int) -> int:
    """Run the portal until told to stop; return the exit code."""
    lock = _lock(app)
    if lock is None:
        return 1
    with lock:  # the kernel lets go of it even after kill -9: no stale file can stop the next start
        if complaint := _refusal(host, port):
            _complain(complaint)
            return 1
        _write(lock, f"{os.getpid()} {_address(host, port)}")
        return Supervisor(app, host, port).run()


class Supervisor:
    """The processes of one installation, in the order they start; they stop in the order of `_stop`."""

    def __init__(self, app: Flask, host: str, port: int) -> None:
        self.app = app
        self.host, self.port = host, port
        self.data_dir: Path = app.config["PORTAL_DATA_DIR"]
        self.redis_url = os.environ.get("PORTAL_REDIS_URL") or ""
        self.children: dict[str, Child] = {}
        self.interrupts = 0

    def run(self) -> int:
        """Start everything, watch over it, stop it in order."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._interrupt)
        try:
            if not self._start():
                return 1 if not self.interrupts else 0
            while not self.interrupts:
                self._watch()
        except valkey.ValkeyError as error:
            _complain(str(error))
            return 1
        except OperationalError as error:
            _complain(f"The database does not answer: {error.orig}")
            return 1
        finally:
            self._stop()
        return 0

    def _interrupt(self, *_: object) -> None:
        self.interrupts += 1

    def _start(self) -> bool:
        """Bring everything up, a line each. False when that failed or was interrupted."""
        _say("Suivi is starting")
        self._migrate()
        _progress("database", "up to date")
        if not self.redis_url:
            self.children["Valkey"] = Child("Valkey", self._start_valkey, patience=10)
            self.children["Valkey"].start()
            _progress("Valkey", "answers, inside the data folder")
        self._add("web", self._gunicorn(), 15)
        if not self._wait_until_ready():
            return False
        _progress("web", "answers, 2 processes of 16 threads")
        self._add("worker", self._flask("worker"), 65)  # it may finish its job, 55 s at most
        _progress("worker", "started")
        self._add("ticker", self._flask("ticker"), 30)  # it may end a mail, 20 s at most
        _progress("ticker", "started, looks for due work every minute")
        self._welcome()
        return True

    def _add(self, name: str, command: list[str], patience: float) -> None:
        """Start one of our own programs and watch over it from now on."""
        self.children[name] = Child(name, lambda: self._spawn(command), patience=patience)
        self.children[name].start()

    def _migrate(self) -> None:
        """Bring the tables to this version, without the migration tool's own lines; a failure prints and exits."""
        from flask_migrate import upgrade

        logging.disable(logging.INFO)
        with self.app.app_context():
            upgrade()
            for engine in db.engines.values():
                engine.dispose()  # the supervisor itself keeps no connection
        logging.disable(logging.NOTSET)

    def _start_valkey(self) -> subprocess.Popen | Adopted:
        server = valkey.start(self.data_dir)
        self.redis_url = server.url
        return server.process

    def _spawn(self, command: list[str]) -> subprocess.Popen:
        """Start one of our own programs, with the addresses that this run has settled."""
        settled = {
            "PORTAL_DATA_DIR": str(self.data_dir),
            "PORTAL_REDIS_URL": self.redis_url,
            "HOST": self.host,
            "PORT": str(self.port),
        }
        return spawn(command, environ=os.environ | settled, cwd=ROOT)

    def _gunicorn(self) -> list[str]:
        """Return the command of the web server; its hooks are in portal/processes.py."""
        options = "--worker-class gthread --workers 2 --threads 16 --graceful-timeout 10 --log-level warning"
        bind = f"{_bracketed(self.host)}:{self.port}"
        fixed = ["--config", "python:portal.processes", "--no-control-socket", "--bind", bind]
        return [sys.executable, "-m", "gunicorn", *fixed, *options.split(), "wsgi:app"]

    def _flask(self, command: str) -> list[str]:
        return [sys.executable, "-m", "flask", "--app", "wsgi", command]

    def _watch(self) -> None:
        for child in self.children.values():
            child.watch(_say)
        time.sleep(LOOK)

    def _wait_until_ready(self) -> bool:
        """Wait for the first answer, so that the printed address works when it is clicked."""
        deadline = time.monotonic() + START
        while not self.interrupts and time.monotonic() < deadline:
            if self._healthy():
                return True
            self._watch()
        if not self.interrupts:
            _complain("The web server does not answer; its own messages are above.")
        return False

    def _healthy(self) -> bool:
        """Ask the web server whether it is there, by the name it trusts."""
        name = urlsplit(self.app.config.get("PORTAL_BASE_URL") or "").netloc or f"{self.host}:{self.port}"
        with closing(http.client.HTTPConnection(_reachable(self.host), self.port, timeout=2)) as request:
            try:
                request.request("GET", "/healthz", headers={"Host": name})
                return request.getresponse().status == http.HTTPStatus.OK
            except (OSError, http.client.HTTPException):
                return False

    def _welcome(self) -> None:
        """Print where the portal is and, for a demo, who may sign in."""
        _say(f"\nSuivi is ready at {_address(self.host, self.port)}\n")
        for email, who in self._demo_logins():
            _say(f"  {email:<26} {who}")
        for line in self._first_steps():
            _say(line)
        _say("Ctrl-C stops everything.")

    def _demo_logins(self) -> list[tuple[str, str]]:
        """Return the demo's accounts, or nothing where an agency does real work."""
        from portal import demo

        with self.app.app_context():
            logins = demo.logins() if demo.present() else []
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()
        if logins:
            _say(f"  Demo agency; every password is {DEMO_PASSWORD}")
        return logins

    def _first_steps(self) -> list[str]:
        """Say how a new portal is taken into possession; nothing once there is an administrator."""
        from portal.setup.queries import is_new, setup_code

        with self.app.app_context():
            lines = []
            if is_new():
                lines = [f"  First steps: {_address(self.host, self.port)}/setup", f"  with the code {setup_code()}"]
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()
        return lines

    def _stop(self) -> None:
        """Stop in the order in which they need each other; a second Ctrl-C waits for nobody."""
        if self.interrupts:
            _say("\nStopping; Ctrl-C once more stops at once")
        for name in ("web", "ticker", "worker", "Valkey"):
            if child := self.children.get(name):
                child.stop(lambda: self.interrupts > 1)
                _progress(name, "stopped")
        if "Valkey" in self.children:
            valkey.forget(self.data_dir)
        if self.children:
            _say("Suivi has stopped.")


def _lock(app: Flask) -> IO[str] | None:
    """Take the lock of this data folder; None, after saying so, when a running portal holds it."""
    path: Path = app.config["PORTAL_DATA_DIR"] / "up.lock"
    path.touch(mode=0o600)
    file = path.open("r+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        pid, _, address = file.read().partition(" ")
        file.close()
        _complain(f"Suivi is already running at {address} (process {pid}); stop that one with Ctrl-C, or use it.")
        return None
    return file


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()


def _refusal(host: str, port: int) -> str | None:
    """Tell why the web server could not listen there, in words for the person who started it; None when it can."""
    with suppress(OSError), socket.create_connection((_reachable(host), port), timeout=1):
        return _port_used(port)
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == 98 or "in use" in str(error):
            return _port_used(port)
        return f"Suivi cannot listen on {host}, port {port}: {error.strerror}."
    return None


def _port_used(port: int) -> str:
    return f"Port {port} is used by another program; choose another port, for example: PORT={port + 1} make run"


def _reachable(host: str) -> str:
    """Return where a server that listens on `host` can be asked from this machine."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _address(host: str, port: int) -> str:
    return f"http://{_bracketed(_reachable(host))}:{port}"


def _progress(name: str, words: str) -> None:
    _say(f"  {name:<9} {words}")


def _complain(words: str) -> None:
    _say(words, err=True)


def _say(words: str, *, err: bool = False) -> None:
    """Print a line; a terminal that has been closed must not keep us from stopping in order."""
    with suppress(OSError):
        click.echo(words, err=err)
