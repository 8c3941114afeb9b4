"""How an incident was handled, rated by its client: asked when staff close it and say so, apart from what is said of
visits. Incidents are a higher feature: here they are numbers."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import ScalarSelect, func, insert, select
from sqlalchemy.orm import with_expression

from portal import clock
from portal.accounts.models import User
from portal.errors import Refused
from portal.extensions import db, upsert, wires
from portal.i18n import local
from portal.outbox.actions import PATIENCE, Order, cancel, schedule
from portal.outbox.models import MAIL
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.ratings.queries import can_be_changed, can_be_rated, is_open
from portal.ratings.reach import channels_of
from portal.ratings.requests import key_of
from portal.ratings.timing import opening_after, too_old_from
from portal.ratings.values import messages_of
from portal.visits.models import Visit


def handling_of(incident_id: int | ScalarSelect[int]) -> tuple[RatingSubject, Rating | None] | None:
    """Return what can be rated of an incident's handling, and the rating; None while nobody was asked.

    Args:
        incident_id: its number, or what selects it.
    """
    chosen = select(RatingSubject, Rating).outerjoin(Rating).where(RatingSubject.incident_id == incident_id)
    complaint = with_expression(Rating.complaint_id, wires.complaint_of_rating(Rating.id))
    found = db.session.execute(chosen.options(complaint)).one_or_none()
    return (found[0], found[1]) if found else None


def is_handling_rated(incident_id: int) -> bool:
    """Whether the client has rated an incident's handling: they are not asked about it again."""
    found = handling_of(incident_id)
    return bool(found and found[1])


def ask_about_handling(incident_id: int, visit: Visit) -> None:
    """Promise the mail that asks the client how an incident was handled; from now on it can be rated on the portal too.
    It leaves in the agency's hours. An incident that is closed once more is asked about once more, unless it is rated.

    Args:
        visit: on which the incident was.
    """
    moment = clock.now()
    values = {"incident_id": incident_id, "handled_visit_id": visit.id, "client_id": visit.client_id,
              "service_id": visit.service_id, "sector_id": visit.sector_id,
              "manager_id": visit.client.file_manager_id, "ended_at": moment, "asked": True,
              "day": visit.local_start.date(), "asked_day": local(opening_after(moment)).date()}  # fmt: skip
    fresh = upsert(RatingSubject).values(values)
    known = fresh.on_conflict_do_update(index_elements=[RatingSubject.incident_id], set_={"ended_at": moment})
    subject_id = db.session.scalars(known.returning(RatingSubject.id)).one()
    if db.session.scalar(select(Rating.id).where(Rating.subject_id == subject_id)):
        return
    cancel(messages_of(subject_id), "asked_again")
    last = db.session.scalar(select(func.max(RatingRequest.round)).where(RatingRequest.subject_id == subject_id))
    round, due = (last or 0) + 1, opening_after(moment)
    key, subject = key_of(subject_id, round), ("rating_subject", subject_id)
    limit = max(too_old_from(moment), due + PATIENCE)
    way = channels_of([visit.client_id]).get(visit.client_id, MAIL)
    messages = schedule([Order("ratings.handling", subject, key, due_at=due, not_after=limit, channel=way)])
    row = {"subject_id": subject_id, "round": round, "message_id": messages[key]}
    db.session.execute(insert(RatingRequest), [row])


def refuse_unless_rateable(user: User, subject: RatingSubject, rating: Rating | None) -> None:
    """Refuse what this client or relative can neither rate nor change now.

    Raises:
        Refused: switched off, not granted, too long ago, or rated for good.
    """
    if not is_open():
        raise Refused(_l("Your agency has switched ratings off."), "off")
    if not user.may_rate:
        raise Refused(_l("The file you follow does not let you rate. Please ask the agency."), "relative")
    if rating and not (user.sees_ratings and can_be_changed(rating.left_at)):
        raise Refused(_l("This rating can no longer be changed. Please contact your agency."), "too-late")
    if rating is None and not can_be_rated(subject.ended_at, None):
        raise Refused(_l("This incident is too long ago to be rated here. Please contact your agency."), "too-old")


def can_rate(user: User, subject: RatingSubject, rating: Rating | None) -> bool:
    """Whether this client or relative can rate it now, or change what was said."""
    try:
        refuse_unless_rateable(user, subject, rating)
    except Refused:
        return False
    return True
