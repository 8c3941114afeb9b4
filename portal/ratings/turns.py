"""Whose turn it is: a client is asked once in a while, and about each worker in turn.

Decided when a request is due, with the client's row locked: two processes that send at the same time take turns too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from sqlalchemy import Select, and_, bindparam, func, or_, select

from portal import clock
from portal.extensions import db, wires
from portal.outbox.models import OPEN, Drop, Message, Postpone
from portal.people.models import Client
from portal.ratings.models import RatedWorker, Rating, RatingRequest, RatingSubject
from portal.ratings.stages import HAS_LEFT
from portal.ratings.timing import opening_after, too_old_from
from portal.settings.queries import option
from portal.visits.models import State, Visit

ASKED = ("sent", "uncertain", "sending", *OPEN)  # with the time of an attempt: it has left, or may still
SETTLING = timedelta(minutes=5)  # until the visit whose turn it is has been asked about, or not
DIGEST = "ratings.digest"  # the weekly mail: it takes no turns
NEVER = datetime.min.replace(tzinfo=UTC)
NOBODY = datetime.max.replace(tzinfo=UTC)  # a visit of no known worker is fair to nobody


@dataclass(frozen=True)
class Waiting:
    """A visit about which a client could be asked now.

    Attributes:
        request_id: of the request that waits.
        ended_at: its real end.
        workers: who came.
    """

    request_id: int
    ended_at: datetime
    workers: frozenset[int]


def fairest(waiting: Iterable[Waiting], last_asked: Mapping[int, datetime]) -> Waiting:
    """Return the visit to ask about: of the worker about whom nobody has asked for longest; then the newest.

    Args:
        waiting: at least one.
        last_asked: when this client was last asked about each worker.
    """

    def order(one: Waiting) -> tuple[datetime, timedelta, int]:
        longest = min((last_asked.get(worker, NEVER) for worker in one.workers), default=NOBODY)
        return longest, NOBODY - one.ended_at, -one.request_id

    return min(waiting, key=order)


def why_not_now(request: RatingRequest) -> Drop | Postpone | None:
    """Say why a due request has to wait for its turn or loses it; None when it may leave.

    It waits if its turn can come before its visit is too old to be asked about.

    A visit that was reopened and done again is asked about anew: the mail that was withdrawn does not stand in the way
    of the one that corrects it. It does stand in the way of the client's other visits, since it has come all the same.
    It is no turn of a worker's, since nobody can answer it any more.
    """
    days = option("ratings.request_cap_days")
    if not days:
        return None
    client_id, moment = request.subject.client_id, clock.now()
    db.session.execute(select(Client.id).where(Client.id == client_id).with_for_update(key_share=True))
    this = {"client_id": client_id, "request_id": request.id, "subject_id": request.subject_id}
    last = db.session.scalar(_last_of_others(), this)
    if last and last + timedelta(days=days) > moment:
        return _until(request, last + timedelta(days=days))
    waiting = _waiting(client_id, moment)
    if len(waiting) > 1 and fairest(waiting, _last_asked(client_id)).request_id != request.id:
        return Postpone(moment + SETTLING, "another_first")
    return None


def _until(request: RatingRequest, free_at: datetime) -> Drop | Postpone:
    opening = opening_after(free_at)
    in_time = opening <= too_old_from(request.subject.ended_at) and opening < request.message.not_after
    return Postpone(opening, "asked_recently") if in_time else Drop("suppressed", "capped")


def is_first_of_a_worker(subject: RatingSubject) -> bool:
    """Whether a worker came about whom this client has not been asked yet. A visit that came earlier and about which
    nobody was asked in the end takes no first time away. The client's row is held: of two such visits one leaves."""
    this = {"client_id": subject.client_id}
    db.session.execute(select(Client.id).where(Client.id == subject.client_id).with_for_update(key_share=True))
    before = (
        _asked()
        .join(_OTHER, _OTHER.c.subject_id == RatingSubject.id)
        .where(
            _OTHER.c.worker_id == RatedWorker.worker_id, RatingSubject.id != subject.id,
            RatingRequest.revoked_at.is_(None), RatingRequest.left_out.is_(None),
        )
        .with_only_columns(_OTHER.c.worker_id)
        .correlate(RatedWorker)
    )  # fmt: skip
    new = select(RatedWorker.worker_id).where(RatedWorker.subject_id == subject.id, ~before.exists())
    return db.session.scalar(new.limit(1), this) is not None


