"""What a worker is good at, at which hours of the week they can be sent out, on which days they are away."""

from datetime import date, time

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.people.models import MIDNIGHT, Absence, Availability, Worker, WorkerSkill

REASONS = {"leave": _l("Leave"), "sick": _l("Sick leave"), "training": _l("Training"), "other": _l("Other reason")}


def set_skill(user: User, worker: Worker, skill_id: int, level_id: int | None) -> None:
    """Note that a worker has a skill, and how well; a skill that was noted before gets another level."""
    known = db.session.get(WorkerSkill, (worker.id, skill_id))
    before = {"level_id": known.level_id} if known else None
    if known is None:
        db.session.add(WorkerSkill(worker_id=worker.id, skill_id=skill_id, level_id=level_id))
    elif known.level_id == level_id:
        return
    else:
        known.level_id = level_id
    db.session.flush()
    _record(user, worker, "skills", before, {"skill_id": skill_id, "level_id": level_id})


def remove_skill(user: User, worker: Worker, skill: WorkerSkill) -> None:
    before = {"skill_id": skill.skill_id, "level_id": skill.level_id}
    db.session.delete(skill)
    db.session.flush()
    _record(user, worker, "skills", before)


def add_hours(user: User, worker: Worker, weekday: int, begins: time, ends: time) -> None:
    """Note hours at which a worker can be sent out, from a day of the week on; an end at or before the beginning is on
    the next day, and each of the two days gets its part.

    Raises:
        Refused: they lie across others of that day.
    """
    for day, start, end in _by_day(weekday, begins, ends):
        across = Availability.weekday == day, Availability.begins < end, Availability.ends > start
        if db.session.scalar(select(Availability.id).where(Availability.worker_id == worker.id, *across).limit(1)):
            raise Refused(_l("These hours lie across others of the same day. Take those away first."), "begins")
        db.session.add(Availability(worker_id=worker.id, weekday=day, begins=start, ends=end))
    db.session.flush()
    _record(user, worker, "availability", None, _hours(weekday, begins, ends))


def _by_day(weekday: int, begins: time, ends: time) -> list[tuple[int, time, time]]:
    if begins < ends:
        return [(weekday, begins, ends)]
    night = [(weekday, begins, MIDNIGHT)] if begins < MIDNIGHT else []
    return night + ([((weekday + 1) % 7, time(0), ends)] if ends > time(0) else [])


def remove_hours(user: User, worker: Worker, hours: Availability) -> None:
    db.session.delete(hours)
    db.session.flush()
    _record(user, worker, "availability", _hours(hours.weekday, hours.begins, hours.ends))


def add_absence(user: User, worker: Worker, first: date, last: date, reason: str) -> None:
    """Note days on which a worker is not there, both included. Of the reason the journal says nothing.

    Raises:
        Refused: they lie across another absence.
    """
    across = Absence.first_day <= last, Absence.last_day >= first
    if db.session.scalar(select(Absence.id).where(Absence.worker_id == worker.id, *across).limit(1)):
        raise Refused(_l("An absence is noted for some of these days already. Take it away first."), "first_day")
    db.session.add(Absence(worker_id=worker.id, first_day=first, last_day=last, reason=reason))
    db.session.flush()
    _record(user, worker, "absences", None, _days(first, last))


def remove_absence(user: User, worker: Worker, absence: Absence) -> None:
    db.session.delete(absence)
    db.session.flush()
    _record(user, worker, "absences", _days(absence.first_day, absence.last_day))


def _hours(weekday: int, begins: time, ends: time) -> dict[str, object]:
    until = time(0) if ends == MIDNIGHT else ends
    return {"weekday": weekday, "begins": f"{begins:%H:%M}", "ends": f"{until:%H:%M}"}


def _days(first: date, last: date) -> dict[str, object]:
    return {"first_day": first.isoformat(), "last_day": last.isoformat()}


def _record(user: User, worker: Worker, field: str, before: dict | None, after: dict | None = None) -> None:
    record("person.changed", user, ("worker", worker.id), before=before, after={"fields": [field], **(after or {})})
