"""What the owner of a login is told by mail, in case it was somebody else."""

from collections.abc import Callable

from flask import has_request_context, request
from flask_babel import lazy_gettext as _l

from portal import clock
from portal.accounts.devices import device_of, device_words
from portal.accounts.messages import reader_of
from portal.accounts.models import Account, AccountNotice
from portal.extensions import db
from portal.links import external_url
from portal.outbox.actions import Order, schedule
from portal.outbox.models import Drop, Message, MessageKind, Recipient

# what happened: the subject of the mail, and a sentence
WORDS = {
    "signed_in": (_l("New sign-in"), _l("Your account was opened on a device that we did not know.")),
    "password_changed": (_l("Your password was changed"), _l("The password of your account was changed.")),
    "address_changed": (
        _l("Your e-mail address was changed"),
        _l("Your account now has another e-mail address. This one no longer opens it."),
    ),
    "second_factor_on": (
        _l("Sign-in code switched on"),
        _l("From now on, signing in asks for a code from your telephone as well."),
    ),
    "second_factor_off": (
        _l("Sign-in code switched off"),
        _l("Signing in no longer asks for a code from your telephone."),
    ),
    "recovery_codes": (_l("New recovery codes"), _l("New recovery codes were made; the former ones no longer work.")),
    "recovery_used": (
        _l("A recovery code was used"),
        _l("Somebody, probably you, signed in with a recovery code instead of the code from your telephone."),
    ),
    "password_wanted": (
        _l("Sign in with your password"),
        _l("Somebody, probably you, asked for a link to sign in. Your account opens with its password only."),
    ),
}


def notify(account: Account, what: str) -> None:
    """Mail the owner of a login that something happened to it, at the address that it has now.

    Args:
        account: before its address changes, if that is what happens.
        what: a key of `WORDS`.
    """
    _ = WORDS[what]
    device = device_of(request.user_agent.string) if has_request_context() else None
    notice = AccountNotice(account_id=account.id, what=what, address=account.email, device=device, at=clock.now())
    db.session.add(notice)
    db.session.flush()
    schedule([Order(
        kind="accounts.notice", subject=("account_notice", notice.id), dedupe_key=f"notice:{notice.id}",
        due_at=notice.at)])  # fmt: skip


def _reader(message: Message) -> Recipient:
    notice = db.session.get_one(AccountNotice, message.subject_id)
    return reader_of(notice.account, notice.address)


def _decide(message: Message) -> Recipient | Drop:
    """What happened is told even to the owner of a login that was closed since."""
    return _reader(message)


def _context(message: Message, _token: Callable[[str, str], str]) -> dict:
    notice = db.session.get_one(AccountNotice, message.subject_id)
    title, sentence = WORDS[notice.what]
    return {
        "name": _reader(message).name,
        "title": title,
        "sentence": sentence,
        "at": notice.at,
        "device": device_words(notice.device) if notice.device else None,
        "wanted": notice.what == "password_wanted",
        "lost": notice.what == "address_changed",
        "url": external_url("accounts.sign_in" if notice.what == "password_wanted" else "accounts.forgotten"),
    }


NOTICE = MessageKind(
    "accounts.notice", _l("Security notice"), "account_notice", _reader, _decide, _context, extra_copies=3, urgent=True
)
