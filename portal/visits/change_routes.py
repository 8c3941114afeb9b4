"""Planning by form: a visit made, copied, moved, given tasks. What speaks against it is shown before it is saved."""

from datetime import date, time
from typing import cast

from flask import abort, flash, g, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from portal.errors import Refused
from portal.extensions import db
from portal.forms import number_in, refused
from portal.htmx import request
from portal.pages import done, show
from portal.people.models import Client
from portal.people.queries import is_named, visible_clients
from portal.people.records import client_of
from portal.portals import staff
from portal.roles import Permission
from portal.visits import changes, queries
from portal.visits.checks import Planned, objections
from portal.visits.models import OPEN, Visit
from portal.visits.planning_forms import MoveForm, PlanForm, TasksForm, lines_of, workers_by_id
from portal.visits.routes import visit_or_404
from portal.visits.ways import came_from, planning_with

OFFERED = 25  # clients of whom one is chosen


@staff.page("/visits/new", Permission.PLAN_VISITS, methods=("GET", "POST"))
def create_visit() -> Response:
    """*Nouvelle intervention*: of a client who is in the address; else the client is found first."""
    client_id = number_in(request.args.get("client_id"))
    if client_id is None:
        return _choose_client()
    client = _client_or_404(client_id)
    form = PlanForm()
    form.offer(g.user)
    if request.method == "GET":
        _prefill(form)
    if not form.validate_on_submit():
        return _show_form(client, form, status=422 if request.method == "POST" else 200)
    return _plan(client, form)


def _client_or_404(client_id: int) -> Client:
    client = client_of(g.user, client_id) or abort(404)
    if not client.active:
        raise Refused(_("The file of %(name)s is closed: no visit can be planned.", name=client.name), "inactive")
    return client


def _choose_client() -> Response:
    typed = request.args.get("q", "").strip()[:100]
    chosen = visible_clients(g.user).where(Client.active).order_by(Client.last_name, Client.first_name, Client.id)
    if typed:
        chosen = chosen.where(is_named(Client, typed))
    found = db.session.execute(
        chosen.with_only_columns(Client.id, Client.first_name, Client.last_name, Client.city).limit(OFFERED + 1)
    ).all()
    kept = {name: value for name, value in request.args.items() if name in ("worker_id", "day", "hour", "from")}
    return show("visits/choose_client.html", found=found[:OFFERED], more=len(found) > OFFERED, typed=typed, kept=kept)


def _prefill(form: PlanForm) -> None:
    """Take from the address what is known of the visit; anything odd is left empty."""
    worker_id, hour = number_in(request.args.get("worker_id")), number_in(request.args.get("hour"))
    form.worker.data = str(worker_id) if worker_id else ""
    form.hour.data = time(hour) if hour is not None and hour < 24 else None
    try:
        form.day.data = date.fromisoformat(request.args.get("day", ""))
    except ValueError:
        form.day.data = queries.today()


def _show_form(
    client: Client, form: PlanForm, *, status: int = 200, planned: list[Planned] | None = None,
    action: str | None = None,
) -> Response:  # fmt: skip
    return show(
        "visits/plan.html", status=status, client=client, form=form, planned=planned or [],
        back=came_from(url_for("staff.plan_client", client_id=client.id)),
        action=action or request.full_path.rstrip("?"),
    )  # fmt: skip


def _plan(client: Client, form: PlanForm) -> Response:
    """Plan what the form says, once nothing speaks against it or the person has seen what does."""
    workers = workers_by_id(g.user, form.worker_ids)
    goings = [changes.Going(start, form.length, workers) for start in form.starts]
    planned = objections(g.user, client, goings)
    if not form.accepts(planned):
        return _show_form(client, form, status=409, planned=planned)
    kept = [going for going in goings if form.keeps(going.start)]
    if not kept:
        form.form_errors.append(_("All days are left out: nothing would be planned."))
        return _show_form(client, form, status=422, planned=planned)
    made = changes.plan_series(
        g.user, client, form.chosen_service, kept, draft=bool(form.draft.data),
        mission_order=form.mission_order.data or None, tasks=lines_of(form.tasks.data),
    )  # fmt: skip
    flash(ngettext("The visit is planned.", "%(num)s visits are planned.", len(made)), "success")
    return done(planning_with(made[0]))


@staff.page("/visits/<int:visit_id>/copy", Permission.PLAN_VISITS)
def duplicate_visit(visit_id: int) -> Response:
    """*Dupliquer*: the form of a new visit, filled in as this one a week later; nothing is written yet."""
    visit = visit_or_404(visit_id)
    client, form = _client_or_404(visit.client_id), PlanForm()
    form.offer(g.user)
    form.show(visit)
    back = request.args.get("from")
    return _show_form(client, form, action=url_for("staff.create_visit", client_id=client.id, **{"from": back}))


@staff.page("/visits/<int:visit_id>/move", Permission.PLAN_VISITS, methods=("GET", "POST"))
def move_visit(visit_id: int) -> Response:
    """*Déplacer…*: another day, hour, length or worker; of a series, also those that follow."""
    visit, form = visit_or_404(visit_id), MoveForm()
    if visit.state not in OPEN:
        raise Refused(_("Only a visit that is to be done can be moved."), "state")
    later = changes.following(g.user, visit)
    form.offer_workers(g.user, visit.workers)
    form.offer_scope(len(later))
    if request.method == "GET":
        form.show(visit)
    if not form.validate_on_submit():
        return _show_move(visit, form, status=422 if request.method == "POST" else 200)
    return _move(visit, form, later if form.reaches_on else [])


def _show_move(visit: Visit, form: MoveForm, *, status: int = 200, planned: list[Planned] | None = None,
               is_late: bool = False) -> Response:  # fmt: skip
    return show(
        "visits/move.html", status=status, visit=visit, row=queries.row_of(g.user, visit.id), form=form,
        planned=planned or [], is_late=is_late, back=came_from(url_for("staff.show_visit", visit_id=visit.id)),
        action=request.full_path.rstrip("?"),
    )  # fmt: skip


def _move(visit: Visit, form: MoveForm, later: list[Visit]) -> Response:
    if form.version_shown != visit.version:
        form.version.data = str(visit.version)  # who sends it again has seen both
        return _show_move(visit, form, status=409, is_late=True)
    chosen = workers_by_id(g.user, form.worker_ids, visit.workers)
    moves = changes.moves_of(visit, form.start, cast("int", form.minutes.data), chosen, later)
    planned = objections(g.user, visit.client, moves, {move.visit.id for move in moves})
    if not form.accepts(planned):
        return _show_move(visit, form, status=409, planned=planned)
    changes.move_visits(g.user, form.version_shown, moves)
    flash(ngettext("The visit is moved.", "%(num)s visits are moved.", len(moves)), "success")
    return done(planning_with(visit))


@staff.page("/visits/<int:visit_id>/tasks", Permission.PLAN_VISITS, methods=("GET", "POST"))
def change_tasks(visit_id: int) -> Response:
    visit = visit_or_404(visit_id)
    form, back = TasksForm(visit), url_for("staff.show_visit", visit_id=visit_id, **{"from": request.args.get("from")})
    if status := refused(
        form, lambda: changes.change_tasks(g.user, visit, form.version_shown, lines_of(form.tasks.data))
    ):
        row = queries.row_of(g.user, visit_id)
        return show("visits/tasks.html", status=status, visit=visit, row=row, form=form, back=back)
    flash(_("The tasks are saved."), "success")
    return done(back)
