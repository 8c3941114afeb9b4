"""What somebody reports of an adverse event, and what of it cannot be."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, exists, select
from werkzeug.datastructures import FileStorage

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.models import (
    CAPACITIES,
    CONSEQUENCES,
    INFORMED,
    LONGEST_LINE,
    LONGEST_TEXT,
    MEASURES,
    NATURES,
    PLACES,
    ROLES,
    AdverseEvent,
    Mode,
)
from portal.adverse_events.moments import refuse_later_visit
from portal.adverse_events.queries import is_assigned
from portal.adverse_events.words import OTHER_CATEGORY
from portal.errors import Refused
from portal.extensions import db
from portal.files.models import Attachment
from portal.incidents.queries import incident_of
from portal.organisation.models import ListEntry, ListName
from portal.people.models import Client, Sector, Staff, Worker
from portal.people.queries import visible_clients, visible_sectors, visible_workers
from portal.roles import Role
from portal.threads.queries import is_staff
from portal.visits.models import Visit
from portal.visits.queries import visible_visits

NOT_OFFERED = _l("Please choose one of the values offered.")
LIMITS = {"place_note": LONGEST_LINE, "other_category": LONGEST_LINE, "before_note": LONGEST_LINE,
          "facts": LONGEST_TEXT, "witnesses": LONGEST_TEXT, "measures_note": LONGEST_TEXT, "name": LONGEST_LINE,
          "phone": LONGEST_LINE, "email": LONGEST_LINE}  # fmt: skip


@dataclass(frozen=True)
class Person:
    """Somebody else whom an event concerns; a `role` of `models.ROLES`."""

    role: str
    name: str


@dataclass(frozen=True)
class Told:
    """Somebody who was told: `who` of `models.INFORMED`; of the family, whether the client agreed."""

    who: str
    at: datetime
    by: str = ""
    how: str = ""
    agreed: str | None = None


@dataclass(frozen=True)
class Report:
    """What somebody reports. What stands for a choice is a word of `models`, moments are aware.

    Attributes:
        token: of the form: 22 random signs that nobody else knows. The same report sent twice is one event.
        discovered_at: when it was noticed.
        occurred_at: None when nobody knows.
        occurred_until: of a period.
        categories: numbers of entries of the agency's list.
        name, phone, email: of who reports, where somebody of the staff types it for them; else whom to call back.
        typed_for: whether somebody of the staff types it for somebody else.
        client_id: None where it concerns no client; then `sector_id` says where it belongs.
        worker_id: of those sent to the client; None: no worker concerned.
        incident_id: that it was requalified from; such a report has a name.
        short: from a portal: staff complete it.
    """

    token: str
    capacity: str
    discovered_at: datetime
    place: str
    nature: str
    categories: Sequence[int]
    facts: str
    severity: int
    potential: int
    mode: str = Mode.NAMED
    name: str = ""
    phone: str = ""
    email: str = ""
    typed_for: bool = False
    occurred_at: datetime | None = None
    occurred_until: datetime | None = None
    place_note: str = ""
    client_id: int | None = None
    sector_id: int | None = None
    worker_id: int | None = None
    supervisor_id: int | None = None
    visit_id: int | None = None
    incident_id: int | None = None
    people: Sequence[Person] = ()
    other_category: str = ""
    witnesses: str = ""
    happened_before: bool | None = None
    before_note: str = ""
    consequences: Sequence[str] = ()
    measures: Sequence[str] = ()
    measures_note: str = ""
    informed: Sequence[Told] = ()
    files: Sequence[FileStorage | Attachment] = field(default=())
    short: bool = False


@dataclass(frozen=True)
class Subjects:
    """The records that a report speaks of, once it may."""

    sector_id: int
    client: Client | None
    visit: Visit | None
    categories: Sequence[ListEntry]


def subjects_of(actor: User, report: Report) -> Subjects:
    """Return the records that a report speaks of.

    Raises:
        Refused: one is not there for this person, is closed, or does not go with the others; the code is its field.
    """
    client = _client(actor, report)
    visit = _visit(actor, report)
    _refuse_worker(actor, report)
    if report.supervisor_id is not None and not _at_work(report.supervisor_id):
        raise Refused(_l("Please choose somebody of the staff who is at work."), "supervisor_id")
    if report.incident_id is not None:
        _refuse_incident(actor, report)
    return Subjects(client.sector_id if client else _sector(actor, report), client, visit, _categories(report))


def closed_record(client: Client) -> Refused:
    """Why nothing can be reported on a client whose record is closed."""
    return Refused(_("The record of %(name)s is closed: no event can be reported on it. Please open the record again, "
                     "or choose another client.", name=client.name), "client_id")  # fmt: skip


def closed_on_portal(name: str) -> Refused:
    """The same for whoever reports on a portal, and opens no record."""
    return Refused(_("The record of %(name)s is closed: no event can be reported on it here. Please call the agency.",
                     name=name), "client_id")  # fmt: skip


def _client(actor: User, report: Report) -> Client | None:
    if report.client_id is None:
        return None
    client = db.session.scalar(_clients(actor, report.client_id))
    if client is None:
        raise Refused(_l("Please choose one of your clients."), "client_id")
    if not client.active:
        raise closed_record(client) if is_staff(actor) else closed_on_portal(client.name)
    return client


def _clients(actor: User, client_id: int) -> Select[Client]:
    if actor.role == Role.WORKER:
        went = visible_visits(actor).where(Visit.client_id == Client.id).correlate(Client).exists()
        return select(Client).where(Client.id == client_id, went)
    return visible_clients(actor).where(Client.id == client_id)


def _sector(actor: User, report: Report) -> int:
    """Where an event without a client belongs."""
    if actor.role == Role.WORKER:
        own = select(Sector.id).join(Worker.sectors).where(Worker.id == actor.worker_id).order_by(Sector.id)
        found = db.session.scalar(own.limit(1)) or db.session.scalar(select(Sector.id).order_by(Sector.id).limit(1))
    else:
        seen = visible_sectors(actor).where(Sector.id == report.sector_id, Sector.active)
        found = db.session.scalar(seen.with_only_columns(Sector.id))
    if found is None:
        raise Refused(_l("Please choose the client, or the sector where it happened."), "client_id")
    return found


def _visit(actor: User, report: Report) -> Visit | None:
    if report.visit_id is None:
        return None
    visit = db.session.scalar(visible_visits(actor).where(Visit.id == report.visit_id))
    if visit is None or visit.client_id != report.client_id:
        raise Refused(_l("Please choose one of this client’s visits."), "visit_id")
    refuse_later_visit(visit, report.occurred_until or report.occurred_at or report.discovered_at)
    return visit


def _refuse_worker(actor: User, report: Report) -> None:
    if report.worker_id is None:
        return
    if report.client_id is not None and not is_assigned(report.worker_id, report.client_id):
        raise Refused(_l("This worker is not among those sent to this client. Please choose one of them, or “No worker "
                         "concerned”."), "worker_id")  # fmt: skip
    if report.client_id is None:
        seen = visible_workers(actor).where(Worker.id == report.worker_id)
        if db.session.scalar(seen.with_only_columns(Worker.id)) is None:
            raise Refused(_l("Please choose one of your workers, or “No worker concerned”."), "worker_id")


def _at_work(staff_id: int) -> bool:
    return bool(db.session.scalar(select(exists().where(Staff.id == staff_id, Staff.active))))


def _refuse_incident(actor: User, report: Report) -> None:
    incident = incident_of(actor, report.incident_id or 0) if is_staff(actor) else None
    if incident is None or incident.visit.client_id != report.client_id:
        raise Refused(_l("This event was begun out of an incident of another client. Please choose that client."),
                      "client_id")  # fmt: skip
    if db.session.scalar(select(exists().where(AdverseEvent.incident_id == incident.id))):
        raise Refused(_l("This incident has been reported as an adverse event meanwhile."), "incident_id")
    if report.mode != Mode.NAMED:
        raise Refused(_l("A report made out of an incident has a name: its conversation shows who requalified it."),
                      "mode")  # fmt: skip


def _categories(report: Report) -> Sequence[ListEntry]:
    wanted = set(report.categories)
    chosen = select(ListEntry).where(ListEntry.list == ListName.EVENT, ListEntry.active, ListEntry.id.in_(wanted))
    found = db.session.scalars(chosen.order_by(ListEntry.position)).all() if wanted else []
    if not found or len(found) != len(wanted):
        raise Refused(_l("Please choose at least one of the categories offered."), "categories")
    if any(one.code == OTHER_CATEGORY for one in found) and not report.other_category:
        raise Refused(_l("Please say in a few words what it is about."), "other_category")
    return found


def refuse_values(report: Report) -> None:
    """Refuse what no form of ours sends, and texts that are missing or too long."""
    _refuse_strangers(report)
    for name, most in LIMITS.items():
        if len(getattr(report, name)) > most:
            raise Refused(_("Please use at most %(max)s characters.", max=most), name)
    if not report.facts:
        raise Refused(_l("Please describe what happened."), "facts")
    refuse_lesser_potential(report.severity, report.potential)
    if "none" in report.consequences and len(report.consequences) > 1:
        raise Refused(_l("Either there were no consequences, or those that you chose."), "consequences")
    if report.typed_for and report.mode != Mode.ANONYMOUS and not report.name:
        raise Refused(_l("Please give the name of the person who reports it."), "name")
    for one in report.informed:
        refuse_told(one, report.occurred_at)


def refuse_lesser_potential(severity: int, potential: int) -> None:
    """Refuse that an event could have been less grave than it was: what it did, it could do."""
    if potential < severity:
        raise Refused(_l("It could have been at least as grave as it was: please look at both severities."),
                      "potential")  # fmt: skip


def _refuse_strangers(report: Report) -> None:
    """Refuse values that are not of the lists in `models`."""
    levels = tuple(range(1, 6))
    given: dict[str, tuple[Collection[object], Collection[object]]] = {
        "mode": ([report.mode], tuple(Mode)), "capacity": ([report.capacity], CAPACITIES),
        "place": ([report.place], PLACES), "nature": ([report.nature], NATURES),
        "severity": ([report.severity], levels), "potential": ([report.potential], levels),
        "consequences": (report.consequences, CONSEQUENCES), "measures": (report.measures, MEASURES),
        "informed": ([one.who for one in report.informed], INFORMED),
        "people": ([one.role for one in report.people], ROLES),
    }  # fmt: skip
    for name, (values, allowed) in given.items():
        if not set(values) <= set(allowed):
            raise Refused(NOT_OFFERED, name)


def refuse_told(one: Told, since: datetime | None) -> None:
    """Refuse that somebody was told at a moment to come or before it happened (`since`, where that is known), or the
    family without a word on the client’s agreement."""
    if since and one.at < since:
        raise Refused(_l("Somebody cannot have been told before it happened."), "informed")
    if one.at > clock.now():
        raise Refused(_l("Somebody cannot have been told at a moment that is still to come."), "informed")
    if one.who == "family" and one.agreed is None:
        raise Refused(_l("Please say whether the client agreed that the family is told."), "informed")
