"""*Colonnes*: what the lists of visits show."""

from flask import flash, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import BooleanField

from portal.accounts.queries import safe_next
from portal.forms import PortalForm, refused
from portal.pages import done, show
from portal.portals import staff
from portal.roles import Permission
from portal.visits.column_choice import choose_columns, shows_ratings


class ColumnsForm(PortalForm):
    rating = BooleanField(_l("Rating"))


@staff.page("/columns", Permission.SEE_VISITS, methods=("GET", "POST"), module="ratings.enabled")
def choose_visit_columns() -> Response:
    """Switch the column *Évaluation* on or off in every list of visits, for oneself."""
    back = safe_next(request.args.get("next")) or url_for("staff.list_visits")
    form = ColumnsForm(data=None if request.method == "POST" else {"rating": shows_ratings()})
    if status := refused(form, lambda: choose_columns(g.user, rating=form.rating.data)):
        return show("visits/columns.html", status=status, form=form, back=back)
    flash(_("Your choice is kept."), "success")
    return done(back)
