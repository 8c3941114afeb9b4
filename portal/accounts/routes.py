"""Signing in and out, choosing a password, a file, a language. These pages have no portal, and commit themselves."""

from flask import Blueprint, abort, current_app, flash, g, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.accounts import actions
from portal.accounts.forms import ForgottenForm, SetPasswordForm, SignInForm
from portal.accounts.models import User
from portal.accounts.queries import open_password_link, safe_next, signed_in_account
from portal.errors import Refused
from portal.extensions import db, wires
from portal.i18n import LANGUAGES
from portal.pages import show
from portal.portals import HOMES, client, portal_of, staff, worker
from portal.roles import Permission

accounts = Blueprint("accounts", __name__)


@accounts.get("/")
def home() -> Response:
    """Lead each person to their portal."""
    return redirect(way_in(None) if current_user.is_authenticated else url_for("accounts.sign_in"))


@accounts.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response:
    form = SignInForm(next=request.args.get("next", ""))
    if request.method != "POST" and current_user.is_authenticated:
        return redirect(way_in(form.next.data))
    if request.method != "POST":
        return show("accounts/sign_in.html", form=form, **demo_logins())
    if not form.validate():
        return show("accounts/sign_in.html", status=422, form=form, **demo_logins())
    try:
        actions.sign_in(form.email.data, form.password.data, request.remote_addr or "")
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        db.session.commit()  # the failure is counted
        return show("accounts/sign_in.html", status=422, form=form, **demo_logins())
    db.session.commit()
    return redirect(way_in(form.next.data), 303)


def demo_logins() -> dict:
    """What the sign-in page of the demo agency shows; nothing elsewhere."""
    demo = wires.demo() if current_app.config["PORTAL_ENV"] == "development" else None
    return demo or {"demo_logins": [], "demo_password": None}


def way_in(target: str | None) -> str:
    """Address to go on to: where the person was headed, their only file's portal, or the choice between several."""
    files = wires.files_of_account(current_user.id)
    wanted = safe_next(target)
    if wanted and any(wanted.startswith(f"/{portal_of(file.role).name}/") for file in files):
        return wanted
    if len(files) == 1:
        return home_of(files[0])
    return url_for("accounts.choose")


def home_of(file: User) -> str:
    return url_for(HOMES[portal_of(file.role).name])


@accounts.route("/choose", methods=["GET", "POST"])
def choose() -> Response:
    """Open one of several files."""
    if not current_user.is_authenticated:
        return redirect(url_for("accounts.sign_in"))
    files = wires.files_of_account(current_user.id)
    if request.method != "POST":
        listed = [
            {"key": f.key, "label": f.file_label, "role_label": f.role_label, "portal": portal_of(f.role).name}
            for f in files
        ]
        return show("accounts/choose.html", files=listed)
    chosen = next((file for file in files if file.key == request.form.get("file")), None)
    if chosen is None:
        abort(404)
    actions.choose_file(signed_in_account(), chosen.key)
    db.session.commit()
    return redirect(home_of(chosen), 303)


@accounts.post("/sign-out")
def sign_out() -> Response:
    if current_user.is_authenticated:
        actions.sign_out(signed_in_account())
        db.session.commit()
        flash(_("You are signed out."))
    response = redirect(url_for("accounts.sign_in"), 303)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@accounts.route("/forgotten-password", methods=["GET", "POST"])
def forgotten() -> Response:
    form = ForgottenForm()
    if not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        return show("accounts/forgotten.html", status=status, form=form, sent=False)
    try:
        actions.ask_reset(form.email.data, request.remote_addr or "")
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        return show("accounts/forgotten.html", status=429, form=form, sent=False)
    db.session.commit()
    return show("accounts/forgotten.html", form=form, sent=True)


@accounts.route("/password/<token>", methods=["GET", "POST"])
def set_password(token: str) -> Response:
    """Show the form on GET, set the password on POST: a mail scanner that opens links uses nothing up."""
    link, form = open_password_link(token), SetPasswordForm()
    if link is None:
        refused = _("This link has expired or has been used. Please ask for a new one.")
        return show(
            "accounts/set_password.html", status=404, form=form, purpose="reset", account_email=None, refused=refused
        )
    shown = {"form": form, "purpose": "invite" if link.purpose == "invitation" else "reset",
             "account_email": link.account.email, "refused": None}  # fmt: skip
    if not form.validate_on_submit():
        return show("accounts/set_password.html", status=422 if request.method == "POST" else 200, **shown)
    actions.set_password(link, form.password.data)
    actions.open_session(link.account)
    db.session.commit()
    return redirect(way_in(None), 303)


@accounts.post("/language")
def language() -> Response:
    """Choose a language; it sticks to the login, or to the browser of somebody not signed in."""
    chosen = request.form.get("language")
    if chosen not in LANGUAGES:
        abort(400)
    session["language"] = chosen
    if current_user.is_authenticated:
        actions.choose_language(signed_in_account(), chosen)
        db.session.commit()
    return redirect(safe_next(request.form.get("next")) or url_for("accounts.home"), 303)


@client.page("/account", Permission.SEE_OWN_ACCOUNT)
@worker.page("/account", Permission.SEE_OWN_ACCOUNT)
@staff.page("/account", Permission.SEE_OWN_ACCOUNT)
def me() -> Response:
    several = len(wires.files_of_account(current_user.id)) > 1
    return show("accounts/me.html", layout=f"layouts/{g.portal}.html", account=current_user, several_files=several)
