"""Giving people a login, and following what becomes of it."""

from sqlalchemy import select

from portal.accounts.actions import Signed, invite, open_account
from portal.accounts.models import Account
from portal.audit.actions import Actor, record
from portal.extensions import db
from portal.people.models import Anybody, Client, Relative, Staff, Worker
from portal.people.queries import has_address
from portal.people.search import index_person


def open_login(actor: Actor | None, person: Anybody, *, invited: bool = True) -> Account:
    """Give a person a login under their address and mail them the link to choose a password.

    One login may open several files: an address that has one already gets this file added, and no second invitation.

    Raises:
        Refused: the person has no address.
    """
    account, is_new = open_account(actor, person.email)
    person.account_id = account.id
    db.session.flush()
    if is_new and invited:
        invite(actor, account)
    record("person.changed", actor, (type(person).__tablename__, person.id), after={"account_id": account.id})
    return account


def follow_address(account: Account, before: str) -> None:
    """Write the new address of a login into its files that had the former one: the agency's messages follow."""
    for kind in (Client, Relative, Worker, Staff):
        own = select(kind).where(kind.account_id == account.id, has_address(kind, before))
        for person in db.session.scalars(own):
            person.email = account.email
            index_person(person)
            record("person.changed", Signed(account), (kind.__tablename__, person.id))
