"""Adverse events as lines: of the record of a client or of a worker."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select

from portal.adverse_events.models import AdverseEvent, reference_of
from portal.adverse_events.words import NATURE_LABELS, no_worker, severity_words, state_badge
from portal.incidents.lists import named
from portal.notes.models import Note
from portal.people.models import Client, Worker


@dataclass(frozen=True)
class EventRow:
    """A line about an event."""

    id: int
    reference: str
    day: datetime
    nature: object
    severity: str
    badge: tuple[object, str]
    client: str
    worker: str  # or that none is concerned, or that nobody has said
    dealt_with: bool


def rows(chosen: Select[AdverseEvent]) -> Select:
    """The same events, the newest first, with what a line says of each."""
    joined = chosen.outerjoin(Client, Client.id == AdverseEvent.client_id)
    joined = joined.outerjoin(Worker, Worker.id == AdverseEvent.worker_id)
    return (
        joined.outerjoin(Note, Note.id == AdverseEvent.note_id)
        .order_by(AdverseEvent.day.desc(), AdverseEvent.id.desc())
        .with_only_columns(
            AdverseEvent.id, AdverseEvent.year, AdverseEvent.number, AdverseEvent.day, AdverseEvent.nature,
            AdverseEvent.severity, AdverseEvent.state, AdverseEvent.short, Note.done_at, named(Client).label("client"),
            named(Worker).label("worker"),
        )
    )  # fmt: skip


def as_row(row: Row) -> EventRow:
    return EventRow(
        row.id, reference_of(row.year, row.number), row.day, NATURE_LABELS[row.nature], severity_words(row.severity),
        state_badge(row.state), row.client or "", row.worker or no_worker(row.short), row.done_at is not None,
    )  # fmt: skip
