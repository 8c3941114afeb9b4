"""The link to the page of a visit."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import UTC, db
from portal.links import new_public_id
from portal.people.models import Relative
from portal.visits.models import Visit


class VisitLink(db.Model):
    """The one link to the page of a visit, for who has no account: made when a mail or somebody of the staff first
    needs it. What is said through it counts as an answer by mail."""

    __tablename__ = "visit_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), unique=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    made_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    address: Mapped[str | None]  # to which it was mailed; without one, staff have handed it over
    relative_id: Mapped[int | None] = mapped_column(ForeignKey("relative.id"))  # to whom, if not to the client
    asked_at: Mapped[datetime | None] = mapped_column(UTC)  # set each time the mail is about to leave
    answered_at: Mapped[datetime | None] = mapped_column(UTC)

    visit: Mapped[Visit] = relationship()
    relative: Mapped[Relative | None] = relationship()

    again = False  # nobody is asked anew by it: that is what a request is for
