"""Messages, the attempts to hand them over, the mail server's health; and what a feature says of its messages."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import CheckConstraint, ForeignKey, Index, exists
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import UTC, db
from portal.links import new_public_id

if TYPE_CHECKING:
    from portal.outbox.letters import Letter

STATES = (
    "scheduled", "due", "sending", "retry", "sent", "failed", "uncertain", "expired", "cancelled", "suppressed",
)  # fmt: skip
OPEN = ("scheduled", "due", "retry")
MAIL, SMS = "mail", "sms"  # the channels; what is said of all messages (held, last looked at) stands with the first


class Message(db.Model):
    """One message to one person. `dedupe_key` makes a second one for the same thing impossible."""

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint(f"state IN {STATES}", name="state"),
        CheckConstraint("channel IN ('mail', 'sms')", name="channel"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
        CheckConstraint("(state = 'sending') = (lease_token IS NOT NULL)", name="lease"),
        Index("ix_message_state_next", "state", "next_at"),
        Index("ix_message_subject", "subject_type", "subject_id"),
        Index("ix_message_created", "created_at", "id"),
        Index("ix_message_state_created", "state", "created_at", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    kind: Mapped[str]
    dedupe_key: Mapped[str] = mapped_column(unique=True)
    subject_type: Mapped[str]
    subject_id: Mapped[int]
    address: Mapped[str | None]  # where it went or would go; the recipient is looked up anew at each attempt
    recipient: Mapped[str | None]
    language: Mapped[str | None]
    channel: Mapped[str] = mapped_column(default=MAIL, server_default=MAIL)  # by which it goes, or went
    state: Mapped[str] = mapped_column(default="scheduled")
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    due_at: Mapped[datetime] = mapped_column(UTC)
    next_at: Mapped[datetime] = mapped_column(UTC)
    not_after: Mapped[datetime] = mapped_column(UTC)
    attempts: Mapped[int] = mapped_column(default=0)
    ambiguous: Mapped[int] = mapped_column(default=0)
    urgent: Mapped[bool] = mapped_column(default=False)  # somebody waits at the screen: before all others
    resends: Mapped[int] = mapped_column(default=0)  # how often staff asked for it to be sent once more
    lease_token: Mapped[str | None]
    lease_until: Mapped[datetime | None] = mapped_column(UTC)
    sent_at: Mapped[datetime | None] = mapped_column(UTC)
    put_aside_at: Mapped[datetime | None] = mapped_column(UTC)  # when it was decided that it does not leave
    last_answer: Mapped[str | None]


class Attempt(db.Model):
    """One try to hand a message over: what makes "copies ≤ 1 + lost answers" checkable."""

    __tablename__ = "message_attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id", ondelete="CASCADE"), index=True)
    number: Mapped[int]
    token: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(UTC)
    phase: Mapped[str] = mapped_column(default="started")  # `data` once the text may have been accepted
    ended_at: Mapped[datetime | None] = mapped_column(UTC)
    outcome: Mapped[str | None]
    answer: Mapped[str | None]

    message: Mapped[Message] = relationship()


class Channel(db.Model):
    """A way out; paused for a minute when the server does not answer or lets nobody in. All messages are held, by the
    row of the mails, until a person releases them when a person (or a restored backup) has said so."""

    __tablename__ = "message_channel"

    name: Mapped[str] = mapped_column(primary_key=True)
    paused_until: Mapped[datetime | None] = mapped_column(UTC)
    failing_since: Mapped[datetime | None] = mapped_column(UTC)
    answer: Mapped[str | None]
    held_since: Mapped[datetime | None] = mapped_column(UTC)
    held_by: Mapped[str | None]
    held_why: Mapped[str | None]
    swept_at: Mapped[datetime | None] = mapped_column(UTC)  # when somebody last looked for what is due


class Outage(db.Model):
    """A time in which a way out was not there or let nobody in: one fact for all messages that waited."""

    __tablename__ = "message_outage"

    id: Mapped[int] = mapped_column(primary_key=True)
    channel: Mapped[str]
    began_at: Mapped[datetime] = mapped_column(UTC)
    ended_at: Mapped[datetime | None] = mapped_column(UTC, index=True)  # when it took a mail again
    answer: Mapped[str]  # the last one; the system's words when there was nobody to answer


class Suppression(db.Model):
    """An address that has refused mails since the last one it took. The address itself is not kept."""

    __tablename__ = "mail_suppression"

    address_hash: Mapped[str] = mapped_column(primary_key=True)
    first_refused_at: Mapped[datetime] = mapped_column(UTC)
    last_refused_at: Mapped[datetime] = mapped_column(UTC)


IS_HELD = exists().where(Channel.name == MAIL, Channel.held_since.is_not(None))


@dataclass(frozen=True)
class Recipient:
    """To whom a message goes, as known at this moment. The address is a number where the channel is `sms`."""

    address: str
    name: str
    language: str
    channel: str = MAIL


@dataclass(frozen=True)
class About:
    """Whom a message is about: a client, and the staff's page of the visit; or the owner of a login."""

    name: str
    url: str | None = None


@dataclass(frozen=True)
class Drop:
    """The message is not wanted any more. `state` is `cancelled`, `suppressed` or `expired`."""

    state: str
    reason: str


@dataclass(frozen=True)
class Postpone:
    """The message is wanted, but not now. `reason` says why it waits, and is kept until it is tried."""

    until: datetime
    reason: str | None = None


@dataclass(frozen=True)
class Attachment:
    """A file that a mail carries; `kind` and `subkind` make its media type."""

    name: str
    kind: str
    subkind: str
    content: bytes


@dataclass(frozen=True)
class MessageKind:
    """What a feature says of one kind of message it sends.

    Attributes:
        name: stable key (`ratings.request`).
        label: what staff call it, lazily translated.
        template: name below `templates/mails/`, without extension; a `.txt` and a `.html` exist.
        reader: to whom it would go now, changing nothing; a preview is written in this person's language.
        decide: asked within the transaction of the attempt: to whom, or why not, or when.
        why_not: why a message that waits would be dropped as things stand, changing nothing; None when it would leave.
        context: what the templates read; the second argument makes the token of a link.
        may_unsubscribe: whether one can say no to this kind (RFC 8058).
        urgent: leaves before all that is not: somebody waits for it at the screen.
        insistent: tried also at an address that is left alone otherwise, because it refuses what comes.
        extra_copies: how often it may be handed over again after the server's answer was lost.
        letter: what an agency's own text of it can be made of; without one, of words around what the portal writes.
        governed_by: the options that switch it off, if any does.
        write: subject, text and html of a message that is another one's text.
        attachments: files that the mail carries; a preview names them.
    """

    name: str
    label: object
    template: str
    reader: Callable[[Message], Recipient | None]
    decide: Callable[[Message], Recipient | Drop | Postpone]
    context: Callable[[Message, Callable[[str, str], str]], dict]
    why_not: Callable[[Message], Drop | None] = lambda _message: None
    may_unsubscribe: bool = False
    extra_copies: int = 1
    urgent: bool = False
    insistent: bool = False
    letter: "Letter | None" = None
    governed_by: tuple[str, ...] = ()
    write: Callable[[Message], dict[str, str]] | None = None
    attachments: Callable[[Message], list[Attachment]] = lambda _message: []
