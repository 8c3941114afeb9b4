"""Notes as rows: of a record, of a visit, of one's own reminders, of the home page."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Row, Select, and_, case, or_
from sqlalchemy.orm import aliased

from portal import clock
from portal.accounts.models import User
from portal.i18n import language, local, start_of_day
from portal.labels import first_label
from portal.notes.models import Note
from portal.notes.queries import WAITING, visible_notes
from portal.notes.words import badges
from portal.organisation.models import ListEntry
from portal.people.models import Client, Staff, Worker

Owner, Colleague = aliased(Staff), aliased(Staff)


@dataclass(frozen=True)
class NoteRow:
    """A line about a note. Whom it is about is named by name; `when` is the section of one's own reminders."""

    id: int
    title: str
    category: str
    client: str
    worker: str
    colleague: str
    owner: str
    situation: str
    priority: str
    alert: bool
    remind_at: datetime | None
    repeats: str
    situation_at: datetime
    when: object

    @property
    def badges(self) -> list[tuple[object, str]]:
        return badges(self.situation, self.priority, self.remind_at, alert=self.alert)


def named(kind: Any) -> ColumnElement[str]:
    return kind.first_name + " " + kind.last_name


def rows(chosen: Select[Note]) -> Select:
    """The same notes, with what a line says of each."""
    return (
        chosen.outerjoin(ListEntry, ListEntry.id == Note.category_id)
        .outerjoin(Client, Client.id == Note.client_id)
        .outerjoin(Worker, Worker.id == Note.worker_id)
        .outerjoin(Colleague, Colleague.id == Note.colleague_id)
        .outerjoin(Owner, Owner.id == Note.owner_id)
        .with_only_columns(
            Note.id, Note.title, Note.situation, Note.priority, Note.alert, Note.remind_at, Note.repeats,
            Note.situation_at, ListEntry.id.label("category_id"), ListEntry.label_fr, ListEntry.label_ru,
            ListEntry.label_en, named(Client).label("client"), named(Worker).label("worker"),
            named(Colleague).label("colleague"), named(Owner).label("owner"),
        )
    )  # fmt: skip


def as_row(row: Row) -> NoteRow:
    labels = {"fr": row.label_fr, "ru": row.label_ru, "en": row.label_en}
    return NoteRow(
        row.id, row.title, first_label(labels, language()) if row.category_id else "", row.client or "",
        row.worker or "", row.colleague or "", row.owner or "", row.situation, row.priority, row.alert, row.remind_at,
        row.repeats, row.situation_at, section_of(row.remind_at),
    )  # fmt: skip


def of_record(chosen: Select[Note]) -> Select:
    """Notes of a record: those that wait first, alerts and early reminders before the rest; then those last ended."""
    waits, dated = case((WAITING, 0), else_=1), case((Note.remind_at.is_(None), 1), else_=0)
    first = case((and_(WAITING, Note.alert), 0), else_=1)
    ended = case((WAITING, None), else_=Note.situation_at).desc()
    return rows(chosen).order_by(waits, first, case((WAITING, dated), else_=0),
                                 case((WAITING, Note.remind_at), else_=None), ended, Note.id.desc())  # fmt: skip


# ---- one's own ----


def own_reminders(user: User) -> Select:
    """What waits and is in this person's hands, or is attached to their record, by when it is due."""
    own = or_(Note.owner_id == user.staff_id, Note.colleague_id == user.staff_id)
    undated = case((Note.remind_at.is_(None), 1), else_=0)
    return rows(visible_notes(user).where(WAITING, own)).order_by(undated, Note.remind_at, Note.id)


def section_of(remind_at: datetime | None) -> object:
    """Among one's own reminders: overdue, today, this week, later, or without a date."""
    if remind_at is None:
        return _l("Without a reminder")
    today = local(clock.now()).date()
    if remind_at <= clock.now():
        return _l("Overdue reminders")
    if remind_at < start_of_day(today + timedelta(days=1)):
        return _l("Later today")
    if remind_at < start_of_day(today + timedelta(days=7 - today.weekday())):
        return _l("Later this week")
    return _l("After this week")
