"""The window in which an incident is reported, for clients and workers, and for staff in somebody's name."""

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, StopValidation

from portal.files.forms import AttachmentsField
from portal.i18n import language
from portal.incidents.actions import Report
from portal.incidents.declaring import name_of
from portal.incidents.models import IncidentReason, Phase
from portal.incidents.queries import likely_phase
from portal.incidents.words import REPORTED_LABELS, URGENCY_LABELS
from portal.threads.actions import Draft
from portal.threads.forms import NOT_LONGER, OnceForm
from portal.visits.models import Visit

LONGEST_NAME = 120


class ReportForm(OnceForm):
    """What a client or a worker reports. A reason is chosen together with the part of the visit: one touch for both."""

    reason = RadioField(_l("What is it about?"), choices=[], validators=[InputRequired(_l("Please choose a reason."))])
    text = TextAreaField(_l("What happened?"), validators=[NOT_LONGER])
    files = AttachmentsField(_l("Photos"))
    urgency = RadioField(_l("How urgent is it?"), choices=[], default="")

    def __init__(self, visit: Visit, reasons: Sequence[IncidentReason]) -> None:
        super().__init__()
        self.visit = visit
        first = likely_phase(visit)
        self.phases = (first, Phase.END if first == Phase.START else Phase.START)
        self.offered = {
            f"{phase}:{one.id}": one for phase in self.phases for one in reasons if one.phase in (phase, Phase.BOTH)
        }
        self.reason.choices = [
            SelectChoice(value=key, label=one.label(language())) for key, one in self.offered.items()
        ]  # fmt: skip
        self.urgency.choices = [
            SelectChoice(value="", label=_("As usual for this reason")),
            *(SelectChoice(value=str(key), label=str(label)) for key, label in URGENCY_LABELS.items()),
        ]

    def offered_at(self, phase: str) -> list[str]:
        """The reasons offered for a part of the visit, as the field sends them."""
        return [key for key in self.offered if key.startswith(f"{phase}:")]

    def report(self) -> Report:
        """What is reported, once the form is valid."""
        key = str(self.reason.data)
        reason, phase = self.offered[key], key.partition(":")[0]
        first = Draft(self.text.data or "", str(self.token.data), self.files.data or [])
        return Report(reason, phase, str(self.urgency.data or reason.urgency), first)


class StaffReportForm(ReportForm):
    """The same for staff, who may report it for somebody."""

    reported_how = SelectField(_l("Reported by"), choices=[], default="")
    reported_by = StringField(
        _l("Name"), validators=[Length(max=LONGEST_NAME, message=_l("Please use at most %(max)d characters."))]
    )

    def __init__(self, visit: Visit, reasons: Sequence[IncidentReason]) -> None:
        super().__init__(visit, reasons)
        self.reported_how.choices = [
            SelectChoice(value="", label=_("Myself")),
            *(SelectChoice(value=key, label=str(label)) for key, label in REPORTED_LABELS.items()),
        ]

    def validate_reported_by(self, field: StringField) -> None:
        if not self.reported_how.data and field.data:
            raise StopValidation(_("Please choose under “Reported by” who this is, or leave the name empty."))
        if self.reported_how.data and not name_of(str(self.reported_how.data), field.data or "", self.visit):
            raise StopValidation(_("Please give the name of the person."))

    def report(self) -> Report:
        told, how = super().report(), str(self.reported_how.data or "")
        if not how:
            return told
        by = name_of(how, self.reported_by.data or "", self.visit)
        return Report(told.reason, told.phase, told.urgency, told.first, how, by)
