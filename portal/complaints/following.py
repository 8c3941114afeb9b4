"""What staff do with a complaint: acknowledge it, say that it takes longer, answer, resolve, take it up again."""

from dataclasses import dataclass
from datetime import timedelta

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, false
from sqlalchemy.orm.attributes import flag_modified

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.complaints.actions import morning_of
from portal.complaints.alerts import promise_alerts
from portal.complaints.messages import tell_complainant
from portal.complaints.models import Complaint
from portal.complaints.queries import visible_complaints
from portal.complaints.standing import State, is_answered, state_of
from portal.errors import Refused
from portal.extensions import NoteOrigin, db
from portal.i18n import full_day, local
from portal.notes.actions import end_note, reopen_note
from portal.notes.models import Note, Origin, Situation
from portal.organisation.models import ListEntry, ListName
from portal.people.queries import overseers
from portal.roles import GRANTS, Permission
from portal.settings.queries import option


class Late(Refused):
    """Somebody else has changed the complaint since the form was opened."""

    def __init__(self) -> None:
        super().__init__(_l("Somebody changed this complaint in the meantime. Nothing of yours is saved yet: please "
                            "look at how it stands now, then save again."), "stale")  # fmt: skip


@dataclass(frozen=True)
class Change:
    """What staff correct of a complaint: what it is about, how it came, who has it in hand."""

    subject: ListEntry
    channel: str
    owner_id: int | None


def state_now(complaint: Complaint) -> State:
    return state_of(complaint, complaint.note.situation if complaint.note else None)


def acknowledge(actor: User, complaint: Complaint, version: int) -> None:
    """Say that the complaint has arrived and is dealt with; who complains is told.

    Raises:
        Refused: it has another version by now, it was acknowledged before, or it is closed.
    """
    _refuse_late(complaint, version)
    if complaint.acknowledged_at:
        raise Refused(_l("The receipt of this complaint is acknowledged already."), "done")
    _acknowledge(actor, complaint)
    db.session.flush()
    record("complaint.acknowledged", actor, _subject(complaint), after={"state": state_now(complaint).value})
    tell_complainant(complaint, "acknowledged")


def announce_delay(actor: User, complaint: Complaint, version: int) -> None:
    """Say that the answer takes longer (lettre d’attente): it is due later, once.

    Raises:
        Refused: it has another version by now, this was said before, or it is answered or closed.
    """
    _refuse_late(complaint, version)
    if complaint.waiting_at or is_answered(complaint):
        raise Refused(_l("That the answer takes longer is said once, before there is one."), "done")
    first = local(complaint.reopened_at or complaint.received_at).date()
    before, last = complaint.answer_by, first + timedelta(days=option("complaints.complex_days"))
    complaint.waiting_at, complaint.answer_by = clock.now(), max(before, last)
    _acknowledge(actor, complaint)
    db.session.flush()
    record("complaint.waiting", actor, _subject(complaint), before={"answer_by": before.isoformat()},
           after={"answer_by": complaint.answer_by.isoformat()})  # fmt: skip
    promise_alerts(complaint)
    tell_complainant(complaint, "waiting")


def answer(actor: User, complaint: Complaint, text: str, version: int) -> None:
    """Answer who complains: they read it on their portal at once. An answer after a complaint was taken up again stands
    below the former one.

    Raises:
        Refused: it has another version by now, it is answered or closed, or nothing was written.
    """
    _refuse_late(complaint, version)
    if is_answered(complaint):
        raise Refused(_l("This complaint is answered already. Reopen it to answer once more."), "done")
    if not text:
        raise Refused(_l("Please write the answer."), "text")
    former = complaint.answer
    complaint.answer = f"{former}\n\n— {full_day(clock.now())} —\n\n{text}" if former else text
    complaint.answered_at, complaint.answered_by = clock.now(), actor.name
    _acknowledge(actor, complaint)
    db.session.flush()
    record("complaint.answered", actor, _subject(complaint), after={"state": state_now(complaint).value})
    tell_complainant(complaint, "answered", complaint.version)


def resolve(actor: User, complaint: Complaint, outcome: str, version: int) -> None:
    """Say how it ended, and finish its note: with that it is closed. One that is closed gets its outcome.

    Raises:
        Refused: it has another version by now, or how it ended is known.
    """
    if complaint.version != version:
        raise Late
    if state_now(complaint) == State.CLOSED and complaint.outcome:
        raise Refused(_l("This complaint is closed. Reopen it to go on."), "done")
    complaint.outcome = outcome
    db.session.flush()
    if state_now(complaint) == State.CLOSED:
        record("complaint.changed", actor, _subject(complaint), after={"outcome": outcome})
    elif complaint.note:
        end_note(actor, complaint.note)


