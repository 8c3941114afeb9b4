"""Reading who has access: every person with a login or an address to invite, and what happened to one login."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    Select,
    SQLColumnExpression,
    Subquery,
    and_,
    exists,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)

from portal import clock
from portal.accounts.models import Account, AccountSession, User
from portal.accounts.queries import normal_address
from portal.accounts.sessions import lifetime_of
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.forms import number_in
from portal.people.models import Anybody, Client, Relative, Staff, Worker
from portal.people.queries import files_of_account, names_of_actors, opens_elsewhere, visible_clients
from portal.people.search import KINDS as PEOPLE
from portal.people.search_queries import has_word, typed_words
from portal.roles import ROLE_LABELS, Role
from portal.tables.queries import Page, read_page

KINDS = {kind.__tablename__: kind for kind in PEOPLE}
STATE_LABELS = {
    "active": _l("Active"),
    "never": _l("Never signed in"),
    "closed": _l("Closed"),
    "without": _l("Without access"),
}
ELSEWHERE = "elsewhere"  # a login that opens a file beyond what the reader sees: nothing is said of how it is used
# what happened to a login, in words; the name of who did it is put in front
DEEDS = {
    "account.created": _l("opened the access"),
    "account.invited": _l("sent the invitation"),
    "account.signed_in": _l("signed in"),
    "account.signed_out": _l("signed out"),
    "account.reset_asked": _l("asked for a mail to choose a new password"),
    "account.password_set": _l("chose a password"),
    "account.password_changed": _l("changed the password"),
    "account.link_asked": _l("asked for a mail to sign in with"),
    "account.address_asked": _l("asked for another e-mail address"),
    "account.address_changed": _l("changed the e-mail address"),
    "account.session_ended": _l("signed a device out"),
    "account.sessions_ended": _l("signed other devices out"),
    "account.deactivated": _l("closed the access"),
    "account.reactivated": _l("opened the access again"),
    "account.language_chosen": _l("chose a language"),
    "account.columns_chosen": _l("chose what lists show"),
    "account.factor_on": _l("switched the sign-in code on"),
    "account.factor_off": _l("switched the sign-in code off"),
    "account.factor_reset": _l("took the sign-in code away because the phone was lost"),
    "account.recovery_used": _l("used a recovery code"),
    "account.codes_renewed": _l("made new recovery codes"),
    "account.file_opened": _l("opened one of several files"),
    "person.created": _l("made the record of the person"),
    "person.changed": _l("changed the record of the person"),
}


@dataclass(frozen=True)
class Line:
    """One file of one person, and the login that opens it, if any."""

    key: str  # "client:17"
    name: str
    role: str
    of_whom: str  # the client, for a relative
    client_id: int | None  # whose file it is, of a client and of a relative
    email: str | None
    account_id: int | None
    state: str
    last_at: datetime | None
    has_factor: bool
    has_password: bool
    signs_in_as: str | None  # where it is another address than that of the file

    @property
    def role_label(self) -> str:
        return str(ROLE_LABELS[Role(self.role)])

    @property
    def state_label(self) -> str:
        return _("Has a login") if self.state == ELSEWHERE else str(STATE_LABELS[self.state])


@dataclass(frozen=True)
class PeopleFilter:
    """What the list is narrowed to; empty leaves all in that have a login."""

    typed: str = ""
    kind: str = ""
    state: str = ""


def list_people(user: User, narrowed: PeopleFilter) -> Page[Line]:
    """Return a page of the people that this person may see, by name."""
    lines = _lines(user, narrowed)
    statement = _with_logins(user, lines).order_by(lines.c.last_name, lines.c.first_name, lines.c.kind, lines.c.id)
    return read_page(statement.where(*_in_state(lines, narrowed.state)), _as_line)


def lines_of_account(user: User, account_id: int) -> list[Line]:
    """Return the files that name a login, closed ones as well."""
    lines = _lines(user, PeopleFilter())
    found = db.session.execute(_with_logins(user, lines).where(lines.c.account_id == account_id).order_by(lines.c.kind))
    return [_as_line(row) for row in found]


def lines_of_client(user: User, client_id: int) -> list[Line]:
    """Return a client and the relatives of the client's file."""
    lines = _lines(user, PeopleFilter())
    statement = _with_logins(user, lines).where(lines.c.client_id == client_id).order_by(lines.c.kind, lines.c.id)
    return [_as_line(row) for row in db.session.execute(statement)]


def _lines(user: User, narrowed: PeopleFilter) -> Subquery:
    """All people in one table: clients of the perimeter and their relatives; workers and staff for administrators."""

    def part(
        kind: Any, role: SQLColumnExpression, of_whom: SQLColumnExpression, client_id: SQLColumnExpression
    ) -> Select:
        return select(
            literal(kind.__tablename__).label("kind"), kind.id.label("id"), kind.first_name, kind.last_name,
            kind.email, kind.active, kind.account_id, role.label("role"), of_whom.label("of_whom"),
            client_id.label("client_id"),
        ).where(*_typed(kind, narrowed.typed))  # fmt: skip

    of_client, nobody = Client.first_name + literal(" ") + Client.last_name, (literal(""), null().cast(Integer))
    seen = visible_clients(user).with_only_columns(Client.id)
    parts = {
        "client": part(Client, literal("client"), literal(""), Client.id).where(Client.id.in_(seen)),
        "relative": part(Relative, literal("relative"), of_client, Client.id).join(Client).where(Client.id.in_(seen)),
    }
    if user.role == Role.ADMIN:
        parts["worker"] = part(Worker, literal("worker"), *nobody)
        parts["staff"] = part(Staff, Staff.role, *nobody)
    chosen = [parts[narrowed.kind]] if narrowed.kind in parts else list(parts.values())
    return union_all(*chosen).subquery("people")


