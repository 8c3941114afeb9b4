"""Sums by the day of the visit, kept in the transaction of each deed, so that a figure of ten million ratings is read
from a few hundred rows. Nothing here is said that the ratings and requests do not say: `flask tallies check` compares.

Each row stands twice: under its day, and under the first of its month. What several workers did together stands once
under each of them and once under `TOGETHER`, which is what figures that are not of single workers add up. Rows may hold
nothing but zeros: what they counted has moved. No foreign keys: each would be looked up anew with every rating.
"""

from datetime import date

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import db

SPANS = ("day", "month")
STAGES = ("unasked", "waiting", "suppressed", "sent", "refused")
TOGETHER = 0  # in place of a worker: all of them, each visit once


class RatingTally(db.Model):
    """How many ratings of visits there are of each number of stars. Only those that are counted: not excluded ones, not
    what machines have answered, not what is said of the handling of incidents."""

    __tablename__ = "rating_tally"
    __table_args__ = (
        CheckConstraint(f"span IN {SPANS}", name="span"),
        Index("ix_rating_tally_day", "span", "day"),
    )

    span: Mapped[str] = mapped_column(primary_key=True)
    worker_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    service_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sector_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    channel: Mapped[str] = mapped_column(primary_key=True)
    n0: Mapped[int] = mapped_column(default=0)
    n1: Mapped[int] = mapped_column(default=0)
    n2: Mapped[int] = mapped_column(default=0)
    n3: Mapped[int] = mapped_column(default=0)
    n4: Mapped[int] = mapped_column(default=0)
    n5: Mapped[int] = mapped_column(default=0)
    comments: Mapped[int] = mapped_column(default=0)


class RequestTally(db.Model):
    """How far asking about the visits that took place has come, and how many of them were answered.

    `day` is that of the visit, `asked_day` that of the request: figures are read by the one or the other. A visit is in
    one cell: `sent` as soon as anything was handed over that asks about it, `unasked` while nobody was to be asked.
    """

    __tablename__ = "request_tally"
    __table_args__ = (
        CheckConstraint(f"span IN {SPANS}", name="span"),
        CheckConstraint(f"stage IN {STAGES}", name="stage"),
        Index("ix_request_tally_day", "span", "day"),
        Index("ix_request_tally_asked", "span", "worker_id", "asked_day"),
    )

    span: Mapped[str] = mapped_column(primary_key=True)
    worker_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    asked_day: Mapped[date] = mapped_column(primary_key=True)
    service_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sector_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stage: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)  # why it did not leave, or was refused; else nothing
    n: Mapped[int] = mapped_column(default=0)
    answered: Mapped[int] = mapped_column(default=0)  # by the client: on the portal, by mail, by text message
    commented: Mapped[int] = mapped_column(default=0)  # of these, with words
