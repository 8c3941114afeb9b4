"""What the outbox says on other pages: a mail server in trouble, and what became of the messages about something."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import Row, Select, and_, func, literal, or_, select, true
from sqlalchemy.orm import aliased

from portal import clock
from portal.accounts.models import User
from portal.audit.models import AuditEntry
from portal.audit.queries import deeds_on
from portal.extensions import Fact, Panel, db, wires
from portal.i18n import exact
from portal.outbox.channel import WayOut, way_out
from portal.outbox.mail import bad_sender
from portal.outbox.models import MAIL, OPEN, SMS, Attempt, Channel, Message
from portal.outbox.queries import (
    LOOKED_BACK,
    OUTCOME_LABELS,
    REASON_LABELS,
    SHORT_OUTCOMES,
    STATE_LABELS,
    UNDELIVERED,
    has_mail_server,
    has_way_out,
    visible_messages,
)
from portal.outbox.suppression import REASON as NOT_TRIED
from portal.outbox.suppression import foreseen, last_refusals
from portal.outbox.waiting import LATE, known_outages, outage_facts, waits
from portal.roles import GRANTS, Permission
from portal.tables.queries import COUNTED, count_label

AT_ONCE = timedelta(seconds=1)  # what was put aside so soon was never promised


@dataclass(frozen=True)
class Trouble:
    """Why messages do not leave.

    Attributes:
        kind: `held` by somebody, `failing` mail server, a `sender` that no mail can come from, `no_server` set, a
            `gateway` of text messages that takes nothing, or `late`: nobody sends.
        since: when it began; None when nobody knows.
        waiting: how many of the messages that this person sees are due and wait, up to 1,000.
        more: whether more than those wait.
        missed: how many became too late since messages are held.
        answer: what the mail server said; the sender's address, when that is the trouble.
        by, why: who holds the messages (None: the portal itself), and for what reason.
    """

    kind: str
    since: datetime | None
    waiting: int
    more: bool
    missed: int = 0
    answer: str | None = None
    by: str | None = None
    why: str | None = None


def trouble(user: User) -> Trouble | None:
    """Return why messages wait that this person may see; None while they leave, in one statement."""
    return _as_trouble(db.session.execute(_way_out(user)).one())


def _way_out(user: User) -> Select:
    """One row: how the way out stands, and how many of this person's messages wait, the oldest of them last."""
    moment = clock.now()
    own = visible_messages(user).with_only_columns(Message.id)
    if not has_way_out(SMS):  # who has no gateway expects no text message to leave
        own = own.where(Message.channel == MAIL)
    due = own.where(Message.state.in_(OPEN), Message.next_at <= moment).limit(COUNTED + 1).subquery()
    channel, gateway = aliased(Channel), aliased(Channel)  # not the one of the whole statement
    held_since = select(channel.held_since).where(channel.name == MAIL).scalar_subquery()
    missed = own.where(Message.state == "expired", Message.reason == "held", Message.put_aside_at >= held_since)
    oldest = [
        own.with_only_columns(func.min(Message.next_at)).where(Message.state == state, Message.next_at <= moment)
        for state in OPEN
    ]
    return select(
        Channel.held_since, Channel.held_by, Channel.held_why, Channel.failing_since, Channel.answer,
        *(select(getattr(gateway, name)).where(gateway.name == SMS).scalar_subquery().label(f"gateway_{name}")
          for name in ("failing_since", "answer")),
        select(func.count()).select_from(due).scalar_subquery().label("waiting"),
        select(func.count()).select_from(missed.subquery()).scalar_subquery().label("missed"),
        *(statement.scalar_subquery().label(f"oldest_{place}") for place, statement in enumerate(oldest)),
    ).select_from(select(literal(1)).subquery()).outerjoin(Channel, Channel.name == MAIL)  # fmt: skip


def _as_trouble(row: Row) -> Trouble | None:
    waiting, more = min(row.waiting, COUNTED), row.waiting > COUNTED
    oldest = (getattr(row, f"oldest_{place}") for place in range(len(OPEN)))
    since = min((first for first in oldest if first), default=None)
    if row.held_since:
        return Trouble("held", row.held_since, waiting, more, missed=row.missed, by=row.held_by, why=row.held_why)
    if row.failing_since and (address := bad_sender()):
        return Trouble("sender", row.failing_since, waiting, more, answer=address)
    if row.failing_since:
        return Trouble("failing", row.failing_since, waiting, more, answer=row.answer)
    if row.gateway_failing_since and has_way_out(SMS):
        return Trouble("gateway", row.gateway_failing_since, waiting, more, answer=row.gateway_answer)
    if since is None or (has_mail_server() and since > clock.now() - LATE):
        return None
    return Trouble("late" if has_mail_server() else "no_server", since, waiting, more)


