"""What is not as it was when a month was closed: every rating that came, went or was edited since, and in what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import ColumnElement, Row, Select, Text, and_, case, cast, func, or_, select
from sqlalchemy.orm import aliased

from portal.accounts.models import User
from portal.extensions import db
from portal.people.models import Client, Service
from portal.ratings.models import FormerRating, Rating, RatingSubject
from portal.reports.feedback_cut import in_perimeter
from portal.reports.month_models import ClosedMonth, ClosedRating
from portal.reports.months import HAS_WORDS, IS_COUNTED, of_month
from portal.reports.quality import SOURCES, named
from portal.tables.queries import Page, read_page

ON_PAPER = 200  # of them; the page has all, fifty at a time, the workbook all in one
BATCH = 1000
EDITS = {
    "new": _l("Rated since"),
    "removed": _l("Not there any more"),
    "stars": _l("Other stars"),
    "excluded": lazy_pgettext("rating", "Excluded"),
    "included": _l("Counted again"),
    "source": _l("Other source"),
    "words": _l("Other words"),
}


@dataclass(frozen=True)
class Value:
    """A rating as it stood at one moment. Its words are not quoted: the visit's page shows them to whom it may."""

    stars: int
    counted: bool
    source: str


@dataclass(frozen=True)
class Difference:
    """A rating of the month that is not as it was: `was` and `now` are None where it was or is not there.

    Attributes:
        words: whether comment or answers to further questions are others.
    """

    visit_id: int
    client: str
    service: str
    was: Value | None
    now: Value | None
    words: bool

    @property
    def edits(self) -> list[str]:
        """What was done to it since, in words."""
        was, now = self.was, self.now
        if was is None or now is None:
            return [str(EDITS["new" if now else "removed"])]
        done = {"stars": was.stars != now.stars, "excluded": was.counted and not now.counted,
                "included": now.counted and not was.counted, "source": was.source != now.source,
                "words": self.words}  # fmt: skip
        return [str(EDITS[one]) for one, is_so in done.items() if is_so]


def read_differences(user: User, month: ClosedMonth) -> Page[Difference]:
    """The page of them that the address asks for."""
    return read_page(_changed(user, month), _difference)


def each_difference(user: User, month: ClosedMonth) -> Iterator[Difference]:
    """All of them, read as they are wanted."""
    found = db.session.execute(_changed(user, month), execution_options={"yield_per": BATCH})
    return map(_difference, found)


def first_differences(user: User, month: ClosedMonth) -> tuple[Sequence[Difference], int]:
    """As many as a paper holds, and how many there are in all."""
    changed = _changed(user, month)
    counted = changed.with_only_columns(func.count(), maintain_column_froms=True).order_by(None).scalar_subquery()
    rows = db.session.execute(changed.add_columns(counted.label("total")).limit(ON_PAPER)).all()
    return [_difference(row) for row in rows], rows[0].total if rows else 0


def _changed(user: User, month: ClosedMonth) -> Select:
    own = and_(ClosedRating.subject_id == RatingSubject.id, ClosedRating.month_id == month.id)
    words = _other_words(month)
    changed = or_(
        ClosedRating.stars.is_distinct_from(Rating.stars),
        ClosedRating.channel.is_distinct_from(Rating.channel),
        ClosedRating.counted.is_distinct_from(case((Rating.id.is_not(None), IS_COUNTED))),
        words,
    )
    return (
        select(RatingSubject.visit_id, named(Client).label("client"), Service.name.label("service"),
               ClosedRating.stars.label("was"), ClosedRating.counted, ClosedRating.channel.label("was_channel"),
               Rating.stars.label("now"), Rating.excluded_at, Rating.channel, case((words, 1), else_=0).label("words"))
        .outerjoin(Rating, Rating.subject_id == RatingSubject.id)
        .outerjoin(ClosedRating, own)
        .join(Client, Client.id == RatingSubject.client_id)
        .join(Service, Service.id == RatingSubject.service_id)
        .where(*of_month(month.first_day), in_perimeter(user, RatingSubject.sector_id), changed)
        .order_by(RatingSubject.day, RatingSubject.id)
    )  # fmt: skip


def _other_words(month: ClosedMonth) -> ColumnElement[bool]:
    """Whether a rating says something else than then. The words of then are not kept with the month: they are those of
    the first value that was replaced afterwards. Only where the present value is younger is there one to look for."""
    later = aliased(FormerRating)
    first = select(func.min(later.id)).where(later.rating_id == Rating.id, later.replaced_at >= month.closed_at)
    differs = or_(
        func.coalesce(FormerRating.comment, "") != func.coalesce(Rating.comment, ""),
        cast(FormerRating.details, Text).is_distinct_from(cast(Rating.details, Text)),
        FormerRating.call_back != Rating.call_back,
    )
    was = select(FormerRating.id).where(FormerRating.id == first.correlate(Rating).scalar_subquery(), differs)
    is_younger = func.coalesce(Rating.changed_at, Rating.left_at) >= month.closed_at
    edited = and_(is_younger, was.correlate(Rating).exists())
    return and_(ClosedRating.stars.is_not(None), Rating.id.is_not(None),
                or_(ClosedRating.with_words.is_distinct_from(HAS_WORDS), edited))  # fmt: skip


def _difference(row: Row) -> Difference:
    was = None if row.was is None else Value(row.was, bool(row.counted), str(SOURCES[row.was_channel]))
    now = None if row.now is None else Value(row.now, row.excluded_at is None, str(SOURCES[row.channel]))
    return Difference(row.visit_id, row.client, row.service, was, now, bool(row.words))
