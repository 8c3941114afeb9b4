"""Signing in and out, choosing a password, a file, a language. These pages have no portal, and commit themselves."""

import logging
from collections.abc import Callable

from flask import Blueprint, Flask, abort, after_this_request, current_app, flash, redirect, request, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from portal.accounts import actions, credentials
from portal.accounts.forms import AskLinkForm, ForgottenForm, SetPasswordForm, SignInForm
from portal.accounts.links import genuine_link, open_link
from portal.accounts.models import Account, AccountLink, User
from portal.accounts.passwords import personal_words
from portal.accounts.queries import masked, safe_next, signed_in_account
from portal.accounts.second_factor import await_code
from portal.accounts.sessions import files_of
from portal.accounts.throttles import brake, count_hit, place_of
from portal.errors import Refused
from portal.extensions import db, wires, writing
from portal.i18n import offered
from portal.pages import show
from portal.portals import HOMES, portal_of

accounts = Blueprint("accounts", __name__)
log = logging.getLogger(__name__)
WRONG_LINKS, WRONG_MINUTES = 30, 5


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
        return show("accounts/sign_in.html", form=form, **notes_at_the_door())
    if not form.validate():
        return show("accounts/sign_in.html", status=422, form=form, **notes_at_the_door())
    try:
        account = actions.sign_in(form.email.data, form.password.data, request.remote_addr or "")
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        db.session.commit()  # the failure is counted
        return show("accounts/sign_in.html", status=refusal.status, form=form, **notes_at_the_door())
    return go_on(account, form.next.data)


def go_on(account: Account, target: str | None) -> Response:
    """Lead somebody who gave the right password on: in, or to the question for the code."""
    db.session.commit()
    if account.totp_since is None:
        return redirect(way_in(target), 303)
    await_code(account, safe_next(target))
    return redirect(url_for("accounts.second_step"), 303)


def notes_at_the_door() -> dict:
    """What the sign-in page shows besides: the logins of the demo agency; where a new portal is set up."""
    demo = wires.demo() if current_app.config["PORTAL_ENV"] == "development" else None
    return {**(demo or {"demo_logins": [], "demo_password": None}), "setup_url": wires.way_to_set_up()}


def way_in(target: str | None) -> str:
    """Address to go on to: where the person was headed, their only file's portal, or the choice between several."""
    files = files_of(signed_in_account())
    if wanted := page_in(files, target):
        return wanted
    if len(files) == 1:
        return home_of(files[0])
    return url_for("accounts.choose")


def page_in(files: list[User], target: str | None) -> str | None:
    """`target` if it is a page of a portal that one of these files opens."""
    wanted = safe_next(target)
    here = wanted and any(wanted.startswith(f"/{portal_of(file.role).name}/") for file in files)
    return wanted if here else None


def home_of(file: User) -> str:
    return url_for(HOMES[portal_of(file.role).name])


@accounts.route("/choose", methods=["GET", "POST"])
def choose() -> Response:
    """Open one of several files, and the page that somebody was led to."""
    if not current_user.is_authenticated:
        return redirect(url_for("accounts.sign_in"))
    files = files_of(signed_in_account())
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
    return redirect(page_in([chosen], request.form.get("next")) or home_of(chosen), 303)


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
        if actions.may_ask("reset", form.email.data, request.remote_addr or ""):
            after_the_answer(actions.mail_reset, form.email.data)
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        return show("accounts/forgotten.html", status=429, form=form, sent=False)
    db.session.commit()
    return show("accounts/forgotten.html", form=form, sent=True)


def after_the_answer(deed: Callable[[str], None], address: str) -> None:
    """Do something for an address once the answer has left, in a transaction of its own: whoever asks about an address
    must not learn from how long it takes whether it is one of ours."""
    app: Flask = current_app._get_current_object()  # ty: ignore[missing-attribute] - past the proxy

    def do() -> None:
        try:
            with app.app_context(), writing():
                deed(address)
                db.session.commit()
        except Exception:
            log.exception("a mail that somebody asked for was not written")

    @after_this_request
    def attach(response: Response) -> Response:
        response.call_on_close(do)
        return response


