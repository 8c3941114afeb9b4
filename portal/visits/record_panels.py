"""What the visits feature shows on the pages of a person's record."""

from datetime import timedelta

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import Row, Select, func, or_, select

from portal import clock
from portal.accounts.models import User
from portal.audit.models import KINDS, AuditEntry
from portal.extensions import Fact, Panel, db
from portal.i18n import day, start_of_day, time_of_day
from portal.people.models import Absence, Client, Service, Worker
from portal.people.queries import names_of_actors
from portal.people.timeline import Place, newest_first
from portal.settings.queries import option
from portal.visits.models import OPEN, Visit, VisitWorker
from portal.visits.queries import DEEDS, reader, rows, said_of, today, visible_visits

SHOWN, LISTED = 10, 20
ABSENCES = 100  # looked at; the page lists no more


def visits_to_come(user: User, person: Client | Worker) -> Panel | None:
    """Before a record is closed: the visits that are still planned for it, the next ones by name; of those in sectors
    that this person does not see, only how many there are."""
    ahead = Visit.starts_at > clock.now()
    seen, all_of_them = (_open(chosen, person).where(ahead) for chosen in (visible_visits(user), select(Visit)))
    number, everywhere = _count(seen), _count(all_of_them)
    if not everywhere:
        return None
    found = db.session.execute(rows(seen).order_by(Visit.starts_at, Visit.id).limit(SHOWN))
    shown = {"number": number, "elsewhere": everywhere - number, "rows": list(map(reader(user), found))}
    return Panel("visits/_to_come.html", shown)


def _open(chosen: Select[Visit], person: Client | Worker) -> Select[Visit]:
    """Those that are neither done nor cancelled of a client or of a worker."""
    if isinstance(person, Client):
        return chosen.where(Visit.client_id == person.id, Visit.state.in_(OPEN))
    sent = select(VisitWorker.visit_id).where(VisitWorker.worker_id == person.id)
    return chosen.where(Visit.id.in_(sent), Visit.state.in_(OPEN))


def _count(chosen: Select[Visit]) -> int:
    return db.session.scalar(select(func.count()).select_from(chosen.with_only_columns(Visit.id).subquery())) or 0


def visits_in_absences(user: User, worker: Worker) -> Panel | None:
    """On the record of a worker: the visits still to come that are planned while the worker is away."""
    away = select(Absence.first_day, Absence.last_day).where(
        Absence.worker_id == worker.id, Absence.last_day >= today()
    )
    spans = db.session.execute(away.order_by(Absence.first_day).limit(ABSENCES)).all()
    if not spans:
        return None
    within = [
        (Visit.ends_at > start_of_day(first)) & (Visit.starts_at < start_of_day(last + timedelta(days=1)))
        for first, last in spans
    ]
    open_ones = _open(visible_visits(user), worker).where(Visit.ends_at > clock.now(), or_(*within))
    found = db.session.execute(rows(open_ones).order_by(Visit.starts_at, Visit.id).limit(LISTED + 1)).all()
    listed = list(map(reader(user), found[:LISTED]))
    return Panel("visits/_in_absences.html", {"rows": listed, "more": len(found) > LISTED}) if found else None


def facts_of_client(user: User, client: Client, before: Place | None, limit: int) -> list[tuple[int, Fact]]:
    """What was done to a client's visits and said of them, by entry of the journal: for the client's timeline."""
    seen = visible_visits(user).where(Visit.client_id == client.id).with_only_columns(Visit.id)
    chosen = (
        select(AuditEntry, Visit.id, Visit.starts_at, Service.name)
        .join(Visit, Visit.id == AuditEntry.subject_id)
        .join(Service, Service.id == Visit.service_id)
        .where(AuditEntry.subject_type == "visit", AuditEntry.subject_id.in_(seen))
    )
    if not option("ratings.enabled"):
        chosen = chosen.where(~AuditEntry.kind.startswith("rating."))
    found = db.session.execute(newest_first(chosen, before, limit)).all()
    names = names_of_actors([row.AuditEntry for row in found])
    return [(row.AuditEntry.id, _fact(row, names.get(row.AuditEntry.id))) for row in found]


def _fact(row: Row, name: str | None) -> Fact:
    deed = row.AuditEntry
    about = [f"{day(row.starts_at)}, {time_of_day(row.starts_at)}", row.name]
    url = url_for("staff.show_visit", visit_id=row.id)
    if deed.kind in DEEDS:
        return Fact(deed.at, *said_of(deed, name), " · ".join(about), url)
    stars = (deed.after or {}).get("stars")
    if stars is not None:
        about.append(_("%(stars)s out of 5", stars=stars))
    about += [name] if name else []
    return Fact(deed.at, str(KINDS[deed.kind]), "star", "neutral", " · ".join(about), url)
