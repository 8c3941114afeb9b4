"""The reasons that can be reported for a service, and the incidents that were."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import UTC, db
from portal.labels import Keyed, Labelled
from portal.people.models import Service, Staff, Versioned
from portal.threads.models import PEOPLE, Thread
from portal.visits.models import Visit

LONGEST_LABEL, LONGEST_NOTE = 120, 2000  # characters


class Phase(StrEnum):
    """When in a visit something can be reported, or was."""

    START = "start"
    END = "end"
    BOTH = "both"  # of a reason alone


class Urgency(StrEnum):
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class State(StrEnum):
    """What has become of an incident (ouvert, en discussion, en attente, résolu, clos, rouvert)."""

    OPEN = "open"
    DISCUSSION = "discussion"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"
    REOPENED = "reopened"


ENDED = (State.RESOLVED, State.CLOSED)


class Outcome(StrEnum):
    """How an incident was closed."""

    SETTLED = "settled"
    NO_ACTION = "no_action"
    UNFOUNDED = "unfounded"
    OTHER = "other"


class IncidentReason(Versioned, Keyed, db.Model):
    """Something that clients and workers can report about a service (motif). Used once, it is never deleted."""

    __tablename__ = "incident_reason"
    __table_args__ = (
        CheckConstraint("phase IN ('start', 'end', 'both')", name="phase"),
        CheckConstraint("urgency IN ('normal', 'high', 'urgent')", name="urgency"),
        CheckConstraint("coalesce(label_fr, label_ru, label_en) IS NOT NULL", name="label"),
        UniqueConstraint("service_id", "phase", "match_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"))
    phase: Mapped[str] = mapped_column(default=Phase.BOTH)
    urgency: Mapped[str] = mapped_column(default=Urgency.NORMAL)
    active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)

    service: Mapped[Service] = relationship()


class Incident(Versioned, Labelled, db.Model):
    """An incident on a visit. What happened is the first message of its thread; the reason's label is kept as it was.

    `token` is that of the form: the same declaration sent twice is one incident.
    """

    __tablename__ = "incident"
    __table_args__ = (
        CheckConstraint("phase IN ('start', 'end')", name="phase"),
        CheckConstraint("urgency IN ('normal', 'high', 'urgent')", name="urgency"),
        CheckConstraint("state IN ('open', 'discussion', 'waiting', 'resolved', 'closed', 'reopened')", name="state"),
        CheckConstraint("outcome IN ('settled', 'no_action', 'unfounded', 'other')", name="outcome"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed"),
        CheckConstraint("(state = 'closed') = (outcome IS NOT NULL)", name="closed_outcome"),
        CheckConstraint(f"declared_type IN {PEOPLE}", name="declared_type"),
        CheckConstraint("reported_how IN ('client', 'relative', 'worker', 'other')", name="reported_how"),
        CheckConstraint("reported_how IS NULL OR declared_type = 'staff'", name="reported"),
        UniqueConstraint("declared_type", "declared_id", "token"),
        Index("ix_incident_declared", "declared_at", "id"),
        Index("ix_incident_state", "state", "declared_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), unique=True)
    reason_id: Mapped[int] = mapped_column(ForeignKey("incident_reason.id"), index=True)
    phase: Mapped[str]
    urgency: Mapped[str]
    declared_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    declared_type: Mapped[str]
    declared_id: Mapped[int]
    declared_by: Mapped[str]  # the name
    reported_how: Mapped[str | None]  # staff declared it for somebody: who that is
    reported_by: Mapped[str | None]  # and the name
    token: Mapped[str]
    state: Mapped[str] = mapped_column(default=State.OPEN)
    state_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    due_on: Mapped[date | None]
    answered_at: Mapped[datetime | None] = mapped_column(UTC)  # when the agency answered first
    closed_at: Mapped[datetime | None] = mapped_column(UTC)
    closed_by: Mapped[str | None]
    outcome: Mapped[str | None]
    outcome_note: Mapped[str | None] = mapped_column(Text)  # for staff

    visit: Mapped[Visit] = relationship()
    thread: Mapped[Thread] = relationship()
    reason: Mapped[IncidentReason] = relationship()
    owner: Mapped[Staff | None] = relationship()
