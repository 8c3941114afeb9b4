"""The staff's page of an adverse event, its files, and that its receipt is acknowledged."""

from flask import abort, flash, g
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.adverse_events.completing import complete
from portal.adverse_events.follow_pages import event_or_404, page_of, read
from portal.adverse_events.known_form import KnownForm
from portal.adverse_events.page import file_of, head, panels, whole_event
from portal.adverse_events.triage import acknowledge
from portal.adverse_events.words import MODULE, NATURE_HINTS
from portal.files.queries import serve
from portal.forms import refused
from portal.pages import done, show
from portal.portals import staff
from portal.roles import Permission


@staff.page("/adverse-events/<int:event_id>", Permission.SEE_EVENTS, module=MODULE)
def show_event(event_id: int) -> Response:
    """All that is known and done about an event. Each reading of it is kept."""
    event = read(whole_event(g.user, event_id) or abort(404), "event")
    return show("adverse_events/show.html", panels=panels(g.user, event), **head(event))  # ty: ignore[invalid-argument-type]


@staff.page("/adverse-events/<int:event_id>/files/<token>", Permission.SEE_EVENTS, module=MODULE)
def show_event_file(event_id: int, token: str) -> Response:
    """A photo or paper of an event. Each reading of it is kept."""
    event = event_or_404(event_id, "file")
    found = file_of(event, token) or abort(404)
    return serve(found)


@staff.page("/adverse-events/<int:event_id>/editing", Permission.HANDLE_EVENTS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def edit_event(event_id: int) -> Response:
    """What is known of an event, completed and corrected."""
    event = event_or_404(event_id, "editing")
    form, saved = KnownForm(event), list[bool]()
    if status := refused(form, lambda: saved.append(complete(g.user, event, form.known(), form.chosen(),
                                                                  form.version_shown))):  # fmt: skip
        return show("adverse_events/edit.html", None, status, event=event, form=form, nature_hints=NATURE_HINTS,
                    back_url=page_of(event))  # fmt: skip
    changed = any(saved)
    flash(_("What is known of the event is saved.") if changed else _("Nothing was changed."),
          "success" if changed else "info")  # fmt: skip
    return done(page_of(event))


@staff.page("/adverse-events/<int:event_id>/acknowledgement", Permission.HANDLE_EVENTS, methods=("POST",),
            module=MODULE)  # fmt: skip
def acknowledge_event(event_id: int) -> Response:
    """One click: somebody has seen it."""
    event = event_or_404(event_id, None)
    acknowledge(g.user, event)
    flash(_("The receipt of the report is acknowledged."), "success")
    return done(page_of(event))
