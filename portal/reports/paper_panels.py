"""The papers of an adverse event, on its page."""

from portal.accounts.models import User
from portal.adverse_events.models import AdverseEvent
from portal.extensions import Panel


def paper_panel(_user: User, event: AdverseEvent) -> Panel:
    return Panel("reports/_event_paper_panel.html", {"event": event})
