"""What staff do about the rating of a visit: type it for the client."""

from flask import abort, flash, g, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.accounts.queries import safe_next
from portal.errors import Refused
from portal.forms import STAR_WORDS
from portal.pages import done, show
from portal.portals import staff
from portal.ratings import on_behalf, queries
from portal.ratings.forms import TypedRatingForm
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.words import in_words
from portal.roles import Permission
from portal.settings.queries import option
from portal.visits.queries import row_of

MODULE = "ratings.enabled"


@staff.page("/visits/<int:visit_id>/rating", Permission.RATE_FOR_CLIENTS, methods=("GET", "POST"), module=MODULE)
def rate_visit(visit_id: int) -> Response:
    """*Créer une évaluation client*: the client's own window, with how the rating was given and when; the same address
    corrects what the agency has typed."""
    _visit, subject, rating = queries.visit_to_rate(g.user, visit_id) or abort(404)
    form = _form(subject, rating)
    try:
        on_behalf.refuse_unless_typeable(subject, rating)
        if request.method != "POST":
            return _window(visit_id, form, rating)
        if not form.validate():
            return _window(visit_id, form, rating, status=422)
        _type(subject, rating, form)
    except Refused as refusal:
        return _window(visit_id, form if request.method == "POST" else None, rating, 409, refusal.message)
    flash(_("The rating is saved. It is marked as entered by the agency."), "success")
    return done(_back(visit_id))


def _form(subject: RatingSubject | None, rating: Rating | None) -> TypedRatingForm:
    """The window as it opens: empty, or with what the agency has typed."""
    ended_at = subject.ended_at if subject else None
    if request.method == "POST" or rating is None or rating.channel != "staff":
        return TypedRatingForm(ended_at)
    present = {"stars": rating.stars, "comment": rating.comment, "version": rating.version, "how": rating.given_how}
    return TypedRatingForm(ended_at, rating.given_at, data=present)


def _type(subject: RatingSubject | None, rating: Rating | None, form: TypedRatingForm) -> None:
    if rating and form.seen_version:
        on_behalf.correct_typing(g.user, rating, form.said, form.seen_version)
    else:
        on_behalf.type_rating(g.user, subject, form.said)


def _window(
    visit_id: int, form: TypedRatingForm | None, rating: Rating | None, status: int = 200, refusal: object = None
) -> Response:
    row, back = row_of(g.user, visit_id), _back(visit_id)
    heading = _("Correct what the agency entered") if rating else _("Create a client rating")
    return show(
        "ratings/staff_window.html", "ratings/_form.html", status=status,
        visit=row, form=form, question=queries.question_about(visit_id), words=STAR_WORDS,
        offer_zero=option("ratings.offer_zero"),
        action_url=request.full_path.rstrip("?"), back_url=back, refusal=refusal,
        current=rating.stars if rating else None, for_whom=row.client, heading=heading,
        typed=in_words(rating.typed_by, rating.given_how, rating.given_at) if rating else None,
    )  # fmt: skip


def _back(visit_id: int) -> str:
    """Where one came from: the window opens from lists and plannings too."""
    return safe_next(request.args.get("next")) or url_for("staff.show_visit", visit_id=visit_id)
