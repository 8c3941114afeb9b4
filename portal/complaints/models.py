"""A complaint, and what has become of it."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import UTC, db
from portal.notes.models import Note
from portal.organisation.models import ListEntry
from portal.people.models import Client, Versioned, Worker
from portal.ratings.models import Rating
from portal.threads.models import PEOPLE
from portal.visits.models import Visit

LONGEST_TEXT, LONGEST_REASON, LONGEST_NAME = 5000, 500, 160  # characters


class Direction(StrEnum):
    """Who complains about whom."""

    CLIENT_AGENCY = "client_agency"
    CLIENT_WORKER = "client_worker"
    WORKER_CLIENT = "worker_client"
    PARTNER_AGENCY = "partner_agency"


class Channel(StrEnum):
    """How it came (portail, téléphone, courrier, e-mail, oral, visite, questionnaire, cahier, évaluation)."""

    PORTAL = "portal"
    PHONE = "phone"
    LETTER = "letter"
    EMAIL = "email"
    ORAL = "oral"
    VISIT = "visit"
    SURVEY = "survey"
    DIARY = "diary"
    RATING = "rating"


class Outcome(StrEnum):
    """How it ended (acceptée, non fondée, sans suite, médiation)."""

    ACCEPTED = "accepted"
    UNFOUNDED = "unfounded"
    NO_ACTION = "no_action"
    MEDIATION = "mediation"


class Complaint(Versioned, db.Model):
    """Somebody's discontent (réclamation). Its state is derived of what was done; it is resolved when its note is
    finished. `token` is that of the form: the same complaint sent twice is one."""

    __tablename__ = "complaint"
    __table_args__ = (
        CheckConstraint(
            "direction IN ('client_agency', 'client_worker', 'worker_client', 'partner_agency')", name="direction"
        ),
        CheckConstraint(
            "channel IN ('portal', 'phone', 'letter', 'email', 'oral', 'visit', 'survey', 'diary', 'rating')",
            name="channel",
        ),
        CheckConstraint("outcome IN ('accepted', 'unfounded', 'no_action', 'mediation')", name="outcome"),
        CheckConstraint(f"filed_type IN {PEOPLE}", name="filed_type"),
        CheckConstraint("direction = 'partner_agency' OR client_id IS NOT NULL", name="client"),
        CheckConstraint("direction NOT IN ('client_worker', 'worker_client') OR worker_id IS NOT NULL", name="worker"),
        CheckConstraint("(direction = 'partner_agency') = (partner IS NOT NULL)", name="partner"),
        UniqueConstraint("filed_type", "filed_id", "token"),
        Index("ix_complaint_received", "received_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    direction: Mapped[str]
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    worker_id: Mapped[int | None] = mapped_column(ForeignKey("worker.id"), index=True)
    partner: Mapped[str | None]  # who complains, where it is neither a client nor a worker
    sector_id: Mapped[int] = mapped_column(ForeignKey("sector.id"), index=True)  # follows the client
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)
    rating_id: Mapped[int | None] = mapped_column(ForeignKey("rating.id"), unique=True)  # the low one that it was
    subject_id: Mapped[int] = mapped_column(ForeignKey("list_entry.id"), index=True)
    channel: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    filed_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    filed_type: Mapped[str]
    filed_id: Mapped[int]
    filed_by: Mapped[str]  # the name
    token: Mapped[str]
    note_id: Mapped[int | None] = mapped_column(ForeignKey("note.id"), unique=True)  # set as soon as both are there
    acknowledge_by: Mapped[date]  # the last day: working days counted when it was received
    answer_by: Mapped[date]  # the last day; moved once, by a waiting letter
    acknowledged_at: Mapped[datetime | None] = mapped_column(UTC)
    acknowledged_by: Mapped[str | None]
    waiting_at: Mapped[datetime | None] = mapped_column(UTC)  # a waiting letter left: it takes longer
    answered_at: Mapped[datetime | None] = mapped_column(UTC)
    answered_by: Mapped[str | None]
    answer: Mapped[str | None] = mapped_column(Text)  # what the complainant reads
    outcome: Mapped[str | None]
    reopened_at: Mapped[datetime | None] = mapped_column(UTC)
    reopened_why: Mapped[str | None]

    client: Mapped[Client | None] = relationship()
    worker: Mapped[Worker | None] = relationship()
    visit: Mapped[Visit | None] = relationship()
    rating: Mapped[Rating | None] = relationship()
    subject: Mapped[ListEntry] = relationship()
    note: Mapped[Note | None] = relationship()
