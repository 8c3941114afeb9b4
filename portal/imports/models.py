"""A file that was brought in, and what becomes of each of its lines."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.accounts.models import Account
from portal.extensions import UTC, db
from portal.imports.importer import WRITES, Deed
from portal.work.models import Work


class Step(StrEnum):
    """How far an import has come."""

    READING = "reading"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    DISCARDED = "discarded"


class Import(db.Model):
    """A file. It is kept in the database, so that any web host and any worker host can read it."""

    __tablename__ = "import"
    __table_args__ = (
        CheckConstraint("state IN ('reading', 'ready', 'running', 'done', 'failed', 'discarded')", name="state"),
        # two files of one kind written at once could both bring the same visit
        Index("uq_import_running", "kind", unique=True, sqlite_where=text("state = 'running'"),
              postgresql_where=text("state = 'running'")),
        Index("ix_import_account", "account_id", "id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    filename: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # None once it was written or put aside
    state: Mapped[str] = mapped_column(default=Step.READING)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))  # None: the command line
    user_key: Mapped[str | None]  # in which of their files the person was
    work_id: Mapped[int | None] = mapped_column(ForeignKey("work.id"))
    choices: Mapped[dict[str, bool]] = mapped_column(JSON, default=dict)
    encoding: Mapped[str] = mapped_column(default="")
    separator: Mapped[str] = mapped_column(default="")
    header_place: Mapped[int] = mapped_column(default=0)
    titles: Mapped[list[str]] = mapped_column(JSON, default=list)
    meanings: Mapped[list[str | None]] = mapped_column(JSON, default=list)
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    totals: Mapped[dict[str, int | list[str]]] = mapped_column(JSON, default=dict)
    fault: Mapped[list | None] = mapped_column(JSON)  # code and parameters of a sentence
    created_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    finished_at: Mapped[datetime | None] = mapped_column(UTC)

    account: Mapped[Account | None] = relationship()
    work: Mapped[Work | None] = relationship()

    @property
    def is_moving(self) -> bool:
        return self.state in (Step.READING, Step.RUNNING)

    @property
    def will_write(self) -> int:
        return sum(self.counts.get(outcome, 0) for outcome in WRITES)


class ImportLine(db.Model):
    """A line of a file: what it would do until it is written, what it did afterwards."""

    __tablename__ = "import_line"
    __table_args__ = (
        CheckConstraint("outcome IN ('create', 'draft', 'change', 'unchanged', 'refused')", name="outcome"),
        Index("ix_import_line_outcome", "import_id", "outcome", "number"),
    )

    import_id: Mapped[int] = mapped_column(ForeignKey("import.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    outcome: Mapped[str]
    written: Mapped[bool] = mapped_column(default=False)
    cells: Mapped[list[str]] = mapped_column(JSON)
    deed: Mapped[Deed] = mapped_column(JSON, default=dict)
    notes: Mapped[list[tuple[str, dict[str, str | int]]]] = mapped_column(JSON, default=list)
    shown: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
