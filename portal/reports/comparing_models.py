"""What came of comparing the sums behind the figures with the ratings themselves."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.extensions import UTC, db


class TallyCheck(db.Model):
    """One comparison. `night` is that of the nightly one: of several processes that wake up one writes the row."""

    __tablename__ = "tally_check"

    id: Mapped[int] = mapped_column(primary_key=True)
    night: Mapped[date | None] = mapped_column(unique=True)
    began_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column(UTC)
    months: Mapped[int] = mapped_column(default=0)
    wrong: Mapped[int] = mapped_column(default=0)  # rows of the tallies
    found: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)  # by month and table, the first few rows
    repaired: Mapped[bool] = mapped_column(default=False)
