"""Reading messages: for staff, and to check the promises of the tables."""

from datetime import timedelta

from flask import current_app
from sqlalchemy import Select, false, func, select

from portal import clock
from portal.accounts.models import User
from portal.extensions import db, wires
from portal.outbox.models import IS_HELD, OPEN, Attempt, Message
from portal.roles import Role
from portal.tables.queries import Page, read_page


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


def attempts_of(message: Message) -> list[Attempt]:
    return list(db.session.scalars(select(Attempt).where(Attempt.message_id == message.id).order_by(Attempt.id)))


def broken_promises() -> list[str]:
    """Return a sentence for each promise of the tables that does not hold (docs/decisions: delivery)."""
    moment = clock.now()
    stuck = select(func.count()).where(Message.state == "sending", Message.lease_until < moment - timedelta(minutes=2))
    accepted = select(Attempt.message_id).join(Message).where(Attempt.outcome == "accepted")
    too_often = accepted.group_by(Attempt.message_id, Message.resends).having(func.count() > 1 + Message.resends)
    doubled = select(func.count()).select_from(too_often.subquery())
    late = Message.state.in_(OPEN), Message.next_at < moment - timedelta(minutes=10)
    overdue = select(func.count()).where(*late, ~IS_HELD)  # what somebody holds is not late
    checks = {
        "messages are being sent by a process that is gone": stuck,
        "messages were accepted more often than asked": doubled,
    }
    if current_app.config["PORTAL_SMTP_URL"]:
        checks["messages are more than ten minutes late"] = overdue
    counts = {sentence: db.session.scalar(check) or 0 for sentence, check in checks.items()}
    found = [f"{count} {sentence}" for sentence, count in counts.items() if count]
    return found + [sentence for promise in wires.promises for sentence in promise()]


def has_mail_server() -> bool:
    """Whether anything can leave at all."""
    return bool(current_app.config["PORTAL_SMTP_URL"])


def list_messages(user: User, state: str | None) -> Page[Message]:
    """Return a page of the messages that this person may see, newest first."""
    statement = visible_messages(user)
    if state:
        statement = statement.where(Message.state == state)
    return read_page(statement.order_by(Message.created_at.desc(), Message.id.desc()), lambda row: row.Message)