def _typed(kind: Any, typed: str) -> list[ColumnElement[bool]]:
    """Each word typed begins one of the person's, or the address holds it all."""
    if not typed:
        return []
    address, words = func.lower(kind.email).contains(typed.lower(), autoescape=True), typed_words(typed)
    return [or_(address, and_(*(has_word(kind, word) for word in words))) if words else address]


def _with_logins(user: User, lines: Subquery) -> Select:
    last = select(func.max(AccountSession.created_at)).where(AccountSession.account_id == lines.c.account_id)
    return select(
        lines,
        Account.active.label("is_open"),
        Account.totp_since,
        Account.password,
        Account.email.label("signs_in_as"),
        last.scalar_subquery().label("last_at"),
        opens_elsewhere(user, lines.c.account_id).label("elsewhere"),
    ).outerjoin(Account, Account.id == lines.c.account_id)


def _in_state(lines: Subquery, state: str) -> list[Any]:
    if state == "without":
        return [lines.c.account_id.is_(None), lines.c.email.is_not(None), lines.c.active]
    came = exists().where(AccountSession.account_id == lines.c.account_id)
    conditions: dict[str, list[Any]] = {
        "active": [Account.active, lines.c.active, came],
        "never": [Account.active, lines.c.active, ~came],
        "closed": [or_(~Account.active, ~lines.c.active)],
    }
    return [lines.c.account_id.is_not(None), *conditions.get(state, [])]


def _as_line(row: Row) -> Line:
    closed = not row.active or row.is_open is False
    state = "closed" if closed else "without" if row.account_id is None else "active" if row.last_at else "never"
    other = row.signs_in_as != normal_address(row.email or "")
    line = Line(
        key=f"{row.kind}:{row.id}", name=f"{row.first_name} {row.last_name}".strip(), role=row.role,
        of_whom=row.of_whom.strip(), client_id=row.client_id, email=row.email, account_id=row.account_id, state=state,
        last_at=row.last_at, has_factor=row.totp_since is not None, has_password=row.password is not None,
        signs_in_as=row.signs_in_as if other else None,
    )  # fmt: skip
    return _unsaid(line, ELSEWHERE if row.active else "closed") if row.elsewhere else line


def _unsaid(line: Line, state: str) -> Line:
    return replace(line, state=state, last_at=None, has_factor=False, has_password=False, signs_in_as=None)


def person_of(key: str) -> Anybody | None:
    """Return the record that a key names (`relative:3`)."""
    kind, _colon, number = key.partition(":")
    return db.session.get(KINDS[kind], number_in(number)) if kind in KINDS and number_in(number) else None


def open_sessions(account: Account) -> Sequence[AccountSession]:
    """Return the browsers in which somebody is signed in with this login, the last seen first."""
    moment = clock.now()
    idle = moment - lifetime_of(files_of_account(account.id)).idle
    of_login = AccountSession.account_id == account.id, AccountSession.ended_at.is_(None)
    still = AccountSession.expires_at > moment, AccountSession.seen_at > idle
    return db.session.scalars(
        select(AccountSession).where(*of_login, *still).order_by(AccountSession.seen_at.desc()).limit(50)
    ).all()


@dataclass(frozen=True)
class Event:
    at: datetime
    who: str | None  # None: the person themself; empty: the portal
    what: str
    count: int = 1  # so many times in a row
    since: datetime | None = None  # the first of them


def history_of(account: Account, lines: Sequence[Line], limit: int = 30) -> list[Event]:
    """Return what happened to a login and to its files, the newest first; the same many times in a row is one line."""
    files = [line.key.partition(":") for line in lines]
    about = [and_(AuditEntry.subject_type == kind, AuditEntry.subject_id == int(number)) for kind, _, number in files]
    about.append(and_(AuditEntry.subject_type == "account", AuditEntry.subject_id == account.id))
    chosen = select(AuditEntry).where(or_(*about), AuditEntry.kind.in_(DEEDS))
    entries = db.session.scalars(chosen.order_by(AuditEntry.id.desc()).limit(10 * limit)).all()
    names = names_of_actors(entries)
    told = [
        Event(entry.at, None if entry.account_id == account.id else names.get(entry.id, ""),
              str(DEEDS[entry.kind]))
        for entry in entries
    ]  # fmt: skip
    alike = [list(group) for _words, group in groupby(told, key=lambda event: (event.who, event.what))]
    return [replace(group[0], count=len(group), since=group[-1].at) for group in alike[:limit]]
