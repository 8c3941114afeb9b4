"""Reading notes, each from what the person may see."""

from sqlalchemy import ColumnElement, Select, and_, false, or_, select

from portal.accounts.models import User
from portal.extensions import db, wires
from portal.notes.models import Note, Situation
from portal.people.models import Client, Worker
from portal.people.queries import visible_clients, visible_workers
from portal.roles import GRANTS, Permission, Role

WAITING = Note.situation.in_((Situation.TODO, Situation.PROGRESS))


def visible_notes(user: User) -> Select[Note]:
    """Notes that this person may read; nobody but staff reads any.

    Those about a client are for who sees the client, also where a worker or a colleague is named; else those about a
    worker are for who sees the worker. Those about a colleague, or about nobody, are for the colleague, who has them in
    hand, who wrote them, quality and administrators. One that follows an event or a complaint is for exactly those who
    may read that.
    """
    if Permission.KEEP_NOTES not in GRANTS[user.role]:
        return select(Note).where(false())
    follows = [and_(Note.origin == name, Note.origin_id.in_(origin.visible(user)))
               for name, origin in wires.note_origins.items()]  # fmt: skip
    return select(Note).where(or_(and_(Note.origin.is_(None), _is_of(user)), *follows))


def _is_of(user: User) -> ColumnElement[bool]:
    """A note that follows nothing is one of the person's."""
    if user.role in (Role.QUALITY, Role.ADMIN):
        return Note.id.is_not(None)
    client = visible_clients(user).where(Client.id == Note.client_id).correlate(Note).exists()
    worker = visible_workers(user).where(Worker.id == Note.worker_id).correlate(Note).exists()
    own = or_(*(column == user.staff_id for column in (Note.colleague_id, Note.owner_id, Note.created_id)))
    of_nobody = and_(Note.client_id.is_(None), Note.worker_id.is_(None))
    return or_(client, and_(Note.client_id.is_(None), worker), and_(of_nobody, own))


def note_of(user: User, note_id: int) -> Note | None:
    return db.session.scalar(visible_notes(user).where(Note.id == note_id))


def note_to_change(user: User, note_id: int) -> Note | None:
    """The same, held until the transaction ends: of two who save at once, the second sees what the first wrote."""
    return db.session.scalar(visible_notes(user).where(Note.id == note_id).with_for_update(of=Note))


def may_end(user: User, note: Note) -> bool:
    """Whether a person who reads a note may finish it, or take it up again."""
    origin = wires.note_origins.get(note.origin or "")
    return origin is None or origin.may_end(user, note.origin_id or 0)


def next_of(note: Note) -> int | None:
    """The number of the note that came back after this one."""
    return db.session.scalar(select(Note.id).where(Note.follows_id == note.id))
