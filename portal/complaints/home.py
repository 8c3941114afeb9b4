"""What complaints show on the staff's home page: those of which a deadline is near or over."""

from flask import g
from sqlalchemy import Select, func, select

from portal.accounts.models import User
from portal.complaints.lists import as_row, rows
from portal.complaints.models import Complaint
from portal.complaints.queries import visible_complaints
from portal.complaints.standing import DUE_ON, NEAR
from portal.extensions import Panel, db
from portal.notes.models import Note
from portal.settings.queries import option

SHOWN, COUNTED = 6, 100
NUMBER = "complaints.near"


def count_near(user: User) -> Select[int] | None:
    """How many complaints of this person's sectors are near a deadline or late."""
    if not option("complaints.enabled"):
        return None
    waiting = visible_complaints(user).outerjoin(Note, Note.id == Complaint.note_id).where(NEAR)
    return select(func.count()).select_from(waiting.with_only_columns(Complaint.id).limit(COUNTED).subquery())


def home_card(user: User) -> Panel | None:
    """The most urgent ones, late ones first; nothing when there are none."""
    total = g.counts.get(NUMBER)
    if not total:
        return None
    waiting = rows(visible_complaints(user)).where(NEAR).order_by(DUE_ON, Complaint.id).limit(SHOWN)
    return Panel("complaints/_home.html", {"rows": list(map(as_row, db.session.execute(waiting))), "total": total})
