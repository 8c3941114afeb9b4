"""The base of every form, and the fields that several features share."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import cast

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import ImmutableMultiDict, MultiDict
from wtforms import (
    DateField,
    FileField,
    HiddenField,
    IntegerField,
    PasswordField,
    RadioField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice, SelectFieldBase
from wtforms.meta import DefaultMeta
from wtforms.validators import InputRequired, StopValidation

from portal.errors import Refused
from portal.extensions import db
from portal.i18n import language

STAR_WORDS = {
    0: _l("Very dissatisfied"),
    1: _l("Dissatisfied"),
    2: _l("Rather dissatisfied"),
    3: _l("Neither satisfied nor dissatisfied"),
    4: _l("Satisfied"),
    5: _l("Very satisfied"),
}
NOT_OFFERED = _l("Please choose one of the values offered.")


def clean_text(value: object) -> object:
    """Drop outer white space, and the two things no database keeps: NUL and lone surrogates. Lines end as counted.
    What nobody can see is nothing."""
    if not isinstance(value, str):
        return value
    value = value.replace("\r\n", "\n")  # browsers count a line's end as one character and send two
    text = value.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8").strip()
    return "" if all(map(_is_unseen, text)) else text


# any white space but the no-break spaces that French puts before ; : ? ! and inside « »
_GAP = re.compile(r"(?:[^\S\u00a0\u202f]|(?<!«)[\u00a0\u202f](?![;:?!»]))+")
# what turns the direction of reading round would turn all that follows on the page; letters turn by themselves
_TURNS = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_BLANK_LETTERS = "\u034f\u115f\u1160\u2800\u3164\uffa0"  # letters and marks to Unicode that nobody sees


def clean_line(value: object) -> object:
    """As `clean_text`, for what has one line: white space of any kind is one blank, control characters and those of
    direction go, and so do invisible signs at the ends (inside a word some scripts need them)."""
    if not isinstance(value, str):
        return value
    line = _GAP.sub(" ", _TURNS.sub("", str(clean_text(value))))
    seen = [sign for sign in line if unicodedata.category(sign) != "Cc"]
    while seen and _is_unseen(seen[-1]):
        seen.pop()
    begin = next((place for place, sign in enumerate(seen) if not _is_unseen(sign)), 0)
    return "".join(seen[begin:])


def _is_unseen(sign: str) -> bool:
    return sign.isspace() or sign in _BLANK_LETTERS or unicodedata.category(sign) in ("Cc", "Cf")


class PortalForm(FlaskForm):
    """A form whose texts arrive clean."""

    class Meta(FlaskForm.Meta):
        has_focus = False

        def wrap_formdata(self, form, formdata):
            """What was typed or chosen. A file counts in fields for files only: elsewhere it is a missing text."""
            if formdata is None or isinstance(formdata, MultiDict):
                return formdata
            if not form.is_submitted():
                return None
            wanted = {field.name for field in form if isinstance(field, FileField)}
            files = [(name, file) for name, file in request.files.items(multi=True) if name in wanted]
            return ImmutableMultiDict([*request.form.items(multi=True), *files]) or None

        def bind_field(self, form, unbound_field, options):
            kind = unbound_field.field_class
            if issubclass(kind, StringField):
                whole = issubclass(kind, TextAreaField | PasswordField | HiddenField)
                options["filters"] = [*unbound_field.kwargs.get("filters", ()), clean_text if whole else clean_line]
            field = unbound_field.bind(form=form, **options)
            if isinstance(field, SelectFieldBase):
                field.invalid_choice_message = field.invalid_choice_message or NOT_OFFERED
                field.invalid_value_message = field.invalid_value_message or NOT_OFFERED
            return field

        def render_field(self, field, render_kw):
            """Of what came back wrong, the first field takes the keyboard, with scripts and without."""
            if field.errors and not self.has_focus:
                self.has_focus = render_kw["autofocus"] = True
            return super().render_field(field, render_kw)

        @property
        def locales(self) -> list[str]:
            return [language()]

        def get_translations(self, form: object) -> object:
            """WTForms' own words, kept: Flask-WTF would read their catalog from the disk at each request."""
            return DefaultMeta.get_translations(self, form)

    def get_ready(self) -> None:
        """See that what the deed needs is there, before it begins. Most need nothing.

        Raises:
            Unready: it is to be made first (see `portal.portals`).
            Refused: it cannot be made.
        """

    def refuse(self, refusal: Refused) -> None:
        """Say why the domain refused: at the field that the refusal's code names, else above the form."""
        if refusal.code in self:
            self[refusal.code].errors = [*self[refusal.code].errors, refusal.message]
        else:
            self.form_errors.append(refusal.message)


def refused(form: PortalForm, act: Callable[[], object]) -> int | None:
    """Do what a form asks for. Return the status with which the form is shown again, None once the deed is done."""
    if not form.validate_on_submit():
        return 422 if request.method == "POST" else 200
    try:
        form.get_ready()
        act()
    except Refused as refusal:
        db.session.rollback()  # what the deed had begun is not to be read as if it stood
        form.refuse(refusal)
        return 409
    return None


class FilterForm(PortalForm):
    """A form that lives in the address: read by GET, without a token."""

    class Meta(PortalForm.Meta):
        csrf = False


def choices(labels: Mapping, everything: object) -> list[SelectChoice]:
    """What a filter offers, the choice of everything first."""
    return [SelectChoice(value="", label=str(everything))] + [
        SelectChoice(value=str(key), label=str(label)) for key, label in labels.items()
    ]


def day_within_reach(day: date | None) -> date | None:
    """Return the day, if anything of ours can lie near it: the ends of the calendar have no moment in UTC."""
    return day if day and 1900 <= day.year <= 2200 else None


def near(_form: object, field: DateField) -> None:
    """A day that can be one of ours. What may be empty has `Optional` before it."""
    if not day_within_reach(field.data):
        cast("list", field.errors).clear()  # what WTForms says of what is no day at all is not everywhere a sentence
        raise StopValidation(_("This date is not valid. Please give a day between 1900 and 2200."))


def of_the_clock(_form: object, field: TimeField) -> None:
    """An hour, if one is typed."""
    if any(field.raw_data or ()) and field.data is None:
        cast("list", field.errors).clear()
        raise StopValidation(_("This hour is not valid. Please give one like 14:30."))


def number_in(text: object) -> int | None:
    """The number of a record, as an address or a hidden field holds it; anything odd, or that was not sent, is none."""
    return int(text) if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 10 else None


_TOO_LONG = re.compile(r"[+-]?\d{13,}")


class NumberField(IntegerField):
    """A whole number. It goes with a range: one with more digits than any of ours is still a number, beyond it."""

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        typed = str(valuelist[0]).strip() if valuelist else ""
        if _TOO_LONG.fullmatch(typed):
            valuelist = [("-" if typed.startswith("-") else "") + "9" * 13]
        super().process_formdata(valuelist)


class StarsField(RadioField):
    """Stars from 0 to 5, each with its word. Zero is a score; nothing chosen is an error."""

    def __init__(self, label: object = None, **options: object) -> None:
        super().__init__(
            label or _l("Stars"),
            choices=[SelectChoice(value=str(stars), label=str(stars)) for stars in STAR_WORDS],
            coerce=int,
            validators=[InputRequired(_l("Please choose a number of stars."))],
            **options,
        )

    @property
    def stars(self) -> int:
        """What was chosen, once the form is valid."""
        return cast("int", self.data)
