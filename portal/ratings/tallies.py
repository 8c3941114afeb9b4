"""Keeping the tallies in the transaction of the deed: what was said counts, what asks about it moves on.

Whoever changes a rating calls `count_first` or `count_change`; whoever writes a request or ends, reopens or cancels a
visit calls `follow`; the outbox says itself which messages moved. On PostgreSQL what is moved is locked first, so that
two who move the same see each other's work; on SQLite one writes at a time. All take what they lock in one order, so
that nobody waits in a circle: messages, subjects, cells of requests, ratings, cells of ratings. Therefore what follows
is only noted down, and moved when all of the deed is known: at once, in the order of the cells.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    Date,
    Insert,
    Integer,
    Select,
    Update,
    and_,
    bindparam,
    case,
    event,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy import String as Text
from sqlalchemy.orm import Session, SessionTransaction

from portal.extensions import db
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.ratings.stages import reason_of_stage, stage_of_asking
from portal.ratings.tally_models import RatingTally, RequestTally
from portal.ratings.tally_rows import STARS, adding, spread, summed
from portal.visits.models import Visit

ASKING = ("ratings.request", "ratings.reminder", "ratings.digest")  # kinds of message by which clients are asked
MOST = 10_000  # subjects in one statement: all of a deed, or cells would be locked in two orders
_NOTED = "ratings.tallies.noted"

Said = tuple[int, str | None, str]  # stars, comment and channel of a rating


def count_first(subject: RatingSubject, said: Said) -> None:
    """Count the first rating of a subject, just before it is written."""
    if subject.visit_id:
        move_noted()
        _count_answer(subject.id, None, said)
        _count(subject.id, None, said)


def count_change(subject_id: int, before: Said | None, after: Said | None) -> None:
    """Count a rating otherwise than before. Of the handling of an incident nothing is counted.

    Args:
        before, after: None where it is not counted: excluded from the statistics.
    """
    move_noted()
    _count(subject_id, before, after)


def count_another_answer(subject_id: int, before: Said, after: Said) -> None:
    """Count the answer of a client where the agency had typed one, and words where there were none. What is excluded
    from the statistics was answered all the same."""
    move_noted()
    _count_answer(subject_id, before, after)


def _count(subject_id: int, before: Said | None, after: Said | None) -> None:
    by_channel: dict[str, dict[str, int]] = {}
    for said, sign in ((before, -1), (after, 1)):
        if said:
            stars, comment, channel = said
            sums = by_channel.setdefault(channel, dict.fromkeys((*STARS, "comments"), 0))
            sums[f"n{stars}"] += sign
            sums["comments"] += sign * bool(comment)
    for channel, sums in sorted(by_channel.items()):
        if any(sums.values()):
            db.session.execute(_value(db.engine.dialect.name), {"id": subject_id, "in_channel": channel, **sums})


@cache
def _value(engine: str) -> Insert:
    sums = [bindparam(name, type_=Integer).label(name) for name in (*STARS, "comments")]
    counted = select(
        RatingSubject.id.label("subject_id"), RatingSubject.day, RatingSubject.service_id, RatingSubject.sector_id,
        bindparam("in_channel", type_=Text).label("channel"), *sums,
    ).where(RatingSubject.id == bindparam("id"), RatingSubject.visit_id.is_not(None)).cte("counted")  # fmt: skip
    return adding(RatingTally, _in_order(RatingTally, counted), engine)


def _in_order(table: Any, counted: CTE) -> Select:
    rows = spread(table, counted)
    return rows.order_by(*(rows.selected_columns[column.name] for column in table.__table__.primary_key))


def _count_answer(subject_id: int, before: Said | None, after: Said | None) -> None:
    sums = {"more_answered": 0, "more_commented": 0}
    for said, sign in ((before, -1), (after, 1)):
        if said and said[2] != "staff":
            sums["more_answered"] += sign
            sums["more_commented"] += sign * bool(said[1])
    if any(sums.values()):
        db.session.execute(_answer(db.engine.dialect.name), {"id": subject_id, **sums})


@cache
def _answer(engine: str) -> Insert:
    """Counted where the subject stands; whoever moves it at this moment is waited for."""
    counted = (
        select(*_FACTS, RatingSubject.stage, RatingSubject.stage_reason.label("reason"), literal(0).label("n"),
               bindparam("more_answered", type_=Integer).label("answered"),
               bindparam("more_commented", type_=Integer).label("commented"))
        .where(RatingSubject.id == bindparam("id"), RatingSubject.stage.is_not(None))
        .with_for_update(key_share=True)
        .cte("counted")
    )  # fmt: skip
    return adding(RequestTally, _in_order(RequestTally, counted), engine)


_FACTS = (RatingSubject.id.label("subject_id"), RatingSubject.day, RatingSubject.asked_day, RatingSubject.service_id,
          RatingSubject.sector_id)  # fmt: skip


def messages_moved(moved: Mapping[int, str]) -> None:
    """Have what clients are asked about follow the messages that ask. A reaction to `messages moved`.

    Args:
        moved: kinds of the messages whose state has changed for good, or which wait again, by id.
    """
    if asking := [message_id for message_id, kind in moved.items() if kind in ASKING]:
        for start in range(0, len(asking), MOST):
            some = asking[start : start + MOST]
            chosen = select(RatingRequest.subject_id).where(RatingRequest.message_id.in_(some)).distinct()
            follow(db.session.scalars(chosen).all())


def follow(subjects: Sequence[int], asked_on: date | None = None) -> None:
    """Bring subjects to where they belong in the tally of requests: as their visit, requests and messages stand when
    the transaction ends, or when one of their ratings is counted in it.

    Args:
        subjects: by id.
        asked_on: the day on which their clients are asked for the first time, if nobody was to be asked so far.
    """
    if subjects:
        noted = db.session.info.setdefault(_NOTED, {})
        noted.update({subject: asked_on or noted.get(subject) for subject in subjects})


@event.listens_for(Session, "before_commit")
def _move_noted(session: Session) -> None:
    """A savepoint is not the end: what is locked here is held until that."""
    if not session.in_nested_transaction():
        move_noted()


@event.listens_for(Session, "after_transaction_end")
def _forget_noted(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(_NOTED, None)  # rolled back or closed: a commit has moved them before


def move_noted() -> None:
    """Have follow at once what is to follow: before a rating is locked."""
    if noted := db.session.info.pop(_NOTED, None):
        db.session.flush()
        for asked_on in {*noted.values()}:
            _move(sorted(subject for subject, day in noted.items() if day == asked_on), asked_on)


def _move(ids: Sequence[int], asked_on: date | None) -> None:
    engine = db.engine.dialect.name
    for start in range(0, len(ids), MOST):
        given = {"ids": ids[start : start + MOST], "asked_on": asked_on}
        if engine == "postgresql":  # by itself: what follows must see what those have written who were waited for
            db.session.execute(_LOCK, {"ids": given["ids"]})
        db.session.execute(_moves(engine), given)
        db.session.execute(_restaged(), given, execution_options={"synchronize_session": False})


_LOCK = select(RatingSubject.id).where(RatingSubject.id.in_(bindparam("ids", expanding=True)))
_LOCK = _LOCK.order_by(RatingSubject.id).with_for_update(key_share=True)


@cache
def _moves(engine: str) -> Insert:
    """Take subjects out of the cells in which they stand and put them where they belong. What stays is not touched."""
    stage, reason, asked_day = stage_of_asking(), reason_of_stage(), _asked_day()
    of_client = and_(Rating.id.is_not(None), Rating.channel != "staff")
    with_words = and_(of_client, func.coalesce(Rating.comment, "") != "")
    moving = (
        select(*_FACTS, RatingSubject.stage.label("was"), RatingSubject.stage_reason.label("was_because"),
               stage.label("is_now"), reason.label("because"), asked_day.label("to_be_asked"),
               case((of_client, 1), else_=0).label("answered"), case((with_words, 1), else_=0).label("commented"))
        .join(Visit, Visit.id == RatingSubject.visit_id)
        .outerjoin(Rating, Rating.subject_id == RatingSubject.id)
        .where(RatingSubject.id.in_(bindparam("ids", expanding=True)))
        .cte("moving")
    ).c  # fmt: skip
    moves = or_(moving.was.is_distinct_from(moving.is_now), moving.was_because != moving.because,
                moving.asked_day != moving.to_be_asked)  # fmt: skip
    where = moving.subject_id, moving.day, moving.service_id, moving.sector_id
    out = select(
        *where,
        moving.asked_day,
        moving.was.label("stage"),
        moving.was_because.label("reason"),
        literal(-1).label("n"),
        (-moving.answered).label("answered"),
        (-moving.commented).label("commented"),
    )
    in_ = select(*where, moving.to_be_asked, moving.is_now, moving.because, literal(1), moving.answered,
                 moving.commented)  # fmt: skip
    both = union_all(out.where(moving.was.is_not(None), moves), in_.where(moving.is_now.is_not(None), moves))
    return adding(RequestTally, summed(RequestTally, spread(RequestTally, both.cte("counted"))), engine)


def _asked_day() -> Any:
    first = bindparam("asked_on", None, type_=Date)
    return case((RatingSubject.stage == "unasked", func.coalesce(first, RatingSubject.asked_day)),
                else_=RatingSubject.asked_day)  # fmt: skip


@cache
def _restaged() -> Update:
    return restaged().where(RatingSubject.id.in_(bindparam("ids", expanding=True)))


def restaged() -> Update:
    """Write down of subjects where they stand now, where that is elsewhere."""
    new: dict[Any, Any] = {RatingSubject.stage: stage_of_asking(), RatingSubject.stage_reason: reason_of_stage(),
                           RatingSubject.asked_day: _asked_day()}  # fmt: skip
    differs = or_(*(column.is_distinct_from(value) for column, value in new.items()))
    return update(RatingSubject).where(RatingSubject.visit_id.is_not(None), differs).values(new)
