"""Closed months: what counted when a month was closed, row by row. No later change touches them."""

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.extensions import UTC, db
from portal.ratings.figures import Rules


class ClosedMonth(db.Model):
    """A month that somebody has closed, and by which rules its figures were read."""

    __tablename__ = "closed_month"

    id: Mapped[int] = mapped_column(primary_key=True)
    first_day: Mapped[date] = mapped_column(unique=True)
    closed_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    closed_by: Mapped[str]
    promoters_from: Mapped[int]
    passives_from: Mapped[int]
    minimum_sample: Mapped[int]

    @property
    def rules(self) -> Rules:
        """By which its figures were made; those of today beside them are made by the same."""
        return Rules(self.minimum_sample, self.promoters_from, self.passives_from)


class ClosedRating(db.Model):
    """A rating as it counted then. Its words are not kept a second time: what is erased is erased."""

    __tablename__ = "closed_rating"

    month_id: Mapped[int] = mapped_column(ForeignKey("closed_month.id"), primary_key=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("rating_subject.id"), primary_key=True, index=True)
    stars: Mapped[int]
    channel: Mapped[str]
    with_words: Mapped[bool]
    counted: Mapped[bool]


class ClosedRequests(db.Model):
    """How far asking about the visits of the month had come, in one sector and for one service."""

    __tablename__ = "closed_requests"

    month_id: Mapped[int] = mapped_column(ForeignKey("closed_month.id"), primary_key=True)
    service_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sector_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stage: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int]
    answered: Mapped[int]
    commented: Mapped[int]
