"""What clients are asked after a visit, as the agency set it up: for all, or for a service by itself."""

from sqlalchemy import JSON, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.extensions import db
from portal.people.models import Versioned

AGENCY = 0  # the number of the survey that everybody is asked whose service has none of its own
Texts = dict[str, str]  # by language
Remarks = dict[str, list[Texts]]  # by number of stars


class Survey(Versioned, db.Model):
    """A survey as a whole. Without a row of its own the agency asks what is shipped (`survey.SHIPPED`)."""

    __tablename__ = "survey"
    __table_args__ = (CheckConstraint(f"id = coalesce(service_id, {AGENCY})", name="scope"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # that of the service
    service_id: Mapped[int | None] = mapped_column(ForeignKey("service.id"))
    question: Mapped[Texts] = mapped_column(JSON)
    criteria: Mapped[list[str]] = mapped_column(JSON)  # keys of `details.BANK`, in order
    comment: Mapped[bool] = mapped_column(default=True)
    remarks: Mapped[Remarks] = mapped_column(JSON)
    thanks: Mapped[Texts] = mapped_column(JSON)
    call_back: Mapped[bool] = mapped_column(default=False)
