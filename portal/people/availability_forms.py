"""The small forms on the record of a worker: a skill, hours of the week, an absence."""

from collections.abc import Sequence
from datetime import date, time
from typing import cast

from babel.dates import get_day_names
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, SelectField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, ValidationError

from portal.forms import PortalForm, day_within_reach
from portal.i18n import PARTS, language
from portal.people.availability import REASONS
from portal.people.models import MIDNIGHT, Skill


def weekdays() -> dict[int, str]:
    """Names of the days of the week, as they stand alone; 0 is Monday."""
    names = get_day_names("wide", context="stand-alone", locale=PARTS[language()])
    return {number: name[:1].upper() + name[1:] for number, name in sorted(names.items())}


class SkillForm(PortalForm):
    """A skill with its level, in one choice: a level belongs to its skill."""

    skill = SelectField(_l("Skill and level"), choices=[])

    def __init__(self, catalogue: Sequence[Skill], **data: object) -> None:
        super().__init__(**data)
        self.skill.choices = [choice for skill in catalogue for choice in _levels_of(skill)]

    @property
    def said(self) -> tuple[int, int | None]:
        """The skill and the level, once the form is valid."""
        skill, _colon, level = (self.skill.data or "").partition(":")
        return int(skill), int(level) if level else None


def _levels_of(skill: Skill) -> list[SelectChoice]:
    levels = [SelectChoice(f"{skill.id}:{level.id}", f"{skill.name} · {level.name}") for level in skill.levels]
    return levels or [SelectChoice(f"{skill.id}:", skill.name)]


class HoursForm(PortalForm):
    weekday = SelectField(_l("Day of the week"), choices=[])
    begins = TimeField(_l("Begins at"), validators=[InputRequired(_l("Please give a time."))])
    ends = TimeField(_l("Ends at"), validators=[InputRequired(_l("Please give a time."))])

    def __init__(self, **data: object) -> None:
        super().__init__(**data)
        self.weekday.choices = [SelectChoice(str(number), name) for number, name in weekdays().items()]

    def validate_ends(self, field: TimeField) -> None:
        if self.begins.data == MIDNIGHT and field.data == time(0):
            raise ValidationError(_("The end has to come after the beginning."))

    @property
    def said(self) -> tuple[int, time, time]:
        """The day of the week and the hours, once the form is valid."""
        return int(self.weekday.data or 0), cast("time", self.begins.data), cast("time", self.ends.data)


class AbsenceForm(PortalForm):
    first_day = DateField(_l("First day"), validators=[InputRequired(_l("Please give a day."))])
    last_day = DateField(_l("Last day"), validators=[InputRequired(_l("Please give a day."))])
    reason = SelectField(_l("Reason"), choices=[])

    def __init__(self, **data: object) -> None:
        super().__init__(**data)
        self.reason.choices = [SelectChoice(code, str(label)) for code, label in REASONS.items()]

    @property
    def said(self) -> tuple[date, date, str]:
        """Both days and the reason, once the form is valid."""
        return cast("date", self.first_day.data), cast("date", self.last_day.data), str(self.reason.data)

    def validate_first_day(self, field: DateField) -> None:
        _refuse_far_days(field)

    def validate_last_day(self, field: DateField) -> None:
        _refuse_far_days(field)
        if field.data and self.first_day.data and field.data < self.first_day.data:
            raise ValidationError(_("The last day cannot come before the first."))


def _refuse_far_days(field: DateField) -> None:
    if field.data and not day_within_reach(field.data):
        raise ValidationError(_("This day is too far away."))
