"""*Demandes à venir*: who is asked in the coming week, when and about which visits; who is not, and why.

Nothing is written. Waiting messages say what they say; what planned visits will bring is worked out from the options as
they are now. The pause between two requests is followed in memory over the whole week, client by client, as time goes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Row, Select, String, Subquery, and_, cast, exists, func, literal, or_, select, union

from portal import clock
from portal.accounts.models import User
from portal.extensions import db, wires
from portal.outbox.models import OPEN, Attempt, Message
from portal.outbox.suppression import REASON as SILENT
from portal.outbox.suppression import not_tried
from portal.people.models import Client, Relative, Service
from portal.people.queries import first_to_ask, visible_clients
from portal.ratings.models import RatedWorker, Rating, RatingRequest, RatingSubject
from portal.ratings.queries import is_open
from portal.ratings.reach import way_to
from portal.ratings.standing import stopped_among
from portal.ratings.timing import digest_after, due_time, opening_after, too_old_from
from portal.ratings.turns import ASKED, DIGEST
from portal.settings.queries import option
from portal.tables.queries import PER_PAGE, Page, asked_page, last_page
from portal.visits.models import State, Visit, VisitWorker
from portal.visits.queries import names_of_workers, visible_visits

Person = tuple[str, int, str]  # type, number, address
A_WEEK = timedelta(days=7)
MOST = 2000  # visits of a week that are looked at
LONGEST_WAIT = timedelta(days=60)  # from the promise of a message to when it is due
OLDEST = timedelta(days=92)  # nobody asks about visits that were longer ago
_PUT_ASIDE = ("suppressed", "cancelled", "expired")
_BEFORE, _CAME = RatingSubject.__table__.alias("before"), RatedWorker.__table__.alias("came")
_REQUEST, _BY = RatingRequest.__table__.alias("asked_before"), Message.__table__.alias("asked_by")


@dataclass(frozen=True)
class Coming:
    """A visit of the coming week, and what becomes of asking about it.

    Attributes:
        at: when the client is asked, or would be.
        reason: why not, a key of `REASON_LABELS`; None when the client is asked.
        weekly: whether it is asked about in the weekly mail.
        planned: whether the visit has yet to take place.
        put_off: whether it waits until the pause since the last request is over.
        opens: whether who looks may open the client's file; it may be another sector's by now.
    """

    visit_id: int
    client: str
    service: str
    workers: list[str]
    starts_at: datetime
    at: datetime
    reason: str | None
    weekly: bool
    planned: bool
    put_off: bool = False
    opens: bool = True


def coming_week(user: User) -> Page[Coming]:
    """A page of the visits of this person's sectors about which somebody is asked within a week, or could be."""
    found = db.session.execute(_of_the_week(user)).all()
    people = {row.id: _asked_of(row) for row in found}
    asked = {person for person in people.values() if person}
    stopped, silent = stopped_among(asked), not_tried({address for _type, _number, address in asked})
    silent_people = {person for person in asked if person[2] in silent}
    rows = [(row, _read(row, people[row.id], stopped, silent_people)) for row in found]
    rows.sort(key=lambda pair: (pair[1].at, pair[1].visit_id))
    shown = sorted(_as_time_goes(rows), key=lambda one: (one.at, one.visit_id))
    number = min(asked_page(), last_page(len(shown)))
    skipped = (number - 1) * PER_PAGE
    return Page(shown[skipped : skipped + PER_PAGE], number, len(shown) > skipped + PER_PAGE, len(shown), False)


