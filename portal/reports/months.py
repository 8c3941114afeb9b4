"""*Clôturer le mois*: what counted is kept as it was; what changes later stands beside it, never in it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, case, func, insert, literal, select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.controls.periods import months_later
from portal.errors import Refused
from portal.extensions import db
from portal.i18n import local
from portal.people.models import Worker
from portal.ratings.figures import rules_of_today
from portal.ratings.models import RatedWorker, Rating, RatingSubject
from portal.ratings.tally_models import TOGETHER, RequestTally
from portal.reports import feedback
from portal.reports.feedback import Answers, Line, Requests
from portal.reports.feedback_cut import COUNTS, Cut, in_perimeter
from portal.reports.month_models import ClosedMonth, ClosedRating, ClosedRequests
from portal.reports.quality import named

OFFERED = 24  # months that are listed
HAS_WORDS = func.coalesce(Rating.comment, "") != ""
IS_COUNTED = Rating.excluded_at.is_(None)


@dataclass(frozen=True)
class Month:
    """A month that is over, and whether it is closed."""

    first_day: date
    closed: ClosedMonth | None


def is_over(first_day: date) -> bool:
    """Whether the month that begins on this day has ended where the agency is."""
    return first_day.day == 1 and months_later(first_day, 1) <= local(clock.now()).date()


def cut_of(user: User, first_day: date) -> Cut:
    """The visits of a month that this person may see."""
    return Cut(user, first_day, months_later(first_day, 1) - timedelta(days=1))


def list_months() -> list[Month]:
    """The months that are over and not before the first visit that took place, the latest first."""
    this = local(clock.now()).date().replace(day=1)
    began = db.session.scalar(select(func.min(RatingSubject.day)).where(RatingSubject.visit_id.is_not(None)))
    days = [months_later(this, -back) for back in range(1, OFFERED + 1)]
    days = [day for day in days if began and day >= began.replace(day=1)]
    found = {one.first_day: one for one in db.session.scalars(select(ClosedMonth))}
    return [Month(day, found.get(day)) for day in sorted({*days, *found}, reverse=True)]


def closed_within(first: date, last: date) -> list[ClosedMonth]:
    """The closed months of which a period holds a day or more, the earliest first."""
    touched = ClosedMonth.first_day.between(first.replace(day=1), last)
    return list(db.session.scalars(select(ClosedMonth).where(touched).order_by(ClosedMonth.first_day)))


def closed_month(first_day: date) -> ClosedMonth | None:
    return db.session.scalar(select(ClosedMonth).where(ClosedMonth.first_day == first_day))


def close_month(actor: User, first_day: date) -> ClosedMonth:
    """Keep what counts today of the visits of a month, of all sectors.

    Raises:
        Refused: it is not over, or somebody has closed it already.
    """
    if not is_over(first_day):
        raise Refused(_l("This month is not over yet."), "open")
    month = ClosedMonth(first_day=first_day, closed_by=actor.name, **asdict(rules_of_today()))
    try:
        with db.session.begin_nested():
            db.session.add(month)
    except IntegrityError as clash:
        raise Refused(_l("Somebody has closed this month already."), "closed") from clash
    db.session.execute(insert(ClosedRating).from_select(
        ["month_id", "subject_id", "stars", "channel", "with_words", "counted"],
        select(literal(month.id), RatingSubject.id, Rating.stars, Rating.channel, HAS_WORDS, IS_COUNTED)
        .join(Rating, Rating.subject_id == RatingSubject.id).where(*of_month(first_day)),
    ))  # fmt: skip
    keys = RequestTally.service_id, RequestTally.sector_id, RequestTally.stage, RequestTally.reason
    sums = [func.sum(one) for one in (RequestTally.n, RequestTally.answered, RequestTally.commented)]
    all_together = RequestTally.span == "month", RequestTally.worker_id == TOGETHER, RequestTally.day == first_day
    db.session.execute(insert(ClosedRequests).from_select(
        ["month_id", "service_id", "sector_id", "stage", "reason", "n", "answered", "commented"],
        select(literal(month.id), *keys, *sums).where(*all_together).group_by(*keys).having(sums[0] > 0),
    ))  # fmt: skip
    record("month.closed", actor, ("closed_month", month.id), after={"month": first_day.isoformat()})
    return month


def of_month(first_day: date) -> tuple[ColumnElement[bool], ...]:
    """What holds of the visits of a month, in a statement that reads `RatingSubject`."""
    last = months_later(first_day, 1) - timedelta(days=1)
    return RatingSubject.visit_id.is_not(None), RatingSubject.day.between(first_day, last)


# ---- as it was ----


@dataclass(frozen=True)
class Kept:
    """The figures of a closed month, as they were."""

    whole: Answers
    workers: Sequence[Line]
    requests: Requests


def kept_figures(user: User, month: ClosedMonth) -> Kept:
    """What counted when the month was closed, of the sectors of this person."""
    found = _kept(user, month)
    whole = db.session.execute(found).one()
    by_worker = (
        found.join(RatedWorker, RatedWorker.subject_id == RatingSubject.id)
        .join(Worker, Worker.id == RatedWorker.worker_id)
        .add_columns(Worker.id.label("key"), named(Worker).label("name"))
        .group_by(Worker.id, Worker.first_name, Worker.last_name)
        .order_by(named(Worker), Worker.id)
    )
    workers = [Line(row.key, row.name, feedback.answers_of(row)) for row in db.session.execute(by_worker)]
    asked = select(ClosedRequests).where(
        ClosedRequests.month_id == month.id, in_perimeter(user, ClosedRequests.sector_id)
    )
    return Kept(feedback.answers_of(whole) if whole.n0 is not None else Answers(), workers,
                feedback.requests_of(db.session.scalars(asked).all()))  # fmt: skip


def kept_days(user: User, month: ClosedMonth) -> list[Line]:
    """What counted of each day of a closed month; days without any are left out."""
    by_day = _kept(user, month).add_columns(RatingSubject.day).group_by(RatingSubject.day).order_by(RatingSubject.day)
    return [Line(row.day, "", feedback.answers_of(row), row.day) for row in db.session.execute(by_day)]


def _kept(user: User, month: ClosedMonth) -> Select:
    stars = [func.sum(case((ClosedRating.stars == number, 1), else_=0)).label(name)
             for number, name in enumerate(COUNTS)]  # fmt: skip
    words = func.sum(case((ClosedRating.with_words, 1), else_=0)).label("comments")
    mine = in_perimeter(user, RatingSubject.sector_id), ClosedRating.counted, ClosedRating.month_id == month.id
    return select(*stars, words).join(RatingSubject, RatingSubject.id == ClosedRating.subject_id).where(*mine)
