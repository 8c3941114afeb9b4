"""Three years of the large demo agency: visits by a weekly plan, what clients said of them, and the mails that asked.

Rows are made a few weeks at a time and written as they are, past the deeds of the portal: a million deeds would take a
day. What the deeds would have kept is kept here: who is rated is written down for each visit that took place, wall
clock and moment agree also in the nights of the clock change, no one is asked more than once in four weeks. Visits have
no entries in the journal, as if they had come with the import of another program's archive; ratings have theirs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Date, func, insert, literal, select

from portal import clock
from portal.audit.models import AuditEntry
from portal.demo_rows import insert_all, keys_checked_at_the_end
from portal.extensions import db
from portal.links import new_public_id
from portal.outbox.models import Attempt, Message
from portal.people.models import Client
from portal.ratings.models import RatedWorker, Rating, RatingRequest, RatingSubject
from portal.settings.queries import option
from portal.visits.models import State, Visit, VisitWorker

Figures = Callable[[int], None]  # told how many visits have been written since it was told last

SHIFT = 10_000_000  # number of a subject: its visit's and this, so that nobody takes one for the other
CHUNK = 4  # weeks written at once, some 40,000 visits
AHEAD = 4  # weeks that are planned already
STORY_DAYS = 21  # the story's own people have their latest visits from the story
HOURS = (7, 8, 8, 9, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19)
MINUTES = (30, 60, 60, 60, 90, 120, 120, 180)
REASONS = (
    "Absence prévue du client",
    "Hospitalisation",
    "Famille présente",
    "Intervenant absent, client prévenu",
    "Reporté à la demande du client",
)
STARS, LIKELY = (5, 4, 3, 2, 1, 0), (0.55, 0.27, 0.09, 0.05, 0.025, 0.015)
WORDS = {
    5: ("Très bien, comme toujours.", "Toujours souriante et à l’heure.", "Merci pour votre patience.", "Parfait."),
    4: ("Bien dans l’ensemble.", "Un peu de retard, mais prévenu.", "Travail soigné."),
    3: ("Correct, sans plus.", "On change trop souvent d’intervenant."),
    2: ("Parti un quart d’heure plus tôt.", "La salle de bain n’a pas été faite."),
    1: ("Personne ne m’a prévenue du retard.", "Je ne souhaite plus cette personne."),
    0: ("Personne n’est venu à l’heure prévue et le repas a été oublié.",),
}


@dataclass(frozen=True)
class Team:
    """A client as the history needs them: a few facts, who usually comes, who stands in."""

    id: int
    sector_id: int
    email: str | None
    language: str | None
    account_id: int | None
    name: str
    regulars: list[int]
    substitutes: list[int]
    services: list[int]


@dataclass(frozen=True)
class Slot:
    """One line of a client's weekly plan."""

    team: Team
    weekday: int
    start: time
    minutes: int
    service: int
    worker: int
    keen: float  # how readily this client rates


class Moments:
    """Wall clock to moment, each looked up once: a week has some hundred different beginnings."""

    def __init__(self, zone: str) -> None:
        self.name, self.zone = zone, ZoneInfo(zone)
        self._known: dict[tuple[date, time], datetime] = {}

    def at(self, day: date, start: time) -> datetime:
        known = self._known.get((day, start))
        if known is None:
            known = datetime.combine(day, start, self.zone).astimezone(UTC)
            self._known[day, start] = known
        return known

    def forget(self) -> None:
        self._known.clear()


def write(teams: list[Team], visits: int, ratings: int, weeks: int, chance: Random, tell: Figures) -> None:
    """Write about that many visits and ratings of these clients, over that many past weeks and the few to come."""
    plan = weekly_plan(teams, visits / (weeks + AHEAD), chance)
    writer = Writer(chance, ratings / max(visits, 1))
    monday = clock.now().date() - timedelta(days=clock.now().weekday())
    with keys_checked_at_the_end(Visit, VisitWorker, RatingSubject, RatedWorker):
        for first in range(-weeks, AHEAD, CHUNK):
            mondays = [monday + timedelta(weeks=week) for week in range(first, min(first + CHUNK, AHEAD))]
            tell(writer.write(plan, mondays))


