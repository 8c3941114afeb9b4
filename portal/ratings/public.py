"""The pages behind mailed links: see one visit and rate it without signing in, stop such mails.

GET and HEAD change nothing, however often: mail scanners open every link. Only a POST records. No cookie is set and
nothing is said about anybody to a link that is not ours.
"""

from typing import cast
from urllib.parse import urlencode

from flask import Blueprint, request, url_for
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from werkzeug.wrappers import Response

from portal.accounts.throttles import brake, count_hit, place_of
from portal.errors import Refused
from portal.extensions import csrf, db
from portal.forms import STAR_WORDS
from portal.i18n import go_on_in
from portal.links import make_token
from portal.outbox.models import SMS, Message
from portal.pages import show
from portal.portals import in_transaction
from portal.ratings import actions, choices, notices, queries
from portal.ratings.forms import PublicRatingForm, present_of, seen_of
from portal.ratings.link_models import VisitLink
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.ratings.opened import Opened, open_link, state_of
from portal.ratings.standing import NOTICES, REQUESTS
from portal.ratings.survey import asked_about
from portal.ratings.words import who_reads
from portal.settings.queries import option
from portal.visits.queries import stage

open_pages = Blueprint("open", __name__)
PUBLIC_STAGES = {  # as the client reads it
    "draft": "",
    "planned": lazy_pgettext("visit", "Planned"),
    "past": _l("Not yet confirmed as done"),
    "done": _l("Completed"),
    "cancelled": _l("Cancelled"),
}
WRONG_LINKS, WRONG_LINKS_OVERALL, WRONG_MINUTES = 30, 1000, 5  # from one network address, from all; in so many minutes


@open_pages.route("/r/<token>", methods=["GET", "POST"])
@csrf.exempt
def rate(token: str) -> Response:
    """See one visit with a link that came by mail or from the agency, and rate it once done. `?stars=4` preselects;
    POST records."""
    return in_transaction(_rate, token=token)


def _rate(token: str) -> Response:
    opened = open_link(token)
    go_on_in(opened.language if opened else None)
    state = state_of(opened)
    late = 409 if request.method == "POST" else 200
    if opened and state == "answered":
        return _show_answered(opened, late)
    if opened and (state in ("waits", "told") or (state == "expired" and isinstance(opened.by, VisitLink))):
        return _show_visit(opened, late)
    if opened is None or state != "open":
        return refuse(state, opened)
    asked = asked_about(cast("RatingSubject", opened.subject))
    rating = queries.rating_of(opened.subject) if opened.subject else None
    anew = rating is not None and (queries.is_asked_anew(opened.by, rating) or not opened.sees_ratings)
    begun = None if request.method == "POST" else _begun(rating)
    form = PublicRatingForm(asked, present_of(rating, anew) if rating else None, data=begun)
    if form.is_overtaken(rating):
        return _show_both(opened, form)
    if request.method != "POST" or not form.validate():
        return _form(opened, form, status=422 if request.method == "POST" else 200)
    return _answer(opened, form)


def _begun(rating: Rating | None) -> dict[str, str]:
    """What the address chooses, and what the page has seen."""
    return {"seen": seen_of(rating)} | ({"stars": stars} if (stars := request.args.get("stars")) else {})


def _answer(opened: Opened, form: PublicRatingForm) -> Response:
    stars, comment = form.stars.stars, form.said_comment
    try:
        actions.answer_link(opened, stars, comment, form.details, trapped=bool(form.website.data))
    except Refused as refusal:
        db.session.rollback()
        if refusal.code in ("rated", "changed"):
            return _show_both(opened, form) if state_of(opened) == "open" else _show_answered(opened, status=409)
        form.form_errors.append(refusal.message)
        return _form(opened, form, status=422)
    low = queries.is_low(stars)
    calls = form.details.call_back
    return show("ratings/thanks.html", stars=stars, calls=calls, comment=comment or None, words=STAR_WORDS, low=low,
                thanks=form.asked.thanks, **_frame())  # fmt: skip


def _show_both(opened: Opened, form: PublicRatingForm) -> Response:
    """What another tab has said meanwhile beside what was typed into this one: whoever saves now means it."""
    rating = queries.rating_of(cast("RatingSubject", opened.subject))
    form.seen.data = seen_of(rating)
    return _form(opened, form, status=409, stands=rating)


def _form(opened: Opened, form: PublicRatingForm, status: int, stands: Rating | None = None) -> Response:
    again = opened.by.again and opened.subject is not None and queries.rating_of(opened.subject) is not None
    return show("ratings/public.html", status=status, visit=_facts(opened), again=again, form=form,
                overtaken=stands is not None, stands=_words_of(opened, stands),
                rated=form.present.stars is not None, handling=opened.is_handling, address=_address(),
                readers=who_reads(not opened.is_handling), question=form.asked.question,
                words=STAR_WORDS, offer_zero=option("ratings.offer_zero"), **_frame(opened))  # fmt: skip


def _words_of(opened: Opened, rating: Rating | None) -> dict:
    """What a page behind a link may show of a rating: the portal's words stay behind the sign-in."""
    if rating is None or not opened.sees_ratings:
        return {"stars": None, "comment": None}
    return {"stars": rating.stars, "comment": rating.comment if rating.channel in queries.BY_LINK else None}


