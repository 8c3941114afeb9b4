"""What staff keep of a table: a choice of filters under a name, a file with what was shown."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.extensions import UTC, db
from portal.work.models import Work  # noqa: F401 - the table that an export points to


class SavedFilter(db.Model):
    """The address of a table as somebody has narrowed and sorted it, under a name."""

    __tablename__ = "saved_filter"
    __table_args__ = (UniqueConstraint("account_id", "table", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    table: Mapped[str] = mapped_column(index=True)
    name: Mapped[str]
    query: Mapped[str]  # of the address, without page
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    shared: Mapped[bool] = mapped_column(default=False)  # whoever may open the table sees it too, in their perimeter
    created_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)


class Export(db.Model):
    """A file with what a table showed. It is kept in the database, so that any web host and any worker host has it."""

    __tablename__ = "table_export"
    __table_args__ = (
        CheckConstraint("format IN ('csv', 'xlsx')", name="format"),
        Index("ix_table_export_account", "account_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    table: Mapped[str]
    query: Mapped[str]
    format: Mapped[str]
    language: Mapped[str]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    user_key: Mapped[str]  # in which of their files the person was
    work_id: Mapped[int | None] = mapped_column(ForeignKey("work.id"))  # of the job that writes it
    filename: Mapped[str | None]
    sectors: Mapped[list[int] | None] = mapped_column(JSON)  # which were this person's when it was written, by number
    content: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # None until written, and once forgotten
    created_at: Mapped[datetime] = mapped_column(UTC, default=clock.now, index=True)
    seen_at: Mapped[datetime | None] = mapped_column(UTC)  # when this person saw that it is ready
