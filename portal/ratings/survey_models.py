"""What clients are asked after a visit, as the agency set it up: for all, or for a service by itself."""

from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import UTC, db
from portal.people.models import Versioned

AGENCY = 0  # the number of the survey that everybody is asked whose service has none of its own
Texts = dict[str, str]  # by language
Remarks = dict[str, list[Texts]]  # by number of stars


class SurveyVersion(db.Model):
    """What was asked from some day on, in every language: an answer stays readable by the words that it answers. What
    is shipped is written by a migration, and never changes."""

    __tablename__ = "survey_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    survey_id: Mapped[int]  # whose it was; that may be gone
    question: Mapped[Texts] = mapped_column(JSON)  # with its placeholders
    criteria: Mapped[dict[str, Texts]] = mapped_column(JSON)  # their wording, by key of `details.BANK`
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now)


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
    survey_version_id: Mapped[int] = mapped_column(ForeignKey("survey_version.id"))

    asked: Mapped[SurveyVersion] = relationship()
