"""The tallies as the ratings and requests themselves make them: to compare, to set right, to fill after a bulk load."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, and_, case, func, literal, select, text, union_all

from portal.extensions import db, rows_changed
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.stages import reason_of_stage, stage_of_asking
from portal.ratings.tallies import restaged
from portal.ratings.tally_models import SPANS, RatingTally, RequestTally
from portal.ratings.tally_rows import DAYS, STARS, SUMS, adding, keys, spread, summed
from portal.visits.models import State, Visit

TALLIES = (RequestTally, RatingTally)  # in the order in which they are locked


def differences(table: Any, first: date, last: date) -> Select:
    """Select the rows of a tally that differ from what they should be, and by how much they have too little.

    One statement sees both at one moment: it is exact however much is being written meanwhile.

    Args:
        table: one of `TALLIES`.
        first, last: days of visits: whole months, since the rows of months are compared too.
    """
    own = table.__table__.c
    kept = select(*(own[name] for name in keys(table)), *(-own[name] for name in SUMS[table]))
    counted = _ratings if table is RatingTally else _requests
    should = spread(table, counted().where(RatingSubject.day.between(first, last)).cte("counted"))
    return summed(table, union_all(should, kept.where(own.span.in_(SPANS), own.day.between(first, last))))


def set_right(first: date, last: date) -> None:
    """Add to the tallies of these months what they have too little, and take away what they have too much."""
    take_time()
    rows_changed(restaged().where(RatingSubject.day.between(first, last)))
    for table in TALLIES:
        db.session.execute(adding(table, differences(table, first, last), db.engine.dialect.name))


def take_time() -> None:
    """Let the statements of this transaction take as long as they need: a month of a large agency, at night. They are
    long, and translating them into machine code takes longer than running them; what they read lies side by side."""
    if db.engine.dialect.name == "postgresql":
        for setting in (
            text("SET LOCAL statement_timeout = 0"), text("SET LOCAL jit = off"),
            text("SET LOCAL random_page_cost = 1.1"),
        ):  # fmt: skip
            db.session.execute(setting)


def month_of(day: date) -> tuple[date, date]:
    """The first and the last day of the month of a day."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def months() -> list[date]:
    """The first days of the months of which there is something to compare, the newest first."""
    days = union_all(
        select(func.min(RatingSubject.day).label("first"), func.max(RatingSubject.day).label("last")),
        *(select(func.min(table.day), func.max(table.day)) for table in TALLIES),
    ).subquery()
    row = db.session.execute(select(func.min(days.c.first), func.max(days.c.last))).one()
    found, day = [], row[1]
    while day and day >= row[0].replace(day=1):
        found.append(day.replace(day=1))
        day = found[-1] - timedelta(days=1)
    return found


def _ratings() -> Select:
    stars = [case((Rating.stars == number, 1), else_=0).label(name) for number, name in enumerate(STARS)]
    said = case((func.coalesce(Rating.comment, "") != "", 1), else_=0).label("comments")
    return (
        select(*_facts(RatingTally), Rating.channel, *stars, said)
        .join(RatingSubject, RatingSubject.id == Rating.subject_id)
        .where(RatingSubject.visit_id.is_not(None), Rating.excluded_at.is_(None))
    )


def _requests() -> Select:
    by_client = and_(Rating.id.is_not(None), Rating.channel != "staff")
    with_words = and_(by_client, func.coalesce(Rating.comment, "") != "")
    stage = stage_of_asking()
    return (
        select(*_facts(RequestTally), stage.label("stage"), reason_of_stage().label("reason"), literal(1).label("n"),
               case((by_client, 1), else_=0).label("answered"), case((with_words, 1), else_=0).label("commented"))
        .join(Visit, Visit.id == RatingSubject.visit_id)
        .outerjoin(Rating, Rating.subject_id == RatingSubject.id)
        .where(Visit.state == State.DONE)  # of no other is there a stage, and this is told without looking for one
    )  # fmt: skip


def _facts(table: Any) -> list[Any]:
    days = (getattr(RatingSubject, name) for name in DAYS[table])
    return [RatingSubject.id.label("subject_id"), *days, RatingSubject.service_id, RatingSubject.sector_id]
