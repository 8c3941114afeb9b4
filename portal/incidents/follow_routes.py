"""Staff follow incidents: the way to the thread of one, its state, its owner; those of a client and of a worker."""

from flask import abort, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Select, select
from werkzeug.wrappers import Response

from portal.forms import PortalForm, refused
from portal.i18n import language
from portal.incidents.follow_forms import FollowForm, MoveForm
from portal.incidents.following import follow_incident, move_incident, owners_of
from portal.incidents.lists import as_row, rows
from portal.incidents.models import Incident, State
from portal.incidents.queries import incident_of, visible_incidents
from portal.pages import done, show
from portal.people.models import Client, Worker
from portal.people.records import client_of, worker_of
from portal.portals import staff
from portal.roles import Permission
from portal.tables.queries import read_page
from portal.visits.models import Visit, VisitWorker

MODULE = "incidents.enabled"


def _incident_or_404(incident_id: int) -> Incident:
    return incident_of(g.user, incident_id) or abort(404)


def _page_of(incident: Incident) -> str:
    return url_for("staff.show_thread", thread_id=incident.thread_id)


@staff.page("/incidents/<int:incident_id>", Permission.SEE_INCIDENTS, module=MODULE)
def show_incident(incident_id: int) -> Response:
    """The page of an incident is that of its thread, where everything about it stands."""
    return redirect(_page_of(_incident_or_404(incident_id)))


@staff.page("/incidents/<int:incident_id>/state", Permission.HANDLE_INCIDENTS, methods=("GET", "POST"), module=MODULE)
def change_incident_state(incident_id: int) -> Response:
    incident = _incident_or_404(incident_id)
    form = MoveForm(incident, request.args.get("to"))
    if status := refused(
        form, lambda: move_incident(g.user, incident, State(form.state.data), form.version_shown, form.closing())
    ):
        return _deed("incidents/_move_form.html", _("State of the incident"), incident, form, status)
    flash(_("The state of the incident is saved."), "success")
    return done(_page_of(incident))


@staff.page("/incidents/<int:incident_id>/follow-up", Permission.HANDLE_INCIDENTS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def change_follow_up(incident_id: int) -> Response:
    """Who has it in hand, until when, how urgent it is."""
    incident = _incident_or_404(incident_id)
    form = FollowForm(incident, owners_of(incident))
    if status := refused(form, lambda: follow_incident(g.user, incident, form.typed(), form.version_shown)):
        return _deed("incidents/_follow_form.html", _("Follow-up of the incident"), incident, form, status)
    flash(_("The follow-up of the incident is saved."), "success")
    return done(_page_of(incident))


@staff.page("/clients/<int:client_id>/incidents", Permission.SEE_INCIDENTS, module=MODULE)
def show_client_incidents(client_id: int) -> Response:
    """What was reported on the visits of a client."""
    client = client_of(g.user, client_id) or abort(404)
    return _record("client", client, visible_incidents(g.user).where(Visit.client_id == client_id))


@staff.page("/workers/<int:worker_id>/incidents", Permission.SEE_INCIDENTS, module=MODULE)
def show_worker_incidents(worker_id: int) -> Response:
    """What was reported on the visits to which a worker was sent."""
    worker = worker_of(g.user, worker_id) or abort(404)
    sent = select(VisitWorker.visit_id).where(VisitWorker.worker_id == worker_id)
    return _record("worker", worker, visible_incidents(g.user).where(Visit.id.in_(sent)))


def _record(kind: str, person: Client | Worker, chosen: Select[Incident]) -> Response:
    newest = rows(chosen).order_by(Incident.declared_at.desc(), Incident.id.desc())
    return show("incidents/record.html", kind=kind, person=person, page=read_page(newest, as_row))


def _deed(part: str, heading: str, incident: Incident, form: PortalForm, status: int) -> Response:
    """A question about an incident, in the dialog or as a page of its own."""
    return show(
        "incidents/deed.html", "incidents/_deed.html", status, part=part, heading=heading, incident=incident, form=form,
        label=incident.label(language()), visit=incident.visit, back_url=_page_of(incident),
        action_url=request.full_path.rstrip("?"),
    )  # fmt: skip
