"""The authorities' panel: how far each is told, and one that was not proposed."""

from flask import abort, flash, g
from flask_babel import gettext as _
from sqlalchemy import Select, select
from werkzeug.wrappers import Response

from portal.adverse_events.follow_models import AuthorityRoute, Route
from portal.adverse_events.follow_pages import ask, event_or_404, page_of
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.route_forms import AddRouteForm, RouteForm
from portal.adverse_events.routes_of_law import ROUTE_LABELS, ROUTE_TERMS
from portal.adverse_events.telling import add_line, change_route
from portal.adverse_events.words import MODULE
from portal.extensions import db
from portal.forms import refused
from portal.pages import done
from portal.portals import staff
from portal.roles import Permission


@staff.page("/adverse-events/<int:event_id>/authorities/<int:route_id>", Permission.HANDLE_EVENTS,
            methods=("GET", "POST"), module=MODULE)  # fmt: skip
def change_authority(event_id: int, route_id: int) -> Response:
    """Whether it has to be told, and when and how it was."""
    event = event_or_404(event_id, "authorities")
    line = _line_of(event, route_id) or abort(404)
    form = RouteForm(line)
    if status := refused(form, lambda: change_route(g.user, line, form.telling(), form.version_shown)):
        route = Route(line.route)
        return ask("adverse_events/_authority_form.html", _("Tell an authority"), event, form, status,
                   label=ROUTE_LABELS[route], terms=ROUTE_TERMS[route])  # fmt: skip
    flash(_("What the authority was told is saved."), "success")
    return done(page_of(event, "authorities"))


@staff.page("/adverse-events/<int:event_id>/authorities", Permission.HANDLE_EVENTS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def add_authority(event_id: int) -> Response:
    """A line for an authority that was not proposed."""
    event = event_or_404(event_id, "authorities")
    form = AddRouteForm(set(db.session.scalars(_lines(event).with_only_columns(AuthorityRoute.route))))
    if status := refused(form, lambda: add_line(g.user, event, str(form.route.data))):
        return ask("adverse_events/_add_authority_form.html", _("Add an authority"), event, form, status)
    flash(_("The authority has its line."), "success")
    return done(page_of(event, "authorities"))


def _lines(event: AdverseEvent) -> Select[AuthorityRoute]:
    return select(AuthorityRoute).where(AuthorityRoute.event_id == event.id)


def _line_of(event: AdverseEvent, route_id: int) -> AuthorityRoute | None:
    return db.session.scalar(_lines(event).where(AuthorityRoute.id == route_id))
