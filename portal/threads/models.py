"""A thread, who takes part in it, its messages, and how far each person has read."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import UTC, db
from portal.files.models import Attachment
from portal.people.models import Client, Worker
from portal.work.models import Work  # noqa: F401 - the table that a group message points to

LONGEST_SUBJECT, LONGEST_TEXT, LONGEST_REASON = 200, 5000, 500  # characters
PEOPLE = "('client', 'relative', 'worker', 'staff')"
_UNREAD = text("unread AND archived_at IS NULL")
_OWED = text("owed_id > told_id")


class Thread(db.Model):
    """A conversation. The agency is always in it; the client and the workers in it are its participants.

    What is counted twice is counted apart: the columns `shown_…` know nothing of internal messages, so that neither
    the order of a list nor the tag of a fragment tells the portals of clients and workers that there is one.
    """

    __tablename__ = "thread"
    __table_args__ = (
        CheckConstraint(f"length(subject) <= {LONGEST_SUBJECT}", name="subject"),
        CheckConstraint(f"opened_type IN {PEOPLE}", name="opened_type"),
        CheckConstraint("(archived_at IS NULL) = (archived_by IS NULL)", name="archived"),
        Index("ix_thread_sector_last", "sector_id", "last_at", "id"),
        Index("ix_thread_last", "last_at", "id"),
        # what nobody of the agency has read: counted on every page of staff
        Index("ix_thread_unread", "sector_id", sqlite_where=_UNREAD, postgresql_where=_UNREAD),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str]  # a key of `words.TOPICS`; `incident` for the thread of an incident
    subject: Mapped[str] = mapped_column(default="")  # free text after the topic
    sector_id: Mapped[int | None] = mapped_column(ForeignKey("sector.id"))  # None: no client takes part
    published: Mapped[bool] = mapped_column(default=True)  # whether its participants see it on their portals
    batch: Mapped[str | None] = mapped_column(index=True)  # one group message: the same for each of its threads
    opened_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    opened_type: Mapped[str]
    opened_id: Mapped[int]
    opened_by: Mapped[str]  # the name
    last_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    last_id: Mapped[int] = mapped_column(default=0)  # of the last message
    version: Mapped[int] = mapped_column(default=1)  # grows with all that staff see change
    shown_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    shown_id: Mapped[int] = mapped_column(default=0)  # of the last message that is not internal
    shown_version: Mapped[int] = mapped_column(default=1)  # grows with all that participants see change
    unread: Mapped[bool] = mapped_column(default=False)  # nobody of the agency has read what came from outside
    archived_at: Mapped[datetime | None] = mapped_column(UTC)  # dealt with; a message for all brings it back
    archived_by: Mapped[str | None]

    participants: Mapped[list["Participant"]] = relationship(
        order_by="Participant.id", cascade="all, delete-orphan", back_populates="thread"
    )


class Participant(db.Model):
    """A client (with the relatives whom the file grants it) or a worker who takes part in a thread."""

    __tablename__ = "thread_participant"
    __table_args__ = (
        CheckConstraint("(client_id IS NULL) <> (worker_id IS NULL)", name="one"),
        UniqueConstraint("thread_id", "client_id"),
        UniqueConstraint("thread_id", "worker_id"),
        Index("ix_thread_participant_client", "client_id", "thread_id"),
        Index("ix_thread_participant_worker", "worker_id", "thread_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id", ondelete="CASCADE"))
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"))
    worker_id: Mapped[int | None] = mapped_column(ForeignKey("worker.id"))

    thread: Mapped[Thread] = relationship(back_populates="participants")
    client: Mapped[Client | None] = relationship()
    worker: Mapped[Worker | None] = relationship()


class ThreadMessage(db.Model):
    """What somebody wrote. `token` is that of the form: the same form sent twice is one message."""

    __tablename__ = "thread_message"
    __table_args__ = (
        CheckConstraint(f"author_type IN {PEOPLE}", name="author_type"),
        CheckConstraint("NOT internal OR author_type = 'staff'", name="internal"),
        CheckConstraint(f"length(text) <= {LONGEST_TEXT}", name="text"),
        CheckConstraint("event IS NULL OR text = ''", name="event"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdraw_reason IS NULL)", name="withdraw_reason"),
        UniqueConstraint("author_type", "author_id", "token"),
        Index("ix_thread_message_thread", "thread_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id", ondelete="CASCADE"))
    author_type: Mapped[str]
    author_id: Mapped[int]
    author_name: Mapped[str]
    author_account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    text: Mapped[str] = mapped_column(Text)
    internal: Mapped[bool] = mapped_column(default=False)
    event: Mapped[str | None]  # a key of `words.EVENTS`: nobody wrote it, each reads it in their language
    token: Mapped[str]
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    corrected_at: Mapped[datetime | None] = mapped_column(UTC)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTC)  # by staff: participants read the reason in its place
    withdrawn_by: Mapped[str | None]
    withdraw_reason: Mapped[str | None] = mapped_column(Text)

    files: Mapped[list["MessageFile"]] = relationship(order_by="MessageFile.attachment_id")
    former: Mapped[list["FormerMessage"]] = relationship(order_by="FormerMessage.id")


class FormerMessage(db.Model):
    """What a message said before its author corrected it."""

    __tablename__ = "former_thread_message"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("thread_message.id", ondelete="CASCADE"), index=True)
    text: Mapped[str] = mapped_column(Text)
    replaced_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)


class MessageFile(db.Model):
    """An attachment of a message."""

    __tablename__ = "thread_message_file"

    attachment_id: Mapped[int] = mapped_column(ForeignKey("attachment.id"), primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("thread_message.id", ondelete="CASCADE"), index=True)

    attachment: Mapped[Attachment] = relationship(lazy="joined", innerjoin=True)


class Reading(db.Model):
    """How far a person has read a thread, and when."""

    __tablename__ = "thread_reading"
    __table_args__ = (CheckConstraint(f"person_type IN {PEOPLE}", name="person_type"),)

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id", ondelete="CASCADE"), primary_key=True)
    person_type: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int]  # the last one read
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now)


class NoticeChoice(db.Model):
    """How a person wants to be told by mail of one kind of news. Without a row: at once."""

    __tablename__ = "notice_choice"
    __table_args__ = (
        CheckConstraint(f"person_type IN {PEOPLE}", name="person_type"),
        CheckConstraint("kind IN ('incident', 'message')", name="kind"),
        CheckConstraint("how IN ('now', 'daily', 'never')", name="how"),
    )

    person_type: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    how: Mapped[str]


class ThreadNotice(db.Model):
    """What somebody is to be mailed about a thread, and how far that has been done: one row for each kind of news.

    A mail tells of what comes after `told_id`; while it is under way, `telling_id` is where it ends. So a second try
    tells the same, and no later mail tells it again.
    """

    __tablename__ = "thread_notice"
    __table_args__ = (
        CheckConstraint(f"person_type IN {PEOPLE}", name="person_type"),
        CheckConstraint("kind IN ('incident', 'message')", name="kind"),
        Index("ix_thread_notice_owed", "person_type", "person_id", sqlite_where=_OWED, postgresql_where=_OWED),
    )

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id", ondelete="CASCADE"), primary_key=True)
    person_type: Mapped[str] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    owed_id: Mapped[int]  # the last message to be told of
    told_id: Mapped[int] = mapped_column(default=0)
    telling_id: Mapped[int] = mapped_column(default=0)
    notice_id: Mapped[int] = mapped_column(ForeignKey("message.id"))  # the mail that tells, or has told


class GroupMessage(db.Model):
    """One message to many: a conversation with each of them carries its `batch`."""

    __tablename__ = "thread_group"
    __table_args__ = (
        CheckConstraint("kind IN ('client', 'worker')", name="kind"),
        CheckConstraint(f"length(subject) <= {LONGEST_SUBJECT}", name="subject"),
        CheckConstraint(f"length(text) <= {LONGEST_TEXT}", name="text"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    batch: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    sector_id: Mapped[int | None] = mapped_column(ForeignKey("sector.id"))  # None: all that its writer may see
    topic: Mapped[str]
    subject: Mapped[str]
    text: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    user_key: Mapped[str]  # in which of their files the person was
    work_id: Mapped[int | None] = mapped_column(ForeignKey("work.id"))
    created_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