def home_card(user: User) -> Panel | None:
    """On the staff's home page: a red line while messages do not leave; what of the last days did not arrive."""
    lately = _lost_lately(user).subquery()
    both = _way_out(user).add_columns(*lately.c).outerjoin(lately, true())
    rows = db.session.execute(both.order_by(lately.c.number.desc(), lately.c.state)).all()
    found, lost = _as_trouble(rows[0]), [Lost(row.state, row.reason, row.number) for row in rows if row.number]
    return Panel("outbox/_home.html", {"trouble": found, "lost": lost}) if found or lost else None


@dataclass(frozen=True)
class Lost:
    """Messages of the last days that did not arrive, all for one reason."""

    state: str
    reason: str | None
    number: int

    @property
    def words(self) -> str:
        """Why they did not arrive."""
        label = STATE_LABELS[self.state] if self.reason is None else REASON_LABELS.get(self.reason, self.reason)
        return str(label)

    @property
    def count_label(self) -> str:
        return count_label(self.number)


def _lost_lately(user: User) -> Select:
    """How much of the last days did not arrive, by reason: each reason is another thing to do."""
    lost = or_(
        *(and_(Message.state == state, Message.reason.in_(reasons) if reasons else true())
          for state, reasons in UNDELIVERED.items())
    )  # fmt: skip
    lately = visible_messages(user).where(Message.state.in_(UNDELIVERED), Message.next_at > clock.now() - LOOKED_BACK)
    number = func.count().label("number")
    grouped = lately.where(lost).with_only_columns(Message.state, Message.reason, number)
    return grouped.group_by(Message.state, Message.reason)


# ---- what became of messages ----

OUTCOMES = {
    "accepted": ("send", "done"), "refused": ("circle-alert", "danger"), "later": ("clock", "attention"),
    "lost": ("circle-alert", "attention"), "closed": ("wifi-off", "attention"), "died": ("circle-alert", "attention"),
    "unfilled": ("circle-alert", "danger"),
}  # fmt: skip
DEEDS = ("message.sent_again", "message.cancelled")


def facts_of(user: User, messages: Sequence[Message], *, named: bool = True) -> list[Fact]:
    """What became of these messages, as lines of a timeline: promised, each try, put aside and why, what people did.

    "Pressed *send again*" and "left" are lines of their own: only the mail server's answer says that a mail left.

    Args:
        user: who looks; only who may see the outbox gets the links to it.
        messages: all about one thing.
        named: whether each line says of which kind of message it speaks.
    """
    ids = [message.id for message in messages]
    if not ids:
        return []
    way = way_out(ids)
    touched = [message.id for message in messages if message.resends or message.reason == "by_staff"]
    deeds = [deed for deed in deeds_on("message", touched) if deed.kind in DEEDS] if touched else []
    names = wires.names_of_actors(deeds)
    waited = {message.id: waits(message, *_of(message, way.tries, deeds)) for message in messages}
    known = known_outages(waited.values())
    outages_of = {way: [one for one in known if one.channel == way] for way in (MAIL, SMS)}
    refused = last_refusals(m.address for m in messages if m.reason == NOT_TRIED and m.address)
    found = []
    for message in messages:
        own, done = _of(message, way.tries, deeds)
        lines: list[Fact | None] = [
            _promised(message),
            *(_tried(one, message) for one in own),
            *(_done_by(deed, names) for deed in done),
        ]
        lines += outage_facts(outages_of[message.channel], waited[message.id])
        lines += [_put_aside(message, refused.get(message.address or "")), _to_come(message, way)]
        found += [_placed(line, message, user, named) for line in lines if line]
    return found


def _of(
    message: Message, tries: Sequence[Attempt], deeds: Sequence[AuditEntry]
) -> tuple[list[Attempt], list[AuditEntry]]:
    """What was tried of one message, and what people did with it."""
    own = [one for one in tries if one.message_id == message.id]
    return own, [deed for deed in deeds if deed.subject_id == message.id]


def _placed(fact: Fact, message: Message, user: User, named: bool) -> Fact:
    """Add of which message the line speaks, and where more of it stands."""
    if not named:
        return fact
    note = " · ".join(filter(None, (str(wires.message_kinds[message.kind].label), fact.note)))
    may_see = Permission.SEE_OUTBOX in GRANTS[user.role]
    url = url_for("staff.show_message", message_id=message.id) if may_see else None
    return replace(fact, note=note, url=url)


