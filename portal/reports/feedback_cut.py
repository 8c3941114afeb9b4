"""A cut through ratings and requests: which of them a page is about, read from sums, or from rows where sums do not
tell whose they are. All figures of a page, of its files and of its reviews start here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, true

from portal.accounts.models import User
from portal.controls.periods import months_later
from portal.people.models import Sector
from portal.people.queries import branch, visible_sectors
from portal.ratings.models import RatedWorker, Rating, RatingSubject
from portal.ratings.tally_models import RatingTally, RequestTally
from portal.roles import Role

CLIENTS = "clients"  # a source: all ratings but those that the agency has typed
COUNTS = tuple(f"n{stars}" for stars in range(6))


@dataclass(frozen=True)
class Cut:
    """Whose ratings, of visits on which days.

    Attributes:
        first, last: days of the visits; both belong to it.
        sector: with those below it.
        source: the way by which a rating came, or `CLIENTS`; requests have none.
        by_asked: requests are counted on the day on which the client was first to be asked.
    """

    user: User
    first: date
    last: date
    sector: int | None = None
    service: int | None = None
    worker: int | None = None
    client: int | None = None
    manager: int | None = None
    source: str = ""
    by_asked: bool = False

    @property
    def reads_rows(self) -> bool:
        """Whether sums do not tell what is asked for."""
        return self.client is not None or self.manager is not None

    @property
    def tells_requests(self) -> bool:
        """Whether requests can stand beside these ratings: none says by which way it will be answered."""
        return self.source in ("", CLIENTS)

    def at(self, first: date, last: date) -> "Cut":
        """The same on other days."""
        return replace(self, first=first, last=last)

    def places(self, kind: Any) -> list[ColumnElement[bool]]:
        """What narrows sums and subjects alike: the perimeter first."""
        found = [in_perimeter(self.user, kind.sector_id)]
        if self.sector is not None:
            found.append(kind.sector_id.in_(branch(self.sector)))
        if self.service is not None:
            found.append(kind.service_id == self.service)
        return found


def in_perimeter(user: User, sector_id: Any) -> ColumnElement[bool]:
    """Whether what happened in a sector is this person's to see."""
    if user.role in (Role.QUALITY, Role.ADMIN):
        return true()
    return sector_id.in_(visible_sectors(user).with_only_columns(Sector.id))


def subjects(cut: Cut) -> list[ColumnElement[bool]]:
    """What holds of the visits of a cut, in a statement that reads `RatingSubject`."""
    day = RatingSubject.asked_day if cut.by_asked else RatingSubject.day
    found = [RatingSubject.visit_id.is_not(None), day.between(cut.first, cut.last), *cut.places(RatingSubject)]
    if cut.client is not None:
        found.append(RatingSubject.client_id == cut.client)
    if cut.manager is not None:
        found.append(RatingSubject.manager_id == cut.manager)
    return found


def of_worker(worker_id: int) -> ColumnElement[bool]:
    """Whether this worker came, in a statement that reads `RatingSubject`."""
    came = RatedWorker.subject_id == RatingSubject.id, RatedWorker.worker_id == worker_id
    return select(RatedWorker.worker_id).where(*came).correlate(RatingSubject).exists()


def came_by(cut: Cut, channel: Any) -> ColumnElement[bool]:
    """Whether a rating came by the source that is asked for."""
    if cut.source == CLIENTS:
        return channel != "staff"
    return channel == cut.source if cut.source else true()


# ---- ratings ----


def ratings(cut: Cut, *keys: str, rows: bool = False) -> Select:
    """Sum the counted ratings of a cut: `n0` … `n5` and `comments` by each of these keys.

    Args:
        keys: `day` (exact), `month` (any day stands for its month), `worker_id`, `service_id`, `sector_id`,
            `client_id`, `channel`.
        rows: whether single ratings are read, though sums would do.
    """
    if rows or cut.reads_rows or "client_id" in keys:
        return _from_ratings(cut, keys)
    by = [getattr(RatingTally, "day" if key == "month" else key).label(key) for key in keys]
    sums = [func.sum(getattr(RatingTally, name)).label(name) for name in (*COUNTS, "comments")]
    wanted = [*_days(RatingTally, RatingTally.day, cut, "day" in keys), _worker(RatingTally, cut, "worker_id" in keys)]
    wanted.append(came_by(cut, RatingTally.channel))
    return select(*by, *sums).where(*wanted, *cut.places(RatingTally)).group_by(*_columns(by))


