"""A visit and who is sent to it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, DateTime, ForeignKey, ForeignKeyConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import UTC, db
from portal.people.models import Client, Service, Worker


class State(StrEnum):
    """What somebody said of a visit."""

    DRAFT = "draft"
    PLANNED = "planned"
    DONE = "done"
    CANCELLED = "cancelled"


OPEN = (State.DRAFT, State.PLANNED)  # neither done nor cancelled


class Visit(db.Model):
    """One going of one or more workers to a client.

    `local_start` and `zone` are what was agreed with the client; `starts_at` and `ends_at` are the same as moments.
    The sector is the client's on the day the visit was planned: the perimeter follows it.
    """

    __tablename__ = "visit"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'planned', 'done', 'cancelled')", name="state"),
        CheckConstraint("ends_at > starts_at", name="order"),
        CheckConstraint("(state = 'done') = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("(state = 'cancelled') = (cancel_reason IS NOT NULL)", name="reason"),
        Index("ix_visit_client_start", "client_id", "starts_at"),
        Index("ix_visit_sector_start", "sector_id", "starts_at"),
        Index("ix_visit_state_end", "state", "ends_at"),  # what is over and not closed
        Index("ix_visit_starts_at", "starts_at", "id", unique=True),  # what a worker's hours point at
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), index=True)
    sector_id: Mapped[int] = mapped_column(ForeignKey("sector.id"))
    starts_at: Mapped[datetime] = mapped_column(UTC)
    ends_at: Mapped[datetime] = mapped_column(UTC)
    local_start: Mapped[datetime] = mapped_column(DateTime)
    zone: Mapped[str]
    state: Mapped[str] = mapped_column(default=State.PLANNED)
    ended_at: Mapped[datetime | None] = mapped_column(UTC)  # the real end
    closed_at: Mapped[datetime | None] = mapped_column(UTC)  # when somebody said done or cancelled
    cancel_reason: Mapped[str | None] = mapped_column(Text)
    mission_order: Mapped[str | None] = mapped_column(Text)
    external_id: Mapped[str | None] = mapped_column(unique=True)
    series: Mapped[str | None] = mapped_column(index=True)  # what was planned in one go, week after week
    created_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    version: Mapped[int] = mapped_column(default=1)

    client: Mapped[Client] = relationship()
    service: Mapped[Service] = relationship()
    sent: Mapped[list["VisitWorker"]] = relationship(order_by="VisitWorker.position", cascade="all, delete-orphan")
    tasks: Mapped[list["VisitTask"]] = relationship(order_by="VisitTask.position", cascade="all, delete-orphan")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    @property
    def workers(self) -> list[Worker]:
        return [sent.worker for sent in self.sent]


class VisitWorker(db.Model):
    """A worker sent to a visit; the first is the one whose name stands first.

    When the visit begins stands here too, so that some days of a worker are found without all their past. The database
    keeps it in step: it is part of the key that points at the visit, and follows when the visit is moved.
    """

    __tablename__ = "visit_worker"
    __table_args__ = (
        ForeignKeyConstraint(
            ["visit_id", "starts_at"], ["visit.id", "visit.starts_at"], ondelete="CASCADE", onupdate="CASCADE"
        ),
        Index("ix_visit_worker_worker", "worker_id", "starts_at", "visit_id"),
    )

    visit_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id"), primary_key=True)
    starts_at: Mapped[datetime] = mapped_column(UTC)
    position: Mapped[int] = mapped_column(default=0)

    worker: Mapped[Worker] = relationship(lazy="joined", innerjoin=True)


class VisitTask(db.Model):
    """Something that is to be done on a visit."""

    __tablename__ = "visit_task"
    __table_args__ = (Index("ix_visit_task_visit", "visit_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0)
    label: Mapped[str]
