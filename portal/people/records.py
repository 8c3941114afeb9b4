"""Reading records of clients and workers: the lists, and one record at a time, each from what the person may see."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, ScalarSelect, Select, func, literal, or_, select, union_all
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from portal import clock
from portal.accounts.models import User
from portal.extensions import db, list_of
from portal.folding import fold_name
from portal.people.models import (
    Absence,
    Availability,
    Client,
    Relative,
    Sector,
    Skill,
    SkillLevel,
    Staff,
    Worker,
    WorkerSkill,
    worker_sector,
)
from portal.people.queries import branch, is_named, visible_clients, visible_sectors, visible_workers
from portal.tables.queries import Page, read_page

PAST_ABSENCES = 90  # days


@dataclass(frozen=True)
class RecordFilter:
    """What a list of records is narrowed to; `state` is empty for those at work, `closed` or `all`."""

    typed: str = ""
    state: str = ""
    sector_id: int | None = None
    manager_id: int | None = None
    skill_id: int | None = None


@dataclass(frozen=True)
class RecordRow:
    """A line of the list of clients or of workers."""

    id: int
    name: str
    phone: str
    active: bool
    sectors: Sequence[str]
    manager: str = ""
    all_sectors: bool = False


def list_clients(user: User, narrowed: RecordFilter) -> Page[RecordRow]:
    """Return a page of the clients whose file this person may open, by name."""
    chosen = visible_clients(user).where(*_narrowing(Client, narrowed))
    if narrowed.sector_id:
        chosen = chosen.where(Client.sector_id.in_(branch(narrowed.sector_id)))
    if narrowed.manager_id:
        chosen = chosen.where(Client.file_manager_id == narrowed.manager_id)
    manager = Staff.first_name + literal(" ") + Staff.last_name
    listed = (
        chosen.join(Sector, Sector.id == Client.sector_id)
        .outerjoin(Staff, Staff.id == Client.file_manager_id)
        .with_only_columns(*_columns(Client), Sector.name.label("sector"), manager.label("manager"))
    )
    ordered = listed.order_by(Client.last_name, Client.first_name, Client.id)
    return read_page(ordered, lambda row: _as_row(row, [row.sector], manager=row.manager or ""))


def list_workers(user: User, narrowed: RecordFilter) -> Page[RecordRow]:
    """Return a page of the workers whose file this person may open, by name."""
    chosen = visible_workers(user).where(*_narrowing(Worker, narrowed))
    if narrowed.sector_id:
        inside = worker_sector.c.sector_id.in_(branch(narrowed.sector_id))
        sent = select(worker_sector.c.worker_id).where(inside)
        chosen = chosen.where(or_(Worker.all_sectors, Worker.id.in_(sent)))
    if narrowed.skill_id:
        able = select(WorkerSkill.worker_id).where(WorkerSkill.skill_id == narrowed.skill_id)
        chosen = chosen.where(Worker.id.in_(able))
    listed = chosen.with_only_columns(*_columns(Worker), _sectors_of_worker(user).label("sectors"), Worker.all_sectors)
    ordered = listed.order_by(Worker.last_name, Worker.first_name, Worker.id)
    return read_page(ordered, lambda row: _as_row(row, row.sectors or [], all_sectors=row.all_sectors))


def _narrowing(kind: type[Client | Worker], narrowed: RecordFilter) -> list[ColumnElement[bool]]:
    conditions = [is_named(kind, narrowed.typed)] if narrowed.typed else []
    if narrowed.state != "all":
        conditions.append(kind.active.is_(narrowed.state != "closed"))
    return conditions


def _columns(kind: type[Client | Worker]) -> tuple[ColumnElement, ...]:
    return (
        kind.id,
        kind.first_name,
        kind.last_name,
        func.coalesce(kind.phone, kind.mobile, "").label("phone"),
        kind.active,
    )


def _sectors_of_worker(user: User) -> ScalarSelect:
    """Names of a worker's sectors; of other people's sectors nothing is said."""
    seen = visible_sectors(user).with_only_columns(Sector.id)
    named = (
        select(Sector.name)
        .join(worker_sector, worker_sector.c.sector_id == Sector.id)
        .where(worker_sector.c.worker_id == Worker.id, Sector.id.in_(seen))
        .order_by(Sector.name)
        .correlate(Worker)
        .subquery("named")
    )
    return select(list_of(named.c.name)).scalar_subquery()


def told_apart(user: User, names: Mapping[int, str]) -> dict[int, str]:
    """Return names of workers to choose from, by number; of those who share one, sectors and telephone are said too."""
    times = Counter(map(fold_name, names.values()))
    alike = [number for number, name in names.items() if times[fold_name(name)] > 1]
    said = dict(names)
    if alike:
        telephone = func.coalesce(Worker.mobile, Worker.phone).label("telephone")
        chosen = select(Worker.id, _sectors_of_worker(user).label("sectors"), telephone).where(Worker.id.in_(alike))
        for row in db.session.execute(chosen):
            said[row.id] = " · ".join(filter(None, (names[row.id], ", ".join(row.sectors or ()), row.telephone)))
    return said


def _as_row(row: Row, sectors: Sequence[str], **more: Any) -> RecordRow:
    name = f"{row.first_name} {row.last_name}".strip()
    return RecordRow(row.id, name, row.phone, row.active, sectors, **more)


def offered_to_clients_list(user: User) -> dict[str, dict[int, str]]:
    """Return what the list of clients can be narrowed to: sectors, and those who have a file of it in hand."""
    held = visible_clients(user).where(Client.file_manager_id == Staff.id).correlate(Staff).exists()
    name = Staff.first_name + literal(" ") + Staff.last_name
    return _offered(_sectors_to_choose(user), select(literal("manager"), Staff.id, name).where(held))


def offered_to_workers_list(user: User) -> dict[str, dict[int, str]]:
    """Return what the list of workers can be narrowed to: sectors and skills."""
    return _offered(_sectors_to_choose(user), select(literal("skill"), Skill.id, Skill.name).where(Skill.active))


def _sectors_to_choose(user: User) -> Select:
    return visible_sectors(user).with_only_columns(literal("sector").label("kind"), Sector.id, Sector.name)


def _offered(*parts: Select) -> dict[str, dict[int, str]]:
    """All choices of a list's filters in one statement, by kind, each by name."""
    found: dict[str, dict[int, str]] = {"sector": {}, "manager": {}, "skill": {}}
    for kind, number, name in db.session.execute(union_all(*parts).order_by("kind", "name")):
        found[kind][number] = name
    return found


