"""The forms of the authorities' panel."""

from datetime import datetime
from typing import cast

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, Form, RadioField, SelectField, StringField, TextAreaField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, Optional, StopValidation

from portal.adverse_events.follow_forms import TOO_LONG, FollowForm, moment_of, offered
from portal.adverse_events.follow_models import AuthorityRoute, Route, RouteStatus
from portal.adverse_events.models import LONGEST_LINE, LONGEST_TEXT
from portal.adverse_events.routes_of_law import ORAL, ROUTE_LABELS, STATUS_LABELS
from portal.adverse_events.telling import Telling
from portal.files.forms import AttachmentsField
from portal.forms import PortalForm, near, of_the_clock
from portal.i18n import exact, local

_LINE = [Length(max=LONGEST_LINE, message=TOO_LONG)]


def _timed(form: Form, field: TimeField) -> None:
    """A clock in hours needs the hour of its day."""
    of_the_clock(form, field)
    if field.data is None:
        cast("list", field.errors).clear()
        day = form[field.name.replace("_hour", "_on")]
        raise StopValidation(_("Please give the time.") if day.data else "")


class RouteForm(FollowForm):
    """How far an authority is told."""

    state = RadioField(_l("Status"), choices=[])
    told_on = DateField(_l("Told by word of mouth on"), validators=[Optional(), near])
    told_hour = TimeField(_l("At what time?"), validators=[_timed])
    written_on = DateField(_l("In writing on"), validators=[Optional(), near])
    written_hour = TimeField(_l("At what time?"), validators=[_timed])
    recipient = StringField(_l("To whom"), validators=_LINE)
    channel = StringField(_l("By which way"), validators=_LINE)
    reference = StringField(_l("Reference of the receipt"), validators=_LINE)
    why = TextAreaField(_l("Why"), validators=[Length(max=LONGEST_TEXT, message=TOO_LONG)])
    receipt = AttachmentsField(_l("Receipt"))

    def __init__(self, line: AuthorityRoute) -> None:
        told, written = (local(one) if one else None for one in (line.told_at, line.written_at))
        super().__init__(
            line, state=line.status, recipient=line.recipient, channel=line.channel, reference=line.reference,
            told_on=told and told.date(), told_hour=told and told.time(), written_on=written and written.date(),
            written_hour=written and written.time(), why=line.why,
        )  # fmt: skip
        self.line = line
        self.state.choices = offered(STATUS_LABELS)
        if line.route not in ORAL:
            self.state.choices = [one for one in self.state.choices if one.value != RouteStatus.TOLD]
            del self.told_on, self.told_hour

    def get_ready(self) -> None:
        self.receipt.get_ready(g.user)

    def telling(self) -> Telling:
        return Telling(
            str(self.state.data), self._moment("told"), self._moment("written"), self.channel.data or "",
            self.recipient.data or "", self.reference.data or "", self.why.data or "", self.receipt.data or (),
        )  # fmt: skip

    def _moment(self, which: str) -> datetime | None:
        day, hour = (self[f"{which}_{part}"].data if f"{which}_{part}" in self else None for part in ("on", "hour"))
        return moment_of(day, hour) if day and hour is not None else None

    def stands(self) -> dict[str, str]:
        line = self.line
        told, written = (exact(one) if one else "" for one in (line.told_at, line.written_at))
        own = {"state": str(STATUS_LABELS[RouteStatus(line.status)]), "written_on": written, "why": line.why,
               "recipient": line.recipient, "channel": line.channel, "reference": line.reference}  # fmt: skip
        return {**own, "told_on": told} if "told_on" in self else own

    def words_of(self, name: str, value: object) -> str:
        if name == "state":
            return str(STATUS_LABELS.get(RouteStatus(value), "")) if value in tuple(RouteStatus) else ""
        if name in ("told_on", "written_on"):
            moment = self._moment(name.removesuffix("_on"))
            return exact(moment) if moment else ""
        return super().words_of(name, value)


class AddRouteForm(PortalForm):
    """An authority that was not proposed."""

    route = SelectField(_l("Authority"), choices=[])

    def __init__(self, known: set[str]) -> None:
        super().__init__()
        left = {route: label for route, label in ROUTE_LABELS.items() if route not in known}
        self.route.choices = [SelectChoice(value="", label=_("Please choose")), *offered(left)]


def left_of(known: set[str]) -> list[Route]:
    """The ways of the law that an event has no line for."""
    return [route for route in ROUTE_LABELS if route not in known]
