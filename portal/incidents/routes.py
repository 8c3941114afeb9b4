"""*Déclarer un incident*: one window on the three portals, from a visit."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.extensions import wires
from portal.forms import refused
from portal.incidents import actions, declaring
from portal.incidents.models import Incident
from portal.incidents.report_forms import ReportForm, StaffReportForm
from portal.incidents.words import PHASE_LABELS, URGENCY_LABELS, URGENCY_TONES
from portal.pages import done, show
from portal.portals import HOMES, client, staff, worker
from portal.roles import Permission
from portal.threads.queries import is_staff
from portal.visits.models import Visit
from portal.visits.queries import row_of

MODULE = "incidents.enabled"


@client.page("/visits/<int:visit_id>/incident", Permission.REPORT_INCIDENTS, methods=("GET", "POST"), module=MODULE)
@worker.page("/visits/<int:visit_id>/incident", Permission.REPORT_INCIDENTS, methods=("GET", "POST"), module=MODULE)
@staff.page("/visits/<int:visit_id>/incident", Permission.REPORT_INCIDENTS, methods=("GET", "POST"), module=MODULE)
def declare_incident(visit_id: int) -> Response:
    """A window over the list; the same address is a page of its own."""
    visit = declaring.visit_to_report(g.user, visit_id) or abort(404)
    reasons = declaring.offered_on(visit)
    form = (StaffReportForm if is_staff(g.user) else ReportForm)(visit, reasons)
    closed = declaring.closed_to(g.user, visit, reasons)
    if closed and not actions.declared(g.user, str(form.token.data)):  # what was sent in time may come again
        return _window(visit, form, 409, closed)
    made: list[Incident] = []
    if status := refused(form, lambda: made.append(actions.declare_incident(g.user, visit, form.report()))):
        return _window(visit, form, status, closed)
    flash(_("Your report is sent. Everybody concerned reads it here."), "success")
    return done(url_for(f"{g.portal}.show_thread", thread_id=made[0].thread_id))


def _window(visit: Visit, form: ReportForm, status: int, closed: declaring.Closed | None = None) -> Response:
    back = url_for("staff.show_visit", visit_id=visit.id) if is_staff(g.user) else url_for(HOMES[g.portal])
    return show(
        "incidents/report.html", "incidents/_report.html", status=status, layout=f"layouts/{g.portal}.html",
        visit=row_of(g.user, visit.id), form=form, closed=closed, typed=form.text.data if closed else None, back=back,
        action_url=request.path, readers=declaring.readers(g.user, visit), phases=PHASE_LABELS, tones=URGENCY_TONES,
        urgencies=URGENCY_LABELS, until=None if is_staff(g.user) else declaring.open_until(visit), portal=g.portal,
        contact_url=declaring.contact_url(g.user) if closed else None,
        reasons_url=declaring.reasons_url(g.user, visit) if closed else None,
        graver_url=wires.graver_report_url(g.user, visit),
    )  # fmt: skip
