"""Running long jobs. All are written so that a second run goes on where the first one died."""

import logging
import secrets
from datetime import timedelta

from sqlalchemy import and_, or_, select, update

from portal import clock
from portal.extensions import db, rows_changed, wires, writing
from portal.queue import WORK_TIMEOUT, enqueue
from portal.work.models import Work

log = logging.getLogger(__name__)

SILENT = timedelta(minutes=2)  # a running job that has not advanced for so long has lost its process
RUNS = 3  # a job that has taken its process with it so often is given up
FORGOTTEN = timedelta(seconds=50)  # a waiting job that nobody took up: Redis was away


def run(work_id: int) -> None:
    """Do the job of one row, unless somebody else does it or it is over."""
    with writing():
        if not _claim(work_id):
            return
        try:
            db.session.expire_all()  # the row as it is now, not as this process may have seen it
            work = db.session.get_one(Work, work_id)
            db.session.commit()  # the job begins without a lock: it may read for long before it writes
            wires.work_kinds[work.kind](work)
            db.session.commit()
        except BaseException as fault:  # Ctrl-C at the command line leaves no job that seems to run
            reference = secrets.token_hex(4)
            log.exception("work %s failed, reference %s", work_id, reference)
            db.session.rollback()
            _finish(work_id, "failed", reference)
            if not isinstance(fault, Exception):
                raise
        else:
            _finish(work_id, "done", None)


def sweep() -> int:
    """Take up again what was forgotten or lost; called every minute. Return how many jobs that were."""
    with writing():
        moment = clock.now()
        silent = and_(Work.state == "running", Work.beat_at < moment - SILENT)
        for work in db.session.scalars(select(Work).where(silent, Work.runs >= RUNS)):
            work.state, work.fault, work.finished_at = "failed", "lost", moment
            wires.work_given_up.get(work.kind, _nothing)(work)
        lost = or_(and_(Work.state == "waiting", Work.beat_at < moment - FORGOTTEN), silent)
        ids = list(
            db.session.scalars(update(Work).where(lost).values(state="waiting", beat_at=moment).returning(Work.id))
        )
        db.session.commit()
    for work_id in ids:
        if not enqueue(run, work_id, timeout=WORK_TIMEOUT):
            run(work_id)
    return len(ids)


def _nothing(_work: Work) -> None:
    """What is left to do for a kind of work that keeps no state of its own."""


def _claim(work_id: int) -> bool:
    waiting = Work.id == work_id, Work.state == "waiting"
    claimed = rows_changed(
        update(Work).where(*waiting).values(state="running", runs=Work.runs + 1, beat_at=clock.now())
    )
    db.session.commit()
    return claimed == 1


@writing()
def _finish(work_id: int, state: str, fault: str | None) -> None:
    """Write down how a run ended. Of two runs (one was thought dead and was not) the one that got through is right."""
    moment = clock.now()
    open_ = Work.state != "done" if state == "done" else Work.state == "running"
    ended = update(Work).where(Work.id == work_id, open_)
    rows_changed(ended.values(state=state, fault=fault, finished_at=moment, beat_at=moment))
    db.session.commit()
