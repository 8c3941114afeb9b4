"""What the lists of visits show of ratings, and the one question of the day."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache

from sqlalchemy import Row, Select, bindparam

from portal import clock
from portal.accounts.models import User
from portal.extensions import UTC, VisitColumn, db
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.queries import is_open
from portal.settings.queries import option
from portal.tables.queries import Page, addresses_of
from portal.visits.column_choice import shows_ratings
from portal.visits.models import State, Visit
from portal.visits.queries import VisitRow, reader, rows, visible_visits


def add_rating_columns(statement: Select) -> Select:
    """Give a list of visits its rating: listed in `wiring.py` as a column of the visit pages."""
    return (
        statement.outerjoin(RatingSubject, RatingSubject.visit_id == Visit.id)
        .outerjoin(Rating, Rating.subject_id == RatingSubject.id)
        .add_columns(
            Rating.stars.label("stars"),
            Rating.left_at.label("rated_at"),
            Rating.channel.label("rated_by_way"),
            Rating.replied_at,
            Rating.asked_again_at,
            Rating.excluded_at,
            RatingSubject.ended_at.label("rateable_since"),
        )
    )


def waiting_visit(user: User, shown: Page[VisitRow] | None = None) -> VisitRow | None:
    """Return the newest visit that waits for a rating by this person, or about which the agency asks again and which
    is among those shown: the one question of the day.

    Args:
        user: the client or a relative.
        shown: the first page of the whole list, newest first, where there is one: it is mostly among these.
    """
    if not (user.may_rate and is_open()):
        return None
    for row in shown.rows if shown else ():
        if row.rating == "waiting" or row.again:
            return row
    if shown and not shown.has_next:
        return None
    oldest = clock.now() - timedelta(days=option("ratings.portal_days"))
    row = db.session.execute(_waiting(user.kind), {**user.numbers, "oldest": oldest}).one_or_none()
    return reader(user)(row) if row else None


@cache
def _waiting(kind: User) -> Select:
    unrated = Rating.id.is_(None), RatingSubject.ended_at > bindparam("oldest", type_=UTC)
    statement = rows(visible_visits(kind).where(Visit.state == State.DONE)).where(*unrated)
    return statement.order_by(Visit.starts_at.desc(), Visit.id.desc()).limit(1)


def rating_reader(user: User) -> Callable[[Row, str], dict]:
    """Return what says of a visit's row what the column *Évaluation* shows: `rated`, `waiting` … and where to go.

    With the module switched off, or for one of the staff who has put the column away, no more than that a rated visit
    stays as it is.
    """
    if not option("ratings.enabled") or (user.staff_id and not shows_ratings()):
        return lambda row, _stage: {"rating": "off", "locked": row.stars is not None}
    open_to, address = is_open() and user.may_rate, addresses_of("client.rate_visit", "visit_id")
    said_address = addresses_of("client.show_rating", "visit_id")
    rateable_after = clock.now() - timedelta(days=option("ratings.portal_days"))
    changeable_after = clock.now() - timedelta(days=option("ratings.change_days"))
    anew_after = clock.now() - timedelta(days=option("ratings.link_days"))

    def read(row: Row, stage: str) -> dict:
        if row.stars is not None and not user.sees_ratings:  # that the visit is rated, and no more
            return {"stars": None, "rating": "hidden", "can_change": False, "rate_url": None, "locked": True}
        since = row.rateable_since
        waits = open_to and stage == State.DONE and row.stars is None and since is not None and since > rateable_after
        again = open_to and row.asked_again_at is not None and row.asked_again_at > anew_after
        return {
            "stars": row.stars,
            "rating": "rated" if row.stars is not None else "waiting" if waits else "none",
            "can_change": open_to and row.rated_at is not None and (row.rated_at > changeable_after or again),
            "again": again,
            "locked": row.stars is not None,
            "counted": row.excluded_at is None,
            "rate_url": address(row.id) if user.may_rate else None,
            "by_agency": row.rated_by_way == "staff",
            "replied": row.replied_at is not None,
            "said_url": said_address(row.id) if row.replied_at or row.rated_by_way == "staff" else None,
        }

    return read


RATING_COLUMN = VisitColumn(add_rating_columns, rating_reader)
