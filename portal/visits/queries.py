"""Reading visits, each from what the person may see."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import Row, ScalarSelect, Select, bindparam, false, func, select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.audit.queries import deeds_on
from portal.extensions import UTC, Fact, db, wires
from portal.i18n import start_of_day, zone
from portal.people.models import Client, Service, Worker
from portal.people.queries import branch, is_named, names_of_actors, sectors_below
from portal.roles import Role
from portal.tables.queries import Page, as_page, read_page, run_page
from portal.visits.models import OPEN, State, Visit, VisitWorker

STAGE_LABELS = {
    "draft": _l("Draft"),
    "planned": _l("To do"),
    "in_progress": _l("In progress"),
    "past": _l("Past, not closed"),
    "done": _l("Completed"),
    "cancelled": _l("Cancelled"),
}


DEEDS = {  # what one reads of them on the timeline: who did it, without a name, icon, tone
    "visit.planned": (_l("Planned by %(name)s"), _l("Planned"), "calendar", "neutral"),
    "visit.changed": (_l("Changed by %(name)s"), _l("Changed by an import"), "pencil", "neutral"),
    "visit.moved": (_l("Moved by %(name)s"), _l("Moved"), "calendar-days", "info"),
    "visit.tasks_changed": (_l("Tasks changed by %(name)s"), _l("Tasks changed"), "list-checks", "neutral"),
    "visit.done": (_l("Marked as done by %(name)s"), _l("Marked as done"), "circle-check", "done"),
    "visit.cancelled": (_l("Cancelled by %(name)s"), lazy_pgettext("visit", "Cancelled"), "calendar-x", "danger"),
    "visit.reopened": (_l("Set back to be done by %(name)s"), _l("Set back to be done"), "undo-2", "attention"),
}


def visible_visits(user: User) -> Select[Visit]:
    """Visits that this person may see. Drafts are the staff's alone."""
    match user.role:
        case Role.CLIENT | Role.RELATIVE:
            own = select(Visit).where(Visit.client_id == user.client_id, Visit.state != State.DRAFT)
            begun = Visit.starts_at <= bindparam(None, callable_=clock.now, type_=UTC)  # now is when it is asked
            return own if user.sees_upcoming else own.where(begun)
        case Role.WORKER:
            sent = select(VisitWorker.visit_id).where(VisitWorker.worker_id == user.worker_id)
            return select(Visit).where(Visit.id.in_(sent), Visit.state != State.DRAFT)
        case Role.COORDINATOR:
            return select(Visit).where(Visit.sector_id.in_(sectors_below(user.staff_id)))
        case Role.QUALITY | Role.ADMIN:
            return select(Visit)
        case _:
            return select(Visit).where(false())


def visit_of(user: User, visit_id: int) -> Visit | None:
    """Return a visit that this person may see."""
    chosen = visible_visits(user).where(Visit.id == visit_id)
    return db.session.scalar(chosen.options(joinedload(Visit.client, innerjoin=True)))


def stage(state: str, starts_at: datetime, ends_at: datetime) -> str:
    """Return what a visit is at this moment: what was said of it, or what follows from the time."""
    moment = clock.now()
    if state != State.PLANNED or moment < starts_at:
        return str(state)
    return "in_progress" if moment < ends_at else "past"


@dataclass(frozen=True)
class VisitRow:
    """A line of a list of visits. The last fields are filled by ratings and incidents, through `wiring.py`."""

    id: int
    starts_at: datetime
    ends_at: datetime
    service: str
    client_id: int
    client: str
    can_open_client: bool  # a client may have moved to another sector since
    workers: list[str]
    stage: str
    stage_label: str
    cancel_reason: str | None
    stars: int | None = None
    rating: str = "none"  # "rated", "hidden" (rated, not for this person to read), "waiting", "none", "off" (no module)
    locked: bool = False  # it has been rated: neither cancelled nor reopened
    can_change: bool = False
    rate_url: str | None = None
    by_agency: bool = False  # the agency has typed the rating
    replied: bool = False  # the agency has answered it
    again: bool = False  # the agency asks for another one
    counted: bool = True  # staff have not excluded it from the statistics
    said_url: str | None = None  # where the client reads either
    report_url: str | None = None  # where an incident can be reported, while it can
    incidents: tuple[Any, ...] = ()  # those reported, each with `url`, `label` and `marks`

    @property
    def first_name(self) -> str | None:
        return self.workers[0].split(" ")[0] if self.workers else None


