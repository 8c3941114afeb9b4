"""Complaints as rows: on the portals, on the home page, in the record of a client or a worker."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, Row, Select, func

from portal.complaints.models import Complaint, Direction
from portal.complaints.queries import BY_CLIENT
from portal.complaints.standing import State, due_on, is_late, state_of
from portal.complaints.words import DIRECTION_LABELS, badges
from portal.incidents.lists import label_of
from portal.notes.models import Note
from portal.organisation.models import ListEntry
from portal.people.models import Client, Staff, Worker

SUBJECT = label_of(ListEntry)


@dataclass(frozen=True)
class ComplaintRow:
    """A line about a complaint."""

    id: int
    subject: str
    direction: str
    client: str
    worker: str
    partner: str
    owner: str
    received_at: datetime
    state: State
    late: bool
    due_on: date | None

    @property
    def by(self) -> str:
        """Who complains."""
        return self.partner or (self.client if self.direction in BY_CLIENT else self.worker)

    @property
    def about(self) -> str:
        """Whom it is about; nobody where it is the agency."""
        return {Direction.CLIENT_WORKER: self.worker, Direction.WORKER_CLIENT: self.client}.get(
            Direction(self.direction), ""
        )

    @property
    def way(self) -> object:
        return DIRECTION_LABELS[Direction(self.direction)]

    @property
    def badges(self) -> list[tuple[object, str]]:
        return badges(self.state, late=self.late)


def named(kind: type[Client | Worker | Staff]) -> ColumnElement[str]:
    return func.trim(kind.first_name + " " + kind.last_name)


def joined(chosen: Select) -> Select:
    """The same complaints with what names them."""
    return (
        chosen.join(ListEntry, ListEntry.id == Complaint.subject_id)
        .outerjoin(Note, Note.id == Complaint.note_id)
        .outerjoin(Staff, Staff.id == Note.owner_id)
        .outerjoin(Client, Client.id == Complaint.client_id)
        .outerjoin(Worker, Worker.id == Complaint.worker_id)
    )


def rows(chosen: Select[Complaint]) -> Select:
    """The same complaints, with what a line says of each."""
    of_complaint = (
        getattr(Complaint, name)
        for name in ("id", "direction", "partner", "received_at", "acknowledge_by", "answer_by", "acknowledged_at",
                     "waiting_at", "answered_at", "reopened_at")
    )  # fmt: skip
    named_so = {"subject": SUBJECT, "client": named(Client), "worker": named(Worker), "owner": named(Staff)}
    more = (column.label(name) for name, column in named_so.items())
    return joined(chosen).with_only_columns(*of_complaint, *more, Note.situation)


def as_row(row: Row) -> ComplaintRow:
    state = state_of(row, row.situation)
    return ComplaintRow(
        row.id, row.subject, row.direction, row.client or "", row.worker or "", row.partner or "", row.owner or "",
        row.received_at, state, is_late(row, state), due_on(row, state),
    )  # fmt: skip


def newest(chosen: Select[Complaint]) -> Select:
    return rows(chosen).order_by(Complaint.received_at.desc(), Complaint.id.desc())
