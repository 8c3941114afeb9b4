"""What the forms of the follow-up share, and those of feedback and of the end."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, Protocol, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms import DateField, RadioField, SelectField, TextAreaField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional, ValidationError

from portal import clock
from portal.adverse_events.feedback import HOW_LABELS, IMPOSSIBLE, Told, Word
from portal.adverse_events.models import LONGEST_TEXT, AdverseEvent
from portal.adverse_events.words import SEVERITIES, severity_words
from portal.forms import near, of_the_clock
from portal.i18n import exact, full_day, local, zone
from portal.people.record_forms import VersionedForm

TOO_LONG = _l("Please use at most %(max)d characters.")


class Record(Protocol):
    """Something that several people edit."""

    version: int


def offered(labels: Mapping[Any, object]) -> list[SelectChoice]:
    return [SelectChoice(value=str(key), label=str(label)) for key, label in labels.items()]


def number(text: object) -> int | None:
    return int(str(text)) if text not in ("", None) else None


def forget_unless_typed(field: DateField | TimeField) -> None:
    """An empty field is no wrong date: whether it is needed, the form says."""
    if not any(field.raw_data or ()):
        cast("list", field.errors).clear()


def moment_of(day: date, hour: time) -> datetime:
    """A moment that was typed as the agency's clocks show it; of the hour that comes twice, the first."""
    return datetime.combine(day, hour, zone()).astimezone(UTC)


class FollowForm(VersionedForm):
    """A form about a record that several people edit: an event, its analysis, an action.

    Attributes:
        standing: after somebody else was faster, what stands by now in the fields that differ, in words.
    """

    def __init__(self, record: Record | None, **data: object) -> None:
        self.record, self.standing = record, {}
        super().__init__(data=data)
        if not self.is_submitted():
            self.version.data = self._now()

    def show_standing(self) -> None:
        for name, words in self.stands().items():
            if words != self.words_of(name, self[name].data):
                self.standing[name] = words
        self.version.data = self._now()

    def stands(self) -> dict[str, str]:
        """What stands in each field that somebody else may have saved, in words."""
        return {}

    def words_of(self, name: str, value: object) -> str:
        return full_day(value) if isinstance(value, date) else super().words_of(name, value)

    def _now(self) -> str:
        return str(self.record.version if self.record else 0)


class ToldForm(FollowForm):
    """That somebody was told what became of an event."""

    how = RadioField(_l("How"), choices=[], validators=[InputRequired(_l("Please say how."))])
    day = DateField(_l("On which day?"), validators=[Optional(), near])
    hour = TimeField(_l("At what time?"))
    text = TextAreaField(
        lazy_pgettext("event", "What became of it"), validators=[Length(max=LONGEST_TEXT, message=TOO_LONG)]
    )

    def __init__(self, event: AdverseEvent, whom: Told) -> None:
        at = {Told.REPORTER: event.told_at, Told.CLIENT: event.client_told_at, Told.COUNCIL: event.council_told_at}
        how = {Told.REPORTER: event.told_how, Told.CLIENT: event.client_told_how, Told.COUNCIL: None}
        begin = local(at[whom] or clock.now())
        super().__init__(event, how=how[whom], day=begin.date(), hour=begin.time(), text=event.told_text)
        self.at, self.whom = at[whom], whom
        self.how.choices = offered(HOW_LABELS)
        if whom != Told.REPORTER:
            del self.text
        if whom == Told.COUNCIL:
            del self.how

    def validate_hour(self, field: TimeField) -> None:
        forget_unless_typed(field)
        of_the_clock(self, field)
        if self._is_impossible:
            return
        if not self.day.data and not self.day.errors:
            raise ValidationError(_("Please give the day and the time."))
        if field.data is None:
            cast("list", field.errors).clear()
            raise ValidationError(_("Please give the time."))

    @property
    def _is_impossible(self) -> bool:
        return "how" in self and self.how.data == IMPOSSIBLE

    def word(self) -> Word:
        day, hour = self.day.data, self.hour.data
        at = moment_of(day, cast("time", hour)) if day and hour and not self._is_impossible else None
        how = str(self.how.data) if "how" in self else ""
        return Word(at, how, (self.text.data or "") if "text" in self else "")

    def stands(self) -> dict[str, str]:
        event = cast("AdverseEvent", self.record)
        said = {"day": exact(self.at) if self.at else ""}
        return {**said, "text": event.told_text or ""} if "text" in self else said

    def words_of(self, name: str, value: object) -> str:
        if name == "day":
            at = self.word().at
            return exact(at) if at else ""
        return super().words_of(name, value)


class CloseForm(FollowForm):
    """How an event ends."""

    why = TextAreaField(
        _l("Why it is closed"),
        validators=[
            DataRequired(_l("Please say in a few words why it is closed.")), Length(max=LONGEST_TEXT, message=TOO_LONG),
        ],
    )  # fmt: skip
    residual = SelectField(_l("Severity that is left"), choices=[], coerce=number)

    def __init__(self, event: AdverseEvent) -> None:
        super().__init__(event)
        nothing = SelectChoice(value="", label=_("Not said"))
        self.residual.choices = [nothing, *offered({level: severity_words(level) for level in SEVERITIES})]


class ReopenForm(FollowForm):
    """Why a closed event is opened again."""

    why = TextAreaField(
        _l("Why it is opened again"),
        validators=[
            DataRequired(_l("Please say in a few words why it is opened again.")),
            Length(max=LONGEST_TEXT, message=TOO_LONG),
        ],
    )