def names_of_workers() -> ScalarSelect:
    """Names of those sent to a visit, one a line, in their order."""
    named = (
        select(func.replace(Worker.first_name + " " + Worker.last_name, "\n", " ").label("name"))
        .join(VisitWorker, VisitWorker.worker_id == Worker.id)
        .where(VisitWorker.visit_id == Visit.id)
        .order_by(VisitWorker.position)
        .correlate(Visit)
        .subquery("named")
    )
    return select(func.aggregate_strings(named.c.name, "\n")).scalar_subquery()


def rows(statement: Select) -> Select:
    """Turn a selection of visits into the columns of a list, those of other features added (`wiring.py`)."""
    listed = (
        statement.join(Client, Client.id == Visit.client_id)
        .join(Service, Service.id == Visit.service_id)
        .with_only_columns(
            Visit.id, Visit.starts_at, Visit.ends_at, Visit.state, Visit.cancel_reason, Service.name.label("service"),
            Visit.client_id, Client.first_name, Client.last_name, names_of_workers().label("workers"),
            (Client.sector_id == Visit.sector_id).label("at_home"),
        )
    )  # fmt: skip
    for column in wires.visit_columns:
        listed = column.add(listed)
    return listed


def reader(user: User) -> Callable[[Row], VisitRow]:
    """Return what turns rows into lines of a list for this person. What all have in common is looked up once."""
    columns = [column.reader(user) for column in wires.visit_columns]
    labels = {name: str(label) for name, label in STAGE_LABELS.items()}
    sees_all = user.role in (Role.QUALITY, Role.ADMIN)

    def read(row: Row) -> VisitRow:
        now = stage(row.state, row.starts_at, row.ends_at)
        cells: dict[str, Any] = {}
        for column in columns:
            cells |= column(row, now)
        return VisitRow(
            id=row.id, starts_at=row.starts_at, ends_at=row.ends_at, service=row.service,
            client_id=row.client_id, client=f"{row.first_name} {row.last_name}".strip(),
            can_open_client=row.at_home or sees_all, workers=row.workers.split("\n") if row.workers else [],
            stage=now, stage_label=labels[now], cancel_reason=row.cancel_reason, **cells,
        )  # fmt: skip

    return read


@dataclass(frozen=True)
class VisitFilter:
    """What a list of visits is narrowed to; None leaves all in."""

    first_day: date | None = None
    last_day: date | None = None
    service_id: int | None = None
    stage: str | None = None
    sector_id: int | None = None  # and those below it
    manager_id: int | None = None  # who has the client's file in hand
    client: str | None = None
    worker: str | None = None


def list_visits(user: User, narrowed: VisitFilter) -> Page[VisitRow]:
    """Return a page of the visits that this person may see, newest first."""
    if narrowed == VisitFilter():
        return run_page(_whole_list(user.kind), reader(user), **user.numbers)
    return read_page(_newest_first(narrow(visible_visits(user), narrowed)), reader(user))


@cache
def _whole_list(kind: User) -> Select:
    """The list as it is opened: made once for each kind of person, since making it takes longer than running it."""
    return as_page(_newest_first(visible_visits(kind)))


def _newest_first(chosen: Select) -> Select:
    return rows(chosen).order_by(Visit.starts_at.desc(), Visit.id.desc())


def narrow(statement: Select, narrowed: VisitFilter) -> Select:
    """Apply a filter to a selection of visits. Days are days of the agency's wall clock."""
    if narrowed.first_day:
        statement = statement.where(Visit.starts_at >= start_of_day(narrowed.first_day))
    if narrowed.last_day:
        statement = statement.where(Visit.starts_at < start_of_day(narrowed.last_day + timedelta(days=1)))
    if narrowed.service_id:
        statement = statement.where(Visit.service_id == narrowed.service_id)
    if narrowed.sector_id:
        statement = statement.where(Visit.sector_id.in_(branch(narrowed.sector_id)))
    if narrowed.manager_id:
        held = select(Client.id).where(Client.file_manager_id == narrowed.manager_id)
        statement = statement.where(Visit.client_id.in_(held))
    if narrowed.client:
        statement = statement.where(Visit.client_id.in_(select(Client.id).where(is_named(Client, narrowed.client))))
    if narrowed.worker:
        sent = select(VisitWorker.visit_id).join(Worker).where(is_named(Worker, narrowed.worker))
        statement = statement.where(Visit.id.in_(sent))
    return narrow_to_stage(statement, narrowed.stage)


