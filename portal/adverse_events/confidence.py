"""Who may know who reported an event, and who has read what of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_pgettext
from sqlalchemy import select

from portal.accounts.models import User
from portal.adverse_events.models import AdverseEvent, Mode, Reporter
from portal.adverse_events.words import CAPACITY_LABELS
from portal.audit.models import ReadEntry
from portal.extensions import Panel, db
from portal.people.models import Client, Relative, Staff, Worker
from portal.people.queries import names_of_actors
from portal.roles import GRANTS, ROLE_LABELS, Permission, Role

SHOWN = 200  # readings
PART_LABELS = {
    "event": lazy_pgettext("reading", "The event"),
    "reporter": lazy_pgettext("reading", "Who reported it"),
    "paper": lazy_pgettext("reading", "Its paper"),
    "file": lazy_pgettext("reading", "A photo or paper"),
    "editing": lazy_pgettext("reading", "What is known of it, to be completed"),
    "former": lazy_pgettext("reading", "What it said before"),
    "triage": lazy_pgettext("reading", "The form of its triage"),
    "authorities": lazy_pgettext("reading", "The form of an authority"),
    "analysis": lazy_pgettext("reading", "The analysis of its causes"),
    "action": lazy_pgettext("reading", "The form of an action"),
    "feedback": lazy_pgettext("reading", "The form of who is told"),
    "end": lazy_pgettext("reading", "The form that closes or reopens it"),
    "opened": lazy_pgettext("reading", "What is open to the worker concerned"),
    "register": lazy_pgettext("reading", "The register"),
}
_RECORDS = {kind.__tablename__: kind for kind in (Client, Relative, Worker, Staff)}


@dataclass(frozen=True)
class Identity:
    """Who reported an event in confidence, and how they can be reached."""

    name: str
    capacity: str
    phone: str
    email: str


@dataclass(frozen=True)
class Reading:
    """That somebody read something of an event."""

    at: datetime
    name: str | None
    role: str
    part: str


def panel(user: User, event: AdverseEvent) -> Panel | None:
    """On the staff's page of an event: that it was reported in confidence or without a name, the quality lead's way to
    who it was, and who has read it."""
    permitted = GRANTS[user.role]
    may_judge = Permission.JUDGE_EVENTS in permitted
    if event.mode == Mode.NAMED and not may_judge:
        return None
    return Panel("adverse_events/_confidence_panel.html", {
        "event": event,
        "may_read_reporter": event.mode == Mode.CONFIDENTIAL and Permission.SEE_REPORTERS in permitted,
        "may_read_readings": may_judge,
    })  # fmt: skip


def identity_of(event: AdverseEvent) -> Identity | None:
    """Who reported it in confidence; None of any other report: named ones say it on their page, of anonymous ones
    nobody knows."""
    kept = db.session.get(Reporter, event.id) if event.mode == Mode.CONFIDENTIAL else None
    if kept is None:
        return None
    kind = _RECORDS.get(kept.person_type or "")
    person = db.session.get(kind, kept.person_id) if kind and kept.person_id else None
    phone, email = getattr(person, "phone", None), getattr(person, "email", None)
    capacity = str(CAPACITY_LABELS[event.capacity])
    return Identity(kept.name, capacity, kept.phone or phone or "", kept.email or email or "")


def readings_of(event: AdverseEvent) -> Sequence[Reading]:
    """Who has read what of an event, newest first."""
    of_event = ReadEntry.subject_type == "adverse_event", ReadEntry.subject_id == event.id
    found = db.session.scalars(select(ReadEntry).where(*of_event).order_by(ReadEntry.id.desc()).limit(SHOWN)).all()
    names = names_of_actors(found)
    return [
        Reading(one.at, names.get(one.id), str(ROLE_LABELS[Role(one.role)]), str(PART_LABELS.get(one.part, one.part)))
        for one in found
    ]
