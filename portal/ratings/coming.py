"""*Demandes à venir*: who is asked in the coming week, when and about which visits; who is not, and why.

Nothing is written. Waiting messages say what they say; what planned visits will bring is worked out from the options as
they are now. The pause between two requests is followed in memory, client by client, in the order of the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select

from portal import clock
from portal.accounts.models import User
from portal.outbox.models import OPEN, Message
from portal.people.models import Client, Relative, Service
from portal.ratings.models import RatedWorker, Rating, RatingRequest, RatingSubject, RequestChoice
from portal.ratings.queries import is_open
from portal.ratings.standing import REQUESTS
from portal.ratings.timing import digest_after, due_time
from portal.ratings.turns import DIGEST
from portal.settings.queries import option
from portal.tables.queries import Page, read_page
from portal.visits.models import State, Visit, VisitWorker
from portal.visits.queries import names_of_workers, visible_visits

A_WEEK = timedelta(days=7)
_BEFORE, _CAME = RatingSubject.__table__.alias("before"), RatedWorker.__table__.alias("came")


@dataclass(frozen=True)
class Coming:
    """A visit of the coming week, and what becomes of asking about it.

    Attributes:
        at: when the client is asked, or would be.
        reason: why not, a key of `REASON_LABELS`; None when the client is asked.
        weekly: whether it is asked about in the weekly mail.
        planned: whether the visit has yet to take place.
        last_asked: when the client was last asked about another visit.
    """

    visit_id: int
    client_id: int
    client: str
    service: str
    workers: list[str]
    starts_at: datetime
    at: datetime
    reason: str | None
    weekly: bool
    planned: bool
    last_asked: datetime | None


def coming_week(user: User) -> Page[Coming]:
    """A page of the visits of this person's sectors about which somebody is asked within a week, or could be."""
    moment = clock.now()
    until = moment + A_WEEK
    waiting = and_(Message.id.is_not(None), Message.next_at <= until)
    planned = and_(Visit.state == State.PLANNED, Visit.ends_at.between(moment, until))
    asking = and_(RatingRequest.subject_id == RatingSubject.id, RatingRequest.reminds_id.is_(None),
                  RatingRequest.revoked_at.is_(None))  # fmt: skip
    chosen: Select = (
        visible_visits(user)
        .join(Client, Client.id == Visit.client_id)
        .join(Service, Service.id == Visit.service_id)
        .outerjoin(RatingSubject, RatingSubject.visit_id == Visit.id)
        .outerjoin(RatingRequest, asking)
        .outerjoin(Message, and_(Message.id == RatingRequest.message_id, Message.state.in_(OPEN)))
        .outerjoin(Rating, Rating.subject_id == RatingSubject.id)
        .where(or_(waiting, planned))
        .with_only_columns(
            Visit.id, Visit.client_id, Visit.starts_at, Visit.ends_at, Visit.state, Client.first_name, Client.last_name,
            Client.active, Service.name.label("service"), names_of_workers().label("workers"), Message.next_at,
            Message.kind, RatingRequest.left_out, RatingRequest.again, Rating.id.label("rated"),
            _reachable().label("reachable"), _stopped().label("stopped"), _last_asked().label("last_asked"),
            _is_first().label("first"),
        )
        .order_by(func.coalesce(Message.next_at, Visit.ends_at), Visit.id)
    )  # fmt: skip
    page = read_page(chosen, _read)
    return replace(page, rows=_with_pauses(page.rows))


def _reachable() -> ColumnElement[bool]:
    relative = exists().where(Relative.client_id == Client.id, Relative.active, Relative.may_rate,
                              Relative.email.is_not(None))  # fmt: skip
    by_text = and_(option("sms.enabled"), func.coalesce(Client.mobile, Client.phone).is_not(None))
    return or_(Client.email.is_not(None), relative, by_text)


def _stopped() -> Any:
    """What the client, or the reader of the client's address, has said last; None: nothing."""
    of_client = and_(RequestChoice.person_type == "client", RequestChoice.person_id == Client.id)
    of_reader = and_(RequestChoice.address == Client.email, RequestChoice.said_by != "staff")
    said = select(case((RequestChoice.wanted, 0), else_=1)).where(or_(of_client, of_reader))
    said = said.where(RequestChoice.about == REQUESTS).order_by(RequestChoice.id.desc()).limit(1)
    return said.correlate(Client).scalar_subquery()


def _last_asked() -> Any:
    request = RatingRequest.__table__.alias("asked_before")
    asked = select(func.max(request.c.asked_at)).join(_BEFORE, _BEFORE.c.id == request.c.subject_id)
    of_visits = _BEFORE.c.client_id == Client.id, _BEFORE.c.visit_id.is_not(None), request.c.reminds_id.is_(None)
    return asked.where(*of_visits).correlate(Client).scalar_subquery()


def _is_first() -> ColumnElement[bool]:
    """Whether a worker comes, or came, who has been rated at this client's never before."""
    earlier = select(_CAME.c.worker_id).join(_BEFORE, _BEFORE.c.id == _CAME.c.subject_id)
    earlier = earlier.where(_CAME.c.worker_id == VisitWorker.worker_id, _BEFORE.c.client_id == Visit.client_id,
                            _BEFORE.c.visit_id != Visit.id, _BEFORE.c.ended_at <= Visit.ends_at)  # fmt: skip
    new = select(VisitWorker.worker_id).where(VisitWorker.visit_id == Visit.id)
    new = new.where(~earlier.correlate(VisitWorker, Visit).exists())
    return new.correlate(Visit).exists()


def _read(row: Any) -> Coming:
    planned, mode = row.state == State.PLANNED, option("ratings.ask_mode")
    if row.next_at is None:
        digest = digest_after(row.ends_at)
        due = due_time(row.ends_at, clock.now(), option("ratings.request_delay_minutes"))
        at, weekly = (digest, True) if mode == "digest" else (due, False)
    else:
        at, weekly = row.next_at, row.kind == DIGEST
    return Coming(
        visit_id=row.id, client_id=row.client_id, client=f"{row.first_name} {row.last_name}".strip(),
        service=row.service, workers=row.workers.split("\n") if row.workers else [], starts_at=row.starts_at, at=at,
        reason=_why_not(row, mode), weekly=weekly, planned=planned, last_asked=None if row.again else row.last_asked,
    )  # fmt: skip


def _why_not(row: Any, mode: str) -> str | None:
    reasons = {
        "module_off": not is_open(),
        "inactive": not row.active,
        "already_rated": row.rated is not None and not row.again,
        "no_address": not row.reachable,
        "opted_out": bool(row.stopped),
        str(row.left_out): row.left_out is not None,
        "not_first": mode == "first" and not row.again and not row.first,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _with_pauses(rows: Sequence[Coming]) -> list[Coming]:
    """Say of whom the pause between two requests keeps the request back: those who were asked, or will be before."""
    pause, asked, shown = timedelta(days=option("ratings.request_cap_days")), dict[int, datetime](), list[Coming]()
    for row in rows:
        last = max(filter(None, (asked.get(row.client_id), row.last_asked)), default=None)
        if row.reason is None and not row.weekly and pause and last and last + pause > row.at:
            row = replace(row, reason="capped")
        elif row.reason is None and not row.weekly:
            asked[row.client_id] = row.at
        shown.append(row)
    return shown
