"""The lists of clients and workers; the pages of a client's record; making and changing the records of both."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.forms import refused
from portal.i18n import LANGUAGES
from portal.pages import done, show
from portal.people import editing, records, timeline
from portal.people.access import GRANTS
from portal.people.models import Client, Worker
from portal.people.offers import offer_for_client, offer_for_worker
from portal.people.record_filters import ClientsFilter, WorkersFilter
from portal.people.record_forms import ClientForm, NewForm, WorkerForm
from portal.portals import staff
from portal.roles import Permission, Role
from portal.settings.queries import option


@staff.page("/clients", Permission.SEE_PEOPLE)
def list_clients() -> Response:
    filters = ClientsFilter(request.args, records.offered_to_clients_list(g.user))
    page = records.list_clients(g.user, filters.narrowed())
    return show("people/records.html", "people/_records_rows.html", kind="client", page=page, filters=filters)


@staff.page("/workers", Permission.SEE_PEOPLE)
def list_workers() -> Response:
    filters = WorkersFilter(request.args, records.offered_to_workers_list(g.user))
    page = records.list_workers(g.user, filters.narrowed())
    return show("people/records.html", "people/_records_rows.html", kind="worker", page=page, filters=filters)


@staff.page("/clients/<int:client_id>", Permission.SEE_PEOPLE)
def show_client(client_id: int) -> Response:
    """*Définition*: who the client is, and how the agency has their file in hand."""
    client = records.client_record(g.user, client_id) or abort(404)
    return show("people/client.html", client=client, language=LANGUAGES.get(client.language or ""), grants=GRANTS)


@staff.page("/clients/<int:client_id>/timeline", Permission.SEE_PEOPLE)
def show_client_timeline(client_id: int) -> Response:
    """*Suivi*: what happened around the client, newest first."""
    client = records.client_of(g.user, client_id) or abort(404)
    facts, last = timeline.story_of(g.user, client, timeline.place_in(request.args.get("before", "")))
    older = url_for("staff.show_client_timeline", client_id=client_id, before=str(last)) if last else None
    return show("people/timeline.html", client=client, facts=facts, older=older)


# ---- making and changing ----


@staff.page("/clients/new", Permission.EDIT_PEOPLE, methods=("GET", "POST"))
def create_client() -> Response:
    offer = offer_for_client(g.user)
    form = ClientForm(offer, language=option("agency.language"), file_manager_id=str(g.user.staff_id))
    return _create(form, Client())


@staff.page("/workers/new", Permission.EDIT_PEOPLE, methods=("GET", "POST"))
def create_worker() -> Response:
    offer = offer_for_worker(g.user)
    only = [str(number) for number in offer.sectors] if len(offer.sectors) == 1 else []
    form = WorkerForm(offer, may_say_all=_may_say_all(), language=option("agency.language"), sector_ids=only)
    return _create(form, Worker())


def _create(form: NewForm, person: Client | Worker) -> Response:
    """Make a record; when there is one that may be of the same person, ask first."""
    if not form.validate_on_submit():
        return _form(form, 422 if request.method == "POST" else 200)
    typed = form.typed()
    alike = form.unsure(editing.look_alikes(g.user, type(person), typed))
    if alike:
        return _form(form, 409, alike)
    editing.make_record(g.user, person, typed)
    flash(_("The record of %(name)s is made.", name=person.name), "success")
    return done(_address_of(person))


@staff.page("/clients/<int:client_id>/editing", Permission.EDIT_PEOPLE, methods=("GET", "POST"))
def edit_client(client_id: int) -> Response:
    client = records.client_to_change(g.user, client_id) or abort(404)
    return _edit(ClientForm(offer_for_client(g.user, client), client), client)


@staff.page("/workers/<int:worker_id>/editing", Permission.EDIT_PEOPLE, methods=("GET", "POST"))
def edit_worker(worker_id: int) -> Response:
    worker = records.worker_to_change(g.user, worker_id) or abort(404)
    return _edit(WorkerForm(offer_for_worker(g.user, worker), worker, may_say_all=_may_say_all()), worker)


def _edit(form: NewForm, person: Client | Worker) -> Response:
    if status := refused(form, lambda: editing.change_record(g.user, person, form.typed(), form.version_shown)):
        return _form(form, status)
    flash(_("The record of %(name)s is saved.", name=person.name), "success")
    return done(_address_of(person))


def _form(form: NewForm, status: int, alike: object = ()) -> Response:
    template = "people/client_form.html" if isinstance(form, ClientForm) else "people/worker_form.html"
    return show(template, status=status, form=form, person=form.person, alike=alike)


def _address_of(person: Client | Worker) -> str:
    """The page of a record; the list, when the person at work has just moved somebody out of their own sight."""
    if isinstance(person, Client):
        return url_for("staff.show_client", client_id=person.id)
    seen = records.worker_of(g.user, person.id)
    return url_for("staff.show_worker", worker_id=person.id) if seen else url_for("staff.list_workers")


def _may_say_all() -> bool:
    """All sectors are more than a coordinator has."""
    return g.user.role is not Role.COORDINATOR