def _of_the_week(user: User) -> Select:
    moment = clock.now()
    until = moment + A_WEEK
    waiting = and_(Message.state.in_(OPEN), Message.next_at <= until)
    aside = and_(Message.state.in_(_PUT_ASIDE), Message.due_at.between(moment, until), Message.reason != "asked_again")
    planned = and_(Visit.state == State.PLANNED, Visit.ends_at.between(moment, until))
    asking = and_(RatingRequest.subject_id == RatingSubject.id, RatingRequest.reminds_id.is_(None),
                  RatingRequest.revoked_at.is_(None))  # fmt: skip
    files = visible_clients(user).with_only_columns(Client.id).correlate(None)  # as `may_open_file` says
    looked_at = _looked_at(moment, waiting, aside, planned)
    new_workers = _new_workers() if option("ratings.ask_mode") == "first" else literal("")
    return (
        visible_visits(user)
        .join(looked_at, looked_at.c.visit_id == Visit.id)  # first: PostgreSQL changes the order of eight tables only
        .join(Client, Client.id == Visit.client_id)
        .join(Service, Service.id == Visit.service_id)
        .outerjoin(Relative, Relative.id == first_to_ask(Client.id))
        .outerjoin(RatingSubject, RatingSubject.visit_id == Visit.id)
        .outerjoin(RatingRequest, asking)
        .outerjoin(Message, and_(Message.id == RatingRequest.message_id, or_(waiting, aside)))
        .outerjoin(Rating, Rating.subject_id == RatingSubject.id)
        .where(or_(Message.id.is_not(None), planned))
        .with_only_columns(
            Visit.id, Visit.client_id, Visit.starts_at, Visit.ends_at, Visit.state, Client.first_name, Client.last_name,
            Client.active, Client.email, Client.mobile, Client.phone, Relative.id.label("relative_id"),
            Relative.email.label("relative_email"), Relative.mobile.label("relative_mobile"),
            Relative.phone.label("relative_phone"), Service.name.label("service"), names_of_workers().label("workers"),
            RatingSubject.ended_at, Message.id.label("message_id"), Message.state.label("message_state"),
            Message.reason, Message.due_at, Message.next_at, Message.not_after, Message.kind, Message.resends,
            RatingRequest.left_out, RatingRequest.again, Rating.id.label("rated"), _last_asked().label("last_asked"),
            new_workers.label("new_workers"), wires.is_disputed(Visit.id).label("disputed"),
            or_(Client.sector_id == Visit.sector_id, Client.id.in_(files)).label("opens"),
        )
        .order_by(func.coalesce(Message.next_at, Visit.ends_at), Visit.id)
        .limit(MOST)
    )  # fmt: skip


def _looked_at(moment: datetime, waiting: Any, aside: Any, planned: Any) -> Subquery:
    """The visits that are looked at, found by the indexes of messages and of visits: the past costs nothing."""
    asked = select(RatingSubject.visit_id).join(RatingRequest, RatingRequest.subject_id == RatingSubject.id)
    asked = asked.join(Message, Message.id == RatingRequest.message_id).where(RatingSubject.visit_id.is_not(None))
    newly = Message.created_at > moment - LONGEST_WAIT
    return union(asked.where(waiting), asked.where(aside, newly), select(Visit.id).where(planned)).subquery("looked_at")


def _really_asked() -> Any:
    """When this client was last asked about another visit, as `turns` sees it. A request in retry is no other one."""
    has_left = exists().where(Attempt.message_id == _BY.c.id, Attempt.outcome == "accepted")
    corrected = and_(_REQUEST.c.subject_id == RatingSubject.id, _REQUEST.c.revoked_at.is_not(None))
    joined = _REQUEST.join(_BEFORE, _BEFORE.c.id == _REQUEST.c.subject_id).join(_BY, _BY.c.id == _REQUEST.c.message_id)
    return select(func.max(_REQUEST.c.asked_at)).select_from(joined).where(
        _BEFORE.c.client_id == Visit.client_id, _BEFORE.c.visit_id.is_not(None), _REQUEST.c.reminds_id.is_(None),
        _BEFORE.c.day > clock.now().date() - timedelta(days=option("ratings.request_cap_days")) - OLDEST,
        _REQUEST.c.asked_at.is_not(None), or_(_BY.c.state.in_(ASKED), has_left),
        _REQUEST.c.id != func.coalesce(RatingRequest.id, 0), or_(RatingSubject.id.is_(None), ~corrected),
    )  # fmt: skip


def _last_asked() -> Any:
    return _really_asked().correlate(Visit, RatingRequest, RatingSubject).scalar_subquery()


