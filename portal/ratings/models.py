"""What is rated, the rating and its former values, the requests that ask for one."""

from dataclasses import replace
from datetime import date, datetime
from typing import cast

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, query_expression, relationship

from portal import clock
from portal.extensions import UTC, db
from portal.outbox.models import Message
from portal.people.models import Relative
from portal.ratings.details import Detailed, Details
from portal.ratings.survey_models import SurveyVersion
from portal.ratings.tally_models import STAGES
from portal.visits.models import Visit

LONGEST_COMMENT, LONGEST_REPLY, LONGEST_REASON = 5000, 2000, 500  # characters
_TO_CALL = text("call_back AND called_at IS NULL")
_UNSEEN = text("looked_at IS NULL AND excluded_at IS NULL")
_CHANGED = text("changed_at IS NOT NULL")


class RatingSubject(db.Model):
    """What can be rated, as it was when the visit ended: a later change of team or sector does not move a rating.

    It is a visit, or how an incident on one was handled. The latter has no `visit_id`, so that whatever joins visits
    to what is said of them (lists, figures, averages, exports) finds the ratings of visits alone.
    """

    __tablename__ = "rating_subject"
    __table_args__ = (
        CheckConstraint("(visit_id IS NULL) <> (incident_id IS NULL)", name="one"),
        CheckConstraint("(incident_id IS NULL) = (handled_visit_id IS NULL)", name="handled"),
        CheckConstraint(f"stage IN {STAGES}", name="stage"),
        CheckConstraint("stage IS NULL OR visit_id IS NOT NULL", name="staged"),
        Index("ix_rating_subject_day", "day"),
        Index("ix_rating_subject_client_day", "client_id", "day"),
        Index("ix_rating_subject_manager_day", "manager_id", "day"),
        Index("ix_rating_subject_service_day", "service_id", "day"),
        Index("ix_rating_subject_sector_day", "sector_id", "day"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), unique=True)
    incident_id: Mapped[int | None] = mapped_column(ForeignKey("incident.id"), unique=True)
    handled_visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"), index=True)  # that of the incident
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"))
    sector_id: Mapped[int] = mapped_column(ForeignKey("sector.id"))
    manager_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    ended_at: Mapped[datetime] = mapped_column(UTC)
    asked: Mapped[bool] = mapped_column(default=False)  # whether a request was due when the visit ended
    day: Mapped[date]  # of the visit where it took place: every figure of a period is of the visits of its days
    asked_day: Mapped[date]  # on which the client is first to be asked; that of the end where nobody is
    # where it stands in the tally of requests: None while it does not, since the visit is not done (any more)
    stage: Mapped[str | None]
    stage_reason: Mapped[str] = mapped_column(default="")

    rated_visit: Mapped[Visit | None] = relationship(foreign_keys=visit_id)
    handled_visit: Mapped[Visit | None] = relationship(foreign_keys=handled_visit_id)

    @property
    def visit(self) -> Visit:
        """The visit that is rated, or on which the incident was."""
        return cast("Visit", self.rated_visit if self.incident_id is None else self.handled_visit)

    @property
    def about(self) -> tuple[str, int]:
        """Type and number of what is rated, as the journal says it."""
        return ("visit", self.visit_id) if self.visit_id else ("incident", cast("int", self.incident_id))


class RatedWorker(db.Model):
    """A worker who came to what is rated."""

    __tablename__ = "rated_worker"

    subject_id: Mapped[int] = mapped_column(ForeignKey("rating_subject.id", ondelete="CASCADE"), primary_key=True)
    worker_id: Mapped[int] = mapped_column(ForeignKey("worker.id"), primary_key=True, index=True)


