"""The adverse events of a client, and those in which a worker was concerned, on their records."""

from flask import abort, g
from sqlalchemy import Select
from werkzeug.wrappers import Response

from portal.adverse_events.lists import as_row, rows
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.queries import visible_events
from portal.adverse_events.words import MODULE
from portal.pages import show
from portal.people.models import Client, Worker
from portal.people.records import client_of, worker_of
from portal.portals import staff
from portal.roles import Permission
from portal.tables.queries import read_page


@staff.page("/clients/<int:client_id>/adverse-events", Permission.SEE_EVENTS, module=MODULE)
def show_client_events(client_id: int) -> Response:
    client = client_of(g.user, client_id) or abort(404)
    return _record("client", client, visible_events(g.user).where(AdverseEvent.client_id == client_id))


@staff.page("/workers/<int:worker_id>/adverse-events", Permission.SEE_EVENTS, module=MODULE)
def show_worker_events(worker_id: int) -> Response:
    """It says that a worker was there, and nothing of who is to blame."""
    worker = worker_of(g.user, worker_id) or abort(404)
    return _record("worker", worker, visible_events(g.user).where(AdverseEvent.worker_id == worker_id))


def _record(kind: str, person: Client | Worker, chosen: Select[AdverseEvent]) -> Response:
    page = read_page(rows(chosen), as_row)
    return show("adverse_events/record.html", kind=kind, person=person, page=page)
