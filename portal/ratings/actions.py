"""The deeds: what can be rated is written down, a rating is left or changed, requests are promised or taken back."""

from datetime import timedelta
from functools import cache
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm.exc import StaleDataError

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db, rows_changed
from portal.outbox.actions import cancel
from portal.ratings.low import alert, alert_of_change
from portal.ratings.models import (
    FormerRating,
    Rating,
    RatingRequest,
    RatingSubject,
    SuspectAnswer,
)
from portal.ratings.queries import (
    can_be_changed,
    can_be_changed_by_link,
    can_be_rated,
    is_open,
    rating_of,
)
from portal.roles import Role
from portal.settings.queries import option
from portal.visits.models import State, Visit

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
    if subject and subject.visit.state == State.CANCELLED:
        raise Refused(_l("This visit was cancelled in the meantime. It can no longer be rated."), "cancelled")
    if subject is None or subject.visit.state != State.DONE:
        raise Refused(_l("This visit is not done, so it cannot be rated."), "not-done")
    if not is_open():
        raise Refused(_l("Your agency has switched ratings off."), "off")
    if not user.may_rate:
        raise Refused(_l("The file you follow does not let you rate. Please ask the agency."), "relative")
    if rating and not user.sees_ratings:
        raise Refused(_l("This visit has been rated."), "rated")
    if rating and not can_be_changed(rating.left_at):
        raise Refused(_l("This rating can no longer be changed. Please contact your agency."), "too-late")
    if rating is None and not can_be_rated(subject.ended_at, None):
        raise Refused(_l("This visit is too long ago to be rated here. Please contact your agency."), "too-old")
    return subject


def leave_rating(user: User, subject: RatingSubject | None, stars: int, comment: str) -> int:
    """Rate a visit on the portal; return the rating's id.

    Args:
        user, subject: as for `refuse_unless_open`.
        stars: 0 to 5.
        comment: at most 5,000 characters; empty for none.

    Raises:
        Refused: as `refuse_unless_open` says, or rated meanwhile, or 0 stars where they are not offered.
    """
    open_subject = refuse_unless_open(user, subject, None)
    _refuse_hidden_zero(stars)
    rating_id = _write(open_subject, stars, comment, "portal", user.role, user.name, user.account_id)
    record("rating.left", user, ("visit", open_subject.visit_id), after={"stars": stars, "channel": "portal"})
    return rating_id


def _refuse_hidden_zero(stars: int) -> None:
    if stars == 0 and not option("ratings.offer_zero"):
        raise Refused(_l("Please choose between 1 and 5 stars."), "zero")


def _write(
    subject: RatingSubject, stars: int, comment: str, channel: str, role: str, name: str, account_id: int | None
) -> int:
    """Insert the one rating of a subject; the database decides who was first. The mail that would ask is taken back."""
    on_postgres = db.engine.dialect.name == "postgresql"  # where somebody may reopen or cancel the visit meanwhile
    if on_postgres and db.session.scalar(_STILL_DONE, {"visit_id": subject.visit_id}) is None:
        raise Refused(_l("This visit is not done, so it cannot be rated."), "not-done")
    rating_id = db.session.scalar(_first_rating(db.engine.dialect.name), {
        "subject_id": subject.id, "stars": stars, "comment": comment or None, "channel": channel,
        "author_role": str(role), "author_name": name, "author_account_id": account_id, "left_at": clock.now(),
    })  # fmt: skip
    if rating_id is None:
        raise Refused(_l("This visit has been rated in the meantime. Close this window to see the rating."), "rated")
    cancel(list(db.session.scalars(_MESSAGES_OF, {"subject_id": subject.id})), "already_rated")
    alert(rating_id, stars)
    return rating_id


@cache
def _first_rating(engine: str) -> Any:
    """Inserts a rating and returns its id; of a subject that has one by then, nothing. Past the mapper: nearly nobody
    needs the row as an object."""
    insert_ = (postgresql.insert if engine == "postgresql" else sqlite.insert)(Rating.__table__)
    return insert_.on_conflict_do_nothing(index_elements=[Rating.subject_id]).returning(Rating.__table__.c.id)


