"""The card of one's own reminders on the staff's home page."""

from flask import g
from sqlalchemy import Select, case, func, or_, select

from portal import clock
from portal.accounts.models import User
from portal.extensions import Panel, db
from portal.notes.lists import as_row, rows
from portal.notes.models import Note
from portal.notes.queries import WAITING, visible_notes
from portal.roles import GRANTS, Permission

SHOWN, COUNTED = 6, 100
NUMBER = "notes.due"


def _due(user: User) -> Select[Note]:
    waits = Note.owner_id == user.staff_id, WAITING, or_(Note.alert, Note.remind_at <= clock.now())
    return visible_notes(user).where(*waits)


def count_due(user: User) -> Select[int] | None:
    """How many reminders of what this person has in hand are due, and alerts that wait."""
    if Permission.KEEP_NOTES not in GRANTS[user.role]:
        return None
    return select(func.count()).select_from(_due(user).with_only_columns(Note.id).limit(COUNTED).subquery())


def reminders_card(user: User) -> Panel | None:
    """Reminders that are due and alerts that wait, of what this person has in hand: alerts first; nothing when there
    are none."""
    total = g.counts.get(NUMBER)
    if not total:
        return None
    undated = case((Note.remind_at.is_(None), 1), else_=0)
    first = rows(_due(user)).order_by(Note.alert.desc(), undated, Note.remind_at, Note.id).limit(SHOWN)
    return Panel("notes/_home.html", {"rows": [as_row(row) for row in db.session.execute(first)], "total": total})
