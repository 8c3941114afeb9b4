"""The yearly review of adverse events: its figures (`domain.md` §1.10), counted of what this person may see.

A year's events are few enough to be read as rows and counted here. An event that was not admissible, or turned out to
be something else, is not among them.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.follow_models import Action, ActionState, Analysis, AuthorityRoute, Route, RouteStatus
from portal.adverse_events.models import AdverseEvent, State, event_category
from portal.adverse_events.queries import visible_events
from portal.controls.shares import Share
from portal.extensions import db
from portal.i18n import language, local, start_of_day
from portal.incidents.lists import label_of
from portal.organisation.models import ListEntry
from portal.people.models import Sector
from portal.reports.measuring import seconds_between
from portal.visits.models import State as VisitState
from portal.visits.models import Visit
from portal.visits.queries import visible_visits

GRAVE, ANALYSED_FROM = 4, 3  # severities: serious, and from which on causes are looked for
TO_ACKNOWLEDGE, WITHOUT_DELAY, AGAIN = timedelta(hours=24), timedelta(hours=24), timedelta(days=90)
AT_ONCE = (Route.ESSMS, Route.EIGS_1, Route.ABUSE, Route.CHILD, Route.JUSTICE)
_NOT_COUNTED = (State.REJECTED, State.REQUALIFIED)


@dataclass(frozen=True)
class Delay:
    """The middle one of some delays; None if there are none."""

    middle: timedelta | None
    number: int


@dataclass
class Year:
    """What happened in one year, and what was done about it."""

    year: int
    events: list[Row] = field(default_factory=list)
    categories: dict[int, set[str]] = field(default_factory=dict)  # by event, those at the top of the list
    analyses: dict[int, Row] = field(default_factory=dict)
    actions: list[Row] = field(default_factory=list)
    routes: list[Row] = field(default_factory=list)
    visits: int = 0
    hours: float = 0.0

    # ---- how many ----

    @property
    def number(self) -> int:
        return len(self.events)

    def count(self, which: Callable[[Row], bool]) -> int:
        return sum(map(which, self.events))

    @property
    def serious(self) -> int:
        return self.count(lambda one: gravity(one) >= GRAVE)

    @property
    def near_misses(self) -> Share:
        return Share(self.count(lambda one: one.nature == "near_miss"), self.number)

    @property
    def per_thousand_visits(self) -> float | None:
        return 1000 * self.number / self.visits if self.visits else None

    @property
    def per_ten_thousand_hours(self) -> float | None:
        return 10_000 * self.number / self.hours if self.hours else None

    @property
    def again(self) -> int:
        """Events of a client who had one of the same category in the 90 days before."""
        last: dict[tuple[int, str], datetime] = {}
        repeated: set[int] = set()
        for one in sorted((one for one in self.events if one.client_id), key=lambda one: one.day):
            for category in self.categories.get(one.id, ()):
                before = last.get((one.client_id, category))
                if before and one.day - before <= AGAIN:
                    repeated.add(one.id)
                last[one.client_id, category] = one.day
        return len(repeated)

    def by(self, key: Callable[[Row], Any]) -> Counter:
        return Counter(map(key, self.events))

    def by_category(self) -> Counter[str]:
        """An event of several categories counts in each."""
        return Counter(label for one in self.events for label in self.categories.get(one.id, {""}))

    # ---- how fast ----

    def delay(self, first: str, last: str) -> Delay:
        known = [getattr(one, last) - getattr(one, first) for one in self.events if _both(one, first, last)]
        return Delay(median(known) if known else None, len(known))

    @property
    def acknowledged(self) -> Share:
        """Within 24 hours, of those that had their 24 hours."""
        return _in_time(((one.declared_at, one.acknowledged_at) for one in self.events), TO_ACKNOWLEDGE)

    @property
    def told(self) -> Share:
        """Authorities to be told without delay that were."""
        return _in_time(((one.since, one.told_at or one.written_at) for one in self.routes), WITHOUT_DELAY)

    # ---- what was learnt ----

    @property
    def analysed(self) -> Share:
        grave = [one.id for one in self.events if gravity(one) >= ANALYSED_FROM]
        done = sum(1 for one in grave if one in self.analyses and self.analyses[one].finished_at)
        return Share(done, len(grave))

    @property
    def fed_back(self) -> Share:
        return Share(self.count(lambda one: one.told_at is not None), self.number)

    @property
    def open_actions(self) -> int:
        return sum(1 for one in self.actions if one.state in (ActionState.TODO, ActionState.PROGRESS))

    def overdue_actions(self, today: date) -> int:
        return sum(1 for one in self.actions
                   if one.state in (ActionState.TODO, ActionState.PROGRESS) and one.due_on < today)  # fmt: skip

    @property
    def effective(self) -> Share:
        """Of the actions whose effect was checked, those that helped."""
        checked = [one for one in self.actions if one.state == ActionState.VERIFIED]
        return Share(sum(1 for one in checked if one.effective == "yes"), len(checked))

    @property
    def causes(self) -> Counter[str]:
        """In how many analyses each family of factors was found."""
        found = (self.analyses[one.id].factors or {} for one in self.events if one.id in self.analyses)
        return Counter(family for factors in found for family, text in factors.items() if text)


def gravity(one: Row) -> int:
    return max(one.severity, one.potential)


def _both(one: Row, first: str, last: str) -> bool:
    return getattr(one, first) is not None and getattr(one, last) is not None


def _in_time(spans: Iterable[tuple[datetime, datetime | None]], limit: timedelta) -> Share:
    now, over, fine = clock.now(), 0, 0
    for first, last in spans:
        if last is not None and last - first <= limit:
            fine += 1
        elif last is not None or now - first > limit:
            over += 1
    return Share(fine, fine + over)


# ---- reading them ----


def years_of(user: User, year: int) -> tuple[Year, Year]:
    """A year and the one before it."""
    found = {one: Year(one) for one in (year, year - 1)}
    chosen = _of_years(visible_events(user), AdverseEvent.day, year).where(AdverseEvent.state.not_in(_NOT_COUNTED))
    columns = ("id", "day", "declared_at", "occurred_at", "acknowledged_at", "triaged_at", "closed_at", "told_at",
               "client_id", "sector_id", "mode", "capacity", "occurred_until", "nature", "severity", "potential",
               "frequency", "legal_id")  # fmt: skip
    where: dict[int, Year] = {}
    for row in db.session.execute(chosen.with_only_columns(*(getattr(AdverseEvent, name) for name in columns))):
        where[row.id] = found[local(row.day).year]
        where[row.id].events.append(row)
    _add_details(chosen.with_only_columns(AdverseEvent.id), where)
    _add_visits(user, found)
    return found[year], found[year - 1]


def _of_years(chosen: Select, moment: Any, year: int) -> Select:
    return chosen.where(moment >= start_of_day(date(year - 1, 1, 1)), moment < start_of_day(date(year + 1, 1, 1)))


def _add_details(events: Select[int], where: Mapping[int, Year]) -> None:
    coarse = aliased(ListEntry)
    named = func.coalesce(label_of(coarse), label_of(ListEntry))
    chosen = (
        select(event_category.c.event_id, named.label("label"))
        .join(ListEntry, ListEntry.id == event_category.c.entry_id)
        .outerjoin(coarse, coarse.id == ListEntry.parent_id)
    )
    for row in db.session.execute(chosen.where(event_category.c.event_id.in_(events))):
        where[row.event_id].categories.setdefault(row.event_id, set()).add(row.label)
    analyses = select(Analysis.event_id, Analysis.finished_at, Analysis.factors)
    for row in db.session.execute(analyses.where(Analysis.event_id.in_(events))):
        where[row.event_id].analyses[row.event_id] = row
    actions = select(Action.event_id, Action.state, Action.due_on, Action.effective)
    for row in db.session.execute(actions.where(Action.event_id.in_(events))):
        where[row.event_id].actions.append(row)
    routes = select(AuthorityRoute.event_id, AuthorityRoute.since, AuthorityRoute.told_at, AuthorityRoute.written_at)
    wanted = AuthorityRoute.route.in_(AT_ONCE), AuthorityRoute.status != RouteStatus.NOT_REQUIRED
    for row in db.session.execute(routes.where(AuthorityRoute.event_id.in_(events), *wanted)):
        where[row.event_id].routes.append(row)


def _add_visits(user: User, found: Mapping[int, Year]) -> None:
    """How many visits were done, and the hours of them."""
    done = visible_visits(user).where(Visit.state == VisitState.DONE)
    for one in found.values():
        first, last = start_of_day(date(one.year, 1, 1)), start_of_day(date(one.year + 1, 1, 1))
        of_year = done.where(Visit.starts_at >= first, Visit.starts_at < last)
        row = db.session.execute(
            of_year.with_only_columns(func.count(), func.sum(seconds_between(Visit.starts_at, Visit.ends_at)))
        ).one()
        one.visits, one.hours = row[0], float(row[1] or 0) / 3600


def names_of_sectors() -> dict[int, str]:
    return {row.id: row.name for row in db.session.execute(select(Sector.id, Sector.name))}


def names_of_legal(ids: Sequence[int]) -> dict[int, str]:
    found = db.session.scalars(select(ListEntry).where(ListEntry.id.in_(ids)))
    return {one.id: " ".join(filter(None, (one.code, one.label(language())))) for one in found}
