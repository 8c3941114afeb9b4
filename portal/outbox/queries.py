"""Reading messages: for staff, and to check the promises of the tables; what became of each, in words."""

from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta

from flask import current_app
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import Row, Select, false, func, or_, select

from portal import clock
from portal.accounts.models import User
from portal.extensions import db, wires
from portal.i18n import start_of_day
from portal.outbox.models import IS_HELD, MAIL, OPEN, SMS, About, Attempt, Message
from portal.roles import Role
from portal.tables.queries import Page, read_page

LOOKED_BACK = timedelta(days=7)  # what did not arrive stands on the home page so long
# what somebody should have had and did not get, by state and reason (none: for whatever reason); all else that was not
# sent was not meant to be
UNDELIVERED = {
    "failed": (),
    "uncertain": (),
    "expired": ("too_late", "held"),
    "suppressed": ("no_address", "not_tried", "nobody_responsible"),
}
STATE_LABELS = {
    "scheduled": _l("Scheduled"),
    "due": _l("About to leave"),
    "sending": _l("Being sent"),
    "retry": _l("Will be tried again"),
    "sent": _l("Sent"),
    "failed": _l("Refused by the mail server"),
    "uncertain": _l("Perhaps sent: the server’s answer was lost"),
    "expired": _l("Too late, not sent"),
    "cancelled": lazy_pgettext("message", "Cancelled"),
    "suppressed": _l("Not sent"),
}
REASON_LABELS = {
    "no_address": _l("no address to write to"),
    "opted_out": _l("the person wants no rating requests"),
    "too_old": _l("the visit was too long ago"),
    "too_late": _l("it could not leave in time"),
    "report_stopped": _l("the person wants no monthly report any more"),
    "already_rated": _l("the visit is already rated"),
    "module_off": _l("its module is switched off"),
    "visit_cancelled": _l("the visit is cancelled"),
    "superseded": _l("the visit was reopened"),
    "incident_open": _l("an incident on the visit is open"),
    "capped": _l("the client was asked a short time ago"),
    "not_first": _l("the client has been asked about the worker before"),
    "nothing_to_ask": _l("none of the week’s visits is to be asked about any more"),
    "not_sampled": _l("the visit was not drawn: only some are asked about"),
    "reminder_off": _l("reminders are switched off"),
    "not_left": _l("the first message did not leave"),
    "held": _l("messages were held until it was too late"),
    "by_staff": _l("taken back by the agency"),
    "asked_again": _l("the agency has asked anew"),
    "inactive": _l("the person’s file is closed"),
    "used": _l("the link has been used"),
    "refused": _l("the address was refused"),
    "not_tried": _l("the address refused two messages and is not tried any more"),
    "poison": _l("it could not be written"),
    "unfilled": _l("a placeholder in its text has no value: correct the text, then send again"),
    "not_low": _l("the rating is not low any more"),
    "looked_at": _l("somebody has looked at it already"),
    "not_counted": _l("the rating was excluded from the statistics"),
    "nobody_responsible": _l("nobody of the staff has an e-mail address"),
    "no_login": _l("the person has no access to the portal"),
    "notice_off": _l("the person wants no such mails"),
    "notice_changed": _l("the person has chosen another time for such mails"),
    "read": _l("it has been read on the portal"),
    "withdrawn": _l("the message has been withdrawn"),
    "not_visible": _l("the person does not see the conversation (any more)"),
    "told_already": _l("another mail has said it already"),
    "incidents_off": _l("incident reports are switched off"),
    "incident_answered": _l("the agency has answered"),
    "incident_ended": _l("the incident is settled"),
    "action_changed": _l("the action was changed"),
    "action_over": _l("the action is done or dropped"),
    "declared_by_reader": _l("the person has reported it themselves"),
    "alert_renewed": _l("a later alert has taken its place"),
    "note_ended": _l("the note is finished or cancelled"),
    "note_changed": _l("the reminder was changed"),
    "not_urgent": _l("the incident is not urgent any more"),
    "event_acknowledged": _l("somebody has acknowledged the event, or it is closed"),
    "event_hidden": _l("the event is not open to the worker any more"),
    "not_severe": _l("the event is not severe any more"),
    "complaint_done": _l("what it asked for is done"),
    "complaint_by_reader": _l("the person has filed it themselves"),
    "deadline_moved": _l("the complaint is to be answered later"),
    "route_settled": _l("the authority was told meanwhile, or need not be told"),
    "answer_lost": _l("the server’s answer was lost twice"),
    "notices_off": _l("notices of completed visits are switched off"),
    "notice_opted_out": _l("the person wants no notices of completed visits"),
    "asked_instead": _l("a rating request about this visit leaves at the same time"),
    "request_first": _l("a rating request about this visit may leave first"),
    "window": _l("messages leave only at certain hours"),
    "asked_recently": _l("the client was asked recently and is not asked again before that day"),
    "another_first": _l("another visit of this client is asked about first"),
}
OUTCOME_LABELS = {
    "accepted": _l("Left: the mail server took it"),
    "refused": _l("Refused by the mail server"),
    "later": _l("Not taken now: it will be tried again"),
    "lost": _l("Perhaps left: the mail server’s answer was lost"),
    "closed": _l("The mail server took nothing"),
    "died": _l("Broken off before the mail left"),
    "unfilled": _l("Not sent: a placeholder in its text has no value"),
}

