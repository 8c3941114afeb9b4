"""When one is mailed about conversations, on the account page of the three portals."""

from flask import abort, flash, g, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.accounts.own import my_page
from portal.forms import refused
from portal.pages import done
from portal.portals import client, staff, worker
from portal.roles import Permission
from portal.threads.choices import NoticesForm, choose, notices_context


@client.page("/account/notices", Permission.SEE_OWN_ACCOUNT, methods=("GET", "POST"))
@worker.page("/account/notices", Permission.SEE_OWN_ACCOUNT, methods=("GET", "POST"))
@staff.page("/account/notices", Permission.SEE_OWN_ACCOUNT, methods=("GET", "POST"))
def choose_notices() -> Response:
    if not g.user.sees_threads:
        abort(404)
    form = NoticesForm(g.user)
    if status := refused(form, lambda: choose(g.user, form.chosen())):
        return my_page("threads/notices.html", status, panel_context=notices_context(form))
    flash(_("Saved: this is when mails about conversations come."), "success")
    return done(url_for(f"{g.portal}.me"))
