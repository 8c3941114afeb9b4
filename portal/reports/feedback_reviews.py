"""The reviews behind the figures: each rating with its comment, in the order that one likes."""

from dataclasses import dataclass
from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, func, select

from portal import clock
from portal.i18n import local, start_of_day
from portal.people.models import Sector
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.queries import RatingRow, as_row, is_unseen, rating_rows, visible_ratings
from portal.reports.feedback_cut import Cut, came_by, of_worker, subjects
from portal.reports.feedback_forms import ReviewFilter
from portal.tables.queries import Page, read_page

SORTS = {
    "newest": _l("Newest first"), "oldest": _l("Oldest first"), "lowest": _l("Lowest first"),
    "highest": _l("Highest first"),
}  # fmt: skip
A_DAY = timedelta(days=1)


def _orders(stars: ColumnElement, left_at: ColumnElement) -> dict[str, tuple[ColumnElement, ...]]:
    return {
        "newest": (left_at.desc(), Rating.id.desc()),
        "oldest": (left_at.asc(), Rating.id.asc()),
        "lowest": (stars.asc(), left_at.desc(), Rating.id.desc()),
        "highest": (stars.desc(), left_at.desc(), Rating.id.desc()),
    }


ORDERS = _orders(Rating.stars.expression, Rating.left_at.expression)
# the same, not read from an index
SORTED = _orders(func.coalesce(Rating.stars, Rating.stars), func.coalesce(Rating.left_at, Rating.left_at))
_HAS_COMMENT = func.coalesce(Rating.comment, "") != ""


@dataclass(frozen=True)
class Review:
    """A rating as the list shows it, and the sector that it is of."""

    row: RatingRow
    sector: str


def chosen_ratings(form: ReviewFilter) -> Select:
    """The ratings that the filters leave, of those that this person may see."""
    cut = form.cut
    found = visible_ratings(form.user).where(came_by(cut, Rating.channel), *subjects(cut))
    if not cut.by_asked and not _is_long_ago(cut):  # never before the visit, wherever that was: the index of that day
        found = found.where(Rating.left_at >= start_of_day(cut.first - A_DAY))
    if cut.worker is not None:
        found = found.where(of_worker(cut.worker))
    if form.stars.data:
        found = found.where(Rating.stars.in_([int(stars) for stars in form.stars.data]))
    if form.comment.data:
        found = found.where(_HAS_COMMENT if form.comment.data == "with" else ~_HAS_COMMENT)
    if form.seen.data:
        found = found.where(*is_unseen())
    return found if form.counted.data else found.where(Rating.excluded_at.is_(None))


def read_reviews(form: ReviewFilter, sort: str) -> Page[Review]:
    """A page of them."""
    sector = select(Sector.name).where(Sector.id == RatingSubject.sector_id).scalar_subquery().label("sector")
    listed = rating_rows(chosen_ratings(form)).add_columns(sector)
    listed = listed.order_by(*(SORTED if _is_long_ago(form.cut) else ORDERS)[sort])
    return read_page(listed, lambda row: Review(as_row(row), row.sector))


def _is_long_ago(cut: Cut) -> bool:
    """Whether the ratings of a period are found by their visits and then sorted: walking ratings in their order would
    read all that were left since."""
    return (cut.last - cut.first + A_DAY) * 10 <= local(clock.now()).date() - cut.first
