"""Who may enter, and what a relative may see: inviting, closing, opening again, granting."""

from email_validator import EmailNotValidError, validate_email
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from portal.accounts.actions import deactivate, invite, reactivate
from portal.accounts.links import end_links
from portal.accounts.models import Account, User
from portal.accounts.second_factor import reset
from portal.accounts.sessions import end_sessions
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.people.actions import open_login
from portal.people.editing import Late, Values, change_record
from portal.people.models import Client, Relative, Staff, Worker
from portal.people.queries import files_of_account
from portal.people.search import index_person
from portal.roles import Role

GRANTS = ("may_rate", "sees_upcoming", "sees_ratings")


def invite_person(user: User, person: Client | Relative | Worker | Staff) -> None:
    """Mail somebody the link to choose a password, with a login if there is none yet.

    Raises:
        Refused: no address, a closed file or login, or a password was chosen already.
    """
    if not person.active:
        raise Refused(_l("This file is closed. Open it again first."), "closed")
    account = db.session.get(Account, person.account_id) if person.account_id else None
    if account is None:
        open_login(user, person)
        return
    invite_again(user, account)


def invite_again(user: User, account: Account) -> None:
    """Mail the link to choose a password once more.

    Raises:
        Refused: the login is closed, or a password was chosen already.
    """
    if not account.active:
        raise Refused(_l("This access is closed. Open it again first."), "closed")
    if account.password:
        raise Refused(_l("This person has chosen a password. The sign-in page offers a new one."), "chosen")
    invite(user, account)


def close_account(user: User, account: Account) -> None:
    """Close a login at once: its next request meets the sign-in page.

    Raises:
        Refused: one's own, or that of the last administrator.
    """
    if account.id == user.account_id:
        raise Refused(_l("You cannot close your own access. Ask another administrator."), "own")
    if administrators() == {account.id}:
        raise Refused(_l("This is the last administrator: without them nobody could open an access again."), "last")
    deactivate(user, account)


def administrators() -> set[int]:
    """Ids of the logins that open an administrator's file. They are locked: of two administrators who close each
    other's access or take each other's role at the same moment, the second sees what the first did."""
    chosen = select(Account.id).join(Staff, Staff.account_id == Account.id).order_by(Account.id)
    mine = chosen.where(Staff.role == str(Role.ADMIN), Staff.active, Account.active)
    return set(db.session.scalars(mine.with_for_update(of=[Account, Staff])))


def open_account_again(user: User, account: Account) -> None:
    reactivate(user, account)


def sign_out_everywhere(user: User, account: Account) -> None:
    """End all sessions of somebody's login."""
    number = end_sessions(account)
    record("account.sessions_ended", user, ("account", account.id), after={"number": number})


def reset_factor(user: User, account: Account) -> None:
    """Take the sign-in code from somebody who lost phone and paper.

    Raises:
        Refused: one's own, or there is none.
    """
    if account.id == user.account_id:
        raise Refused(_l("You cannot do this for yourself. Ask another administrator."), "own")
    reset(user, account)


def add_relative(
    user: User,
    client: Client,
    *,
    first_name: str,
    last_name: str,
    email: str,
    relation: str,
    language: str,
    grants: dict,
) -> Relative:
    """Give somebody close to a client access to the client's file, and invite them.

    Args:
        user: of the staff.
        client: whose file.
        first_name, last_name, email, relation, language: of the relative, as typed.
        grants: `GRANTS` and whether each is given.

    Raises:
        Refused: not an e-mail address, or somebody on this file has it already.
    """
    try:
        validate_email(email, check_deliverability=False)
    except EmailNotValidError as error:
        raise Refused(_l("This is not an e-mail address."), "address") from error
    same = func.lower(Relative.email) == email.lower(), Relative.client_id == client.id
    if db.session.scalar(select(Relative.id).where(*same)):
        raise Refused(_l("A relative with this e-mail address is on the file already."), "known")
    relative = Relative(
        client_id=client.id, first_name=first_name, last_name=last_name, email=email, relation=relation or None,
        language=language, active=True, **{name: bool(grants[name]) for name in GRANTS},
    )  # fmt: skip
    db.session.add(relative)
    index_person(relative)
    record("person.created", user, ("relative", relative.id), after={"client_id": client.id, **_granted(relative)})
    open_login(user, relative)
    return relative


def _granted(relative: Relative) -> dict[str, bool]:
    return {name: getattr(relative, name) for name in GRANTS}


def grant(user: User, relative: Relative, grants: dict, version: int) -> None:
    """Say what a relative may see and do; it holds from their next request on.

    Raises:
        Late: the record has another version by now.
    """
    if relative.version != version:
        raise Late
    before = _granted(relative)
    for name in GRANTS:
        setattr(relative, name, bool(grants[name]))
    if _granted(relative) == before:
        return
    db.session.flush()
    record("person.changed", user, ("relative", relative.id), before=before, after=_granted(relative))


def change_relative(user: User, relative: Relative, typed: Values, version: int) -> None:
    """Change who a relative is, how they are reached and what they may see.

    Raises:
        Late: the record has another version by now.
        Refused: somebody else on this file has the address.
    """
    same = func.lower(Relative.email) == str(typed["email"] or "").lower(), Relative.client_id == relative.client_id
    if typed["email"] and db.session.scalar(select(Relative.id).where(*same, Relative.id != relative.id)):
        raise Refused(_l("A relative with this e-mail address is on the file already."), "email")
    change_record(user, relative, typed, version)


def close_relative(user: User, relative: Relative) -> None:
    """Take a relative off the client's file at once. A login that opens nothing else is signed out.

    The login itself is neither closed here nor opened by `open_relative`: that is for administrators to say.
    """
    if not relative.active:
        return
    _set_active(user, relative, active=False)
    shut_out(user, relative.account_id)


def shut_out(user: User, account_id: int | None) -> None:
    """Sign a login out that opens nothing any more; mailed links to it are dead."""
    account = db.session.get(Account, account_id) if account_id else None
    if account and not files_of_account(account.id):
        sign_out_everywhere(user, account)
        end_links(account)


def open_relative(user: User, relative: Relative) -> bool:
    """Let a relative back onto the client's file; return whether their login is open too."""
    _set_active(user, relative, active=True)
    return _has_open_login(relative)


def close_record(user: User, person: Client | Worker | Staff) -> None:
    """Close the record of somebody at once: nobody signs in with it any more, nor do a client's relatives. What was
    planned, said and rated stays. The logins themselves are neither closed nor opened again here."""
    if not person.active:
        return
    _set_active(user, person, active=False)
    for one in [person, *(person.relatives if isinstance(person, Client) else ())]:
        shut_out(user, one.account_id)


def open_record(user: User, person: Client | Worker | Staff) -> bool:
    """Open a closed record again; return whether the person's login is open too."""
    _set_active(user, person, active=True)
    return _has_open_login(person)


def _has_open_login(person: Client | Relative | Worker | Staff) -> bool:
    account = db.session.get(Account, person.account_id) if person.account_id else None
    return account is None or account.active


def _set_active(user: User, person: Client | Relative | Worker | Staff, *, active: bool) -> None:
    if person.active == active:
        return
    person.active = active
    db.session.flush()
    said = {"fields": ["active"], "active": active}
    record("person.changed", user, (person.__tablename__, person.id), before={"active": not active}, after=said)
