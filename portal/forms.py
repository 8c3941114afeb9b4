"""The base of every form, and the fields that several features share."""

from collections.abc import Mapping
from datetime import date
from typing import cast

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.meta import DefaultMeta
from wtforms.validators import InputRequired

from portal.i18n import language

STAR_WORDS = {
    0: _l("Very dissatisfied"),
    1: _l("Dissatisfied"),
    2: _l("Rather dissatisfied"),
    3: _l("Neither satisfied nor dissatisfied"),
    4: _l("Satisfied"),
    5: _l("Very satisfied"),
}


def clean_text(value: object) -> object:
    """Drop outer white space, and the two things no database keeps: NUL and lone surrogates. Lines end as counted."""
    if not isinstance(value, str):
        return value
    value = value.replace("\r\n", "\n")  # browsers count a line's end as one character and send two
    return value.replace("\x00", "").encode("utf-8", "ignore").decode("utf-8").strip()


class PortalForm(FlaskForm):
    """A form whose texts arrive clean."""

    class Meta(FlaskForm.Meta):
        def bind_field(self, form, unbound_field, options):
            if issubclass(unbound_field.field_class, StringField):
                options["filters"] = [*unbound_field.kwargs.get("filters", ()), clean_text]
            return unbound_field.bind(form=form, **options)

        @property
        def locales(self) -> list[str]:
            return [language()]

        def get_translations(self, form: object) -> object:
            """WTForms' own words, kept: Flask-WTF would read their catalog from the disk at each request."""
            return DefaultMeta.get_translations(self, form)


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
