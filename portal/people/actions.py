"""Making and changing records of people."""

from portal.accounts.actions import invite, open_account
from portal.accounts.models import Account
from portal.audit.actions import Actor, record
from portal.people.models import Client, Relative, Staff, Worker


def open_login(actor: Actor | None, person: Client | Relative | Worker | Staff) -> Account:
    """Give a person a login under their address and mail them the link to choose a password.

    One login may open several files: an address that has one already gets this file added, and no second invitation.

    Raises:
        Refused: the person has no address.
    """
    account, is_new = open_account(actor, person.email, person.language)
    person.account_id = account.id
    if is_new:
        invite(actor, account)
    record("person.changed", actor, (type(person).__tablename__, person.id), after={"account_id": account.id})
    return account
