"""*Mise en route*: the steps after the first administrator; and the mail to oneself, of the configuration too."""

from flask import abort, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.accounts.queries import safe_next
from portal.errors import Refused
from portal.extensions import db, wires
from portal.htmx import request as portal_request
from portal.pages import done, show
from portal.portals import staff
from portal.roles import ROLE_LABELS, Permission, Role
from portal.settings.actions import Stale, change_options
from portal.settings.contradictions import Contradiction
from portal.settings.forms import CONTROLS, OptionsForm, form_of
from portal.setup import actions, queries
from portal.setup.forms import ColleagueForm, InviteForm, SectorsForm, sectors_form

OPTIONS_OF = {
    "agency": ("agency.name", "agency.zone", "agency.country", "agency.language", "agency.languages"),
    "sender": ("agency.sender",),
}


@staff.page("/setup", Permission.CHANGE_OPTIONS)
def set_up() -> Response:
    """A step; afterwards the configuration, where everything of it stands: people come back by a bookmark."""
    return _page(_asked_step()) if queries.is_under_way() else redirect(url_for("staff.show_settings"), 303)


@staff.page("/setup", Permission.CHANGE_OPTIONS, methods=("POST",))
def save_step() -> Response:
    """Keep what was said of the agency or its sender; go on to the next step."""
    step = _asked_step()
    if step not in OPTIONS_OF:
        abort(404)
    form, sectors = form_of(OPTIONS_OF[step]), sectors_form(queries.all_sectors())
    if not (form.validate_on_submit() and sectors.validate()):
        return _page(step, form, sectors, 422)
    try:
        change_options(g.user, form.typed, form.seen)
    except (Stale, Contradiction) as late:
        form.show_rivals(late)
        return _page(step, form, sectors, 409)
    if step == "agency":
        try:
            actions.rename_sectors(g.user, sectors.corrected)
        except Refused as refusal:
            db.session.rollback()
            form.form_errors.append(refusal.message)
            return _page(step, form, sectors, 409)
        actions.name_sectors(g.user, sectors.names)
    later = list(queries.STEPS)[list(queries.STEPS).index(step) + 1]
    return done(url_for("staff.set_up", step=step if step == "sender" else later))


@staff.page("/team", Permission.MANAGE_ACCOUNTS, methods=("POST",))
def add_colleague() -> Response:
    """Add somebody of the staff during the first steps; later their whole record is made."""
    if not queries.is_under_way():
        abort(404)
    form = ColleagueForm(queries.all_sectors())
    if not form.validate_on_submit():
        return _page("team", status=422, colleague=form)
    names = form.first_name.data or "", form.last_name.data or ""
    try:
        actions.add_colleague(g.user, form.email.data or "", names, Role(form.role.data), form.sector_ids)
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        return _page("team", status=409, colleague=form)
    flash(_("%(name)s is of the team now and receives an invitation.", name=" ".join(names)), "success")
    return done(url_for("staff.set_up", step="team"))


@staff.page("/setup/invitations", Permission.CHANGE_OPTIONS, methods=("POST",))
def invite_people() -> Response:
    _asked_step()
    form = InviteForm()
    if not form.validate_on_submit():
        return _page("invitations", status=422, invite=form)
    try:
        actions.invite_people(g.user, actions.SUBJECTS[form.number])
    except Refused as refusal:
        return _page("invitations", status=409, refusal=refusal.message)
    return done(url_for("staff.set_up", step="invitations"))


@staff.page("/setup/end", Permission.CHANGE_OPTIONS, methods=("POST",))
def end_setup() -> Response:
    """Put the steps away; while some are open this is asked about once."""
    if not queries.is_under_way():
        return redirect(url_for("staff.show_settings"), 303)
    if queries.open_steps(g.user) and "sure" not in request.form:
        return done(url_for("staff.set_up", step="invitations", end="1"))
    actions.finish_setup(g.user)
    flash(_("Your portal is ready."), "success")
    return done(url_for("staff.show_home"))


@staff.page("/settings/test-mail", Permission.CHANGE_OPTIONS, methods=("POST",))
def send_test_mail() -> Response:
    """*Envoyer un message d’essai*, to oneself; the same part of the page then says what becomes of it."""
    back = safe_next(request.form.get("next")) or url_for("staff.show_settings", group="sender")
    try:
        actions.send_test(g.user)
    except Refused as refusal:
        return _test_refused(back, refusal)
    return done(back, fragment="settings/_panel.html", panel=queries.test_panel(g.user, {}))


def _test_refused(back: str, refusal: Refused) -> Response:
    if portal_request.wants_fragment:
        raise refusal
    flash(str(refusal.message), "warning")
    return done(back)


def _asked_step() -> str:
    if not queries.is_under_way():
        abort(404)
    step = request.args.get("step") or queries.next_step(g.user)
    return step if step in queries.STEPS else abort(404)


def _page(
    step: str, form: OptionsForm | None = None, sectors: SectorsForm | None = None, status: int = 200,
    colleague: ColleagueForm | None = None, invite: InviteForm | None = None, refusal: object = None,
) -> Response:  # fmt: skip
    more = {
        "agency": lambda: {"sectors": sectors or sectors_form(queries.all_sectors())},
        "sender": lambda: {"panel": queries.test_panel(g.user, {})},
        "team": lambda: {
            "colleague": colleague or ColleagueForm(queries.all_sectors()),
            "people": queries.team(), "roles": ROLE_LABELS,
        },
        "imports": lambda: {
            "counts": queries.counts_of_files(), "waiting": queries.unfinished_imports(),
            "importers": {kind: wires.importers[kind] for kind in ("clients", "workers", "visits")},
        },
        "invitations": lambda: {
            "counts": queries.counts_to_invite(), "without": queries.counts_without_address(),
            "work": queries.inviting(), "invite": invite or InviteForm(), "refusal": refusal,
            "left_open": queries.open_steps(g.user) if "end" in request.args else [],
        },
    }[step]()  # fmt: skip
    if form is None and step in OPTIONS_OF:
        form = form_of(OPTIONS_OF[step])
    return show(
        "setup/show.html", "setup/_invitations.html" if step == "invitations" else None, status,
        step=step, steps=queries.steps(g.user, step), form=form, **more, **CONTROLS,
    )  # fmt: skip
