"""What the visits feature shows on the staff's home page."""

from flask import g
from sqlalchemy import Select, func, select

from portal.accounts.models import User
from portal.extensions import Panel
from portal.tables.queries import COUNTED
from portal.visits.models import Visit
from portal.visits.queries import narrow_to_stage, visible_visits


def unclosed(user: User) -> Select[int]:
    """How many visits are over that nobody has closed, however old: their clients are not asked until somebody does."""
    left = narrow_to_stage(visible_visits(user), "past")
    counted = left.with_only_columns(Visit.id).limit(COUNTED + 1).subquery()
    return select(func.count()).select_from(counted)


def home_card(_user: User) -> Panel | None:
    """That there are such visits."""
    number = g.counts["visits.unclosed"]
    return Panel("visits/_home_unclosed.html", {"number": number, "many": number > COUNTED}) if number else None
