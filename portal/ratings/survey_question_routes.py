"""What is switched on and off beside the survey, and the questions before what is not taken back with one click."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response
from wtforms import HiddenField

from portal.forms import PortalForm, number_in, refused
from portal.pages import done, show
from portal.portals import staff
from portal.ratings import survey_actions
from portal.ratings.survey import set_ups
from portal.ratings.survey_actions import RATINGS, SWITCHES
from portal.ratings.survey_queries import asks_waiting
from portal.ratings.survey_routes import MODULE, address_of, asked_service
from portal.ratings.trial import asked_in_test
from portal.roles import Permission
from portal.settings.queries import option


@staff.page("/survey/switch", Permission.CHANGE_OPTIONS, methods=("POST",), module=MODULE)
def switch_survey() -> Response:
    """Turn client ratings, 0 stars or the notices that a visit is done on or off; ratings off after a question."""
    key, word = request.form.get("key"), request.form.get("on")
    if key not in SWITCHES or word not in ("yes", "no"):
        abort(400)
    if (key, word) == (RATINGS, "no"):
        return done(url_for("staff.switch_ratings_off"))
    survey_actions.switch(g.user, key, word == "yes")
    flash(_("Saved."), "success")
    return done(address_of(asked_service()))


@staff.page("/survey/ratings-off", Permission.CHANGE_OPTIONS, methods=("GET", "POST"), module=MODULE)
def switch_ratings_off() -> Response:
    """*Désactiver les évaluations des clients*: what becomes of those who are to be asked, then the button."""
    if request.method == "GET" and option(RATINGS):
        return show("ratings/ratings_off.html", waiting=asks_waiting(), back_url=address_of(None))
    if request.method == "POST":
        survey_actions.switch(g.user, RATINGS, False)
        flash(_("Clients are not asked any more."), "success")
    return done(address_of(None))


class RemovalForm(PortalForm):
    version = HiddenField()  # of the survey that the page shows


@staff.page("/survey/removal", Permission.EDIT_SURVEY, methods=("GET", "POST"), module=MODULE)
def remove_survey() -> Response:
    """Ask about a service's visits what the agency asks about all."""
    service, form = asked_service() or abort(404), RemovalForm()
    seen = number_in(form.version.data) or 0
    if status := refused(form, lambda: survey_actions.remove_survey(g.user, service.id, seen)):
        own = set_ups().get(service.id)
        if own is None:
            return done(address_of(service))
        form.version.data = str(own.version)
        return show("ratings/survey_removal.html", status=status, form=form, service=service,
                    own=asked_in_test(service), agencys=asked_in_test(service, by_agency=True),
                    back_url=address_of(service))  # fmt: skip
    flash(_("The agency’s survey is asked about these visits again."), "success")
    return done(address_of(service))
