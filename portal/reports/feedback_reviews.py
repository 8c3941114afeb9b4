"""The reviews behind the figures: each rating with its comment, in the order that one likes."""

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Integer, Select, bindparam, case, func, literal, select, union_all

from portal.people.models import Sector
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.queries import RatingRow, as_row, is_unseen, rating_rows, visible_ratings
from portal.reports.feedback_cut import came_by, of_worker, ratings, subjects
from portal.reports.feedback_forms import ReviewFilter
from portal.tables.queries import COUNTED, PER_PAGE, Page, run_page

SORTS = {
    "newest": _l("Newest first"), "oldest": _l("Oldest first"), "lowest": _l("Lowest first"),
    "highest": _l("Highest first"),
}  # fmt: skip
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
    if not cut.by_asked:  # the same day of both: either index may be the shorter way
        found = found.where(Rating.day.between(cut.first, cut.last))
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
    """A page of them, in the order of the days of their visits. What is read is the page, not the period."""
    chosen = chosen_ratings(form)
    shown = _of_page(chosen, form, sort)
    sector = select(Sector.name).where(Sector.id == RatingSubject.sector_id).scalar_subquery().label("sector")
    listed = rating_rows(visible_ratings(form.user).where(Rating.id.in_(shown))).order_by(*_order(Rating, sort))
    counted = _counted(form) if _sums_tell(form) else _walked(chosen)
    page = listed.add_columns(sector, counted.scalar_subquery().label("total"))
    return run_page(page, lambda row: Review(as_row(row), row.sector))


def _order(of: Any, sort: str) -> list[ColumnElement]:
    """By the day of the visit, as all figures of the page; of one day, as they came in."""
    times = of.day, of.left_at, of.id
    by_time = [each.asc() if sort == "oldest" else each.desc() for each in times]
    return {"lowest": [of.stars.asc()], "highest": [of.stars.desc()]}.get(sort, []) + by_time


def _of_page(chosen: Select, form: ReviewFilter, sort: str) -> Select:
    """The numbers of the ratings of the page. Their order by stars is put together from that of each number of stars:
    an index says the latter, and no more of each is read than a page could show."""
    skipped: Any = bindparam("skipped", type_=Integer)
    chosen = chosen.with_only_columns(Rating.id, Rating.stars, Rating.day, Rating.left_at)
    if sort in ("newest", "oldest"):
        found = chosen.order_by(*_order(Rating, sort)).offset(skipped).limit(PER_PAGE + 1).subquery("shown")
        return select(found.c.id)
    each = [
        chosen.where(Rating.stars == stars).order_by(*_order(Rating, sort)).limit(skipped + PER_PAGE + 1).subquery()
        for stars in (map(int, form.stars.data) if form.stars.data else range(6))
    ]
    merged = union_all(*map(select, each)).subquery("each")
    return select(merged.c.id).order_by(*_order(merged.c, sort)).offset(skipped).limit(PER_PAGE + 1)


def _walked(chosen: Select) -> Select:
    """How many there are, up to a few more than anybody wants to read."""
    return select(func.count()).select_from(chosen.with_only_columns(Rating.id).limit(COUNTED + 1).subquery())


def _sums_tell(form: ReviewFilter) -> bool:
    """Whether the sums say how many there are: they know nothing of single clients, nor which rating has words."""
    known = not (form.cut.reads_rows or form.cut.by_asked or form.seen.data or form.counted.data)
    return known and not (form.comment.data and form.stars.data)


def _counted(form: ReviewFilter) -> Select:
    sums = ratings(form.cut).subquery("sums").c
    number = sum((sums[f"n{stars}"] for stars in form.stars.data or range(6)), literal(0))
    if form.comment.data:
        number = sums.comments if form.comment.data == "with" else number - sums.comments
    number = func.coalesce(number, 0)
    return select(case((number > COUNTED, COUNTED + 1), else_=number))
