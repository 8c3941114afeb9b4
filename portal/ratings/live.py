"""*En direct*: what becomes of today's visits, and what clients say of them, as it comes in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import sha256

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, or_, select, true, type_coerce, union

from portal import clock
from portal.accounts.models import User
from portal.extensions import db
from portal.i18n import start_of_day
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.queries import is_low, is_urgent, visible_ratings
from portal.settings.queries import option
from portal.visits.models import State, Visit
from portal.visits.queries import VisitRow, reader, rows, today, visible_visits

SHOWN = 100  # the newest changes: who wants the whole day has the list of visits


@dataclass(frozen=True)
class LiveRow:
    """A visit, and what was said of it.

    Attributes:
        visit: as the lists have it.
        stars, counted: of its rating, whatever columns this person has put away.
        comment: of the client; None for none.
        wants_call: whether the client wishes to be called and has not been.
        changed_at: when it was rated, else closed, else when it began.
        is_today: whether the visit is of today; an earlier one is here because it was rated today.
    """

    visit: VisitRow
    stars: int | None
    counted: bool
    comment: str | None
    wants_call: bool
    changed_at: datetime
    is_today: bool

    @property
    def is_counted(self) -> bool:
        return self.stars is not None and self.counted

    @property
    def low(self) -> bool:
        return self.is_counted and is_low(self.stars or 0)

    @property
    def urgent(self) -> bool:
        return self.is_counted and is_urgent(self.stars or 0)


@dataclass(frozen=True)
class Live:
    """The day as it stands.

    Attributes:
        date: the day of the agency's wall clock.
        rows: newest change first.
        visits, done: of today, how many there are, drafts and cancelled ones apart, and how many are done.
        rated, low: how many ratings came in today, and how many of these are low.
    """

    date: date
    rows: Sequence[LiveRow]
    visits: int
    done: int
    rated: int
    low: int

    @property
    def tag(self) -> str:
        """Changes when there is something new to show."""
        told = [(row.visit.id, row.visit.stage, row.stars, row.counted, row.visit.workers, row.comment,
                 row.wants_call, row.changed_at) for row in self.rows]  # fmt: skip
        return sha256(repr((self.date, told, self.visits, self.done, self.rated, self.low)).encode()).hexdigest()[:16]


def live(user: User) -> Live:
    """Return today as this person may see it, in two statements."""
    begins = start_of_day(today())
    read = reader(user)
    found = db.session.execute(_newest(user, begins)).all()
    counts = db.session.execute(_counts(user, begins)).one()
    return Live(today(), [_as_row(row, read(row), begins) for row in found], *(count or 0 for count in counts))


def _as_row(row: Row, visit: VisitRow, begins: datetime) -> LiveRow:
    return LiveRow(visit, row.stars, row.excluded_at is None, row.comment, bool(row.wants_call), row.changed,
                   visit.starts_at >= begins)  # fmt: skip


def _is_today(begins: datetime) -> ColumnElement[bool]:
    return and_(Visit.starts_at >= begins, Visit.starts_at < start_of_day(today() + timedelta(days=1)))


def _newest(user: User, begins: datetime) -> Select:
    """Visits of today that have begun or were closed, and those about which something was said today."""
    said_at = func.coalesce(Rating.changed_at, Rating.left_at, Visit.closed_at, Visit.starts_at)
    changed = type_coerce(said_at, Visit.starts_at.type)
    has_begun = or_(Visit.starts_at <= clock.now(), Visit.closed_at.is_not(None))
    mine = visible_visits(user).where(_is_today(begins), Visit.state != State.DRAFT, has_begun)
    said = visible_ratings(user).with_only_columns(Visit.id)
    # what is said of a visit is said after it: whoever is among the newest of all is among the newest of its way in
    ways = [
        mine.with_only_columns(Visit.id).order_by(
            func.coalesce(Visit.closed_at, Visit.starts_at).desc(), Visit.id.desc()
        ),
        said.where(Rating.left_at >= begins).order_by(Rating.left_at.desc(), Visit.id.desc()),
        said.where(Rating.changed_at >= begins).order_by(Rating.changed_at.desc(), Visit.id.desc()),
    ]
    ids = union(*(select(way.limit(SHOWN).subquery()) for way in ways))
    wants_call = and_(Rating.call_back, Rating.called_at.is_(None)).label("wants_call")
    listed = rows(visible_visits(user).where(Visit.id.in_(ids)))
    listed = listed.add_columns(Rating.comment, wants_call, changed.label("changed"))
    return listed.order_by(changed.desc(), Visit.id.desc()).limit(SHOWN)


def _is_said_since(begins: datetime) -> ColumnElement[bool]:
    return and_(or_(Rating.left_at >= begins, Rating.changed_at >= begins), RatingSubject.visit_id.is_not(None))


def _counts(user: User, begins: datetime) -> Select:
    mine = visible_visits(user).where(_is_today(begins), Visit.state.in_((State.PLANNED, State.DONE)))
    of_day = mine.with_only_columns(
        func.count().label("visits"), func.sum(case((Visit.state == State.DONE, 1), else_=0)).label("done")
    ).subquery()
    said = visible_ratings(user).where(_is_said_since(begins), Rating.excluded_at.is_(None))
    low = case((Rating.stars <= option("ratings.low_threshold"), 1), else_=0)
    of_ratings = said.with_only_columns(func.count().label("rated"), func.sum(low).label("low")).subquery()
    counts = select(of_day.c.visits, of_day.c.done, of_ratings.c.rated, of_ratings.c.low)
    return counts.select_from(of_day.join(of_ratings, true()))
