"""The tabs *Intervenants* of a client's record and *Clients* of a worker's."""

from flask import abort, g
from werkzeug.wrappers import Response

from portal.pages import show
from portal.people.records import client_of, worker_of
from portal.portals import staff
from portal.roles import Permission
from portal.settings.queries import option
from portal.visits import pairs
from portal.visits.column_choice import shows_ratings


@staff.page("/clients/<int:client_id>/workers", Permission.SEE_PEOPLE)
def show_client_workers(client_id: int) -> Response:
    client = client_of(g.user, client_id) or abort(404)
    page = pairs.workers_of(g.user, client_id)
    return show("visits/pairs.html", kind="client", person=client, page=page, rates=shows_ratings(),
                has_ratings=option("ratings.enabled"))  # fmt: skip


@staff.page("/workers/<int:worker_id>/clients", Permission.SEE_PEOPLE)
def show_worker_clients(worker_id: int) -> Response:
    worker = worker_of(g.user, worker_id) or abort(404)
    page = pairs.clients_of(g.user, worker_id)
    return show("visits/pairs.html", kind="worker", person=worker, page=page, rates=shows_ratings(),
                has_ratings=option("ratings.enabled"))  # fmt: skip
