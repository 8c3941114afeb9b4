"""Signing in and out, logins and who may use them, links asked for by mail."""

from flask import g, request, session
from flask_babel import lazy_gettext as _l
from flask_login import logout_user
from flask_security.utils import hash_password, verify_and_update_password
from sqlalchemy import and_, case, func, select

from portal import clock
from portal.accounts.devices import KNOWN, device_of, logins_of_browser, network_of, remember_browser
from portal.accounts.links import end_links, mail_link, use_link
from portal.accounts.models import Account, AccountLink, AccountSession
from portal.accounts.notices import notify
from portal.accounts.passwords import LONGEST_PASSWORD
from portal.accounts.queries import account_by_address, may_use_links, normal_address
from portal.accounts.sessions import bind_forms, end_session, end_sessions, open_session
from portal.accounts.throttles import brake, count_hit, forget, is_full, place_of
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db, wires
from portal.links import new_public_id

FAILURES_PER_ACCOUNT, FAILURES_PER_ADDRESS, FAILURES_IN_ALL, FAILURE_MINUTES = 10, 30, 1000, 5
MAILS_PER_ACCOUNT, MAILS_PER_ADDRESS = {"reset": 5, "link": 10}, 20  # a day, an hour
MAIL_ALWAYS_AFTER = 15  # minutes: then one more leaves, however many strangers have asked for


class Signed:
    """The actor of an audit entry about a login, before any file is open. Where there is no choice between several
    files, it is known whose it is."""

    def __init__(self, account: Account) -> None:
        files = wires.files_of_account(account.id)  # another login may be signed in here
        self.account_id, self.role = account.id, "account"
        self.key = files[0].key if len(files) == 1 else None


def sign_in(address: str, password: str, network_address: str) -> Account:
    """Open a session for whoever knows the password; where there is a second factor, its code is to be asked first
    and no session is open yet. The caller commits, whatever comes of it.

    Args:
        address: e-mail as typed.
        password: as typed.
        network_address: of the browser, for the brake.

    Raises:
        Refused: wrong, unknown, switched off (one sentence for all three), or too often.
    """
    brakes = [
        (f"sign-in:{normal_address(address)}", FAILURES_PER_ACCOUNT),
        (f"sign-in-from:{place_of(network_address)}", FAILURES_PER_ADDRESS),
        ("sign-in-from-anywhere", FAILURES_IN_ALL),
    ]
    for bucket, limit in brakes:
        brake(bucket, limit, FAILURE_MINUTES)
    account = account_by_address(address)
    if not _knows_password(account, password) or account is None or not account.active:
        for bucket, _limit in brakes:
            count_hit(bucket, FAILURE_MINUTES)
        raise Refused(_l("This e-mail address and password do not go together."), "wrong")
    forget(brakes[0][0])
    if account.totp_since is None:
        enter(account)
    return account


def sign_in_by_link(link: AccountLink) -> None:
    """Open a session with a mailed link, once.

    Raises:
        Refused: the link was used in the meantime, or its owner has become one of those who need a password.
    """
    if not may_use_links(link.account):
        raise Refused(_l("Your account opens with its password only."), "password-wanted")
    use_link(link)
    enter(link.account, "link")


def enter(account: Account, method: str = "password", *, announced: bool = True) -> None:
    """Open the session of somebody who has proved to be the one: every sign-in passes here.

    Args:
        account: whose.
        method: by what the proof was given, the last part of it: `password`, `link`, `totp`.
        announced: tell the owner when the device is a new one; False where they are told of more than that.
    """
    is_new = announced and _is_new_device(account)
    open_session(account, method)
    remember_browser(account.id)
    record("account.signed_in", Signed(account), ("account", account.id), after={"method": method})
    if is_new:
        notify(account, "signed_in")


def _is_new_device(account: Account) -> bool:
    """Tell whether this browser was not seen for a while: it carries no cookie of ours, and none of its make was seen
    in its network, which is how one is recognised that forgets its cookies. The first sign-in of all is no news."""
    if account.id in logins_of_browser():
        return False
    of_account = AccountSession.account_id == account.id
    alike = (
        AccountSession.device.is_not_distinct_from(device_of(request.user_agent.string)),
        AccountSession.network.is_not_distinct_from(network_of(request.remote_addr)),
        AccountSession.seen_at > clock.now() - KNOWN,
    )
    known = select(func.count(), func.count(case((and_(*alike), 1)))).where(of_account)
    sessions, such = db.session.execute(known).one()
    return bool(sessions) and not such


