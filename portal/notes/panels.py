"""The notes on the page of a visit."""

from flask import url_for

from portal.accounts.models import User
from portal.extensions import Panel, db
from portal.notes.lists import as_row, of_record
from portal.notes.models import Note
from portal.notes.queries import visible_notes
from portal.roles import GRANTS, Permission, Role
from portal.visits.models import Visit

SHOWN = 20


def visit_panel(user: User, visit: Visit) -> Panel | None:
    """What was written on this visit, and the way to write."""
    if Permission.KEEP_NOTES not in GRANTS[user.role]:
        return None
    on_visit = of_record(visible_notes(user).where(Note.visit_id == visit.id)).limit(SHOWN)
    notes = [as_row(row) for row in db.session.execute(on_visit)]
    # of a client who has moved, whoever saw the visit need not see the file
    may_write = user.role != Role.COORDINATOR or visit.client.sector_id == visit.sector_id
    url = url_for("staff.write_note", visit=visit.id) if may_write else None
    return Panel("notes/_visit_panel.html", {"notes": notes, "write_url": url})
