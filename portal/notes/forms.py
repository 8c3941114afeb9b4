"""The forms of a note."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms import BooleanField, DateField, SelectField, StringField, TextAreaField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from portal.accounts.models import User
from portal.extensions import db
from portal.forms import PortalForm, near, of_the_clock
from portal.i18n import full_day
from portal.notes.about import About
from portal.notes.actions import Draft
from portal.notes.models import LONGEST_TEXT, LONGEST_TITLE, Note, Situation
from portal.notes.repeating import moment_of, wall_of
from portal.notes.words import PRIORITY_LABELS, REPEAT_LABELS, SITUATION_LABELS
from portal.organisation.lists import offered
from portal.organisation.models import ListName
from portal.people.models import Worker
from portal.people.queries import visible_workers
from portal.people.record_forms import VersionedForm
from portal.people.records import told_apart

NINE = time(9)  # at which a reminder is due that has no hour


def _choices(labels: Mapping[Any, object], nothing: object = None) -> list[SelectChoice]:
    found = [SelectChoice(value=str(key), label=str(label)) for key, label in labels.items()]
    return found if nothing is None else [SelectChoice(value="", label=str(nothing)), *found]


def _number(text: object) -> int | None:
    return int(str(text)) if text not in ("", None) else None


class NoteForm(VersionedForm):
    """A note: to be written, or with what it holds.

    Attributes:
        standing: after somebody else was faster, what stands by now in the fields that differ, in words.
    """

    title = StringField(
        lazy_pgettext("note", "Title"),
        validators=[
            InputRequired(_l("Please give a title.")),
            Length(max=LONGEST_TITLE, message=_l("Please use at most %(max)d characters.")),
        ],
    )
    text = TextAreaField(
        _l("Text"), validators=[Length(max=LONGEST_TEXT, message=_l("Please use at most %(max)d characters."))]
    )
    category_id = SelectField(_l("Category"), choices=[], coerce=_number)
    owner_id = SelectField(_l("In the hands of"), choices=[], coerce=_number)
    worker_id = SelectField(_l("Worker"), choices=[], coerce=_number)
    colleague_id = SelectField(_l("Colleague"), choices=[], coerce=_number)
    remind_on = DateField(_l("Day of the reminder"), validators=[Optional(), near])
    remind_time = TimeField(_l("Hour"), validators=[Optional(), of_the_clock])
    repeats = SelectField(_l("Comes back"), choices=[])
    mails = BooleanField(_l("Alert by mail"))
    situation = SelectField(_l("Situation"), choices=[])
    priority = SelectField(_l("Priority"), choices=[])
    alert = BooleanField(_l("Alert"))

    def __init__(self, user: User, about: About, note: Note | None = None, **data: object) -> None:
        self.about, self.note, self.standing = about, note, {}
        super().__init__(data={**_values(user, about, note), **data})
        self._offer(user)
        if note is None or not self.is_submitted():
            self.version.data = str(note.version if note else 0)

    def _offer(self, user: User) -> None:
        note, about = self.note, self.about
        kept = {note.category_id} - {None} if note else set()
        staff = about.staff(user.staff_id, *((note.owner_id, note.colleague_id) if note else ()),
                            about.colleague.id if about.colleague else None)  # fmt: skip
        self.category_id.choices = _choices(offered(ListName.NOTE, cast("set[int]", kept)), _("No category"))
        self.owner_id.choices = _choices(staff, _("Nobody yet"))
        self.colleague_id.choices = _choices(staff, _("Nobody"))
        self.worker_id.choices = _choices(_workers(user, about.worker), _("Nobody"))
        self.repeats.choices = _choices(REPEAT_LABELS)
        self.priority.choices = _choices(PRIORITY_LABELS)
        self.situation.choices = _choices(SITUATION_LABELS)
        if note and note.origin:  # with what it follows, it is about whom that is about, and comes back with it
            del self.worker_id, self.repeats

    def validate_remind_time(self, field: TimeField) -> None:
        if field.data is not None and not (self.remind_on.raw_data or [""])[0]:
            raise ValidationError(_("Please give the day as well."))

    @property
    def remind_at(self) -> datetime | None:
        if self.remind_on.data is None:
            return None
        moment = moment_of(datetime.combine(self.remind_on.data, cast("time", self.remind_time.data or NINE)))
        # what the form has shown without its seconds is not another moment
        kept = self.note.remind_at if self.note else None
        return kept if kept and kept.replace(second=0, microsecond=0) == moment else moment

    def typed(self) -> Draft:
        """What was typed, once the form is valid."""
        about, note = self.about, self.note
        values: dict[str, Any] = {name: self[name].data for name in Draft.__dataclass_fields__ if name in self}
        if note and note.origin:
            values |= {"worker_id": note.worker_id, "repeats": note.repeats}
        values |= {"client_id": about.client and about.client.id, "visit_id": about.visit and about.visit.id}
        return Draft(**values, remind_at=self.remind_at)

    def show_standing(self) -> None:
        if self.note is None:
            return
        db.session.refresh(self.note)
        for name, value in _held(self.note).items():
            if name in self and (words := self.words_of(name, value)) != self.words_of(name, self[name].data):
                self.standing[name] = words
        self.version.data = str(self.note.version)

    def words_of(self, name: str, value: object) -> str:
        if isinstance(value, date):
            return full_day(value)
        return f"{value.hour}:{value.minute:02d}" if isinstance(value, time) else super().words_of(name, value)


def _held(note: Note) -> dict[str, Any]:
    """What stands in each field."""
    when = wall_of(note.remind_at) if note.remind_at else None
    names = ("title", "text", "category_id", "owner_id", "worker_id", "colleague_id", "repeats", "mails", "situation",
             "priority", "alert")  # fmt: skip
    return {**{name: getattr(note, name) for name in names}, "remind_on": when and when.date(),
            "remind_time": when and when.time()}  # fmt: skip


def _values(user: User, about: About, note: Note | None) -> dict[str, Any]:
    """What the form begins with: whoever writes a note has it in hand, unless they say who does."""
    if note:
        return _held(note)
    return {"owner_id": user.staff_id, "worker_id": about.worker and about.worker.id, "situation": Situation.TODO,
            "colleague_id": about.colleague and about.colleague.id, "priority": "normal"}  # fmt: skip


def _workers(user: User, there: Worker | None) -> dict[int, str]:
    """Workers at work whom this person may see, and who is there already."""
    chosen = visible_workers(user).where(Worker.active).order_by(Worker.last_name, Worker.first_name)
    listed = db.session.execute(chosen.with_only_columns(Worker.id, Worker.last_name, Worker.first_name)).all()
    found = {row.id: f"{row.last_name} {row.first_name}".strip() for row in listed}
    if there:
        found |= {there.id: f"{there.last_name} {there.first_name}".strip()}
    return told_apart(user, found)


class SituationForm(PortalForm):
    """One click on a note: where it stands from now on."""

    situation = SelectField(choices=[SelectChoice(value=str(one), label=str(one)) for one in Situation])
