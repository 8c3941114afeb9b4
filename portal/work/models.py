"""The row of a long job."""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.extensions import UTC, db


class Work(db.Model):
    __tablename__ = "work"
    __allow_unmapped__ = True
    __table_args__ = (CheckConstraint("state IN ('waiting', 'running', 'done', 'failed')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    subject_id: Mapped[int]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    state: Mapped[str] = mapped_column(default="waiting", index=True)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int | None]
    fault: Mapped[str | None]  # a reference into the log, never a trace
    runs: Mapped[int] = mapped_column(default=0)  # how often it was begun
    created_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    beat_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    finished_at: Mapped[datetime | None] = mapped_column(UTC)

    watch: Callable[[int, int | None], None] | None = None  # no column: the command line's bar is told of each step

    def advance(self, done: int, total: int | None = None) -> None:
        """Commit what was done so far, and say how far it is. Ends the present transaction."""
        self.done, self.beat_at = done, clock.now()
        self.total = self.total if total is None else total
        db.session.commit()
        if self.watch:
            self.watch(done, total)

    @property
    def is_over(self) -> bool:
        return self.state in ("done", "failed")
