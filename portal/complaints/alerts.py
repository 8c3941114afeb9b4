"""The mails that tell the agency of a complaint: that it has come, that something is to be done by a day, that the day
is over. They say nothing of whom or what it is about.

All are promised when it is filed; whether each is still wanted, and to whom it goes, is decided when it is due.
"""

from collections.abc import Callable
from datetime import date, timedelta

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Row, Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.accounts.models import User
from portal.complaints.models import Complaint
from portal.complaints.queries import complaint_of, visible_complaints
from portal.complaints.standing import State, is_answered, state_of
from portal.extensions import MessageColumn, db
from portal.i18n import start_of_day
from portal.links import external_url
from portal.outbox.actions import Order, schedule
from portal.outbox.models import About, Drop, Message, MessageKind, Recipient
from portal.people.models import Client, Staff, Worker
from portal.people.queries import is_named, staff_at_work, staff_responsible_for
from portal.settings.queries import option

FILED = "complaints.filed"
TO_ACKNOWLEDGE = ("complaints.acknowledge_due", "complaints.acknowledge_late")
TO_ANSWER = ("complaints.answer_due", "complaints.answer_late")
AHEAD = timedelta(days=2)  # before the last day for the answer; that for the receipt is near from the beginning
A_DAY = timedelta(days=1)


def promise_alerts(complaint: Complaint, *, new: bool = False) -> None:
    """Promise the agency the mails about a complaint, in the transaction that files it or moves its deadlines.

    Args:
        complaint: as it is now, flushed.
        new: whether it has just come.
    """
    first, last = complaint.acknowledge_by, complaint.answer_by
    days = dict(zip((*TO_ACKNOWLEDGE, *TO_ANSWER), (first, first + A_DAY, last - AHEAD, last + A_DAY), strict=True))
    orders = [
        Order(kind, ("complaint", complaint.id), f"{kind}:{complaint.id}:{day}", start_of_day(day).replace(hour=9))
        for kind, day in days.items()
        if start_of_day(day).replace(hour=9) > clock.now()
    ]
    if new:
        orders.append(Order(FILED, ("complaint", complaint.id), f"{FILED}:{complaint.id}", clock.now()))
    schedule(orders)


def _person_to_tell(complaint: Complaint) -> Staff | None:
    """Who is told: who has it in hand, else who answers for its sector; only somebody who may see it."""
    manager = complaint.client.file_manager_id if complaint.client else None
    owner = complaint.note.owner_id if complaint.note else None
    in_order = staff_responsible_for(complaint.sector_id, owner or manager)
    return next((one for one in in_order if complaint_of(staff_at_work(one), complaint.id)), None)


def reader(message: Message) -> Recipient | None:
    """Whom it would go to now, in the language that this person reads."""
    person = _person_to_tell(db.session.get_one(Complaint, message.subject_id))
    return _as_recipient(person) if person else None


def _as_recipient(person: Staff) -> Recipient:
    chosen = person.account.language if person.account else None
    return Recipient(str(person.email), person.name, chosen or person.language or option("agency.language"))


def why_not(message: Message) -> Drop | None:
    """Why it would not leave as things stand."""
    if not option("complaints.enabled"):
        return Drop("suppressed", "module_off")
    complaint = db.session.get_one(Complaint, message.subject_id)
    state = state_of(complaint, complaint.note.situation if complaint.note else None)
    done = state == State.CLOSED or (message.kind != FILED and is_answered(complaint))
    if done or (message.kind in TO_ACKNOWLEDGE and complaint.acknowledged_at):
        return Drop("cancelled", "complaint_done")
    if message.kind in TO_ANSWER and not message.dedupe_key.endswith(str(_day_told(message.kind, complaint))):
        return Drop("cancelled", "deadline_moved")
    return None


def _day_told(kind: str, complaint: Complaint) -> date:
    return complaint.answer_by - AHEAD if kind == TO_ANSWER[0] else complaint.answer_by + A_DAY


def decide(message: Message) -> Recipient | Drop:
    """To whom it goes, or why not; who has typed it knows it."""
    if refusal := why_not(message):
        return refusal
    complaint = db.session.get_one(Complaint, message.subject_id)
    person = _person_to_tell(complaint)
    if person is None:
        return Drop("suppressed", "nobody_responsible")
    if message.kind == FILED and (complaint.filed_type, complaint.filed_id) == ("staff", person.id):
        return Drop("cancelled", "complaint_by_reader")
    return _as_recipient(person)


def context(message: Message, token: Callable[[str, str], str]) -> dict:  # noqa: ARG001 - it needs a sign-in
    """Only what is to be done, and by when: the rest is read behind the sign-in."""
    complaint = db.session.get_one(Complaint, message.subject_id)
    return {
        "kind": message.kind.partition(".")[2],
        "day": complaint.answer_by if message.kind in TO_ANSWER else complaint.acknowledge_by,
        "url": external_url("staff.show_complaint", complaint_id=complaint.id),
    }


def _kind(name: str, label: object) -> MessageKind:
    return MessageKind(name, label, "complaint_alert", reader, decide, context, why_not=why_not,
                       governed_by=("complaints.enabled",))  # fmt: skip


ALERTS = (
    _kind(FILED, _l("Alert: a complaint has come")),
    _kind(TO_ACKNOWLEDGE[0], _l("Alert: a complaint is to be acknowledged")),
    _kind(TO_ACKNOWLEDGE[1], _l("Alert: a complaint should have been acknowledged")),
    _kind(TO_ANSWER[0], _l("Alert: a complaint is to be answered soon")),
    _kind(TO_ANSWER[1], _l("Alert: a complaint should have been answered")),
)


# ---- on the page of messages ----


def is_about_visible(user: User) -> ColumnElement[bool]:
    """Messages about complaints that a person may see, one question to each message."""
    seen = visible_complaints(user).with_only_columns(Complaint.id).where(Complaint.id == Message.subject_id)
    return and_(Message.subject_type == "complaint", seen.correlate(Message).exists())


def is_about_named(name: str) -> ColumnElement[bool]:
    """Messages about complaints of or about people of whose name these are words."""
    clients = Complaint.client_id.in_(select(Client.id).where(is_named(Client, name)))
    workers = Complaint.worker_id.in_(select(Worker.id).where(is_named(Worker, name)))
    named = select(Complaint.id).where(or_(clients, workers))
    return and_(Message.subject_type == "complaint", Message.subject_id.in_(named))


def _add(statement: Select) -> Select:
    complaint, client = aliased(Complaint), aliased(Client)
    name = func.coalesce(func.trim(client.first_name + " " + client.last_name), complaint.partner)
    return (
        statement.outerjoin(complaint, and_(Message.subject_type == "complaint", complaint.id == Message.subject_id))
        .outerjoin(client, client.id == complaint.client_id)
        .add_columns(complaint.id.label("about_complaint"), name.label("complaint_of"))
    )


def _read(row: Row) -> About | None:
    if row.about_complaint is None:
        return None
    is_on = option("complaints.enabled")
    return About(row.complaint_of, url_for("staff.show_complaint", complaint_id=row.about_complaint) if is_on else None)


MESSAGE_COLUMN = MessageColumn(_add, _read)