def _knows_password(account: Account | None, password: str) -> bool:
    """Check the password; an unknown address costs as much work as a known one."""
    if account is None or account.password is None:
        hash_password(password[:LONGEST_PASSWORD])
        return False
    return verify_and_update_password(password, account)


def check_password(account: Account, password: str) -> None:
    """Ask for the password once more before something that only the owner may do. The caller commits the count.

    Raises:
        Refused: wrong, or too often.
    """
    bucket = f"sign-in:{account.email}"
    brake(bucket, FAILURES_PER_ACCOUNT, FAILURE_MINUTES)
    if not _knows_password(account, password):
        count_hit(bucket, FAILURE_MINUTES)
        raise Refused(_l("This is not your present password."), "wrong")


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


def revoke_session(account: Account, session_id: int) -> bool:
    """End one of the owner's other sessions; return whether it was one that was open."""
    was_open = end_session(account, session_id)
    if was_open:
        record("account.session_ended", Signed(account), ("account", account.id), after={"session": session_id})
    return was_open


def revoke_other_sessions(account: Account) -> int:
    """End all sessions but this browser's; return how many there were."""
    count = end_sessions(account, but=g.signed_in.id)
    record("account.sessions_ended", Signed(account), ("account", account.id), after={"number": count})
    return count


def choose_file(account: Account, key: str) -> None:
    """Remember in the session which of several files is open."""
    g.signed_in.open_file = key
    bind_forms()
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


def deactivate(actor: Actor | None, account: Account) -> None:
    """Close a login at once: its next request meets the sign-in page, and no mailed link opens it."""
    if not account.active:
        return
    account.active = False
    db.session.flush()
    end_sessions(account)
    end_links(account)
    record("account.deactivated", actor, ("account", account.id))


def reactivate(actor: Actor | None, account: Account) -> None:
    """Open a closed login again. Its owner signs in anew; sessions and links of before stay dead."""
    if account.active:
        return
    account.active = True
    db.session.flush()
    record("account.reactivated", actor, ("account", account.id))


def invite(actor: Actor | None, account: Account) -> AccountLink:
    """Mail a link to choose the first password."""
    link = mail_link(account, "invitation")
    record("account.invited", actor, ("account", account.id))
    return link


def may_ask(what: str, address: str, network_address: str) -> bool:
    """Count one more mail asked for (`reset` or `link`); say whether its address may have one more now.

    A day's number is not the last word: a stranger who uses it up would lock the owner out, so one mail in a quarter of
    an hour leaves beyond it. Whoever asks is not told: that would tell strangers that the address is ours.

    Raises:
        Refused: too often from this network address.
    """
    place = f"{what}-from:{place_of(network_address)}"
    brake(place, MAILS_PER_ADDRESS, 60)
    count_hit(place, 60)
    today, lately = f"{what}:{normal_address(address)}", f"{what}-lately:{normal_address(address)}"
    if is_full(today, MAILS_PER_ACCOUNT[what], 24 * 60) and is_full(lately, 1, MAIL_ALWAYS_AFTER):
        return False
    count_hit(today, 24 * 60)
    count_hit(lately, MAIL_ALWAYS_AFTER)
    return True


def mail_reset(address: str) -> None:
    """Mail a link to choose a new password, if the address is one of ours and its login is open."""
    account = account_by_address(address)
    if account and account.active:
        mail_link(account, "reset")
        record("account.reset_asked", None, ("account", account.id))


def mail_sign_in(address: str) -> None:
    """Mail a client or a relative a link that signs in; tell anybody else of ours by mail to use their password."""
    account = account_by_address(address)
    if account is None or not account.active:
        return
    if may_use_links(account):
        mail_link(account, "sign_in")
    else:
        notify(account, "password_wanted")
    record("account.link_asked", None, ("account", account.id))
