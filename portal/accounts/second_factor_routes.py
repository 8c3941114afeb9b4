"""The pages of the second factor: the code after the password; setting up, renewing and switching off."""

from flask import abort, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.accounts import actions, second_factor, second_factor_setup
from portal.accounts.forms import ChangeFactorForm, CodeForm, KeptCodesForm
from portal.accounts.models import Account
from portal.accounts.queries import signed_in_account
from portal.accounts.routes import accounts, way_in
from portal.accounts.second_factor_setup import draft_of
from portal.errors import Refused
from portal.extensions import db
from portal.pages import done, show
from portal.portals import staff
from portal.roles import Permission


@accounts.route("/sign-in/code", methods=["GET", "POST"])
def second_step() -> Response:
    """Ask for the code of the phone, or one on paper, after the right password."""
    found, form = second_factor.awaited(), CodeForm()
    if found is None:
        flash(_("Please sign in again: the code was not typed within five minutes."), "warning")
        return redirect(url_for("accounts.sign_in"), 303 if request.method == "POST" else 302)
    account, target = found
    if not form.validate_on_submit():
        return show("accounts/second_step.html", status=422 if request.method == "POST" else 200, form=form)
    try:
        method = second_factor.use_code(account, form.code.data)
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        db.session.commit()  # the failure is counted
        return show("accounts/second_step.html", status=refusal.status, form=form)
    actions.enter(account, "totp")
    db.session.commit()
    if method == "recovery":
        flash(
            _("You used a recovery code. Codes left: %(number)d.", number=second_factor.codes_left(account)), "warning"
        )
    return redirect(way_in(target), 303)


@staff.page("/account/second-factor", Permission.SEE_OWN_ACCOUNT, methods=("GET", "POST"))
def manage_factor() -> Response:
    """Whether there is a second factor; start to set one up, renew the codes on paper, switch it off."""
    account = signed_in_account()
    form = ChangeFactorForm(account.totp_since is not None, second_factor_setup.is_fresh())
    if not form.validate_on_submit():
        return _manage(account, form, 422 if request.method == "POST" else 200)
    try:
        second_factor_setup.prove(account, value_of(form, "password"), value_of(form, "code"))
        return DEEDS[form.deed.data](account)
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        db.session.commit()  # the failure is counted
        return _manage(account, form, refusal.status)


def value_of(form: ChangeFactorForm, name: str) -> str | None:
    """What was typed in a field; None where the form does not ask for it."""
    return form[name].data if name in form else None


def _manage(account: Account, form: ChangeFactorForm, status: int) -> Response:
    return show(
        "accounts/factor.html", status=status, form=form, since=account.totp_since,
        left=second_factor.codes_left(account), compulsory=second_factor.is_compulsory(account.id),
    )  # fmt: skip


def _start(account: Account) -> Response:
    second_factor_setup.start(account)
    return done(url_for("staff.scan_factor"))


def _renew(account: Account) -> Response:
    if account.totp_since is None:
        abort(404)
    second_factor_setup.draft_codes(account)
    return done(url_for("staff.keep_codes"))


def _switch_off(account: Account) -> Response:
    second_factor_setup.switch_off(account)
    flash(_("The sign-in code is off. From now on your password alone opens your account."), "success")
    return done(url_for("staff.manage_factor"))


DEEDS = {"start": _start, "renew": _renew, "off": _switch_off}


@staff.page("/account/second-factor/phone", Permission.SEE_OWN_ACCOUNT, methods=("GET", "POST"))
def scan_factor() -> Response:
    """The square to scan, and the first code as proof that the phone has it."""
    account, form = signed_in_account(), CodeForm()
    draft = draft_of(account)
    if draft is None or draft.secret is None:
        return _begin_again()
    shown = {"picture": second_factor_setup.picture_of(account, draft.secret), "secret": draft.secret, "form": form}
    if not form.validate_on_submit():
        return show("accounts/factor_phone.html", status=422 if request.method == "POST" else 200, **shown)
    try:
        second_factor_setup.confirm(account, draft, form.code.data)
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        return show("accounts/factor_phone.html", status=422, **shown)
    return done(url_for("staff.keep_codes"))


@staff.page("/account/second-factor/codes", Permission.SEE_OWN_ACCOUNT, methods=("GET", "POST"))
def keep_codes() -> Response:
    """The codes on paper, shown until the person says that they are kept; then everything comes into force."""
    account, form = signed_in_account(), KeptCodesForm()
    draft = draft_of(account)
    if draft is None or not draft.codes:
        return _begin_again()
    if not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        return show(
            "accounts/factor_codes.html", status=status, form=form, codes=draft.codes, is_new=bool(draft.secret)
        )
    second_factor_setup.finish(account, draft)
    flash(_("The sign-in code is on.") if draft.secret else _("The new recovery codes are in force."), "success")
    return done(url_for("staff.manage_factor"))


def _begin_again() -> Response:
    return redirect(url_for("staff.manage_factor"), 303 if request.method == "POST" else 302)
