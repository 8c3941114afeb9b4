"""A rating that is not counted: shown struck through, with who said so, when and why; never deleted.

Its client sees it unchanged. Another value that takes its place is counted again.
"""

from flask_babel import lazy_gettext as _l
from sqlalchemy import Update, update

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.ratings.models import Rating, RatingExclusion
from portal.ratings.tallies import Said, count_change
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
    if (counted := _said(update(Rating).where(*as_seen).values(said))) is None:
        message = _l("This rating has changed or been excluded in the meantime. Look at the visit again.")
        raise Refused(message, "changed")
    count_change(rating.subject_id, counted, None)
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
    if (counted := _said(update(Rating).where(*excluded).values(COUNTED))) is None:
        raise Refused(_l("This rating is counted already."), "counted")
    count_change(rating.subject_id, None, counted)
    record("rating.included", user, rating.subject.about, after={"stars": rating.stars})


def _said(changed: Update) -> Said | None:
    """Change a rating past the session's objects; return what it says as the database has it, if it was changed."""
    said = changed.returning(Rating.stars, Rating.comment, Rating.channel)
    found = db.session.execute(said, execution_options={"synchronize_session": False}).one_or_none()
    return (found.stars, found.comment, found.channel) if found else None
