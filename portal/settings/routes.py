"""*Administration › Paramètres › Configuration*: every option with its control, its default and its history."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.errors import Refused
from portal.extensions import Panel, wires
from portal.pages import done, show
from portal.portals import staff
from portal.roles import Permission
from portal.settings import actions, queries
from portal.settings.actions import Stale
from portal.settings.choices import GROUPS
from portal.settings.contradictions import Contradiction
from portal.settings.forms import CONTROLS, LogoForm, OptionsForm, form_of, in_words
from portal.settings.models import OPTIONS


@staff.page("/settings", Permission.CHANGE_OPTIONS)
def show_settings() -> Response:
    """The options of one page; of those in the address, as they are being typed: the preview asks so."""
    group = _asked_group()
    return _page(group, form_of(_keys(group), request.args))


@staff.page("/settings", Permission.CHANGE_OPTIONS, methods=("POST",))
def save_settings() -> Response:
    """Save the page; or, for a browser without scripts, look at it, or fill in a default."""
    group = _asked_group()
    form = form_of(_keys(group))
    valid = form.validate_on_submit()
    if "preview" in request.form or request.form.get("default"):
        form.look_again(request.form.get("default"))
        return _page(group, form)
    if not valid:
        return _page(group, form, 422)
    try:
        changed = actions.change_options(g.user, form.typed, form.seen)
    except (Stale, Contradiction) as late:
        form.show_rivals(late)
        return _page(group, form, 409)
    flash(_("Saved.") if changed else _("Nothing was changed."), "success" if changed else "info")
    return done(url_for("staff.show_settings", group=group))


@staff.page("/settings/history", Permission.CHANGE_OPTIONS)
def show_option_history() -> Response:
    """Who changed an option, when, from what to what."""
    known = OPTIONS.get(request.args.get("key", "")) or abort(404)
    entries = queries.changes_of(known.key)
    names = wires.names_of_actors(entries)
    changes = [
        {"at": entry.at, "who": names.get(entry.id),
         "before": in_words(known, (entry.before or {}).get(known.key)),
         "after": in_words(known, (entry.after or {}).get(known.key))}
        for entry in entries
    ]  # fmt: skip
    back_url = url_for("staff.show_settings", group=known.group or "agency")
    return show("settings/history.html", "settings/_history.html", known=known, changes=changes, back_url=back_url)


@staff.page("/settings/logo", Permission.CHANGE_OPTIONS, methods=("POST",))
def bring_logo() -> Response:
    form = LogoForm()
    if not form.validate_on_submit():
        return _page("agency", form_of(_keys("agency"), request.args), 422, form)
    try:
        actions.set_logo(g.user, form.content())
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        return _page("agency", form_of(_keys("agency"), request.args), 422, form)
    return done(url_for("staff.show_settings", group="agency"))


@staff.page("/settings/logo/removal", Permission.CHANGE_OPTIONS, methods=("POST",))
def remove_logo() -> Response:
    actions.remove_logo(g.user)
    return done(url_for("staff.show_settings", group="agency"))


def _asked_group() -> str:
    group = request.args.get("group", next(iter(GROUPS)))
    return group if group in GROUPS else abort(404)


def _keys(group: str) -> list[str]:
    return [known.key for known in queries.options_of(group)]


def _page(group: str, form: OptionsForm, status: int = 200, logo: LogoForm | None = None) -> Response:
    return show(
        "settings/show.html", "settings/_panel.html", status, groups=GROUPS, group=group, form=form,
        warnings=queries.warnings_of(group), panel=_panel(group, form), logo=logo or LogoForm(), **CONTROLS,
    )  # fmt: skip


def _panel(group: str, form: OptionsForm) -> Panel | None:
    """What a higher feature shows beside the options of a page: how they look, whether they work."""
    make = wires.option_panels.get(group)
    return make(g.user, form.typed) if make else None
