"""The forms of reasons: one reason, and the choice of those that are copied."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, StopValidation

from portal.folding import fold
from portal.forms import PortalForm
from portal.i18n import language
from portal.incidents.models import LONGEST_LABEL, IncidentReason, Phase, Urgency
from portal.incidents.reasons import LABELS
from portal.incidents.words import PHASE_LABELS, URGENCY_LABELS
from portal.organisation.forms import CatalogueForm
from portal.settings.queries import option

_SHORT = Length(max=LONGEST_LABEL, message=_l("Please use at most %(max)d characters."))


def _offered(labels: Mapping) -> list[SelectChoice]:
    return [SelectChoice(value=str(key), label=str(label)) for key, label in labels.items()]


class ReasonForm(CatalogueForm):
    written = (*LABELS, "phase", "urgency", "active")
    label_fr = StringField(_l("In French"), validators=[_SHORT])
    label_ru = StringField(_l("In Russian"), validators=[_SHORT])
    label_en = StringField(_l("In English"), validators=[_SHORT])
    phase = RadioField(_l("When it can be reported"), choices=[], validators=[InputRequired()])
    urgency = SelectField(_l("Urgency proposed"), choices=[])
    active = BooleanField(_l("Can be reported"))

    def __init__(self, thing: IncidentReason | None = None) -> None:
        new: dict[str, Any] = {} if thing else {"phase": Phase.BOTH, "urgency": Urgency.NORMAL, "active": True}
        super().__init__(thing, **new)
        self.phase.choices, self.urgency.choices = _offered(PHASE_LABELS), _offered(URGENCY_LABELS)

    @property
    def languages(self) -> list[str]:
        """The languages of the labels, the agency's own first: in this one every reason has a name."""
        own = option("agency.language")
        return [own, *(name.removeprefix("label_") for name in LABELS if name != f"label_{own}")]

    def validate(self, extra_validators: Mapping | None = None) -> bool:
        own = self[f"label_{option('agency.language')}"]
        checks = {**(extra_validators or {}), own.short_name: [_named]}
        return super().validate(checks)

    def words_of(self, name: str, value: object) -> str:
        labels: dict[str, Mapping] = {"phase": PHASE_LABELS, "urgency": URGENCY_LABELS}
        return str(labels[name][value]) if name in labels else super().words_of(name, value)


def _named(_form: ReasonForm, field: StringField) -> None:
    if not fold(field.data or ""):
        raise StopValidation(_("Please name the reason in the language of the agency."))


class CopyForm(PortalForm):
    """The reasons of another service, those that are not there yet ticked."""

    reasons = SelectMultipleField(_l("Reasons to copy"), choices=[], coerce=int)

    def offer(self, reasons: Sequence[IncidentReason], there: set[tuple[str, str]]) -> None:
        """Say what can be chosen.

        Args:
            reasons: of the other service.
            there: parts of the visit and keys of the reasons that the service has already.
        """
        self.reasons.choices = [SelectChoice(value=str(one.id), label=one.label(language())) for one in reasons]
        if not self.is_submitted():
            self.reasons.data = [one.id for one in reasons if (one.phase, one.match_key) not in there]

    @property
    def chosen(self) -> list[int]:
        return cast("list[int]", self.reasons.data or [])

    def validate_reasons(self, field: SelectMultipleField) -> None:
        if not field.data:
            raise StopValidation(_("Please tick at least one reason."))
