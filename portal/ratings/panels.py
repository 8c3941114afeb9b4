"""What the ratings feature shows on the staff's page of a visit, and of the messages about one."""

from flask import g, url_for
from flask_babel import gettext as _
from sqlalchemy import Row, Select, and_, case, func, select
from sqlalchemy.orm import aliased, joinedload, with_expression

from portal import clock
from portal.accounts.models import User
from portal.extensions import MessageColumn, Panel, db, wires
from portal.forms import STAR_WORDS
from portal.outbox.models import About, Message
from portal.people.models import Client
from portal.ratings.models import FormerRating, Rating, RatingSubject
from portal.ratings.queries import can_be_rated, is_low, is_open, may_open_file
from portal.ratings.survey import question_of
from portal.ratings.words import in_words
from portal.roles import GRANTS, Permission
from portal.settings.queries import option
from portal.visits.models import State, Visit
from portal.visits.queries import deeds_of


def subject_and_rating(visit: Visit) -> tuple[RatingSubject, Rating | None] | None:
    """What is rated of a visit, and the rating; read once for all parts of its page."""
    known = g.setdefault("rated", {})
    if visit.id not in known:
        chosen = select(RatingSubject, Rating).outerjoin(Rating).where(RatingSubject.visit_id == visit.id)
        complaint = with_expression(Rating.complaint_id, wires.complaint_of_rating(Rating.id))
        asked = joinedload(Rating.asked_then), joinedload(Rating.former).joinedload(FormerRating.asked_then)
        said = *asked, joinedload(Rating.replies), complaint
        found = db.session.execute(chosen.options(*said)).unique().one_or_none()
        known[visit.id] = (found[0], found[1]) if found else None
    return known[visit.id]


def rating_panel(user: User, visit: Visit) -> Panel | None:
    """The rating of a done visit with its former values, or until when it can still be given."""
    if visit.state != State.DONE or not option("ratings.enabled"):
        return None
    found = subject_and_rating(visit)
    if found is None:
        return None
    subject, rating = found
    may, at_home = GRANTS[user.role], may_open_file(user, visit)
    looked = [name or _("Somebody") for deed, name in deeds_of(visit) if deed.kind == "rating.looked_at"]
    return Panel("ratings/_visit_rating.html", {
        "visit_id": visit.id,
        "rating": rating,
        "may_ask": Permission.ASK_AGAIN in may and at_home and is_open(),
        "may_reply": Permission.REPLY_TO_RATINGS in may and at_home,
        "may_note": Permission.KEEP_NOTES in may and at_home,
        "may_exclude": Permission.EXCLUDE_RATINGS in may,
        "asked": question_of(rating, visit) if rating else None,
        "former": [(one, in_words(one), question_of(one, visit)) for one in reversed(rating.former)] if rating else [],
        "words": STAR_WORDS,
        "typed": in_words(rating) if rating else None,
        "low": bool(rating and is_low(rating.stars) and not rating.excluded_at),
        "looked_before": looked[-1] if looked else None,
        "open": rating is None and can_be_rated(subject.ended_at, None),
        "days_left": option("ratings.portal_days") - (clock.now() - subject.ended_at).days,
    })  # fmt: skip


def client_panel(user: User, visit: Visit) -> Panel | None:
    """In the frame *Client* of a visit's page: the stars, or the button with which staff type what the client said."""
    if not option("ratings.enabled") or Permission.RATE_FOR_CLIENTS not in GRANTS[user.role]:
        return None
    if visit.state == State.PLANNED and visit.ends_at <= clock.now():
        return Panel("ratings/_client_frame.html", {"visit_id": visit.id, "rating": None, "done": False})
    found = subject_and_rating(visit) if visit.state == State.DONE else None
    if found is None:
        return None
    return Panel("ratings/_client_frame.html", {"visit_id": visit.id, "rating": found[1], "done": True})


def add_subject(statement: Select) -> Select:
    """Give a selection of messages the client and the visit that each is about."""
    subject, rating, client = aliased(RatingSubject), aliased(Rating), aliased(Client)  # the selection has its own
    subject_id = case((Message.subject_type == "rating_subject", Message.subject_id), else_=rating.subject_id)
    return (
        statement.outerjoin(rating, and_(Message.subject_type == "rating", rating.id == Message.subject_id))
        .outerjoin(subject, subject.id == subject_id)
        .outerjoin(client, client.id == subject.client_id)
        .add_columns(
            func.coalesce(subject.visit_id, subject.handled_visit_id).label("about_visit"),
            client.first_name,
            client.last_name,
        )
    )


def read_subject(row: Row) -> About | None:
    if row.about_visit is None:
        return None
    name = f"{row.first_name} {row.last_name}".strip()
    return About(name, url_for("staff.show_visit", visit_id=row.about_visit))


MESSAGE_COLUMN = MessageColumn(add_subject, read_subject)