def _from_ratings(cut: Cut, keys: Sequence[str]) -> Select:
    where = {
        "day": RatingSubject.day, "month": RatingSubject.day, "worker_id": RatedWorker.worker_id,
        "service_id": RatingSubject.service_id, "sector_id": RatingSubject.sector_id,
        "client_id": RatingSubject.client_id, "channel": Rating.channel,
    }  # fmt: skip
    by = [where[key].label(key) for key in keys]
    sums = [func.sum(case((Rating.stars == stars, 1), else_=0)).label(name) for stars, name in enumerate(COUNTS)]
    words = func.sum(case((func.coalesce(Rating.comment, "") != "", 1), else_=0)).label("comments")
    found = select(*by, *sums, words).select_from(RatingSubject).join(Rating, Rating.subject_id == RatingSubject.id)
    found = _with_workers(found, cut, "worker_id" in keys).where(
        Rating.excluded_at.is_(None), came_by(cut, Rating.channel), *subjects(cut)
    )
    return found.group_by(*_columns(by))


def _with_workers(found: Select, cut: Cut, each: bool) -> Select:
    """A visit of two workers counts once for each of them, where it is asked who came."""
    if each:
        found = found.join(RatedWorker, RatedWorker.subject_id == RatingSubject.id)
        return found if cut.worker is None else found.where(RatedWorker.worker_id == cut.worker)
    return found if cut.worker is None else found.where(of_worker(cut.worker))


def _columns(by: Sequence[Any]) -> list[Any]:
    return [one.element for one in by]


def _worker(kind: Any, cut: Cut, each: bool) -> ColumnElement[bool]:
    if each and cut.worker is None:
        return kind.worker_id != 0
    return kind.worker_id == (cut.worker or 0)


def _days(kind: Any, day: Any, cut: Cut, exact: bool) -> list[ColumnElement[bool]]:
    """The sums of the days of a cut: of whole months those of the month, of what is left those of days."""
    begin = cut.first if cut.first.day == 1 else months_later(cut.first.replace(day=1), 1)
    end = (cut.last + timedelta(days=1)).replace(day=1)  # of the month that is no whole one any more
    if exact or begin >= end:
        return [kind.span == "day", day.between(cut.first, cut.last)]
    whole = and_(kind.span == "month", day >= begin, day < end)
    edges = or_(and_(day >= cut.first, day < begin), and_(day >= end, day <= cut.last))
    return [or_(whole, and_(kind.span == "day", edges))]


# ---- requests ----


def requests(cut: Cut, *keys: str, since: date | None = None, rows: bool = False) -> Select:
    """Sum the done visits of a cut by how far asking about them has come: `n`, `answered` and `commented` by `stage`,
    `reason` and each of these keys (as for ratings). Which source the ratings are of says nothing here.

    Args:
        since: only those whose client was first to be asked on this day or later.
        rows: whether single visits are read, though sums would do.
    """
    if rows or cut.reads_rows:
        return _from_subjects(cut, keys, since)
    day = RequestTally.asked_day if cut.by_asked else RequestTally.day
    by = [(day if key in ("day", "month") else getattr(RequestTally, key)).label(key) for key in keys]
    by += [RequestTally.stage.label("stage"), RequestTally.reason.label("reason")]
    sums = [func.sum(getattr(RequestTally, name)).label(name) for name in ("n", "answered", "commented")]
    wanted = [
        *_days(RequestTally, day, cut, "day" in keys or since is not None),
        _worker(RequestTally, cut, "worker_id" in keys),
        *([RequestTally.asked_day >= since] if since else []),
    ]
    return select(*by, *sums).where(*wanted, *cut.places(RequestTally)).group_by(*_columns(by))


def _from_subjects(cut: Cut, keys: Sequence[str], since: date | None) -> Select:
    day = RatingSubject.asked_day if cut.by_asked else RatingSubject.day
    where = {"day": day, "month": day, "worker_id": RatedWorker.worker_id}
    by = [(where[key] if key in where else getattr(RatingSubject, key)).label(key) for key in keys]
    by += [RatingSubject.stage.label("stage"), RatingSubject.stage_reason.label("reason")]
    said = Rating.channel != "staff"
    sums = [
        func.count().label("n"),
        func.sum(case((said, 1), else_=0)).label("answered"),
        func.sum(case((said & (func.coalesce(Rating.comment, "") != ""), 1), else_=0)).label("commented"),
    ]
    found = select(*by, *sums).select_from(RatingSubject).outerjoin(Rating, Rating.subject_id == RatingSubject.id)
    found = _with_workers(found, cut, "worker_id" in keys).where(RatingSubject.stage.is_not(None), *subjects(cut))
    if since:
        found = found.where(RatingSubject.asked_day >= since)
    return found.group_by(*_columns(by))
