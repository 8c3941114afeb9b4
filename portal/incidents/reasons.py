"""The reasons that can be reported, service by service: what an agency makes of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, exists, func, select, update
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, rows_changed, upsert
from portal.incidents.models import Incident, IncidentReason
from portal.incidents.starters import usual_reasons
from portal.labels import LANGUAGES
from portal.organisation.catalogue import Value, refuse_late
from portal.people.models import Service
from portal.visits.models import Visit

LATELY = timedelta(days=90)
LABELS = tuple(f"label_{code}" for code in LANGUAGES)


@dataclass(frozen=True)
class Copied:
    """How a copy went: how many reasons are new, how many were there already."""

    copied: int
    skipped: int


def services_and_reasons() -> list[tuple[Service, int]]:
    """All services, those that are offered first, each with how many reasons can be reported for it."""
    here = IncidentReason.service_id == Service.id, IncidentReason.active
    number = select(func.count(IncidentReason.id)).where(*here).correlate(Service).scalar_subquery()
    chosen = select(Service, number).order_by(Service.active.desc(), Service.name, Service.id)
    return [(row[0], row[1]) for row in db.session.execute(chosen)]


def silent_services() -> Select[int]:
    """How many services are offered and have visits, lately or to come, and no reason: on these visits nothing can be
    reported."""
    reportable = exists().where(IncidentReason.service_id == Service.id, IncidentReason.active)
    used = exists().where(Visit.service_id == Service.id, Visit.starts_at > clock.now() - LATELY)
    return select(func.count(Service.id)).where(Service.active, ~reportable, used)


def reasons_of(service_id: int) -> list[tuple[IncidentReason, bool]]:
    """All reasons of a service in the agency's order, each with whether it has been reported."""
    used = exists().where(Incident.reason_id == IncidentReason.id)
    chosen = select(IncidentReason, used).where(IncidentReason.service_id == service_id)
    found = db.session.execute(chosen.order_by(IncidentReason.position, IncidentReason.id))
    return [(row[0], row[1]) for row in found]


def reason_of(service_id: int, reason_id: int) -> IncidentReason | None:
    named = IncidentReason.id == reason_id, IncidentReason.service_id == service_id
    return db.session.scalar(select(IncidentReason).where(*named))


def add_reason(user: User, service: Service, typed: Mapping[str, Value]) -> IncidentReason:
    """Add a reason behind the others.

    Raises:
        Refused: the service has it already, for the same part of the visit.
    """
    reason = IncidentReason(service_id=service.id, position=_next_place(service))
    _fill(reason, typed)
    db.session.add(reason)
    _flush(reason)
    record("reason.created", user, ("reason", reason.id), after={"service_id": service.id, **_shown(reason, typed)})
    return reason


def change_reason(user: User, reason: IncidentReason, typed: Mapping[str, Value], version: int) -> None:
    """Change a reason. Incidents that were reported with it keep the label that they have.

    Raises:
        Refused: somebody was faster, or the service has such a reason already.
    """
    refuse_late(reason, version)
    before = _shown(reason, typed)
    _fill(reason, typed)
    changed = [name for name, value in _shown(reason, typed).items() if value != before[name]]
    if not changed:
        return
    _flush(reason)
    after = _shown(reason, changed)
    record("reason.changed", user, ("reason", reason.id), before={name: before[name] for name in changed}, after=after)


def move_reason(user: User, reason: IncidentReason, steps: int) -> None:
    """Move a reason by some places among those of its service: -1 is upwards. At the end it stays where it is."""
    _hold(reason.service_id)
    ids = [one.id for one, _used in reasons_of(reason.service_id)]
    place = ids.index(reason.id)
    to = min(max(place + steps, 0), len(ids) - 1)
    if to == place:
        return
    ids.insert(to, ids.pop(place))
    for number, one in enumerate(ids, 1):  # past the records: who edits a label meanwhile has missed nothing
        rows_changed(update(IncidentReason).where(IncidentReason.id == one).values(position=number))
    record("reason.moved", user, ("reason", reason.id), before={"place": place + 1}, after={"place": to + 1})


def copy_reasons(user: User, service: Service, chosen: Collection[IncidentReason]) -> Copied:
    """Copy reasons of another service. Those that are there already (same label, same part of the visit) stay as they
    are, also when somebody adds them at the same moment."""
    rows = [
        {name: getattr(one, name) for name in ("phase", "urgency", "match_key", *LABELS)} for one in chosen
    ]  # fmt: skip
    made = _insert(service, rows)
    if made:
        told = {"from": min(one.service_id for one in chosen), "number": len(made)}
        record("reason.copied", user, ("service", service.id), after=told)
    return Copied(len(made), len(chosen) - len(made))


def take_usual_reasons(user: User | None, service: Service) -> int:
    """Give a service the usual reasons; return how many are new to it."""
    rows = []
    for starter in usual_reasons(service.name):
        reason = IncidentReason(phase=starter.phase, urgency=starter.urgency)
        reason.set_labels(starter.labels)
        rows.append({name: getattr(reason, name) for name in ("phase", "urgency", "match_key", *LABELS)})
    made = _insert(service, rows)
    if made:
        record("reason.usual_taken", user, ("service", service.id), after={"number": len(made)})
    return len(made)


def equip_services(user: User | None) -> int:
    """Give the usual reasons to each service that is offered and has none; return how many these were."""
    without = Service.active, ~exists().where(IncidentReason.service_id == Service.id)
    found = db.session.scalars(select(Service).where(*without).order_by(Service.id)).all()
    for service in found:
        take_usual_reasons(user, service)
    return len(found)


def _insert(service: Service, rows: Sequence[Mapping[str, object]]) -> list[int]:
    """Add those that are not there yet, in their order; the database decides which these are."""
    place, made = _next_place(service), []
    key = [IncidentReason.service_id, IncidentReason.phase, IncidentReason.match_key]
    for row in rows:
        values = {**row, "service_id": service.id, "position": place + len(made), "active": True, "version": 1}
        fresh = upsert(IncidentReason).values(values).on_conflict_do_nothing(index_elements=key)
        number = db.session.scalar(fresh.returning(IncidentReason.id))
        made += [number] if number else []
    return made


def _next_place(service: Service) -> int:
    """The place behind the last reason; whoever has asked for it holds the order of this service's reasons."""
    _hold(service.id)
    last = select(func.max(IncidentReason.position)).where(IncidentReason.service_id == service.id)
    return (db.session.scalar(last) or 0) + 1


def _hold(service_id: int) -> None:
    db.session.execute(select(Service.id).where(Service.id == service_id).with_for_update())


def _fill(reason: IncidentReason, typed: Mapping[str, Value]) -> None:
    reason.set_labels({code: str(typed[f"label_{code}"] or "") for code in LANGUAGES})
    reason.phase, reason.urgency = str(typed["phase"]), str(typed["urgency"])
    reason.active = bool(typed["active"])


def _shown(reason: IncidentReason, names: Collection[str]) -> dict[str, object]:
    return {name: getattr(reason, name) for name in names}


def _flush(reason: IncidentReason) -> None:
    try:
        with db.session.begin_nested():
            db.session.flush()
    except IntegrityError as clash:
        named = next(name for name in LABELS if getattr(reason, name))
        raise Refused(_l("This service has such a reason already."), named) from clash
