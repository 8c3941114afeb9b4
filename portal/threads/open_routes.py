"""*Nous contacter*: opening a conversation on the portals of clients and workers."""

from flask import abort, flash, g, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.forms import refused
from portal.pages import done
from portal.portals import client, worker
from portal.roles import Permission
from portal.threads import opening
from portal.threads.models import Thread
from portal.threads.open_forms import OwnForm
from portal.threads.queries import writes_to_others
from portal.threads.routes import in_portal
from portal.threads.words import BARRED


@client.page("/threads/new", Permission.READ_THREADS, methods=("GET", "POST"), module="threads.contact")
@worker.page("/threads/new", Permission.READ_THREADS, methods=("GET", "POST"), module="threads.contact")
def open_thread() -> Response:
    """*Nous contacter*: write to the agency; and to one other person, if the agency allows that."""
    if not g.user.sees_threads:
        abort(404)
    barred = None if writes_to_others(g.user) else BARRED[g.portal]
    form = OwnForm("worker" if g.user.worker_id else "client", opening.others_for(g.user), barred)
    made: list[Thread] = []
    if status := refused(form, lambda: made.append(opening.open_own(g.user, form.opening()))):
        return in_portal(
            "threads/open.html", "threads/_open.html", status, form=form, reader=opening.first_reader(g.user),
            along=opening.relatives_along(g.user), barred=barred,
        )  # fmt: skip
    flash(_("Your message has been sent."), "success")
    return done(url_for(f"{g.portal}.show_thread", thread_id=made[0].id))
