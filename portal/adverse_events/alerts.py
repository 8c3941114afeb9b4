"""The mails that tell of a severe adverse event: at once to who is on call and to quality and management, and again
until somebody acknowledges it.

Each reader has a chain of their own: the mail that leaves promises the next one, a quarter of an hour later within the
first hour, then hourly. So nobody need open a page for the chain to go on. One address that refuses stops no other, and
it is tried again itself as long as nobody has acknowledged the event.
"""

from collections.abc import Callable
from datetime import timedelta

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.models import ENDED, AdverseEvent
from portal.extensions import MessageColumn, db
from portal.links import external_url
from portal.organisation.models import ListEntry
from portal.outbox.actions import Order, cancel, schedule
from portal.outbox.models import OPEN, About, Drop, Message, MessageKind, Recipient
from portal.people.models import Client, Staff
from portal.people.queries import can_sign_in, is_named, sectors_below
from portal.roles import Role
from portal.settings.queries import option

KIND, SUBJECT = "adverse_events.severe", "adverse_event"
GRAVE = 4  # of five levels: grave, critical
ON_CALL = "on_call"  # where the number of somebody of the staff stands in a key
FIRST_HOUR, QUARTER, HOUR = 4, timedelta(minutes=15), timedelta(hours=1)
MANAGEMENT = (Role.QUALITY, Role.ADMIN)


def is_severe(event: AdverseEvent) -> bool:
    """Whether an event is told at once (`domain.md` §1.9): grave or worse, as it was or as it could have been; or of a
    category that is told whatever its severity (violence, abuse, risk of suicide)."""
    return max(event.severity, event.potential) >= GRAVE or any(one.severe for one in event.categories)


def alert_severe(event: AdverseEvent) -> None:
    """Promise the alerts about an event, if it is a severe one that nobody has acknowledged yet, in the transaction
    that makes it so.

    Args:
        event: as it is now, flushed. A change of one that is told of already begins no second chain.
    """
    if _over(event) is None and db.session.scalar(select(Message.id).where(*_waiting(event)).limit(1)) is None:
        round_ = 1 + (db.session.scalar(select(func.count(Message.id)).where(*_of(event), _is_first())) or 0)
        schedule([_order(event, round_, who, 0) for who in _everybody()])


def stop_alerts(event: AdverseEvent) -> None:
    """Take the alerts back that have not left: somebody has acknowledged the event, or it has ended."""
    cancel(db.session.scalars(select(Message.id).where(*_waiting(event))).all(), "event_acknowledged")


def untold_alerts() -> list[str]:
    """Return a sentence if severe events wait to be acknowledged and nobody will be alerted any more."""
    if not option("adverse_events.enabled"):
        return []
    graver = or_(AdverseEvent.severity >= GRAVE, AdverseEvent.potential >= GRAVE)
    severe = or_(graver, AdverseEvent.categories.any(ListEntry.severe))
    unseen = AdverseEvent.acknowledged_at.is_(None), AdverseEvent.state.not_in(ENDED), severe
    alert = Message.kind == KIND, Message.subject_id == AdverseEvent.id, Message.state.in_((*OPEN, "sending"))
    told = exists().where(Message.subject_type == SUBJECT, *alert).correlate(AdverseEvent)
    number = db.session.scalar(select(func.count()).select_from(AdverseEvent).where(*unseen, ~told)) or 0
    return (
        [f"{number} severe adverse events wait to be acknowledged, and no alert about them will leave"]
        if number
        else []
    )


def _of(event: AdverseEvent) -> tuple[ColumnElement[bool], ...]:
    return Message.kind == KIND, Message.subject_type == SUBJECT, Message.subject_id == event.id


def _waiting(event: AdverseEvent) -> tuple[ColumnElement[bool], ...]:
    return *_of(event), Message.state.in_((*OPEN, "sending"))


def _is_first() -> ColumnElement[bool]:
    return Message.dedupe_key.like("%:0")


def _order(event: AdverseEvent, round_: int, who: str, number: int) -> Order:
    wait = timedelta(0) if not number else QUARTER if number <= FIRST_HOUR else HOUR
    return Order(KIND, (SUBJECT, event.id), f"{KIND}:{event.id}:{round_}:{who}:{number}", clock.now() + wait)


def _everybody() -> list[str]:
    """Who is told: those on call by their address, quality leads and administrators by their numbers."""
    people = management()
    on_call = option("adverse_events.on_call")
    apart = on_call and on_call.casefold() not in {address.casefold() for address in people.values()}
    return [*([ON_CALL] if apart else []), *map(str, people)]


