"""*Suivi des incidents*: every incident that was reported, by the day on which it was."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    case,
    func,
    select,
)
from sqlalchemy.orm import aliased
from wtforms import SelectField, StringField
from wtforms.validators import Length

from portal.accounts.models import User
from portal.controls.days import Day
from portal.controls.forms import ControlFilter
from portal.controls.table import Column, ControlTable, Offer, Totals
from portal.forms import choices
from portal.i18n import start_of_day
from portal.incidents.following import is_overdue
from portal.incidents.lists import label_of
from portal.incidents.models import Incident, IncidentReason, Phase
from portal.incidents.queries import visible_incidents
from portal.incidents.words import OUTCOME_LABELS, PHASE_LABELS, STATE_LABELS, URGENCY_LABELS, hours
from portal.people.models import Client, Sector, Service, Staff, Worker
from portal.people.queries import branch, is_named
from portal.ratings.models import Rating, RatingSubject
from portal.reports.incident_figures import ANSWER, IS_OVERDUE, REASON, SUMS, UNSETTLED, groups, tell
from portal.reports.quality import client_page, managers, named, sectors, services
from portal.roles import Permission
from portal.tables.queries import addresses_of
from portal.visits.models import Visit, VisitWorker

STATES = {"unsettled": _l("Not resolved yet"), **{state.value: label for state, label in STATE_LABELS.items()}}
PHASES = {phase.value: PHASE_LABELS[phase] for phase in (Phase.START, Phase.END)}
ONLY_OVERDUE = {"yes": _l("Overdue only")}

Manager, Owner = aliased(Staff), aliased(Staff)


class IncidentsFilter(ControlFilter):
    about_period = _l("The day on which it was reported counts.")

    service = SelectField(_l("Service"), choices=[])
    reason = SelectField(_l("Reason for the incident"), choices=[])
    phase = SelectField(_l("Reported about"), choices=[], default="")
    state = SelectField(_l("State"), choices=[], default="")
    urgency = SelectField(_l("Urgency"), choices=[], default="")
    overdue = SelectField(_l("Due date"), choices=[], default="")
    worker = StringField(_l("Worker"), validators=[Length(max=100)])
    client = StringField(_l("Client"), validators=[Length(max=100)])
    sector = SelectField(_l("Sector, with those below"), choices=[])
    manager = SelectField(_l("Manager"), choices=[])
    owner = SelectField(_l("Owner"), choices=[])

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.phase.choices = choices(PHASES, _l("Start and end"))
        self.state.choices = choices(STATES, _l("All states"))
        self.urgency.choices = choices(URGENCY_LABELS, _l("All urgencies"))
        self.overdue.choices = choices(ONLY_OVERDUE, _l("Overdue or not"))


def rows(user: User, form: ControlFilter) -> Select:
    """Incidents that this person may see. What only names things is joined loosely: sums then leave it out."""
    first, last = form.days()
    begin, end = start_of_day(first), start_of_day(last + timedelta(days=1))
    return (
        visible_incidents(user)
        .join(Visit, Visit.id == Incident.visit_id)
        .outerjoin(Client, Client.id == Visit.client_id)
        .outerjoin(Service, Service.id == Visit.service_id)
        .outerjoin(Sector, Sector.id == Visit.sector_id)
        .outerjoin(Manager, Manager.id == Client.file_manager_id)
        .outerjoin(Owner, Owner.id == Incident.owner_id)
        .outerjoin(RatingSubject, RatingSubject.incident_id == Incident.id)
        .outerjoin(Rating, Rating.subject_id == RatingSubject.id)
        .where(Incident.declared_at >= begin, Incident.declared_at < end, *_conditions(form.data))
    )


def _conditions(chosen: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    """What narrows the incidents besides the period."""
    narrowing: dict[str, Callable[[Any], ColumnElement[bool]]] = {
        "service": lambda number: Visit.service_id == int(number),
        "reason": lambda number: Incident.reason_id == int(number),
        "phase": lambda phase: Incident.phase == phase,
        "state": lambda state: UNSETTLED if state == "unsettled" else Incident.state == state,
        "urgency": lambda urgency: Incident.urgency == urgency,
        "overdue": lambda _yes: IS_OVERDUE,
        "worker": _is_of_worker,
        "client": lambda name: is_named(Client, name),
        "sector": lambda number: Visit.sector_id.in_(branch(int(number))),
        "manager": lambda number: Client.file_manager_id == int(number),
        "owner": lambda number: Incident.owner_id == int(number),
    }
    return [condition(chosen[name]) for name, condition in narrowing.items() if chosen[name]]


def _is_of_worker(name: str) -> ColumnElement[bool]:
    sent = VisitWorker.visit_id == Visit.id, Worker.id == VisitWorker.worker_id
    return select(Worker.id).where(*sent, is_named(Worker, name)).correlate(Visit).exists()


def _workers(name: ColumnElement[str], of_all: Callable[[ColumnElement[str]], Any]) -> Any:
    sent = (
        select(name.label("name"))
        .join(VisitWorker, VisitWorker.worker_id == Worker.id)
        .where(VisitWorker.visit_id == Visit.id)
        .order_by(Worker.last_name, Worker.id)
        .correlate(Visit)
        .subquery("sent")
    )
    return select(of_all(sent.c.name)).scalar_subquery()


# ---- what a row says ----


def _incident_page() -> Callable[[Row], str]:
    address = addresses_of("staff.show_incident", "incident_id")
    return lambda row: address(row.id)


def _due(row: Row) -> Day | None:
    return Day(row.c_due, is_overdue(row.c_state, row.c_due)) if row.c_due else None


def _mark(row: Row) -> str:
    return "overdue" if is_overdue(row.c_state, row.c_due) else ""


def in_order(labels: Mapping[Any, object], column: Any) -> Any:
    return case({str(key): place for place, key in enumerate(labels)}, value=column)


# ---- what the filters offer ----


def _reasons(_user: User) -> Select:
    named_so = label_of(IncidentReason) + " – " + Service.name
    return select(IncidentReason.id, named_so).join(Service, Service.id == IncidentReason.service_id)


def _owners(user: User) -> Select:
    """Those who have an incident of this person's perimeter in hand."""
    of_incidents = visible_incidents(user).with_only_columns(Incident.owner_id)
    return select(Staff.id, named(Staff)).where(Staff.id.in_(of_incidents))


