"""Records of clients and workers: the lists, and the page *Définition* of each."""

from flask import abort, g, request
from werkzeug.wrappers import Response

from portal.i18n import LANGUAGES
from portal.pages import show
from portal.people import records
from portal.people.record_forms import ClientsFilter, WorkersFilter
from portal.portals import staff
from portal.roles import Permission


@staff.page("/clients", Permission.SEE_PEOPLE)
def list_clients() -> Response:
    filters = ClientsFilter(request.args, records.offered_to_clients_list(g.user))
    page = records.list_clients(g.user, filters.narrowed())
    return show("people/clients.html", "people/_clients_rows.html", page=page, filters=filters)


@staff.page("/workers", Permission.SEE_PEOPLE)
def list_workers() -> Response:
    filters = WorkersFilter(request.args, records.offered_to_workers_list(g.user))
    page = records.list_workers(g.user, filters.narrowed())
    return show("people/workers.html", "people/_workers_rows.html", page=page, filters=filters)


@staff.page("/clients/<int:client_id>", Permission.SEE_PEOPLE)
def show_client(client_id: int) -> Response:
    """*Définition*: who the client is, and how the agency has their file in hand."""
    client = records.client_record(g.user, client_id) or abort(404)
    return show("people/client.html", client=client, language=LANGUAGES.get(client.language or ""))


@staff.page("/workers/<int:worker_id>", Permission.SEE_PEOPLE)
def show_worker(worker_id: int) -> Response:
    """*Définition*: who the worker is, where and when they can be sent, and what they are good at."""
    worker = records.worker_record(g.user, worker_id) or abort(404)
    return show(
        "people/worker.html", worker=worker, sectors=records.sectors_seen(g.user, worker.sectors),
        language=LANGUAGES.get(worker.language or ""),
    )  # fmt: skip
