"""Clients who asked, with a rating, to be called back: who they are, and that somebody has called."""

from dataclasses import replace

from flask import g
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, ScalarSelect, Select, and_, case, func, or_, select, update

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import Panel, db, rows_changed
from portal.people.models import Client, Relative
from portal.people.queries import visible_clients
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.queries import RatingRow, as_row, rating_rows, visible_ratings
from portal.settings.queries import option

NUMBER = "ratings.calls"


def waits_for_call() -> tuple[ColumnElement[bool], ...]:
    return Rating.call_back.is_(True), Rating.called_at.is_(None)


def _waiting(user: User) -> Select:
    return visible_ratings(user).where(*waits_for_call())


def to_call(user: User, most: int) -> tuple[list[RatingRow], int]:
    """Who waits for a call, longest first, each with their number for whoever may open the file; and how many wait."""
    waiting = _waiting(user)
    total: Select[int] = select(func.count()).select_from(waiting.with_only_columns(Rating.id).subquery())
    mine = Client.id.in_(visible_clients(user).with_only_columns(Client.id))
    of_client = func.coalesce(Client.phone, Client.mobile)
    phone = case((and_(mine, Rating.author_role == "relative"), _number_of_relative()), (mine, of_client)).label(
        "phone"
    )
    chosen = rating_rows(waiting).order_by(Rating.left_at, Rating.id).limit(most)
    rows = db.session.execute(chosen.add_columns(phone, total.scalar_subquery().label("total"))).all()
    return [replace(as_row(row), phone=row.phone) for row in rows], rows[0].total if rows else 0


def _number_of_relative() -> ScalarSelect[str]:
    """Of the relative who has answered: signed in, or by a mail, which names them."""
    name = Relative.first_name + " " + Relative.last_name
    chosen = select(func.coalesce(Relative.phone, Relative.mobile)).where(
        Relative.client_id == RatingSubject.client_id,
        or_(Relative.account_id == Rating.author_account_id, name == Rating.author_name),
    )
    return chosen.order_by(Relative.id).limit(1).correlate(RatingSubject, Rating).scalar_subquery()


def count_calls(user: User) -> Select[int] | None:
    """How many wait for a call, asked with the other counts of the home page."""
    if not option("ratings.enabled"):
        return None
    return select(func.count()).select_from(_waiting(user).with_only_columns(Rating.id).subquery())


def home_card(_user: User) -> Panel | None:
    """How many wait for a call, on the staff's home page; it has asked that with its other counts."""
    total = g.counts.get(NUMBER)
    return Panel("ratings/_home_calls.html", {"total": total}) if total else None


def note_call(user: User, rating: Rating) -> None:
    """The client has been called: who did it and when stays with the rating.

    Raises:
        Refused: somebody was faster, or the client has taken the wish back.
    """
    fresh = update(Rating).where(Rating.id == rating.id, *waits_for_call())
    if rows_changed(fresh.values(called_at=clock.now(), called_by=user.name)) != 1:
        raise Refused(_l("Somebody has called in the meantime, or the client does not wish it any more."), "called")
    db.session.refresh(rating)
    record("rating.called_back", user, rating.subject.about)