_OTHER = RatedWorker.__table__.alias("other")


# asked for each mail, so they are made once: making one takes longer than running it


@cache
def _last_of_others() -> Select:
    corrected = and_(RatingRequest.subject_id == bindparam("subject_id"), RatingRequest.revoked_at.is_not(None))
    others = _asked().where(RatingRequest.id != bindparam("request_id"), ~corrected)
    return others.with_only_columns(func.max(RatingRequest.asked_at))


def _asked() -> Select:
    """Requests by which a client was really asked about a visit, or is just being asked. Reminders do not count."""
    return (
        select(RatingRequest)
        .join(RatingSubject, RatingSubject.id == RatingRequest.subject_id)
        .join(Message, Message.id == RatingRequest.message_id)
        .where(
            RatingSubject.client_id == bindparam("client_id"), RatingSubject.visit_id.is_not(None),
            RatingRequest.reminds_id.is_(None), RatingRequest.asked_at.is_not(None),
            or_(Message.state.in_(ASKED), HAS_LEFT),
        )
    )  # fmt: skip


def _waiting(client_id: int, moment: datetime) -> list[Waiting]:
    """The client's visits whose requests are due; those in another process's hands are among them."""
    found = db.session.execute(_due(), {"client_id": client_id, "moment": moment})
    rows = [row for row in found if moment <= too_old_from(row.ended_at)]
    if len(rows) > 1:
        rows = [row for row in rows if not wires.has_open_incident(row.visit_id)]
    came = _workers_of([row.subject_id for row in rows]) if len(rows) > 1 else {}
    return [Waiting(row.id, row.ended_at, frozenset(came.get(row.subject_id, ()))) for row in rows]


@cache
def _due() -> Select:
    moment = bindparam("moment", type_=Message.next_at.type)
    return (
        select(RatingRequest.id, RatingSubject.id.label("subject_id"), RatingSubject.visit_id, RatingSubject.ended_at)
        .join(RatingSubject, RatingSubject.id == RatingRequest.subject_id)
        .join(Message, Message.id == RatingRequest.message_id)
        .join(Visit, Visit.id == RatingSubject.visit_id)
        .outerjoin(Rating, Rating.subject_id == RatingSubject.id)
        .where(
            RatingSubject.client_id == bindparam("client_id"), RatingRequest.reminds_id.is_(None),
            RatingRequest.revoked_at.is_(None), Message.state.in_((*OPEN, "sending")), Message.next_at <= moment,
            Message.not_after > moment, Message.resends == 0, Message.kind != DIGEST,
            Visit.state == State.DONE, Rating.id.is_(None),
        )
    )  # fmt: skip


def _workers_of(subjects: list[int]) -> dict[int, set[int]]:
    came: dict[int, set[int]] = {}
    found = select(RatedWorker.subject_id, RatedWorker.worker_id).where(RatedWorker.subject_id.in_(subjects))
    for subject_id, worker_id in db.session.execute(found):
        came.setdefault(subject_id, set()).add(worker_id)
    return came


def _last_asked(client_id: int) -> dict[int, datetime]:
    asked = _asked().join(RatedWorker, RatedWorker.subject_id == RatingSubject.id)
    asked = asked.where(RatingRequest.revoked_at.is_(None))
    columns = RatedWorker.worker_id, func.max(RatingRequest.asked_at)
    by_worker = asked.with_only_columns(*columns).group_by(RatedWorker.worker_id)
    return dict(db.session.execute(by_worker, {"client_id": client_id}).all())