def _new_workers() -> Any:
    """The workers of a visit about whom this client has not been asked, by id."""
    asked = select(_CAME.c.worker_id).join(_BEFORE, _BEFORE.c.id == _CAME.c.subject_id)
    asked = asked.join(_REQUEST, _REQUEST.c.subject_id == _BEFORE.c.id).join(_BY, _BY.c.id == _REQUEST.c.message_id)
    asked = asked.where(
        _CAME.c.worker_id == VisitWorker.worker_id, _BEFORE.c.client_id == Visit.client_id,
        _BEFORE.c.visit_id != Visit.id, _REQUEST.c.asked_at.is_not(None), _REQUEST.c.revoked_at.is_(None),
        _REQUEST.c.left_out.is_(None), _BY.c.state.in_(ASKED),
    )  # fmt: skip
    ids = select(func.aggregate_strings(cast(VisitWorker.worker_id, String), ","))
    ids = ids.where(VisitWorker.visit_id == Visit.id, ~asked.correlate(VisitWorker, Visit).exists())
    return ids.correlate(Visit).scalar_subquery()


def _asked_of(row: Row) -> Person | None:
    """Who is asked about a visit, as `reach` decides it: type, number and address; None where nobody is reached."""
    client: Any = SimpleNamespace(email=row.email, mobile=row.mobile, phone=row.phone)
    if way := way_to(client):
        return "client", row.client_id, way[1]
    relative: Any = SimpleNamespace(email=row.relative_email, mobile=row.relative_mobile, phone=row.relative_phone)
    way = way_to(relative) if row.relative_id else None
    return ("relative", row.relative_id, way[1]) if way else None


def _read(row: Row, person: Person | None, stopped: set[Person], silent: set[Person]) -> Coming:
    digest = option("ratings.ask_mode") == "digest"
    if row.message_id is not None:
        at, weekly = (row.next_at if row.message_state in OPEN else row.due_at), row.kind == DIGEST
    elif digest:
        at, weekly = digest_after(row.ends_at), True
    else:
        at, weekly = due_time(row.ends_at, clock.now(), option("ratings.request_delay_minutes")), False
    return Coming(
        visit_id=row.id, client=f"{row.first_name} {row.last_name}".strip(), service=row.service,
        workers=row.workers.split("\n") if row.workers else [], starts_at=row.starts_at, at=at,
        reason=_why_not(row, person, stopped, silent), weekly=weekly, planned=row.state == State.PLANNED,
        opens=bool(row.opens),
    )  # fmt: skip


def _why_not(row: Row, person: Person | None, stopped: set[Person], silent: set[Person]) -> str | None:
    aside = row.message_id is not None and row.message_state not in OPEN
    reasons = {
        str(row.reason): aside and bool(row.reason),
        "module_off": not is_open(),
        "inactive": not row.active,
        "already_rated": row.rated is not None and not row.again,
        "no_address": person is None,
        "incident_open": bool(row.disputed),
        "opted_out": person in stopped,
        SILENT: person in silent and not row.resends,
        str(row.left_out): row.left_out is not None,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _as_time_goes(rows: Sequence[tuple[Row, Coming]]) -> list[Coming]:
    """Follow, over the whole week, about whom a client will have been asked, and the pause between two requests."""
    pause, first = timedelta(days=option("ratings.request_cap_days")), option("ratings.ask_mode") == "first"
    asked, known = dict[int, datetime](), dict[int, set[str]]()
    shown = list[Coming]()
    for row, one in rows:
        if one.reason is None and not one.weekly and not row.again:
            new = set((row.new_workers or "").split(",")) - {""} - known.setdefault(row.client_id, set())
            last = max(filter(None, (asked.get(row.client_id), row.last_asked)), default=None)
            if first and not new:
                one = replace(one, reason="not_first")
            elif pause and last and last + pause > one.at:
                one = _put_off(row, one, last + pause)
            if one.reason is None:
                known[row.client_id] |= new
        if one.reason is None and not one.weekly:
            asked[row.client_id] = max(one.at, asked.get(row.client_id, one.at))
        shown.append(one)
    return shown


def _put_off(row: Row, one: Coming, free_at: datetime) -> Coming:
    """As `turns` does it: the visit waits for the end of the pause if it is not too old to be asked about by then."""
    opening = opening_after(free_at)
    in_time = opening <= too_old_from(row.ended_at or row.ends_at)
    if not in_time or (row.not_after and opening >= row.not_after):
        return replace(one, reason="capped")
    return replace(one, at=opening, put_off=True)
