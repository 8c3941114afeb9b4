"""The pages behind mailed links: rate one visit without signing in, stop the requests.

GET and HEAD change nothing, however often: mail scanners open every link. Only a POST records. No cookie is set and
nothing is said about anybody to a link that is not ours.
"""

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from portal import clock
from portal.accounts.throttles import brake, count_hit, place_of
from portal.errors import Refused
from portal.extensions import csrf, db
from portal.forms import STAR_WORDS
from portal.pages import show
from portal.portals import in_transaction
from portal.ratings import actions, choices, queries
from portal.ratings.forms import PublicRatingForm
from portal.ratings.messages import recipient_of
from portal.ratings.models import RatingRequest
from portal.settings.queries import option
from portal.visits.models import State

open_pages = Blueprint("open", __name__)
WRONG_LINKS, WRONG_LINKS_OVERALL, WRONG_MINUTES = 30, 1000, 5  # from one network address, from all; in so many minutes


def answer_of_link(request_: RatingRequest | None) -> str:
    """Return what a link can do now: `open`, `answered`, `expired`, `revoked`, or `invalid` (not one of ours).

    It follows from the rows: a cancelled visit, a new address or a switched-off module closes a link by itself.
    """
    if request_ is None or request_.expires_at is None:
        return "invalid"
    subject = request_.subject
    recipient = recipient_of(subject.visit.client)
    done = subject.visit_id is None or subject.visit.state == State.DONE
    if not (done and subject.visit.client.active and queries.is_open()):
        return "revoked"
    if request_.revoked_at or recipient is None or recipient.address != request_.message.address:
        return "revoked"
    rating, over = queries.rating_of(subject), request_.expires_at <= clock.now()
    if rating and (over or not queries.can_be_changed_by_link(request_, rating)):
        return "answered"
    return "expired" if over else "open"


@open_pages.route("/r/<token>", methods=["GET", "POST"])
@csrf.exempt
def rate(token: str) -> Response:
    """Rate one visit with the link of a mail. `?stars=4` preselects; POST records."""
    return in_transaction(_rate, token=token)


def _rate(token: str) -> Response:
    found = queries.request_by_token(token)
    state = answer_of_link(found)
    if found is None or state not in ("open", "answered"):
        return refuse(state, found)
    if state == "answered":
        return _show_answered(found, status=409 if request.method == "POST" else 200)
    form = PublicRatingForm(data={"stars": request.args.get("stars")} if request.method == "GET" else None)
    if request.method != "POST" or not form.validate():
        return _form(found, form, status=422 if request.method == "POST" else 200)
    return _answer(found, form)


def _answer(found: RatingRequest, form: PublicRatingForm) -> Response:
    stars, comment = form.stars.stars, form.comment.data or ""
    try:
        actions.answer_request(found, stars, comment, trapped=bool(form.website.data))
    except Refused as refusal:
        db.session.rollback()
        if refusal.code == "rated":
            return _show_answered(found, status=409)
        form.form_errors.append(refusal.message)
        return _form(found, form, status=422)
    low = queries.is_low(stars)
    return show("ratings/thanks.html", stars=stars, comment=comment or None, words=STAR_WORDS, low=low, **_frame())


def _form(found: RatingRequest, form: PublicRatingForm, status: int) -> Response:
    """Show date, service and first name: what the person knows anyway, and nothing for who finds the mail."""
    visit, rating = found.subject.visit, queries.rating_of(found.subject) if found.again else None
    workers = visit.workers if found.subject.visit_id else []
    shown = {
        "service": visit.service.name,
        "starts_at": visit.starts_at,
        "worker_first_name": workers[0].first_name if workers else None,
    }
    return show("ratings/public.html", status=status, visit=shown, again=rating is not None, form=form,
                question=queries.question_of(found.subject),
                words=STAR_WORDS, offer_zero=option("ratings.offer_zero"), **_frame())  # fmt: skip


def _show_answered(found: RatingRequest, status: int) -> Response:
    rating = queries.rating_of(found.subject)
    by_mail = rating is not None and rating.channel == "mail"  # what was written on the portal stays behind the sign-in
    shown = {"stars": rating.stars if rating else None, "comment": rating.comment if rating and by_mail else None}
    if found.relative and not found.relative.sees_ratings:
        shown = {"stars": None, "comment": None}
    by_agency = rating is not None and rating.channel == "staff"
    return show(
        "ratings/answered.html", status=status, words=STAR_WORDS, by_agency=by_agency, **shown, **_frame()
    )  # fmt: skip


def refuse(state: str, found: RatingRequest | None = None) -> Response:
    """Say that a link does not open; all links that are not ours get one answer. Only these are counted.

    Args:
        state: as `answer_of_link` says.
        found: the request that it names: its visit can perhaps still be rated on the portal.
    """
    if state != "invalid":
        waits = found is not None and queries.waits_on_the_portal(found.subject)
        handling = found is not None and found.subject.incident_id is not None
        return show("ratings/refused.html", status=410, reason=state, waits=waits, handling=handling, **_frame())
    buckets = {f"wrong-link:{place_of(request.remote_addr)}": WRONG_LINKS, "wrong-link": WRONG_LINKS_OVERALL}
    try:
        for bucket, limit in buckets.items():
            brake(bucket, limit, WRONG_MINUTES)
    except Refused:
        answer = show("ratings/refused.html", status=429, reason="throttled", handling=False, **_frame())
        answer.headers["Retry-After"] = str(60 * WRONG_MINUTES)
        return answer
    if request.method == "POST":
        for bucket in buckets:
            count_hit(bucket, WRONG_MINUTES)
        db.session.commit()
    return show("ratings/refused.html", status=404, reason="invalid", handling=False, **_frame())


def _frame() -> dict:
    return {"language_links": True, "sign_in_url": url_for("accounts.sign_in")}


@open_pages.route("/unsubscribe/<token>", methods=["GET", "POST"])
@csrf.exempt
def unsubscribe(token: str) -> Response:
    """Stop rating requests to an address (RFC 8058): a POST acts, with no cookie, question or redirect.

    The page that says so lets the person take it back. These links never expire.
    """
    return in_transaction(_unsubscribe, token=token)


def _unsubscribe(token: str) -> Response:
    found = queries.request_by_unsubscribe_token(token)
    if found is None:
        return refuse("invalid")
    if request.method == "POST":
        choices.choose_by_link(found, wanted="again" in request.form)  # which no mail program ever posts
    again = request.method == "POST" and "again" in request.form
    return show("ratings/unsubscribe.html", stopped=choices.reader_has_stopped(found), again=again, **_frame())


@open_pages.after_request
def keep_private(response: Response) -> Response:
    """A mailed page is for one person: not for caches, search engines or the next site's logs."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
