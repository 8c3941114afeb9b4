"""The portal's own worker, ticker, sweep or web server with a short patience, which dies where it is told to.

`python -m tests.faults.runner worker` is `flask worker`; the numbers below differ, in the same proportions, and a
ticket in the folder SUIVI_STRIKES (`kill@after-claim.1`) is used up by the first process that comes to that point:

* `kill`: it ends there, as by `kill -9`; `slay`: its worker first; `orphan`: its worker alone; `term`: its worker, or
  the ticker, is told to stop.
* Points: `before-claim after-claim before-commit after-commit` (of an acceptance), `reclaim promote` (in the sweep),
  `creation-before creation-after` (the commit of the deed that promises a mail).

A recipient whose address begins with `poison` kills whoever writes a mail to it.
"""

import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from pathlib import Path
from types import ModuleType
from typing import Any

from flask.cli import main
from sqlalchemy import event
from sqlalchemy.orm import Session

from portal.outbox import jobs, leases, mailer
from tests.outbox.sink import RUNNER, TOLD, Event, write_log

PATIENCE = float(
    os.environ.get("SUIVI_PATIENCE", "1")
)  # more where nothing is to be struck: a busy machine is no fault
LEASE = 5.0 * PATIENCE  # seconds

leases.LEASE = timedelta(seconds=LEASE)
leases.PAUSE = timedelta(seconds=1)
leases.BACK_OFF = [timedelta(seconds=1)] * 8
leases.INSISTENCE = 2.0
leases.POISON = 4  # ty: ignore[invalid-assignment]
mailer.STEP_SECONDS = 2.0 * PATIENCE  # ty: ignore[invalid-assignment]
mailer.MAIL_SECONDS = 3.0 * PATIENCE  # ty: ignore[invalid-assignment]
mailer.FAREWELL_SECONDS = 0.5
jobs.IMPATIENCE = timedelta(seconds=4)
jobs.BUDGET = 10.0
jobs.BATCH = 4  # ty: ignore[invalid-assignment] - a killed process drags few along

TICKETS = Path(os.environ["SUIVI_STRIKES"])
LOG = Path(os.environ["SUIVI_LOG"])
_doing: list[str] = []  # the step of ours that this process is in
_for: list[str] = []  # the address of the mail that it concerns


def is_ours(pid: int) -> bool:
    """Whether a process is a worker, not whoever runs the test."""
    return RUNNER in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")


def strike(point: str) -> None:
    """Use up one ticket of this point, if there is one that fits this process."""
    parent = os.getppid()
    for ticket in sorted(TICKETS.glob(f"*@{point}.*")):
        kind = ticket.name.partition("@")[0]
        if kind in ("slay", "orphan") and not is_ours(parent):
            continue  # a ticker has no worker
        try:
            ticket.unlink()
        except FileNotFoundError:
            continue  # another process was faster
        suffer(kind, point, parent if is_ours(parent) else 0)
        return


def suffer(kind: str, point: str, worker: int) -> None:
    who = worker if kind == "term" and worker else os.getpid()
    write_log(LOG, Event("fault", f"{kind}-{point}", _for[-1] if _for else "", pid=who, at=time.time()))
    if kind == "term":
        os.kill(who, signal.SIGTERM)
        time.sleep(TOLD)
        return
    if kind in ("slay", "orphan"):
        os.kill(worker, signal.SIGKILL)
    if kind == "orphan":
        time.sleep(10)  # the kernel is faster
    os.kill(os.getpid(), signal.SIGKILL)


def during(module: ModuleType, name: str, step: str, applies: Callable[..., bool] = lambda *_: True) -> None:
    """Know when this process is inside a function."""
    original = getattr(module, name)

    @wraps(original)
    def run(*args: Any, **more: Any) -> Any:
        if not applies(*args):
            return original(*args, **more)
        _doing.append(step)
        try:
            return original(*args, **more)
        finally:
            _doing.pop()

    setattr(module, name, run)


def around_claim(original: Callable[..., tuple[list[int], str]]) -> Callable[..., tuple[list[int], str]]:
    def claim(limit: int, **more: Any) -> tuple[list[int], str]:
        strike("before-claim")
        ids, token = original(limit, **more)
        if ids:
            strike("after-claim")
        return ids, token

    return claim


def around_compose(original: Callable[..., Any]) -> Callable[..., Any]:
    def compose(message: Any, kind: Any, recipient: Any) -> Any:
        _for[:] = [recipient.address]
        if recipient.address.startswith("poison"):
            write_log(LOG, Event("fault", "poison", recipient.address, pid=os.getpid(), at=time.time()))
            os.kill(os.getpid(), signal.SIGKILL)
        return original(message, kind, recipient)

    return compose


@event.listens_for(Session, "before_commit")
def _before(_session: Session) -> None:
    if _doing and not _doing[-1].startswith("creation"):
        strike({"finish": "before-commit"}.get(_doing[-1], _doing[-1]))
    elif _doing:
        strike("creation-before")


@event.listens_for(Session, "after_commit", insert=True)  # before the hint is sent
def _after(session: Session) -> None:
    if session.in_nested_transaction():
        return  # nothing is committed yet
    if _doing and _doing[-1] == "finish":
        strike("after-commit")
    elif _doing and _doing[-1] == "creation":
        strike("creation-after")


leases.claim = around_claim(leases.claim)  # ty: ignore[invalid-assignment]
jobs.compose = around_compose(jobs.compose)  # ty: ignore[invalid-assignment]
during(leases, "finish", "finish", lambda _turn, outcome, _answer: outcome == "accepted")
during(leases, "reclaim", "reclaim")
during(jobs, "_move", "promote")

if __name__ == "__main__":
    sys.argv = ["flask", "--app", "wsgi", *sys.argv[1:]]
    main()