SHORT_OUTCOMES = OUTCOME_LABELS | {  # of a text message
    "accepted": _l("Left: the gateway took it"),
    "refused": _l("Refused by the gateway"),
    "lost": _l("Perhaps left: the gateway’s answer was lost"),
    "closed": _l("The gateway took nothing"),
    "died": _l("Broken off before the message left"),
}


def visible_messages(user: User) -> Select[Message]:
    """Messages that this person may see: those about people of their sectors; account mails for those who see all."""
    chosen = select(Message)
    if user.role in (Role.QUALITY, Role.ADMIN):
        return chosen
    if user.role is not Role.COORDINATOR:
        return chosen.where(false())
    return chosen.where(wires.message_perimeter(user))


def message_of(user: User, message_id: int) -> Message | None:
    return db.session.scalar(visible_messages(user).where(Message.id == message_id))


def broken_promises() -> list[str]:
    """Return a sentence for each promise of the tables that does not hold (docs/decisions: delivery)."""
    moment = clock.now()
    stuck = select(func.count()).where(Message.state == "sending", Message.lease_until < moment - timedelta(minutes=2))
    accepted = select(Attempt.message_id).join(Message).where(Attempt.outcome == "accepted")
    too_often = accepted.group_by(Attempt.message_id, Message.resends).having(func.count() > 1 + Message.resends)
    doubled = select(func.count()).select_from(too_often.subquery())
    ways = [way for way in (MAIL, SMS) if has_way_out(way)]
    late = Message.state.in_(OPEN), Message.channel.in_(ways), Message.next_at < moment - timedelta(minutes=10)
    overdue = select(func.count()).where(*late, ~IS_HELD)  # what somebody holds is not late
    checks = {
        "messages are being sent by a process that is gone": stuck,
        "messages were accepted more often than asked": doubled,
    }
    if ways:
        checks["messages are more than ten minutes late"] = overdue
    counts = {sentence: db.session.scalar(check) or 0 for sentence, check in checks.items()}
    found = [f"{count} {sentence}" for sentence, count in counts.items() if count]
    return found + [sentence for promise in wires.promises for sentence in promise()]


def has_mail_server() -> bool:
    """Whether mails can leave at all."""
    return has_way_out(MAIL)


def has_way_out(way: str) -> bool:
    """Whether messages of a channel can leave at all."""
    return bool(current_app.config["PORTAL_SMTP_URL" if way == MAIL else "SMS_GATEWAY"])


def carrier_of(way: str) -> str:
    """By which channel messages of a channel are taken up: those that were to go by a gateway that there is not (any
    more) by the mails', so that each is asked once more which way it goes."""
    return way if has_way_out(way) else MAIL


@dataclass(frozen=True)
class MessageFilter:
    """What the list is narrowed to; None leaves all in. `who` is a part of the recipient's name or address, or words of
    the name of the client that the message is about."""

    first_day: date | None = None
    last_day: date | None = None
    state: str | None = None
    kind: str | None = None
    reason: str | None = None
    who: str | None = None
    lately: bool = False  # of the last days alone, by when they were to leave


@dataclass(frozen=True)
class MessageRow:
    """A line of the list."""

    id: int
    kind: str
    channel: str
    state: str
    reason: str | None
    recipient: str | None
    address: str | None
    created_at: datetime
    next_at: datetime
    sent_at: datetime | None
    about: About | None

    @property
    def leaves_at(self) -> datetime | None:
        """When it leaves, if that is still to come."""
        return self.next_at if self.state in OPEN and self.next_at > clock.now() else None


def list_messages(user: User, narrowed: MessageFilter) -> Page[MessageRow]:
    """Return a page of the messages that this person may see, newest first."""
    shown = [getattr(Message, column.name) for column in fields(MessageRow) if column.name != "about"]
    statement = _add_about(_narrow(visible_messages(user), narrowed).with_only_columns(*shown))
    return read_page(statement.order_by(Message.created_at.desc(), Message.id.desc()), _as_row)


def _as_row(row: Row) -> MessageRow:
    cells = {column.name: getattr(row, column.name) for column in fields(MessageRow) if column.name != "about"}
    return MessageRow(**cells, about=_read_about(row))


def about(message: Message) -> About | None:
    """Whom a message is about: until it leaves, nobody is written on it as its recipient."""
    chosen = select(Message.id).where(Message.id == message.id)
    return _read_about(db.session.execute(_add_about(chosen)).one())


def _add_about(statement: Select) -> Select:
    for column in wires.message_about:
        statement = column.add(statement)
    return statement


def _read_about(row: Row) -> About | None:
    return next((found for column in wires.message_about if (found := column.read(row))), None)


def _narrow(statement: Select, narrowed: MessageFilter) -> Select:
    """Apply a filter. Days are days of the agency's wall clock."""
    if narrowed.first_day:
        statement = statement.where(Message.created_at >= start_of_day(narrowed.first_day))
    if narrowed.last_day:
        statement = statement.where(Message.created_at < start_of_day(narrowed.last_day + timedelta(days=1)))
    if narrowed.lately:
        statement = statement.where(Message.next_at > clock.now() - LOOKED_BACK)
    for column in ("state", "kind", "reason"):
        if wanted := getattr(narrowed, column):
            statement = statement.where(getattr(Message, column) == wanted)
    if narrowed.who:
        parts = (Message.recipient, Message.address)
        named = (part.icontains(narrowed.who, autoescape=True) for part in parts)
        statement = statement.where(or_(*named, wires.messages_about(narrowed.who)))
    return statement
