"""The filters that every control table has, and the name under which a choice of them is kept."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import parse_qsl

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, DateField, Field, HiddenField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from portal import clock
from portal.controls.periods import LONGEST, PERIODS, USUAL, days_of, months_later
from portal.forms import FilterForm, PortalForm, choices, near
from portal.i18n import local, written_day

LONGEST_NAME = 60
LONGEST_QUERY = 2000  # signs of an address that is kept
NOT_YOURS = _l("This choice is not among those that you may see. Please choose again.")

Query = list[tuple[str, str]]


class ControlFilter(FilterForm):
    """The period; each table adds its own fields. A free period has two ends, given or not."""

    usual_period = "this_month"
    periods: Sequence[str] = USUAL
    longest = LONGEST  # months of one period
    looks_ahead = False  # whether what counts may lie in any year to come: the period may then be every one
    about_period: object = ""  # a sentence: the period of what

    period = SelectField(_l("Period"), choices=[])
    first_day = DateField(_l("From"), validators=[Optional(), near])
    last_day = DateField(_l("To"), validators=[Optional(), near])

    def __init__(self, args: MultiDict, offered: Mapping[str, tuple[object, Sequence[tuple[int, str]]]]) -> None:
        """
        Args:
            args: of the address.
            offered: by field, the words for everything, and number and label of each choice.
        """
        super().__init__(args)
        self.offered = {name: {str(number) for number, _label in rows} for name, (_all, rows) in offered.items()}
        offers = {*self.periods, *(("all",) if self.looks_ahead else ())}
        periods = {key: label for key, label in PERIODS.items() if key in offers}
        self.period.choices = [SelectChoice(value=key, label=str(label)) for key, label in periods.items()]
        if not self.period.data:
            given = self.first_day.raw_data or self.last_day.raw_data
            self.period.data = "free" if given and any(given) else self.usual_period
        for name, (everything, rows) in offered.items():
            self[name].choices = choices(dict(rows), everything)
            self[name].invalid_choice_message = NOT_YOURS
            self[name].data = self[name].data or ""

    def validate(self, extra_validators: Any = None) -> bool:
        fine = super().validate(extra_validators)
        if self.period.data == "free":
            return self._has_days() and fine
        days = (self.first_day, self.last_day)
        return not any(each.errors for each in self if each not in days)  # what those say counts for nothing

    def _has_days(self) -> bool:
        """Complain of a free period that has no ends, runs backwards or is too long, at the field to be mended."""
        if self.first_day.errors or self.last_day.errors:
            return False
        given = [each for each in (self.first_day, self.last_day) if each.data]
        if not given:
            return _complain(self.first_day, _("Please say from when, or until when."))
        first, last = self.days()
        if last < first:
            return _complain(self.last_day, _("The period ends before it begins."))
        if last >= months_later(first, self.longest):
            sentence = ngettext("Please choose at most %(num)s month at once.",
                                "Please choose at most %(num)s months at once.", self.longest)  # fmt: skip
            return _complain(self.last_day, sentence)
        return True

    def typed(self) -> list[Field]:
        """The fields in which something was written freely: it may be the name of a person."""
        return [each for each in self if isinstance(each, StringField) and any(_said(each))]

    def offers(self, query: str) -> bool:
        """Whether this person may read what somebody else has kept: no name, no choice that they are not offered."""
        for name, value in parse_qsl(query):
            if name in self and isinstance(self[name], StringField):
                return False
            if name in self.offered and value not in self.offered[name]:
                return False
        return True

    def days(self) -> tuple[date, date]:
        """First and last day. A free period without a beginning is the year before its end; without an end, it ends
        today."""
        today = local(clock.now()).date()
        if self.period.data != "free":
            return days_of(self.period.data or self.usual_period, today)
        first, last = self.first_day.data, self.last_day.data
        if first is None:
            return (months_later(last, -12), last) if last else (today, today)
        return first, last or max(first, today)

    def query(self) -> Query:
        """What the address says of the filters, without what says nothing."""
        return [(each.name, value) for each in self for value in _said(each) if value and self._counts(each)]

    def _counts(self, each: Field) -> bool:
        return self.period.data == "free" or each not in (self.first_day, self.last_day)

    def described(self) -> list[tuple[str, str]]:
        """Name and value of what narrows the table, in words; the period first."""
        first, last = self.days()
        days = str(PERIODS["all"]) if self.period.data == "all" else f"{_in_full(first)} – {_in_full(last)}"
        told = [(str(self.period.label.text), days)]
        for each in self:
            if each.name not in ("period", "first_day", "last_day") and any(_said(each)):
                told.append((str(each.label.text), _in_words(each)))
        return told


def _in_full(day: date) -> str:
    return written_day(day, "d MMMM y")


def _complain(at: Any, sentence: str) -> bool:
    at.errors = [*at.errors, sentence]
    return False


def _said(each: Field) -> list[str]:
    return [value.strip() for value in each.raw_data or () if isinstance(value, str)]


def _in_words(each: Field) -> str:
    if isinstance(each, SelectField | SelectMultipleField):
        labels = {str(choice.value): str(choice.label) for choice in each.iter_choices()}
        return ", ".join(labels.get(value, value) for value in _said(each))
    return ", ".join(_said(each))


class SaveFilterForm(PortalForm):
    """A name for the filters that are being shown."""

    query = HiddenField()
    name = StringField(
        _l("Name of the filter"),
        validators=[
            DataRequired(_l("Please give the filter a name.")),
            Length(max=LONGEST_NAME, message=_l("Please use at most %(max)d characters.")),
        ],
    )
    shared = BooleanField(_l("Show it to my colleagues, each with what they may see"))

    def can_be_kept(self, filters: ControlFilter) -> bool:
        """Whether these filters may be shared, if that is wanted: what was typed into one is nobody else's to read."""
        named = ", ".join(str(each.label.text) for each in filters.typed())
        if not (self.shared.data and named):
            return True
        return _complain(self.shared, _("A filter with words typed in it (%(fields)s) is not shown to colleagues: they "
                                        "may not know the person. Keep it for yourself, or empty the field.",
                                        fields=named))  # fmt: skip
