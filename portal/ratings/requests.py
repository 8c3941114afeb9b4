"""Asking: when a visit ends, who is rated is written down and a mail is promised; it may be taken back."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, insert, select, update

from portal import clock
from portal.errors import Refused
from portal.extensions import db, rows_changed
from portal.i18n import local
from portal.links import make_token
from portal.outbox.actions import PATIENCE, Order, cancel, schedule
from portal.outbox.models import MAIL
from portal.people.models import Client
from portal.ratings.models import RatedWorker, Rating, RatingRequest, RatingSubject
from portal.ratings.queries import is_open
from portal.ratings.reach import channels_of
from portal.ratings.sharing import leave_out, mails_of_their_own, share_mails
from portal.ratings.tallies import follow
from portal.ratings.timing import digest_after, due_time, opening_after, too_old_from
from portal.settings.queries import option
from portal.visits.models import Visit, VisitWorker


def open_ratings(visits: Sequence[Visit], *, ask: bool = True) -> None:
    """Write down who is rated, and promise the mails that ask. A reaction to `visit ended`.

    A visit that was reopened is written down anew, and is asked about anew.

    Args:
        visits: visits that have just been marked as done.
        ask: whether their clients are asked by mail; importing past visits asks nobody unless somebody says so.
    """
    if not visits:
        return
    asked = ask and is_open()
    facts = _facts(visits, asked)
    there = select(RatingSubject.visit_id, RatingSubject.id).where(RatingSubject.visit_id.in_(list(facts)))
    known = dict(db.session.execute(there).all())
    subjects = dict(known)
    if fresh := [row for visit_id, row in facts.items() if visit_id not in known]:
        written = insert(RatingSubject).returning(RatingSubject.visit_id, RatingSubject.id)
        subjects |= dict(db.session.execute(written, fresh).all())
    if asked:
        _promise_requests({subjects[visit_id]: row for visit_id, row in facts.items()})
    _write_down_anew({subject_id: facts[visit_id] for visit_id, subject_id in known.items()})
    _write_down_workers(subjects)
    follow(list(subjects.values()))


def _facts(visits: Sequence[Visit], asked: bool) -> dict[int, dict]:
    """What is written down of each visit: as it is on the day on which it ends, and whether and when a request is
    due."""
    clients = select(Client.id, Client.file_manager_id).where(Client.id.in_({visit.client_id for visit in visits}))
    managers = dict(db.session.execute(clients).all())
    return {
        visit.id: {
            "visit_id": visit.id, "client_id": visit.client_id, "service_id": visit.service_id,
            "sector_id": visit.sector_id, "manager_id": managers[visit.client_id],
            "ended_at": (ended_at := visit.ended_at or clock.now()), "asked": asked,
            "day": visit.local_start.date(), "asked_day": local(_due(ended_at) if asked else ended_at).date(),
        }
        for visit in visits
    }  # fmt: skip


def _write_down_anew(subjects: dict[int, dict]) -> None:
    """After the messages: a weekly mail that is just leaving holds itself, and waits for what it asks about."""
    for subject_id, facts in sorted(subjects.items()):
        rows_changed(update(RatingSubject).where(RatingSubject.id == subject_id).values(facts))
        rows_changed(delete(RatedWorker).where(RatedWorker.subject_id == subject_id))


def _write_down_workers(subjects: dict[int, int]) -> None:
    sent = select(VisitWorker.visit_id, VisitWorker.worker_id).where(VisitWorker.visit_id.in_(subjects))
    rows = [{"subject_id": subjects[visit], "worker_id": worker} for visit, worker in db.session.execute(sent)]
    if rows:
        db.session.execute(insert(RatedWorker), rows)


def _promise_requests(subjects: dict[int, dict]) -> None:
    """Write a request for each subject and the message that carries it. Who it goes to is decided when it leaves.

    Args:
        subjects: what is written down of each, by id.
    """
    last = select(RatingRequest.subject_id, func.max(RatingRequest.round)).group_by(RatingRequest.subject_id)
    rounds = dict(db.session.execute(last.where(RatingRequest.subject_id.in_(list(subjects)))).all())
    rows = [{"subject_id": id_, "round": rounds.get(id_, 0) + 1} for id_ in subjects]
    is_weekly = option("ratings.ask_mode") == "digest"  # which leaves by mail alone
    ways = {} if is_weekly else channels_of(facts["client_id"] for facts in subjects.values())
    orders = [_order(**row, facts=subjects[row["subject_id"]], ways=ways) for row in rows]
    if is_weekly:
        share_mails(rows, orders, {id_: facts["client_id"] for id_, facts in subjects.items()})
    messages = schedule([order for row, order in zip(rows, orders, strict=True) if "message_id" not in row])
    for row, order in zip(rows, orders, strict=True):
        if "message_id" not in row:
            row |= {"message_id": messages[order.dedupe_key], "public_id": None}
    db.session.execute(insert(RatingRequest), rows)


def _order(subject_id: int, round: int, facts: dict, ways: Mapping[int, str]) -> Order:
    due, limit = _due(facts["ended_at"]), too_old_from(facts["ended_at"])
    reason = "too_old" if limit < clock.now() else None if _is_drawn(subject_id) else "not_sampled"
    return Order(
        kind="ratings.request",
        subject=("rating_subject", subject_id),
        dedupe_key=key_of(subject_id, round),
        due_at=due,
        not_after=max(limit, due + PATIENCE),
        suppressed=reason,
        channel=ways.get(facts["client_id"], MAIL),
    )


def _due(ended_at: datetime) -> datetime:
    if option("ratings.ask_mode") == "digest":
        return digest_after(max(ended_at, clock.now()))
    return due_time(ended_at, clock.now(), option("ratings.request_delay_minutes"))


def key_of(subject_id: int, round: int) -> str:
    """What must not be sent twice: one round of asking about one subject."""
    return f"rating:{subject_id}:{round}"


def _is_drawn(subject_id: int) -> bool:
    """Whether the lot falls on what could be asked about. It follows from a key that nobody knows, so nobody can
    choose what is asked about; and asking twice gives one answer."""
    lot = sha256(make_token("lot", str(subject_id)).encode()).digest()
    return int.from_bytes(lot[:8]) % 100 < option("ratings.sampling_percent")


def promise_reminder(request: RatingRequest, asked_at: datetime, expires_at: datetime) -> None:
    """Promise the one reminder of a request, in the transaction in which that is about to leave.

    Whether the request has really left is asked when the reminder is due. One that would come after the link has
    expired is not promised.

    Args:
        request: not a reminder itself, or nothing is promised.
        asked_at: now.
        expires_at: when its link expires.
    """
    days = option("ratings.reminder_days")
    if not days or request.reminds_id:
        return
    due = opening_after(asked_at + timedelta(days=days))
    if due >= expires_at:
        return
    round = request.round + 1
    # tried before, so perhaps promised before; before a first try no round follows its own, unless staff have asked
    # anew meanwhile and then had this one sent again
    if request.asked_at or request.message.resends:
        others = select(RatingRequest.round, RatingRequest.reminds_id)
        found = db.session.execute(others.where(RatingRequest.subject_id == request.subject_id))
        rounds = {row.round: row.reminds_id for row in found}
        if request.id in rounds.values():
            return
        round = max(rounds) + 1
    key, subject = key_of(request.subject_id, round), ("rating_subject", request.subject_id)
    kind = "ratings.handling_reminder" if request.subject.incident_id else "ratings.reminder"
    order = Order(kind, subject, key, due_at=due, not_after=expires_at, channel=request.message.channel)
    messages = schedule([order])
    row = {"subject_id": request.subject_id, "round": round, "reminds_id": request.id, "message_id": messages[key]}
    db.session.execute(insert(RatingRequest), [row])


def withdraw_requests(visits: Sequence[Visit]) -> None:
    """Take back the mails about visits that did not take place. A reaction to `visit cancelled`.

    Raises:
        Refused: one of them is rated; what a client said of a visit is not made to vanish.
    """
    if _any_rated(visits):
        raise Refused(_l("This visit has been rated. It cannot be cancelled any more."), "rated")
    _take_back(visits, "visit_cancelled")
    _leave(visits)


def supersede_requests(visits: Sequence[Visit]) -> None:
    """Take back the mails about visits that are to be done after all, and close the links of those that have left.
    A reaction to `visit reopened`. When such a visit is done again, `open_ratings` asks anew, however lately the mail
    that is withdrawn here has left: see `turns.why_not_now`.

    Raises:
        Refused: one of them is rated.
    """
    if _any_rated(visits):
        raise Refused(_l("This visit has been rated. It cannot be reopened any more."), "rated")
    _take_back(visits, "superseded")
    subjects = select(RatingSubject.id).where(RatingSubject.visit_id.in_([visit.id for visit in visits]))
    open_ones = RatingRequest.subject_id.in_(subjects), RatingRequest.revoked_at.is_(None)
    rows_changed(update(RatingRequest).where(*open_ones).values(revoked_at=clock.now()))
    _leave(visits)


def drop_requests(visits: Sequence[Visit], incident_id: int) -> None:
    """Take back the mails about visits on which an incident is open: nobody is asked for stars while a complaint
    waits for an answer, nor how this incident was handled once it is open again. A reaction to `incident opened`. An
    incident that is closed later does not bring them back: staff can send one again by hand.

    Args:
        incident_id: what is asked of the handling of others on these visits goes on.
    """
    _take_back(visits, "incident_open")
    waiting = select(RatingRequest.message_id).join(RatingSubject).where(RatingSubject.incident_id == incident_id)
    cancel(list(db.session.scalars(waiting)), "incident_open")


def _any_rated(visits: Sequence[Visit]) -> bool:
    ids = [visit.id for visit in visits]
    rated = select(Rating.id).join(RatingSubject).where(RatingSubject.visit_id.in_(ids)).limit(1)
    return db.session.scalar(rated) is not None


def _leave(visits: Sequence[Visit]) -> None:
    """Have the tallies count visits as done no more."""
    done = select(RatingSubject.id).where(RatingSubject.visit_id.in_([visit.id for visit in visits]))
    follow(db.session.scalars(done).all())


def _take_back(visits: Sequence[Visit], reason: str) -> None:
    ids = [visit.id for visit in visits]
    subjects = list(db.session.scalars(select(RatingSubject.id).where(RatingSubject.visit_id.in_(ids))))
    cancel(mails_of_their_own(subjects), reason)
    leave_out(subjects, reason)
