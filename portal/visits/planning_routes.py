"""The planning of a client and of a worker: a tab of either record."""

from datetime import date
from functools import partial
from typing import Any

from flask import abort, g, url_for
from werkzeug.wrappers import Response

from portal.forms import day_within_reach
from portal.htmx import request
from portal.pages import show
from portal.people.models import Client, Worker
from portal.people.records import client_of, worker_of
from portal.portals import staff
from portal.roles import Permission
from portal.tables.queries import addresses_of
from portal.visits import planning
from portal.visits.planning import Span, Week
from portal.visits.queries import today


@staff.page("/clients/<int:client_id>/planning", Permission.SEE_VISITS)
def plan_client(client_id: int) -> Response:
    client = client_of(g.user, client_id) or abort(404)
    return _show("client", client, planning.week_of_client(g.user, client, _asked_span()))


@staff.page("/workers/<int:worker_id>/planning", Permission.SEE_VISITS)
def plan_worker(worker_id: int) -> Response:
    worker = worker_of(g.user, worker_id) or abort(404)
    return _show("worker", worker, planning.week_of_worker(g.user, worker, _asked_span()))


def _asked_span() -> Span:
    """The days in the address; anything odd is this week."""
    view, typed = request.args.get("view"), request.args.get("day", "")
    try:
        day = day_within_reach(date.fromisoformat(typed)) or today()
    except ValueError:
        day = today()
    return Span(view if view in planning.VIEWS else planning.VIEWS[0], day)


def _show(kind: str, person: Client | Worker, week: Week) -> Response:
    address = partial(_address, kind, person.id)
    return show(
        "visits/planning.html", "visits/_planning.html", kind=kind, person=person, week=week, here=address(week.span),
        address=address, new_visit=partial(_new_visit, kind, person.id, address(week.span), week.span),
        visit_url=addresses_of("staff.show_visit", "visit_id"), today=Span(week.span.view, today()),
    )  # fmt: skip


def _new_visit(kind: str, number: int, back: str, shown: Span, day: date | None) -> str:
    """Address of the form, with the day: without one today, or the first of the days that are shown."""
    day = day or (today() if today() in shown.days else shown.days[0])
    values: dict[str, Any] = {f"{kind}_id": number, "from": back, "day": day}
    return url_for("staff.create_visit", **values)


def _address(kind: str, number: int, span: Span, view: str | None = None) -> str:
    """Address of other days of the same planning, or of the same days in another view; this week's is bare."""
    view = view or span.view
    shown: dict[str, Any] = {f"{kind}_id": number}
    if view != planning.VIEWS[0]:
        shown["view"] = view
    if today() not in Span(view, span.day).days:
        shown["day"] = span.day.isoformat()
    return url_for(f"staff.plan_{kind}", **shown)
