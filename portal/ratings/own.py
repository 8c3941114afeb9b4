"""*Mes évaluations*: what a worker reads of the ratings of their own visits. No colleagues, no ranking, no
client's name."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, select
from sqlalchemy.orm import aliased

from portal.accounts.models import User
from portal.extensions import db
from portal.people.models import Service
from portal.ratings.figures import is_enough
from portal.ratings.models import RatedWorker, Rating, RatingSubject
from portal.ratings.own_models import NoticeRead, ShownComment, WorkerWord
from portal.ratings.statistics import Change, Tally, change
from portal.tables.queries import Page, read_page
from portal.visits.models import Visit
from portal.visits.queries import today

NOTICE = 2  # version of the information notice: another one is read anew
YEAR, QUARTER = timedelta(days=365), timedelta(days=90)
SAID_AT = func.coalesce(Rating.changed_at, Rating.left_at)  # when the present value was given


def own_ratings(user: User) -> Select[Rating]:
    """Ratings of the visits that this worker came to: who was rated is who was sent when the visit ended."""
    return (
        select(Rating)
        .join(RatingSubject, RatingSubject.id == Rating.subject_id)
        .join(RatedWorker, RatedWorker.subject_id == RatingSubject.id)
        .where(RatedWorker.worker_id == user.worker_id, RatingSubject.visit_id.is_not(None))
    )


def own_rating(user: User, rating_id: int) -> Rating | None:
    return db.session.scalar(own_ratings(user).where(Rating.id == rating_id))


def has_read_notice(user: User) -> bool:
    """Whether this worker has read the present notice: before that, nothing is shown."""
    read = select(NoticeRead.at).where(NoticeRead.worker_id == user.worker_id, NoticeRead.version == NOTICE)
    return db.session.scalar(read) is not None


def is_left_out(worker_id: Any) -> ColumnElement[bool]:
    """Whether this worker has contested the present value of a rating, and the agency has accepted that."""
    contested = WorkerWord.rating_id == Rating.id, WorkerWord.worker_id == worker_id, WorkerWord.said_at == SAID_AT
    return exists().where(*contested, WorkerWord.accepted.is_(True)).correlate(Rating)


@dataclass(frozen=True)
class Own:
    """A worker's figures of the last twelve months.

    Attributes:
        raw: of all that is counted.
        adjusted: the same without what the worker has contested and the agency has left out.
        before, now: adjusted, of the last ninety days and of the ninety before.
    """

    raw: Tally
    adjusted: Tally
    before: Tally
    now: Tally

    @property
    def differs(self) -> bool:
        return self.raw != self.adjusted

    @property
    def enough(self) -> bool:
        return is_enough(self.adjusted.n)

    @property
    def raw_enough(self) -> bool:
        return is_enough(self.raw.n)

    @property
    def trend(self) -> Change | None:
        """How the mean has changed; None where either side has too few answers."""
        enough = is_enough(self.before.n) and is_enough(self.now.n)
        return change(self.before.mean, self.now.mean) if enough else None


def own_figures(user: User) -> Own:
    """Return what stands on top of the page, in one statement."""
    last = today()
    part = case(
        (RatingSubject.day > last - QUARTER, "now"), (RatingSubject.day > last - 2 * QUARTER, "before"), else_=""
    )
    out = is_left_out(user.worker_id)
    counted = own_ratings(user).where(Rating.excluded_at.is_(None), RatingSubject.day > last - YEAR)
    grouped = counted.with_only_columns(part.label("part"), out.label("left_out"), Rating.stars).subquery()
    cells = db.session.execute(
        select(grouped.c.part, grouped.c.left_out, grouped.c.stars, func.count()).group_by(
            grouped.c.part, grouped.c.left_out, grouped.c.stars
        )
    ).all()

    def tally(*parts: str, adjusted: bool = True) -> Tally:
        counts = [0] * 6
        for part, left_out, stars, number in cells:
            if part in parts and not (adjusted and left_out):
                counts[stars] += number
        return Tally(tuple(counts))  # ty: ignore[invalid-argument-type]

    whole = ("now", "before", "")
    return Own(tally(*whole, adjusted=False), tally(*whole), tally("before"), tally("now"))


@dataclass(frozen=True)
class OwnRow:
    """A rating as the worker who was rated reads it: of which visit, the stars, the comment once staff have passed it
    on. Neither who gave it nor by which way.

    Attributes:
        counted: staff have not excluded it.
        reply, contest: what the worker has said of this value; `accepted` and `reason` of the decision.
    """

    id: int
    stars: int
    comment: str | None
    starts_at: datetime
    service: str
    counted: bool
    reply: str | None
    contest: str | None
    accepted: bool | None
    reason: str | None


def list_own(user: User) -> Page[OwnRow]:
    """Return a page of the ratings of a worker's visits, those of the newest visits first."""
    reply, contest = aliased(WorkerWord), aliased(WorkerWord)

    def said(word: type[WorkerWord], kind: str) -> ColumnElement[bool]:
        mine = word.rating_id == Rating.id, word.worker_id == user.worker_id
        return and_(*mine, word.kind == kind, word.said_at == SAID_AT)

    shown = and_(ShownComment.rating_id == Rating.id, ShownComment.said_at == SAID_AT)
    listed = (
        own_ratings(user)
        .join(Visit, Visit.id == RatingSubject.visit_id)
        .join(Service, Service.id == RatingSubject.service_id)
        .outerjoin(ShownComment, shown)
        .outerjoin(reply, said(reply, "reply"))
        .outerjoin(contest, said(contest, "contest"))
        .with_only_columns(
            Rating.id, Rating.stars, case((ShownComment.rating_id.is_not(None), Rating.comment)).label("comment"),
            Visit.starts_at, Service.name.label("service"), Rating.excluded_at, reply.text.label("reply"),
            contest.text.label("contest"), contest.accepted, contest.reason,
        )
        .order_by(Visit.starts_at.desc(), Rating.id.desc())
    )  # fmt: skip
    return read_page(listed, _as_row)


def _as_row(row: Row) -> OwnRow:
    return OwnRow(row.id, row.stars, row.comment, row.starts_at, row.service, row.excluded_at is None, row.reply,
                  row.contest, row.accepted, row.reason)  # fmt: skip
