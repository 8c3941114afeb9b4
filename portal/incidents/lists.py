"""Incidents as rows: of the home page, of a visit, of the record of a client or a worker; the badge in the menu."""

from dataclasses import dataclass
from datetime import date, datetime

from flask_babel import lazy_pgettext
from sqlalchemy import ColumnElement, Row, Select, String, and_, bindparam, case, func, select

from portal.accounts.models import User
from portal.i18n import language
from portal.incidents.following import is_overdue
from portal.incidents.models import Incident, Urgency
from portal.incidents.queries import ENDED, visible_incidents
from portal.incidents.words import state_badge, urgency_badge
from portal.labels import Labelled
from portal.people.models import Client, Service, Staff
from portal.settings.queries import option
from portal.visits.models import Visit


@dataclass(frozen=True)
class IncidentRow:
    """A line about an incident."""

    id: int
    label: str
    client: str
    service: str
    starts_at: datetime
    declared_at: datetime
    declared_by: str
    state: str
    urgency: str
    due_on: date | None
    owner: str

    @property
    def overdue(self) -> bool:
        return is_overdue(self.state, self.due_on)

    @property
    def badges(self) -> list[tuple[object, str]]:
        return badges(self.state, self.urgency, self.due_on)


def badges(state: str, urgency: str, due_on: date | None) -> list[tuple[object, str]]:
    """What marks an incident, each with its tone: its state, that it is late, that it is urgent."""
    late = [(lazy_pgettext("incident", "Overdue"), "danger")] if is_overdue(state, due_on) else []
    more = urgency_badge(urgency)
    return [state_badge(state), *late, *([more] if more else [])]


def label_of(kind: type[Labelled]) -> ColumnElement[str]:
    """The label of a reason or an incident in the language of the reader, else in the first that has it."""
    labels = {code: getattr(kind, f"label_{code}") for code in ("fr", "ru", "en")}
    return func.coalesce(case(labels, value=bindparam("language", callable_=language, type_=String)), *labels.values())


def named(kind: type[Client | Staff]) -> ColumnElement[str]:
    return func.trim(kind.first_name + " " + kind.last_name)


def rows(chosen: Select[Incident]) -> Select:
    """The same incidents, with what a line says of each."""
    return (
        chosen.join(Visit, Visit.id == Incident.visit_id)
        .join(Client, Client.id == Visit.client_id)
        .join(Service, Service.id == Visit.service_id)
        .outerjoin(Staff, Staff.id == Incident.owner_id)
        .with_only_columns(
            Incident.id, label_of(Incident).label("label"), named(Client).label("client"),
            Service.name.label("service"), Visit.starts_at, Incident.declared_at, Incident.declared_by, Incident.state,
            Incident.urgency, Incident.due_on, named(Staff).label("owner"),
        )
    )  # fmt: skip


def as_row(row: Row) -> IncidentRow:
    return IncidentRow(
        row.id, row.label, row.client, row.service, row.starts_at, row.declared_at, row.declared_by, row.state,
        row.urgency, row.due_on, row.owner or "",
    )  # fmt: skip


# ---- what asks for attention ----

UNSETTLED = Incident.state.not_in(ENDED)
URGENT = and_(UNSETTLED, Incident.urgency == Urgency.URGENT)


def badge(user: User) -> Select[int] | None:
    """How many urgent incidents of this person's sectors are neither resolved nor closed: the badge in the menu."""
    if not option("incidents.enabled"):
        return None
    urgent = visible_incidents(user).where(URGENT).with_only_columns(Incident.id).limit(100).subquery()
    return select(func.count()).select_from(urgent)
