"""*Mes évaluations* on the workers' portal, where the agency has switched it on."""

from flask import abort, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.forms import PortalForm, refused
from portal.pages import done, show
from portal.portals import worker
from portal.ratings import own, own_actions
from portal.ratings.own_forms import WordForm
from portal.roles import Permission

MODULE = "ratings.workers_see"


@worker.page("/ratings", Permission.SEE_OWN_RATINGS, methods=("GET", "POST"), module=MODULE)
def list_own_ratings() -> Response:
    """The information notice first; once it is read, one's own figures and ratings."""
    if request.method == "POST" and not refused(PortalForm(), lambda: own_actions.read_notice(g.user)):
        return done(url_for("worker.list_own_ratings"))
    if not own.has_read_notice(g.user):
        return show("ratings/own_notice.html", form=PortalForm())
    return show("ratings/own.html", figures=own.own_figures(g.user), page=own.list_own(g.user))


@worker.page("/ratings/<int:rating_id>", Permission.SEE_OWN_RATINGS, methods=("GET", "POST"), module=MODULE)
def answer_own_rating(rating_id: int) -> Response:
    """Reply to a rating, or contest it."""
    if not own.has_read_notice(g.user):
        return redirect(url_for("worker.list_own_ratings"), 303)
    rating = own.own_rating(g.user, rating_id) or abort(404)
    form = WordForm(data=None if request.method == "POST" else {"version": rating.version})

    def say() -> None:
        own_actions.say(g.user, rating, str(form.kind.data), form.text.data or "", form.seen_version)

    if status := refused(form, say):
        visit = rating.subject.visit
        form.version.data = str(rating.version)  # what is shown now is what is answered the next time
        return show("ratings/own_word.html", status=status, rating=rating, visit=visit, form=form)
    flash(_("The agency has your words."), "success")
    return done(url_for("worker.list_own_ratings"))
