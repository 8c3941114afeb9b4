"""The visits that an import meets: looked up once, kept in step line after line, written in bulk."""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from zoneinfo import ZoneInfo

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, func, insert, select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError

from portal.accounts.models import User
from portal.audit.actions import record, record_all
from portal.extensions import db
from portal.folding import fold
from portal.people.models import Client, Service, Worker
from portal.people.queries import visible_clients
from portal.settings.queries import option
from portal.visits.actions import cancel_visit, end_visits
from portal.visits.models import State, Visit, VisitWorker

T = TypeVar("T", int, str)
IN_ONE_QUERY = 500


@dataclass(slots=True)
class KnownPerson:
    id: int
    name: str
    email: str | None
    language: str | None
    sector_id: int
    active: bool


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
    to_state: str | None = None  # done or cancelled: said of it by the file, not yet written

    @property
    def ends_at(self) -> dt.datetime:
        return self.starts_at + dt.timedelta(minutes=self.minutes)


@dataclass
class Ledger:
    """What the lines of one file are held against.

    Attributes:
        user: who imports; None for the portal itself, which sees every client.
        ask: whether clients are asked to rate visits that the file says are done.
        clients, workers: by match key; several under one key are homonyms.
        services: names by folded name.
        by_day: visits by client and day.
        by_external_id: visits by the key of the other program; None for one that this person may not see.
        last: the latest visit of a client.
    """

    user: User | None
    ask: bool
    clients: dict[str, list[KnownPerson]] = field(default_factory=lambda: defaultdict(list))
    workers: dict[str, list[KnownPerson]] = field(default_factory=lambda: defaultdict(list))
    services: dict[str, str] = field(default_factory=dict)
    by_day: dict[tuple[int, dt.date], list[KnownVisit]] = field(default_factory=lambda: defaultdict(list))
    by_external_id: dict[str, KnownVisit | None] = field(default_factory=dict)
    last: dict[int, KnownVisit] = field(default_factory=dict)
    new_services: list[str] = field(default_factory=list)
    _service_ids: dict[str, int] = field(default_factory=dict)
    _fresh: list[KnownVisit] = field(default_factory=list)
    _touched: dict[int, KnownVisit] = field(default_factory=dict)
    _people: dict[int, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.zone = ZoneInfo(option("agency.zone"))
        clients = select(Client) if self.user is None else visible_clients(self.user)
        _collect_people(self.clients, Client, clients.with_only_columns(*_person(Client), Client.sector_id))
        _collect_people(self.workers, Worker, select(*_person(Worker), func.coalesce(None, 0)))
        for service_id, name in db.session.execute(select(Service.id, Service.name).order_by(Service.id.desc())).tuples():
            self.services[fold(name)], self._service_ids[fold(name)] = name, service_id

    def look_up(self, clients: Collection[KnownPerson], first: dt.date, last: dt.date, external_ids: Collection[str]) -> None:
        """Load the visits of some clients between two days, the latest of each, and those with one of the keys."""
        people = {person.id: person for person in clients}
        midnight = dt.datetime.combine(first, dt.time(), self.zone)
        in_time = and_(Visit.starts_at >= midnight, Visit.starts_at < midnight + dt.timedelta(days=(last - first).days + 2))
        for ids in _chunks(people):
            self._load(people, and_(Visit.client_id.in_(ids), in_time), self.file)
            latest = (
                select(Visit.client_id, func.max(Visit.starts_at).label("starts_at"))
                .where(Visit.client_id.in_(ids), Visit.state != State.CANCELLED)
                .group_by(Visit.client_id)
                .subquery()
            )
            found = select(Visit.id).join(
                latest, and_(Visit.client_id == latest.c.client_id, Visit.starts_at == latest.c.starts_at)
            )
            self._load(people, and_(Visit.id.in_(found), Visit.state != State.CANCELLED), self._note_last)
        everyone = {person.id: person for named in self.clients.values() for person in named}
        for keys in _chunks(external_ids):
            self.by_external_id |= dict.fromkeys(
                db.session.scalars(select(Visit.external_id).where(Visit.external_id.in_(keys))), None
            )
            self._load(everyone, Visit.external_id.in_(keys), self.file)

    def _load(
        self, people: dict[int, KnownPerson], which: ColumnElement[bool], keep: Callable[[KnownVisit], None]
    ) -> None:
        sent = select(VisitWorker.visit_id, VisitWorker.worker_id).join(Visit).where(which).order_by(VisitWorker.position)
        workers: dict[int, list[int]] = defaultdict(list)
        for visit_id, worker_id in db.session.execute(sent).tuples():
            workers[visit_id].append(worker_id)
        found = (
            select(
                Visit.id, Visit.client_id, Service.name, Visit.local_start, Visit.starts_at, Visit.ends_at, Visit.state,
                Visit.mission_order, Visit.external_id, Visit.version,
            ).join(Service, Service.id == Visit.service_id).where(which).order_by(Visit.starts_at, Visit.id)
        )  # fmt: skip
        for row in db.session.execute(found):
            if row.client_id not in people:
                continue
            keep(KnownVisit(
                people[row.client_id], fold(row.name), row.local_start, row.starts_at,
                round((row.ends_at - row.starts_at).total_seconds() / 60), row.state, workers[row.id],
                row.mission_order, row.external_id, row.id, row.version,
            ))  # fmt: skip

    def file(self, visit: KnownVisit) -> None:
        """Make a visit findable."""
        same_day = self.by_day[visit.client.id, visit.local_start.date()]
        known = next((other for other in same_day if other.id is not None and other.id == visit.id), None)
        if known is None:
            same_day.append(visit)
        if visit.external_id:
            self.by_external_id[visit.external_id] = known or visit

    def _note_last(self, visit: KnownVisit) -> None:
        last = self.last.get(visit.client.id)
        if last is None or visit.starts_at >= last.starts_at:
            self.last[visit.client.id] = visit

    def name_service(self, name: str) -> None:
        """Make a service known that the agency does not have yet; it is created with the first visit that needs it."""
        self.services[fold(name)] = name
        self.new_services.append(name)

    def add(self, visit: KnownVisit) -> None:
        """Take a new visit."""
        self._fresh.append(visit)
        self.file(visit)
        if visit.state != State.CANCELLED and visit.to_state != State.CANCELLED:
            self._note_last(visit)

    def touch(self, visit: KnownVisit) -> None:
        """Take that a visit was changed; one that is not written yet is written as it is then."""
        if visit.id is not None:
            self._touched[visit.id] = visit
        self.file(visit)

    def complete(self, client: KnownPerson, values: dict[str, str]) -> None:
        """Take what the file knows of a client and the record does not."""
        client.email = values.get("email", client.email)
        client.language = values.get("language", client.language)
        self._people.setdefault(client.id, {}).update(values)

    def write(self) -> None:
        """Write all that was taken since the last call; flush, never commit.

        Raises:
            StaleDataError: a record is no longer as it was when the ledger was opened.
        """
        self._write_people()
        self._write_services({visit.service for visit in (*self._fresh, *self._touched.values())})
        changed = self._write_touched()
        fresh = self._write_fresh()
        self._conclude([*changed, *fresh])
        for known in self._fresh:
            known.version = 1
        for visit, known in [*changed, *fresh]:
            known.version, known.state, known.to_state = visit.version, visit.state, None
        self._fresh.clear()
        self._touched.clear()
        self._people.clear()

    def _write_people(self) -> None:
        for client_id, values in self._people.items():
            client = db.session.get_one(Client, client_id)
            for name, value in values.items():
                if getattr(client, name):
                    raise StaleDataError(client_id)
                setattr(client, name, value)
            record("person.changed", self.user, ("client", client_id), after={"imported": sorted(values)})

    def _write_services(self, needed: set[str]) -> None:
        for key in sorted(needed - self._service_ids.keys()):
            service = Service(name=self.services[key], active=True)
            db.session.add(service)
            db.session.flush()
            self._service_ids[key] = service.id
            record("service.created", self.user, ("service", service.id), after={"name": service.name})

    def _write_fresh(self) -> list[tuple[Visit, KnownVisit]]:
        """Insert new visits; return those that have ended or were cancelled, of which more is to be said."""
        if not self._fresh:
            return []
        self._refuse_doubles()
        rows = [self._as_row(visit) for visit in self._fresh]
        ids = db.session.scalars(insert(Visit).returning(Visit.id, sort_by_parameter_order=True), rows).all()
        for visit, visit_id in zip(self._fresh, ids, strict=True):
            visit.id = visit_id
        sent = [
            {"visit_id": visit.id, "worker_id": worker, "position": position}
            for visit in self._fresh
            for position, worker in enumerate(visit.workers)
        ]
        if sent:
            db.session.execute(insert(VisitWorker), sent)
        deeds = [(("visit", visit.id or 0), None, {"state": visit.state, "imported": True}) for visit in self._fresh]
        record_all("visit.planned", self.user, deeds)
        concluded = {visit.id: visit for visit in self._fresh if visit.to_state}
        return [(visit, concluded[visit.id]) for ids in _chunks(concluded) for visit in _load_visits(ids)]

    def _refuse_doubles(self) -> None:
        """Nobody else may have planned one of them since the ledger was opened."""
        ours = {(visit.client.id, visit.starts_at, self._service_ids[visit.service]) for visit in self._fresh}
        for ids in _chunks({visit.client.id for visit in self._fresh}):
            for moments in _chunks({visit.starts_at.isoformat() for visit in self._fresh}):
                starts = [dt.datetime.fromisoformat(moment) for moment in moments]
                planned = select(Visit.client_id, Visit.starts_at, Visit.service_id).where(
                    Visit.client_id.in_(ids), Visit.starts_at.in_(starts)
                )
                if not ours.isdisjoint(db.session.execute(planned).tuples()):
                    raise StaleDataError("planned meanwhile")

    def _as_row(self, visit: KnownVisit) -> dict[str, object]:
        return {
            "client_id": visit.client.id, "service_id": self._service_ids[visit.service],
            "sector_id": visit.client.sector_id, "starts_at": visit.starts_at, "ends_at": visit.ends_at,
            "local_start": visit.local_start, "zone": self.zone.key, "state": visit.state,
            "mission_order": visit.order, "external_id": visit.external_id,
        }  # fmt: skip

    def _write_touched(self) -> list[tuple[Visit, KnownVisit]]:
        written = []
        for ids in _chunks(self._touched):
            for visit in _load_visits(ids):
                known = self._touched[visit.id]
                if visit.version != known.version:
                    raise StaleDataError(visit.id)
                self._change(visit, known)
                written.append((visit, known))
        if len(written) != len(self._touched):
            raise StaleDataError("gone")
        db.session.flush()
        return written

    def _change(self, visit: Visit, known: KnownVisit) -> None:
        before = _facts(visit)
        visit.service_id = self._service_ids[known.service]
        visit.starts_at, visit.ends_at, visit.local_start = known.starts_at, known.ends_at, known.local_start
        visit.state, visit.mission_order, visit.external_id = known.state, known.order, known.external_id
        there = {sent.worker_id for sent in visit.sent}
        for worker in known.workers:
            if worker not in there:
                visit.sent.append(VisitWorker(worker_id=worker, position=len(visit.sent)))
        after = _facts(visit)
        changed = [name for name in after if before[name] != after[name]]
        if changed:
            record("visit.changed", self.user, ("visit", visit.id), before={name: before[name] for name in changed},
                   after={name: after[name] for name in changed})  # fmt: skip

    def _conclude(self, visits: Sequence[tuple[Visit, KnownVisit]]) -> None:
        ended = [visit for visit, known in visits if known.to_state == State.DONE]
        if ended:
            end_visits(self.user, ended, ask=self.ask)
        with force_locale(option("agency.language")):
            reason = _("Cancelled in the imported file.")
        for visit, known in visits:
            if known.to_state == State.CANCELLED:
                cancel_visit(self.user, visit, reason)
        db.session.flush()


def _facts(visit: Visit) -> dict[str, object]:
    """What the journal says of a change: no free text, only that it changed."""
    return {
        "service_id": visit.service_id, "starts_at": visit.starts_at.isoformat(), "ends_at": visit.ends_at.isoformat(),
        "state": str(visit.state), "external_id": visit.external_id, "mission_order": len(visit.mission_order or ""),
        "workers": [sent.worker_id for sent in visit.sent],
    }  # fmt: skip


def _load_visits(ids: Sequence[int]) -> Sequence[Visit]:
    return db.session.scalars(select(Visit).where(Visit.id.in_(ids)).options(selectinload(Visit.sent))).all()


def _person(kind: type[Client] | type[Worker]) -> tuple:
    return kind.match_key, kind.id, kind.first_name, kind.last_name, kind.email, kind.language, kind.active
