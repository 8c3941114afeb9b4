"""Signing in and out, logins and their passwords, and the brakes on guessing."""

import secrets
from datetime import timedelta
from hashlib import sha256

from flask import g, session
from flask_babel import lazy_gettext as _l
from flask_login import login_user, logout_user
from flask_security.utils import hash_password, verify_and_update_password
from sqlalchemy import case, delete, update
from sqlalchemy.dialects import postgresql, sqlite

from portal import clock
from portal.accounts.models import Account, AccountLink, AccountSession, Throttle
from portal.accounts.queries import account_by_address, hash_of, normal_address
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db, rows_changed
from portal.links import new_public_id
from portal.outbox.actions import Order, schedule

SESSION_DAYS = 7
RESET_VALID = timedelta(hours=1)
INVITATION_VALID = timedelta(days=7)
FAILURES_PER_ACCOUNT, FAILURES_PER_ADDRESS, FAILURE_MINUTES = 10, 30, 5
RESETS_PER_ACCOUNT, RESETS_PER_ADDRESS = 5, 20  # a day, an hour
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 128


class Signed:
    """The actor of an audit entry about a login, before any file is open."""

    def __init__(self, account: Account) -> None:
        self.account_id, self.role = account.id, "account"


def brake(bucket: str, limit: int, minutes: int) -> None:
    """Refuse when `bucket` was hit `limit` times within the window.

    Raises:
        Refused: too often; the sentence says to wait.
    """
    row = db.session.get(Throttle, hash_of(bucket), populate_existing=True)
    if row and row.hits >= limit and row.started_at > clock.now() - timedelta(minutes=minutes):
        raise Refused(_l("Too many attempts. Please wait a few minutes and try again."), "throttled")


def count_hit(bucket: str, minutes: int) -> None:
    """Count one more try in `bucket`; a window that is over starts anew. Two at once are both counted."""
    moment = clock.now()
    db.session.execute(delete(Throttle).where(Throttle.started_at < moment - timedelta(days=1)))
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    row = insert(Throttle).values(bucket=hash_of(bucket), started_at=moment, hits=1)
    fresh = Throttle.started_at <= moment - timedelta(minutes=minutes)
    db.session.execute(
        row.on_conflict_do_update(
            index_elements=[Throttle.bucket],
            set_={
                "hits": case((fresh, 1), else_=Throttle.hits + 1),
                "started_at": case((fresh, moment), else_=Throttle.started_at),
            },
        )
    )


def sign_in(address: str, password: str, network_address: str) -> Account:
    """Open a session for whoever knows the password. The caller commits, whatever comes of it.

    Args:
        address: e-mail as typed.
        password: as typed.
        network_address: of the browser, for the brake.

    Raises:
        Refused: wrong, unknown, switched off (one sentence for all three), or too often.
    """
    brakes = [
        (f"sign-in:{normal_address(address)}", FAILURES_PER_ACCOUNT),
        (f"sign-in-from:{network_address}", FAILURES_PER_ADDRESS),
    ]
    for bucket, limit in brakes:
        brake(bucket, limit, FAILURE_MINUTES)
    account = account_by_address(address)
    if not _knows_password(account, password) or account is None or not account.active:
        for bucket, _limit in brakes:
            count_hit(bucket, FAILURE_MINUTES)
        raise Refused(_l("This e-mail address and password do not go together."), "wrong")
    db.session.execute(delete(Throttle).where(Throttle.bucket == hash_of(brakes[0][0])))
    open_session(account)
    record("account.signed_in", Signed(account), ("account", account.id))
    return account


def _knows_password(account: Account | None, password: str) -> bool:
    """Check the password; an unknown address costs as much work as a known one."""
    if account is None or account.password is None:
        hash_password(password[:LONGEST_PASSWORD])
        return False
    return verify_and_update_password(password, account)


def open_session(account: Account) -> None:
    """Start a session of this browser: a new secret, whatever cookie came with the request."""
    token, moment = secrets.token_urlsafe(32), clock.now()
    language = session.get("language")
    session.clear()
    if "signed_in" in g:
        g.signed_in.ended_at = moment  # who signs in again leaves the former session behind
    session["token"] = token
    g.signed_in = AccountSession(
        account_id=account.id, token_hash=sha256(token.encode()).hexdigest(), created_at=moment,
        expires_at=moment + timedelta(days=SESSION_DAYS),
    )  # fmt: skip
    db.session.add(g.signed_in)
    if language and account.language is None:
        account.language = language
    db.session.flush()
    login_user(account)


