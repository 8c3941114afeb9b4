"""The lists of clients and workers; the record of a client, making and changing it."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.i18n import LANGUAGES
from portal.pages import done, show
from portal.people import editing, records, timeline
from portal.people.directory import client_of
from portal.people.editing import Late
from portal.people.forms import GrantsForm
from portal.people.models import Client
from portal.people.offers import offer_for_client
from portal.people.record_filters import ClientsFilter, WorkersFilter
from portal.people.record_forms import ClientForm
from portal.portals import staff
from portal.roles import Permission
from portal.settings.queries import option


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
    return show("people/client.html", client=client, language=LANGUAGES.get(client.language or ""), grants=GrantsForm)


@staff.page("/clients/<int:client_id>/timeline", Permission.SEE_PEOPLE)
def show_client_timeline(client_id: int) -> Response:
    """*Suivi*: what happened around the client, newest first."""
    client = client_of(g.user, client_id) or abort(404)
    facts, last = timeline.story_of(g.user, client, timeline.place_in(request.args.get("before", "")))
    older = url_for("staff.show_client_timeline", client_id=client_id, before=str(last)) if last else None
    return show("people/timeline.html", client=client, facts=facts, older=older)


@staff.page("/clients/new", Permission.EDIT_PEOPLE, methods=("GET", "POST"))
def create_client() -> Response:
    """Make a record; when there is one that may be of the same person, ask first."""
    offer = offer_for_client(g.user)
    form = ClientForm(offer, language=option("agency.language"), file_manager_id=str(g.user.staff_id))
    if not form.validate_on_submit():
        return _client_form(form, status=422 if request.method == "POST" else 200)
    typed = form.typed()
    alike = form.unsure(editing.look_alikes(g.user, Client, typed))
    if alike:
        return _client_form(form, status=409, alike=alike)
    client = Client()
    editing.make_record(g.user, client, typed)
    flash(_("The record of %(name)s is made.", name=client.name), "success")
    return done(url_for("staff.show_client", client_id=client.id))


@staff.page("/clients/<int:client_id>/editing", Permission.EDIT_PEOPLE, methods=("GET", "POST"))
def edit_client(client_id: int) -> Response:
    client = records.client_to_change(g.user, client_id) or abort(404)
    form = ClientForm(offer_for_client(g.user, client), client)
    if not form.validate_on_submit():
        return _client_form(form, client, 422 if request.method == "POST" else 200)
    try:
        editing.change_record(g.user, client, form.typed(), form.version_shown)
    except Late as late:
        form.show_rivals(late, client)
        return _client_form(form, client, 409)
    flash(_("The record of %(name)s is saved.", name=client.name), "success")
    return done(url_for("staff.show_client", client_id=client_id))


def _client_form(form: ClientForm, client: Client | None = None, status: int = 200, alike: object = ()) -> Response:
    return show("people/client_form.html", status=status, form=form, client=client, alike=alike)