class Rating(Detailed, db.Model):
    """The current rating of a subject."""

    __tablename__ = "rating"
    __table_args__ = (
        CheckConstraint("stars BETWEEN 0 AND 5", name="stars"),
        CheckConstraint(f"length(comment) <= {LONGEST_COMMENT}", name="comment"),
        CheckConstraint("channel IN ('portal', 'mail', 'sms', 'staff')", name="channel"),
        CheckConstraint("given_how IN ('telephone', 'visit', 'paper', 'link')", name="given_how"),
        CheckConstraint("(channel = 'staff') = (typed_by IS NOT NULL)", name="typed"),
        CheckConstraint("(excluded_at IS NULL) = (exclude_reason IS NULL)", name="excluded"),
        Index("ix_rating_left_at", "left_at", "id"),
        Index("ix_rating_changed_at", "changed_at", sqlite_where=_CHANGED, postgresql_where=_CHANGED),
        Index("ix_rating_stars_left", "stars", "left_at", "id"),
        # the reviews of a period, in each of their orders
        Index("ix_rating_day", "day", "left_at", "id"),
        Index("ix_rating_stars_day", "stars", "day", "left_at", "id"),
        # low ones not looked at: counted on every page of staff
        Index("ix_rating_unseen", "stars", "id", sqlite_where=_UNSEEN, postgresql_where=_UNSEEN),
        Index("ix_rating_to_call", "left_at", "id", sqlite_where=_TO_CALL, postgresql_where=_TO_CALL),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("rating_subject.id"), unique=True)
    day: Mapped[date]  # of its subject, which stays once it is rated
    stars: Mapped[int]
    comment: Mapped[str | None] = mapped_column(Text)
    channel: Mapped[str]
    author_role: Mapped[str]
    author_name: Mapped[str]
    author_account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    left_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    changed_at: Mapped[datetime | None] = mapped_column(UTC)
    version: Mapped[int] = mapped_column(default=1)
    looked_at: Mapped[datetime | None] = mapped_column(UTC)  # a low rating: when somebody of the staff took note of it
    looked_by: Mapped[str | None]
    # typed by the agency for the client: by whom, how the client gave it and when
    typed_by: Mapped[str | None]
    given_how: Mapped[str | None]
    given_at: Mapped[datetime | None] = mapped_column(UTC)
    asked_again_at: Mapped[datetime | None] = mapped_column(UTC)  # the client may rate anew, whatever the delay
    replied_at: Mapped[datetime | None] = mapped_column(UTC)  # when the agency answered last: lists say so
    excluded_at: Mapped[datetime | None] = mapped_column(UTC)  # shown, not counted
    excluded_by: Mapped[str | None]
    exclude_reason: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict | None] = mapped_column(JSON(none_as_null=True))  # criteria and remarks
    survey_version_id: Mapped[int | None] = mapped_column(ForeignKey("survey_version.id"))
    call_back: Mapped[bool] = mapped_column(default=False)  # the client wishes to be called
    called_at: Mapped[datetime | None] = mapped_column(UTC)  # when somebody of the staff did
    called_by: Mapped[str | None]

    complaint_id: Mapped[int | None] = query_expression()  # made of a low one; where the statement asks for it

    subject: Mapped[RatingSubject] = relationship()
    asked_then: Mapped[SurveyVersion | None] = relationship()
    former: Mapped[list["FormerRating"]] = relationship(order_by="FormerRating.id", cascade="all, delete-orphan")
    replies: Mapped[list["RatingReply"]] = relationship(
        back_populates="rating", order_by="RatingReply.id", cascade="all, delete-orphan"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012

    @property
    def said_at(self) -> datetime:
        """When the present value was given."""
        return self.changed_at or self.left_at

    @property
    def standing_details(self) -> Details:
        """What was said besides, as it stands: who was called does not wait for it any more."""
        return replace(self.said_besides, call_back=self.call_back and self.called_at is None)


class FormerRating(Detailed, db.Model):
    """A value that a rating had before it was changed."""

    __tablename__ = "former_rating"

    id: Mapped[int] = mapped_column(primary_key=True)
    rating_id: Mapped[int] = mapped_column(ForeignKey("rating.id", ondelete="CASCADE"), index=True)
    stars: Mapped[int]
    comment: Mapped[str | None] = mapped_column(Text)
    author_name: Mapped[str]
    channel: Mapped[str | None]  # None: from before this was kept
    typed_by: Mapped[str | None]
    given_how: Mapped[str | None]
    given_at: Mapped[datetime | None] = mapped_column(UTC)
    exclude_reason: Mapped[str | None] = mapped_column(Text)  # why this value was not counted, if it was not
    details: Mapped[dict | None] = mapped_column(JSON(none_as_null=True))
    survey_version_id: Mapped[int | None] = mapped_column(ForeignKey("survey_version.id"))
    call_back: Mapped[bool] = mapped_column(default=False)
    called_at: Mapped[datetime | None] = mapped_column(UTC)
    called_by: Mapped[str | None]
    left_at: Mapped[datetime] = mapped_column(UTC)
    replaced_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)

    asked_then: Mapped[SurveyVersion | None] = relationship()


