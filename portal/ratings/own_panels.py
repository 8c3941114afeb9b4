"""What workers say of ratings, as staff see it: on the page of a visit, on the home page, in a list."""

from dataclasses import dataclass
from datetime import datetime

from flask import g
from sqlalchemy import Select, func, select

from portal.accounts.models import User
from portal.extensions import Panel, db
from portal.people.models import Worker
from portal.ratings.models import Rating
from portal.ratings.own_models import ShownComment, WorkerWord
from portal.ratings.panels import subject_and_rating
from portal.ratings.queries import visible_ratings
from portal.roles import GRANTS, Permission
from portal.settings.queries import is_on
from portal.visits.models import Visit

MODULE = "ratings.workers_see"
NUMBER = "ratings.contests"
COUNTED = 100


def visible_word(user: User, word_id: int) -> WorkerWord | None:
    """A contest of a rating that this person may see."""
    seen = visible_ratings(user).join(WorkerWord, WorkerWord.rating_id == Rating.id)
    found = seen.with_only_columns(WorkerWord).where(WorkerWord.id == word_id, WorkerWord.kind == "contest")
    return db.session.scalar(found)


def _waiting(user: User) -> Select:
    seen = visible_ratings(user).join(WorkerWord, WorkerWord.rating_id == Rating.id)
    return seen.where(WorkerWord.kind == "contest", WorkerWord.decided_at.is_(None))


@dataclass(frozen=True)
class ContestRow:
    """A contest that waits for a decision."""

    id: int
    worker: str
    stars: int
    at: datetime
    starts_at: datetime


def list_contests(user: User) -> list[ContestRow]:
    listed = _waiting(user).join(Worker, Worker.id == WorkerWord.worker_id).with_only_columns(
        WorkerWord.id, (Worker.first_name + " " + Worker.last_name).label("worker"), Rating.stars, WorkerWord.at,
        Visit.starts_at,
    )  # fmt: skip
    found = db.session.execute(listed.order_by(WorkerWord.at, WorkerWord.id).limit(COUNTED))
    return [ContestRow(**row._mapping) for row in found]


def count_contests(user: User) -> Select[int] | None:
    """How many contested ratings of this person's sectors wait for a decision."""
    if not is_on(MODULE):
        return None
    waiting = _waiting(user).with_only_columns(WorkerWord.id).limit(COUNTED).subquery()
    return select(func.count()).select_from(waiting)


def home_card(_user: User) -> Panel | None:
    number = g.counts.get(NUMBER)
    return Panel("ratings/_home_contests.html", {"number": number}) if number else None


def account_panel(user: User) -> Panel | None:
    """On *Mon compte* of a worker: the way to their ratings. The bar at the foot of a phone has no room for more."""
    return Panel("ratings/_own_entry.html", {}) if user.worker_id and is_on(MODULE) else None


def words_panel(user: User, visit: Visit) -> Panel | None:
    """On the page of a visit: whether its workers read the comment, and what they say of the rating."""
    if not is_on(MODULE) or Permission.LOOK_AT_RATINGS not in GRANTS[user.role]:
        return None
    found = subject_and_rating(visit)
    rating = found[1] if found else None
    if rating is None:
        return None
    chosen = (
        select(Rating.id, ShownComment, WorkerWord, (Worker.first_name + " " + Worker.last_name).label("worker"))
        .outerjoin(ShownComment, ShownComment.rating_id == Rating.id)
        .outerjoin(WorkerWord, WorkerWord.rating_id == Rating.id)
        .outerjoin(Worker, Worker.id == WorkerWord.worker_id)
        .where(Rating.id == rating.id)
        .order_by(WorkerWord.id)
    )
    rows = db.session.execute(chosen).all()
    shown = rows[0].ShownComment
    return Panel("ratings/_worker_words.html", {
        "rating_id": rating.id,
        "version": rating.version,
        "has_comment": bool(rating.comment),
        "shown": shown if shown and shown.said_at == rating.said_at else None,
        "words": [(row.WorkerWord, row.worker, row.WorkerWord.said_at == rating.said_at) for row in rows
                  if row.WorkerWord],
    })  # fmt: skip
