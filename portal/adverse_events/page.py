"""The staff's page of an event: its panels, in the order in which an event goes through them."""

from collections.abc import Callable

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.adverse_events import confidence
from portal.adverse_events.event_journal import journal_panel
from portal.adverse_events.facts import facts_panel
from portal.adverse_events.follow_models import AuthorityRoute
from portal.adverse_events.follow_panels import actions_panel, analysis_panel, end_panel, feedback_panel
from portal.adverse_events.models import AdverseEvent, event_file
from portal.adverse_events.queries import visible_events
from portal.adverse_events.route_panel import authorities_panel
from portal.adverse_events.triage_panel import triage_panel
from portal.adverse_events.words import severity_words, state_badge
from portal.extensions import Panel, db
from portal.files.models import Attachment

# each with a heading of its own; those that return None are left out. The page asks twelve statements in all.
EVENT_PANELS: list[Callable[[User, AdverseEvent], Panel | None]] = [
    facts_panel, confidence.panel, triage_panel, authorities_panel, analysis_panel, actions_panel, feedback_panel,
    end_panel, journal_panel,
]  # fmt: skip

_SHOWN = (
    joinedload(AdverseEvent.sector), joinedload(AdverseEvent.client), joinedload(AdverseEvent.worker),
    joinedload(AdverseEvent.supervisor), joinedload(AdverseEvent.visit), joinedload(AdverseEvent.service),
    joinedload(AdverseEvent.incident), joinedload(AdverseEvent.note), joinedload(AdverseEvent.legal),
    joinedload(AdverseEvent.categories), joinedload(AdverseEvent.people), joinedload(AdverseEvent.files),
)  # fmt: skip


def whole_event(user: User, event_id: int) -> AdverseEvent | None:
    """An event that this person may see, with what its page shows, in one statement."""
    chosen = visible_events(user).where(AdverseEvent.id == event_id).options(*_SHOWN)
    return db.session.scalars(chosen).unique().one_or_none()


def head(event: AdverseEvent) -> dict[str, object]:
    """What stands above the panels: its state and severity, each with its tone, and whether it is dealt with."""
    worst = max(event.severity, event.potential)
    tone = "danger" if worst >= 4 else "attention" if worst == 3 else "neutral"
    note = event.note
    return {
        "event": event,
        "badges": [state_badge(event.state), (severity_words(event.severity), tone)],
        "note": note,
        "dealt_with_at": note.done_at if note else None,
    }


def file_of(event: AdverseEvent, token: str) -> Attachment | None:
    """A photo or paper of an event, or the receipt of an authority."""
    own = select(event_file.c.attachment_id).where(event_file.c.event_id == event.id)
    receipts = select(AuthorityRoute.receipt_id).where(AuthorityRoute.event_id == event.id)
    of_event = or_(Attachment.id.in_(own), Attachment.id.in_(receipts))
    return db.session.scalar(select(Attachment).where(Attachment.public_id == token, of_event))


def panels(user: User, event: AdverseEvent) -> list[Panel]:
    return [panel for make in EVENT_PANELS if (panel := make(user, event))]
