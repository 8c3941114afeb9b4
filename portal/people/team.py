"""The members of staff: who they are, what they are in the agency, which sectors they coordinate."""

from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Row, false, func, select
from sqlalchemy.orm import joinedload, selectinload

from portal.accounts.actions import invite
from portal.accounts.models import Account, User
from portal.accounts.queries import normal_address
from portal.audit.actions import Actor
from portal.errors import Refused
from portal.extensions import db, list_of
from portal.people import access, editing
from portal.people.actions import open_login
from portal.people.editing import Values
from portal.people.models import Client, Sector, Staff, staff_sector
from portal.people.queries import has_address
from portal.people.search_queries import has_word, typed_words
from portal.roles import Role
from portal.tables.queries import Page, read_page


@dataclass(frozen=True)
class StaffFilter:
    """What the list is narrowed to; `state` is empty for those at work, `closed` or `all`."""

    typed: str = ""
    role: str = ""
    state: str = ""


@dataclass(frozen=True)
class StaffRow:
    id: int
    name: str
    role: str
    sectors: list[str]
    email: str
    active: bool
    has_open_login: bool


def list_staff(narrowed: StaffFilter) -> Page[StaffRow]:
    """Return a page of the members of staff, by name."""
    named = (
        select(Sector.name)
        .join(staff_sector, staff_sector.c.sector_id == Sector.id)
        .where(staff_sector.c.staff_id == Staff.id)
        .order_by(Sector.name)
        .correlate(Staff)
        .subquery("named")
    )
    sectors = select(list_of(named.c.name)).scalar_subquery()
    chosen = select(
        Staff.id, Staff.first_name, Staff.last_name, Staff.role, Staff.email, Staff.active, sectors.label("sectors"),
        Account.active.label("is_open"),
    ).outerjoin(Account, Account.id == Staff.account_id)  # fmt: skip
    listed = chosen.where(*_narrowing(narrowed)).order_by(Staff.last_name, Staff.first_name, Staff.id)
    return read_page(listed, _as_row)


def _narrowing(narrowed: StaffFilter) -> list[ColumnElement[bool]]:
    words = typed_words(narrowed.typed)
    conditions = [has_word(Staff, word) for word in words]
    if narrowed.typed and not words:
        conditions.append(false())  # signs alone are nobody's name
    if narrowed.role:
        conditions.append(Staff.role == narrowed.role)
    if narrowed.state != "all":
        conditions.append(Staff.active.is_(narrowed.state != "closed"))
    return conditions


def _as_row(row: Row) -> StaffRow:
    return StaffRow(
        id=row.id, name=f"{row.first_name} {row.last_name}".strip(), role=row.role, email=row.email or "",
        sectors=row.sectors or [], active=row.active, has_open_login=row.is_open is True,
    )  # fmt: skip


def staff_of(staff_id: int) -> Staff | None:
    chosen = select(Staff).where(Staff.id == staff_id)
    return db.session.scalar(chosen.options(selectinload(Staff.sectors), joinedload(Staff.account)))


def colleague_of_account(account_id: int) -> Staff | None:
    """The member of staff whose record a login opens, closed or not."""
    return db.session.scalar(select(Staff).where(Staff.account_id == account_id).order_by(Staff.id).limit(1))


def staff_to_change(staff_id: int) -> Staff | None:
    """The same, held until the transaction ends."""
    chosen = select(Staff).where(Staff.id == staff_id).options(selectinload(Staff.sectors))
    return db.session.scalar(chosen.with_for_update(of=Staff))


def files_in_hand(person: Staff) -> int:
    """How many clients' files somebody of the staff has in hand."""
    chosen = select(func.count()).where(Client.file_manager_id == person.id, Client.active)
    return db.session.scalar(chosen) or 0


def add_staff(actor: Actor | None, typed: Values) -> tuple[Staff, Account]:
    """Add a member of staff with a login; the caller invites them.

    Args:
        actor: who adds them; None is the portal itself.
        typed: by the names of the record's fields; address and role are needed.

    Raises:
        Refused: not an e-mail address, or somebody of the staff has it already.
    """
    address = normal_address(str(typed["email"]))
    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        raise Refused(_l("This is not an e-mail address."), "email") from error
    _refuse_known(address, None)
    person = Staff()
    editing.make_record(actor, person, {**typed, "email": address})
    return person, open_login(actor, person, invited=False)


def make_staff(actor: Actor, typed: Values) -> Staff:
    """Add a member of staff with a login, and mail them the link to choose a password.

    Raises:
        Refused: as `add_staff`, or a coordinator without a sector.
    """
    _refuse_without_sector(typed)
    person, account = add_staff(actor, typed)
    if account.password is None:
        invite(actor, account)
    return person


def change_staff(user: User, person: Staff, typed: Values, version: int) -> None:
    """Change the record of a member of staff.

    Raises:
        Late: the record has another version by now.
        Refused: one's own role, the last administrator's, a coordinator without a sector, an address that is taken.
    """
    if person.version != version:
        raise editing.Late
    if typed["role"] != person.role:
        refuse_to_unseat(user, person)
    _refuse_without_sector(typed)
    _refuse_known(str(typed["email"]), person.id)
    editing.change_record(user, person, typed, version)


def close_staff(user: User, person: Staff) -> None:
    """Close the record of a member of staff; nobody signs in with it any more.

    Raises:
        Refused: one's own, or the last administrator's.
    """
    refuse_to_unseat(user, person)
    access.close_record(user, person)


def refuse_to_unseat(user: User, person: Staff) -> None:
    """Nobody takes their own role or record, and one administrator stays.

    Raises:
        Refused: it is one's own, or the last administrator's.
    """
    if person.id == user.staff_id:
        raise Refused(_l("This is your own record: another administrator has to do this."), "role")
    if person.role == Role.ADMIN and access.administrators() <= {person.account_id}:
        raise Refused(_l("This is the last administrator: without them nobody could open an access again."), "role")


def _refuse_without_sector(typed: Values) -> None:
    if typed["role"] == Role.COORDINATOR and not typed["sector_ids"]:
        raise Refused(_l("A coordinator needs at least one sector: without it there is nothing to see."), "sector_ids")


def _refuse_known(address: str, own: int | None) -> None:
    others = select(Staff.id).where(Staff.id.is_distinct_from(own), has_address(Staff, address))
    if db.session.scalar(others.limit(1)):
        raise Refused(_l("Somebody of the staff has this e-mail address already."), "email")
