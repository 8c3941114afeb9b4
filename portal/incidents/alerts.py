"""The mails that tell the agency of an urgent incident: at once, and the next level while nobody answers.

All three are promised when it is declared, or made urgent; whether each is still wanted, and to whom it goes, is
decided when it is due.
"""

from collections.abc import Callable, Iterator
from datetime import timedelta

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Row, Select, and_, exists, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.accounts.models import User
from portal.extensions import MessageColumn, db
from portal.incidents.models import Incident, Urgency
from portal.incidents.queries import ENDED, incident_of, visible_incidents
from portal.links import external_url
from portal.outbox.actions import Order, cancel, schedule
from portal.outbox.models import OPEN, About, Drop, Message, MessageKind, Recipient
from portal.people.models import Client, Staff
from portal.people.queries import is_named, staff_at_work, staff_responsible_for
from portal.settings.queries import option
from portal.threads.models import ThreadMessage
from portal.threads.notices import note_told
from portal.visits.models import Visit

LEVELS = {"incidents.urgent": timedelta(0), "incidents.unanswered": timedelta(hours=24),
          "incidents.unanswered_long": timedelta(hours=72)}  # fmt: skip


def alert_urgent(incident: Incident) -> None:
    """Promise the agency the alerts about an incident, if it is an urgent one, in the transaction that makes it so.

    Args:
        incident: as it is now, flushed. One that is made urgent once more is told of once more.
    """
    if incident.urgency != Urgency.URGENT:
        return
    moment, subject = clock.now(), ("incident", incident.id)
    keys = {kind: f"{kind}:{incident.id}:{incident.version}" for kind in LEVELS}
    former = Message.subject_type == "incident", Message.subject_id == incident.id, Message.kind.in_(LEVELS)
    waiting = select(Message.id).where(*former, Message.state.in_(OPEN), Message.dedupe_key.not_in(keys.values()))
    cancel(db.session.scalars(waiting).all(), "alert_renewed")
    schedule([Order(kind, subject, keys[kind], moment + after) for kind, after in LEVELS.items()])


def owner_of(thread_id: int) -> int | None:
    """Who of the staff has the incident of a thread in hand."""
    return db.session.scalar(select(Incident.owner_id).where(Incident.thread_id == thread_id))


def _people_to_tell(incident: Incident) -> Iterator[Staff]:
    """Who is told, level by level: who has the incident in hand, the manager of the client's file, who answers for its
    sector and those above, quality, administrators. Each once, and only who may see it."""
    visit, told = incident.visit, set()
    for person in staff_responsible_for(visit.sector_id, incident.owner_id or visit.client.file_manager_id):
        if person.id not in told and incident_of(staff_at_work(person), incident.id):
            told.add(person.id)
            yield person


def _person_to_tell(message: Message) -> Staff | None:
    """Who is told at this level: the last one there is, where there are not so many."""
    incident, level = db.session.get_one(Incident, message.subject_id), list(LEVELS).index(message.kind)
    found = None
    for number, person in enumerate(_people_to_tell(incident)):
        found = person
        if number == level:
            break
    return found


def reader(message: Message) -> Recipient | None:
    """Whom it would go to now, in the language that this person reads."""
    person = _person_to_tell(message)
    return _as_recipient(person) if person else None


def _as_recipient(person: Staff) -> Recipient:
    chosen = person.account.language if person.account else None
    return Recipient(str(person.email), person.name, chosen or person.language or option("agency.language"))


def why_not(message: Message) -> Drop | None:
    """Why it would not leave as things stand."""
    incident = db.session.get_one(Incident, message.subject_id)
    if not option("incidents.enabled"):
        return Drop("suppressed", "incidents_off")
    if incident.state in ENDED:
        return Drop("cancelled", "incident_ended")
    if incident.urgency != Urgency.URGENT:
        return Drop("cancelled", "not_urgent")
    if LEVELS[message.kind] and is_answered(incident):
        return Drop("cancelled", "incident_answered")
    if not LEVELS[message.kind] and _is_declared_by_reader(message, incident):
        return Drop("cancelled", "declared_by_reader")
    return None


