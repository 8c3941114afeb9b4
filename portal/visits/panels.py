"""What the visits feature shows on the staff's home page."""

from datetime import timedelta

from sqlalchemy import func, select

from portal import clock
from portal.accounts.models import User
from portal.extensions import Panel, db
from portal.visits.models import State, Visit
from portal.visits.queries import visible_visits

DAYS = 30  # further back nobody remembers; the list has them all
COUNTED = 100


def home_card(user: User) -> Panel | None:
    """How many visits are over that nobody has closed: their clients are not asked until somebody does."""
    moment = clock.now()
    left = visible_visits(user).where(
        Visit.state == State.PLANNED, Visit.ends_at <= moment, Visit.starts_at > moment - timedelta(days=DAYS)
    )
    counted = left.with_only_columns(Visit.id).limit(COUNTED + 1).subquery()
    number = db.session.scalar(select(func.count()).select_from(counted)) or 0
    return Panel("visits/_home_unclosed.html", {"number": number, "counted": COUNTED}) if number else None
