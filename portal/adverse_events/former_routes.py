"""What an event said before it was changed, for those who judge events."""

from flask import abort, g
from werkzeug.wrappers import Response

from portal.adverse_events.follow_pages import event_or_404, read
from portal.adverse_events.former_words import former_of, reads_former
from portal.adverse_events.words import MODULE
from portal.pages import show
from portal.portals import staff
from portal.roles import Permission


@staff.page("/adverse-events/<int:event_id>/former", Permission.JUDGE_EVENTS, module=MODULE)
def list_former_wordings(event_id: int) -> Response:
    """Each change with what was and what became of it. Each reading of it is kept."""
    event = event_or_404(event_id, None)
    if not reads_former(g.user, event):
        abort(403)
    read(event, "former")
    return show("adverse_events/former.html", event=event, changes=former_of(event))
