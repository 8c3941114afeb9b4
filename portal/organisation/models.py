"""The lists that an agency keeps in its own words: categories of notes, subjects of complaints, kinds of events."""

from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.extensions import db
from portal.labels import Keyed
from portal.people.models import Versioned

LONGEST_LABEL, LONGEST_CODE = 160, 8  # characters


class ListName(StrEnum):
    """The lists that there are. Each begins as it is shipped (migration 0011)."""

    NOTE = "note"  # categories of notes
    COMPLAINT = "complaint"  # subjects of complaints, codes C01…
    EVENT = "event"  # categories of adverse events, codes D01…, with finer ones below them
    LEGAL = "legal"  # categories of the law (arrêté of 28 December 2016), codes L01…


class ListEntry(Versioned, Keyed, db.Model):
    """One entry of a list. Used once, it is taken out of use and never deleted."""

    __tablename__ = "list_entry"
    __table_args__ = (
        CheckConstraint("list IN ('note', 'complaint', 'event', 'legal')", name="list"),
        CheckConstraint("coalesce(label_fr, label_ru, label_en) IS NOT NULL", name="label"),
        CheckConstraint("parent_id IS NULL OR list = 'event'", name="parent"),
        UniqueConstraint("list", "code"),
        UniqueConstraint("list", "parent_id", "match_key"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    list: Mapped[str]
    code: Mapped[str | None]  # as it was shipped; entries of the agency's own have none
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("list_entry.id"), index=True)  # of a finer category
    legal_code: Mapped[str | None]  # of a category of events: the code of the law's that it suggests
    severe: Mapped[bool] = mapped_column(default=False)  # of a category of events: alerts whatever its severity
    active: Mapped[bool] = mapped_column(default=True)
    position: Mapped[int] = mapped_column(default=0)

    parent: Mapped["ListEntry | None"] = relationship(remote_side=[id])
