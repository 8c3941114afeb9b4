"""How far asking about a visit has come, told by the database from its requests and their messages."""

from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, exists, func, literal, or_, select

from portal.outbox.models import OPEN, Attempt, Message
from portal.ratings.models import RatingRequest, RatingSubject
from portal.visits.models import State, Visit

# what was sent again by hand and then taken back has left all the same
HAS_LEFT = exists().where(Attempt.message_id == Message.id, Attempt.outcome == "accepted").correlate(Message)
HANDED_OVER = or_(Message.state.in_(("sent", "uncertain")), and_(Message.resends > 0, HAS_LEFT))
LEFT_OUT = RatingRequest.left_out.is_not(None)  # the weekly mail left, or will leave, without it
_WAITS = Message.state.in_((*OPEN, "sending"))


def stage_of_asking() -> ColumnElement[Any]:
    """The stage of a `RatingSubject`, a key of `STAGES`; None when its visit is not done.

    One request decides: what was handed over, else what waits, else the newest. A reminder says nothing until it is
    handed over, nor does what was taken back because the visit was reopened.
    """
    told = case(
        (LEFT_OUT, "suppressed"),
        (HANDED_OVER, "sent"),
        (_WAITS, "waiting"),
        (and_(Message.state == "failed", Message.reason == "refused"), "refused"),  # by the server, for good
        else_="suppressed",
    )
    done = select(Visit.id).where(Visit.id == RatingSubject.visit_id, Visit.state == State.DONE)
    return case((done.correlate(RatingSubject).exists(), func.coalesce(_decided(told), "unasked")))


def reason_of_stage() -> ColumnElement[Any]:
    """Why nothing left, or why it was refused: the reason of the message. Nothing at all other stages."""
    left_out = RatingRequest.left_out
    told = case((LEFT_OUT, left_out), (or_(HANDED_OVER, _WAITS), ""), else_=Message.reason)
    return func.coalesce(_decided(told), "")


def _decided(told: Any) -> ScalarSelect[Any]:
    of_subject: Select[Any] = (
        select(told).select_from(Message).join(RatingRequest, RatingRequest.message_id == Message.id)
    )
    counts = or_(
        and_(HANDED_OVER, ~LEFT_OUT), and_(RatingRequest.reminds_id.is_(None), RatingRequest.revoked_at.is_(None))
    )
    first = case((LEFT_OUT, literal(2)), (HANDED_OVER, 0), (_WAITS, 1), else_=literal(2))
    return (
        of_subject.where(RatingRequest.subject_id == RatingSubject.id, counts)
        .order_by(first, RatingRequest.round.desc())
        .limit(1)
        .correlate(RatingSubject)
        .scalar_subquery()
    )
