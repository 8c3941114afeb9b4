"""Giving people a login, and following what becomes of it."""

from sqlalchemy import select

from portal.accounts.actions import Signed, invite, open_account
from portal.accounts.credentials import correct_address
from portal.accounts.links import end_links
from portal.accounts.models import Account
from portal.accounts.queries import account_by_address, is_used, normal_address
from portal.audit.actions import Actor, record
from portal.extensions import db
from portal.people.models import Anybody, Client, Relative, Staff, Worker
from portal.people.queries import has_address, number_of_files
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


def follow_record(actor: Actor | None, person: Anybody) -> None:
    """Let the login of a record whose address was corrected follow, for as long as nobody has used it: what was mailed
    to the former address opens this file no more, and the next invitation goes to the new one.

    A login that opens other files too, or whose new address is another login already, is not moved: the record has none
    then, until the person is invited. A login in use is its owner's: it keeps its address, and the record if that is
    the only one. Nobody shuts themselves out.
    """
    account = db.session.get(Account, person.account_id) if person.account_id else None
    if account is None or normal_address(person.email or "") == account.email:
        return
    is_shared, is_own = number_of_files(account.id) > 1, actor is not None and actor.account_id == account.id
    if is_used(account) and (is_own or not is_shared):
        return
    if person.email and not is_shared and account_by_address(person.email) is None:
        correct_address(actor, account, person.email)
        return
    if not is_shared:
        end_links(account)
    person.account_id = None
    db.session.flush()
    subject = type(person).__tablename__, person.id
    record("person.changed", actor, subject, before={"account_id": account.id}, after={"fields": ["account_id"]})


def follow_address(account: Account, before: str) -> None:
    """Write the new address of a login into its files that had the former one: the agency's messages follow."""
    for kind in (Client, Relative, Worker, Staff):
        own = select(kind).where(kind.account_id == account.id, has_address(kind, before))
        for person in db.session.scalars(own):
            person.email = account.email
            index_person(person)
            record("person.changed", Signed(account), (kind.__tablename__, person.id), after={"fields": ["email"]})
