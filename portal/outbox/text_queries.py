"""Reading the texts that an agency has made its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import force_locale
from sqlalchemy import Row, Select, bindparam, func, select

from portal.extensions import db, wires
from portal.outbox.letters import Draft, letter_of, shipped_draft
from portal.outbox.models import MessageKind
from portal.outbox.text_models import MessageText

_NEWEST = (
    select(MessageText.subject, MessageText.body)
    .where(MessageText.kind == bindparam("kind"), MessageText.language == bindparam("language"),
           MessageText.channel == bindparam("channel"))
    .order_by(MessageText.version.desc()).limit(1)
)  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Which text is meant: of a kind of message, in a language, for a channel."""

    kind: MessageKind
    language: str
    channel: str

    @property
    def address(self) -> dict[str, Any]:
        return {"kind": self.kind.name, "language": self.language, "channel": self.channel}


def own_draft(kind: str, language: str, channel: str) -> Draft | None:
    """The agency's own text; None where the shipped one counts. Asked for each message, past the session."""
    place = {"kind": kind, "language": language, "channel": channel}
    row = db.session.connection().execute(_NEWEST, place).one_or_none()
    return Draft(row.subject or "", row.body) if row and row.body is not None else None


def shipped(place: Place) -> Draft:
    """The shipped text, with placeholders."""
    with force_locale(place.language):
        return shipped_draft(letter_of(place.kind), place.kind.template, place.channel)


def newest(place: Place) -> MessageText | None:
    """The version that counts; None when none was ever written."""
    return db.session.scalar(_versions(place).limit(1))


def version_of(place: Place, version: int) -> MessageText | None:
    return db.session.scalar(_versions(place).where(MessageText.version == version))


def _versions(place: Place) -> Select[MessageText]:
    chosen = select(MessageText).where(
        MessageText.kind == place.kind.name, MessageText.language == place.language,
        MessageText.channel == place.channel,
    )  # fmt: skip
    return chosen.order_by(MessageText.version.desc())


def draft_of(place: Place, written: MessageText | None) -> Draft:
    """What a version says; the shipped text for none, and for one that goes back to it."""
    if written is None or written.body is None:
        return shipped(place)
    return Draft(written.subject or "", written.body)


def versions(place: Place) -> Sequence[Row]:
    """The versions of a text with who wrote them, the newest first."""
    who = wires.name_of_staff(MessageText.account_id).label("who")
    columns = MessageText.version, MessageText.written_at, MessageText.body, MessageText.restores, who
    return db.session.execute(_versions(place).with_only_columns(*columns)).all()


def own_places() -> dict[tuple[str, str, str], MessageText]:
    """The newest version of each text that was ever written, by kind, language and channel."""
    newest_ones = select(func.max(MessageText.id)).group_by(MessageText.kind, MessageText.language, MessageText.channel)
    rows = db.session.scalars(select(MessageText).where(MessageText.id.in_(newest_ones)))
    return {(row.kind, row.language, row.channel): row for row in rows}
