"""An adverse event as it was reported, who reported it, and the report that is not sent yet."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, Column, ForeignKey, Index, Table, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.complaints.models import Complaint
from portal.extensions import UTC, db
from portal.files.models import Attachment
from portal.incidents.models import Incident
from portal.notes.models import Note
from portal.organisation.models import ListEntry
from portal.people.models import Client, Sector, Service, Staff, Versioned, Worker
from portal.threads.models import PEOPLE
from portal.visits.models import Visit

LONGEST_TEXT, LONGEST_LINE = 5000, 160  # characters


class Mode(StrEnum):
    """How much is kept of who reports (nominatif, confidentiel, anonyme)."""

    NAMED = "named"
    CONFIDENTIAL = "confidential"  # the name stands in a table of its own, for the quality lead
    ANONYMOUS = "anonymous"  # nobody is kept; a code shown once opens the answer


class State(StrEnum):
    """Where an event stands, from `domain.md` §1.8; drafts are rows of their own."""

    REPORTED = "reported"
    ACKNOWLEDGED = "acknowledged"
    TRIAGE = "triage"
    PROGRESS = "progress"
    ANALYSIS = "analysis"
    ACTIONS = "actions"
    EFFECT = "effect"
    CLOSED = "closed"
    REJECTED = "rejected"  # not admissible
    REQUALIFIED = "requalified"  # into a complaint, an incident, a work accident
    REOPENED = "reopened"


ENDED = (State.CLOSED, State.REJECTED, State.REQUALIFIED)

CAPACITIES = ("worker", "client", "relative", "representative", "supervisor", "partner", "other")
PLACES = ("home", "outside", "journey", "vehicle", "agency", "other")
NATURES = ("accident", "incident", "near_miss", "hazard")
ROLES = ("client", "worker", "relative", "third_party")
CONSEQUENCES = ("none", "minor_injury", "serious_injury", "hospital", "death", "psychological", "material", "financial",
                "interruption", "work_stoppage")  # fmt: skip
MEASURES = ("rescue", "made_safe", "first_aid", "doctor", "replacement", "family", "equipment", "suspended")
INFORMED = ("client", "trusted_person", "family", "representative", "doctor", "sector_manager", "on_call", "management",
            "department", "health_agency", "prefect", "police", "prosecutor", "insurer", "health_insurance",
            "works_council")  # fmt: skip
KINDS = ("event", "serious", "care_related", "complaint", "work_accident", "out_of_scope")


def one_of(column: str, values: tuple[str, ...]) -> str:
    """The condition of a check constraint: a column holds one of these words."""
    words = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({words})"


event_category = Table(
    "adverse_event_category",
    db.metadata,
    Column("event_id", ForeignKey("adverse_event.id", ondelete="CASCADE"), primary_key=True),
    Column("entry_id", ForeignKey("list_entry.id"), primary_key=True, index=True),
)
event_file = Table(
    "adverse_event_file",
    db.metadata,
    Column("event_id", ForeignKey("adverse_event.id", ondelete="CASCADE"), primary_key=True),
    Column("attachment_id", ForeignKey("attachment.id"), primary_key=True, unique=True),
)


def reference_of(year: int, number: int) -> str:
    """By which people speak of an event: `EI-2026-0007`."""
    return f"EI-{year}-{number:04d}"


class AdverseEvent(Versioned, db.Model):
    """An adverse event (événement indésirable). It knows nothing of who reported it: see `Reporter`."""

    __tablename__ = "adverse_event"
    __table_args__ = (
        CheckConstraint(one_of("state", tuple(State)), name="state"),
        CheckConstraint(one_of("mode", tuple(Mode)), name="mode"),
        CheckConstraint(one_of("capacity", CAPACITIES), name="capacity"),
        CheckConstraint(one_of("place", PLACES), name="place"),
        CheckConstraint(one_of("nature", NATURES), name="nature"),
        CheckConstraint(one_of("kind", KINDS), name="kind"),
        CheckConstraint("severity BETWEEN 1 AND 5", name="severity"),
        CheckConstraint("potential BETWEEN 1 AND 5", name="potential"),
        CheckConstraint("frequency BETWEEN 1 AND 5", name="frequency"),
        CheckConstraint("residual BETWEEN 1 AND 5", name="residual"),
        CheckConstraint("(mode = 'anonymous') = (code_hash IS NOT NULL)", name="code"),
        CheckConstraint("occurred_at IS NULL OR occurred_at <= discovered_at", name="discovered"),
        CheckConstraint("occurred_until IS NULL OR occurred_until >= occurred_at", name="period"),
        CheckConstraint("continuity IN ('yes', 'partly', 'no')", name="continuity"),
        UniqueConstraint("year", "number"),
        Index("ix_adverse_event_occurred", "day", "id"),
        Index("ix_adverse_event_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int]  # in which it was reported; number within it: 2026-0007
    number: Mapped[int]
    token: Mapped[str] = mapped_column(unique=True)  # that of the form: the same report sent twice is one
    state: Mapped[str] = mapped_column(default=State.REPORTED)
    state_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    declared_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    mode: Mapped[str]
    capacity: Mapped[str]  # in which it was reported; shown to others only of a named report
    short: Mapped[bool] = mapped_column(default=False)  # reported on a portal: staff complete it
    code_hash: Mapped[str | None] = mapped_column(unique=True)
    # where, who
    sector_id: Mapped[int] = mapped_column(ForeignKey("sector.id"), index=True)  # follows the client
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    worker_id: Mapped[int | None] = mapped_column(ForeignKey("worker.id"), index=True)  # None: no worker concerned
    supervisor_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)  # encadrant
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)
    service_id: Mapped[int | None] = mapped_column(ForeignKey("service.id"))
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incident.id"), unique=True)  # requalified from
    complaint_id: Mapped[int | None] = mapped_column(ForeignKey("complaint.id"), unique=True)  # requalified into
    note_id: Mapped[int | None] = mapped_column(ForeignKey("note.id"), unique=True)  # set as soon as both are there
    # what happened
    occurred_at: Mapped[datetime | None] = mapped_column(UTC)  # None: unknown
    occurred_until: Mapped[datetime | None] = mapped_column(UTC)
    discovered_at: Mapped[datetime] = mapped_column(UTC)
    day: Mapped[datetime] = mapped_column(UTC)  # occurred, else discovered: by which it is listed
    place: Mapped[str]
    place_note: Mapped[str] = mapped_column(default="")
    nature: Mapped[str]
    other_category: Mapped[str] = mapped_column(default="")  # in words, with the category "other"
    facts: Mapped[str] = mapped_column(Text)
    witnesses: Mapped[str] = mapped_column(Text, default="")
    happened_before: Mapped[bool | None]
    before_note: Mapped[str] = mapped_column(default="")
    consequences: Mapped[list[str]] = mapped_column(JSON, default=list)  # of CONSEQUENCES
    severity: Mapped[int]  # actual: proposed by who reports, decided by quality
    potential: Mapped[int]
    frequency: Mapped[int | None]
    measures: Mapped[list[str]] = mapped_column(JSON, default=list)  # of MEASURES
    measures_note: Mapped[str] = mapped_column(Text, default="")
    victims: Mapped[int | None]
    exposed: Mapped[int | None]
    continuity: Mapped[str | None]
    # triage
    acknowledged_at: Mapped[datetime | None] = mapped_column(UTC)
    acknowledged_by: Mapped[str | None]
    kind: Mapped[str | None]
    legal_id: Mapped[int | None] = mapped_column(ForeignKey("list_entry.id"))
    triaged_at: Mapped[datetime | None] = mapped_column(UTC)
    triaged_by: Mapped[str | None]
    # feedback, the worker's word, the end
    told_at: Mapped[datetime | None] = mapped_column(UTC)  # the reporter
    told_how: Mapped[str | None]
    told_text: Mapped[str | None] = mapped_column(Text)  # what who reported it reads
    client_told_at: Mapped[datetime | None] = mapped_column(UTC)
    client_told_how: Mapped[str | None]
    council_told_at: Mapped[datetime | None] = mapped_column(UTC)  # CVS, expression groups, CSE
    opened_at: Mapped[datetime | None] = mapped_column(UTC)  # to the worker who is concerned
    worker_word: Mapped[str | None] = mapped_column(Text)
    worker_word_at: Mapped[datetime | None] = mapped_column(UTC)
    closed_at: Mapped[datetime | None] = mapped_column(UTC)
    closed_by: Mapped[str | None]
    closed_why: Mapped[str | None] = mapped_column(Text)
    residual: Mapped[int | None]

    sector: Mapped[Sector] = relationship()
    client: Mapped[Client | None] = relationship()
    worker: Mapped[Worker | None] = relationship()
    supervisor: Mapped[Staff | None] = relationship()
    visit: Mapped[Visit | None] = relationship()
    service: Mapped[Service | None] = relationship()
    incident: Mapped[Incident | None] = relationship()
    complaint: Mapped[Complaint | None] = relationship()
    note: Mapped[Note | None] = relationship()
    legal: Mapped[ListEntry | None] = relationship()
    categories: Mapped[list[ListEntry]] = relationship(secondary=event_category, order_by=ListEntry.position)
    files: Mapped[list[Attachment]] = relationship(secondary=event_file, order_by=Attachment.id)
    people: Mapped[list["Concerned"]] = relationship(order_by="Concerned.id", cascade="all, delete-orphan")
    informed: Mapped[list["Informed"]] = relationship(order_by="Informed.id", cascade="all, delete-orphan")

    @property
    def reference(self) -> str:
        return reference_of(self.year, self.number)


class Reporter(db.Model):
    """Who reported an event, apart from it. Of an anonymous report there is none; that of a confidential one is read
    by the quality lead alone, and each reading is written down."""

    __tablename__ = "adverse_event_reporter"
    __table_args__ = (CheckConstraint(f"person_type IN {PEOPLE}", name="person_type"),)

    event_id: Mapped[int] = mapped_column(ForeignKey("adverse_event.id", ondelete="CASCADE"), primary_key=True)
    person_type: Mapped[str | None]  # the file in which it was reported; None: somebody of the staff wrote for somebody
    person_id: Mapped[int | None]
    name: Mapped[str] = mapped_column(default="")
    phone: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    typed_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # of the staff, who typed it for somebody


class Concerned(db.Model):
    """Somebody else whom an event concerns, beside its client and its worker."""

    __tablename__ = "adverse_event_person"
    __table_args__ = (CheckConstraint(one_of("role", ROLES), name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("adverse_event.id", ondelete="CASCADE"), index=True)
    role: Mapped[str]
    name: Mapped[str]


class Informed(db.Model):
    """Somebody who was told of an event."""

    __tablename__ = "adverse_event_informed"
    __table_args__ = (
        CheckConstraint(one_of("who", INFORMED), name="who"),
        CheckConstraint("agreed IN ('yes', 'no', 'not_applicable')", name="agreed"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("adverse_event.id", ondelete="CASCADE"), index=True)
    who: Mapped[str]
    at: Mapped[datetime] = mapped_column(UTC)
    by: Mapped[str] = mapped_column(default="")
    how: Mapped[str] = mapped_column(default="")
    agreed: Mapped[str | None]  # the client, that the family is told


class EventDraft(db.Model):
    """A report that is not sent yet: what was typed so far, step by step. It is its author's alone, is gone once it is
    sent, and is forgotten after sixty days."""

    __tablename__ = "adverse_event_draft"
    __table_args__ = (CheckConstraint(f"person_type IN {PEOPLE}", name="person_type"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(unique=True)
    person_type: Mapped[str]
    person_id: Mapped[int] = mapped_column(index=True)
    step: Mapped[str]  # the one to come back to
    typed: Mapped[dict] = mapped_column(JSON, default=dict)  # as the form had it, valid or not, by step
    version: Mapped[int] = mapped_column(default=1)
    begun_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    saved_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"))
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incident.id"))

    files: Mapped[list[Attachment]] = relationship(
        secondary=lambda: draft_file, order_by=Attachment.id, passive_deletes=True
    )


draft_file = Table(
    "adverse_event_draft_file",
    db.metadata,
    Column("draft_id", ForeignKey("adverse_event_draft.id", ondelete="CASCADE"), primary_key=True),
    Column("attachment_id", ForeignKey("attachment.id"), primary_key=True, unique=True),
)
