"""The form in which staff complete and correct what is known of an event."""

from datetime import datetime
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Form, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, StopValidation

from portal.adverse_events.completing import Known
from portal.adverse_events.follow_forms import FollowForm, number, offered
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.moments import moment_of, said_of_hour
from portal.adverse_events.queries import assigned_workers, supervisors
from portal.adverse_events.step_forms import CHOOSE, LONG, SHORT, blame, day_field
from portal.adverse_events.words import CONSEQUENCE_LABELS, MEASURE_LABELS, NATURE_LABELS, PLACE_LABELS
from portal.forms import of_the_clock
from portal.i18n import exact, local
from portal.organisation.lists import offered as offered_entries
from portal.organisation.models import ListName

MOMENTS = {"occurred_at": "occurred", "occurred_until": "until", "discovered_at": "discovered"}
UNSAID = "?"  # a short report on which nobody has said whether a worker is concerned
DAYS = {f"{short}_hour": name for name, short in MOMENTS.items()}


def _with_day(form: Form, field: TimeField) -> None:
    """A day has its hour."""
    if field.data is None and form[DAYS[field.name]].data:
        cast("list", field.errors).clear()
        raise StopValidation(_("Please give the hour."))
    if field.data is None:
        cast("list", field.errors).clear()
        raise StopValidation


def _worker(text: object) -> int | str | None:
    return UNSAID if text == UNSAID else number(text)


def hour_field() -> TimeField:
    return TimeField(_l("Hour"), validators=[of_the_clock, _with_day])


class KnownForm(FollowForm):
    """What is known of an event. A day that is empty is one that nobody knows."""

    occurred_at = day_field(_l("Happened on"))
    occurred_hour = hour_field()
    occurred_until = day_field(_l("Until"))
    until_hour = hour_field()
    discovered_at = day_field(_l("Discovered on"))
    discovered_hour = hour_field()
    place = RadioField(_l("Where?"), validators=[InputRequired(CHOOSE)])
    place_note = StringField(_l("More about the place"), validators=[SHORT])
    nature = RadioField(_l("What kind of event is it?"), validators=[InputRequired(CHOOSE)])
    categories = SelectMultipleField(_l("What is it about?"))
    other_category = StringField(_l("In your words"), validators=[SHORT])
    worker_id = SelectField(_l("Worker"), coerce=_worker)
    supervisor_id = SelectField(_l("Supervisor"), coerce=number)
    facts = TextAreaField(_l("What happened?"), validators=[InputRequired(_l("Please describe what happened.")), LONG])
    witnesses = TextAreaField(_l("Witnesses"), validators=[LONG])
    consequences = SelectMultipleField(_l("What came of it?"))
    measures = SelectMultipleField(_l("What was done at once?"))
    measures_note = TextAreaField(_l("What else?"), validators=[LONG])

    def __init__(self, event: AdverseEvent) -> None:
        super().__init__(event, **_shown(event))
        self.event = event
        self.place.choices, self.nature.choices = offered(PLACE_LABELS), offered(NATURE_LABELS)
        self.consequences.choices, self.measures.choices = offered(CONSEQUENCE_LABELS), offered(MEASURE_LABELS)
        self.categories.choices = offered(offered_entries(ListName.EVENT, [one.id for one in event.categories]))
        workers = {one.id: one.name for one in assigned_workers(event.client_id or 0)}
        if event.worker:
            workers.setdefault(event.worker.id, event.worker.name)
        staff = {one.id: one.name for one in supervisors()}
        if event.supervisor:
            staff.setdefault(event.supervisor.id, event.supervisor.name)
        unsaid = [SelectChoice(value=UNSAID, label=_("Choose the worker"))] if _is_unsaid(event) else []
        nobody = SelectChoice(value="", label=_("No worker concerned"))
        self.worker_id.choices = [*unsaid, nobody, *offered(workers)]
        self.supervisor_id.choices = [SelectChoice(value="", label=_("Nobody yet")), *offered(staff)]

    def validate(self, extra_validators: Any = None) -> bool:
        fits = super().validate(extra_validators)
        if self.discovered_at.data is None and not self.discovered_at.errors:
            blame(self.discovered_at, _("Please give the day."))
            return False
        return fits

    def validate_worker_id(self, field: SelectField) -> None:
        if field.data == UNSAID:
            raise StopValidation(_("Please choose the worker, or “No worker concerned”."))

    def chosen(self) -> list[int]:
        return [int(one) for one in self.categories.data or ()]

    def known(self) -> Known:
        texts = {name: str(self[name].data or "") for name in ("place_note", "other_category", "facts", "witnesses",
                                                               "measures_note")}  # fmt: skip
        return Known(
            discovered_at=cast("datetime", self._moment("discovered_at")), occurred_at=self._moment("occurred_at"),
            occurred_until=self._moment("occurred_until"), place=str(self.place.data), nature=str(self.nature.data),
            worker_id=number(self.worker_id.data), supervisor_id=number(self.supervisor_id.data),
            consequences=self.consequences.data or [], measures=self.measures.data or [], **texts,
        )  # fmt: skip

    def hour_of(self, name: str) -> str | None:
        """What is said at an hour: which one it is, of two."""
        return said_of_hour(self._moment(name))

    def _moment(self, name: str) -> datetime | None:
        """As it was typed. What was not changed stays as it is, of an hour that came twice the second as well."""
        kept, shown = getattr(self.event, name), _shown(self.event)
        hour = f"{MOMENTS[name]}_hour"
        same = self[name].data == shown[name] and str(self[hour].data)[:5] == str(shown[hour])[:5]
        since = None if name == "occurred_at" else self._moment("occurred_at")
        return kept if same else moment_of(self[name].data, self[hour].data, since)

    def stands(self) -> dict[str, str]:
        names = [name for name in _shown(self.event) if not name.endswith("_hour")]
        now = {name: getattr(self.event, name) for name in names} | {"worker_id": _shown(self.event)["worker_id"]}
        return {name: self.words_of(name, value) for name, value in now.items()}

    def words_of(self, name: str, value: object) -> str:
        if name in MOMENTS:
            moment = value if isinstance(value, datetime) else self._moment(name)
            return exact(moment) if moment else ""
        if name == "categories":
            chosen = [str(getattr(one, "id", one)) for one in cast("list", value or [])]
            return super().words_of(name, chosen)
        if isinstance(self[name], RadioField):
            return next((str(label) for key, label, *_more in self[name].iter_choices() if str(key) == str(value)), "")
        return super().words_of(name, value)


def _is_unsaid(event: AdverseEvent) -> bool:
    return event.short and event.worker_id is None


def _shown(event: AdverseEvent) -> dict[str, Any]:
    """What the form begins with."""
    same = ("place", "place_note", "nature", "other_category", "worker_id", "supervisor_id", "facts", "witnesses",
            "consequences", "measures", "measures_note")  # fmt: skip
    shown: dict[str, Any] = {name: getattr(event, name) for name in same}
    shown["worker_id"] = UNSAID if _is_unsaid(event) else event.worker_id
    shown["categories"] = [str(one.id) for one in event.categories]
    for name, short in MOMENTS.items():
        moment = getattr(event, name)
        shown[name] = local(moment).date() if moment else None
        shown[f"{short}_hour"] = local(moment).time() if moment else None
    return shown
