"""A rating that is not counted: shown struck through, with who said so, when and why; never deleted.

Its client sees it unchanged. Another value that takes its place is counted again.
"""

from flask_babel import lazy_gettext as _l
from sqlalchemy import update

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, rows_changed
from portal.ratings.models import Rating, RatingExclusion
from portal.ratings.values import COUNTED


def exclude_rating(user: User, rating: Rating, reason: str, version: int) -> None:
    """Have the present value of a rating not counted.

    Args:
        reason: why, for colleagues; it stays when the rating is counted again.
        version: the rating's version that the person saw.

    Raises:
        Refused: excluded already, or changed meanwhile.
    """
    said = {"excluded_at": clock.now(), "excluded_by": user.name, "exclude_reason": reason}
    as_seen = Rating.id == rating.id, Rating.version == version, Rating.excluded_at.is_(None)
    if rows_changed(update(Rating).where(*as_seen).values(said)) != 1:
        message = _l("This rating has changed or been excluded in the meantime. Look at the visit again.")
        raise Refused(message, "changed")
    made = RatingExclusion(rating_id=rating.id, reason=reason, author_name=user.name)
    db.session.add(made)
    db.session.flush()
    after = {"stars": rating.stars, "exclusion": made.id}
    record("rating.excluded", user, rating.subject.about, after=after)


def include_rating(user: User, rating: Rating) -> None:
    """Have a rating counted again.

    Raises:
        Refused: it is counted.
    """
    excluded = Rating.id == rating.id, Rating.excluded_at.is_not(None)
    if rows_changed(update(Rating).where(*excluded).values(COUNTED)) != 1:
        raise Refused(_l("This rating is counted already."), "counted")
    record("rating.included", user, rating.subject.about, after={"stars": rating.stars})