def _promised(message: Message) -> Fact | None:
    """That a message was to leave. Nothing was promised of what was put aside at once."""
    if message.put_aside_at and not message.resends and message.put_aside_at - message.created_at < AT_ONCE:
        return None
    if message.put_aside_at and not message.attempts:  # when it was to leave is of no use any more
        return Fact(message.created_at, _("Message written down"), "mail")
    if message.due_at <= message.created_at + timedelta(minutes=1):
        return Fact(message.created_at, _("Message written down, to leave at once"), "mail")
    return Fact(message.created_at, _("Message written down, to leave on %(when)s", when=exact(message.due_at)), "mail")


def _tried(attempt: Attempt, message: Message) -> Fact:
    """One try. Without an outcome it is under way: the text may have been taken, or not yet."""
    at = attempt.ended_at or attempt.started_at
    if attempt.outcome is None:
        under_way = _("The text is under way") if attempt.phase == "data" else _("Being handed over")
        return Fact(at, under_way, "clock", "info")
    icon, tone = OUTCOMES[attempt.outcome]
    labels = OUTCOME_LABELS if message.channel == MAIL else SHORT_OUTCOMES
    return Fact(at, str(labels[attempt.outcome]), icon, tone, attempt.answer)


def _done_by(deed: AuditEntry, names: dict[int, str]) -> Fact:
    name = names.get(deed.id) or _("Somebody")
    if deed.kind == "message.sent_again":
        return Fact(deed.at, _("%(name)s pressed “Send again”", name=name), "undo-2", "info")
    return Fact(deed.at, _("%(name)s took the message back", name=name), "x", "neutral")


def _put_aside(message: Message, refused_at: datetime | None = None) -> Fact | None:
    if message.state not in ("expired", "cancelled", "suppressed") or message.reason == "by_staff":
        return None
    at, reason = message.put_aside_at or message.due_at, message.reason or ""
    text, note = str(STATE_LABELS[message.state]), str(REASON_LABELS.get(reason, reason))
    if reason == NOT_TRIED:
        note = _why_not_tried(refused_at if refused_at and refused_at <= at else None)
    return Fact(at, text, "x", "attention", note)


def _why_not_tried(refused_at: datetime | None) -> str:
    """Why an address is not tried, and what to do. Nobody knows when it refused last once it has taken a mail."""
    if refused_at is None:
        return _("this address refused two messages: correct it in the file, or send again")
    when = exact(refused_at)
    return _(
        "this address refused two messages, the last on %(when)s: correct it in the file, or send again", when=when
    )


def _hindrance(message: Message, way: WayOut) -> str | None:
    """Why nothing leaves by this message's channel, in words."""
    by_mail, all_messages, own = message.channel == MAIL, way.channels.get(MAIL), way.channels.get(message.channel)
    if not has_way_out(message.channel):
        return _("Waits: no mail server is set") if by_mail else _("Waits: no gateway of text messages is set")
    if all_messages and all_messages.held_since:
        return _("Waits: messages are held")
    if own is None or own.failing_since is None:
        return None
    return _("Waits for the mail server") if by_mail else _("Waits for the gateway of text messages")


def _to_come(message: Message, way: WayOut) -> Fact | None:
    """When an open message leaves, or for what it waits; never a moment that is past."""
    if message.state not in OPEN:
        return None
    moment, note = clock.now(), str(REASON_LABELS[message.reason]) if message.reason in REASON_LABELS else None
    if drop := wires.message_kinds[message.kind].why_not(message) or (foreseen(message) if way.refusing else None):
        return Fact(moment, _("Will not leave"), "x", note=str(REASON_LABELS[drop.reason]), timed=False)
    hindered = _hindrance(message, way)
    if hindered and (message.next_at <= moment or not has_way_out(message.channel)):
        return Fact(message.next_at, hindered, "clock", "attention", to_come=True, timed=False)
    if message.next_at <= moment:
        text = _("Will leave in a moment") if message.next_at > moment - LATE else _("Waits to be sent")
        return Fact(message.next_at, text, "clock", "info", to_come=True, timed=False)
    if message.reason in ("another_first", "asked_recently"):
        text = _("Will leave at the earliest")
    else:
        text = _("Will be handed over again") if message.state == "retry" else _("Will leave")
    return Fact(message.next_at, text, "clock", "info", note, to_come=True)