_STILL_DONE = (
    select(Visit.id).where(Visit.id == bindparam("visit_id"), Visit.state == State.DONE).with_for_update(read=True)
)
_MESSAGES_OF = select(RatingRequest.message_id).where(RatingRequest.subject_id == bindparam("subject_id"))


def change_rating(user: User, rating: Rating, stars: int, comment: str, version: int) -> None:
    """Give a rating another value on the portal; the former one is kept.

    Args:
        user: the client or a relative of the file.
        rating: the current rating.
        stars, comment: the new value.
        version: the rating's version that the person saw.

    Raises:
        Refused: too late, changed by somebody else meanwhile, ratings switched off, or this relative may not.
    """
    refuse_unless_open(user, rating.subject, rating)
    _refuse_hidden_zero(stars)
    if rating.version != version:
        raise Refused(_l("Somebody changed this rating in the meantime. Close this window to see it."), "changed")
    _replace(user, rating, stars, comment, (user.name, str(user.role), user.account_id))


def _replace(
    actor: Actor | None, rating: Rating, stars: int, comment: str, author: tuple[str, str, int | None]
) -> None:
    """Write the new value and keep the former one; the same value again changes nothing."""
    if (stars, comment or None) == (rating.stars, rating.comment):
        return
    before = {"stars": rating.stars}
    try:
        with db.session.begin_nested():  # the page that says no still reads: a failed flush outside would not let it
            rating.former.append(FormerRating(
                stars=rating.stars, comment=rating.comment, author_name=rating.author_name,
                left_at=rating.changed_at or rating.left_at))  # fmt: skip
            rating.stars, rating.comment, rating.changed_at = stars, comment or None, clock.now()
            rating.author_name, rating.author_role, rating.author_account_id = author
    except StaleDataError as error:
        message = _l("Somebody changed this rating in the meantime. Close this window to see it.")
        raise Refused(message, "changed") from error
    record("rating.changed", actor, ("visit", rating.subject.visit_id), before=before, after={"stars": stars})
    alert_of_change(rating, before["stars"])


def answer_request(request: RatingRequest, stars: int, comment: str, *, trapped: bool) -> bool:
    """Take the answer given through a mailed link.

    Args:
        request: what the link names; the caller has seen that it is open.
        stars, comment: the answer.
        trapped: the field that no person sees was filled in.

    Returns:
        False for an answer that a machine has probably given: it is kept, not counted, and the link stays open for
        the person.

    Raises:
        Refused: the visit has been rated meanwhile.
    """
    _refuse_hidden_zero(stars)
    subject = request.subject
    if reason := _why_suspect(request, trapped):
        if _suspects(request) < SUSPECTS_KEPT:
            db.session.add(SuspectAnswer(request_id=request.id, stars=stars, comment=comment or None, reason=reason))
            record("rating.suspected", None, ("visit", subject.visit_id), after={"stars": stars, "reason": reason})
        return False
    name, rating = request.message.recipient or "", rating_of(subject)
    role = Role.RELATIVE if request.relative_id else Role.CLIENT
    if rating and can_be_changed_by_link(request, rating):
        _replace(None, rating, stars, comment, (name, str(role), None))
        return True
    first = update(RatingRequest).where(RatingRequest.id == request.id, RatingRequest.answered_at.is_(None))
    if rating or rows_changed(first.values(answered_at=clock.now())) != 1:
        raise Refused(_l("This visit has been rated in the meantime."), "rated")
    _write(subject, stars, comment, "mail", role, name, None)
    record("rating.left", None, ("visit", subject.visit_id), after={"stars": stars, "channel": "mail"})
    return True


def _suspects(request: RatingRequest) -> int:
    return db.session.scalar(select(func.count()).where(SuspectAnswer.request_id == request.id)) or 0


def _why_suspect(request: RatingRequest, trapped: bool) -> str | None:
    if trapped:
        return "honeypot"
    if request.asked_at is None or clock.now() - request.asked_at < timedelta(seconds=MACHINE_SECONDS):
        return "too_fast"
    return None