def management() -> dict[int, str]:
    """The quality leads and administrators at work, by number, and their addresses."""
    of_staff = select(Staff.id, Staff.email).where(Staff.role.in_(MANAGEMENT), *_at_work()).order_by(Staff.id)
    return {row.id: str(row.email) for row in db.session.execute(of_staff)}


def _at_work() -> tuple[ColumnElement[bool], ...]:
    return Staff.active, Staff.email.is_not(None), can_sign_in(Staff)


def reader(message: Message) -> Recipient | None:
    """Whom it would go to now, in the language that this person reads."""
    who = message.dedupe_key.split(":")[3]
    if who == ON_CALL:
        address = option("adverse_events.on_call")
        return Recipient(address, option("agency.name"), option("agency.language")) if address else None
    chosen = Staff.id == int(who), Staff.role.in_(MANAGEMENT)
    person = db.session.scalars(select(Staff).where(*chosen, *_at_work())).one_or_none()
    if person is None:
        return None
    language = person.account.language if person.account else None
    return Recipient(str(person.email), person.name, language or person.language or option("agency.language"))


def _over(event: AdverseEvent) -> Drop | None:
    if not option("adverse_events.enabled"):
        return Drop("suppressed", "module_off")
    if event.acknowledged_at or event.state in ENDED:
        return Drop("cancelled", "event_acknowledged")
    return None if is_severe(event) else Drop("cancelled", "not_severe")


def why_not(message: Message) -> Drop | None:
    """Why it would not leave as things stand."""
    return _over(db.session.get_one(AdverseEvent, message.subject_id))


def decide(message: Message) -> Recipient | Drop:
    """To whom it goes, or why not; the next one of this reader is promised with it."""
    event = db.session.get_one(AdverseEvent, message.subject_id)
    if refusal := _over(event):
        return refusal
    recipient = reader(message)
    if recipient is None:
        return Drop("suppressed", "nobody_responsible")
    *_kind, round_, who, number = message.dedupe_key.split(":")
    schedule([_order(event, int(round_), who, int(number) + 1)])
    return recipient


def context(message: Message, token: Callable[[str, str], str]) -> dict:  # noqa: ARG001 - it needs a sign-in
    """Its number and when it was reported: what happened, and to whom, is read behind the sign-in."""
    event = db.session.get_one(AdverseEvent, message.subject_id)
    return {
        "again": not message.dedupe_key.endswith(":0"),
        "reference": event.reference,
        "declared_at": event.declared_at,
        "url": external_url("staff.show_event", event_id=event.id),
    }


ALERT = MessageKind(
    KIND, _l("Alert: severe adverse event"), "severe_event", reader, decide, context, why_not=why_not,
    extra_copies=3, urgent=True, insistent=True, governed_by=("adverse_events.enabled",),
)  # fmt: skip


# ---- on the page of messages ----


def is_about_visible(user: User) -> ColumnElement[bool]:
    """Alerts about events that a person of the staff may see, one question to each message."""
    seen = select(AdverseEvent.id).where(AdverseEvent.id == Message.subject_id)
    if user.role == Role.COORDINATOR:
        seen = seen.where(AdverseEvent.sector_id.in_(sectors_below(user.staff_id)))
    return and_(Message.subject_type == SUBJECT, seen.correlate(Message).exists())


def is_about_named(name: str) -> ColumnElement[bool]:
    """Alerts about events of clients of whose name these are words."""
    named = select(AdverseEvent.id).join(Client).where(is_named(Client, name))
    return and_(Message.subject_type == SUBJECT, Message.subject_id.in_(named))


def _add(statement: Select) -> Select:
    event, client = aliased(AdverseEvent), aliased(Client)
    return (
        statement.outerjoin(event, and_(Message.subject_type == SUBJECT, event.id == Message.subject_id))
        .outerjoin(client, client.id == event.client_id)
        .add_columns(event.id.label("about_event"), client.first_name.label("event_first"),
                     client.last_name.label("event_last"))
    )  # fmt: skip


def _read(row: Row) -> About | None:
    if row.about_event is None:
        return None
    name = f"{row.event_first or ''} {row.event_last or ''}".strip()
    return about_event(name or "–", row.about_event)


def about_event(words: str, event_id: int) -> About:
    """What the page of messages says of one about an event, and the event's page, while there are any."""
    is_on = option("adverse_events.enabled")
    return About(words, url_for("staff.show_event", event_id=event_id) if is_on else None)


MESSAGE_COLUMN = MessageColumn(_add, _read)
