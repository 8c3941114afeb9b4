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
    rating, form = own.own_rating(g.user, rating_id) or abort(404), WordForm()
    if status := refused(form, lambda: own_actions.say(g.user, rating, str(form.kind.data), form.text.data or "")):
        visit = rating.subject.visit
        return show("ratings/own_word.html", status=status, rating=rating, visit=visit, form=form)
    flash(_("The agency has your words."), "success")
    return done(url_for("worker.list_own_ratings"))
