"""Logins, their sessions, the links that set a password, and the counters that slow a guesser down."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_security import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, bindparam
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal import clock
from portal.extensions import UTC, db
from portal.links import new_public_id
from portal.roles import ROLE_LABELS, Role


class Account(UserMixin, db.Model):
    """A login. Who it is for stands in the files (client, relative, worker, staff) that name it."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)  # lower case: see `normal_address`
    password: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    language: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    password_set_at: Mapped[datetime | None] = mapped_column(UTC)
    totp_secret: Mapped[str | None]  # encrypted
    totp_since: Mapped[datetime | None] = mapped_column(UTC)  # when the second factor was confirmed
    totp_step: Mapped[int | None]  # the last one used: a code is good once
    hidden_columns: Mapped[str] = mapped_column(default="")  # that lists do not show this person

    roles = ()  # Flask-Security's own roles are not used: what a person may do hangs on the open file


class AccountSession(db.Model):
    """A signed-in browser. Only the hash of its secret is kept."""

    __tablename__ = "account_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    open_file: Mapped[str | None]
    method: Mapped[str] = mapped_column(default="password")  # how its owner proved to be the one: password, link, totp
    device: Mapped[str | None]  # browser and system, in a few words
    network: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UTC)
    ended_at: Mapped[datetime | None] = mapped_column(UTC)

    account: Mapped[Account] = relationship()


class AccountLink(db.Model):
    """A mailed link that lets its holder do one thing with a login, once: choose a password, sign in, or confirm
    another e-mail address."""

    __tablename__ = "account_link"
    __table_args__ = (CheckConstraint("purpose IN ('reset', 'invitation', 'sign_in', 'address')", name="purpose"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=new_public_id)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    purpose: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UTC, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(UTC)
    used_at: Mapped[datetime | None] = mapped_column(UTC)
    address: Mapped[str | None]  # the new one, where it is to be confirmed

    account: Mapped[Account] = relationship()


class AccountNotice(db.Model):
    """Something happened to a login that its owner is told by mail: signed in on a new device, another address …"""

    __tablename__ = "account_notice"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    what: Mapped[str]
    address: Mapped[str]  # where the notice goes: after a change of address, the former one
    device: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(UTC, default=clock.now)

    account: Mapped[Account] = relationship()


class RecoveryCode(db.Model):
    """A code on paper that replaces the second factor, once. Only its hash is kept."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    code_hash: Mapped[str]
    used_at: Mapped[datetime | None] = mapped_column(UTC)


class Throttle(db.Model):
    """How often something was tried of late: a row, so that an emptied Redis forgets nothing."""

    __tablename__ = "throttle"
    __table_args__ = (Index("ix_throttle_started_at", "started_at"),)

    bucket: Mapped[str] = mapped_column(primary_key=True)
    started_at: Mapped[datetime] = mapped_column(UTC)
    hits: Mapped[int]


@dataclass(frozen=True)
class User:
    """A person at work in one of their files: what every query of a portal starts from.

    Attributes:
        account_id: the login.
        key: names the file in forms and sessions (`client:17`).
        role: what the person is in this file.
        name: the person's name; for a relative, their own.
        file_label: whose file it is, when not the person's own.
        client_id, relative_id, worker_id, staff_id: the records behind it, as the role has them.
        language: what the agency noted in the file; mails follow it until the person chooses another.
        may_rate: a client always; a relative when the client's file grants it.
        sees_upcoming, sees_ratings, sees_threads: visits to come, stars and comments, conversations: a relative when
            the client's file grants it.
    """

    account_id: int
    key: str
    role: Role
    name: str
    file_label: str
    client_id: int | None = None
    relative_id: int | None = None
    worker_id: int | None = None
    staff_id: int | None = None
    language: str | None = None
    may_rate: bool = False
    sees_upcoming: bool = True
    sees_ratings: bool = True
    sees_threads: bool = True

    @property
    def kind(self) -> "User":
        """Anybody who may see the same: what a statement starts from that is built once and kept. See `numbers`."""
        known = {name: _NUMBERS[name] for name, number in self.numbers.items() if number is not None}
        return replace(self, account_id=0, key="", name="", file_label="", language=None, **known)

    @property
    def numbers(self) -> dict[str, int | None]:
        """What such a statement is run with."""
        return {name: getattr(self, name) for name in _NUMBERS}

    @property
    def role_label(self) -> str:
        return str(ROLE_LABELS[self.role])


_NUMBERS: dict[str, Any] = {
    name: bindparam(name, type_=Integer) for name in ("client_id", "relative_id", "worker_id", "staff_id")
}
