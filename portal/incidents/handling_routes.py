"""The client, or a relative, rates how an incident was handled, once the agency has asked; staff take note of it."""

from dataclasses import replace

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.accounts.queries import safe_next
from portal.errors import Refused
from portal.extensions import db
from portal.forms import STAR_WORDS
from portal.incidents.models import Incident
from portal.incidents.queries import incident_of
from portal.pages import done, show
from portal.portals import client, staff
from portal.ratings import actions
from portal.ratings.forms import RatingForm, present_of
from portal.ratings.handling import handling_of, refuse_unless_rateable
from portal.ratings.low import look_at
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.survey import Asked, asked_about
from portal.roles import Permission
from portal.settings.queries import option
from portal.threads.actions import raise_version
from portal.visits.queries import row_of


@client.page("/incidents/<int:incident_id>/rating", Permission.RATE_OWN_VISITS, methods=("GET", "POST"),
             module="ratings.enabled")  # fmt: skip
def rate_handling(incident_id: int) -> Response:
    if not option("incidents.enabled"):
        abort(404)
    incident = incident_of(g.user, incident_id) or abort(404)
    subject, rating = handling_of(incident_id) or abort(404)
    asked, typed = asked_about(subject), request.method == "POST"
    try:
        refuse_unless_rateable(g.user, subject, rating)
        form = RatingForm(asked, present_of(rating) if rating else None)
        if not form.validate_on_submit():
            return _window(incident, asked, form, 422 if typed else 200)
        _rate(subject, rating, form)
    except Refused as refusal:
        db.session.rollback()
        return _window(incident, asked, RatingForm(asked) if typed else None, 409, refusal.message)
    flash(_("Thank you. Your answer has reached the agency."), "success")
    return done(_thread_of(incident))


def _rate(subject: RatingSubject, rating: Rating | None, form: RatingForm) -> None:
    if rating and form.seen_version:
        actions.change_rating(g.user, rating, form.stars.stars, form.said_comment, form.seen_version)
    else:
        actions.leave_rating(g.user, subject, form.stars.stars, form.said_comment)


def _window(incident: Incident, asked: Asked, form: RatingForm | None, status: int, refusal: object = None) -> Response:
    visit = replace(row_of(g.user, incident.visit_id), workers=[])  # nobody who came is rated here
    return show(
        "incidents/rate_handling.html", status=status, visit=visit, form=form,
        question=asked.question, words=STAR_WORDS, offer_zero=option("ratings.offer_zero"),
        action_url=request.path, back_url=_thread_of(incident), refusal=refusal, for_whom=None, typed=None, again=False,
    )  # fmt: skip


def _thread_of(incident: Incident) -> str:
    return url_for("client.show_thread", thread_id=incident.thread_id)


@staff.page("/incidents/<int:incident_id>/rating/look", Permission.LOOK_AT_RATINGS, methods=("POST",),
            module="ratings.enabled")  # fmt: skip
def look_at_handling(incident_id: int) -> Response:
    """Take note of a low rating of how an incident was handled, from its conversation or from the home page."""
    if not option("incidents.enabled"):
        abort(404)
    incident = incident_of(g.user, incident_id) or abort(404)
    _subject, rating = handling_of(incident_id) or abort(404)
    look_at(g.user, rating or abort(404))
    raise_version(incident.thread_id, shown=False)
    flash(_("You have taken note of this rating."), "success")
    return done(safe_next(request.form.get("next")) or url_for("staff.show_thread", thread_id=incident.thread_id))
