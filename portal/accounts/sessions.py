"""Signed-in browsers, as rows: begun, seen, ended. Who a cookie stands for is asked here at every request."""

import hmac
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import flash, g, request, session
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_user
from sqlalchemy import Engine, Update, bindparam, delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import load_only

from portal import clock
from portal.accounts.devices import device_of, network_of
from portal.accounts.models import Account, AccountSession, User
from portal.accounts.queries import hash_of
from portal.extensions import begin_reading, db, rows_changed, wires
from portal.settings.queries import WHOLE as OPTIONS_IN_ONE
from portal.settings.queries import hold_options

KEPT = timedelta(days=180)  # where and with what somebody signed in; the journal keeps that they did
SEEN_EVERY = timedelta(minutes=1)  # reading must not become writing: that often, "last seen" is exact enough


@dataclass(frozen=True)
class Lifetime:
    """How long a session lasts without activity and in all, and what somebody reads who was away for too long."""

    idle: timedelta
    whole: timedelta
    was_idle: object


STAFF = Lifetime(
    timedelta(minutes=30),
    timedelta(hours=12),
    _l("You were signed out after 30 minutes without activity. Please sign in again."),
)
OTHERS = Lifetime(
    timedelta(hours=24),
    timedelta(days=7),
    _l("You were signed out after a day without activity. Please sign in again."),
)
WAS_LONG = _l("You have been signed in for a long time. For your safety, please sign in again.")
WAS_ENDED = _l("You were signed out: from another device, by a new password, or by your agency.")


def lifetime_of(files: list[User]) -> Lifetime:
    """Return the strictest of what the files of one login ask for: whoever is also staff is staff."""
    return STAFF if any(file.staff_id for file in files) else OTHERS


_OPENED = (  # at each request: what few of them need (the password's hash, the device) is read by those
    select(AccountSession, Account, OPTIONS_IN_ONE)
    .join(Account)
    .where(AccountSession.token_hash == bindparam("token_hash"))
    .options(
        load_only(
            AccountSession.account_id, AccountSession.open_file, AccountSession.created_at, AccountSession.seen_at,
            AccountSession.expires_at, AccountSession.ended_at,
        ),
        load_only(
            Account.active, Account.fs_uniquifier, Account.language, Account.totp_since, Account.hidden_columns
        ),
    )
)  # fmt: skip


def load_signed_in(uniquifier: str) -> Account | None:
    """Return who the browser's cookie stands for, if the row of its session still says so. Flask-Login asks.

    A session that is over takes the cookie's content with it and leaves a sentence that says why.
    """
    token = session.get("token")
    if not isinstance(token, str):
        return None
    row = db.session.execute(_OPENED, {"token_hash": hash_of(token)}).one_or_none()
    if row is None:
        return None
    opened, account, options = row
    hold_options(options)
    g.language = account.language
    over, files = WAS_ENDED, []
    if not opened.ended_at and account.active and account.fs_uniquifier == uniquifier:
        files = wires.files_of_account(account.id)
        over = _why_over(opened, lifetime_of(files))
    if over:
        read_in = session.get("language") or account.language
        session.clear()
        session.update({"read_in": read_in} if read_in else {})
        flash(str(over), "warning")
        return None
    g.signed_in, g.files = opened, files
    g.seen = opened.id, opened.seen_at
    bind_forms()
    return account


def bind_forms() -> None:
    """Have the forms of this session be those of the files that its portals show: the secret behind their tokens
    follows from these. Once another file is opened, what stands open in another tab would be sent from a file that
    nobody sees there: it is void, whatever answer that was under way brings the former cookie back."""
    shown: dict[str, str] = {}
    for file in g.files:  # as `Portal.admit` chooses: the one that is open, else the first
        portal = "staff" if file.staff_id else "worker" if file.worker_id else "client"
        if portal not in shown or file.key == g.signed_in.open_file:
            shown[portal] = file.key
    secret = hmac.new(session["token"].encode(), " ".join(shown.values()).encode(), "sha256").hexdigest()[:40]
    if session.get("csrf_token") != secret:
        session["csrf_token"] = secret


