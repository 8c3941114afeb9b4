"""*Réclamations* on the portals of clients and workers: file one, follow it, read the answer."""

from flask import abort, flash, g, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.complaints.actions import file_complaint
from portal.complaints.forms import ComplaintForm
from portal.complaints.lists import as_row, newest
from portal.complaints.models import Complaint
from portal.complaints.page import own_page
from portal.complaints.queries import (
    clients_met,
    complaint_of,
    is_read_by_relatives,
    may_file,
    visible_complaints,
    workers_met,
)
from portal.extensions import db
from portal.forms import refused
from portal.pages import done, show
from portal.people.models import Client, Worker
from portal.portals import client, worker
from portal.roles import Permission
from portal.tables.queries import read_page

MODULE = "complaints.portal"


@client.page("/complaints", Permission.FILE_COMPLAINTS, module=MODULE)
@worker.page("/complaints", Permission.FILE_COMPLAINTS, module=MODULE)
def list_complaints() -> Response:
    page = read_page(newest(visible_complaints(g.user)), as_row)
    return _in_portal("complaints/own_list.html", page=page, may_file=may_file(g.user))


@client.page("/complaints/new", Permission.FILE_COMPLAINTS, methods=("GET", "POST"), module=MODULE)
@worker.page("/complaints/new", Permission.FILE_COMPLAINTS, methods=("GET", "POST"), module=MODULE)
def file_own_complaint() -> Response:
    """About the agency, or about somebody with whom there was a visit."""
    if not may_file(g.user):
        abort(404)
    form = _form()
    made: list[Complaint] = []
    if status := refused(form, lambda: made.append(file_complaint(g.user, form.filing()))):
        return _in_portal("complaints/own_new.html", status, form=form, relatives_read=is_read_by_relatives(g.user))
    flash(_("Your complaint has arrived. You follow it here."), "success")
    return done(url_for(f"{g.portal}.show_complaint", complaint_id=made[0].id))


def _form() -> ComplaintForm:
    if g.user.worker_id:
        whose = db.session.get_one(Worker, g.user.worker_id)
        return ComplaintForm(worker=whose, met=clients_met(whose.id))
    own = db.session.get_one(Client, g.user.client_id)
    return ComplaintForm(client=own, met=workers_met(own.id))


@client.page("/complaints/<int:complaint_id>", Permission.FILE_COMPLAINTS, module=MODULE)
@worker.page("/complaints/<int:complaint_id>", Permission.FILE_COMPLAINTS, module=MODULE)
def show_complaint(complaint_id: int) -> Response:
    complaint = complaint_of(g.user, complaint_id) or abort(404)
    return _in_portal("complaints/own.html", **own_page(complaint))


def _in_portal(template: str, status: int = 200, **context: object) -> Response:
    return show(template, status=status, layout=f"layouts/{g.portal}.html", portal=g.portal, **context)