INCIDENTS = ControlTable(
    name="incidents",
    title=_l("Incident follow-up"),
    family=_l("Visits"),
    intro=_l("Every incident that was reported: about what, how it stands, who has it in hand, how fast the agency "
             "answered."),
    section=_l("Quality"),
    rule="/incidents",
    permission=Permission.SEE_INCIDENTS,
    module="incidents.enabled",
    form=IncidentsFilter,
    rows=rows,
    key=Incident.id,
    sort="-declared",
    extra=(Incident.id.label("id"), Visit.client_id.label("client_id"),
           (Client.sector_id == Visit.sector_id).label("at_home")),
    columns=(
        Column("declared", lazy_pgettext("incident", "Reported"), Incident.declared_at, "moment", page=_incident_page),
        Column("client", _l("Client"), named(Client), sort=Client.last_name + " " + Client.first_name,
               page=client_page),
        Column("workers", _l("Workers"), _workers(named(Worker), lambda name: func.aggregate_strings(name, ", ")),
               sort=_workers(Worker.last_name + " " + Worker.first_name, func.min), may_be_empty=True),
        Column("service", _l("Service"), Service.name),
        Column("reason", _l("Reason for the incident"), REASON),
        Column("phase", _l("Reported about"), Incident.phase, read=lambda phase: str(PHASES[phase]),
               sort=in_order(PHASES, Incident.phase)),
        Column("urgency", _l("Urgency"), Incident.urgency, read=lambda urgency: str(URGENCY_LABELS[urgency]),
               sort=in_order(URGENCY_LABELS, Incident.urgency)),
        Column("state", _l("State"), Incident.state, read=lambda state: str(STATE_LABELS[state]),
               sort=in_order(STATE_LABELS, Incident.state)),
        Column("answer", _l("First answer after"), ANSWER, "number", read=hours, may_be_empty=True),
        Column("due", _l("Due date"), Incident.due_on, "day", of_row=_due, may_be_empty=True),
        Column("owner", _l("Owner"), named(Owner), sort=Owner.last_name + " " + Owner.first_name, may_be_empty=True),
        Column("sector", _l("Sector"), Sector.name),
        Column("manager", _l("Manager"), named(Manager), sort=Manager.last_name + " " + Manager.first_name,
               may_be_empty=True),
        Column("by", _l("Reported by"), Incident.declared_by),
        Column("outcome", _l("How it ended"), Incident.outcome, read=lambda outcome: str(OUTCOME_LABELS[outcome]),
               sort=in_order(OUTCOME_LABELS, Incident.outcome), may_be_empty=True),
        Column("handling", _l("Rating of the handling"), Rating.stars, "stars", may_be_empty=True),
        Column("closed", lazy_pgettext("incident", "Closed on"), Incident.closed_at, "moment", may_be_empty=True),
    ),
    offers={
        "service": Offer(_l("All services"), services),
        "reason": Offer(_l("All reasons"), _reasons),
        "sector": Offer(_l("All sectors"), sectors),
        "manager": Offer(_l("All managers"), managers),
        "owner": Offer(_l("All owners"), _owners),
    },
    totals=Totals(SUMS, tell, groups),
    mark=_mark,
)  # fmt: skip
