"""*Analytique › Retour d'information des clients*: what a cut comes to, read from one layer (`feedback_cut`)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, Select, func, literal, or_, select, true, union_all

from portal import clock
from portal.controls.periods import months_later
from portal.extensions import db
from portal.i18n import local
from portal.outbox.actions import PATIENCE
from portal.people.models import Client, Sector, Service, Worker
from portal.people.queries import branch
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.ratings.statistics import Estimate, Tally, share
from portal.reports.feedback_cut import COUNTS, Cut, in_perimeter, ratings, requests, subjects
from portal.reports.quality import named
from portal.settings.queries import option

STEPS = ("day", "week", "month")
MOST_BARS = 100  # of days or weeks in one chart: a longer period is shown in longer steps
MOST_CLIENTS = 20_000  # ratings of a period that are sorted by client: there are no sums of clients


@dataclass(frozen=True)
class Answers:
    """Ratings of a cut: how many of each number of stars, how many with words."""

    tally: Tally = field(default_factory=Tally)
    comments: int = 0

    def __add__(self, other: "Answers") -> "Answers":
        return Answers(self.tally + other.tally, self.comments + other.comments)


@dataclass(frozen=True)
class Overall:
    """All ratings of a cut, and by the way on which they came."""

    whole: Answers
    channels: Mapping[str, Answers]


@dataclass(frozen=True)
class Line:
    """The ratings of one day, worker, service, sector or client.

    Attributes:
        key: a number, or the first day.
        last: the last day, of a step of time.
    """

    key: Any
    name: str
    answers: Answers
    last: date | None = None


@dataclass(frozen=True)
class Requests:
    """What became of the done visits of a cut: each is counted once.

    Attributes:
        done: visits that took place.
        unasked: about which nobody was to be asked.
        waiting: of which the request has still to leave.
        suppressed: of which none left, by reason.
        sent, refused: of which it was handed over, and was refused by the mail server for good.
        answered: rated by the client, asked or not.
        answered_sent, answered_asked: of those whose request was sent; or sent or refused.
        open: about so many are not answered yet, while the link still works or has still to come: sums do not tell how
            long a request was kept back. `still_open` counts.
    """

    done: int = 0
    unasked: int = 0
    waiting: int = 0
    suppressed: Mapping[str, int] = field(default_factory=dict)
    sent: int = 0
    refused: int = 0
    answered: int = 0
    answered_sent: int = 0
    answered_asked: int = 0
    commented: int = 0
    open: int = 0

    @property
    def eligible(self) -> int:
        return self.done - self.unasked

    @property
    def asked(self) -> int:
        return self.sent + self.refused

    @property
    def strict(self) -> Estimate | None:
        """Answers of a hundred whom the agency asked, whether the mail arrived or not."""
        return share(self.answered_asked, self.asked)

    @property
    def delivered(self) -> Estimate | None:
        """Answers of a hundred whose request was handed over."""
        return share(self.answered_sent, self.sent)

    @property
    def coverage(self) -> Estimate | None:
        """Of a hundred done visits, those whose client was asked, whether the mail arrived or not."""
        return share(self.asked, self.done)

    @property
    def rated(self) -> Estimate | None:
        """Of a hundred done visits, those that the client has rated; also by a rating that counts for nothing else."""
        return share(self.answered, self.done)


# ---- ratings ----


def overall(now: Cut, before: Cut | None) -> tuple[Overall, Overall | None]:
    """The ratings of a cut and of the one that it is compared with, in one statement."""
    cuts = [now, *([before] if before else [])]
    found: list[dict[str, Answers]] = [{} for _cut in cuts]
    for row in db.session.execute(_both([ratings(cut, "channel") for cut in cuts])):
        found[row.cut][row.channel] = answers_of(row)
    made = [Overall(sum(by.values(), Answers()), by) for by in found]
    return made[0], made[1] if before else None


def _both(parts: Sequence[Select]) -> Any:
    return union_all(*(part.add_columns(literal(place).label("cut")) for place, part in enumerate(parts)))


def answers_of(row: Row) -> Answers:
    """Make answers of a row of sums."""
    return Answers(Tally(tuple(int(getattr(row, name)) for name in COUNTS)), int(row.comments))  # ty: ignore[invalid-argument-type]


def by_step(cut: Cut, step: str) -> list[Line]:
    """The ratings of each day, week or month; those without any are there too."""
    key = "month" if step == "month" else "day"
    found: dict[date, Answers] = defaultdict(Answers)
    for row in db.session.execute(ratings(cut, key)):
        found[begin_of(getattr(row, key), step)] += answers_of(row)
    lines, first = [], begin_of(cut.first, step)
    latest = min(cut.last, max(max(found, default=cut.first), local(clock.now()).date()))  # what is to come has no bar
    while first <= latest:
        after = next_of(first, step)
        lines.append(Line(max(first, cut.first), "", found[first], min(after - timedelta(days=1), cut.last)))
        first = after
    return lines


def begin_of(day: date, step: str) -> date:
    """The first day of the step in which a day lies."""
    if step == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if step == "month" else day


def next_of(day: date, step: str) -> date:
    return months_later(day, 1) if step == "month" else day + timedelta(days=7 if step == "week" else 1)


def usual_step(first: date, last: date) -> str:
    """What a chart of a period is divided into unless one is asked for."""
    days = (last - first).days + 1
    return "day" if days <= 14 else "week" if days <= 120 else "month"


def fits(first: date, last: date, step: str) -> bool:
    """Whether a chart of a period can be divided so finely."""
    days = (last - first).days + 1
    return step == "month" or days <= MOST_BARS * (7 if step == "week" else 1)


NAMES: dict[str, tuple[str, Any, Any]] = {
    "worker": ("worker_id", Worker, named(Worker)),
    "service": ("service_id", Service, Service.name),
    "client": ("client_id", Client, named(Client)),
}


def by_name(cut: Cut, what: str) -> list[Line]:
    """The ratings of each worker, service, sector or client who has some, by name."""
    if what == "sector":
        return by_sector(cut)
    key, kind, name = NAMES[what]
    sums = ratings(cut, key).subquery("sums")
    listed = select(*sums.c, name.label("name")).join(kind, kind.id == sums.c[key]).order_by(name, kind.id)
    lines = [Line(getattr(row, key), row.name, answers_of(row)) for row in db.session.execute(listed)]
    return _rated(lines)


def _rated(lines: Sequence[Line]) -> list[Line]:
    return [line for line in lines if line.answers.tally.n]  # a sum may be all zeros: what it counted has moved


def by_sector(cut: Cut) -> list[Line]:
    """The ratings of each sector with those below it, as its filter counts them; by name."""
    sums = ratings(cut, "sector_id").subquery("sums")
    seen = in_perimeter(cut.user, Sector.id), Sector.id.in_(branch(cut.sector)) if cut.sector else true()
    listed = select(Sector.id, Sector.parent_id, Sector.name, *sums.c).outerjoin(sums, sums.c.sector_id == Sector.id)
    rows = {row.id: row for row in db.session.execute(listed.where(*seen).order_by(Sector.name, Sector.id))}
    whole: dict[int, Answers] = defaultdict(Answers)
    for row in rows.values():
        above = row.id if row.sector_id else 0
        while above in rows:
            whole[above] += answers_of(row)
            above = rows[above].parent_id or 0
    return _rated([Line(row.id, row.name, whole[row.id]) for row in rows.values()])


# ---- requests ----


def read_requests(now: Cut, before: Cut | None) -> tuple[Requests, Requests | None]:
    """What became of the visits of a cut and of the one that it is compared with, in one statement."""
    cuts = [now, *([before] if before else [])]
    still = local(clock.now()).date() - timedelta(days=option("ratings.link_days")) - PATIENCE
    found: list[list[Row]] = [[] for _part in range(len(cuts) + 1)]
    for row in db.session.execute(_both([*map(requests, cuts), requests(now, since=still)])):
        found[row.cut].append(row)
    made = [requests_of(rows) for rows in found[: len(cuts)]]
    silent = sum(int(row.n) - int(row.answered) for row in found[-1] if row.stage == "sent")
    return replace(made[0], open=made[0].open + silent), made[1] if before else None


def still_open(cut: Cut) -> int:
    """How many done visits of a cut nobody has rated yet, whose request still works or has still to leave. It reads
    rows: for a month at most."""
    asks = RatingRequest.expires_at > clock.now(), RatingRequest.revoked_at.is_(None)
    works = select(RatingRequest.id).where(RatingRequest.subject_id == RatingSubject.id, *asks).exists()
    rated = select(Rating.id).where(Rating.subject_id == RatingSubject.id).exists()
    found = select(func.count()).select_from(RatingSubject).where(*subjects(cut), ~rated)
    return db.session.scalar(found.where(or_(RatingSubject.stage == "waiting", works))) or 0


def requests_by(cut: Cut, key: str) -> dict[Any, Requests]:
    """The same for each worker, service or sector; `open` counts those alone that have still to be asked."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in db.session.execute(requests(cut, key)):
        found[getattr(row, key)].append(row)
    return {one: requests_of(rows) for one, rows in found.items()}


