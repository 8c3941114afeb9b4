"""The form of an entry of a list."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, StopValidation

from portal.folding import fold
from portal.organisation.forms import CatalogueForm
from portal.organisation.lists import LABELS
from portal.organisation.models import LONGEST_LABEL, ListEntry, ListName
from portal.settings.queries import option

_SHORT = Length(max=LONGEST_LABEL, message=_l("Please use at most %(max)d characters."))


class EntryForm(CatalogueForm):
    written = (*LABELS, "active")
    label_fr = StringField(_l("In French"), validators=[_SHORT])
    label_ru = StringField(_l("In Russian"), validators=[_SHORT])
    label_en = StringField(_l("In English"), validators=[_SHORT])
    active = BooleanField(_l("Can be chosen"))

    def __init__(self, thing: ListEntry | None = None) -> None:
        new: dict[str, Any] = {} if thing else {"active": True}
        super().__init__(thing, **new)

    @property
    def languages(self) -> list[str]:
        """The languages of the labels, the agency's own first: in this one every entry has a name."""
        own = option("agency.language")
        return [own, *(name.removeprefix("label_") for name in LABELS if name != f"label_{own}")]

    def validate(self, extra_validators: Mapping | None = None) -> bool:
        own = self[f"label_{option('agency.language')}"]
        checks = {**(extra_validators or {}), own.short_name: [_is_named]}
        return super().validate(checks)


def _is_named(_form: EntryForm, field: StringField) -> None:
    if not fold(field.data or ""):
        raise StopValidation(_("Please name the entry in the language of the agency."))


class EventEntryForm(EntryForm):
    """A category of adverse events: what it suggests besides."""

    written = (*EntryForm.written, "legal_code", "severe")
    legal_code = SelectField(_l("Category of the law that it suggests"), choices=[])
    severe = BooleanField(_l("Always alert at once"))

    def offer(self, legal: Mapping[str, str]) -> None:
        """Say which categories of the law there are, by code."""
        known = [SelectChoice(value=code, label=f"{code} · {label}") for code, label in legal.items()]
        self.legal_code.choices = [SelectChoice(value="", label=_("No category")), *known]


def entry_form(name: ListName, legal: Mapping[str, str], entry: ListEntry | None = None) -> EntryForm:
    """The form of an entry of this list.

    Args:
        legal: the categories of the law by code.
    """
    if name is not ListName.EVENT:
        return EntryForm(entry)
    form = EventEntryForm(entry)
    form.offer(legal)
    return form
