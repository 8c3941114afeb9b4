"""A note, with its reminder."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import UTC, db
from portal.organisation.models import ListEntry
from portal.people.models import Client, Staff, Versioned, Worker
from portal.visits.models import Visit

LONGEST_TITLE, LONGEST_TEXT = 160, 5000  # characters
_WAITING = text("situation IN ('todo', 'progress')")


class Situation(StrEnum):
    """Where a note stands (à traiter, en cours, terminé, annulé)."""

    TODO = "todo"
    PROGRESS = "progress"
    DONE = "done"
    CANCELLED = "cancelled"


class Priority(StrEnum):
    URGENT = "urgent"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"


class Repeat(StrEnum):
    """How often a reminder comes back."""

    NEVER = "never"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


class Origin(StrEnum):
    """What a note follows, where it is not written by hand."""

    EVENT = "adverse_event"
    COMPLAINT = "complaint"


class Note(Versioned, db.Model):
    """What the agency writes down for itself about somebody or a visit, and when it wants to be reminded of it.

    One that follows an event or a complaint (`origin`) is read by exactly those who may read that.
    """

    __tablename__ = "note"
    __table_args__ = (
        CheckConstraint("situation IN ('todo', 'progress', 'done', 'cancelled')", name="situation"),
        CheckConstraint("priority IN ('urgent', 'high', 'normal', 'low')", name="priority"),
        CheckConstraint("repeats IN ('never', 'weekly', 'monthly', 'quarterly', 'yearly')", name="repeats"),
        CheckConstraint("repeats = 'never' OR remind_at IS NOT NULL", name="repeats_when"),
        CheckConstraint("(repeats = 'never') = (repeats_from IS NULL)", name="repeats_from"),
        CheckConstraint("NOT mails OR remind_at IS NOT NULL", name="mails_when"),
        CheckConstraint("origin IN ('adverse_event', 'complaint')", name="origin"),
        CheckConstraint("(origin IS NULL) = (origin_id IS NULL)", name="origin_id"),
        CheckConstraint("(situation = 'done') = (done_at IS NOT NULL)", name="done"),
        UniqueConstraint("origin", "origin_id"),
        Index("ix_note_owner_due", "owner_id", "remind_at", sqlite_where=_WAITING, postgresql_where=_WAITING),
        Index("ix_note_created", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    text: Mapped[str] = mapped_column(Text, default="")
    category_id: Mapped[int | None] = mapped_column(ForeignKey("list_entry.id"), index=True)
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    worker_id: Mapped[int | None] = mapped_column(ForeignKey("worker.id"), index=True)
    colleague_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)  # in whose record it shows
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # géré par
    situation: Mapped[str] = mapped_column(default=Situation.TODO)
    priority: Mapped[str] = mapped_column(default=Priority.NORMAL)
    alert: Mapped[bool] = mapped_column(default=False)  # first on the home page, until it is ended
    remind_at: Mapped[datetime | None] = mapped_column(UTC)
    repeats: Mapped[str] = mapped_column(default=Repeat.NEVER)
    # wall clock at which the series begins: its days and hours are counted from there (31, 30, 31)
    repeats_from: Mapped[datetime | None] = mapped_column(DateTime)
    mails: Mapped[bool] = mapped_column(default=False)  # alerter par mail
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("note.id"), unique=True)  # that it repeats
    origin: Mapped[str | None]
    origin_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    created_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_by: Mapped[str] = mapped_column(default="")  # the name; empty: the portal itself
    situation_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    done_at: Mapped[datetime | None] = mapped_column(UTC)
    done_by: Mapped[str | None]

    category: Mapped[ListEntry | None] = relationship()
    client: Mapped[Client | None] = relationship()
    worker: Mapped[Worker | None] = relationship()
    colleague: Mapped[Staff | None] = relationship(foreign_keys=[colleague_id])
    owner: Mapped[Staff | None] = relationship(foreign_keys=[owner_id])
    visit: Mapped[Visit | None] = relationship()