def is_answered(incident: Incident) -> bool:
    """Whether the agency has written to who is concerned; what it declared itself is no answer."""
    if incident.answered_at:
        return True
    of_thread = ThreadMessage.thread_id == incident.thread_id, ThreadMessage.author_type == "staff"
    written = ~ThreadMessage.internal, ThreadMessage.event.is_(None), ThreadMessage.at > incident.declared_at
    return bool(db.session.scalar(select(exists().where(*of_thread, *written))))


def decide(message: Message) -> Recipient | Drop:
    """To whom it goes, or why not. Whoever is told so of an incident is told of it by no other mail."""
    if refusal := why_not(message):
        return refusal
    person, incident = _person_to_tell(message), db.session.get_one(Incident, message.subject_id)
    if person is None:
        return Drop("suppressed", "nobody_responsible")
    note_told(incident.thread_id, "incident", ("staff", person.id))
    return _as_recipient(person)


def _is_declared_by_reader(message: Message, incident: Incident) -> bool:
    """Who has typed it knows it; the next levels are told all the same."""
    person = _person_to_tell(message) if incident.declared_type == "staff" else None
    return person is not None and person.id == incident.declared_id


def context(message: Message, token: Callable[[str, str], str]) -> dict:  # noqa: ARG001 - it needs a sign-in
    """The day of the visit alone: what happened to whom is read behind the sign-in."""
    incident = db.session.get_one(Incident, message.subject_id)
    return {
        "hours": round(LEVELS[message.kind].total_seconds() / 3600),
        "starts_at": incident.visit.starts_at,
        "url": external_url("staff.show_thread", thread_id=incident.thread_id),
    }


def _kind(name: str, label: object) -> MessageKind:
    return MessageKind(
        name,
        label,
        "urgent_incident",
        reader,
        decide,
        context,
        why_not=why_not,
        extra_copies=3,
        urgent=True,
        governed_by=("incidents.enabled",),
    )


ALERTS = (
    _kind("incidents.urgent", _l("Alert: urgent incident")),
    _kind("incidents.unanswered", _l("Alert: urgent incident without an answer for a day")),
    _kind("incidents.unanswered_long", _l("Alert: urgent incident without an answer for three days")),
)


# ---- on the page of messages ----


def is_about_visible(user: User) -> ColumnElement[bool]:
    """Alerts about incidents that a person may see, one question to each message."""
    seen = visible_incidents(user).with_only_columns(Incident.id).where(Incident.id == Message.subject_id)
    return and_(Message.subject_type == "incident", seen.correlate(Message).exists())


def is_about_named(name: str) -> ColumnElement[bool]:
    """Alerts about incidents of clients of whose name these are words."""
    named = select(Incident.id).join(Visit).join(Client, Client.id == Visit.client_id).where(is_named(Client, name))
    return and_(Message.subject_type == "incident", Message.subject_id.in_(named))


def _add(statement: Select) -> Select:
    incident, visit, client = aliased(Incident), aliased(Visit), aliased(Client)
    return (
        statement.outerjoin(incident, and_(Message.subject_type == "incident", incident.id == Message.subject_id))
        .outerjoin(visit, visit.id == incident.visit_id)
        .outerjoin(client, client.id == visit.client_id)
        .add_columns(incident.thread_id.label("about_thread"), client.first_name.label("incident_first"),
                     client.last_name.label("incident_last"))
    )  # fmt: skip


def _read(row: Row) -> About | None:
    if row.about_thread is None:
        return None
    name = f"{row.incident_first} {row.incident_last}".strip()
    return About(name, url_for("staff.show_thread", thread_id=row.about_thread))


MESSAGE_COLUMN = MessageColumn(_add, _read)
