"""One supervised process: started so that it cannot outlive us, started again when it dies, stopped within a bound."""

import contextlib
import ctypes
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from portal import logs
from portal.config import ConfigError, load

if TYPE_CHECKING:
    from gunicorn.arbiter import Arbiter
    from gunicorn.workers.base import Worker

PR_SET_PDEATHSIG = 1  # linux/prctl.h
M_ARENA_MAX = -8  # malloc.h
FIRST_DELAY = 0.5  # seconds before a dead process is started again, doubled …
LAST_DELAY = 10.0  # … up to this while it keeps dying
STEADY = 10.0  # a process that lived this long is forgiven its former deaths

leaving = threading.Event()  # this process was asked to stop: it ends what it has in hand and begins nothing more

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent() -> None:
    """Ask the kernel to kill the calling process when its parent dies.

    Even `kill -9` of the supervisor then leaves nothing behind that holds the port or the data. Only Linux can do this;
    elsewhere the next start takes over what is left (`portal/valkey.py`) or says that the port is in use.
    """
    if _libc is None:
        return
    parent = os.getppid()
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died while we were asking
        os.kill(os.getpid(), signal.SIGKILL)


# ---- what gunicorn reads of this module (`--config python:portal.processes`)

logconfig_dict = logs.settings(production=os.environ.get("PORTAL_ENV") == "production")  # no request in it: see logs.py


def on_starting(server: "Arbiter") -> None:  # noqa: ARG001 - gunicorn calls it so
    """Refuse a wrong environment with one sentence, before any worker finds out with a trace."""
    logs.speak_as("web")
    try:
        load()
    except ConfigError as error:
        raise SystemExit(f"Error: {error}") from None


def pre_fork(server: "Arbiter", worker: "Worker") -> None:  # noqa: ARG001
    """What is in memory by now is used by all workers: the collector shall not write into it, or each gets a copy."""
    gc.freeze()


def post_fork(server: "Arbiter", worker: "Worker") -> None:  # noqa: ARG001
    """A killed master must not leave workers on the port. One store of free memory serves all threads of a worker:
    only one of them runs Python at a time."""
    die_with_parent()
    if hasattr(_libc, "mallopt"):  # the GNU library's own
        _libc.mallopt(M_ARENA_MAX, 1)


def post_worker_init(worker: "Worker") -> None:  # noqa: ARG001
    """The application itself is never garbage: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


# ----


def spawn(command: list[str], *, environ: dict[str, str] | None = None, cwd: Path | None = None) -> subprocess.Popen:
    """Start a process in a session of its own: Ctrl-C reaches the supervisor alone, and that one keeps order."""
    return subprocess.Popen(
        command,
        env=environ,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent,  # safe: the supervisor has one thread
    )


class Adopted:
    """A live process that we did not start (a leftover of an earlier run), with the few methods of Popen we use."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return None while it lives."""
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            self.returncode = 0
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it still lives."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)


class Child:
    """A named process that should be running."""

    def __init__(self, name: str, start: Callable[[], subprocess.Popen | Adopted], *, patience: float) -> None:
        self.name = name
        self.patience = patience  # seconds that it may take to stop
        self._start = start
        self._process: subprocess.Popen | Adopted | None = None
        self._started = self._next_start = 0.0
        self._deaths = 0

    def start(self) -> None:
        """Start the process."""
        self._started = time.monotonic()
        self._process = self._start()

    def alive(self) -> bool:
        """Tell whether the process runs."""
        return self._process is not None and self._process.poll() is None

    def watch(self, say: Callable[[str], None]) -> None:
        """Notice a death and start the process again when its delay has passed; called a few times a second."""
        if self.alive():
            return
        if self._process is not None:
            self._put_off(_bury(self._process), say)
        elif time.monotonic() >= self._next_start:
            try:
                self.start()
            except (OSError, RuntimeError) as error:
                self._put_off(str(error), say)

    def stop(self, hurried: Callable[[], bool]) -> None:
        """Ask the process to stop and wait for its patience; kill it after that, or at once when `hurried` says so."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + self.patience
        while process.poll() is None and time.monotonic() < deadline and not hurried():
            time.sleep(0.02)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        while process.poll() is None:  # nothing refuses SIGKILL
            time.sleep(0.02)
        _bury(process)

    def _put_off(self, reason: str, say: Callable[[str], None]) -> None:
        """Plan the next start, later each time while the process keeps dying."""
        now = time.monotonic()
        self._process = None
        self._deaths = 1 if now - self._started > STEADY else self._deaths + 1
        delay = min(FIRST_DELAY * 2 ** (self._deaths - 1), LAST_DELAY)
        self._next_start = now + delay
        say(f"{self.name} stopped by itself ({reason}); starting it again in {delay:g} s")


def _bury(process: subprocess.Popen | Adopted) -> str:
    """Kill what a dead process has left in its group and say in words how it ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if isinstance(process, subprocess.Popen):
            os.killpg(process.pid, signal.SIGKILL)  # it led a group of its own
    code = process.poll()
    return f"killed by {signal.Signals(-code).name}" if code and code < 0 else f"exit code {code}"
