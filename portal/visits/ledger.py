"""What the lines of an imported file are held against: people, services and visits, looked up once, kept in step."""

import datetime as dt
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, select

from portal.accounts.models import User
from portal.extensions import db
from portal.folding import fold
from portal.people.models import Client, Service, Worker
from portal.people.queries import visible_clients
from portal.settings.queries import option
from portal.visits.models import State, Visit, VisitWorker

IN_ONE_QUERY = 500


@dataclass(slots=True)
class KnownPerson:
    """A client or a worker. Only clients have a sector here."""

    id: int
    name: str
    email: str | None
    language: str | None
    active: bool
    sector_id: int = 0


@dataclass(slots=True)
class KnownVisit:
    """A visit as it is or, after the lines so far, as it will be. `service` is the folded name of the service."""

    client: KnownPerson
    service: str
    local_start: dt.datetime
    starts_at: dt.datetime
    minutes: int
    state: str
    workers: list[int]
    order: str | None = None
    external_id: str | None = None
    id: int | None = None
    version: int = 0
    to_state: str | None = None  # done or cancelled: what the file says of it, not written yet
    is_filed: bool = False
    wants: str | None = None  # the state that the file said first; a draft gets it as soon as a worker is known
    said: dict[str, int] = field(default_factory=dict)  # which line of the file first said when, how long, what

    @property
    def ends_at(self) -> dt.datetime:
        return self.starts_at + dt.timedelta(minutes=self.minutes)

    @property
    def will_be(self) -> str:
        return self.to_state or self.state


