"""The texts that an agency has made its own: each saving is a version, and none is ever changed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal import clock
from portal.extensions import UTC, db


class MessageText(db.Model):
    """A version of the text of a kind of message, in one language and for one channel. The newest counts; one without
    a body says that the shipped text counts again."""

    __tablename__ = "message_text"
    __table_args__ = (
        UniqueConstraint("kind", "language", "channel", "version"),
        CheckConstraint("channel IN ('mail', 'sms')", name="channel"),
        CheckConstraint("version > 0", name="version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    language: Mapped[str]
    channel: Mapped[str]
    version: Mapped[int]
    subject: Mapped[str | None]
    body: Mapped[str | None]
    restores: Mapped[int | None]  # the version of which it is the text once more; 0: the shipped one
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    written_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)


class MessageTextTest(db.Model):
    """That somebody had a text sent to themselves: which, and with which visit. Its message is written from it."""

    __tablename__ = "message_text_test"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[str]
    language: Mapped[str]
    channel: Mapped[str]
    version: Mapped[int]  # of the text; 0: the shipped one
    visit_id: Mapped[int | None]
    number: Mapped[str | None]  # of the phone to which a text message goes
    asked_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