def reopen(actor: User, complaint: Complaint, why: str, version: int) -> None:
    """Take up a complaint again that was answered or closed: it is to be answered anew, within the usual time.

    Raises:
        Refused: it has another version by now, it is neither, or nobody says why.
    """
    if complaint.version != version:
        raise Late
    state = state_now(complaint)
    if state not in (State.ANSWERED, State.CLOSED):
        raise Refused(_l("This complaint is neither answered nor closed."), "done")
    if not why:
        raise Refused(_l("Please say why it is taken up again."), "why")
    if state == State.CLOSED and complaint.note:
        reopen_note(actor, complaint.note)  # the rest follows from that, wherever it is done
    else:
        _take_up(actor, complaint)
    complaint.reopened_why = why
    db.session.flush()


def change(actor: User, complaint: Complaint, typed: Change, version: int) -> None:
    """Correct what a complaint is about and how it came, or give it into other hands.

    Raises:
        Refused: it has another version by now, a subject that is not offered, or somebody who may not see it.
    """
    if complaint.version != version:
        raise Late
    note = complaint.note
    before = {"subject": complaint.subject_id, "channel": complaint.channel, "owner": note.owner_id if note else None}
    after = {"subject": typed.subject.id, "channel": typed.channel, "owner": typed.owner_id}
    touched = [name for name, value in after.items() if value != before[name]]
    if not touched:
        return
    if typed.subject.list != ListName.COMPLAINT or not (typed.subject.active or "subject" not in touched):
        raise Refused(_l("Please choose one of the subjects offered."), "subject_id")
    if "owner" in touched and typed.owner_id is not None and typed.owner_id not in overseers(complaint.sector_id):
        raise Refused(_l("Please choose one of those who see this complaint."), "owner_id")
    complaint.subject, complaint.channel = typed.subject, typed.channel
    if note:
        note.owner_id = typed.owner_id
        flag_modified(complaint, "channel")  # whoever has the page open is late, though only the note has changed
    db.session.flush()
    record("complaint.changed", actor, _subject(complaint), before={name: before[name] for name in touched},
           after={name: after[name] for name in touched})  # fmt: skip


# ---- its note, wherever it is finished or taken up again ----


def _visible(user: User) -> Select[int]:
    """While the module is off there is no page of a complaint, and so nobody reads its note."""
    seen = visible_complaints(user).with_only_columns(Complaint.id)
    return seen if option("complaints.enabled") else seen.where(false())


NOTES = NoteOrigin(
    visible=_visible,
    address=lambda number: url_for("staff.show_complaint", complaint_id=number),
    label=_l("Complaint"),
    may_end=lambda user, _number: Permission.HANDLE_COMPLAINTS in GRANTS[user.role],
)


def note_ended(actor: User | None, note: Note) -> None:
    """With its note a complaint is resolved."""
    if note.origin == Origin.COMPLAINT and note.situation == Situation.DONE:
        complaint = db.session.get_one(Complaint, note.origin_id)
        told = {"outcome": complaint.outcome} if complaint.outcome else None
        record("complaint.resolved", actor, _subject(complaint), after=told)


def note_reopened(actor: User | None, note: Note) -> None:
    """A complaint whose note is taken up again is open again."""
    if note.origin == Origin.COMPLAINT:
        _take_up(actor, db.session.get_one(Complaint, note.origin_id))


def _take_up(actor: User | None, complaint: Complaint) -> None:
    before = {"outcome": complaint.outcome} if complaint.outcome else None
    complaint.reopened_at, complaint.reopened_why = clock.now(), None
    complaint.outcome = complaint.waiting_at = None
    complaint.answer_by = local(clock.now()).date() + timedelta(days=option("complaints.answer_days"))
    _remind(complaint)
    db.session.flush()
    record("complaint.reopened", actor, _subject(complaint), before=before,
           after={"answer_by": complaint.answer_by.isoformat()})  # fmt: skip
    promise_alerts(complaint)


def _acknowledge(actor: User, complaint: Complaint) -> None:
    """Whatever is said to who complains says that it has arrived; the note reminds of what is due next."""
    if complaint.acknowledged_at is None:
        complaint.acknowledged_at, complaint.acknowledged_by = clock.now(), actor.name
    _remind(complaint)


def _remind(complaint: Complaint) -> None:
    if complaint.note and not is_answered(complaint):
        complaint.note.remind_at = morning_of(complaint.answer_by)


def _refuse_late(complaint: Complaint, version: int) -> None:
    if complaint.version != version:
        raise Late
    if state_now(complaint) == State.CLOSED:
        raise Refused(_l("This complaint is closed. Reopen it to go on."), "done")


def _subject(complaint: Complaint) -> tuple[str, int]:
    return "complaint", complaint.id
