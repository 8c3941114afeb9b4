"""The planning of a client or of a worker: days with what takes place in them, each thing at its wall-clock hour."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count

from flask_babel import gettext as _
from sqlalchemy import ScalarSelect, Select, String, cast, func, select

from portal.accounts.models import User
from portal.extensions import db
from portal.i18n import language, local, start_of_day, written_day, written_days
from portal.people.availability import REASONS
from portal.people.models import Absence, Availability, Client, Worker
from portal.visits.conflicts import LONGEST, Taken, begins_around, clashing, taken
from portal.visits.models import State, Visit, VisitWorker
from portal.visits.presence import DAY, absences_of, hours_of, minutes_of, rest_of_day
from portal.visits.queries import VisitRow, reader, rows, today, visible_visits

VIEWS = ("week", "day", "list")
SHOWN = (7, 20)  # the hours that a planning shows at least
SHORTEST = 30  # minutes: a shorter visit is drawn so tall, else it could not be read
AT_MOST = 500  # visits of one person in one week


@dataclass(frozen=True)
class Span:
    """The days that are shown, and how."""

    view: str
    day: date

    @property
    def first(self) -> date:
        return self.day if self.view == "day" else self.day - timedelta(days=self.day.weekday())

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=number) for number in range(1 if self.view == "day" else 7)]

    @property
    def moments(self) -> tuple[datetime, datetime]:
        return start_of_day(self.first), start_of_day(self.days[-1] + timedelta(days=1))

    @property
    def label(self) -> str:
        """`16–22 nov. 2026`."""
        return written_days(self.first, self.days[-1], "yMMMEd" if self.view == "day" else "yMMMd")

    def moved(self, steps: int) -> "Span":
        return Span(self.view, self.day + timedelta(days=steps * (1 if self.view == "day" else 7)))


@dataclass
class Slot:
    """A visit, or the part of one that lies in one day.

    Attributes:
        begins, ends: minutes of the day by the wall clock.
        row: the visit as a line of a list; None for hours in another sector, of which nothing else may be known.
        starts_at, ends_at: of the whole visit.
        begun: whether it began the day before.
        clashes: "worker" or "client", who is taken twice.
        away: whether a worker who is to go is absent that day.
        lane, lanes: where it lies beside others, and how many lie side by side.
    """

    begins: int
    ends: int
    row: VisitRow | None
    starts_at: datetime
    ends_at: datetime
    begun: bool = False
    clashes: frozenset[str] = frozenset()
    away: bool = False
    lane: int = 0
    lanes: int = 1

    @property
    def top(self) -> int:
        return min(self.begins, DAY - SHORTEST)

    @property
    def bottom(self) -> int:
        return max(self.ends, self.top + SHORTEST)

    @property
    def place(self) -> str:
        """Classes of the style sheet: where it lies and how tall it is."""
        return f"{place_of(self.top, self.bottom)} lane-{min(self.lane, 5)} of-{min(self.lanes, 6)}"


def place_of(begins: int, ends: int) -> str:
    """Classes that put something between two minutes of a day; drawn to five minutes."""
    height = ends - begins
    return f"at-{begins // 60} min-{begins % 60 // 5 * 5} for-{height // 60} and-{height % 60 // 5 * 5}"


@dataclass
class Day:
    """One day of a planning.

    Attributes:
        slots: in the order of the clock.
        absence: why the worker is not there, if so.
        off: minutes of the day at which the worker cannot be sent out.
        hours: 23 or 25 in the nights in which the clocks change.
    """

    day: date
    slots: list[Slot]
    absence: str | None = None
    off: list[tuple[int, int]] = field(default_factory=list)
    is_today: bool = False

    @property
    def label(self) -> str:
        """`lun. 16 nov.`: the year stands above."""
        return written_day(self.day, "EEE, d MMM" if language() == "ru" else "EEE d MMM")

    @property
    def free_label(self) -> str:
        """At which hours a worker can be sent out, in words."""
        free = [f"{_clock(begins)}–{_clock(ends)}" for begins, ends in rest_of_day(self.off)]
        return _("Available %(hours)s", hours=", ".join(free)) if free else _("Not available this day")

    def off_places(self, first_hour: int, last_hour: int) -> list[str]:
        """Where the hours lie at which a worker cannot be sent out, as far as they are shown."""
        shown = ((max(begins, first_hour * 60), min(ends, last_hour * 60)) for begins, ends in self.off)
        return [place_of(begins, ends) for begins, ends in shown if begins < ends]

    @property
    def hours(self) -> int:
        length = start_of_day(self.day + timedelta(days=1)).astimezone(UTC) - start_of_day(self.day).astimezone(UTC)
        return round(length.total_seconds() / 3600)


@dataclass(frozen=True)
class Week:
    """What a planning shows: some days, and the hours that they need."""

    span: Span
    days: list[Day]

    @property
    def first_hour(self) -> int:
        return min([SHOWN[0], *(slot.top // 60 for slot in self._slots())])

    @property
    def last_hour(self) -> int:
        return max([SHOWN[1], *(-(-slot.bottom // 60) for slot in self._slots())])

    def _slots(self) -> Iterator[Slot]:
        return (slot for day in self.days for slot in day.slots)


def week_of_client(user: User, client: Client, span: Span) -> Week:
    """Return the visits of a client that this person may see. Who works elsewhere at the same time is marked."""
    found = _visits(visible_visits(user).where(Visit.client_id == client.id), user, span)
    return _week(span, found, _hours_around(user, found, span), _absences(found, span))


def week_of_worker(user: User, worker: Worker, span: Span) -> Week:
    """Return the visits of a worker that this person may see. Of those of other sectors, only the hours are there."""
    theirs = VisitWorker.worker_id == worker.id, *begins_around(VisitWorker.starts_at, *span.moments)
    sent = select(VisitWorker.visit_id).where(*theirs)
    found = _visits(visible_visits(user).where(Visit.id.in_(sent)), user, span)
    hours = _hours_around(user, found, span, worker.id)
    seen = {one.row.id for one in found}
    elsewhere = [one for one in hours if one.worker_id == worker.id and one.visit_id not in seen]
    absences = _absences(found, span, worker.id)
    week = _week(span, found, hours, absences, elsewhere)
    _mark_free_hours(week, worker.id, absences)
    return week


@dataclass(frozen=True)
class _Found:
    row: VisitRow
    client_id: int
    workers: list[int]


def _visits(chosen: Select, user: User, span: Span) -> list[_Found]:
    first, last = span.moments
    inside = *begins_around(Visit.starts_at, first, last), Visit.ends_at > first
    listed = rows(chosen.where(*inside)).add_columns(Visit.client_id, _workers_of().label("worker_ids"))
    read = reader(user)
    return [
        _Found(read(row), row.client_id, [int(number) for number in (row.worker_ids or "").split()])
        for row in db.session.execute(listed.order_by(Visit.starts_at, Visit.id).limit(AT_MOST))
    ]


def _workers_of() -> ScalarSelect:
    """Ids of those sent to a visit."""
    sent = select(VisitWorker.worker_id).where(VisitWorker.visit_id == Visit.id).correlate(Visit).subquery("sent_ids")
    return select(func.aggregate_strings(cast(sent.c.worker_id, String), " ")).scalar_subquery()


def _hours_around(user: User, found: Sequence[_Found], span: Span, *workers: int) -> list[Taken]:
    """Hours of all who have a part in these visits, and of these workers besides."""
    first, last = span.moments
    sent = {*workers, *(number for one in found for number in one.workers)}
    return taken(user, sent, {one.client_id for one in found}, first - LONGEST, last + LONGEST)


def _absences(found: Sequence[_Found], span: Span, *workers: int) -> Sequence[Absence]:
    """When those who are sent to these visits, and these workers besides, are away."""
    return absences_of({*workers, *(number for one in found for number in one.workers)}, span.days[0], span.days[-1])


def _week(
    span: Span, found: Sequence[_Found], hours: Sequence[Taken], absences: Sequence[Absence],
    elsewhere: Sequence[Taken] = (),
) -> Week:  # fmt: skip
    days = {day: Day(day, [], is_today=day == today()) for day in span.days}
    for one in found:
        row = one.row
        upon = [] if row.stage == State.CANCELLED else clashing(
            row.id, one.workers, one.client_id, row.starts_at, row.ends_at, hours)  # fmt: skip
        clashes = frozenset("client" if other.worker_id is None else "worker" for other in upon)
        for day, slot in _parts(row.starts_at, row.ends_at, row):
            if day in days:
                slot.clashes, slot.away = clashes, _is_away(one, day, absences)
                days[day].slots.append(slot)
    for other in elsewhere:
        for day, slot in _parts(other.starts_at, other.ends_at, None):
            if day in days:
                days[day].slots.append(slot)
    for each in days.values():
        each.slots.sort(key=lambda slot: (slot.begins, slot.bottom))
        _lay_side_by_side(each.slots)
    return Week(span, list(days.values()))


def _is_away(one: _Found, day: date, absences: Sequence[Absence]) -> bool:
    """Whether somebody who is still to go is absent that day."""
    return one.row.stage not in (State.DONE, State.CANCELLED) and any(
        absence.worker_id in one.workers and absence.first_day <= day <= absence.last_day for absence in absences
    )


def _parts(starts_at: datetime, ends_at: datetime, row: VisitRow | None) -> Iterator[tuple[date, Slot]]:
    """Cut hours at midnight. In the night in which an hour comes twice, an end may read earlier than its beginning."""
    begins, ends = local(starts_at), local(ends_at)
    day = begins.date()
    while day < ends.date() or (day == ends.date() and (ends.hour or ends.minute or day == begins.date())):
        start = minutes_of(begins) if day == begins.date() else 0
        end = minutes_of(ends) if day == ends.date() else DAY
        yield day, Slot(start, max(start, end), row, starts_at, ends_at, begun=day > begins.date())
        day += timedelta(days=1)


def _clock(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02d}"


def _lay_side_by_side(slots: Sequence[Slot]) -> None:
    """Give slots that touch the same hours a lane each; all that hang together share the width."""
    group: list[Slot] = []
    for slot in slots:
        if group and slot.top >= max(each.bottom for each in group):
            _share(group)
            group = []
        busy = {each.lane for each in group if each.bottom > slot.top}
        slot.lane = next(lane for lane in count() if lane not in busy)
        group.append(slot)
    _share(group)


def _share(group: Sequence[Slot]) -> None:
    for slot in group:
        slot.lanes = max(each.lane for each in group) + 1


def _mark_free_hours(week: Week, worker_id: int, absences: Sequence[Absence]) -> None:
    """Note when a worker is absent, and the hours at which nobody should send them out, where such hours are known."""
    known = db.session.scalars(select(Availability).where(Availability.worker_id == worker_id)).all()
    theirs = [one for one in absences if one.worker_id == worker_id]
    for each in week.days:
        reason = next((one.reason for one in theirs if one.first_day <= each.day <= one.last_day), None)
        each.absence = str(REASONS[reason]) if reason else None
        if known:
            each.off = rest_of_day([hours_of(one) for one in known if one.weekday == each.day.weekday()])
