"""Who reported an event in confidence, for the quality lead alone; and who has read an event."""

from flask import abort
from werkzeug.wrappers import Response

from portal.adverse_events.confidence import identity_of, readings_of
from portal.adverse_events.follow_pages import event_or_404
from portal.adverse_events.words import MODULE
from portal.pages import show
from portal.portals import staff
from portal.roles import Permission


@staff.page("/adverse-events/<int:event_id>/reporter", Permission.SEE_REPORTERS, module=MODULE)
def show_reporter(event_id: int) -> Response:
    """Each reading of it is kept."""
    event = event_or_404(event_id, "reporter")
    identity = identity_of(event) or abort(404)
    return show("adverse_events/reporter.html", event=event, identity=identity)


@staff.page("/adverse-events/<int:event_id>/readings", Permission.JUDGE_EVENTS, module=MODULE)
def list_event_readings(event_id: int) -> Response:
    event = event_or_404(event_id, None)
    return show("adverse_events/readings.html", event=event, readings=readings_of(event))