@accounts.route("/password/<token>", methods=["GET", "POST"])
def set_password(token: str) -> Response:
    """Show the form on GET, set the password on POST: a mail scanner that opens links uses nothing up."""
    link = open_link("password", token)
    if link is None:
        return refuse_password_link(token)
    form = SetPasswordForm(personal_words(link.account))
    shown = {"form": form, "purpose": "invite" if link.purpose == "invitation" else "reset",
             "account_email": link.account.email, "refused": None}  # fmt: skip
    if not form.validate_on_submit():
        return show("accounts/set_password.html", status=422 if request.method == "POST" else 200, **shown)
    credentials.set_password(link, form.password.data)
    if link.account.totp_since is None:
        actions.enter(link.account, "link", announced=False)
    return go_on(link.account, None)


def refuse_password_link(token: str) -> Response:
    status = status_of_refusal(genuine_link("password", token))
    refused = _("This link has expired or has been used. Please ask for a new one.")
    return show("accounts/set_password.html", status=status, form=None, purpose="reset", account_email=None,
                refused=refused)  # fmt: skip


def status_of_refusal(link: AccountLink | None) -> int:
    """404; or 429 to a place that tries many links that are not ours. Only those are counted, and only when sent."""
    bucket = f"wrong-link:{place_of(request.remote_addr)}"
    if link is not None:
        return 404
    try:
        brake(bucket, WRONG_LINKS, WRONG_MINUTES)
    except Refused:
        return 429
    if request.method == "POST":
        count_hit(bucket, WRONG_MINUTES)
        db.session.commit()
    return 404


@accounts.route("/sign-in/link", methods=["GET", "POST"])
def ask_link() -> Response:
    """Mail a link to sign in with: to the address that was typed, or once more to the owner of a link that is spent."""
    form = AskLinkForm()
    if request.method == "GET":
        form.next.data = request.args.get("next", "")
    spent = genuine_link("sign-in", form.token.data or "") if request.method == "POST" else None
    if spent is None and not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        return show("accounts/ask_link.html", status=status, form=form, sent=False)
    address = spent.account.email if spent else form.email.data or ""
    try:
        if actions.may_ask("link", address, request.remote_addr or ""):
            after_the_answer(actions.mail_sign_in, address)
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        return show("accounts/ask_link.html", status=429, form=form, sent=False)
    db.session.commit()
    if target := safe_next(form.next.data):
        session["next"] = target  # no part of the mailed address: it goes on in this browser only
    return show("accounts/ask_link.html", form=form, sent=True)


@accounts.route("/sign-in/<token>", methods=["GET", "POST"])
def use_link(token: str) -> Response:
    """Show a button on GET, sign in on POST: a mail scanner that opens links opens no session."""
    link = open_link("sign-in", token)
    if link is None:
        return refuse_sign_in_link(token)
    if request.method != "POST":
        return show("accounts/use_link.html", address=masked(link.account.email), refused=False)
    target = session.get("next")
    try:
        actions.sign_in_by_link(link)
    except Refused:
        db.session.rollback()
        return refuse_sign_in_link(token)
    db.session.commit()
    return redirect(way_in(target), 303)


def refuse_sign_in_link(token: str) -> Response:
    """Offer a new link in one tap; lead whoever is in already on to their pages."""
    link = genuine_link("sign-in", token)
    if link and current_user.is_authenticated and current_user.id == link.account_id:
        return redirect(way_in(None), 303 if request.method == "POST" else 302)
    form = AskLinkForm(data={"token": token if link else ""})
    return show("accounts/use_link.html", status=status_of_refusal(link), form=form, refused=True,
                address=masked(link.account.email) if link else None)  # fmt: skip


@accounts.route("/address/<token>", methods=["GET", "POST"])
def confirm_address(token: str) -> Response:
    """Show a button on GET, change the address of the login on POST."""
    link = open_link("address", token)
    if link is None:
        status = status_of_refusal(genuine_link("address", token))
        return show("accounts/confirm_address.html", status=status, state="refused", address=None)
    if request.method != "POST":
        return show("accounts/confirm_address.html", state="open", address=link.address)
    address = link.address
    try:
        credentials.confirm_address(link)
    except Refused:
        db.session.rollback()
        return show("accounts/confirm_address.html", status=409, state="refused", address=None)
    db.session.commit()
    return show("accounts/confirm_address.html", state="done", address=address)


@accounts.post("/language")
def language() -> Response:
    """Choose a language; it sticks to the login, or to the browser of somebody not signed in."""
    chosen = offered(request.form.get("language"))
    if chosen is None:
        abort(400)
    session["language"] = chosen
    if current_user.is_authenticated:
        actions.choose_language(signed_in_account(), chosen)
        db.session.commit()
    return redirect(safe_next(request.form.get("next")) or url_for("accounts.home"), 303)
