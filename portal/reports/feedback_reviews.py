"""The reviews behind the figures: each rating with its comment, in the order that one likes."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select

from portal.i18n import start_of_day
from portal.people.models import Sector
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.queries import RatingRow, as_row, is_unseen, rating_rows, visible_ratings
from portal.reports.feedback_cut import came_by, of_worker, subjects
from portal.reports.feedback_forms import ReviewFilter
from portal.tables.queries import Page, read_page

SORTS = {
    "newest": _l("Newest first"), "oldest": _l("Oldest first"), "lowest": _l("Lowest first"),
    "highest": _l("Highest first"),
}  # fmt: skip
ORDERS = {
    "newest": (Rating.left_at.desc(), Rating.id.desc()),
    "oldest": (Rating.left_at.asc(), Rating.id.asc()),
    "lowest": (Rating.stars.asc(), Rating.left_at.desc(), Rating.id.desc()),
    "highest": (Rating.stars.desc(), Rating.left_at.desc(), Rating.id.desc()),
}
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
    found = found.where(Rating.left_at >= start_of_day(cut.first))  # never before the visit: the index of that day
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
    listed = rating_rows(chosen_ratings(form)).add_columns(sector).order_by(*ORDERS[sort])
    return read_page(listed, lambda row: Review(as_row(row), row.sector))