class RatingReply(db.Model):
    """What the agency answered a client who left a rating."""

    __tablename__ = "rating_reply"

    id: Mapped[int] = mapped_column(primary_key=True)
    rating_id: Mapped[int] = mapped_column(ForeignKey("rating.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Text)
    author_name: Mapped[str]
    author_account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), unique=True)  # the mail that carries it

    rating: Mapped[Rating] = relationship(back_populates="replies")


class RatingExclusion(db.Model):
    """Why somebody of the staff had a rating not counted: it stays when the rating is counted again."""

    __tablename__ = "rating_exclusion"

    id: Mapped[int] = mapped_column(primary_key=True)
    rating_id: Mapped[int] = mapped_column(ForeignKey("rating.id", ondelete="CASCADE"), index=True)
    reason: Mapped[str] = mapped_column(Text)
    author_name: Mapped[str]
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now)


class RatingRequest(db.Model):
    """A mail that asks for a rating, and what became of its link. The first round asks, a later one reminds of it
    (`reminds_id`) or asks anew about a visit that was reopened."""

    __tablename__ = "rating_request"
    __table_args__ = (UniqueConstraint("subject_id", "round"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("rating_subject.id"))
    round: Mapped[int] = mapped_column(default=1)
    reminds_id: Mapped[int | None] = mapped_column(ForeignKey("rating_request.id"), unique=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)  # several share a weekly mail
    public_id: Mapped[str | None] = mapped_column(unique=True)  # its own link in a weekly mail; else the message's
    left_out: Mapped[str | None]  # why the weekly mail left without it
    relative_id: Mapped[int | None] = mapped_column(ForeignKey("relative.id"))  # whom it was sent to, if not the client
    asked_at: Mapped[datetime | None] = mapped_column(UTC)  # set each time the mail is about to leave
    expires_at: Mapped[datetime | None] = mapped_column(UTC)
    answered_at: Mapped[datetime | None] = mapped_column(UTC)
    again: Mapped[bool] = mapped_column(default=False)  # staff ask by hand, perhaps anew about what has been rated
    revoked_at: Mapped[datetime | None] = mapped_column(UTC)  # the visit was reopened: the link opens nothing any more

    subject: Mapped[RatingSubject] = relationship()
    message: Mapped[Message] = relationship()
    relative: Mapped[Relative | None] = relationship()


class SuspectAnswer(Detailed, db.Model):
    """An answer by mail that a machine has probably given: kept and shown, not counted, not locking the link."""

    __tablename__ = "suspect_answer"
    __table_args__ = (CheckConstraint("(request_id IS NULL) <> (link_id IS NULL)", name="one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(ForeignKey("rating_subject.id"), index=True)
    request_id: Mapped[int | None] = mapped_column(ForeignKey("rating_request.id"), index=True)
    link_id: Mapped[int | None] = mapped_column(ForeignKey("visit_link.id"), index=True)
    stars: Mapped[int]
    comment: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict | None] = mapped_column(JSON(none_as_null=True))
    survey_version_id: Mapped[int | None] = mapped_column(ForeignKey("survey_version.id"))
    call_back: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str]
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now)


class RequestChoice(db.Model):
    """A person has said whether they want rating requests, or the notices that a visit is done. The newest row about
    the person or the address counts, each for its kind; without one they are wanted. It stops nothing else."""

    __tablename__ = "request_choice"
    __table_args__ = (
        CheckConstraint("about IN ('requests', 'notices')", name="about"),
        CheckConstraint("person_type IN ('client', 'relative')", name="person"),
        CheckConstraint("said_by IN ('link', 'portal', 'staff')", name="said_by"),
        Index("ix_request_choice_person", "person_type", "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    person_type: Mapped[str]
    person_id: Mapped[int]
    address: Mapped[str] = mapped_column(index=True)
    about: Mapped[str] = mapped_column(default="requests", server_default="requests")
    wanted: Mapped[bool]
    said_by: Mapped[str]
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