def _why_over(opened: AccountSession, lifetime: Lifetime) -> object | None:
    """Return the sentence that says why a session is over, or None while it is not."""
    moment = clock.now()
    if opened.seen_at <= moment - lifetime.idle:
        return lifetime.was_idle
    return WAS_LONG if min(opened.expires_at, opened.created_at + lifetime.whole) <= moment else None


def files_of(account: Account) -> list[User]:
    """Return the files that the login of this request opens; signing in has read them already."""
    return g.files if "files" in g else wires.files_of_account(account.id)


def open_session(account: Account, method: str = "password") -> None:
    """Start a session of this browser: a new secret, whatever cookie came with the request.

    Args:
        account: who has shown to be the one.
        method: by what: `password`, `link`, `totp`.
    """
    token, moment = secrets.token_urlsafe(32), clock.now()
    former = g.signed_in if current_user.is_authenticated else None
    language = session.get("language")
    session.clear()
    if former:
        former.ended_at = moment  # who signs in again leaves the former session behind
    session["token"] = token
    g.files = wires.files_of_account(account.id)
    g.signed_in = AccountSession(
        account_id=account.id, token_hash=hash_of(token), method=method, created_at=moment, seen_at=moment,
        expires_at=moment + lifetime_of(g.files).whole, device=device_of(request.user_agent.string),
        network=network_of(request.remote_addr),
    )  # fmt: skip
    bind_forms()
    db.session.add(g.signed_in)
    long_over = AccountSession.account_id == account.id, AccountSession.expires_at < moment - KEPT
    db.session.execute(delete(AccountSession).where(*long_over), execution_options={"synchronize_session": False})
    if language and account.language is None:
        account.language = language
    db.session.flush()
    login_user(account)


def sessions_of(account: Account) -> list[AccountSession]:
    """Return the sessions of a login that are open, the last seen first."""
    moment, lifetime = clock.now(), lifetime_of(files_of(account))
    still = AccountSession.expires_at > moment, AccountSession.seen_at > moment - lifetime.idle
    chosen = select(AccountSession).where(*_open_ones(account), *still)
    return list(db.session.scalars(chosen.order_by(AccountSession.seen_at.desc()).limit(50)))


def _open_ones(account: Account) -> tuple:
    return AccountSession.account_id == account.id, AccountSession.ended_at.is_(None)


def end_sessions(account: Account, *, but: int | None = None) -> int:
    """End the sessions of a login, all or all but one; return how many there were."""
    chosen = [*_open_ones(account), *([AccountSession.id != but] if but else [])]
    return rows_changed(update(AccountSession).where(*chosen).values(ended_at=clock.now()))


def end_session(account: Account, session_id: int) -> bool:
    """End one session of a login; say whether it was there to be ended."""
    chosen = update(AccountSession).where(*_open_ones(account), AccountSession.id == session_id)
    return rows_changed(chosen.values(ended_at=clock.now())) == 1


def note_seen() -> None:
    """Note in a deed's own transaction that this browser was here: nothing is left to write after the answer."""
    session_id, seen_at = g.get("seen", (None, None))
    moment = clock.now()
    if session_id and moment - seen_at >= SEEN_EVERY:
        rows_changed(_seen_row(session_id, moment))
        g.seen = session_id, moment


def _seen_row(session_id: int, moment: datetime) -> Update:
    row = update(AccountSession).where(AccountSession.id == session_id, AccountSession.seen_at < moment)
    return row.values(seen_at=moment)


def write_seen(engine: Engine, session_id: int, moment: datetime) -> None:
    """Note that a browser was here, once its answer has left, in a transaction of its own.

    Nobody waits for it: when SQLite is being written to, the next request notes it.
    """
    begin_reading()
    with suppress(OperationalError), engine.connect() as connection:
        patient = connection.dialect.name == "sqlite"
        if patient:
            connection.exec_driver_sql("PRAGMA busy_timeout=100")
        try:
            connection.execute(_seen_row(session_id, moment))
            connection.commit()
        finally:
            connection.rollback()
            if patient:
                connection.exec_driver_sql("PRAGMA busy_timeout=10000")
