"""What its owner opens a login with: choosing and changing the password, changing the e-mail address."""

from flask import g
from flask_babel import lazy_gettext as _l
from flask_security.utils import hash_password
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts.actions import Signed, check_password
from portal.accounts.links import end_links, mail_link, use_link
from portal.accounts.models import Account, AccountLink
from portal.accounts.notices import notify
from portal.accounts.queries import account_by_address, is_used, normal_address
from portal.accounts.sessions import end_sessions, open_session
from portal.accounts.throttles import brake, count_hit, forget
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db, wires
from portal.links import new_public_id

ADDRESSES_A_DAY = 5


def set_password(link: AccountLink, password: str) -> None:
    """Choose a password with a mailed link, once; every session of the login ends.

    Raises:
        Refused: the link was used in the meantime.
    """
    use_link(link)
    account = link.account
    _keep_password(account, password)
    record("account.password_set", Signed(account), ("account", account.id), after={"purpose": link.purpose})
    if link.purpose == "reset":
        notify(account, "password_changed")


def change_password(account: Account, present: str, password: str) -> None:
    """Change the password of whoever is signed in and knows the present one: all other sessions end, this one goes on
    under a new secret.

    Raises:
        Refused: the present password is wrong, or was tried too often.
    """
    check_password(account, present)
    method, open_file = g.signed_in.method, g.signed_in.open_file
    _keep_password(account, password)
    open_session(account, method)
    g.signed_in.open_file = open_file
    record("account.password_changed", Signed(account), ("account", account.id))
    notify(account, "password_changed")


def _keep_password(account: Account, password: str) -> None:
    account.password, account.password_set_at = hash_password(password), clock.now()
    account.fs_uniquifier = new_public_id()
    db.session.flush()
    end_sessions(account)
    forget(f"sign-in:{account.email}")


def ask_address(account: Account, password: str, address: str) -> None:
    """Mail a link to the new address; the login keeps its present one until that link is used.

    An address that somebody else signs in with gets no mail, and the answer does not tell.

    Raises:
        Refused: the password is wrong, the address is the present one, or too often.
    """
    check_password(account, password)
    normal = normal_address(address)
    if normal == account.email:
        raise Refused(_l("This is your e-mail address already."), "same")
    brake(f"address:{account.id}", ADDRESSES_A_DAY, 24 * 60)
    count_hit(f"address:{account.id}", 24 * 60)
    end_links(account, "address")
    record("account.address_asked", Signed(account), ("account", account.id))
    if account_by_address(normal) is None:
        mail_link(account, "address", normal)


def confirm_address(link: AccountLink) -> None:
    """Give a login the address to which the link was mailed; tell the former one.

    Raises:
        Refused: the link was used in the meantime, or somebody else has the address by now.
    """
    use_link(link)
    account, before = link.account, link.account.email
    notify(account, "address_changed")
    _give_address(account, str(link.address))
    end_links(account)  # those that wait in the former mailbox
    record("account.address_changed", Signed(account), ("account", account.id))
    wires.react("address changed", account, before)


def correct_address(actor: Actor | None, account: Account, address: str) -> None:
    """Give a login that nobody has used yet the address that was meant: what was mailed to the former one opens
    nothing any more. Whoever has used theirs in the meantime keeps it.

    Raises:
        Refused: somebody else has the address by now.
    """
    end_links(account)  # first: who is choosing a password with one at this moment is waited for
    db.session.refresh(account, with_for_update=True)
    if is_used(account):
        return
    _give_address(account, normal_address(address))
    record("account.address_changed", actor, ("account", account.id))


def _give_address(account: Account, address: str) -> None:
    try:
        with db.session.begin_nested():
            account.email = address
    except IntegrityError as error:
        raise Refused(_l("This address cannot be used."), "taken") from error
