"""*My account*, on all three portals: what one signs in with, and where one is signed in."""

from flask import abort, flash, g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from werkzeug.wrappers import Response

from portal.accounts import actions, credentials
from portal.accounts.devices import device_words
from portal.accounts.forms import ChangeAddressForm, ChangePasswordForm
from portal.accounts.models import Account
from portal.accounts.passwords import personal_words
from portal.accounts.queries import signed_in_account
from portal.accounts.sessions import files_of, sessions_of
from portal.errors import Refused
from portal.extensions import db, wires
from portal.htmx import request
from portal.pages import done, show
from portal.portals import client, staff, worker
from portal.roles import Permission

METHODS = {
    "password": _l("With the password"),
    "link": _l("With a link by e-mail"),
    "totp": _l("With the password and a code"),
}


def my_page(template: str, status: int = 200, **context: object) -> Response:
    """Show a page of the account in the layout of the portal that is open."""
    back = url_for(f"{g.portal}.me")
    return show(template, status=status, layout=f"layouts/{g.portal}.html", back=back, portal=g.portal, **context)


@client.page("/account", Permission.SEE_OWN_ACCOUNT)
@worker.page("/account", Permission.SEE_OWN_ACCOUNT)
@staff.page("/account", Permission.SEE_OWN_ACCOUNT)
def me() -> Response:
    account = signed_in_account()
    several = len(files_of(account)) > 1
    panels = [panel for make in wires.account_panels if (panel := make(g.user))]
    return my_page("accounts/me.html", account=account, several_files=several, sessions=listed_sessions(account),
                   panels=panels)  # fmt: skip


def listed_sessions(account: Account) -> list[dict]:
    """The open sessions as their owner knows them, this one first."""
    here = g.signed_in.id
    rows = [
        {"id": row.id, "device": device_words(row.device), "network": row.network, "here": row.id == here,
         "method": METHODS.get(row.method, row.method), "since": row.created_at, "seen": row.seen_at}
        for row in sessions_of(account)
    ]  # fmt: skip
    return sorted(rows, key=lambda row: not row["here"])


@client.page("/account/password", Permission.SEE_OWN_ACCOUNT, methods=("GET", "POST"))
@worker.page("/account/password", Permission.SEE_OWN_ACCOUNT, methods=("GET", "POST"))
@staff.page("/account/password", Permission.SEE_OWN_ACCOUNT, methods=("GET", "POST"))
def change_password() -> Response:
    account = signed_in_account()
    form = ChangePasswordForm(personal_words(account))
    if not form.validate_on_submit():
        return my_page("accounts/change_password.html", 422 if request.method == "POST" else 200, form=form)
    try:
        credentials.change_password(account, form.present.data, form.password.data)
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        db.session.commit()  # the failure is counted
        return my_page("accounts/change_password.html", refusal.status, form=form)
    flash(_("Your new password is saved. You are signed out everywhere else."), "success")
    return done(url_for(f"{g.portal}.me"))


@client.page("/account/address", Permission.SEE_OWN_ACCOUNT, methods=("GET", "POST"))
@worker.page("/account/address", Permission.SEE_OWN_ACCOUNT, methods=("GET", "POST"))
@staff.page("/account/address", Permission.SEE_OWN_ACCOUNT, methods=("GET", "POST"))
def change_address() -> Response:
    """Ask for the new address; it counts once the link mailed to it was used."""
    account, form = signed_in_account(), ChangeAddressForm()
    if not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        return my_page("accounts/change_address.html", status, form=form, account=account, sent=False)
    try:
        credentials.ask_address(account, form.present.data, form.email.data)
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        db.session.commit()  # the failure is counted
        return my_page("accounts/change_address.html", refusal.status, form=form, account=account, sent=False)
    db.session.commit()
    return my_page("accounts/change_address.html", form=form, account=account, sent=True)


@client.page("/account/sessions/<int:session_id>/end", Permission.SEE_OWN_ACCOUNT, methods=("POST",))
@worker.page("/account/sessions/<int:session_id>/end", Permission.SEE_OWN_ACCOUNT, methods=("POST",))
@staff.page("/account/sessions/<int:session_id>/end", Permission.SEE_OWN_ACCOUNT, methods=("POST",))
def end_session(session_id: int) -> Response:
    if not actions.revoke_session(signed_in_account(), session_id):
        abort(404)
    flash(_("That device is signed out."), "success")
    return done(url_for(f"{g.portal}.me"))


@client.page("/account/sessions/end-others", Permission.SEE_OWN_ACCOUNT, methods=("POST",))
@worker.page("/account/sessions/end-others", Permission.SEE_OWN_ACCOUNT, methods=("POST",))
@staff.page("/account/sessions/end-others", Permission.SEE_OWN_ACCOUNT, methods=("POST",))
def end_other_sessions() -> Response:
    count = actions.revoke_other_sessions(signed_in_account())
    flash(ngettext("%(num)d other device is signed out.", "%(num)d other devices are signed out.", count), "success")
    return done(url_for(f"{g.portal}.me"))
