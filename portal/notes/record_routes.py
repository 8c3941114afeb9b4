"""Notes in the records of clients, workers and colleagues; *Mes rappels*."""

from itertools import groupby

from flask import abort, g
from sqlalchemy import Select
from werkzeug.wrappers import Response

from portal.notes.lists import as_row, of_record, own_reminders
from portal.notes.models import Note
from portal.notes.queries import visible_notes
from portal.pages import show
from portal.people.models import Client, Staff, Worker
from portal.people.records import client_of, worker_of
from portal.people.team import staff_of
from portal.portals import staff
from portal.roles import Permission
from portal.tables.queries import read_page


@staff.page("/reminders", Permission.KEEP_NOTES)
def list_reminders() -> Response:
    """*Mes rappels*: what waits and is in one's own hands, or in one's record."""
    page = read_page(own_reminders(g.user), as_row)
    sections = [(when, list(rows)) for when, rows in groupby(page.rows, lambda row: str(row.when))]
    return show("notes/reminders.html", page=page, sections=sections)


@staff.page("/clients/<int:client_id>/notes", Permission.KEEP_NOTES)
def show_client_notes(client_id: int) -> Response:
    client = client_of(g.user, client_id) or abort(404)
    return _record("client", client, visible_notes(g.user).where(Note.client_id == client_id))


@staff.page("/workers/<int:worker_id>/notes", Permission.KEEP_NOTES)
def show_worker_notes(worker_id: int) -> Response:
    worker = worker_of(g.user, worker_id) or abort(404)
    return _record("worker", worker, visible_notes(g.user).where(Note.worker_id == worker_id))


@staff.page("/team/<int:staff_id>/notes", Permission.MANAGE_ACCOUNTS)
def show_staff_notes(staff_id: int) -> Response:
    """The notes attached to a colleague."""
    person = staff_of(staff_id) or abort(404)
    return _record("staff", person, visible_notes(g.user).where(Note.colleague_id == staff_id))


def _record(kind: str, person: Client | Worker | Staff, chosen: Select[Note]) -> Response:
    return show("notes/record.html", kind=kind, person=person, page=read_page(of_record(chosen), as_row))