def weekly_plan(teams: list[Team], per_week: float, chance: Random) -> list[Slot]:
    """Spread so many visits a week over the clients; everybody has one at least, some have two a day."""
    weights = [chance.choice((1, 2, 3, 3, 4, 5, 6, 8)) for _ in teams]
    plan, share = [], per_week / sum(weights)
    for team, weight in zip(teams, weights, strict=True):
        keen = chance.choice((0, 0, 0.5, 1, 1.5, 3))
        wanted = weight * share
        count = max(1, int(wanted) + (chance.random() < wanted % 1))
        taken: set[tuple[int, time]] = set()
        while len(taken) < min(count, 60):
            taken.add((chance.randrange(7), time(chance.choice(HOURS), chance.choice((0, 0, 30)))))
        plan += [
            Slot(team, weekday, start, chance.choice(MINUTES), chance.choice(team.services),
                 chance.choice(team.regulars), keen)
            for weekday, start in sorted(taken)
        ]  # fmt: skip
    return plan


class Writer:
    """Writes some weeks at a time and keeps count of the numbers of rows."""

    def __init__(self, chance: Random, rated: float) -> None:
        self.chance, self.rated = chance, rated
        self.moments = Moments(option("agency.zone"))
        self.now = clock.now()
        self.told = self.now - timedelta(days=STORY_DAYS)
        self.visit_id = (db.session.scalar(select(func.max(Visit.id))) or 0) + 1
        self.message_id = (db.session.scalar(select(func.max(Message.id))) or 0) + 1
        self.story = set(db.session.scalars(select(Visit.client_id).distinct()))
        asked = select(RatingSubject.client_id).join(RatingRequest, RatingRequest.subject_id == RatingSubject.id)
        self.last_asked = dict.fromkeys(db.session.scalars(asked), self.now)  # those of the story, not once more
        self.rows: dict[type, list[dict[str, Any]]] = {}

    def write(self, plan: list[Slot], mondays: list[date]) -> int:
        """Write these weeks; return how many visits they held."""
        kinds = (Visit, VisitWorker, Message, Attempt, RatingRequest, Rating, AuditEntry)
        self.rows = {kind: [] for kind in kinds}
        self.moments.forget()
        first = self.visit_id
        for monday in mondays:
            for slot in plan:
                self._visit(slot, monday)
        for kind in (Visit, VisitWorker):
            self._flush(kind)
        write_down_who_is_rated(first)
        for kind in (Message, Attempt, RatingRequest, Rating, AuditEntry):
            self._flush(kind)
        db.session.expunge_all()
        return self.visit_id - first

    def _flush(self, kind: type) -> None:
        insert_all(kind, self.rows[kind])
        self.rows[kind] = []

    def _visit(self, slot: Slot, monday: date) -> None:
        day = monday + timedelta(days=slot.weekday)
        starts_at = self.moments.at(day, slot.start)
        if starts_at > self.told and slot.team.id in self.story:
            return
        ends_at, number = starts_at + timedelta(minutes=slot.minutes), self.visit_id
        state = self._state(starts_at, ends_at)
        over = ends_at if state in (State.DONE, State.CANCELLED) else None
        self.visit_id += 1
        self.rows[Visit].append({
            "id": number, "client_id": slot.team.id, "service_id": slot.service, "sector_id": slot.team.sector_id,
            "starts_at": starts_at, "ends_at": ends_at, "local_start": datetime.combine(day, slot.start),
            "zone": self.moments.name, "state": str(state), "ended_at": ends_at if state == State.DONE else None,
            "closed_at": over if over is None or over < self.now else self.now,
            "cancel_reason": self.chance.choice(REASONS) if state == State.CANCELLED else None,
            "external_id": f"V{number}", "created_at": min(starts_at - timedelta(days=14), self.now), "version": 1,
        })  # fmt: skip
        for position, worker in enumerate(self._sent(slot)):
            self.rows[VisitWorker].append(
                {"visit_id": number, "worker_id": worker, "position": position, "starts_at": starts_at}
            )
        if state == State.DONE:
            self._what_was_said(slot, number, ends_at)

    def _state(self, starts_at: datetime, ends_at: datetime) -> State:
        luck = self.chance.random()
        if ends_at > self.now:
            return State.DRAFT if luck < 0.03 and starts_at > self.now else State.PLANNED
        if luck < 0.04:
            return State.CANCELLED
        return State.PLANNED if luck < 0.09 and ends_at > self.now - timedelta(days=3) else State.DONE

    def _sent(self, slot: Slot) -> list[int]:
        luck, others = self.chance.random(), slot.team.substitutes
        if luck < 0.1:  # ill, on leave
            return [self.chance.choice(others)]
        if luck < 0.16 and (second := self.chance.choice(others)) != slot.worker:
            return [slot.worker, second]
        return [slot.worker]

    def _what_was_said(self, slot: Slot, visit: int, ended_at: datetime) -> None:
        """The mail that asked, if it was this client's turn, and the rating, if one was left."""
        asked = self._ask(slot.team, visit, ended_at)
        if asked:
            request = self.rows[RatingRequest][-1]
            if (
                self.chance.random() < 0.3
                and (left_at := asked + timedelta(hours=self.chance.randrange(1, 90))) < self.now
            ):
                request["answered_at"] = left_at
                self._rate(slot.team, visit, left_at, "mail")
        elif self.chance.random() < self.rated * slot.keen * 0.8:
            left_at = ended_at + timedelta(minutes=self.chance.randrange(20, 6000))
            if left_at < self.now:
                self._rate(slot.team, visit, left_at, "portal")

    def _ask(self, team: Team, visit: int, ended_at: datetime) -> datetime | None:
        """Promise a mail about this visit, once in four weeks; return when it left, if it did."""
        last = self.last_asked.get(team.id)
        if not team.email or (last and ended_at - last < timedelta(days=28)):
            return None
        self.last_asked[team.id] = ended_at
        due_at = self.moments.at(_working_day(ended_at.date()), time(9 + visit % 10, visit % 60))
        left, luck = due_at <= self.now, self.chance.random()
        state = "sent" if left and luck < 0.985 else "failed" if left else "scheduled"
        number, subject = self.message_id, visit + SHIFT
        self.message_id += 1
        self.rows[Message].append({
            "id": number, "public_id": new_public_id(), "kind": "ratings.request", "state": state,
            "dedupe_key": f"rating:{subject}:1",
            "subject_type": "rating_subject", "subject_id": subject, "reason": "refused" if state == "failed" else None,
            "address": team.email, "recipient": team.name, "language": team.language, "attempts": int(left),
            "created_at": ended_at, "due_at": due_at, "next_at": due_at, "not_after": due_at + timedelta(days=7),
            "sent_at": due_at if state == "sent" else None,
            "last_answer": {"sent": "250 ok", "failed": "550 no such user"}.get(state),
        })  # fmt: skip
        self.rows[RatingRequest].append({
            "id": number + SHIFT, "subject_id": subject, "message_id": number, "answered_at": None,
            "asked_at": due_at if left else None, "expires_at": due_at + timedelta(days=14) if left else None,
        })  # fmt: skip
        if left:
            self.rows[Attempt].append({
                "message_id": number, "number": 1, "token": "demo", "started_at": due_at, "ended_at": due_at,
                "phase": "data" if state == "sent" else "started", "answer": self.rows[Message][-1]["last_answer"],
                "outcome": "accepted" if state == "sent" else "refused",
            })  # fmt: skip
        return due_at if state == "sent" else None

    def _rate(self, team: Team, visit: int, left_at: datetime, channel: str) -> None:
        stars = self.chance.choices(STARS, LIKELY)[0]
        said = self.chance.choice(WORDS[stars]) if self.chance.random() < 0.35 or stars < 2 else None
        role, account = "client", team.account_id if channel == "portal" else None
        self.rows[Rating].append({
            "subject_id": visit + SHIFT, "day": self.rows[Visit][-1]["local_start"].date(), "stars": stars,
            "comment": said, "channel": channel, "author_role": role,
            "author_name": team.name, "author_account_id": account, "left_at": left_at, "version": 1,
        })  # fmt: skip
        self.rows[AuditEntry].append({
            "at": left_at, "kind": "rating.left", "account_id": account, "role": role if account else None,
            "person_type": role if account else None, "person_id": team.id if account else None,
            "subject_type": "visit", "subject_id": visit, "before": None,
            "after": {"stars": stars, "channel": channel},
        })  # fmt: skip


def _working_day(ended: date) -> date:
    """The next day on which the agency's window opens: not a Sunday."""
    return ended + timedelta(days=2 if ended.weekday() == 5 else 1)


def write_down_who_is_rated(first_visit: int) -> None:
    """One subject for each visit that took place, and those who came: the database copies them by itself."""
    done = Visit.id >= first_visit, Visit.state == State.DONE
    day = func.date(Visit.local_start, type_=Date)
    shifted = (Visit.id + literal(SHIFT)).label("id")
    subjects = (
        select(shifted, Visit.id, Visit.client_id, Visit.service_id, Visit.sector_id, Client.file_manager_id,
               Visit.ended_at, day.label("day"), day.label("asked_day"))
        .join(Client, Client.id == Visit.client_id).where(*done)
    )  # fmt: skip
    names = ["id", "visit_id", "client_id", "service_id", "sector_id", "manager_id", "ended_at", "day", "asked_day"]
    db.session.execute(insert(RatingSubject).from_select(names, subjects))
    came = select(VisitWorker.visit_id + literal(SHIFT), VisitWorker.worker_id).join(Visit).where(*done)
    db.session.execute(insert(RatedWorker).from_select(["subject_id", "worker_id"], came))
