"""The mails that remind the owner of an action: a week before it is due, on the day, and a week later.

The last one goes to the manager as well. All are promised when the action is decided on; whether each is still wanted,
and to whom it goes, is decided when it is due. None says what happened to whom.
"""

from collections.abc import Callable
from datetime import datetime, time, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Row, Select, and_, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.alerts import about_event
from portal.adverse_events.follow_models import Action, ActionState
from portal.adverse_events.models import AdverseEvent, reference_of
from portal.adverse_events.queries import event_of, visible_events
from portal.extensions import MessageColumn, db
from portal.i18n import zone
from portal.links import external_url
from portal.outbox.actions import Order, cancel, schedule
from portal.outbox.models import OPEN, About, Drop, Message, MessageKind, Recipient
from portal.people.models import Client, Staff
from portal.people.queries import is_named, staff_at_work, staff_responsible_for
from portal.settings.queries import option

SUBJECT = "event_action"
MANAGER = "events.action_late_manager"
# days after the one on which it is due (`domain.md` §11)
REMINDERS = {"events.action_soon": -7, "events.action_due": 0, "events.action_late": 7, MANAGER: 7}
HOUR = time(8)


def promise_reminders(action: Action) -> None:
    """Promise the mails about an action as it is now, flushed; those about a former day are taken back."""
    keys = {kind: f"{kind}:{action.id}:{action.due_on.isoformat()}:{action.version}" for kind in REMINDERS}
    cancel_reminders(action)
    moments = {kind: datetime.combine(action.due_on + timedelta(days=days), HOUR, zone())
               for kind, days in REMINDERS.items()}  # fmt: skip
    schedule([Order(kind, (SUBJECT, action.id), keys[kind], moment) for kind, moment in moments.items()
              if moment > clock.now()])  # fmt: skip


def cancel_reminders(action: Action) -> None:
    """Take back what is still promised about an action."""
    waiting = Message.subject_type == SUBJECT, Message.subject_id == action.id, Message.state.in_(OPEN)
    cancel(db.session.scalars(select(Message.id).where(*waiting)).all(), "action_changed")


def _person_to_tell(message: Message) -> Staff | None:
    """The owner; of the manager's mail, the first who answers for the event, beside the owner."""
    action = db.session.get_one(Action, message.subject_id)
    event = action.event
    if message.kind != MANAGER:
        owner = action.owner
        return owner if owner.active and owner.email and event_of(staff_at_work(owner), event.id) else None
    above = staff_responsible_for(event.sector_id, event.supervisor_id)
    others = (one for one in above if one.id != action.owner_id)
    return next((one for one in others if event_of(staff_at_work(one), event.id)), None)


def reader(message: Message) -> Recipient | None:
    """Whom it would go to now, in the language that this person reads."""
    person = _person_to_tell(message)
    if person is None:
        return None
    chosen = person.account.language if person.account else None
    return Recipient(str(person.email), person.name, chosen or person.language or option("agency.language"))


def why_not(message: Message) -> Drop | None:
    """Why it would not leave as things stand."""
    action = db.session.get_one(Action, message.subject_id)
    if not option("adverse_events.enabled"):
        return Drop("suppressed", "module_off")
    if action.state not in (ActionState.TODO, ActionState.PROGRESS):
        return Drop("cancelled", "action_over")
    return None


def decide(message: Message) -> Recipient | Drop:
    """To whom it goes, or why not."""
    return why_not(message) or reader(message) or Drop("suppressed", "nobody_responsible")


def context(message: Message, token: Callable[[str, str], str]) -> dict:  # noqa: ARG001 - it needs a sign-in
    """The day and the number of the event alone: what it is about is read behind the sign-in."""
    action = db.session.get_one(Action, message.subject_id)
    return {
        "due_on": action.due_on,
        "days": REMINDERS[message.kind],
        "for_manager": message.kind == MANAGER,
        "reference": action.event.reference,
        "url": external_url("staff.show_event", event_id=action.event_id),
    }


def _kind(name: str, label: object) -> MessageKind:
    return MessageKind(name, label, "event_action", reader, decide, context, why_not=why_not, extra_copies=3,
                       governed_by=("adverse_events.enabled",))  # fmt: skip


MAILS = (
    _kind("events.action_soon", _l("Reminder: action due in a week")),
    _kind("events.action_due", _l("Reminder: action due today")),
    _kind("events.action_late", _l("Reminder: action overdue")),
    _kind(MANAGER, _l("Reminder to the manager: action overdue")),
)


# ---- on the page of messages ----


def is_about_visible(user: User) -> ColumnElement[bool]:
    """Reminders of actions after events that a person may see, one question to each message."""
    seen = visible_events(user).join(Action, Action.event_id == AdverseEvent.id)
    of_message = seen.with_only_columns(Action.id).where(Action.id == Message.subject_id)
    return and_(Message.subject_type == SUBJECT, of_message.correlate(Message).exists())


def is_about_named(name: str) -> ColumnElement[bool]:
    """Reminders of actions after events of clients of whose name these are words."""
    named = select(Action.id).join(AdverseEvent).join(Client, Client.id == AdverseEvent.client_id)
    return and_(Message.subject_type == SUBJECT, Message.subject_id.in_(named.where(is_named(Client, name))))


def _add(statement: Select) -> Select:
    action, event = aliased(Action), aliased(AdverseEvent)
    return (
        statement.outerjoin(action, and_(Message.subject_type == SUBJECT, action.id == Message.subject_id))
        .outerjoin(event, event.id == action.event_id)
        .add_columns(event.id.label("action_event"), event.year.label("action_year"),
                     event.number.label("action_number"))
    )  # fmt: skip


def _read(row: Row) -> About | None:
    if row.action_event is None:
        return None
    return about_event(reference_of(row.action_year, row.action_number), row.action_event)


MESSAGE_COLUMN = MessageColumn(_add, _read)
