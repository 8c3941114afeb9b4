"""Where a complaint stands: derived of what was done with it, never written down."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Date, and_, bindparam, case, or_

from portal.complaints.models import Complaint
from portal.i18n import local
from portal.notes.models import Note, Situation
from portal.visits.queries import today


class State(StrEnum):
    """What has become of a complaint (reçue, accusée, en cours, réponse envoyée, close, rouverte)."""

    RECEIVED = "received"
    ACKNOWLEDGED = "acknowledged"
    PROGRESS = "progress"
    ANSWERED = "answered"
    CLOSED = "closed"
    REOPENED = "reopened"


class Dated(Protocol):
    """What the state follows from: a complaint, or a row of a list of them."""

    @property
    def acknowledge_by(self) -> date: ...
    @property
    def answer_by(self) -> date: ...
    @property
    def acknowledged_at(self) -> datetime | None: ...
    @property
    def waiting_at(self) -> datetime | None: ...
    @property
    def answered_at(self) -> datetime | None: ...
    @property
    def reopened_at(self) -> datetime | None: ...


def is_answered(one: Dated) -> bool:
    """Whether it was answered since it was received, or taken up again."""
    return one.answered_at is not None and (one.reopened_at is None or one.answered_at > one.reopened_at)


def state_of(one: Dated, situation: str | None) -> State:
    """The state of a complaint.

    Args:
        situation: of its note, with which it is resolved.
    """
    if situation == Situation.DONE:
        return State.CLOSED
    if is_answered(one):
        return State.ANSWERED
    if one.reopened_at:
        return State.REOPENED
    if one.waiting_at or situation == Situation.PROGRESS:
        return State.PROGRESS
    return State.ACKNOWLEDGED if one.acknowledged_at else State.RECEIVED


def due_on(one: Dated, state: State) -> date | None:
    """By when the next thing is to be done: the acknowledgement, then the answer; None when there is none."""
    if state in (State.ANSWERED, State.CLOSED):
        return None
    return one.acknowledge_by if one.acknowledged_at is None else one.answer_by


def is_late(one: Dated, state: State) -> bool:
    due = due_on(one, state)
    return due is not None and due < today()


def in_time(at: datetime, last: date) -> bool:
    """Whether something was done by a day."""
    return local(at).date() <= last


# ---- the same, as the database says it of a complaint joined to its note ----

_today: Any = bindparam("today", callable_=today, type_=Date)
RESOLVED = and_(Note.situation.is_not(None), Note.situation == Situation.DONE)
ANSWERED = and_(
    Complaint.answered_at.is_not(None),
    or_(Complaint.reopened_at.is_(None), Complaint.answered_at > Complaint.reopened_at),
)
OPEN = and_(or_(Note.situation.is_(None), Note.situation != Situation.DONE), ~ANSWERED)  # something is to be done
DUE_ON: ColumnElement[date] = case(
    (Complaint.acknowledged_at.is_(None), Complaint.acknowledge_by), else_=Complaint.answer_by
)
LATE = and_(OPEN, _today > DUE_ON)
AHEAD = timedelta(days=2)
_soon: Any = bindparam("soon", callable_=lambda: today() + AHEAD, type_=Date)
NEAR = and_(OPEN, _soon >= DUE_ON)  # or late
STATE: ColumnElement[str] = case(
    (RESOLVED, State.CLOSED.value),
    (ANSWERED, State.ANSWERED.value),
    (Complaint.reopened_at.is_not(None), State.REOPENED.value),
    (or_(Complaint.waiting_at.is_not(None), Note.situation == Situation.PROGRESS), State.PROGRESS.value),
    (Complaint.acknowledged_at.is_not(None), State.ACKNOWLEDGED.value),
    else_=State.RECEIVED.value,
)
