"""What workers may read of the ratings of their visits, that they know why, and what they answer."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import UTC, db
from portal.people.models import Worker
from portal.ratings.models import Rating

LONGEST_WORD = 2000  # characters


class NoticeRead(db.Model):
    """A worker has read what is collected of them, why, for whom and for how long: each version is read once."""

    __tablename__ = "notice_read"

    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now)


class ShownComment(db.Model):
    """Staff have passed a comment on to the workers who came. Another value of the rating is passed on anew."""

    __tablename__ = "shown_comment"

    rating_id: Mapped[int] = mapped_column(ForeignKey("rating.id", ondelete="CASCADE"), primary_key=True)
    said_at: Mapped[datetime] = mapped_column(UTC)  # of the value that was passed on
    shown_by: Mapped[str]
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now)


class WorkerWord(db.Model):
    """What a worker says of a rating to the agency: a reply, or that they contest it; each once for each value. A
    contest that is accepted leaves the rating out of this worker's adjusted figure, and out of nothing else."""

    __tablename__ = "worker_word"
    __table_args__ = (
        UniqueConstraint("rating_id", "worker_id", "kind", "said_at"),
        CheckConstraint("kind IN ('reply', 'contest')", name="kind"),
        CheckConstraint("(decided_at IS NULL) = (accepted IS NULL)", name="decided"),
        CheckConstraint("accepted IS NULL OR kind = 'contest'", name="contest"),
        CheckConstraint(f"length(text) <= {LONGEST_WORD}", name="text"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    rating_id: Mapped[int] = mapped_column(ForeignKey("rating.id", ondelete="CASCADE"))
    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id"), index=True)
    kind: Mapped[str]
    said_at: Mapped[datetime] = mapped_column(UTC)  # of the value that it answers
    text: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    accepted: Mapped[bool | None]
    reason: Mapped[str | None] = mapped_column(Text)
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None] = mapped_column(UTC)

    rating: Mapped[Rating] = relationship()
    worker: Mapped[Worker] = relationship()
