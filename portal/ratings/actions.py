"""The deeds: what can be rated is written down, a rating is left or changed, requests are promised or taken back."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm.exc import StaleDataError

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db, rows_changed
from portal.outbox.actions import Order, cancel, schedule
from portal.people.models import Client
from portal.ratings.low import alert
from portal.ratings.models import (
    FormerRating,
    RatedWorker,
    Rating,
    RatingRequest,
    RatingSubject,
    RequestChoice,
    SuspectAnswer,
)
from portal.ratings.queries import (
    can_be_changed,
    can_be_changed_by_link,
    can_be_rated,
    has_stopped,
    is_open,
    person_to_ask,
    rating_of,
)
from portal.ratings.timing import due_time
from portal.settings.queries import option
from portal.visits.models import State, Visit, VisitWorker

MACHINE_SECONDS = 5  # nobody reads a mail and answers it within so few seconds of its sending


def open_ratings(visits: Sequence[Visit], *, ask: bool = True) -> None:
    """Write down who is rated, and promise the mails that ask. A reaction to `visit ended`.

    Args:
        visits: visits that have just been marked as done.
        ask: whether their clients are asked by mail; importing past visits asks nobody unless somebody says so.
    """
    moment = clock.now()
    ids = [visit.id for visit in visits]
    known = set(db.session.scalars(select(RatingSubject.visit_id).where(RatingSubject.visit_id.in_(ids))))
    fresh = [visit for visit in visits if visit.id not in known]
    if not fresh:
        return
    managers = dict(db.session.execute(select(Client.id, Client.file_manager_id)
                    .where(Client.id.in_({visit.client_id for visit in fresh}))).all())  # fmt: skip
    rows = [
        {"visit_id": visit.id, "client_id": visit.client_id, "service_id": visit.service_id,
         "sector_id": visit.sector_id, "manager_id": managers[visit.client_id], "ended_at": visit.ended_at or moment}
        for visit in fresh
    ]  # fmt: skip
    subjects = dict(
        db.session.execute(insert(RatingSubject).returning(RatingSubject.visit_id, RatingSubject.id), rows).all()
    )
    _write_down_workers(subjects)
    if ask and is_open():
        _promise_requests([(subjects[visit.id], visit.ended_at or moment) for visit in fresh])


def _write_down_workers(subjects: dict[int, int]) -> None:
    sent = select(VisitWorker.visit_id, VisitWorker.worker_id).where(VisitWorker.visit_id.in_(subjects))
    rows = [{"subject_id": subjects[visit], "worker_id": worker} for visit, worker in db.session.execute(sent)]
    if rows:
        db.session.execute(insert(RatedWorker), rows)


def _promise_requests(subjects: Sequence[tuple[int, datetime]]) -> None:
    """Write a request for each subject and the message that carries it. Who it goes to is decided when it leaves."""
    moment, delay = clock.now(), option("ratings.request_delay_minutes")
    oldest = moment - timedelta(days=option("ratings.too_old_days"))
    orders = [
        Order(
            kind="ratings.request",
            subject=("rating_subject", subject_id),
            dedupe_key=f"rating:{subject_id}:1",
            due_at=due_time(ended_at, moment, delay),
            suppressed="too_old" if ended_at < oldest else None,
        )
        for subject_id, ended_at in subjects
    ]
    messages = schedule(orders)
    rows = [{"subject_id": o.subject[1], "message_id": messages[o.dedupe_key]} for o in orders]
    db.session.execute(insert(RatingRequest), rows)


def withdraw_requests(visits: Sequence[Visit]) -> None:
    """Take back the mails about visits that did not take place. A reaction to `visit cancelled`.

    Raises:
        Refused: one of them is rated; what a client said of a visit is not made to vanish.
    """
    ids = [visit.id for visit in visits]
    rated = select(Rating.id).join(RatingSubject).where(RatingSubject.visit_id.in_(ids)).limit(1)
    if db.session.scalar(rated):
        raise Refused(_l("This visit has been rated. It cannot be cancelled any more."), "rated")
    waiting = select(RatingRequest.message_id).join(RatingSubject).where(RatingSubject.visit_id.in_(ids))
    cancel(list(db.session.scalars(waiting)), "visit_cancelled")


def refuse_unless_open(user: User, subject: RatingSubject | None, rating: Rating | None) -> RatingSubject:
    """Refuse what can be neither rated nor changed now; asked before the form is shown, and again when it is sent.

    Args:
        user: the client or a relative of the file.
        subject: what is rated, as `subject_of` gave it: None when the visit is not done.
        rating: the present rating, if there is one.

    Returns:
        The subject.

    Raises:
        Refused: not done, too long ago, no longer to be changed, ratings switched off, or this relative may not.
    """
    if subject is None:
        raise Refused(_l("This visit is not done, so it cannot be rated."), "not-done")
    if subject.visit.state != State.DONE:
        raise Refused(_l("This visit was cancelled in the meantime. It can no longer be rated."), "cancelled")
    if not is_open():
        raise Refused(_l("Your agency has switched ratings off."), "off")
    if not user.may_rate:
        raise Refused(_l("The file you follow does not let you rate. Please ask the agency."), "relative")
    if rating and not can_be_changed(rating.left_at):
        raise Refused(_l("This rating can no longer be changed. Please contact your agency."), "too-late")
    if rating is None and not can_be_rated(subject.ended_at, None):
        raise Refused(_l("This visit is too long ago to be rated here. Please contact your agency."), "too-old")
    return subject


def leave_rating(user: User, subject: RatingSubject | None, stars: int, comment: str) -> Rating:
    """Rate a visit on the portal.

    Args:
        user, subject: as for `refuse_unless_open`.
        stars: 0 to 5.
        comment: at most 5,000 characters; empty for none.

    Raises:
        Refused: as `refuse_unless_open` says, or rated meanwhile, or 0 stars where they are not offered.
    """
    if subject and rating_of(subject):
        raise Refused(_l("This visit has been rated in the meantime. Close this window to see the rating."), "rated")
    open_subject = refuse_unless_open(user, subject, None)
    _refuse_hidden_zero(stars)
    rating = _write(open_subject, stars, comment, "portal", user.role, user.name, user.account_id)
    record("rating.left", user, ("visit", open_subject.visit_id), after={"stars": stars, "channel": "portal"})
    return rating


def _refuse_hidden_zero(stars: int) -> None:
    if stars == 0 and not option("ratings.offer_zero"):
        raise Refused(_l("Please choose between 1 and 5 stars."), "zero")


def _write(
    subject: RatingSubject, stars: int, comment: str, channel: str, role: str, name: str, account_id: int | None
) -> Rating:
    """Insert the one rating of a subject; the database decides who was first. The mail that would ask is taken back."""
    rating = Rating(
        subject_id=subject.id, stars=stars, comment=comment or None, channel=channel, author_role=str(role),
        author_name=name, author_account_id=account_id, left_at=clock.now(),
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(rating)
    except IntegrityError as error:
        raise Refused(
            _l("This visit has been rated in the meantime. Close this window to see the rating."), "rated"
        ) from error
    requests = select(RatingRequest.message_id).where(RatingRequest.subject_id == subject.id)
    cancel(list(db.session.scalars(requests)), "already_rated")
    alert(rating)
    return rating


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
    alert(rating, before["stars"])


def answer_request(request: RatingRequest, stars: int, comment: str, *, trapped: bool) -> Rating | None:
    """Take the answer given through a mailed link.

    Args:
        request: what the link names; the caller has seen that it is open.
        stars, comment: the answer.
        trapped: the field that no person sees was filled in.

    Returns:
        The rating, or None for an answer that a machine has probably given: it is kept, not counted, and the link
        stays open for the person.

    Raises:
        Refused: the visit has been rated meanwhile.
    """
    _refuse_hidden_zero(stars)
    subject = request.subject
    if reason := _why_suspect(request, trapped):
        db.session.add(SuspectAnswer(request_id=request.id, stars=stars, comment=comment or None, reason=reason))
        record("rating.suspected", None, ("visit", subject.visit_id), after={"stars": stars, "reason": reason})
        return None
    name, rating = request.message.recipient or "", rating_of(subject)
    if rating and can_be_changed_by_link(request, rating):
        _replace(None, rating, stars, comment, (name, "client", None))
        return rating
    first = update(RatingRequest).where(RatingRequest.id == request.id, RatingRequest.answered_at.is_(None))
    if rating or rows_changed(first.values(answered_at=clock.now())) != 1:
        raise Refused(_l("This visit has been rated in the meantime."), "rated")
    rating = _write(subject, stars, comment, "mail", "client", name, None)
    record("rating.left", None, ("visit", subject.visit_id), after={"stars": stars, "channel": "mail"})
    return rating


def _why_suspect(request: RatingRequest, trapped: bool) -> str | None:
    if trapped:
        return "honeypot"
    if request.asked_at is None or clock.now() - request.asked_at < timedelta(seconds=MACHINE_SECONDS):
        return "too_fast"
    return None


def stop_requests(request: RatingRequest) -> None:
    """Send no more rating requests to the address that this one went to. Doing it twice does nothing more."""
    person, address = person_to_ask(request.subject.visit.client), request.message.address or ""
    if person is None or has_stopped(person, address):
        return
    db.session.add(RequestChoice(person_type=person.__tablename__, person_id=person.id, address=address.lower(),
                                 wanted=False, said_by="link"))  # fmt: skip
    record("rating.requests_stopped", None, ("message", request.message_id))
