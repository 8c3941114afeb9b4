"""Filters of the lists, how far a deed reaches in a series, and the reason of a cancellation."""

from datetime import timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, Optional

from portal.accounts.models import User
from portal.forms import FilterForm, PortalForm, choices, day_within_reach, number_in
from portal.organisation.catalogue import list_services
from portal.people.records import offered_to_clients_list
from portal.visits.queries import STAGE_LABELS, VisitFilter, today

PERIODS = {"30": _l("Last 30 days"), "90": _l("Last 3 months"), "365": _l("Last 12 months"), "ahead": _l("To come")}


class OwnVisitsFilter(FilterForm):
    """What a client narrows the list to."""

    period = SelectField(_l("Period"), choices=[])
    service = SelectField(_l("Service"), choices=[])
    state = SelectField(_l("State"), choices=[])

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.period.choices = choices(PERIODS, _l("All periods"))
        self.service.choices = choices({service.id: service.name for service in list_services()}, _l("All services"))
        shown = {stage: label for stage, label in STAGE_LABELS.items() if stage != "draft"}
        self.state.choices = choices(shown, _l("All states"))

    def narrowed(self) -> VisitFilter:
        """What was chosen; a value that the form does not offer is no filter."""
        self.validate()
        period = self.period.data if self.period.data in PERIODS else ""
        first = today() - timedelta(days=int(period)) if period and period != "ahead" else None
        return VisitFilter(
            first_day=today() if period == "ahead" else first,
            last_day=today() if first else None,
            service_id=number_in(self.service.data),
            stage=self.state.data or None,
        )


class VisitsFilter(FilterForm):
    """What staff narrow the list to."""

    first_day = DateField(_l("From"), validators=[Optional()])
    last_day = DateField(_l("To"), validators=[Optional()])
    state = SelectField(_l("State"), choices=[])
    service = SelectField(_l("Service"), choices=[])
    sector = SelectField(_l("Sector"), choices=[])
    manager = SelectField(_l("File manager"), choices=[])
    client = StringField(_l("Client"), validators=[Length(max=100)])
    worker = StringField(_l("Worker"), validators=[Length(max=100)])

    def __init__(self, user: User, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        offered = offered_to_clients_list(user)
        self.sector.choices = choices(offered["sector"], _l("All sectors"))
        self.manager.choices = choices(offered["manager"], _l("Everybody"))
        self.service.choices = choices({service.id: service.name for service in list_services()}, _l("All services"))
        self.state.choices = choices(STAGE_LABELS, _l("All states"))

    def narrowed(self) -> VisitFilter:
        self.validate()
        return VisitFilter(
            first_day=day_within_reach(self.first_day.data),
            last_day=day_within_reach(self.last_day.data),
            service_id=number_in(self.service.data),
            stage=self.state.data or None,
            sector_id=number_in(self.sector.data),
            manager_id=number_in(self.manager.data),
            client=self.client.data or None,
            worker=self.worker.data or None,
        )


class SeriesForm(PortalForm):
    """A deed on a visit that may be meant for those that follow in its series too."""

    scope = RadioField(choices=[], default="one")

    def offer_scope(self, others: int) -> None:
        """Offer the visits that follow in the series too, if there are any."""
        self.scope.choices = [SelectChoice(value="one", label=_("This visit only"))]
        if others:
            self.scope.choices.append(
                SelectChoice(value="following", label=_("This one and the %(num)s after it", num=others))
            )

    @property
    def reaches_on(self) -> bool:
        return self.scope.data == "following"


class CancelForm(SeriesForm):
    scope = RadioField(_l("What is cancelled"), choices=[], default="one")
    reason = TextAreaField(
        _l("Reason"),
        description=_l("The client reads it on the portal."),
        validators=[
            DataRequired(_l("Please say why the visit is cancelled.")),
            Length(max=500, message=_l("Please use at most 500 characters.")),
        ],
    )
