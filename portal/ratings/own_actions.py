"""The deeds about what workers read: they read the notice, reply, contest; staff pass comments on and decide."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, update

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, rows_changed, upsert
from portal.ratings.models import Rating
from portal.ratings.own import NOTICE, has_read_notice
from portal.ratings.own_models import NoticeRead, ShownComment, WorkerWord
from portal.ratings.values import refuse_if_changed


def read_notice(user: User) -> None:
    """Keep that a worker has read the notice; reading it again says nothing more."""
    if has_read_notice(user):
        return
    row = {"worker_id": user.worker_id, "version": NOTICE, "at": clock.now()}
    db.session.execute(upsert(NoticeRead).values(row).on_conflict_do_nothing())
    record("rating.notice_read", user, ("account", user.account_id), after={"version": NOTICE})


def say(user: User, rating: Rating, kind: str, text: str, version: int) -> None:
    """Reply to a rating, or contest it: the agency reads it.

    Args:
        user: the worker, one of those who came.
        kind: `reply` or `contest`.
        version: the rating's version that the worker saw.

    Raises:
        Refused: said already of this value, or the client has given another one meanwhile.
    """
    refuse_if_changed(rating, version)
    row = {"rating_id": rating.id, "worker_id": user.worker_id, "kind": kind, "said_at": rating.said_at, "text": text,
           "at": clock.now()}  # fmt: skip
    keys = [WorkerWord.rating_id, WorkerWord.worker_id, WorkerWord.kind, WorkerWord.said_at]
    fresh = upsert(WorkerWord).values(row).on_conflict_do_nothing(index_elements=keys).returning(WorkerWord.id)
    number = db.session.scalar(fresh)
    if number is None:
        raise Refused(_l("You have answered this rating already: the agency has your words."), "said")
    after = {"word": number, "stars": rating.stars}
    if kind == "contest":
        record("rating.contested", user, rating.subject.about, after=after)
    else:
        record("rating.worker_replied", user, rating.subject.about, after=after)


def decide_contest(user: User, word: WorkerWord, *, accepted: bool, reason: str) -> None:
    """Decide what becomes of a contested rating: it stays, or is left out of this worker's adjusted figure.

    Raises:
        Refused: somebody has decided already.
    """
    said = {"accepted": accepted, "reason": reason, "decided_by": user.name, "decided_at": clock.now()}
    waits = WorkerWord.id == word.id, WorkerWord.kind == "contest", WorkerWord.decided_at.is_(None)
    if rows_changed(update(WorkerWord).where(*waits).values(said)) != 1:
        raise Refused(_l("Somebody has decided this in the meantime."), "decided")
    db.session.expire(word)
    record("rating.contest_decided", user, word.rating.subject.about, after={"word": word.id, "accepted": accepted})


def show_comment(user: User, rating: Rating, version: int) -> None:
    """Pass a comment on to the workers who came, as it stands.

    Args:
        version: the rating's version that the person saw: nothing is passed on unread.

    Raises:
        Refused: there is none, or it was changed meanwhile.
    """
    refuse_if_changed(rating, version)
    if not rating.comment:
        raise Refused(_l("There is no comment to pass on."), "no-comment")
    row = {"rating_id": rating.id, "said_at": rating.said_at, "shown_by": user.name, "at": clock.now()}
    kept = upsert(ShownComment).values(row)
    renewed = {name: row[name] for name in ("said_at", "shown_by", "at")}
    db.session.execute(kept.on_conflict_do_update(index_elements=[ShownComment.rating_id], set_=renewed))
    record("rating.comment_shown", user, rating.subject.about)


def hide_comment(user: User, rating: Rating) -> None:
    """Take a comment back from the workers' pages; that it is there no more is not told."""
    if rows_changed(delete(ShownComment).where(ShownComment.rating_id == rating.id)):
        record("rating.comment_hidden", user, rating.subject.about)
