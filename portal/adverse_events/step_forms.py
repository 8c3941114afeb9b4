"""The first steps of a report: who reports, when and where. Each form is made of what was typed so far, whether it was
right or not."""

from datetime import date, datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    Field,
    RadioField,
    SelectMultipleField,
    StringField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice, SelectFieldBase
from wtforms.validators import Email, InputRequired, Length, Optional, ValidationError

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.drafts import values_of
from portal.adverse_events.models import LONGEST_LINE, LONGEST_TEXT, EventDraft, Mode
from portal.adverse_events.moments import moment_of, refuse_times, said_of_hour
from portal.adverse_events.words import CAPACITY_LABELS, MODE_LABELS, PLACE_LABELS
from portal.errors import Refused
from portal.extensions import db
from portal.forms import PortalForm, near, of_the_clock
from portal.i18n import exact, local
from portal.visits.models import Visit

SHORT = Length(max=LONGEST_LINE, message=_l("Please use at most %(max)d characters."))
LONG = Length(max=LONGEST_TEXT, message=_l("Please use at most 5,000 characters."))
CHOOSE = _l("Please choose one of these answers.")


def offered(labels: dict) -> list[SelectChoice]:
    return [SelectChoice(value=str(key), label=str(label)) for key, label in labels.items()]


def blame(field: Field, sentence: object) -> None:
    """Say at a field what is wrong with it, in place of whatever was said."""
    field.errors = [sentence]  # ty: ignore[invalid-assignment] - WTForms itself puts a list there


def day_field(label: object) -> DateField:
    return DateField(label, validators=[Optional(), near])


def time_field(label: object) -> TimeField:
    return TimeField(label, validators=[Optional(), of_the_clock])


class StepForm(PortalForm):
    """One step. The site's own token stands in the page around it, since a form is also made without being sent."""

    step = ""
    template = ""  # what draws its fields

    class Meta(PortalForm.Meta):
        csrf = False

    def __init__(self, user: User, draft: EventDraft, **defaults: object) -> None:
        self.user, self.draft = user, draft
        typed = values_of(draft, self.step)
        sent = None if typed is None else MultiDict((name, one) for name, values in typed.items() for one in values)
        super().__init__(sent, data=defaults)

    def check(self) -> bool:
        """Whether the step is complete; what is wrong stands at the fields."""
        return bool(self.validate())

    def answers(self) -> dict:
        """What the report has of this step, once it is complete."""
        raise NotImplementedError

    def said(self) -> list[tuple[object, str]]:
        """What was answered, in words, for the page before the report is sent."""
        return [(field.label.text, words) for field in self if (words := words_of(field))]


def words_of(field: object) -> str:
    """The answer of one field as its reader would say it; nothing is empty."""
    if isinstance(field, BooleanField):
        return _("Yes") if field.data else ""
    if isinstance(field, SelectFieldBase):
        wanted = set(field.data or ()) if isinstance(field, SelectMultipleField) else {str(field.data)}
        return ", ".join(str(one.label.text) for one in field if one.data in wanted and one.data)
    return str(getattr(field, "data", None) or "")


class WhoForm(StepForm):
    """Who reports it, and how much is kept of that."""

    step = "who"
    template = "adverse_events/_step_who.html"
    capacity = RadioField(_l("I report this as"), validators=[InputRequired(CHOOSE)])
    mode = RadioField(_l("Should your name be known?"), validators=[InputRequired(CHOOSE)])
    for_somebody = BooleanField(_l("I type this for somebody who told me"))
    name = StringField(_l("Name of who reports it"), validators=[SHORT])
    phone = StringField(_l("Phone"), validators=[SHORT])
    email = StringField(
        _l("E-mail address"), validators=[Optional(), SHORT, Email(_l("This is not an e-mail address."))]
    )

    def __init__(self, user: User, draft: EventDraft) -> None:
        super().__init__(user, draft, capacity="supervisor", mode=str(Mode.NAMED))
        self.capacity.choices = offered(CAPACITY_LABELS)
        modes = {mode: label for mode, label in MODE_LABELS.items() if mode == Mode.NAMED or not draft.incident_id}
        self.mode.choices = offered(modes)

    def validate_name(self, field: StringField) -> None:
        if self.for_somebody.data and self.mode.data != Mode.ANONYMOUS and not field.data:
            raise ValidationError(_("Please give the name of the person who reports it."))

    def said(self) -> list[tuple[object, str]]:
        kept = super().said()
        personal = {self.name.label.text, self.phone.label.text, self.email.label.text}
        return [one for one in kept if self.mode.data != Mode.ANONYMOUS or one[0] not in personal]

    def answers(self) -> dict:
        unnamed = self.mode.data == Mode.ANONYMOUS
        return {
            "capacity": self.capacity.data, "mode": self.mode.data,
            "typed_for": bool(self.for_somebody.data) and not unnamed,
            "name": "" if unnamed or not self.for_somebody.data else self.name.data or "",
            "phone": "" if unnamed else self.phone.data or "", "email": "" if unnamed else self.email.data or "",
        }  # fmt: skip


