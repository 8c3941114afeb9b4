"""Rating a visit on the portal; the staff's list of ratings."""

from flask import abort, flash, g, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.accounts.queries import safe_next
from portal.errors import Refused
from portal.forms import STAR_WORDS
from portal.htmx import request
from portal.pages import done, show
from portal.portals import client, staff
from portal.ratings import actions, queries, survey
from portal.ratings.columns import waiting_visit
from portal.ratings.forms import RatingForm, present_of
from portal.ratings.low import look_at
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.suspects import suspect_answers
from portal.ratings.words import in_words_for_client, who_reads
from portal.roles import Permission
from portal.settings.queries import option
from portal.visits.queries import row_of

MODULE = "ratings.enabled"


@client.page("/visits/<int:visit_id>/rating", Permission.RATE_OWN_VISITS, methods=("GET", "POST"))
def rate_visit(visit_id: int) -> Response:
    """*Laisser une évaluation*: a window over the list; the same address is a page of its own."""
    on = option(MODULE)
    found = queries.visit_to_rate(g.user, visit_id)
    if found is None or not (on or request.method == "POST"):
        abort(404)
    _visit, subject, rating = found
    asked = survey.asked_about_visit(visit_id)
    form = RatingForm(asked, present_of(rating, queries.may_rate_anew(rating.asked_again_at)) if rating else None)
    if request.method != "POST":
        return _open_window(visit_id, form, subject, rating)
    if not form.validate():
        return _window(visit_id, form, rating, status=422)
    try:
        _rate(subject, rating, form)
    except Refused as refusal:
        # switched off while somebody wrote: gone like every page of the module, but what was typed stays
        return _window(visit_id, form, rating, status=409 if on else 404, refusal=refusal.message)
    if not request.wants_fragment:
        flash(asked.thanks or _("Thank you. Your rating is saved."), "success")
    return done(
        url_for("client.list_own_visits"), event="rating-left", fragment="visits/_rated.html",
        read=lambda: {"row": row_of(g.user, visit_id), "waiting": waiting_visit(g.user)}, thanks=asked.thanks,
    )  # fmt: skip


@client.page("/visits/<int:visit_id>/rating/said", Permission.SEE_OWN_VISITS, module=MODULE)
def show_rating(visit_id: int) -> Response:
    """The rating as it stands: who has given it and how, and what the agency has replied."""
    _visit, _subject, rating = queries.visit_to_rate(g.user, visit_id) or abort(404)
    if rating is None or not g.user.sees_ratings:
        abort(404)
    return show(
        "ratings/said.html", "ratings/_said.html", visit=row_of(g.user, visit_id), rating=rating, words=STAR_WORDS,
        typed=in_words_for_client(rating), back_url=url_for("client.list_own_visits"),
    )  # fmt: skip


def _open_window(visit_id: int, form: RatingForm, subject: RatingSubject | None, rating: Rating | None) -> Response:
    """Show the form, or the reason why there is none: nobody should write what will be refused."""
    try:
        actions.refuse_unless_open(g.user, subject, rating)
    except Refused as refusal:
        return _window(visit_id, None, rating, status=409, refusal=refusal.message)
    return _window(visit_id, form, rating)


def _rate(subject: RatingSubject | None, rating: Rating | None, form: RatingForm) -> None:
    if rating and form.seen_version:
        actions.change_rating(g.user, rating, form.stars.stars, form.said_comment, form.seen_version, form.details)
    else:
        actions.leave_rating(g.user, subject, form.stars.stars, form.said_comment, form.details)


def _window(
    visit_id: int, form: RatingForm | None, rating: Rating | None, status: int = 200, refusal: object = None
) -> Response:
    part = "ratings/_form_refused.html" if refusal else "ratings/_form.html"
    shown = rating if g.user.sees_ratings else None
    waiting = waiting_visit(g.user) if refusal else None
    asked = form.asked if form else survey.asked_about_visit(visit_id)
    return show(
        "ratings/window.html", part, status=status,
        visit=row_of(g.user, visit_id), form=form, question=asked.question, words=STAR_WORDS,
        offer_zero=option("ratings.offer_zero"), action_url=url_for("client.rate_visit", visit_id=visit_id),
        back_url=url_for("client.list_own_visits"), refusal=refusal, for_whom=None, waiting=waiting,
        typed=in_words_for_client(shown) if shown else None, readers=who_reads(of_visit=True),
        again=bool(rating and queries.may_rate_anew(rating.asked_again_at)),
    )  # fmt: skip


@staff.page("/ratings", Permission.SEE_RATINGS, module=MODULE)
def list_ratings() -> Response:
    """*Retour d'information des clients*, plain for now: newest first, low ones marked."""
    low, unseen = (request.args.get(name) == "1" for name in ("low", "unseen"))
    stars = request.args.get("stars", "")
    number = int(stars) if stars in set("012345") else None
    page = queries.list_ratings(g.user, low, number, only_unseen=unseen)
    return show("ratings/staff_list.html", "ratings/_staff_rows.html", page=page, words=STAR_WORDS,
                suspects=suspect_answers(g.user), only_low=low, stars=stars, only_unseen=unseen)  # fmt: skip


@staff.page("/ratings/<int:rating_id>/look", Permission.LOOK_AT_RATINGS, methods=("POST",), module=MODULE)
def look_at_rating(rating_id: int) -> Response:
    """Take note of a low rating, from the list or from the home page."""
    rating = queries.visible_rating(g.user, rating_id) or abort(404)
    look_at(g.user, rating)
    flash(_("You have taken note of this rating."), "success")
    back_to = safe_next(request.form.get("next")) or url_for("staff.list_ratings")
    return done(back_to, fragment="ratings/_staff_row.html",
                row=queries.rating_row(g.user, rating_id))  # fmt: skip
