"""*Administration › Motifs d'incident*: what can be reported, service by service."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from portal.extensions import db
from portal.forms import refused
from portal.incidents import reasons
from portal.incidents.models import IncidentReason
from portal.incidents.reason_forms import CopyForm, ReasonForm
from portal.incidents.words import PHASE_LABELS, URGENCY_LABELS, URGENCY_TONES
from portal.pages import done, show
from portal.people.models import Service
from portal.portals import staff
from portal.roles import Permission

MODULE = "incidents.enabled"


def service_or_404(service_id: int) -> Service:
    return db.session.get(Service, service_id) or abort(404)


@staff.page("/reasons", Permission.MANAGE_REASONS, module=MODULE)
def list_reasons() -> Response:
    """The services, each with how many reasons it has: without one nothing can be reported."""
    return show("incidents/reasons_services.html", services=reasons.services_and_reasons())


@staff.page("/reasons/usual", Permission.MANAGE_REASONS, methods=("POST",), module=MODULE)
def equip_services() -> Response:
    """The usual reasons for all services that have none."""
    number = reasons.equip_services(g.user)
    said = ngettext("%(num)s service has its reasons now.", "%(num)s services have their reasons now.", number)
    flash(said if number else _("All services that are offered have reasons."), "success")
    return done(url_for("staff.list_reasons"))


@staff.page("/services/<int:service_id>/reasons", Permission.MANAGE_REASONS, module=MODULE)
def show_reasons(service_id: int) -> Response:
    """The reasons of one service, in the order in which they are offered."""
    service = service_or_404(service_id)
    return show("incidents/reasons.html", service=service, reasons=reasons.reasons_of(service_id), phases=PHASE_LABELS,
                urgencies=URGENCY_LABELS, tones=URGENCY_TONES)  # fmt: skip


@staff.page("/services/<int:service_id>/reasons/new", Permission.MANAGE_REASONS, methods=("GET", "POST"), module=MODULE)
def add_reason(service_id: int) -> Response:
    service, form = service_or_404(service_id), ReasonForm()
    if status := refused(form, lambda: reasons.add_reason(g.user, service, form.typed())):
        return show("incidents/reason_form.html", status=status, service=service, form=form, reason=None)
    flash(_("The reason can be reported now.") if form.active.data else _("Saved."), "success")
    return done(url_for("staff.show_reasons", service_id=service_id))


@staff.page(
    "/services/<int:service_id>/reasons/<int:reason_id>", Permission.MANAGE_REASONS, methods=("GET", "POST"),
    module=MODULE,
)  # fmt: skip
def change_reason(service_id: int, reason_id: int) -> Response:
    """Rename a reason, say when it can be reported, take it out of use."""
    service, reason = service_or_404(service_id), reason_or_404(service_id, reason_id)
    form = ReasonForm(reason)
    if status := refused(form, lambda: reasons.change_reason(g.user, reason, form.typed(), form.version_shown)):
        return show("incidents/reason_form.html", status=status, service=service, form=form, reason=reason)
    flash(_("Saved."), "success")
    return done(url_for("staff.show_reasons", service_id=service_id))


def reason_or_404(service_id: int, reason_id: int) -> IncidentReason:
    return reasons.reason_of(service_id, reason_id) or abort(404)


@staff.page(
    "/services/<int:service_id>/reasons/<int:reason_id>/place", Permission.MANAGE_REASONS, methods=("POST",),
    module=MODULE,
)  # fmt: skip
def move_reason(service_id: int, reason_id: int) -> Response:
    """Up or down by one, as the pressed button says."""
    reason = reason_or_404(service_id, reason_id)
    steps = {"up": -1, "down": 1}.get(request.form.get("deed", "")) or abort(400)
    reasons.move_reason(g.user, reason, steps)
    return done(url_for("staff.show_reasons", service_id=service_id, _anchor=f"reason-{reason_id}"))


@staff.page("/services/<int:service_id>/reasons/usual", Permission.MANAGE_REASONS, methods=("POST",), module=MODULE)
def take_usual_reasons(service_id: int) -> Response:
    number = reasons.take_usual_reasons(g.user, service_or_404(service_id))
    said = ngettext("%(num)s reason was added.", "%(num)s reasons were added.", number)
    flash(said if number else _("All usual reasons are there already."), "success")
    return done(url_for("staff.show_reasons", service_id=service_id))


@staff.page(
    "/services/<int:service_id>/reasons/copies", Permission.MANAGE_REASONS, methods=("GET", "POST"), module=MODULE
)
def copy_reasons(service_id: int) -> Response:
    """*Importer les motifs d'un autre service*: first which service, then which of its reasons."""
    service = service_or_404(service_id)
    others = {one.id: one for one, number in reasons.services_and_reasons() if number and one.id != service_id}
    source = others.get(request.args.get("source", type=int) or 0)
    if source is None:
        return show("incidents/reasons_copy.html", service=service, others=list(others.values()), source=None)
    return _copy_from(service, source, list(others.values()))


def _copy_from(service: Service, source: Service, others: list[Service]) -> Response:
    offered = [one for one, _used in reasons.reasons_of(source.id) if one.active]
    there = {(one.phase, one.match_key) for one, _used in reasons.reasons_of(service.id)}
    form = CopyForm()
    form.offer(offered, there)
    chosen = [one for one in offered if one.id in form.chosen]
    made: list[reasons.Copied] = []
    if status := refused(form, lambda: made.append(reasons.copy_reasons(g.user, service, chosen))):
        return show("incidents/reasons_copy.html", status=status, service=service, others=others, source=source,
                    form=form, reasons=offered, there=there, phases=PHASE_LABELS)  # fmt: skip
    flash(_told(made[0]), "success")
    return done(url_for("staff.show_reasons", service_id=service.id))


def _told(made: reasons.Copied) -> str:
    copied = ngettext("%(num)s reason was copied.", "%(num)s reasons were copied.", made.copied)
    skipped = ngettext("%(num)s was there already.", "%(num)s were there already.", made.skipped)
    return f"{copied} {skipped}" if made.skipped else copied
