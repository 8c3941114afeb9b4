"""The link to the page of a visit."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import UTC, db
from portal.links import new_public_id
from portal.people.models import Relative
from portal.visits.models import Visit

_MAILED, _HANDED = text("address IS NOT NULL"), text("address IS NULL")


class VisitLink(db.Model):
    """A link to the page of a visit, for who has no account. There are two at most: one is mailed, and nobody of the
    staff ever reads it; the other staff hand over, and what is said through it says so."""

    __tablename__ = "visit_link"
    __table_args__ = (
        Index("ix_visit_link_mailed", "visit_id", unique=True, sqlite_where=_MAILED, postgresql_where=_MAILED),
        Index("ix_visit_link_handed", "visit_id", unique=True, sqlite_where=_HANDED, postgresql_where=_HANDED),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"))
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    made_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    address: Mapped[str | None]  # to which it was mailed; without one, staff have handed it over
    relative_id: Mapped[int | None] = mapped_column(ForeignKey("relative.id"))  # to whom, if not to the client
    asked_at: Mapped[datetime | None] = mapped_column(UTC)  # set each time the mail is about to leave
    answered_at: Mapped[datetime | None] = mapped_column(UTC)

    visit: Mapped[Visit] = relationship()
    relative: Mapped[Relative | None] = relationship()

    @property
    def is_handed_over(self) -> bool:
        """Whether it came by way of the staff, who have read it."""
        return self.address is None

    again = False  # nobody is asked anew by it: that is what a request is for
