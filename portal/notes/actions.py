"""What staff do with notes: write, change, finish, cancel and take up again. Some follow an event or a complaint."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import exists, select

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, wires
from portal.notes.models import Note, Origin, Priority, Repeat, Situation
from portal.notes.queries import may_end
from portal.notes.reminders import promise, take_back
from portal.notes.repeating import next_moment, wall_of
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName

ENDED = (Situation.DONE, Situation.CANCELLED)
# what the journal keeps of a note; of what people typed it keeps no more than that it was changed
KEPT = ("category_id", "client_id", "worker_id", "colleague_id", "visit_id", "owner_id", "situation", "priority",
        "alert", "remind_at", "repeats", "mails")  # fmt: skip


class Late(Refused):
    """Somebody else has changed the note since the form was opened."""

    def __init__(self) -> None:
        super().__init__(_l("Somebody changed this note in the meantime. Nothing of yours is saved yet: please look at "
                            "what differs, then save again."), "stale")  # fmt: skip


@dataclass(frozen=True)
class Draft:
    """A note as somebody types it.

    Attributes:
        title: what it is about, in one line.
        category_id: of the agency's list of categories of notes.
        client_id, worker_id, colleague_id: in whose records it shows.
        visit_id: on which visit it was written.
        owner_id: who of the staff has it in hand.
        remind_at: when the owner is reminded of it.
        repeats: how often the reminder comes back, a value of `Repeat`.
        mails: whether the owner gets a mail then.
        alert: whether it stands first until it is ended.
    """

    title: str
    text: str = ""
    category_id: int | None = None
    client_id: int | None = None
    worker_id: int | None = None
    colleague_id: int | None = None
    visit_id: int | None = None
    owner_id: int | None = None
    remind_at: datetime | None = None
    repeats: str = Repeat.NEVER
    mails: bool = False
    alert: bool = False
    priority: str = Priority.NORMAL
    situation: str = Situation.TODO


def write(actor: User, draft: Draft) -> Note:
    """Write a note.

    Raises:
        Refused: it has no title, its reminder is over, or it is to mail or to come back without one.
    """
    _refuse(draft)
    _refuse_past(draft)
    note = Note(**vars(draft), repeats_from=_begin(draft), created_id=actor.staff_id, created_by=actor.name)
    if draft.situation == Situation.DONE:
        note.done_at, note.done_by = clock.now(), actor.name
    _add(actor, note)
    return note


def change(actor: User, note: Note, draft: Draft, version: int) -> None:
    """Change a note, also where it stands.

    Args:
        version: of the note, as the form showed it.

    Raises:
        Refused: it has another version by now, or as `write`, `end_note` and `reopen_note` say.
    """
    if note.version != version:
        raise Late
    _refuse(draft)
    touched = {name: value for name, value in vars(draft).items() if value != getattr(note, name)}
    moved = Situation(touched["situation"]) if _crosses(note, touched.get("situation")) else None
    if moved:
        _refuse_to_move(actor, note, moved)
        del touched["situation"]
    if "remind_at" in touched:
        _refuse_past(draft)
    _change(actor, note, touched)
    if moved and moved in ENDED:
        end_note(actor, note, cancelled=moved == Situation.CANCELLED)
    elif moved:
        reopen_note(actor, note, moved)


def _change(actor: User, note: Note, touched: dict[str, Any]) -> None:
    if not touched:
        return
    before = _kept({name: getattr(note, name) for name in touched})
    for name, value in touched.items():
        setattr(note, name, value)
    if touched.keys() & {"remind_at", "repeats"}:
        note.repeats_from = _begin(note)
    if "situation" in touched:
        note.situation_at = clock.now()
    db.session.flush()
    record("note.changed", actor, _subject(note), before=before, after={"fields": sorted(touched), **_kept(touched)})
    if touched.keys() & {"remind_at", "mails"}:
        promise(note)


def follow(
    origin: Origin, origin_id: int, *, title: str, text: str = "", client_id: int | None = None,
    worker_id: int | None = None, owner_id: int | None = None, remind_at: datetime | None = None,
    category_code: str | None = None, priority: str = Priority.NORMAL, alert: bool = False,
) -> Note:  # fmt: skip
    """Write the note that follows an event or a complaint, as the portal's own: it does not say who reported it.

    Args:
        origin, origin_id: what it follows. There is one note for each.
        client_id, worker_id: in whose records it shows.
        category_code: of the list of categories of notes, as it was shipped.
    """
    category = entry_of_code(ListName.NOTE, category_code).id if category_code else None
    note = Note(
        origin=origin, origin_id=origin_id, title=title, text=text, client_id=client_id, worker_id=worker_id,
        owner_id=owner_id, remind_at=remind_at, category_id=category, priority=priority, alert=alert,
    )  # fmt: skip
    _add(None, note)
    return note


def move(actor: User, note: Note, to: Situation) -> None:
    """Finish a note, cancel it, take it in hand or take it up again, in one click.

    Raises:
        Refused: as `end_note` and `reopen_note`, or what it follows does not allow it to this person, or not now.
    """
    _refuse_to_move(actor, note, to)
    if to in ENDED:
        end_note(actor, note, cancelled=to == Situation.CANCELLED)
    elif note.situation in ENDED:
        reopen_note(actor, note, to)
    else:
        _change(actor, note, {"situation": to} if note.situation != to else {})


def end_note(actor: User | None, note: Note, *, cancelled: bool = False) -> None:
    """Finish a note, or cancel it. One that repeats, finished, is followed by the next.

    Raises:
        Refused: it is ended already, or it follows something and is to be cancelled.
    """
    if note.situation in ENDED:
        raise Refused(_l("This note is ended already."), "situation")
    if cancelled and note.origin:
        raise Refused(_l("This note follows something that has to be dealt with: it can only be finished."),
                      "situation")  # fmt: skip
    before, moment = note.situation, clock.now()
    note.situation, note.situation_at = Situation.CANCELLED if cancelled else Situation.DONE, moment
    note.done_at, note.done_by = (None, None) if cancelled else (moment, actor.name if actor else None)
    db.session.flush()
    told = {"situation": note.situation}
    record("note.ended", actor, _subject(note), before={"situation": before}, after=told)
    take_back(note)
    if not cancelled and note.repeats != Repeat.NEVER:
        _repeat(note)
    wires.react("note ended", actor, note)


def reopen_note(actor: User | None, note: Note, to: Situation = Situation.TODO) -> None:
    """Take up again a note that was finished or cancelled.

    Raises:
        Refused: it is not ended.
    """
    if note.situation not in ENDED:
        raise Refused(_l("This note is not ended."), "situation")
    before = note.situation
    note.situation, note.situation_at, note.done_at, note.done_by = to, clock.now(), None, None
    db.session.flush()
    told = {"situation": note.situation}
    record("note.reopened", actor, _subject(note), before={"situation": before}, after=told)
    promise(note)
    wires.react("note reopened", actor, note)


def _repeat(note: Note) -> None:
    """Write the next note of a series, once, for the first of its days that is still to come."""
    if note.repeats_from is None or note.remind_at is None:
        return
    if db.session.scalar(select(exists().where(Note.follows_id == note.id))):
        return
    same = {name: getattr(note, name) for name in Draft.__dataclass_fields__}
    moment = next_moment(note.repeats_from, note.repeats, max(note.remind_at, clock.now()))
    kept = {"repeats_from": note.repeats_from, "created_id": note.created_id, "created_by": note.created_by}
    _add(None, Note(**{**same, **kept, "situation": Situation.TODO, "remind_at": moment, "follows_id": note.id}))


def _add(actor: User | None, note: Note) -> None:
    db.session.add(note)
    db.session.flush()
    kept = {name: value for name in KEPT if (value := getattr(note, name)) not in (None, False, Repeat.NEVER)}
    record("note.written", actor, _subject(note), after=_kept(kept))
    promise(note)


def _refuse(draft: Draft) -> None:
    if not draft.title:
        raise Refused(_l("Please give a title."), "title")
    if draft.remind_at is None and draft.repeats != Repeat.NEVER:
        raise Refused(_l("Please say when the reminder is due first: it comes back counted from there."), "remind_on")
    if draft.remind_at is None and draft.mails:
        raise Refused(_l("Please say when the mail is to leave: give the day of the reminder."), "remind_on")
    if draft.owner_id is None and draft.mails:
        raise Refused(_l("Please say who has it in hand: the mail goes to this person."), "owner_id")


def _refuse_past(draft: Draft) -> None:
    if draft.remind_at and draft.remind_at <= clock.now():
        raise Refused(_l("This moment is over. Please choose one that is still to come."), "remind_on")


def _refuse_to_move(actor: User, note: Note, to: Situation) -> None:
    if _crosses(note, to) and not may_end(actor, note):
        raise Refused(_l("This note ends and is taken up again with what it follows: please do it there."), "situation")


def _crosses(note: Note, to: str | None) -> bool:
    """Whether a note would be ended, taken up again, or ended otherwise."""
    return to is not None and to != note.situation and (to in ENDED or note.situation in ENDED)


def _begin(note: Draft | Note) -> datetime | None:
    """Where the series of a reminder begins, by the wall clock."""
    return wall_of(note.remind_at) if note.remind_at and note.repeats != Repeat.NEVER else None


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value
            for name, value in values.items() if name in KEPT}  # fmt: skip


def _subject(note: Note) -> tuple[str, int]:
    return "note", note.id
