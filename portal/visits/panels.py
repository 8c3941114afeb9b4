"""What the visits feature shows on the staff's home page."""

from sqlalchemy import func, select

from portal.accounts.models import User
from portal.extensions import Panel, db
from portal.tables.queries import COUNTED
from portal.visits.models import Visit
from portal.visits.queries import narrow_to_stage, visible_visits


def home_card(user: User) -> Panel | None:
    """How many visits are over that nobody has closed, however old: their clients are not asked until somebody does."""
    left = narrow_to_stage(visible_visits(user), "past")
    counted = left.with_only_columns(Visit.id).limit(COUNTED + 1).subquery()
    number = db.session.scalar(select(func.count()).select_from(counted)) or 0
    return Panel("visits/_home_unclosed.html", {"number": number, "many": number > COUNTED}) if number else None
