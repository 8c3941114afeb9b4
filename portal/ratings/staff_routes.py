"""What staff do about the rating of a visit: type it for the client, ask again, answer, have it not counted."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from portal.accounts.queries import safe_next
from portal.errors import Refused
from portal.extensions import db
from portal.forms import STAR_WORDS, PortalForm, refused
from portal.outbox.models import MAIL, SMS
from portal.pages import done, show
from portal.portals import staff
from portal.ratings import again, exclusion, on_behalf, queries, replies, survey
from portal.ratings.forms import ExcludeForm, ReplyForm, SeenForm, TypedRatingForm, present_of
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.values import refuse_unless_file_is_open
from portal.ratings.words import in_words
from portal.roles import Permission
from portal.settings.queries import option
from portal.visits.queries import row_of
from portal.visits.ways import followed_from

MODULE = "ratings.enabled"
_ON_ITS_WAY = {
    MAIL: _l("The mail that asks for a rating is on its way."),
    SMS: _l("The text message that asks for a rating is on its way."),
}


@staff.page("/visits/<int:visit_id>/rating", Permission.RATE_FOR_CLIENTS, methods=("GET", "POST"), module=MODULE)
def rate_visit(visit_id: int) -> Response:
    """*Créer une évaluation client*: the client's own window, with how the rating was given and when; the same address
    corrects what the agency has typed."""
    _visit, subject, rating = queries.visit_to_rate(g.user, visit_id) or abort(404)
    form = _form(visit_id, subject, rating)
    try:
        on_behalf.refuse_unless_typeable(subject, rating)
        if request.method != "POST":
            return _window(visit_id, form, rating)
        if not form.validate():
            return _window(visit_id, form, rating, status=422)
        _type(subject, rating, form)
    except Refused as refusal:
        if request.method == "POST":
            return _refused(visit_id, form, refusal)
        return _window(visit_id, None, rating, 409, refusal.message)
    flash(_("The rating is saved. It is marked as entered by the agency."), "success")
    return done(_back(visit_id))


def _form(visit_id: int, subject: RatingSubject | None, rating: Rating | None) -> TypedRatingForm:
    """The window as it opens: empty, or with what the agency has typed."""
    ended_at, asked = subject.ended_at if subject else None, survey.asked_about_visit(visit_id)
    if rating is None or rating.channel != "staff":
        return TypedRatingForm(asked, ended_at)
    return TypedRatingForm(asked, ended_at, rating.given_at, present=present_of(rating), data={"how": rating.given_how})


def _type(subject: RatingSubject | None, rating: Rating | None, form: TypedRatingForm) -> None:
    if rating and form.seen_version:
        on_behalf.correct_typing(g.user, rating, form.said, form.seen_version)
    else:
        on_behalf.type_rating(g.user, subject, form.said)


def _refused(visit_id: int, form: TypedRatingForm, refusal: Refused) -> Response:
    """What was typed, and why it is not saved. Where a colleague was faster, the texts of both: who then sends theirs
    again has seen the other."""
    db.session.rollback()
    _visit, _subject, rating = queries.visit_to_rate(g.user, visit_id) or abort(404)
    if rating is None or rating.channel != "staff" or rating.version == form.seen_version:
        return _window(visit_id, form, rating, 409, refusal.message)
    form.version.data = str(rating.version)
    return _window(visit_id, form, rating, 409, standing=rating)


def _window(
    visit_id: int, form: TypedRatingForm | None, rating: Rating | None, status: int = 200, refusal: object = None,
    standing: Rating | None = None,
) -> Response:  # fmt: skip
    row, asked = row_of(g.user, visit_id), form.asked if form else survey.asked_about_visit(visit_id)
    heading = _("Correct what the agency entered") if rating else _("Create a client rating")
    return show(
        "ratings/staff_window.html", "ratings/_form.html", status=status,
        visit=row, form=form, question=asked.question, words=STAR_WORDS,
        offer_zero=option("ratings.offer_zero"),
        action_url=url_for("staff.rate_visit", visit_id=visit_id, next=_back(visit_id)), back_url=_back(visit_id),
        refusal=refusal, for_whom=row.client, heading=heading, again=False, typed=in_words(rating) if rating else None,
        standing=standing,
    )  # fmt: skip


def _back(visit_id: int) -> str:
    """Where one came from, at the line of the visit: the window opens from lists and plannings too."""
    here = followed_from() if request.method == "GET" else None
    visit = url_for("staff.show_visit", visit_id=visit_id)
    back = safe_next(request.args.get("next")) or here or visit
    return back if "#" in back or back == visit else f"{back}#visit-{visit_id}"


@staff.page("/visits/<int:visit_id>/rating/request", Permission.ASK_AGAIN, methods=("GET", "POST"), module=MODULE)
def ask_again(visit_id: int) -> Response:
    """*Redemander une évaluation*: asked first, with whom it goes to, when, and when the client was last asked."""
    _visit, subject, rating = queries.visit_to_rate(g.user, visit_id) or abort(404)
    form, heading = SeenForm(), _("Ask for a rating again") if rating else _("Ask for a rating now")
    try:
        question = again.question_of(g.user, subject, rating)
        if not form.validate_on_submit():
            form.version.data = str(question.rounds)
            return _deed("ratings/_ask.html", heading, visit_id, form, question=question)
        channel = again.ask_again(g.user, subject, rating, form.seen_version)
    except Refused as refusal:
        return _deed("ratings/_ask.html", heading, visit_id, None, 409, refusal.message)
    flash(str(_ON_ITS_WAY[channel]), "success")
    return done(_back(visit_id))


@staff.page("/ratings/<int:rating_id>/reply", Permission.REPLY_TO_RATINGS, methods=("GET", "POST"), module=MODULE)
def reply_to_rating(rating_id: int) -> Response:
    """Answer whoever has left a rating; who reads the mail is said before."""
    rating, form = queries.visible_rating(g.user, rating_id) or abort(404), ReplyForm()
    visit_id = rating.subject.visit.id
    refuse_unless_file_is_open(g.user, rating.subject.visit)
    if status := refused(form, lambda: replies.reply(g.user, rating, form.text.data or "")):
        shown = {"rating": rating, "person": replies.person_to_answer(rating)}
        return _deed("ratings/_reply.html", _("Answer the client"), visit_id, form, status, **shown)
    flash(_("Your answer stands on the client’s portal."), "success")
    return done(_back(visit_id))


@staff.page("/ratings/<int:rating_id>/exclusion", Permission.EXCLUDE_RATINGS, methods=("GET", "POST"), module=MODULE)
def exclude_rating(rating_id: int) -> Response:
    """Have a rating not counted, with a reason; it stays where it is, struck through."""
    rating = queries.visible_rating(g.user, rating_id) or abort(404)
    form = ExcludeForm(data=None if request.method == "POST" else {"version": rating.version})
    visit_id = rating.subject.visit.id

    def exclude() -> None:
        exclusion.exclude_rating(g.user, rating, form.reason.data or "", form.seen_version)

    if status := refused(form, exclude):
        heading = _("Exclude from statistics")
        return _deed("ratings/_exclude.html", heading, visit_id, form, status, rating=rating)
    flash(_("The rating is not counted any more. It stays where it is, struck through."), "success")
    return done(_back(visit_id))


@staff.page("/ratings/<int:rating_id>/inclusion", Permission.EXCLUDE_RATINGS, methods=("POST",), module=MODULE)
def include_rating(rating_id: int) -> Response:
    """Have a rating counted again that was excluded."""
    rating = queries.visible_rating(g.user, rating_id) or abort(404)
    exclusion.include_rating(g.user, rating)
    flash(_("The rating is counted again."), "success")
    return done(_back(rating.subject.visit.id))


def _deed(
    part: str, heading: str, visit_id: int, form: PortalForm | None, status: int = 200, refusal: object = None,
    **context: object,
) -> Response:  # fmt: skip
    """A question of staff's, in the dialog or as a page of its own; without a form, why it cannot be asked."""
    return show(
        "ratings/staff_deed.html", "ratings/_staff_deed.html", status=status,
        part=part, heading=heading, visit=row_of(g.user, visit_id), form=form, refusal=refusal, words=STAR_WORDS,
        action_url=request.full_path.rstrip("?"), back_url=_back(visit_id), **context,
    )  # fmt: skip
