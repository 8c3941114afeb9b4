"""What the ratings feature shows on the staff's page of a visit."""

from sqlalchemy import select

from portal import clock
from portal.accounts.models import User
from portal.extensions import Panel, db
from portal.forms import STAR_WORDS
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.queries import can_be_rated
from portal.settings.queries import option
from portal.visits.models import State, Visit


def rating_panel(_user: User, visit: Visit) -> Panel | None:
    """The rating of a done visit with its former values, or until when it can still be given."""
    if visit.state != State.DONE or not option("ratings.enabled"):
        return None
    chosen = select(RatingSubject, Rating).outerjoin(Rating).where(RatingSubject.visit_id == visit.id)
    found = db.session.execute(chosen).one_or_none()
    if found is None:
        return None
    subject, rating = found
    return Panel("ratings/_visit_rating.html", {
        "rating": rating,
        "former": list(reversed(rating.former)) if rating else [],
        "words": STAR_WORDS,
        "low": bool(rating and rating.stars <= option("ratings.low_threshold")),
        "open": rating is None and can_be_rated(subject.ended_at, None),
        "days_left": option("ratings.portal_days") - (clock.now() - subject.ended_at).days,
    })  # fmt: skip
