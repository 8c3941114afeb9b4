"""Reading logins."""

from hashlib import sha256
from typing import cast
from urllib.parse import urlsplit

from flask import current_app
from flask_login import current_user
from sqlalchemy import select
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from portal.accounts.models import Account, AccountSession
from portal.extensions import db, wires
from portal.roles import Role


def normal_address(address: str) -> str:
    """The form of an e-mail address under which a login is kept."""
    return address.strip().lower()


def signed_in_account() -> Account:
    """The login of this request, past Flask-Login's proxy; the caller knows that there is one."""
    return cast("Account", current_user._get_current_object())


def account_by_address(address: str) -> Account | None:
    return db.session.scalar(select(Account).where(Account.email == normal_address(address)))


def is_used(account: Account) -> bool:
    """Somebody has chosen a password for this login, or signed in with it."""
    sessions = select(AccountSession.id).where(AccountSession.account_id == account.id)
    return account.password is not None or db.session.scalar(sessions.limit(1)) is not None


def hash_of(secret: str) -> str:
    return sha256(secret.encode()).hexdigest()


def may_use_links(account: Account) -> bool:
    """Tell whether a mailed link may sign in: it opens a client's or a relative's file, never the work of others."""
    if account.totp_since:
        return False  # a link must not go round the code
    files = wires.files_of_account(account.id)
    return bool(files) and all(file.role in (Role.CLIENT, Role.RELATIVE) for file in files)


def masked(address: str) -> str:
    """`cl•••@example.org`: its owner knows it again, somebody who found the mail learns little."""
    local, _at, domain = address.rpartition("@")
    return f"{local[:2] if len(local) > 3 else local[:1]}•••@{domain}"


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
