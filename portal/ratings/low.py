"""Low ratings: who is told, what waits to be looked at, and the deed of taking note."""

from dataclasses import replace

from flask import g
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, case, func, select, update

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import Panel, db, rows_changed, wires
from portal.outbox.actions import Order, schedule
from portal.people.models import Client, Staff
from portal.people.queries import staff_at_work, staff_responsible_for, visible_clients
from portal.portals import staff
from portal.ratings.models import Rating
from portal.ratings.queries import (
    RatingRow,
    as_row,
    is_about_visit_of,
    is_low,
    is_unseen,
    is_urgent,
    rating_rows,
    visible_ratings,
)
from portal.roles import GRANTS, Permission
from portal.settings.queries import option

SHOWN = 6  # on the home page; the list has them all
COUNTED = 100  # a badge needs no more


def alert(rating_id: int, stars: int, change: int = 0) -> None:
    """Tell the agency of a rating if it is a low one, in the transaction that writes it; it waits to be looked at.

    Args:
        change: how often it was changed so far: each change is told by a mail of its own.
    """
    if not is_low(stars):
        return
    kind = "ratings.very_low" if is_urgent(stars) else "ratings.low"
    schedule([Order(kind, ("rating", rating_id), dedupe_key=f"low:{rating_id}:{change}", due_at=clock.now())])


def alert_of_change(rating: Rating, before: int | None) -> None:
    """Do the same for a rating that was changed. One that was low already is told again only when it turns urgent, but
    is to be looked at anew.

    Args:
        rating: as it is now, flushed.
        before: the stars it had; None when those were not counted, or when this is an answer of its own.
    """
    if not is_low(rating.stars):
        return
    rating.looked_at = rating.looked_by = None
    if before is None or not is_low(before) or is_urgent(rating.stars) > is_urgent(before):
        alert(rating.id, rating.stars, len(rating.former))


def person_to_tell(rating: Rating) -> Staff | None:
    """Who is told of a low rating: the manager of the client's file, else who answers for the visit's sector, else
    quality. Always somebody whose pages show it: nobody else could take note of it."""
    visit = rating.subject.visit
    in_order = staff_responsible_for(visit.sector_id, visit.client.file_manager_id)
    return next((person for person in in_order if is_about_visit_of(staff_at_work(person), rating.subject)), None)


def look_at(user: User, rating: Rating) -> None:
    """Take note of a low rating: name and date stay on it. The first to do so is the one who is named.

    Raises:
        Refused: somebody was faster, or it is not low any more.
    """
    fresh = update(Rating).where(Rating.id == rating.id, Rating.version == rating.version, *is_unseen())
    if rows_changed(fresh.values(looked_at=clock.now(), looked_by=user.name)) != 1:
        raise Refused(_l("Somebody has looked at this rating in the meantime, or it has changed."), "looked")
    db.session.refresh(rating)
    record("rating.looked_at", user, rating.subject.about, after={"stars": rating.stars})


def badge(user: User) -> Select[int] | None:
    """How many low ratings of this person's sectors nobody has looked at: the badge in the menu."""
    if not option("ratings.enabled"):
        return None
    waiting = visible_ratings(user).where(*is_unseen()).with_only_columns(Rating.id)
    # in the order of their index: the planner takes it, and the ratings of former years cost nothing
    waiting = waiting.order_by(Rating.stars, Rating.id).limit(COUNTED).subquery()
    return select(func.count()).select_from(waiting)


def unseen(user: User) -> tuple[list[RatingRow], int]:
    """The low ratings that nobody has looked at: urgent ones first, then those that have waited longest; and how many
    there are in all."""
    counted = badge(user)
    if counted is None:
        return [], 0
    urgent = case((Rating.stars <= option("ratings.urgent_threshold"), 0), else_=1)
    mine = Client.id.in_(visible_clients(user).with_only_columns(Client.id))
    waiting = rating_rows(visible_ratings(user).where(*is_unseen())).order_by(urgent, Rating.left_at, Rating.id)
    more = case((mine, Client.phone)).label("phone"), mine.label("mine"), counted.scalar_subquery().label("total")
    may_note = Permission.KEEP_NOTES in GRANTS[user.role]
    rows = db.session.execute(waiting.add_columns(*more).limit(SHOWN)).all()
    return [replace(as_row(row), phone=row.phone, may_note=may_note and row.mine) for row in rows], rows[
        0
    ].total if rows else 0


@staff.app_template_global()
def panels_of_low_rating(rating_id: int, complaint_id: int | None) -> list[Panel]:
    """What else staff can do about a low rating, beside taking note of it."""
    return [panel for make in wires.low_rating_panels if (panel := make(g.user, rating_id, complaint_id))]


def home_card(user: User) -> Panel | None:
    """What the staff's home page shows of low ratings; nothing when all have been looked at."""
    waiting, total = unseen(user)
    return Panel("ratings/_home_low.html", {"waiting": waiting, "total": total}) if waiting else None