def sign_out(account: Account) -> None:
    """End this browser's session: from now on a copy of its cookie opens nothing."""
    g.signed_in.ended_at = clock.now()
    db.session.flush()
    record("account.signed_out", Signed(account), ("account", account.id))
    read_in = account.language or session.get("language")
    logout_user()
    session.clear()
    if read_in:
        session["read_in"] = read_in  # the same person reads what follows; the next one to sign in does not inherit it


def choose_file(account: Account, key: str) -> None:
    """Remember in the session which of several files is open."""
    g.signed_in.open_file = key
    db.session.flush()
    record("account.file_opened", Signed(account), ("account", account.id), after={"file": key})


def choose_language(account: Account, language: str) -> None:
    """Keep the language for this login: pages and mails follow it."""
    before, account.language = account.language, language
    db.session.flush()
    record("account.language_chosen", Signed(account), ("account", account.id),
           before={"language": before}, after={"language": language})  # fmt: skip


def open_account(actor: Actor | None, address: str | None) -> tuple[Account, bool]:
    """Return the login of an address and whether it was made just now.

    Raises:
        Refused: there is no address.
    """
    if not address:
        raise Refused(_l("A login needs an e-mail address."), "no-address")
    account = account_by_address(address)
    if account:
        return account, False
    account = Account(email=normal_address(address), active=True, fs_uniquifier=new_public_id())
    db.session.add(account)
    db.session.flush()
    record("account.created", actor, ("account", account.id))
    return account, True


def invite(actor: Actor | None, account: Account) -> AccountLink:
    """Mail a link to choose the first password."""
    link = _mail_link(account, "invitation", INVITATION_VALID)
    record("account.invited", actor, ("account", account.id))
    return link


def ask_reset(address: str, network_address: str) -> None:
    """Mail a link to choose a new password, if the address is one of ours. The answer is the same if it is not.

    Raises:
        Refused: too often from this network address.
    """
    normal = normal_address(address)
    brake(f"reset-from:{network_address}", RESETS_PER_ADDRESS, 60)
    count_hit(f"reset-from:{network_address}", 60)
    account = account_by_address(normal)
    try:
        brake(f"reset:{normal}", RESETS_PER_ACCOUNT, 24 * 60)
    except Refused:
        return  # the owner has five mails already; saying so would tell strangers that the address is ours
    count_hit(f"reset:{normal}", 24 * 60)
    if account and account.active:
        _mail_link(account, "reset", RESET_VALID)
        record("account.reset_asked", None, ("account", account.id))


def _mail_link(account: Account, purpose: str, valid: timedelta) -> AccountLink:
    moment = clock.now()
    link = AccountLink(account=account, purpose=purpose, created_at=moment, expires_at=moment + valid)
    db.session.add(link)
    db.session.flush()
    schedule([Order(
        kind=f"accounts.{purpose}", subject=("account_link", link.id), dedupe_key=f"password:{link.id}",
        due_at=moment, not_after=link.expires_at)])  # fmt: skip
    return link


def set_password(link: AccountLink, password: str) -> None:
    """Choose a password with a mailed link, once; every session of the login ends.

    Raises:
        Refused: the link was used in the meantime.
    """
    moment, account = clock.now(), link.account
    used = update(AccountLink).where(AccountLink.id == link.id, AccountLink.used_at.is_(None)).values(used_at=moment)
    if rows_changed(used) != 1:
        raise Refused(_l("This link has been used already."), "used")
    account.password, account.password_set_at = hash_password(password), moment
    account.fs_uniquifier = new_public_id()
    open_ones = AccountSession.account_id == account.id, AccountSession.ended_at.is_(None)
    db.session.execute(update(AccountSession).where(*open_ones).values(ended_at=moment))
    db.session.execute(delete(Throttle).where(Throttle.bucket == hash_of(f"sign-in:{account.email}")))
    record("account.password_set", Signed(account), ("account", account.id), after={"purpose": link.purpose})
