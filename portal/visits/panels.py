"""What the visits feature shows on the staff's home page."""

from datetime import timedelta

from sqlalchemy import func, select

from portal import clock
from portal.accounts.models import User
from portal.extensions import Panel, db
from portal.i18n import start_of_day
from portal.tables.queries import COUNTED
from portal.visits.models import State, Visit
from portal.visits.queries import today, visible_visits

DAYS = 30  # further back nobody remembers; the list has them all


def home_card(user: User) -> Panel | None:
    """How many visits are over that nobody has closed: their clients are not asked until somebody does."""
    moment, first_day = clock.now(), today() - timedelta(days=DAYS)
    left = visible_visits(user).where(
        Visit.state == State.PLANNED, Visit.ends_at <= moment, Visit.starts_at >= start_of_day(first_day)
    )
    counted = left.with_only_columns(Visit.id).limit(COUNTED + 1).subquery()
    number = db.session.scalar(select(func.count()).select_from(counted)) or 0
    context = {"number": number, "many": number > COUNTED, "first_day": first_day}
    return Panel("visits/_home_unclosed.html", context) if number else None
