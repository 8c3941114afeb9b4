"""Reading long jobs."""

from portal.accounts.models import User
from portal.extensions import db
from portal.work.models import Work


def own_work(user: User, work_id: int) -> Work | None:
    """Return a job that this person started."""
    work = db.session.get(Work, work_id)
    return work if work and work.account_id == user.account_id else None
