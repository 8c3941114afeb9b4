"""The card of one's own reminders on the staff's home page."""

from sqlalchemy import case, func, or_, select

from portal import clock
from portal.accounts.models import User
from portal.extensions import Panel, db
from portal.notes.lists import as_row, rows
from portal.notes.models import Note
from portal.notes.queries import WAITING, visible_notes
from portal.roles import GRANTS, Permission

SHOWN = 6


def reminders_card(user: User) -> Panel | None:
    """Reminders that are due and alerts that wait, of what this person has in hand: alerts first; nothing when there
    are none."""
    if Permission.KEEP_NOTES not in GRANTS[user.role]:
        return None
    due = visible_notes(user).where(
        Note.owner_id == user.staff_id, WAITING, or_(Note.alert, Note.remind_at <= clock.now())
    )
    total = select(func.count()).select_from(due.with_only_columns(Note.id).subquery()).scalar_subquery()
    undated = case((Note.remind_at.is_(None), 1), else_=0)
    first = rows(due).order_by(Note.alert.desc(), undated, Note.remind_at, Note.id).limit(SHOWN)
    found = db.session.execute(first.add_columns(total.label("total"))).all()
    if not found:
        return None
    return Panel("notes/_home.html", {"rows": [as_row(row) for row in found], "total": found[0].total})