OCCURRED = {"moment": _l("At one moment"), "period": _l("Over some time"), "unknown": _l("Nobody knows when")}
AT = {"occurred_at": "occurred_day", "occurred_until": "until_day", "discovered_at": "discovered_day"}


class WhenForm(StepForm):
    """When it happened and when it was discovered, and where."""

    step = "when"
    template = "adverse_events/_step_when.html"
    occurred = RadioField(_l("When did it happen?"), validators=[InputRequired(CHOOSE)])
    occurred_day = day_field(_l("Day"))
    occurred_time = time_field(_l("Hour"))
    until_day = day_field(_l("Until: day"))
    until_time = time_field(_l("Until: hour"))
    discovered_day = day_field(_l("Discovered: day"))
    discovered_time = time_field(_l("Discovered: hour"))
    place = RadioField(_l("Where?"), validators=[InputRequired(CHOOSE)])
    place_note = StringField(_l("More about the place"), validators=[SHORT])

    def __init__(self, user: User, draft: EventDraft) -> None:
        now = local(clock.now()).replace(second=0, microsecond=0)
        super().__init__(
            user, draft, occurred="moment", occurred_day=_start(draft), discovered_day=now.date(),
            discovered_time=now.time(),
        )  # fmt: skip
        self.occurred.choices, self.place.choices = offered(OCCURRED), offered(PLACE_LABELS)

    def check(self) -> bool:
        return super().check() and self._times_fit()

    def _times_fit(self) -> bool:
        needed = [self.discovered_day, self.discovered_time]
        if self.occurred.data != "unknown":
            needed += [self.occurred_day, self.occurred_time]
        if self.occurred.data == "period":
            needed += [self.until_day, self.until_time]
        for field in needed:
            if field.data is None:
                words = _("Please give the day.") if isinstance(field, DateField) else _("Please give the hour.")
                blame(field, words)
        if any(field.errors for field in needed):
            return False
        moments = self.answers()
        try:
            refuse_times(*(moments[name] for name in ("discovered_at", "occurred_at", "occurred_until")))
        except Refused as refusal:
            self.refuse(Refused(refusal.message, AT[refusal.code]))
            return False
        return True

    def said(self) -> list[tuple[object, str]]:
        moments = self.answers()
        happened = _("Nobody knows when") if self.occurred.data == "unknown" else _shown(moments["occurred_at"])
        until = [(_("Until"), _shown(moments["occurred_until"]))] if moments["occurred_until"] else []
        place = ", ".join(filter(None, (words_of(self.place), self.place_note.data)))
        discovered = (_("Discovered"), _shown(moments["discovered_at"]))
        return [(_("Happened"), happened), *until, discovered, (_("Place"), place)]

    def hour_of(self, name: str) -> str | None:
        """What is said at an hour: which one it is, of two."""
        return said_of_hour(self.answers()[name])

    def answers(self) -> dict:
        known, lasted = self.occurred.data != "unknown", self.occurred.data == "period"
        occurred_at = moment_of(self.occurred_day.data, self.occurred_time.data) if known else None
        return {
            "discovered_at": moment_of(self.discovered_day.data, self.discovered_time.data, occurred_at),
            "occurred_at": occurred_at,
            "occurred_until": moment_of(self.until_day.data, self.until_time.data, occurred_at) if lasted else None,
            "place": self.place.data, "place_note": self.place_note.data or "",
        }  # fmt: skip


def _start(draft: EventDraft) -> date | None:
    """The day of the visit that a report is made from, once it has begun."""
    visit = db.session.get(Visit, draft.visit_id) if draft.visit_id else None
    return local(visit.starts_at).date() if visit and visit.starts_at <= clock.now() else None


def _shown(moment: datetime | None) -> str:
    return " · ".join(filter(None, (exact(moment), said_of_hour(moment)))) if moment else ""
