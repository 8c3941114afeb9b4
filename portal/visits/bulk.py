"""Writing what a ledger holds: many visits in few statements, with the same entries and reactions as one by one."""

from collections.abc import Sequence

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import insert, select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError

from portal.audit.actions import record, record_all
from portal.extensions import db
from portal.people.models import Client, Service
from portal.settings.queries import option
from portal.visits.actions import cancel_visit, end_visits
from portal.visits.ledger import KnownVisit, Ledger
from portal.visits.models import State, Visit, VisitWorker

Pair = tuple[Visit, KnownVisit]


def write(ledger: Ledger, *, ask: bool) -> None:
    """Write all that was taken since the last call; flush, never commit.

    Args:
        ledger: what was taken; afterwards it holds the visits as written and nothing more to write.
        ask: whether the clients of visits that are done are asked to rate.

    Raises:
        StaleDataError: a record is no longer as it was when the ledger looked it up.
        Refused: a visit cannot be ended or cancelled.
    """
    _complete_clients(ledger)
    _create_services(ledger)
    written = [*_change_visits(ledger), *_insert_visits(ledger)]
    _conclude(ledger, written, ask)
    for visit, known in written:
        known.version, known.state, known.to_state = visit.version, visit.state, None
    ledger.fresh.clear()
    ledger.touched.clear()
    ledger.completed.clear()


def _complete_clients(ledger: Ledger) -> None:
    for client_id, values in ledger.completed.items():
        client = db.session.get_one(Client, client_id)
        if any(getattr(client, name) for name in values):
            raise StaleDataError(client_id)
        client.email = values.get("email", client.email)
        client.language = values.get("language", client.language)
        record("person.changed", ledger.user, ("client", client_id), after={"filled": sorted(values)})


def _create_services(ledger: Ledger) -> None:
    needed = {visit.service for visit in (*ledger.fresh, *ledger.touched.values())}
    for key in sorted(needed - ledger.service_ids.keys()):
        service = Service(name=ledger.services[key], active=True)
        db.session.add(service)
        db.session.flush()
        ledger.service_ids[key] = service.id
        record("service.created", ledger.user, ("service", service.id), after={"name": service.name})


def _change_visits(ledger: Ledger) -> list[Pair]:
    visits = _load(list(ledger.touched))
    if len(visits) != len(ledger.touched):
        raise StaleDataError("gone")
    for visit in visits:
        known = ledger.touched[visit.id]
        if visit.version != known.version:
            raise StaleDataError(visit.id)
        before = _facts(visit)
        _change(ledger, visit, known)
        after = _facts(visit)
        changed = [name for name in after if before[name] != after[name]]
        if changed:
            _record_change(ledger, visit.id, *({name: facts[name] for name in changed} for facts in (before, after)))
    db.session.flush()
    return [(visit, ledger.touched[visit.id]) for visit in visits]


def _change(ledger: Ledger, visit: Visit, known: KnownVisit) -> None:
    visit.service_id = ledger.service_ids[known.service]
    visit.starts_at, visit.ends_at, visit.local_start = known.starts_at, known.ends_at, known.local_start
    visit.state, visit.mission_order, visit.external_id = known.state, known.order, known.external_id
    there = {sent.worker_id for sent in visit.sent}
    for worker in known.workers:
        if worker not in there:
            visit.sent.append(VisitWorker(worker_id=worker, position=len(visit.sent)))


def _facts(visit: Visit) -> dict[str, object]:
    return {
        "service_id": visit.service_id, "starts_at": visit.starts_at.isoformat(), "ends_at": visit.ends_at.isoformat(),
        "state": str(visit.state), "external_id": visit.external_id, "mission_order": visit.mission_order,
        "workers": [sent.worker_id for sent in visit.sent],
    }  # fmt: skip


def _record_change(ledger: Ledger, visit_id: int, before: dict[str, object], after: dict[str, object]) -> None:
    for facts in (before, after):
        if "mission_order" in facts:  # free text: the journal says that it changed, not what it was
            facts["mission_order"] = None
    record("visit.changed", ledger.user, ("visit", visit_id), before=before, after=after)


def _insert_visits(ledger: Ledger) -> list[Pair]:
    """Insert new visits; return those of which more is to be said: they have ended or were cancelled."""
    if not ledger.fresh:
        return []
    _refuse_doubles(ledger)
    rows = [_as_row(ledger, visit) for visit in ledger.fresh]
    ids = db.session.scalars(insert(Visit).returning(Visit.id, sort_by_parameter_order=True), rows).all()
    for visit, visit_id in zip(ledger.fresh, ids, strict=True):
        visit.id, visit.version = visit_id, 1
    sent = [
        {"visit_id": visit.id, "worker_id": worker, "position": position, "starts_at": visit.starts_at}
        for visit in ledger.fresh
        for position, worker in enumerate(visit.workers)
    ]
    if sent:
        db.session.execute(insert(VisitWorker), sent)
    deeds = [
        (("visit", visit_id), None, {"state": visit.state}) for visit, visit_id in zip(ledger.fresh, ids, strict=True)
    ]
    record_all("visit.planned", ledger.user, deeds)
    concluded = {visit.id: visit for visit in ledger.fresh if visit.id and visit.to_state}
    return [(visit, concluded[visit.id]) for visit in _load(list(concluded))]


def _refuse_doubles(ledger: Ledger) -> None:
    """Nobody else may have planned one of them since the ledger looked."""
    ours = {(visit.client.id, visit.starts_at, ledger.service_ids[visit.service]) for visit in ledger.fresh}
    planned = select(Visit.client_id, Visit.starts_at, Visit.service_id).where(
        Visit.client_id.in_({visit.client.id for visit in ledger.fresh}),
        Visit.starts_at.in_({visit.starts_at for visit in ledger.fresh}),
    )
    if not ours.isdisjoint(tuple(row) for row in db.session.execute(planned)):
        raise StaleDataError("planned meanwhile")


def _as_row(ledger: Ledger, visit: KnownVisit) -> dict[str, object]:
    return {
        "client_id": visit.client.id, "service_id": ledger.service_ids[visit.service],
        "sector_id": visit.client.sector_id, "starts_at": visit.starts_at, "ends_at": visit.ends_at,
        "local_start": visit.local_start, "zone": ledger.zone.key, "state": visit.state,
        "mission_order": visit.order, "external_id": visit.external_id,
    }  # fmt: skip


def _conclude(ledger: Ledger, written: Sequence[Pair], ask: bool) -> None:
    ended = [visit for visit, known in written if known.to_state == State.DONE]
    if ended:
        end_visits(ledger.user, ended, ask=ask, notify=False)
    with force_locale(option("agency.language")):
        reason = _("Cancelled in the planning program.")
    for visit, known in written:
        if known.to_state == State.CANCELLED:
            cancel_visit(ledger.user, visit, reason)


def _load(ids: Sequence[int]) -> Sequence[Visit]:
    if not ids:
        return []
    return db.session.scalars(select(Visit).where(Visit.id.in_(ids)).options(selectinload(Visit.sent))).all()
