"""*Administration › Comptes*: who signs in, and what an administrator does about it."""

from collections.abc import Callable

from flask import abort, flash, g, request, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from portal.accounts.actions import reactivate
from portal.accounts.devices import device_words
from portal.accounts.models import Account, User
from portal.accounts.second_factor import codes_left
from portal.errors import Refused
from portal.extensions import db
from portal.pages import done, show
from portal.people import access, directory, team
from portal.people.deed_routes import invite
from portal.people.forms import AccountsFilter
from portal.portals import staff
from portal.roles import Permission


@staff.page("/accounts", Permission.MANAGE_ACCOUNTS)
def list_accounts() -> Response:
    """*Administration › Comptes*: who has access, and who could have."""
    filters = AccountsFilter(request.args)
    page = directory.list_people(g.user, filters.narrowed())
    return show("people/accounts.html", "people/_accounts_rows.html", page=page, filters=filters)


@staff.page("/accounts/invitations", Permission.MANAGE_ACCOUNTS, methods=("POST",))
def invite_person() -> Response:
    person = directory.person_of(request.form.get("person", "")) or abort(404)
    return invite(person, url_for("staff.list_accounts", state="without"))


def account_or_404(account_id: int) -> Account:
    return db.session.get(Account, account_id) or abort(404)


@staff.page("/accounts/<int:account_id>", Permission.MANAGE_ACCOUNTS)
def show_account(account_id: int) -> Response:
    """One login: what it opens, where it is open, what happened to it."""
    account = account_or_404(account_id)
    lines = directory.lines_of_account(g.user, account_id)
    return show(
        "people/account.html", account=account, lines=lines, sessions=directory.open_sessions(account),
        device_words=device_words, history=directory.history_of(account, lines), left=codes_left(account),
        is_own=account_id == g.user.account_id, colleague=team.colleague_of_account(account_id),
    )  # fmt: skip


# what an administrator does to a login, and what is said afterwards; the question stands in the template
CHANGES: dict[str, tuple[Callable[[User, Account], object], object]] = {
    "close": (access.close_account, _l("The access is closed.")),
    "open": (reactivate, _l("The access is open again.")),
    "sign-out": (access.sign_out_everywhere, _l("The person is signed out everywhere.")),
    "factor": (access.reset_factor, _l("The sign-in code is off for this person.")),
    "invite": (access.invite_again, _l("The invitation is on its way.")),
}


@staff.page("/accounts/<int:account_id>/changes", Permission.MANAGE_ACCOUNTS, methods=("GET", "POST"))
def change_account(account_id: int) -> Response:
    """Ask first, then do it: close, open again, sign out, take the sign-in code away, invite again."""
    account, deed = account_or_404(account_id), request.values.get("deed", "")
    act, said = CHANGES.get(deed) or abort(404)
    if request.method != "POST":
        return _ask_first(account, deed)
    try:
        act(g.user, account)
    except Refused as refusal:
        return _ask_first(account, deed, 409, refusal.message)
    flash(str(said), "success")
    return done(url_for("staff.show_account", account_id=account_id))


def _ask_first(account: Account, deed: str, status: int = 200, refusal: object = None) -> Response:
    lines = directory.lines_of_account(g.user, account.id)
    return show("people/account_change.html", status=status, account=account, deed=deed, lines=lines, refusal=refusal)
