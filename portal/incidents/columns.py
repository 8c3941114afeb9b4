"""What lists show of incidents: the visits of clients and workers, and the conversations of everybody."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce

from sqlalchemy import Row, ScalarSelect, Select, String, case, cast, exists, func, literal, select

from portal import clock
from portal.accounts.models import User
from portal.extensions import VisitColumn
from portal.i18n import day, language
from portal.incidents.models import ENDED, Incident, IncidentReason, State, Urgency
from portal.incidents.words import STATE_LABELS, STATE_TONES, URGENCY_LABELS, URGENCY_TONES, told_state
from portal.labels import LANGUAGES, first_label
from portal.portals import portal_of
from portal.settings.queries import option
from portal.tables.queries import addresses_of
from portal.threads.columns import Heading, Mark, ThreadColumn
from portal.threads.models import Participant, Thread
from portal.threads.queries import is_staff
from portal.visits.models import State as VisitState
from portal.visits.models import Visit

# between the values of an incident and between incidents: no name and no label holds them, they are clean lines
_UNIT, _RECORD = "\x1f", "\x1e"
LABELS = [getattr(Incident, f"label_{code}") for code in LANGUAGES]


@dataclass(frozen=True)
class Reported:
    """An incident beside its visit: the way to its conversation, what it is, what has become of it."""

    url: str
    label: str
    state: State
    urgency: Urgency
    declared_at: datetime
    declared_by: str
    reported_by: str | None
    state_at: datetime
    closed_by: str | None

    @property
    def marks(self) -> tuple[Mark, ...]:
        return marks_of(self.state, self.urgency)


# ---- visits ----


def add_incidents(statement: Select) -> Select:
    """Give a list of visits what was reported on each, and whether anything can be: two looks along an index."""
    offered = IncidentReason.service_id == Visit.service_id, IncidentReason.active
    return statement.add_columns(
        exists().where(*offered).correlate(Visit).label("reportable"), _reported().label("reported")
    )


def _reported() -> ScalarSelect:
    """The incidents of a visit, with who may read each on their portal: nobody while the thread is not published."""
    person = case(
        (Participant.client_id.is_not(None), literal("client:") + cast(Participant.client_id, String)),
        else_=literal("worker:") + cast(Participant.worker_id, String),
    )
    of_thread = Participant.thread_id == Thread.id, Thread.published
    people = select(func.aggregate_strings(person, " ")).where(*of_thread).correlate(Thread).scalar_subquery()
    told = Incident.state, Incident.urgency, Incident.declared_at, Incident.state_at, Incident.declared_by
    maybe = Incident.reported_by, Incident.closed_by, *LABELS, people
    parts = [cast(one, String) for one in (Thread.id, *told)] + [func.coalesce(one, "") for one in maybe]
    line = reduce(lambda before, part: before + literal(_UNIT) + part, parts)
    lines = (
        select(line.label("line")).select_from(Incident).join(Thread, Thread.id == Incident.thread_id)
        .where(Incident.visit_id == Visit.id).order_by(Incident.id).correlate(Visit).subquery("reported_lines")
    )  # fmt: skip
    return select(func.aggregate_strings(lines.c.line, _RECORD)).scalar_subquery()


def _moment(text: str) -> datetime:
    """A moment as either engine writes it: SQLite's are in UTC and do not say so."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def visit_reader(user: User) -> Callable[[Row, str], dict]:
    """Return what says of a visit's row where to report an incident, while that is open, and which ones there are: to
    clients and workers only those in whose conversation they take part."""
    if not user.sees_threads or not option("incidents.enabled"):
        return lambda _row, _stage: {}
    portal, now, of_staff = portal_of(user.role).name, clock.now(), is_staff(user)
    before, after = (timedelta(minutes=option(f"incidents.{name}_minutes")) for name in ("before", "after"))
    address = addresses_of(f"{portal}.declare_incident", "visit_id")
    me = f"worker:{user.worker_id}" if portal == "worker" else f"client:{user.client_id}"
    shown = _incident_reader(addresses_of(f"{portal}.show_thread", "thread_id"), of_staff=of_staff)

    def read(row: Row, stage: str) -> dict:
        lines = [line.split(_UNIT) for line in row.reported.split(_RECORD)] if row.reported else []
        incidents = tuple(shown(*line) for line in lines if of_staff or me in line[-1].split(" "))
        is_open = stage != VisitState.DRAFT and row.reportable and row.starts_at - before <= now <= row.ends_at + after
        return {"report_url": address(row.id) if is_open and not of_staff else None, "incidents": incidents}

    return read


def _incident_reader(address: Callable[[int], str], *, of_staff: bool) -> Callable[..., Reported]:
    code = language()

    def read(thread: str, state: str, urgency: str, declared_at: str, state_at: str, declared_by: str,
             reported_by: str, closed_by: str, *rest: str) -> Reported:  # fmt: skip
        label = first_label(dict(zip(LANGUAGES, rest, strict=False)), code)
        return Reported(
            address(int(thread)), label, told_state(State(state), of_staff=of_staff), Urgency(urgency),
            _moment(declared_at), declared_by, reported_by or None, _moment(state_at), closed_by or None,
        )  # fmt: skip

    return read


VISIT_COLUMN = VisitColumn(add_incidents, visit_reader)


# ---- conversations ----


def add_incident(statement: Select) -> Select:
    """Give a selection of threads the incident that each is about."""
    return (
        statement.outerjoin(Incident, Incident.thread_id == Thread.id)
        .outerjoin(Visit, Visit.id == Incident.visit_id)
        .add_columns(
            Incident.id.label("incident_id"), Incident.state.label("incident_state"), Incident.urgency,
            Visit.starts_at.label("incident_day"), *LABELS,
        )
    )  # fmt: skip


def thread_reader(user: User) -> Callable[[Row], Heading | None]:
    """Return what heads the conversation of an incident: its reason and the day of the visit, state and urgency."""
    code, of_staff = language(), is_staff(user)

    def read(row: Row) -> Heading | None:
        if row.incident_id is None:
            return None
        label = first_label({one: getattr(row, f"label_{one}") for one in LANGUAGES}, code)
        state = told_state(State(row.incident_state), of_staff=of_staff)
        return Heading(f"{label} · {day(row.incident_day)}", marks_of(state, Urgency(row.urgency)))

    return read


def marks_of(state: State, urgency: Urgency) -> tuple[Mark, ...]:
    """The badges of an incident; its urgency says something until it is settled, unless it is the usual one."""
    marks = (Mark(STATE_LABELS[state], STATE_TONES[state]),)
    if urgency == Urgency.NORMAL or state in ENDED:
        return marks
    return (*marks, Mark(URGENCY_LABELS[urgency], URGENCY_TONES[urgency]))


THREAD_COLUMN = ThreadColumn(add_incident, thread_reader)
