"""What is done to a whole record: inviting the person, closing it once it was said what that does, opening it again."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.extensions import wires
from portal.pages import done, show
from portal.people import access, records
from portal.people.models import Anybody, Client, Worker
from portal.portals import staff
from portal.roles import Permission


def invite(person: Anybody, back: str) -> Response:
    """Invite somebody to the portal, and say whether a mail leaves."""
    if access.invite_person(g.user, person):
        flash(_("The invitation to %(name)s is on its way.", name=person.name), "success")
    else:
        flash(_("This address has a login already: it opens this file too, and no invitation is mailed."), "info")
    return done(back)


def open_again(person: Anybody, back: str) -> Response:
    """Open a closed record again, and say whether the person can enter."""
    if access.open_record(g.user, person):
        flash(_("The record of %(name)s is open again.", name=person.name), "success")
    else:
        flash(_("The record is open again, but not the access itself: an administrator has closed it."), "warning")
    return done(back)


def _close(person: Client | Worker, back: str) -> Response:
    if request.method != "POST":
        panels = [panel for make in wires.closing_panels if (panel := make(g.user, person))]
        return show("people/close.html", person=person, kind=person.__tablename__, back=back, panels=panels)
    access.close_record(g.user, person)
    flash(_("The record of %(name)s is closed.", name=person.name), "success")
    return done(back)


@staff.page("/clients/<int:client_id>/closing", Permission.EDIT_PEOPLE, methods=("GET", "POST"))
def close_client(client_id: int) -> Response:
    client = records.client_to_change(g.user, client_id) or abort(404)
    return _close(client, url_for("staff.show_client", client_id=client_id))


@staff.page("/clients/<int:client_id>/opening", Permission.EDIT_PEOPLE, methods=("POST",))
def open_client(client_id: int) -> Response:
    client = records.client_to_change(g.user, client_id) or abort(404)
    return open_again(client, url_for("staff.show_client", client_id=client_id))


@staff.page("/workers/<int:worker_id>/closing", Permission.EDIT_PEOPLE, methods=("GET", "POST"))
def close_worker(worker_id: int) -> Response:
    worker = records.worker_to_change(g.user, worker_id) or abort(404)
    return _close(worker, url_for("staff.show_worker", worker_id=worker_id))


@staff.page("/workers/<int:worker_id>/opening", Permission.EDIT_PEOPLE, methods=("POST",))
def open_worker(worker_id: int) -> Response:
    worker = records.worker_to_change(g.user, worker_id) or abort(404)
    return open_again(worker, url_for("staff.show_worker", worker_id=worker_id))


@staff.page("/workers/<int:worker_id>/invitation", Permission.MANAGE_ACCESS, methods=("POST",))
def invite_worker(worker_id: int) -> Response:
    worker = records.worker_to_change(g.user, worker_id) or abort(404)
    return invite(worker, url_for("staff.show_worker", worker_id=worker_id))
