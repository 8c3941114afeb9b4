"""What the handlers of the follow-up share: the event that the person may see, and the page of a question about it."""

from flask import abort, g, request, url_for
from werkzeug.wrappers import Response

from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.queries import event_of
from portal.audit.actions import note_reading
from portal.forms import PortalForm
from portal.pages import show


def event_or_404(event_id: int, part: str | None) -> AdverseEvent:
    """The event that a page is about. That it is read is written down.

    Args:
        part: what of it the page shows, as `confidence.PART_LABELS` lists; None: a deed, which shows nothing of it.
    """
    return read(event_of(g.user, event_id) or abort(404), part)


def read(event: AdverseEvent, part: str | None) -> AdverseEvent:
    """Write down that the person reads an event: see `event_or_404`."""
    if part:
        note_reading(g.user, ("adverse_event", event.id), part)
    return event


def page_of(event: AdverseEvent, part: str = "") -> str:
    """The page of an event, at one of its panels."""
    return url_for("staff.show_event", event_id=event.id, _anchor=part or None)


def ask(part: str, heading: object, event: AdverseEvent, form: PortalForm, status: int, **context: object) -> Response:
    """A question about an event, in the dialog or as a page of its own.

    Args:
        part: template of the form.
        heading: of the page and of the dialog.
        context: what the form reads besides.
    """
    return show(
        "adverse_events/deed.html", "adverse_events/_deed.html", status, part=part, heading=heading, event=event,
        form=form, back_url=page_of(event), action_url=request.full_path.rstrip("?"), **context,
    )  # fmt: skip
