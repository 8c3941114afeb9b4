"""What is done about an adverse event: authorities, analysis, actions, reopenings."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.adverse_events.models import AdverseEvent, one_of
from portal.extensions import UTC, db
from portal.files.models import Attachment
from portal.people.models import Staff, Versioned

_OPEN = text("state IN ('todo', 'progress')")
_RUNNING = text("status IN ('to_assess', 'to_do', 'told')")


class Route(StrEnum):
    """The ways of the law, as `domain.md` §1.1 codes them."""

    ESSMS = "R-ESSMS"
    EIGS_1 = "R-EIGS-1"
    EIGS_2 = "R-EIGS-2"
    ABUSE = "R-MALT"
    CHILD = "R-MIN"
    JUSTICE = "R-JUST"
    WORK_ACCIDENT = "R-AT"
    DATA = "R-RGPD"
    INSURER = "R-ASSUR"


class RouteStatus(StrEnum):
    """À évaluer, non requis, à faire, fait oralement, confirmé par écrit, clos."""

    TO_ASSESS = "to_assess"
    NOT_REQUIRED = "not_required"
    TO_DO = "to_do"
    TOLD = "told"
    WRITTEN = "written"
    CLOSED = "closed"


class AuthorityRoute(Versioned, db.Model):
    """One way in which an event may have to be told to an authority, and how far that is."""

    __tablename__ = "adverse_event_route"
    __table_args__ = (
        CheckConstraint(one_of("route", tuple(Route)), name="route"),
        CheckConstraint(one_of("status", tuple(RouteStatus)), name="status"),
        CheckConstraint("status <> 'told' OR told_at IS NOT NULL", name="told"),
        CheckConstraint("status <> 'written' OR written_at IS NOT NULL", name="written"),
        UniqueConstraint("event_id", "route"),
        Index("ix_adverse_event_route_due", "due_at", sqlite_where=_RUNNING, postgresql_where=_RUNNING),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("adverse_event.id", ondelete="CASCADE"))
    route: Mapped[str]
    status: Mapped[str] = mapped_column(default=RouteStatus.TO_ASSESS)
    since: Mapped[datetime] = mapped_column(UTC, default=clock.now)  # from when its clock runs
    due_at: Mapped[datetime | None] = mapped_column(UTC)  # when what is next on it has to be done; None: nothing is
    told_at: Mapped[datetime | None] = mapped_column(UTC)
    written_at: Mapped[datetime | None] = mapped_column(UTC)
    channel: Mapped[str] = mapped_column(default="")
    recipient: Mapped[str] = mapped_column(default="")
    reference: Mapped[str] = mapped_column(default="")
    why: Mapped[str] = mapped_column(Text, default="")  # it is not required, or was late
    receipt_id: Mapped[int | None] = mapped_column(ForeignKey("attachment.id"))

    event: Mapped[AdverseEvent] = relationship()
    receipt: Mapped[Attachment | None] = relationship()


METHODS = ("five_whys", "alarm", "cause_tree", "orion", "feedback")
FAMILIES = ("A1", "A2", "A3", "A4", "A5", "A6", "A7")  # ALARM: `domain.md` §1.7


class Analysis(Versioned, db.Model):
    """Why it came to it. No search for a culprit."""

    __tablename__ = "adverse_event_analysis"
    __table_args__ = (CheckConstraint(one_of("method", METHODS), name="method"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("adverse_event.id", ondelete="CASCADE"), unique=True)
    method: Mapped[str]
    planned: Mapped[str] = mapped_column(Text, default="")  # what was meant to happen
    immediate_cause: Mapped[str] = mapped_column(Text, default="")
    whys: Mapped[list[str]] = mapped_column(JSON, default=list)  # at most five, each the cause of the one before
    factors: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)  # by FAMILIES
    worked: Mapped[str] = mapped_column(Text, default="")  # barriers that held
    missed: Mapped[str] = mapped_column(Text, default="")  # and those that did not
    lessons: Mapped[str] = mapped_column(Text, default="")
    held_on: Mapped[date | None]
    participants: Mapped[str] = mapped_column(default="")  # functions, no names
    pilot_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    begun_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    finished_at: Mapped[datetime | None] = mapped_column(UTC)

    pilot: Mapped[Staff | None] = relationship()
    steps: Mapped[list["TimelineStep"]] = relationship(order_by="TimelineStep.at", cascade="all, delete-orphan")


class TimelineStep(db.Model):
    """One fact of what happened, in its order."""

    __tablename__ = "adverse_event_step"

    id: Mapped[int] = mapped_column(primary_key=True)
    analysis_id: Mapped[int] = mapped_column(ForeignKey("adverse_event_analysis.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UTC)
    fact: Mapped[str]
    source: Mapped[str] = mapped_column(default="")


ACTION_KINDS = ("curative", "corrective", "preventive", "improvement")


class ActionState(StrEnum):
    """À faire, en cours, réalisée, efficacité vérifiée, abandonnée; "en retard" is derived of the due date."""

    TODO = "todo"
    PROGRESS = "progress"
    DONE = "done"
    VERIFIED = "verified"
    DROPPED = "dropped"


class Action(Versioned, db.Model):
    """Something to be done so that it does not happen again."""

    __tablename__ = "adverse_event_action"
    __table_args__ = (
        CheckConstraint(one_of("kind", ACTION_KINDS), name="kind"),
        CheckConstraint(one_of("state", tuple(ActionState)), name="state"),
        CheckConstraint("effective IN ('yes', 'partly', 'no')", name="effective"),
        CheckConstraint("(state = 'verified') = (effective IS NOT NULL)", name="verified"),
        CheckConstraint("state NOT IN ('done', 'verified') OR done_on IS NOT NULL", name="done"),
        CheckConstraint("state <> 'dropped' OR dropped_why IS NOT NULL", name="dropped"),
        Index("ix_adverse_event_action_due", "owner_id", "due_on", sqlite_where=_OPEN, postgresql_where=_OPEN),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("adverse_event.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    due_on: Mapped[date]
    state: Mapped[str] = mapped_column(default=ActionState.TODO)
    indicator: Mapped[str] = mapped_column(default="")  # how one will see that it helped
    check_on: Mapped[date | None]
    done_on: Mapped[date | None]
    effective: Mapped[str | None]
    effect_note: Mapped[str] = mapped_column(default="")
    dropped_why: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    created_by: Mapped[str] = mapped_column(default="")

    event: Mapped[AdverseEvent] = relationship()
    owner: Mapped[Staff] = relationship()


class Reopening(db.Model):
    """That an event was closed, and was opened again."""

    __tablename__ = "adverse_event_reopening"

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("adverse_event.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    by: Mapped[str]
    why: Mapped[str] = mapped_column(Text)
    closed_at: Mapped[datetime] = mapped_column(UTC)  # how it had been closed before
    closed_by: Mapped[str] = mapped_column(default="")
    closed_why: Mapped[str] = mapped_column(Text, default="")


# what of an event is worded, and can be worded anew: what is known of it, its analysis, an action, an authority's line,
# who was told what, the word of the worker concerned
WORDED = ("facts", "analysis", "action", "authority", "reporter", "client", "council", "word")


class FormerWording(db.Model):
    """What something of an event said before it was changed. The journal keeps no words: its entry holds the number of
    this row, and what is erased here is gone."""

    __tablename__ = "adverse_event_former"
    __table_args__ = (CheckConstraint(one_of("part", WORDED), name="part"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("adverse_event.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    by: Mapped[str]
    part: Mapped[str]
    changed: Mapped[dict[str, list]] = mapped_column(JSON)  # by field: what it was, what it became
