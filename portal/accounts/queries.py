"""Reading logins and sessions."""

from hashlib import sha256
from typing import cast
from urllib.parse import urlsplit

from flask import current_app, g, session
from flask_login import current_user
from sqlalchemy import func, select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from portal import clock
from portal.accounts.models import Account, AccountLink, AccountSession
from portal.extensions import db
from portal.links import read_token


def normal_address(address: str) -> str:
    """The form of an e-mail address under which a login is kept."""
    return address.strip().lower()


def signed_in_account() -> Account:
    """The login of this request, past Flask-Login's proxy; the caller knows that there is one."""
    return cast("Account", current_user._get_current_object())


def account_by_address(address: str) -> Account | None:
    return db.session.scalar(select(Account).where(Account.email == normal_address(address)))


def hash_of(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def load_signed_in(uniquifier: str) -> Account | None:
    """Return who the browser's cookie stands for, if the row of its session still says so. Flask-Login asks."""
    token = session.get("token")
    if not isinstance(token, str):
        return None
    row = db.session.execute(
        select(AccountSession, Account)
        .join(Account)
        .where(
            AccountSession.token_hash == hash_of(token),
            AccountSession.ended_at.is_(None),
            AccountSession.expires_at > clock.now(),
            Account.fs_uniquifier == uniquifier,
            Account.active,
        )
    ).one_or_none()
    if row is None:
        return None
    g.signed_in, account = row
    g.language = account.language
    return account


def open_password_link(token: str) -> AccountLink | None:
    """Return the link that a mail carried, while it can be used: once, in time, and before any later password."""
    public_id = read_token("password", token)
    if public_id is None:
        return None
    link = db.session.scalar(select(AccountLink).where(AccountLink.public_id == public_id))
    if link is None or link.used_at or link.expires_at <= clock.now() or not link.account.active:
        return None
    later = link.account.password_set_at and link.account.password_set_at > link.created_at
    signed_in = select(func.max(AccountSession.created_at)).where(AccountSession.account_id == link.account_id)
    last = db.session.scalar(signed_in)
    return None if later or (last and last > link.created_at) else link


def safe_next(target: str | None) -> str | None:
    """Return `target` if it is the path of a page of ours, else None: a link must not send people elsewhere."""
    if not target or not target.startswith("/") or target[1:2] in ("/", "\\"):
        return None
    if "\\" in target or any(ord(sign) < 33 for sign in target):
        return None
    parts = urlsplit(target)
    if parts.scheme or parts.netloc:
        return None
    try:
        current_app.url_map.bind("localhost").match(parts.path, method="GET")
    except (HTTPException, RequestRedirect, UnicodeError):
        return None
    return target
