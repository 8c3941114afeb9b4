"""The end of an event: who is told what became of it, dealt with, closed, opened again."""

from typing import cast

from flask import flash, g, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.adverse_events.closing import (
    close_event,
    is_implicated,
    mark_dealt_with,
    missing_of,
    reopen_event,
    take_up,
    untold_of,
)
from portal.adverse_events.feedback import Told, note_told, open_to_worker
from portal.adverse_events.follow_forms import CloseForm, ReopenForm, ToldForm
from portal.adverse_events.follow_pages import ask, event_or_404, page_of
from portal.adverse_events.words import MODULE
from portal.forms import number_in, refused
from portal.pages import done
from portal.portals import staff
from portal.roles import Permission


@staff.page("/adverse-events/<int:event_id>/feedback/<any(reporter, client, council):whom>", Permission.HANDLE_EVENTS,
            methods=("GET", "POST"), module=MODULE)  # fmt: skip
def tell_about_event(event_id: int, whom: str) -> Response:
    """Write down that somebody was told what became of it: one of `feedback.Told`."""
    event, told = event_or_404(event_id, "feedback"), Told(whom)
    form = ToldForm(event, told)
    if status := refused(form, lambda: note_told(g.user, event, told, form.word(), form.version_shown)):
        headings = {Told.REPORTER: _("Tell who reported it"), Told.CLIENT: _("Tell the client and the relatives"),
                    Told.COUNCIL: _("Tell the councils")}  # fmt: skip
        return ask("adverse_events/_told_form.html", headings[told], event, form, status)
    flash(_("It is written down who was told."), "success")
    return done(page_of(event, "feedback"))


def _shown_version() -> int:
    return number_in(request.form.get("version")) or 0


@staff.page("/adverse-events/<int:event_id>/worker", Permission.HANDLE_EVENTS, methods=("POST",), module=MODULE)
def open_event_to_worker(event_id: int) -> Response:
    """Let the worker concerned read it and give their word, or hide it again."""
    event, opened = event_or_404(event_id, None), request.form.get("opened") == "yes"
    open_to_worker(g.user, event, _shown_version(), opened=opened)
    flash(_("The worker can read the facts now, and give their word.") if opened
          else _("The worker cannot read it any more."), "success")  # fmt: skip
    return done(page_of(event, "feedback"))


@staff.page("/adverse-events/<int:event_id>/dealt-with", Permission.HANDLE_EVENTS, methods=("POST",), module=MODULE)
def mark_event_dealt_with(event_id: int) -> Response:
    """The note that follows the event is finished, or taken up again: dealt with is what the note says."""
    event = event_or_404(event_id, None)
    again = request.form.get("again") == "yes"
    (take_up if again else mark_dealt_with)(g.user, event, _shown_version())
    flash(_("The event is to be dealt with again, and so is its note.") if again
          else _("The event is dealt with, and its note is finished."), "success")  # fmt: skip
    return done(page_of(event, "end"))


@staff.page("/adverse-events/<int:event_id>/closing", Permission.JUDGE_EVENTS, methods=("GET", "POST"), module=MODULE)
def close_adverse_event(event_id: int) -> Response:
    """What is missing is listed, each with a way to where it is done."""
    event = event_or_404(event_id, "end")
    form = CloseForm(event)
    if status := refused(
        form,
        lambda: close_event(
            g.user, event, form.why.data or "", cast("int | None", form.residual.data), form.version_shown
        ),
    ):
        return ask("adverse_events/_close_form.html", _("Close the event"), event, form, status,
                   missing=missing_of(event), untold=untold_of(event),
                   implicated=is_implicated(g.user, event))  # fmt: skip
    flash(_("The event is closed, and its note is finished."), "success")
    return done(page_of(event, "end"))


@staff.page("/adverse-events/<int:event_id>/reopening", Permission.JUDGE_EVENTS, methods=("GET", "POST"), module=MODULE)
def reopen_adverse_event(event_id: int) -> Response:
    event = event_or_404(event_id, "end")
    form = ReopenForm(event)
    if status := refused(form, lambda: reopen_event(g.user, event, form.why.data or "", form.version_shown)):
        return ask("adverse_events/_reopen_form.html", _("Open the event again"), event, form, status)
    flash(_("The event is open again, and so is its note."), "success")
    return done(page_of(event, "end"))
