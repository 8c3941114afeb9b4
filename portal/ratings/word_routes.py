"""What staff do about ratings that workers read: pass comments on, decide what is contested."""

from flask import abort, flash, g, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.forms import refused
from portal.pages import done, show
from portal.portals import staff
from portal.ratings import own_actions
from portal.ratings.forms import SeenForm
from portal.ratings.own_forms import DecisionForm
from portal.ratings.own_panels import list_contests, visible_word
from portal.ratings.queries import visible_rating
from portal.roles import Permission

MODULE = "ratings.workers_see"


@staff.page("/ratings/<int:rating_id>/showing", Permission.LOOK_AT_RATINGS, methods=("POST",), module=MODULE)
def show_to_worker(rating_id: int) -> Response:
    """*Montrer à l'intervenant*."""
    rating = visible_rating(g.user, rating_id) or abort(404)
    own_actions.show_comment(g.user, rating, SeenForm().seen_version)
    flash(_("The worker reads this comment from now on."), "success")
    return done(url_for("staff.show_visit", visit_id=rating.subject.visit_id))


@staff.page("/ratings/<int:rating_id>/hiding", Permission.LOOK_AT_RATINGS, methods=("POST",), module=MODULE)
def hide_from_worker(rating_id: int) -> Response:
    rating = visible_rating(g.user, rating_id) or abort(404)
    own_actions.hide_comment(g.user, rating)
    flash(_("The worker does not read this comment any more."), "success")
    return done(url_for("staff.show_visit", visit_id=rating.subject.visit_id))


@staff.page("/contests", Permission.LOOK_AT_RATINGS, module=MODULE)
def list_contested() -> Response:
    """Ratings that workers contest and nobody has decided about, those that have waited longest first."""
    return show("ratings/contests.html", rows=list_contests(g.user))


@staff.page("/contests/<int:word_id>", Permission.LOOK_AT_RATINGS, methods=("GET", "POST"), module=MODULE)
def decide_contest(word_id: int) -> Response:
    """Decide what becomes of a contested rating, with a reason that the worker reads."""
    word, form = visible_word(g.user, word_id) or abort(404), DecisionForm()

    def decide() -> None:
        accepted = form.accepted.data == "yes"
        own_actions.decide_contest(g.user, word, accepted=accepted, reason=form.reason.data or "")

    if status := refused(form, decide):
        return show("ratings/contest.html", status=status, word=word, form=form)
    flash(_("The decision is kept: the worker reads it."), "success")
    return done(url_for("staff.list_contested"))
