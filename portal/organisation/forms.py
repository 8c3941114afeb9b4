"""The forms of sectors, services and skills. They carry the version that was shown: who comes second sees both."""

from collections.abc import Mapping
from typing import ClassVar, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, NumberRange, Optional, ValidationError

from portal.forms import NumberField, clean_line
from portal.organisation.catalogue import Value
from portal.organisation.sectors import KIND_LABELS
from portal.people.models import SkillLevel, Versioned
from portal.people.record_forms import VersionedForm, numbers

LONGEST = 80
_SHORT = Length(max=LONGEST, message=_l("Please use at most %(max)d characters."))
_NAMED = DataRequired(_l("Please give a name."))
SHORTEST_VISIT, LONGEST_VISIT = 5, 24 * 60  # minutes
LENGTHS_OF_VISITS = NumberRange(SHORTEST_VISIT, LONGEST_VISIT, _l("Between 5 minutes and 24 hours (1440 minutes)."))


def _number(text: object) -> int | None:
    return int(str(text)) if text not in ("", None) else None


class CatalogueForm(VersionedForm):
    """What the forms of sectors, services, skills and reasons share.

    Attributes:
        written: the columns that it fills.
        standing: after somebody else was faster, what stands by now in the fields that differ, in words.
    """

    written: ClassVar[tuple[str, ...]]

    def __init__(self, thing: Versioned | None = None, *, typed: bool = True, **data: object) -> None:
        """Show a thing, or what was typed of it; with `typed=False` what was posted is another form's."""
        self.thing, self.standing = thing, {}
        there = {name: getattr(thing, name) for name in self.written} if thing else {}
        super().__init__(**({} if typed else {"formdata": None}), data={**there, **data})
        if thing and not (typed and self.is_submitted()):
            self.version.data = str(thing.version)

    def typed(self) -> dict[str, Value]:
        """What was typed, by column; nothing is None."""
        return {name: self[name].data if isinstance(self[name], BooleanField) else self[name].data or None
                for name in self.written}  # fmt: skip

    def show_standing(self) -> None:
        typed = self.typed()
        for name in self.written:
            stands = getattr(self.thing, name)
            if stands != typed[name]:
                self.standing[name] = self.words_of(name, stands)
        self.version.data = str(cast("Versioned", self.thing).version)


class SectorForm(CatalogueForm):
    written = ("name", "kind", "parent_id", "manager_id")
    name = StringField(_l("Name of the sector"), validators=[_NAMED, _SHORT])
    kind = SelectField(_l("What it is"), choices=[])
    parent_id = SelectField(_l("Lies below"), choices=[], coerce=_number)
    manager_id = SelectField(_l("Manager"), choices=[], coerce=_number)

    def offer(self, places: Mapping[int, str], managers: Mapping[int, str]) -> None:
        """Say what can be chosen. Whatever else is sent is refused."""
        self.kind.choices = [SelectChoice(value=kind, label=str(label)) for kind, label in KIND_LABELS.items()]
        self.parent_id.choices = [SelectChoice(value="", label=_("Nothing: it is at the top")), *numbers(places)]
        self.manager_id.choices = [SelectChoice(value="", label=_("Nobody")), *numbers(managers)]


class ServiceForm(CatalogueForm):
    written = ("name", "default_minutes", "regulated", "active")
    name = StringField(_l("Name of the service"), validators=[_NAMED, _SHORT])
    hours = NumberField(
        _l("Hours"), validators=[Optional(), NumberRange(0, 24, _l("Please give a number from 0 to 24."))]
    )
    minutes = NumberField(
        _l("Minutes"), validators=[Optional(), NumberRange(0, 59, _l("Please give a number from 0 to 59."))]
    )
    regulated = BooleanField(_l("Authorised by the department"))
    active = BooleanField(_l("Offered for new visits"))

    def validate_minutes(self, field: NumberField) -> None:
        if field.errors or self.hours.errors or not self.lasts:
            return
        if not SHORTEST_VISIT <= self.lasts <= LONGEST_VISIT:
            raise ValidationError(LENGTHS_OF_VISITS.message)

    def __init__(self, thing: Versioned | None = None) -> None:
        usual = getattr(thing, "default_minutes", None)
        lasts = {"hours": usual // 60, "minutes": usual % 60} if usual else {}
        super().__init__(thing, **lasts, **({} if thing else {"active": True, "regulated": True}))

    def typed(self) -> dict[str, Value]:
        switches = {"regulated": self.regulated.data, "active": self.active.data}
        return {"name": self.name.data or None, "default_minutes": self.lasts or None, **switches}

    @property
    def lasts(self) -> int:
        return (self.hours.data or 0) * 60 + (self.minutes.data or 0)

    def words_of(self, name: str, value: object) -> str:
        if name == "default_minutes":
            return _("%(minutes)s min", minutes=value) if value else ""
        return super().words_of(name, value)


class SkillForm(CatalogueForm):
    written = ("name", "active")
    name = StringField(_l("Name of the skill"), validators=[_NAMED, _SHORT])
    active = BooleanField(_l("Can be given to workers"))


class NewSkillForm(CatalogueForm):
    written = ("name",)
    name = StringField(_l("Name of the skill"), validators=[_NAMED, _SHORT])
    levels = TextAreaField(_l("Levels"), validators=[Length(max=1000)])

    def lines(self) -> list[str]:
        """The levels that were typed, one a line, empty lines left out."""
        lines = (str(clean_line(line)) for line in (self.levels.data or "").splitlines())
        return [line for line in lines if line]

    def validate_levels(self, _field: TextAreaField) -> None:
        if any(len(line) > LONGEST for line in self.lines()):
            raise ValidationError(_("A level has at most %(max)d characters.", max=LONGEST))


class LevelForm(CatalogueForm):
    """A level, under the version of its skill."""

    written = ("name",)
    name = StringField(_l("Name of the level"), validators=[_NAMED, _SHORT])

    def __init__(self, level: SkillLevel | None = None, *, typed: bool = True) -> None:
        super().__init__(typed=typed)
        self.level = level

    def show_standing(self) -> None:
        """Lay the level's present name beside what was typed, if it differs."""
        if self.level and self.level.name != self.name.data:
            self.standing["name"] = self.level.name