@dataclass
class Ledger:
    """Everything of the agency that the lines of one file may name, and what they do to it until it is written.

    Attributes:
        user: who imports; None for the portal itself, which sees every client.
        clients, workers: by match key; several under one key are homonyms.
        worker_names: by id.
        services: name by folded name; service_ids likewise, for those that exist.
        by_day: visits by client and day.
        by_external_id: visits by the key of the other program; None for one that this person may not see.
        history: the visits of a client, in order of time.
        fresh, touched, completed: visits to insert, visits to change, what is added to clients' records.
    """

    user: User | None
    clients: dict[str, list[KnownPerson]] = field(default_factory=dict)
    workers: dict[str, list[KnownPerson]] = field(default_factory=dict)
    worker_names: dict[int, KnownPerson] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)
    service_ids: dict[str, int] = field(default_factory=dict)
    by_day: dict[tuple[int, dt.date], list[KnownVisit]] = field(default_factory=lambda: defaultdict(list))
    by_external_id: dict[str, KnownVisit | None] = field(default_factory=dict)
    history: dict[int, list[KnownVisit]] = field(default_factory=lambda: defaultdict(list))
    new_services: list[str] = field(default_factory=list)
    fresh: list[KnownVisit] = field(default_factory=list)
    touched: dict[int, KnownVisit] = field(default_factory=dict)
    completed: dict[int, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(option("agency.zone"))
        clients = select(Client) if self.user is None else visible_clients(self.user)
        for row in db.session.execute(clients.with_only_columns(*_columns(Client), Client.sector_id)):
            self.clients.setdefault(row.match_key, []).append(_person(row, row.sector_id))
        for row in db.session.execute(select(*_columns(Worker))):
            self.workers.setdefault(row.match_key, []).append(_person(row, 0))
        self.worker_names = {person.id: person for named in self.workers.values() for person in named}
        for service_id, name in db.session.execute(select(Service.id, Service.name).order_by(Service.id.desc())):
            key = self.key_of(name)
            self.services[key], self.service_ids[key] = name, service_id

    def look_up(
        self, clients: Collection[KnownPerson], first: dt.date, last: dt.date, external_ids: Sequence[str]
    ) -> None:
        """Load the visits of some clients between two days, the last one before, and those with one of the keys."""
        midnight = dt.datetime.combine(first, dt.time(), self.zone)
        days = dt.timedelta(days=(last - first).days + 1)
        in_time = and_(Visit.starts_at >= midnight, Visit.starts_at < midnight + days)
        for ids in _chunks(sorted({client.id for client in clients})):
            self._load(and_(Visit.client_id.in_(ids), in_time), self.file)
            self._load(_latest(ids, midnight), self.file)
        for keys in _chunks(external_ids):
            taken = db.session.scalars(select(Visit.external_id).where(Visit.external_id.in_(keys)))
            self.by_external_id |= {str(key): None for key in taken if key not in self.by_external_id}
            self._load(Visit.external_id.in_(keys), self.file)

    def _load(self, which: ColumnElement[bool], keep: Callable[[KnownVisit], None]) -> None:
        people = {person.id: person for named in self.clients.values() for person in named}
        sent = select(VisitWorker.visit_id, VisitWorker.worker_id).join(Visit).where(which)
        workers: dict[int, list[int]] = defaultdict(list)
        for visit_id, worker_id in db.session.execute(sent.order_by(VisitWorker.position)):
            workers[visit_id].append(worker_id)
        found = (
            select(
                Visit.id, Visit.client_id, Service.name, Visit.local_start, Visit.starts_at, Visit.ends_at, Visit.state,
                Visit.mission_order, Visit.external_id, Visit.version,
            ).join(Service, Service.id == Visit.service_id).where(which).order_by(Visit.id)
        )  # fmt: skip
        for row in db.session.execute(found):
            if row.client_id in people:
                keep(KnownVisit(
                    people[row.client_id], self.key_of(row.name), row.local_start, row.starts_at,
                    round((row.ends_at - row.starts_at).total_seconds() / 60), row.state, workers[row.id],
                    row.mission_order, row.external_id, row.id, row.version,
                ))  # fmt: skip

    def file(self, visit: KnownVisit) -> None:
        """Make a visit findable by its day and its key."""
        same_day = self.by_day[visit.client.id, visit.local_start.date()]
        known = next((other for other in same_day if other is visit or (other.id and other.id == visit.id)), None)
        if known is None:
            same_day.append(visit)
        if known is None and not visit.is_filed:  # one that was moved is there already
            insort(self.history[visit.client.id], visit, key=_start)
            visit.is_filed = True
        if visit.external_id:
            self.by_external_id[visit.external_id] = known or visit

    def last_before(self, client: KnownPerson, moment: dt.datetime) -> KnownVisit | None:
        """Return the latest visit of a client that begins before a moment; cancelled ones do not count.

        Later ones do not count either: what a blank cell means must not hang on what else the file brings.
        """
        visits = self.history[client.id]
        place = bisect_left(visits, moment, key=_start)
        return next((visit for visit in reversed(visits[:place]) if visit.will_be != State.CANCELLED), None)

    def key_of(self, service: str) -> str:
        """Under what a service is known here, whatever the accents and the case of its name."""
        return fold(service) or service

    def name_service(self, name: str) -> None:
        """Make a service known that the agency does not have yet; it is created with the first visit that needs it."""
        if self.key_of(name) not in self.services:
            self.services[self.key_of(name)] = name
            self.new_services.append(name)

    def add(self, visit: KnownVisit) -> None:
        """Take a new visit."""
        self.fresh.append(visit)
        self.file(visit)

    def touch(self, visit: KnownVisit) -> None:
        """Take that a visit was changed; a new one is written as it is then."""
        self.history[visit.client.id].sort(key=_start)
        if visit.id is not None:
            self.touched[visit.id] = visit
        self.file(visit)

    def complete(self, client: KnownPerson, values: dict[str, str]) -> None:
        """Take what the file knows of a client and the record does not."""
        client.email = values.get("email", client.email)
        client.language = values.get("language", client.language)
        self.completed.setdefault(client.id, {}).update(values)


def _columns(kind: type[Client] | type[Worker]) -> tuple[ColumnElement, ...]:
    return kind.match_key, kind.id, kind.first_name, kind.last_name, kind.email, kind.language, kind.active


def _person(row, sector_id: int) -> KnownPerson:
    name = f"{row.first_name} {row.last_name}".strip()
    return KnownPerson(row.id, name, row.email, row.language, row.active, sector_id)


def _start(visit: KnownVisit) -> dt.datetime:
    return visit.starts_at


def _latest(client_ids: Sequence[int], before: dt.datetime) -> ColumnElement[bool]:
    """The last visits of some clients before a moment; cancelled ones do not count."""
    held = and_(Visit.client_id.in_(client_ids), Visit.starts_at < before, Visit.state != State.CANCELLED)
    latest = (
        select(Visit.client_id, func.max(Visit.starts_at).label("starts_at"))
        .where(held)
        .group_by(Visit.client_id)
        .subquery()
    )
    same = and_(Visit.client_id == latest.c.client_id, Visit.starts_at == latest.c.starts_at)
    return Visit.id.in_(select(Visit.id).join(latest, same).where(held).correlate(None))


def _chunks(values: Sequence) -> Iterator[Sequence]:
    for start in range(0, len(values), IN_ONE_QUERY):
        yield values[start : start + IN_ONE_QUERY]
