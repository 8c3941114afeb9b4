"""What the ratings feature shows on the staff's page of a visit, and of the messages about one."""

from flask import url_for
from sqlalchemy import and_, case, select

from portal import clock
from portal.accounts.models import User
from portal.extensions import Panel, db
from portal.forms import STAR_WORDS
from portal.outbox.models import About, Message
from portal.people.models import Client
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


def what_messages_are_about(ids: list[int]) -> dict[int, About]:
    """Return the client and the visit's page by message, for those of these messages that are about a rating."""
    subject_id = case((Message.subject_type == "rating_subject", Message.subject_id), else_=Rating.subject_id)
    statement = (
        select(Message.id, RatingSubject.visit_id, Client.first_name, Client.last_name)
        .select_from(Message)
        .outerjoin(Rating, and_(Message.subject_type == "rating", Rating.id == Message.subject_id))
        .join(RatingSubject, RatingSubject.id == subject_id)
        .join(Client, Client.id == RatingSubject.client_id)
    )
    found = db.session.execute(statement.where(Message.id.in_(ids))) if ids else ()
    return {
        row.id: About(f"{row.first_name} {row.last_name}".strip(), url_for("staff.show_visit", visit_id=row.visit_id))
        for row in found
    }
