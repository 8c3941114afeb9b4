"""The mail of a reminder, for who has the note in hand: promised when it is asked for, taken back when the note ends.

It says that something is due, and where; what it is, and about whom, is read behind the sign-in.
"""

from collections.abc import Callable

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Row, Select, and_, func, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.accounts.models import User
from portal.extensions import MessageColumn, db
from portal.i18n import reading_language
from portal.links import external_url
from portal.notes.models import Note, Situation
from portal.notes.queries import note_of, visible_notes
from portal.outbox.actions import Order, cancel, schedule
from portal.outbox.models import OPEN, About, Drop, Message, MessageKind, Recipient
from portal.people.models import Client, Staff, Worker
from portal.people.queries import is_named, staff_at_work

KIND = "notes.reminder"
ENDED = (Situation.DONE, Situation.CANCELLED)


def promise(note: Note) -> None:
    """Promise the mail of a note as it is now, in the present transaction; what was promised before is taken back."""
    take_back(note)
    if note.mails and note.situation not in ENDED and note.remind_at and note.remind_at > clock.now():
        key = f"{KIND}:{note.id}:{note.version}"
        schedule([Order(KIND, ("note", note.id), key, note.remind_at)])


def take_back(note: Note) -> None:
    """Take back what was promised of a note and has not left."""
    waiting = Message.subject_type == "note", Message.subject_id == note.id, Message.state.in_(OPEN)
    ids = db.session.scalars(select(Message.id).where(*waiting)).all()
    cancel(ids, "note_ended" if note.situation in ENDED else "note_changed")


def _note(message: Message) -> Note:
    return db.session.get_one(Note, message.subject_id)


def reader(message: Message) -> Recipient | None:
    """Whom it would go to now: who has the note in hand, if this person works here, may read it and has an address."""
    note = _note(message)
    person = db.session.get(Staff, note.owner_id) if note.owner_id else None
    if person is None or not person.active or not person.email or not note_of(staff_at_work(person), note.id):
        return None
    chosen = person.account.language if person.account else None
    return Recipient(person.email, person.name, reading_language(chosen, person.language))


def why_not(message: Message) -> Drop | None:
    """Why it would not leave as things stand."""
    note = _note(message)
    if note.situation in ENDED:
        return Drop("cancelled", "note_ended")
    if not note.mails or note.remind_at is None or note.remind_at > message.due_at:
        return Drop("cancelled", "note_changed")
    return None


def decide(message: Message) -> Recipient | Drop:
    return why_not(message) or reader(message) or Drop("suppressed", "nobody_responsible")


def context(message: Message, token: Callable[[str, str], str]) -> dict:  # noqa: ARG001 - it needs a sign-in
    """The moment alone."""
    note = _note(message)
    return {"due_at": note.remind_at, "url": external_url("staff.show_note", note_id=note.id)}


REMINDER = MessageKind(KIND, _l("Reminder of a note"), "note_reminder", reader, decide, context, why_not=why_not)


# ---- on the page of messages ----


def is_about_visible(user: User) -> ColumnElement[bool]:
    """Reminders of notes that a person may read, one question to each message."""
    seen = visible_notes(user).with_only_columns(Note.id).where(Note.id == Message.subject_id)
    return and_(Message.subject_type == "note", seen.correlate(Message).exists())


def is_about_named(name: str) -> ColumnElement[bool]:
    """Reminders of notes about clients and workers of whose name these are words."""
    named = (
        select(Note.id).outerjoin(Client, Client.id == Note.client_id).outerjoin(Worker, Worker.id == Note.worker_id)
    )
    named = named.where(is_named(Client, name) | is_named(Worker, name))
    return and_(Message.subject_type == "note", Message.subject_id.in_(named))


def _add(statement: Select) -> Select:
    note, client, worker = aliased(Note), aliased(Client), aliased(Worker)
    return (
        statement.outerjoin(note, and_(Message.subject_type == "note", note.id == Message.subject_id))
        .outerjoin(client, client.id == note.client_id)
        .outerjoin(worker, worker.id == note.worker_id)
        .add_columns(note.id.label("about_note"),
                     func.coalesce(client.first_name, worker.first_name).label("note_first"),
                     func.coalesce(client.last_name, worker.last_name).label("note_last"))
    )  # fmt: skip


def _read(row: Row) -> About | None:
    if row.about_note is None:
        return None
    name = f"{row.note_first or ''} {row.note_last or ''}".strip()
    return About(name or _("A note"), url_for("staff.show_note", note_id=row.about_note))


MESSAGE_COLUMN = MessageColumn(_add, _read)
