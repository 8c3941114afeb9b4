"""The notice that a visit is done: a mail with a link to its page. It asks nothing, and has a switch of its own."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.extensions import db, wires
from portal.links import read_token
from portal.outbox.actions import PATIENCE, Order, cancel, schedule
from portal.outbox.models import MAIL, OPEN, Drop, Message, MessageKind, Postpone, Recipient
from portal.people.models import Client, Relative
from portal.ratings import letters
from portal.ratings.messages import reached, recipient_of
from portal.ratings.models import RatingRequest, RatingSubject
from portal.ratings.opened import link_to_mail, mailed_link
from portal.ratings.reach import channels_of, person_to_ask
from portal.ratings.standing import NOTICES, has_stopped
from portal.ratings.timing import opening_after, too_old_from
from portal.settings.queries import SAME_HOUR, option
from portal.visits.models import State, Visit

NAME = "visits.done"
CLOSE_BY = timedelta(minutes=SAME_HOUR)  # two mails about one visit within it are one too many
SETTLING = timedelta(minutes=2)  # until it is known whether the request leaves


def promise_notices(visits: Sequence[Visit]) -> None:
    """Promise the notices about visits that have just been marked as done. A reaction to `visit marked as done`.

    One that was reopened is told of anew when it is done again.
    """
    if not visits or not option("notices.visit_done"):
        return
    chosen = select(RatingSubject.id, RatingSubject.ended_at, RatingSubject.visit_id)
    rows = db.session.execute(chosen.where(RatingSubject.visit_id.in_([visit.id for visit in visits]))).all()
    asked = _due_requests([row.id for row in rows])
    known, ways = {visit.id: visit for visit in visits}, channels_of(visit.client_id for visit in visits)
    orders = [_order(row.id, row.ended_at, known[row.visit_id], ways, asked.get(row.id)) for row in rows]
    schedule(orders)


def _order(subject_id: int, ended_at: datetime, visit: Visit, ways: Mapping[int, str], asked: datetime | None) -> Order:
    moment = clock.now()
    due = opening_after(moment)
    if asked is not None and asked - due <= CLOSE_BY:
        due = max(due, asked + SETTLING)  # whether that leaves is known then
    return Order(
        kind=NAME,
        subject=("rating_subject", subject_id),
        dedupe_key=f"done:{subject_id}:{visit.version}",
        due_at=due,
        not_after=due + PATIENCE,
        suppressed="too_old" if too_old_from(ended_at) < moment else None,
        channel=ways.get(visit.client_id, MAIL),
    )


def _due_requests(subjects: Sequence[int]) -> dict[int, datetime]:
    """When the requests about what can be rated are due, of those that have yet to leave."""
    chosen = select(RatingRequest.subject_id, Message.due_at).join(Message, Message.id == RatingRequest.message_id)
    waiting = RatingRequest.reminds_id.is_(None), RatingRequest.revoked_at.is_(None), RatingRequest.left_out.is_(None)
    about = RatingRequest.subject_id.in_(subjects), Message.state.in_(OPEN)
    return dict(db.session.execute(chosen.where(*about, *waiting)).all())


def withdraw_notices(visits: Sequence[Visit]) -> None:
    """Take back the notices about visits that did not take place, or are to be done after all. A reaction to `visit
    cancelled` and `visit reopened`."""
    subjects = select(RatingSubject.id).where(RatingSubject.visit_id.in_([visit.id for visit in visits]))
    waiting = Message.kind == NAME, Message.subject_type == "rating_subject", Message.subject_id.in_(subjects)
    found = list(db.session.scalars(select(Message.id).where(*waiting, Message.state.in_(OPEN))))
    cancelled = visits and all(visit.state == State.CANCELLED for visit in visits)
    cancel(found, "visit_cancelled" if cancelled else "superseded")


_WITH_ITS_VISIT = (
    select(RatingSubject)
    .where(RatingSubject.id == bindparam("id"))
    .options(
        joinedload(RatingSubject.rated_visit).options(
            joinedload(Visit.client, innerjoin=True).joinedload(Client.account),
            joinedload(Visit.service, innerjoin=True),
        )
    )
)


def visit_of(message: Message) -> Visit:
    """The visit that a notice is about."""
    return db.session.scalars(_WITH_ITS_VISIT, {"id": message.subject_id}).one().visit


def notice_by_token(token: str) -> Message | None:
    """Follow the link with which one stops notices; None when no notice of ours carries it."""
    public_id = read_token("unsubscribe", token)
    if public_id is None:
        return None
    return db.session.scalar(select(Message).where(Message.public_id == public_id, Message.kind == NAME))


def notice_to(subject_id: int, address: str | None) -> Message | None:
    """The newest notice about what can be rated that went to an address."""
    told = Message.kind == NAME, Message.subject_type == "rating_subject", Message.subject_id == subject_id
    chosen = select(Message).where(*told, Message.address == address).order_by(Message.id.desc()).limit(1)
    return db.session.scalar(chosen)


def reader(message: Message) -> Recipient | None:
    return recipient_of(visit_of(message).client)


def decide(message: Message) -> Recipient | Drop | Postpone:
    """Asked in the transaction of each attempt: who is told, why nobody, or when?"""
    visit = visit_of(message)
    person = person_to_ask(visit.client)
    recipient = reached(person)
    refusal = _why_not(visit, person, recipient)
    if refusal or recipient is None:
        return refusal or Drop("suppressed", "no_address")
    if not message.resends:
        moment = clock.now()
        opening = opening_after(moment)
        if opening > moment:
            return Postpone(opening, "window")
        if wait := _is_asked_instead(message.subject_id, moment):
            return wait
    link_to_mail(visit, recipient.address, person if isinstance(person, Relative) else None)
    return recipient


def _why_not(visit: Visit, person: Client | Relative | None, recipient: Recipient | None) -> Drop | None:
    reasons = {
        ("suppressed", "notices_off"): not option("notices.visit_done"),
        ("cancelled", "visit_cancelled"): visit.state == State.CANCELLED,
        ("cancelled", "superseded"): visit.state != State.DONE,
        ("suppressed", "inactive"): not visit.client.active,
    }
    if drop := next((Drop(*reason) for reason, holds in reasons.items() if holds), None):
        return drop
    if wires.has_open_incident(visit.id):
        return Drop("cancelled", "incident_open")
    if recipient and has_stopped(person, recipient.address, NOTICES):
        return Drop("suppressed", "notice_opted_out")
    return None


def _is_asked_instead(subject_id: int, moment: datetime) -> Drop | Postpone | None:
    """Whether a rating request about the visit leaves within the hour: its link leads to the same page."""
    chosen = select(Message.state, Message.next_at, Message.sent_at).join(
        RatingRequest, RatingRequest.message_id == Message.id
    )
    about = RatingRequest.subject_id == subject_id, RatingRequest.revoked_at.is_(None), RatingRequest.left_out.is_(None)
    for row in db.session.execute(chosen.where(*about)):
        if row.state == "sending" or (row.sent_at and moment - row.sent_at <= CLOSE_BY):
            return Drop("suppressed", "asked_instead")
        if row.state in OPEN and row.next_at - moment <= CLOSE_BY:
            return Postpone(max(row.next_at, moment) + SETTLING, "request_first")
    return None


def why_not(message: Message) -> Drop | None:
    """Why a notice that waits would be dropped as things stand; changes nothing."""
    subject = db.session.get(RatingSubject, message.subject_id)
    visit = subject.visit if subject else visit_of(message)
    person = person_to_ask(visit.client)
    return _why_not(visit, person, reached(person)) or (None if person else Drop("suppressed", "no_address"))


def context(message: Message, token: Callable[[str, str], str]) -> dict:
    visit = visit_of(message)
    link = mailed_link(visit.id)
    page = token("visit", link.public_id if link else message.public_id)
    return letters.facts_of_notice(visit, page, token("unsubscribe", message.public_id))


NOTICE = MessageKind(
    NAME, _l("Notice of a completed visit"), "visit_done", reader, decide, context, why_not=why_not,
    may_unsubscribe=True, letter=letters.DONE, governed_by=("notices.visit_done",),
)  # fmt: skip
