"""Staff file a complaint in somebody's name, and read those of a client and of a worker."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Select
from werkzeug.wrappers import Response

from portal.complaints.actions import file_complaint
from portal.complaints.forms import PartnerComplaintForm, StaffComplaintForm
from portal.complaints.from_rating import complaint_of_rating
from portal.complaints.lists import as_row, newest
from portal.complaints.models import Complaint
from portal.complaints.queries import clients_met, visible_complaints, workers_met
from portal.extensions import db
from portal.forms import refused
from portal.incidents.queries import handling_rating
from portal.pages import done, show
from portal.people.models import Client, Sector, Worker
from portal.people.queries import visible_clients, visible_sectors
from portal.people.records import RecordFilter, client_of, list_clients, list_workers, worker_of
from portal.portals import staff
from portal.ratings.queries import visible_rating
from portal.roles import Permission
from portal.tables.queries import read_page

MODULE = "complaints.enabled"


@staff.page("/complaints/new", Permission.HANDLE_COMPLAINTS, module=MODULE)
def start_complaint() -> Response:
    """Who complains: a client or a worker, to be found by name, or somebody else."""
    typed = request.args.get("who", "").strip()[:100]
    narrowed = RecordFilter(typed)
    clients = list_clients(g.user, narrowed).rows if typed else []
    workers = list_workers(g.user, narrowed).rows if typed else []
    return show("complaints/start.html", typed=typed, clients=clients, workers=workers)


@staff.page("/clients/<int:client_id>/complaints/new", Permission.HANDLE_COMPLAINTS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def file_client_complaint(client_id: int) -> Response:
    """A client complains of the agency, or of a worker who has been there."""
    client = client_of(g.user, client_id) or abort(404)
    return _file(StaffComplaintForm(client=client, met=workers_met(client.id)), "client", client)


@staff.page("/workers/<int:worker_id>/complaints/new", Permission.HANDLE_COMPLAINTS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def file_worker_complaint(worker_id: int) -> Response:
    """A worker complains of a client to whom they have been."""
    worker = worker_of(g.user, worker_id) or abort(404)
    met = clients_met(worker.id, visible_clients(g.user))
    return _file(StaffComplaintForm(worker=worker, met=met, sectors=_sectors()), "worker", worker)


@staff.page("/complaints/partner", Permission.HANDLE_COMPLAINTS, methods=("GET", "POST"), module=MODULE)
def file_partner_complaint() -> Response:
    """Somebody else complains of the agency."""
    return _file(PartnerComplaintForm(_sectors()), "partner", None)


def _sectors() -> dict[int, str]:
    """The sectors of who files it, by number."""
    mine = visible_sectors(g.user).where(Sector.active).with_only_columns(Sector.id, Sector.name).order_by(Sector.name)
    return {row.id: row.name for row in db.session.execute(mine)}


def _file(form: StaffComplaintForm, kind: str, person: Client | Worker | None) -> Response:
    made: list[Complaint] = []
    if status := refused(form, lambda: made.append(file_complaint(g.user, form.filing()))):
        return show("complaints/new.html", status=status, form=form, kind=kind, person=person)
    flash(_("The complaint is filed. A note follows it, and reminds of its deadlines."), "success")
    return done(url_for("staff.show_complaint", complaint_id=made[0].id))


@staff.page("/ratings/<int:rating_id>/complaint", Permission.HANDLE_COMPLAINTS, methods=("POST",), module=MODULE)
def complain_of_rating(rating_id: int) -> Response:
    """A low rating, of a visit or of how an incident was handled, is a complaint with one click; the second leads to
    the one that there is."""
    rating = visible_rating(g.user, rating_id) or handling_rating(g.user, rating_id) or abort(404)
    client_of(g.user, rating.subject.client_id) or abort(404)
    complaint = complaint_of_rating(g.user, rating)
    return done(url_for("staff.show_complaint", complaint_id=complaint.id))


@staff.page("/clients/<int:client_id>/complaints", Permission.SEE_COMPLAINTS, module=MODULE)
def show_client_complaints(client_id: int) -> Response:
    """What a client complains of, and what workers complain of about this client."""
    client = client_of(g.user, client_id) or abort(404)
    return _record("client", client, visible_complaints(g.user).where(Complaint.client_id == client_id))


@staff.page("/workers/<int:worker_id>/complaints", Permission.SEE_COMPLAINTS, module=MODULE)
def show_worker_complaints(worker_id: int) -> Response:
    """The same of a worker, with the clients of the sectors of who reads."""
    worker = worker_of(g.user, worker_id) or abort(404)
    return _record("worker", worker, visible_complaints(g.user).where(Complaint.worker_id == worker_id))


def _record(kind: str, person: Client | Worker, chosen: Select[Complaint]) -> Response:
    return show("complaints/record.html", kind=kind, person=person, page=read_page(newest(chosen), as_row))
