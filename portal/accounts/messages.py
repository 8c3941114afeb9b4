"""The mails with a link: to choose a password, to sign in, to confirm an address."""

from collections.abc import Callable

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import Row, Select, and_, func
from sqlalchemy.orm import aliased

from portal import clock
from portal.accounts.links import TOKENS
from portal.accounts.models import Account, AccountLink, AccountNotice
from portal.extensions import MessageColumn, db, wires
from portal.links import external_url
from portal.outbox.models import About, Drop, Message, MessageKind, Recipient
from portal.roles import Role
from portal.settings.queries import option


def decide(message: Message) -> Recipient | Drop:
    """A link that was used, or whose login is switched off, is not mailed."""
    link = db.session.get_one(AccountLink, message.subject_id)
    account = link.account
    if not account.active:
        return Drop("suppressed", "inactive")
    if link.used_at:
        return Drop("cancelled", "used")
    if link.expires_at <= clock.now():
        return Drop("expired", "too_late")
    return reader(message)


def reader(message: Message) -> Recipient:
    """Whose login it is, at the address that it has or, where it is to be confirmed, will have."""
    link = db.session.get_one(AccountLink, message.subject_id)
    return reader_of(link.account, link.address or link.account.email)


def reader_of(account: Account, address: str) -> Recipient:
    """The owner of a login. Mails follow the language that the person chose, else the one noted in the file."""
    file = next(iter(wires.files_of_account(account.id)), None)
    language = account.language or (file.language if file else None) or option("agency.language")
    return Recipient(address, file.name if file else "", language)


# whose pages a login opens; everybody else is of the staff
PORTALS = {Role.CLIENT: "client", Role.RELATIVE: "client", Role.WORKER: "worker"}
PAGES = {"password": "accounts.set_password", "sign-in": "accounts.use_link", "address": "accounts.confirm_address"}


def context(message: Message, token: Callable[[str, str], str]) -> dict:
    link = db.session.get_one(AccountLink, message.subject_id)
    kind = TOKENS[link.purpose]
    file = next(iter(wires.files_of_account(link.account_id)), None)
    return {
        "purpose": "invite" if link.purpose == "invitation" else link.purpose,
        "name": file.name if file else "",
        "portal": PORTALS.get(file.role, "staff") if file else "client",
        "url": external_url(PAGES[kind], token=token(kind, link.public_id)),
        "valid": _span(round((link.expires_at - link.created_at).total_seconds() / 60)),
        "address": link.address,
    }


def _span(minutes: int) -> str:
    hours, days = minutes // 60, minutes // (24 * 60)
    if not hours:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes)
    return (
        ngettext("%(num)s hour", "%(num)s hours", hours) if days < 2 else ngettext("%(num)s day", "%(num)s days", days)
    )


def _kind(purpose: str, label: object, template: str) -> MessageKind:
    return MessageKind(f"accounts.{purpose}", label, template, reader, decide, context, extra_copies=3, urgent=True)


RESET = _kind("reset", _l("New password"), "set_password")
INVITATION = _kind("invitation", _l("Invitation"), "set_password")
SIGN_IN = _kind("sign_in", _l("Link to sign in"), "sign_in_link")
ADDRESS = _kind("address", _l("New e-mail address"), "new_address")


def add_login(statement: Select) -> Select:
    """Give a selection of messages the login that each is about."""
    link, notice, account = aliased(AccountLink), aliased(AccountNotice), aliased(Account)
    return (
        statement.outerjoin(link, and_(Message.subject_type == "account_link", link.id == Message.subject_id))
        .outerjoin(notice, and_(Message.subject_type == "account_notice", notice.id == Message.subject_id))
        .outerjoin(account, account.id == func.coalesce(link.account_id, notice.account_id))
        .add_columns(account.email.label("about_login"))
    )


def read_login(row: Row) -> About | None:
    return About(row.about_login) if row.about_login else None


MESSAGE_COLUMN = MessageColumn(add_login, read_login)
