"""The deeds of clients: a rating is left or changed on the portal, or given through the link of a mail."""

from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, update

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, rows_changed
from portal.ratings.details import Details
from portal.ratings.handling import refuse_unless_rateable
from portal.ratings.models import Rating, RatingRequest, RatingSubject, SuspectAnswer
from portal.ratings.opened import Opened
from portal.ratings.queries import (
    can_be_changed,
    can_be_changed_by_link,
    can_be_rated,
    is_open,
    may_rate_anew,
    rating_of,
)  # fmt: skip
from portal.ratings.values import (
    Value,
    refuse_hidden_zero,
    refuse_if_changed,
    refuse_unless_done,
    replace_value,
    write_first,
)
from portal.visits.models import State

MACHINE_SECONDS = 5  # nobody reads a mail and answers it within so few seconds of its sending
SUSPECTS_KEPT = 10  # of one link: a machine that goes on and on fills no table


def refuse_unless_open(user: User, subject: RatingSubject | None, rating: Rating | None) -> RatingSubject:
    """Refuse what can be neither rated nor changed now; asked before the form is shown, and again when it is sent.

    Args:
        user: the client or a relative of the file.
        subject: what is rated, as `visit_to_rate` gave it: None when the visit is not done.
        rating: the present rating, if there is one.

    Returns:
        The subject.

    Raises:
        Refused: not done, too long ago, no longer to be changed, ratings switched off, or this relative may not.
    """
    if subject and subject.visit_id and subject.visit.state == State.CANCELLED:
        raise Refused(_l("This visit was cancelled in the meantime. It can no longer be rated."), "cancelled")
    done = refuse_unless_done(subject)
    if done.incident_id:
        refuse_unless_rateable(user, done, rating)
        return done
    if not is_open():
        raise Refused(_l("Your agency has switched ratings off."), "off")
    if not user.may_rate:
        raise Refused(_l("The file you follow does not let you rate. Please ask the agency."), "relative")
    if rating and not user.sees_ratings:
        raise Refused(_l("This visit has been rated."), "rated")
    if rating and not (can_be_changed(rating.left_at) or may_rate_anew(rating.asked_again_at)):
        raise Refused(_l("This rating can no longer be changed. Please contact your agency."), "too-late")
    if rating is None and not can_be_rated(done.ended_at, None):
        raise Refused(_l("This visit is too long ago to be rated here. Please contact your agency."), "too-old")
    return done


def leave_rating(
    user: User, subject: RatingSubject | None, stars: int, comment: str, details: Details | None = None
) -> int:
    """Rate a visit on the portal; return the rating's id.

    Args:
        user, subject: as for `refuse_unless_open`.
        stars: 0 to 5.
        comment: at most 5,000 characters; empty for none.
        details: what else is said.

    Raises:
        Refused: as `refuse_unless_open` says, or rated meanwhile, or 0 stars where they are not offered.
    """
    open_subject = refuse_unless_open(user, subject, None)
    refuse_hidden_zero(stars)
    rating_id, _taken_back = write_first(open_subject, _own_value(user, stars, comment, details))
    record("rating.left", user, open_subject.about, after={"stars": stars, "channel": "portal"})
    return rating_id


def _own_value(user: User, stars: int, comment: str, details: Details | None) -> Value:
    said = details or Details()
    return Value(stars, comment or None, "portal", user.name, str(user.role), user.account_id, details=said)


def change_rating(
    user: User, rating: Rating, stars: int, comment: str, version: int, details: Details | None = None
) -> None:
    """Give a rating another value on the portal; the former one is kept.

    Args:
        user: the client or a relative of the file.
        rating: the current rating.
        stars, comment, details: the new value.
        version: the rating's version that the person saw.

    Raises:
        Refused: too late, changed by somebody else meanwhile, ratings switched off, or this relative may not.
    """
    refuse_unless_open(user, rating.subject, rating)
    refuse_hidden_zero(stars)
    refuse_if_changed(rating, version)
    replace_value(user, rating, _own_value(user, stars, comment, details))


def answer_link(opened: Opened, stars: int, comment: str, details: Details | None = None, *, trapped: bool) -> bool:
    """Take the answer given through a link.

    Args:
        opened: what the link names; the caller has seen that it is open.
        stars, comment, details: the answer.
        trapped: the field that no person sees was filled in.

    Returns:
        False for an answer that a machine has probably given: it is kept, not counted, and the link stays open for
        the person.

    Raises:
        Refused: what is asked about has been rated meanwhile.
    """
    refuse_hidden_zero(stars)
    subject, by, said = refuse_unless_done(opened.subject), opened.by, details or Details()
    if reason := _why_suspect(opened, trapped):
        _keep_suspect(opened, subject, {"stars": stars, "comment": comment or None} | said.columns(), reason)
        return False
    rating = rating_of(subject)
    value = Value(stars, comment or None, opened.channel, opened.reader_name, str(opened.reader_role),
                  given_how=opened.given_how, details=said)  # fmt: skip
    kind = type(by)
    first = update(kind).where(kind.id == by.id, kind.answered_at.is_(None)).values(answered_at=clock.now())
    if rating and can_be_changed_by_link(by, rating):
        rows_changed(first)
        replace_value(None, rating, value)
        return True
    if rating or rows_changed(first) != 1:
        of_visit = _l("This visit has been rated in the meantime.")
        of_handling = _l("How this incident was handled has been rated in the meantime.")
        raise Refused(of_visit if subject.visit_id else of_handling, "rated")
    write_first(subject, value)
    how = {"how": opened.given_how} if opened.given_how else {}
    record("rating.left", None, subject.about, after={"stars": stars, "channel": opened.channel} | how)
    return True


def _keep_suspect(opened: Opened, subject: RatingSubject, said: dict[str, Any], reason: str) -> None:
    by = {"request_id" if isinstance(opened.by, RatingRequest) else "link_id": opened.by.id}
    kept = select(func.count()).select_from(SuspectAnswer).filter_by(**by)
    if (db.session.scalar(kept) or 0) < SUSPECTS_KEPT:
        db.session.add(SuspectAnswer(subject_id=subject.id, reason=reason, **by, **said))
        record("rating.suspected", None, subject.about, after={"stars": said["stars"], "reason": reason})


def _why_suspect(opened: Opened, trapped: bool) -> str | None:
    if trapped:
        return "honeypot"
    if opened.sent_at is None or clock.now() - opened.sent_at < timedelta(seconds=MACHINE_SECONDS):
        return "too_fast"
    return None
