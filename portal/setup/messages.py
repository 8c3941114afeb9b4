"""The mail to oneself that shows whether mails leave."""

from collections.abc import Callable

from flask_babel import lazy_gettext as _l

from portal.accounts.models import Account
from portal.extensions import db, wires
from portal.links import external_url
from portal.outbox.models import Drop, Message, MessageKind, Recipient
from portal.settings.queries import option
from portal.setup.queries import TEST as NAME


def reader(message: Message) -> Recipient:
    account = db.session.get_one(Account, message.subject_id)
    name = next((file.name for file in wires.files_of_account(account.id)), "")
    return Recipient(account.email, name, account.language or option("agency.language"))


def decide(message: Message) -> Recipient | Drop:
    if not db.session.get_one(Account, message.subject_id).active:
        return Drop("suppressed", "inactive")
    return reader(message)


def context(message: Message, _token: Callable[[str, str], str]) -> dict:
    return {"name": reader(message).name, "url": external_url("staff.show_home")}


TEST = MessageKind(NAME, _l("Test message"), "test", reader, decide, context, urgent=True)
