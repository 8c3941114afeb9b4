"""The mails that let a person choose a password."""

from collections.abc import Callable

from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from portal import clock
from portal.accounts.models import AccountLink
from portal.extensions import db, wires
from portal.links import external_url
from portal.outbox.models import Drop, Message, MessageKind, Recipient
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
    """Whose login it is. Mails follow the language that the person chose, else the one noted in the file."""
    account = db.session.get_one(AccountLink, message.subject_id).account
    file = next(iter(wires.files_of_account(account.id)), None)
    language = account.language or (file.language if file else None) or option("agency.language")
    return Recipient(account.email, file.name if file else "", language)


def context(message: Message, token: Callable[[str, str], str]) -> dict:
    link = db.session.get_one(AccountLink, message.subject_id)
    hours = round((link.expires_at - link.created_at).total_seconds() / 3600)
    days = hours // 24
    valid = (
        ngettext("%(num)s hour", "%(num)s hours", hours) if days < 2 else ngettext("%(num)s day", "%(num)s days", days)
    )
    return {
        "purpose": "invite" if link.purpose == "invitation" else "reset",
        "name": next((file.name for file in wires.files_of_account(link.account_id)), ""),
        "url": external_url("accounts.set_password", token=token("password", link.public_id)),
        "valid": valid,
    }


RESET = MessageKind(
    "accounts.reset", _l("New password"), "set_password", reader, decide, context, extra_copies=3, urgent=True
)
INVITATION = MessageKind(
    "accounts.invitation", _l("Invitation"), "set_password", reader, decide, context, extra_copies=3, urgent=True
)
