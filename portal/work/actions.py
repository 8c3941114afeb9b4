"""Starting a long job."""

from portal.audit.actions import Actor
from portal.extensions import db, wires
from portal.queue import WORK_TIMEOUT, enqueue_after_commit
from portal.work.jobs import run
from portal.work.models import Work


def start(actor: Actor | None, kind: str, subject_id: int, total: int | None = None) -> Work:
    """Write the row of a job; a worker takes it up once the present transaction is committed.

    Args:
        actor: who wants it; None for the portal itself.
        kind: a key of `WORK_KINDS` in `portal/wiring.py`.
        subject_id: what the job works on.
        total: how many units, when known already.

    Raises:
        KeyError: no feature does this kind of work.
    """
    work = open_work(actor, kind, subject_id, total)
    enqueue_after_commit(db.session, run, work.id, timeout=WORK_TIMEOUT)
    return work


def open_work(actor: Actor | None, kind: str, subject_id: int, total: int | None = None) -> Work:
    """Write the row of a job that the caller runs itself; should it die, the sweep has a worker go on with it."""
    _ = wires.work_kinds[kind]
    work = Work(kind=kind, subject_id=subject_id, total=total, account_id=actor.account_id if actor else None)
    db.session.add(work)
    db.session.flush()
    return work
