"""Monthly reports: who wants them, and what each was sent."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.extensions import UTC, db


class MonthlyReader(db.Model):
    """Somebody of the staff who wants the report of each month by mail."""

    __tablename__ = "monthly_reader"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True, autoincrement=False)
    since: Mapped[datetime] = mapped_column(UTC, default=clock.now)


class MonthlyReport(db.Model):
    """The report of a month for one reader, written once: however often its mail is tried, it is the same."""

    __tablename__ = "monthly_report"
    __table_args__ = (UniqueConstraint("account_id", "first_day"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    first_day: Mapped[date]
    language: Mapped[str | None]  # in which it was written
    pdf: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)  # None until written, and once forgotten
    xlsx: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    written_at: Mapped[datetime | None] = mapped_column(UTC, index=True)
