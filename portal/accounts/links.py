"""Mailed links that let their holder do one thing with a login, once. Looking at one changes nothing."""

from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select, update

from portal import clock
from portal.accounts.models import Account, AccountLink, AccountSession
from portal.errors import Refused
from portal.extensions import db, rows_changed
from portal.links import read_token
from portal.outbox.actions import Order, schedule

VALID = {
    "reset": timedelta(hours=1),
    "invitation": timedelta(days=7),
    "sign_in": timedelta(minutes=15),
    "address": timedelta(hours=24),
}
# what the token of each is made for: one purpose's opens nothing of another's
TOKENS = {"reset": "password", "invitation": "password", "sign_in": "sign-in", "address": "address"}


def mail_link(account: Account, purpose: str, address: str | None = None) -> AccountLink:
    """Write a link and promise its mail. `address` is the new one, where it is to be confirmed."""
    moment = clock.now()
    link = AccountLink(
        account=account, purpose=purpose, address=address, created_at=moment, expires_at=moment + VALID[purpose]
    )
    db.session.add(link)
    db.session.flush()
    schedule([Order(
        kind=f"accounts.{purpose}", subject=("account_link", link.id), dedupe_key=f"password:{link.id}",
        due_at=moment, not_after=link.expires_at)])  # fmt: skip
    return link


def genuine_link(kind: str, token: str) -> AccountLink | None:
    """Return the link that a token names, whether or not it still opens anything.

    Args:
        kind: what the token is for: a value of `TOKENS`.
        token: as it stood in the address.
    """
    public_id = read_token(kind, token)
    if public_id is None:
        return None
    link = db.session.scalar(select(AccountLink).where(AccountLink.public_id == public_id))
    return link if link and TOKENS[link.purpose] == kind else None


def open_link(kind: str, token: str) -> AccountLink | None:
    """Return the link that a token names while it can be used: once, in time, before any later password or sign-in."""
    link = genuine_link(kind, token)
    if link is None or link.used_at or link.expires_at <= clock.now() or not link.account.active:
        return None
    if link.account.password_set_at and link.account.password_set_at > link.created_at:
        return None
    return None if link.purpose != "address" and _signed_in_since(link) else link


def _signed_in_since(link: AccountLink) -> bool:
    begun = select(func.max(AccountSession.created_at)).where(AccountSession.account_id == link.account_id)
    last = db.session.scalar(begun)
    return bool(last and last > link.created_at)


def use_link(link: AccountLink) -> None:
    """Use a link up: of two who try at once, one does.

    Raises:
        Refused: it was used in the meantime.
    """
    moment = clock.now()
    free = AccountLink.id == link.id, AccountLink.used_at.is_(None), AccountLink.expires_at > moment
    if rows_changed(update(AccountLink).where(*free).values(used_at=moment)) != 1:
        raise Refused(_l("This link has been used already."), "used")


def end_links(account: Account, *purposes: str) -> None:
    """Let the open links of a login expire: those for `purposes`, or all."""
    moment = clock.now()
    chosen = [AccountLink.account_id == account.id, AccountLink.used_at.is_(None), AccountLink.expires_at > moment]
    if purposes:
        chosen.append(AccountLink.purpose.in_(purposes))
    db.session.execute(update(AccountLink).where(*chosen).values(expires_at=moment))
