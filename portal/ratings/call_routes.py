"""*À rappeler*: clients who asked to be called back when they rated a visit."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.accounts.queries import safe_next
from portal.pages import done, show
from portal.portals import staff
from portal.ratings import calls
from portal.ratings.queries import visible_rating
from portal.roles import Permission

MODULE = "ratings.enabled"
MOST = 100  # on one page: nobody calls more in a day


@staff.page("/ratings/calls", Permission.SEE_RATINGS, module=MODULE)
def list_calls() -> Response:
    waiting, total = calls.to_call(g.user, MOST)
    return show("ratings/calls.html", waiting=waiting, total=total)


@staff.page("/ratings/<int:rating_id>/call", Permission.LOOK_AT_RATINGS, methods=("POST",), module=MODULE)
def note_call(rating_id: int) -> Response:
    """Somebody has called."""
    rating = visible_rating(g.user, rating_id) or abort(404)
    calls.note_call(g.user, rating)
    flash(_("It is written down that you have called."), "success")
    return done(safe_next(request.form.get("next")) or url_for("staff.list_calls"))