def client_record(user: User, client_id: int) -> Client | None:
    """Return a client whose file this person may open, with what the page of definition says of others."""
    chosen = visible_clients(user).where(Client.id == client_id)
    whole = joinedload(Client.sector, innerjoin=True), joinedload(Client.file_manager), joinedload(Client.account)
    return db.session.scalar(chosen.options(*whole))


def client_of(user: User, client_id: int) -> Client | None:
    """Return a client whose file this person may open."""
    return db.session.scalar(visible_clients(user).where(Client.id == client_id))


def client_to_change(user: User, client_id: int) -> Client | None:
    """The same, held until the transaction ends: of two who save at once, the second sees what the first wrote."""
    chosen = visible_clients(user).where(Client.id == client_id)
    return db.session.scalar(chosen.with_for_update(of=Client))


def relative_of(user: User, client_id: int, relative_id: int) -> Relative | None:
    """Return a relative of a client whose file this person may open."""
    return db.session.scalar(_relatives(user, client_id).where(Relative.id == relative_id))


def relative_to_change(user: User, client_id: int, relative_id: int) -> Relative | None:
    chosen = _relatives(user, client_id).where(Relative.id == relative_id)
    return db.session.scalar(chosen.with_for_update(of=Relative))


def _relatives(user: User, client_id: int) -> Select[Relative]:
    seen = visible_clients(user).where(Client.id == client_id).with_only_columns(Client.id)
    return select(Relative).where(Relative.client_id.in_(seen))


def worker_to_change(user: User, worker_id: int) -> Worker | None:
    chosen = visible_workers(user).where(Worker.id == worker_id)
    return db.session.scalar(chosen.options(selectinload(Worker.sectors)).with_for_update(of=Worker))


def worker_of(user: User, worker_id: int) -> Worker | None:
    """Return a worker whose file this person may open."""
    return db.session.scalar(visible_workers(user).where(Worker.id == worker_id))


def worker_record(user: User, worker_id: int) -> Worker | None:
    """The same with what the page of definition shows, but for the absences."""
    chosen = visible_workers(user).where(Worker.id == worker_id)
    return db.session.scalar(chosen.options(joinedload(Worker.account)))


def sectors_seen(user: User, worker: Worker) -> list[Sector]:
    """Return those of a worker's sectors that this person may see, by name."""
    mine = visible_sectors(user).join(worker_sector).where(worker_sector.c.worker_id == worker.id)
    return list(db.session.scalars(mine.order_by(Sector.name)))


def catalogue() -> list[Skill]:
    """Return the skills that workers can have, with their levels."""
    chosen = select(Skill).outerjoin(Skill.levels).options(contains_eager(Skill.levels)).where(Skill.active)
    return list(db.session.scalars(chosen.order_by(Skill.name, SkillLevel.rank)).unique())


def skills_of(worker: Worker) -> list[WorkerSkill]:
    chosen = select(WorkerSkill).join(Skill).where(WorkerSkill.worker_id == worker.id).order_by(Skill.name)
    return list(db.session.scalars(chosen.options(contains_eager(WorkerSkill.skill), joinedload(WorkerSkill.level))))


def skill_of(worker: Worker, skill_id: int) -> WorkerSkill | None:
    return db.session.get(WorkerSkill, (worker.id, skill_id))


def hours_of(worker: Worker, hours_id: int) -> Availability | None:
    chosen = select(Availability).where(Availability.id == hours_id, Availability.worker_id == worker.id)
    return db.session.scalar(chosen)


def absence_of(worker: Worker, absence_id: int) -> Absence | None:
    return db.session.scalar(select(Absence).where(Absence.id == absence_id, Absence.worker_id == worker.id))


def absences_of(worker: Worker) -> list[Absence]:
    """Return the absences of a worker to come and of the last months, the first ones first."""
    lately = clock.now().date() - timedelta(days=PAST_ABSENCES)
    chosen = select(Absence).where(Absence.worker_id == worker.id, Absence.last_day >= lately)
    return list(db.session.scalars(chosen.order_by(Absence.first_day).limit(100)))