def requests_by_step(cut: Cut, step: str) -> dict[date, Requests]:
    """The same for each day, week or month, by its first day."""
    key = "month" if step == "month" else "day"
    found: dict[date, list[Row]] = defaultdict(list)
    for row in db.session.execute(requests(cut, key)):
        found[begin_of(getattr(row, key), step)].append(row)
    return {one: requests_of(rows) for one, rows in found.items()}


def requests_of(rows: Sequence[Any]) -> Requests:
    """Add up rows with a stage, a reason and sums."""
    number: dict[str, int] = defaultdict(int)
    answered: dict[str, int] = defaultdict(int)
    suppressed: dict[str, int] = defaultdict(int)
    for row in rows:
        number[row.stage] += int(row.n)
        answered[row.stage] += int(row.answered)
        if row.stage == "suppressed":
            suppressed[row.reason] += int(row.n)
    return Requests(
        done=sum(number.values()), unasked=number["unasked"], waiting=number["waiting"], suppressed=dict(suppressed),
        sent=number["sent"], refused=number["refused"], answered=sum(answered.values()),
        answered_sent=answered["sent"], answered_asked=answered["sent"] + answered["refused"],
        commented=sum(int(row.commented) for row in rows), open=number["waiting"] - answered["waiting"],
    )  # fmt: skip


def silent_workers(known: Mapping[int, Requests], rated: Sequence[Line]) -> list[Line]:
    """Those who were on visits that nobody has rated, by name."""
    missing = set(known) - {line.key for line in rated}
    listed = select(Worker.id, named(Worker).label("name")).where(Worker.id.in_(missing))
    return [Line(row.id, row.name, Answers()) for row in db.session.execute(listed.order_by("name", Worker.id))]