def _facts(opened: Opened) -> dict:
    """What the page says of a visit: date, service and first names: what the person knows anyway, and nothing for who
    finds the mail. Of a visit on which there was an incident, no state and nobody's name."""
    visit, handling = opened.visit, opened.is_handling
    now = stage(visit.state, visit.starts_at, visit.ends_at)
    if now == "in_progress":  # the plan says so, and nobody else: on the way or begun is what somebody clocked in for
        now = "planned"
    return {
        "service": visit.service.name,
        "starts_at": visit.starts_at,
        "workers": [] if handling else [worker.first_name for worker in visit.workers],
        "stage": None if handling else now,
        "stage_label": PUBLIC_STAGES[now],
    }


def _show_visit(opened: Opened, status: int) -> Response:
    """The page of a visit that cannot be rated now: not yet, or not any more."""
    return show("ratings/visit.html", status=status, visit=_facts(opened), rateable=queries.is_open(), **_frame(opened))


def _show_answered(opened: Opened, status: int) -> Response:
    rating = queries.rating_of(opened.subject) if opened.subject else None
    by_agency = rating is not None and rating.channel == "staff"
    return show(
        "ratings/answered.html", status=status, words=STAR_WORDS, by_agency=by_agency, visit=_facts(opened),
        unsaved=request.form.get("comment", "").strip(), **_words_of(opened, rating), **_frame(opened)
    )  # fmt: skip


def refuse(state: str, opened: Opened | None = None) -> Response:
    """Say that a link does not open; all links that are not ours get one answer. Only these are counted.

    Args:
        state: as `state_of` says.
        opened: what it names: the visit can perhaps still be rated on the portal.
    """
    if state != "invalid":
        waits = opened is not None and opened.subject is not None and queries.waits_on_the_portal(opened.subject)
        handling = opened is not None and opened.is_handling
        # who is not written to any more reads nothing of the visit either
        visit = _facts(opened) if opened and state != "revoked" else None
        reason = "revoked" if state == "taken_back" else state
        return show("ratings/refused.html", status=410, reason=reason, waits=waits, handling=handling, visit=visit,
                    **_frame())  # fmt: skip
    buckets = {f"wrong-link:{place_of(request.remote_addr)}": WRONG_LINKS, "wrong-link": WRONG_LINKS_OVERALL}
    try:
        for bucket, limit in buckets.items():
            brake(bucket, limit, WRONG_MINUTES)
    except Refused:
        answer = show("ratings/refused.html", status=429, reason="throttled", handling=False, visit=None, **_frame())
        answer.headers["Retry-After"] = str(60 * WRONG_MINUTES)
        return answer
    if request.method == "POST":
        for bucket in buckets:
            count_hit(bucket, WRONG_MINUTES)
        db.session.commit()
    return show("ratings/refused.html", status=404, reason="invalid", handling=False, visit=None, **_frame())


def _address() -> str:
    """Where the page posts to: what was chosen to read it in stays chosen."""
    return f"{request.path}?{urlencode({'lang': chosen})}" if (chosen := request.args.get("lang")) else request.path


def _frame(opened: Opened | None = None) -> dict:
    found = _letter_of(opened) if opened else None
    stop_url = url_for("open.unsubscribe", token=make_token("unsubscribe", found[0].public_id)) if found else None
    return {"language_links": True, "sign_in_url": url_for("accounts.sign_in"), "stop_url": stop_url,
            "stops": found[1] if found else None}  # fmt: skip


def _letter_of(opened: Opened) -> tuple[Message, str] | None:
    """The text message by which somebody has come, and what they may have no more of: it had no room to say so."""
    if opened.channel != SMS:
        return None
    if isinstance(opened.by, RatingRequest):
        return opened.by.message, REQUESTS
    told = notices.notice_to(opened.subject.id, opened.by.address) if opened.subject else None
    return (told, NOTICES) if told else None


@open_pages.route("/unsubscribe/<token>", methods=["GET", "POST"])
@csrf.exempt
def unsubscribe(token: str) -> Response:
    """Stop the mails of one kind to an address (RFC 8058), rating requests or notices of completed visits: a POST acts,
    with no cookie, question or redirect.

    The page that says so lets the person take it back. These links never expire.
    """
    return in_transaction(_unsubscribe, token=token)


def _unsubscribe(token: str) -> Response:
    letter = letter_by_token(token)
    if letter is None:
        return refuse("invalid")
    go_on_in(letter.message.language)
    if request.method == "POST":
        choices.choose_by_link(letter, wanted="again" in request.form)  # which no mail program ever posts
    again = request.method == "POST" and "again" in request.form
    return show("ratings/unsubscribe.html", stopped=choices.reader_has_stopped(letter), again=again,
                about=letter.about, address=_address(), **_frame())  # fmt: skip


def letter_by_token(token: str) -> choices.Letter | None:
    """Follow the link with which one stops mails; None when it is not one of ours."""
    if asked := queries.request_by_unsubscribe_token(token):
        return choices.Letter(asked.message, REQUESTS, asked.subject.visit.client)
    if told := notices.notice_by_token(token):
        return choices.Letter(told, NOTICES, notices.visit_of(told).client)
    return None


@open_pages.after_request
def keep_private(response: Response) -> Response:
    """A mailed page is for one person: not for caches, search engines or the next site's logs."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["X-Robots-Tag"] = "noindex"
    return response
