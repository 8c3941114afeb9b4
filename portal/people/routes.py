"""Access: the accounts page for administrators; who may enter a client's file, for the staff of the client's sector."""

from collections.abc import Callable
from typing import Any

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from portal.accounts.devices import device_words
from portal.accounts.models import Account, User
from portal.accounts.second_factor import codes_left
from portal.errors import Refused
from portal.extensions import db
from portal.pages import done, show
from portal.people import access, directory
from portal.people.editing import Late
from portal.people.forms import AccountsFilter, RelativeForm, RelativeGrantsForm, RelativeRecordForm
from portal.people.models import Client, Relative
from portal.portals import staff
from portal.roles import Permission

# ---- accounts, for administrators ----


@staff.page("/accounts", Permission.MANAGE_ACCOUNTS)
def list_accounts() -> Response:
    """*Administration › Comptes*: who has access, and who could have."""
    filters = AccountsFilter(request.args)
    page = directory.list_people(g.user, filters.narrowed())
    return show("people/accounts.html", "people/_accounts_rows.html", page=page, filters=filters)


@staff.page("/accounts/invitations", Permission.MANAGE_ACCOUNTS, methods=("POST",))
def invite_person() -> Response:
    person = directory.person_of(request.form.get("person", "")) or abort(404)
    access.invite_person(g.user, person)
    flash(_("The invitation to %(name)s is on its way.", name=person.name), "success")
    return done(url_for("staff.list_accounts", state="without"))


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
        is_own=account_id == g.user.account_id, clients={line.key: client_of_line(line.key) for line in lines},
    )  # fmt: skip


def client_of_line(key: str) -> int | None:
    """Return whose access page a file belongs to: a client's own, or that of the client whom a relative follows."""
    person = directory.person_of(key) if key.startswith(("client:", "relative:")) else None
    return person.client_id if isinstance(person, Relative) else person.id if person else None


# what an administrator does to a login, and what is said afterwards; the question stands in the template
CHANGES: dict[str, tuple[Callable[[User, Account], object], object]] = {
    "close": (access.close_account, _l("The access is closed.")),
    "open": (access.open_account_again, _l("The access is open again.")),
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


# ---- a client's file, for the staff of the sector ----


def client_or_404(client_id: int) -> Client:
    return directory.client_of(g.user, client_id) or abort(404)


def relative_or_404(client_id: int, relative_id: int) -> Relative:
    return directory.relative_of(g.user, client_id, relative_id) or abort(404)


@staff.page("/clients/<int:client_id>/access", Permission.MANAGE_ACCESS, methods=("GET", "POST"))
def show_access(client_id: int) -> Response:
    """Who enters a client's file: the client, the relatives and what each of them sees; add a relative."""
    client = client_or_404(client_id)
    form = _new_relative(client)
    if not form.validate_on_submit():
        return _show_access(client, form, 422 if request.method == "POST" else 200)
    try:
        relative = access.add_relative(
            g.user, client, first_name=form.first_name.data, last_name=form.last_name.data, email=form.email.data,
            relation=form.relation.data, language=str(form.language.data), grants=form.grants(),
        )  # fmt: skip
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        return _show_access(client, form, 409)
    flash(_("%(name)s has access to the file now.", name=relative.name), "success")
    return _back(client_id)


def _new_relative(client: Client, **more: Any) -> RelativeForm:
    return RelativeForm(may_rate=True, sees_upcoming=True, sees_ratings=True, language=client.language, **more)


def _show_access(client: Client, form: RelativeForm, status: int, late: RelativeGrantsForm | None = None) -> Response:
    lines = {line.key: line for line in directory.lines_of_client(g.user, client.id)}
    grants = {relative.id: RelativeGrantsForm(relative) for relative in client.relatives}
    if late:
        grants[late.relative_id] = late
    return show("people/access.html", status=status, client=client, lines=lines, form=form, grants=grants)


def _back(client_id: int) -> Response:
    return done(url_for("staff.show_access", client_id=client_id))


@staff.page("/clients/<int:client_id>/access/invitations", Permission.MANAGE_ACCESS, methods=("POST",))
def invite_to_file(client_id: int) -> Response:
    """Invite the client or one of the relatives, or send the invitation again."""
    client, wanted = client_or_404(client_id), request.form.get("person", "")
    people = [client, *client.relatives]
    person = next((one for one in people if f"{one.__tablename__}:{one.id}" == wanted), None) or abort(404)
    access.invite_person(g.user, person)
    flash(_("The invitation to %(name)s is on its way.", name=person.name), "success")
    return _back(client_id)


@staff.page("/clients/<int:client_id>/relatives/<int:relative_id>/grants", Permission.MANAGE_ACCESS, methods=("POST",))
def grant_relative(client_id: int, relative_id: int) -> Response:
    """Say what a relative may see and do."""
    relative = directory.relative_to_change(g.user, client_id, relative_id) or abort(404)
    form = RelativeGrantsForm(relative, typed=True)
    try:
        access.grant(g.user, relative, form.grants(), form.version_shown)
    except Late as late:
        form.show_standing(late)
        return _show_access(relative.client, _new_relative(relative.client, formdata=None), 409, form)
    flash(_("Saved. It holds for %(name)s from now on.", name=relative.name), "success")
    return _back(client_id)


@staff.page(
    "/clients/<int:client_id>/relatives/<int:relative_id>/editing", Permission.MANAGE_ACCESS, methods=("GET", "POST")
)
def edit_relative(client_id: int, relative_id: int) -> Response:
    """Who a relative is, how they are reached, and what they may see and do."""
    relative = directory.relative_to_change(g.user, client_id, relative_id) or abort(404)
    form = RelativeRecordForm(relative)
    if not form.validate_on_submit():
        return _relative_form(form, relative, 422 if request.method == "POST" else 200)
    try:
        access.change_relative(g.user, relative, form.typed(), form.version_shown)
    except Late as late:
        form.show_rivals(late, relative)
        return _relative_form(form, relative, 409)
    except Refused as refusal:
        form.refuse(refusal)
        return _relative_form(form, relative, 409)
    flash(_("The record of %(name)s is saved.", name=relative.name), "success")
    return _back(client_id)


def _relative_form(form: RelativeRecordForm, relative: Relative, status: int) -> Response:
    return show("people/relative_form.html", status=status, form=form, relative=relative)


@staff.page(
    "/clients/<int:client_id>/relatives/<int:relative_id>/closing", Permission.MANAGE_ACCESS, methods=("GET", "POST")
)
def close_relative(client_id: int, relative_id: int) -> Response:
    """Take a relative off the file, once somebody has said that it is meant."""
    relative = relative_or_404(client_id, relative_id)
    if request.method != "POST":
        return show("people/relative_close.html", relative=relative, client=relative.client)
    access.close_relative(g.user, relative)
    flash(_("%(name)s no longer has access to the file.", name=relative.name), "success")
    return _back(client_id)


@staff.page("/clients/<int:client_id>/relatives/<int:relative_id>/opening", Permission.MANAGE_ACCESS, methods=("POST",))
def open_relative(client_id: int, relative_id: int) -> Response:
    relative = relative_or_404(client_id, relative_id)
    if access.open_relative(g.user, relative):
        flash(_("%(name)s has access to the file again.", name=relative.name), "success")
    else:
        flash(_("The file is open again, but not the access itself: an administrator has closed it."), "warning")
    return _back(client_id)
