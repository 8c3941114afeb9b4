"""Actions after an event: decide on one, change it, say how far it is and whether it helped."""

from flask import abort, flash, g, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.adverse_events.action_forms import EffectForm, MoveForm, PlanForm
from portal.adverse_events.action_plan import (
    action_of,
    add_action,
    change_action,
    check_action,
    move_action,
    owners_of,
)
from portal.adverse_events.follow_models import Action, ActionState
from portal.adverse_events.follow_pages import ask, event_or_404, page_of, read
from portal.adverse_events.words import MODULE
from portal.forms import refused
from portal.pages import done
from portal.portals import staff
from portal.roles import Permission


def _action_or_404(action_id: int) -> Action:
    action = action_of(g.user, action_id) or abort(404)
    read(action.event, "action")
    return action


@staff.page("/adverse-events/<int:event_id>/actions/new", Permission.HANDLE_EVENTS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def add_event_action(event_id: int) -> Response:
    event = event_or_404(event_id, "action")
    form = PlanForm(owners_of(event))
    if status := refused(form, lambda: add_action(g.user, event, form.planned())):
        return ask("adverse_events/_plan_form.html", _("New action"), event, form, status)
    flash(_("The action is added. Its owner is reminded by mail before it is due."), "success")
    return done(page_of(event, "actions"))


@staff.page("/event-actions/<int:action_id>", Permission.HANDLE_EVENTS, methods=("GET", "POST"), module=MODULE)
def change_event_action(action_id: int) -> Response:
    action = _action_or_404(action_id)
    form = PlanForm(owners_of(action.event, action.owner_id), action)
    if status := refused(form, lambda: change_action(g.user, action, form.planned(), form.version_shown)):
        return ask("adverse_events/_plan_form.html", _("Action"), action.event, form, status)
    flash(_("The action is saved."), "success")
    return done(page_of(action.event, "actions"))


@staff.page("/event-actions/<int:action_id>/state", Permission.HANDLE_EVENTS, methods=("GET", "POST"), module=MODULE)
def move_event_action(action_id: int) -> Response:
    action = _action_or_404(action_id)
    form = MoveForm(action, request.args.get("to"))
    if status := refused(
        form,
        lambda: move_action(g.user, action, ActionState(form.state.data), form.version_shown, on=form.done_on.data,
                            why=form.why.data or ""),
    ):  # fmt: skip
        return ask("adverse_events/_move_form.html", _("How far the action is"), action.event, form, status,
                   action=action)  # fmt: skip
    flash(_("The action is saved."), "success")
    return done(page_of(action.event, "actions"))


@staff.page("/event-actions/<int:action_id>/effect", Permission.HANDLE_EVENTS, methods=("GET", "POST"), module=MODULE)
def check_event_action(action_id: int) -> Response:
    """Whether it has helped, once it is done."""
    action = _action_or_404(action_id)
    form = EffectForm(action)
    if status := refused(
        form,
        lambda: check_action(g.user, action, str(form.effective.data), form.effect_note.data or "", form.version_shown),
    ):
        return ask("adverse_events/_effect_form.html", _("Effect of the action"), action.event, form, status,
                   action=action)  # fmt: skip
    flash(_("The effect of the action is saved."), "success")
    return done(page_of(action.event, "actions"))
