"""Making records of people and giving them a login."""

from collections.abc import Sequence

from email_validator import EmailNotValidError, validate_email
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from portal.accounts.actions import Signed, invite, open_account
from portal.accounts.models import Account
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db
from portal.people.models import Anybody, Client, Relative, Sector, Staff, Worker
from portal.people.queries import has_address
from portal.people.search import index_person
from portal.roles import Role


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


def add_staff(
    actor: Actor | None, email: str, first_name: str, last_name: str, role: Role, language: str,
    sectors: Sequence[int] = (),
) -> Account:  # fmt: skip
    """Add a member of staff with a login, and the sectors that they coordinate; the caller invites them.

    Raises:
        Refused: not an e-mail address, or somebody of the staff has it already.
    """
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError as error:
        raise Refused(_l("This is not an e-mail address."), "address") from error
    if db.session.scalar(select(Staff.id).where(has_address(Staff, email)).limit(1)):
        raise Refused(_l("Somebody of the staff has this e-mail address already."), "known")
    person = Staff(
        email=email, first_name=first_name, last_name=last_name, role=str(role), language=language, active=True
    )
    if sectors:
        person.sectors = list(db.session.scalars(select(Sector).where(Sector.id.in_(sectors))))
    db.session.add(person)
    index_person(person)
    after = {"role": str(role), **({"sector_ids": sorted(sectors)} if sectors else {})}
    record("person.created", actor, ("staff", person.id), after=after)
    return open_login(actor, person, invited=False)


def follow_address(account: Account, before: str) -> None:
    """Write the new address of a login into its files that had the former one: the agency's messages follow."""
    for kind in (Client, Relative, Worker, Staff):
        own = select(kind).where(kind.account_id == account.id, has_address(kind, before))
        for person in db.session.scalars(own):
            person.email = account.email
            index_person(person)
            record("person.changed", Signed(account), (kind.__tablename__, person.id))