def narrow_to_stage(statement: Select, wanted: str | None) -> Select:
    """Keep the visits of one stage; an unknown word keeps all."""
    moment = clock.now()
    conditions = {
        "planned": (Visit.state == State.PLANNED, Visit.starts_at > moment),
        "in_progress": (Visit.state == State.PLANNED, Visit.starts_at <= moment, Visit.ends_at > moment),
        "past": (Visit.state == State.PLANNED, Visit.ends_at <= moment),
    }
    if wanted in conditions:
        return statement.where(*conditions[wanted])
    return statement.where(Visit.state == wanted) if wanted in STAGE_LABELS else statement


def today() -> date:
    return clock.now().astimezone(zone()).date()


def list_days(user: User, first: date, days: int) -> Sequence[VisitRow]:
    """Return all visits of some days, in order of the clock (a worker's day or week)."""
    chosen = narrow(visible_visits(user), VisitFilter(first_day=first, last_day=first + timedelta(days=days - 1)))
    found = db.session.execute(rows(chosen).order_by(Visit.starts_at, Visit.id).limit(500))
    return list(map(reader(user), found))


def rows_by_id(user: User, ids: Collection[int]) -> dict[int, VisitRow]:
    """Return the lines of those of these visits that this person may see."""
    if not ids:
        return {}
    found = db.session.execute(rows(visible_visits(user).where(Visit.id.in_(ids))))
    return {row.id: row for row in map(reader(user), found)}


def row_of(user: User, visit_id: int) -> VisitRow:
    """Return one line of a list anew, after something changed."""
    return reader(user)(db.session.execute(one_row(user.kind), {**user.numbers, "visit_id": visit_id}).one())


@cache
def one_row(kind: User) -> Select:
    """The statement of one line, made once for each kind of person."""
    return rows(visible_visits(kind).where(Visit.id == bindparam("visit_id")))


def day_of(row: VisitRow) -> date:
    """The day of a visit where the agency is."""
    return row.starts_at.astimezone(zone()).date()


def deeds_of(visit: Visit) -> list[tuple[AuditEntry, str | None]]:
    """What was done to a visit, oldest first, each with the name of who of the agency did it; read once for all parts
    of its page."""
    known = g.setdefault("deeds", {})
    if visit.id not in known:
        deeds = deeds_on("visit", [visit.id])
        of_agency = [deed for deed in deeds if deed.role not in (Role.CLIENT, Role.RELATIVE)]
        names = names_of_actors(of_agency)
        known[visit.id] = [(deed, names.get(deed.id)) for deed in deeds]
    return known[visit.id]


def timeline_facts(_user: User, visit: Visit) -> list[Fact]:
    """What was done to a visit and by whom, and when it is to take place."""
    deeds = [(deed, name) for deed, name in deeds_of(visit) if deed.kind in DEEDS]
    facts = [_fact(deed, name, visit) for deed, name in deeds]
    if "visit.planned" not in {deed.kind for deed, _name in deeds}:
        facts.append(Fact(visit.created_at, str(DEEDS["visit.planned"][1]), "calendar"))
    if visit.state in OPEN and visit.starts_at > clock.now():
        facts.append(Fact(visit.starts_at, _("The visit begins"), "clock", "info", to_come=True))
    return facts


def said_of(deed: AuditEntry, name: str | None) -> tuple[str, str, str]:
    """What a timeline says of a deed on a visit, with the name of who did it; its icon, its tone."""
    by_somebody, by_itself, icon, tone = DEEDS[deed.kind]
    return str(by_somebody) % {"name": name} if name else str(by_itself), icon, tone


def _fact(deed: AuditEntry, name: str | None, visit: Visit) -> Fact:
    is_last_word = deed.kind == "visit.cancelled" and visit.state == State.CANCELLED
    return Fact(deed.at, *said_of(deed, name), visit.cancel_reason if is_last_word else None)
