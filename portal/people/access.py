"""Who may enter, and what a relative may see: inviting, closing, opening again, granting."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from portal.accounts.actions import deactivate, invite
from portal.accounts.links import end_links
from portal.accounts.models import Account, User
from portal.accounts.second_factor import reset
from portal.accounts.sessions import end_sessions
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.people.actions import follow_record, open_login
from portal.people.editing import Value, Values, change_record, make_record
from portal.people.models import Anybody, Client, Relative, Staff
from portal.people.queries import files_of_account, has_address, login_is_known
from portal.roles import Role

# what a relative may see and do on the client's file
GRANTS = {
    "may_rate": _l("May rate visits in the client’s place"),
    "sees_upcoming": _l("Sees the visits to come"),
    "sees_ratings": _l("Sees the ratings and comments of the file"),
    "sees_threads": _l("Reads the conversations and the complaints of the file, and writes in them"),
}


def invite_person(user: User, person: Anybody) -> bool:
    """Mail somebody the link to choose a password, with a login if there is none yet. Return whether a mail leaves:
    an address that somebody signs in with already opens this file too from now on.

    Raises:
        Refused: no address, a closed file or login, or a password was chosen already.
    """
    _refuse_closed(person.client if isinstance(person, Relative) else person, person)
    follow_record(user, person)
    known = db.session.get(Account, person.account_id) if person.account_id else None
    account = known or open_login(user, person, invited=False)
    if not login_is_known(user, person) or (not known and account.active and account.password):
        return False
    invite_again(user, account)
    return True


def _refuse_closed(*people: Anybody) -> None:
    """Nobody is invited to what would not open to them.

    Raises:
        Refused: one of these records is closed.
    """
    if not all(person.active for person in people):
        raise Refused(_l("This file is closed. Open it again first."), "closed")


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


def add_relative(user: User, client: Client, typed: Values) -> Relative:
    """Give somebody close to a client access to the client's file, and invite them.

    Args:
        user: of the staff.
        client: whose file; held, so that of two who add the same person the second is told.
        typed: by the names of the record's fields; an address is needed.

    Raises:
        Refused: the file is closed, or somebody on it has the address already.
    """
    _refuse_closed(client)
    _refuse_known(client.id, None, typed["email"])
    relative = Relative()
    make_record(user, relative, {**typed, "client_id": client.id})
    open_login(user, relative)
    return relative


def change_relative(user: User, relative: Relative, typed: Values, version: int) -> None:
    """Change who a relative is, how they are reached and what they may see.

    Raises:
        Late: the record has another version by now.
        Refused: somebody else on this file has the address.
    """
    _refuse_known(relative.client_id, relative.id, typed["email"])
    change_record(user, relative, typed, version)


def _refuse_known(client_id: int, own: int | None, address: Value) -> None:
    others = select(Relative.id).where(Relative.client_id == client_id, Relative.id.is_distinct_from(own))
    if address and db.session.scalar(others.where(has_address(Relative, str(address))).limit(1)):
        raise Refused(_l("A relative with this e-mail address is on the file already."), "email")


def _shut_out(user: User, account_id: int | None) -> None:
    """Sign a login out that opens nothing any more; mailed links to it are dead."""
    account = db.session.get(Account, account_id) if account_id else None
    if account and not files_of_account(account.id):
        sign_out_everywhere(user, account)
        end_links(account)


def close_record(user: User, person: Anybody) -> None:
    """Close the record of somebody at once: nobody signs in with it any more, nor do a client's relatives. What was
    planned, said and rated stays. The logins themselves are neither closed nor opened again here: that is for
    administrators to say."""
    if not person.active:
        return
    _set_active(user, person, active=False)
    for one in [person, *(person.relatives if isinstance(person, Client) else ())]:
        _shut_out(user, one.account_id)


def open_record(user: User, person: Anybody) -> bool:
    """Open a closed record again; return whether the person's login is open too."""
    _set_active(user, person, active=True)
    account = db.session.get(Account, person.account_id) if person.account_id else None
    return account is None or account.active


def _set_active(user: User, person: Anybody, *, active: bool) -> None:
    if person.active == active:
        return
    person.active = active
    db.session.flush()
    said = {"fields": ["active"], "active": active}
    record("person.changed", user, (person.__tablename__, person.id), before={"active": not active}, after=said)
