"""The first page of a portal that belongs to nobody yet: who has the code of the terminal becomes its administrator.

Once there is somebody of the staff this address is gone for ever.
"""

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from portal.errors import Refused
from portal.extensions import db
from portal.pages import show
from portal.setup import actions, queries
from portal.setup.forms import AdministratorForm

setup_pages = Blueprint("setup", __name__)


@setup_pages.route("/setup", methods=["GET", "POST"])
def begin() -> Response:
    """Ask for the code and for who one is."""
    if not queries.is_new():
        abort(404)
    form = AdministratorForm()
    if request.method != "POST":
        return show("setup/begin.html", form=form)
    if not form.validate():
        return show("setup/begin.html", status=422, form=form)
    try:
        actions.check_code(form.code.data or "", request.remote_addr or "")
        actions.found_agency(
            form.email.data or "", form.first_name.data or "", form.last_name.data or "", form.password.data or ""
        )
    except Refused as refusal:
        form.form_errors.append(refusal.message)
        db.session.commit()  # the wrong code is counted
        return show("setup/begin.html", status=refusal.status, form=form)
    db.session.commit()
    return redirect(url_for("staff.set_up"), 303)
