"""*Administration › Enquête*: what clients are asked after a visit, with the window that they see beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import abort, flash, g, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal import clock
from portal.extensions import db
from portal.forms import STAR_WORDS, number_in, refused
from portal.i18n import Offered, day
from portal.pages import done, show
from portal.people.models import Service
from portal.portals import staff
from portal.ratings import survey_actions
from portal.ratings.forms import AnswerForm, RatingForm
from portal.ratings.queries import is_low
from portal.ratings.survey import PLACEHOLDERS, SetUp, facts_from, in_words, set_up_of, set_ups
from portal.ratings.survey_actions import SWITCHES
from portal.ratings.survey_forms import SurveyForm
from portal.ratings.survey_models import AGENCY
from portal.ratings.survey_queries import services
from portal.ratings.trial import WORKER, asked_in_test, sample, send_test
from portal.roles import GRANTS, Permission
from portal.settings.queries import option

MODULE = "ratings.enabled"


@dataclass(frozen=True)
class Window:
    """The rating window as a client sees it in one language."""

    language: str
    name: str
    question: str
    form: AnswerForm
    thanks: str | None  # the agency's own; None: the portal's


@staff.page("/survey", Permission.EDIT_SURVEY, methods=("GET", "POST"), module=MODULE)
def edit_survey() -> Response:
    """The survey of the agency, or of a service; a browser without scripts looks at what was typed with a button, any
    other while it is being typed."""
    service = asked_service()
    own = set_ups().get(service.id if service else AGENCY)
    stands = own or set_up_of(service.id if service else None)
    form = SurveyForm(stands if own else _new(stands))
    if request.method == "POST" and "preview" in request.values:
        form.validate_on_submit()
        return _page(service, form, own is not None)
    if status := refused(form, lambda: survey_actions.save_survey(g.user, service and service.id, form.typed())):
        return _page(service, form, own is not None, status)
    flash(_("Saved."), "success")
    return done(address_of(service))


def _new(stands: SetUp) -> SetUp:
    """What a survey begins with: a service's with the agency's."""
    return SetUp(stands.question, stands.criteria, stands.comment, stands.remarks, stands.thanks, stands.call_back)


@staff.page("/survey/test", Permission.EDIT_SURVEY, methods=("GET", "POST"), module=MODULE)
def try_survey() -> Response:
    """*Essayer*: the window as a client sees it, marked as a test. Of what is answered nothing is kept."""
    service = asked_service()
    asked, chosen = asked_in_test(service), number_in(request.args.get("stars"))
    form, answered = RatingForm(asked, data={"stars": chosen} if request.method == "GET" else None), None
    valid = form.validate_on_submit()
    if valid:
        answered = {"stars": form.stars.stars, "comment": form.said_comment or None, "thanks": asked.thanks,
                    "low": is_low(form.stars.stars), "calls": form.details.call_back}  # fmt: skip
    address = url_for("staff.try_survey", service_id=service.id if service else None)
    status = 200 if valid or request.method == "GET" else 422
    return show("ratings/trial.html", status=status, form=form, visit=sample(service), question=asked.question,
                words=STAR_WORDS, offer_zero=option("ratings.offer_zero"), answered=answered, address=address,
                back_url=address_of(service))  # fmt: skip


@staff.page("/survey/test-mail", Permission.EDIT_SURVEY, methods=("POST",), module=MODULE)
def send_survey_test() -> Response:
    """*Essayer*: the mail, to oneself."""
    service = asked_service()
    send_test(g.user, service)
    flash(_("A test mail is on its way to you."), "success")
    return done(address_of(service))


def asked_service() -> Service | None:
    """The service that the address names; none: the agency as a whole."""
    named = request.args.get("service_id")
    if named is None:
        return None
    return db.session.get(Service, number_in(named) or 0) or abort(404)


def address_of(service: Service | None) -> str:
    """Where the survey of a service, or the agency's, is set up."""
    return url_for("staff.edit_survey", service_id=service.id) if service else url_for("staff.edit_survey")


def _page(service: Service | None, form: SurveyForm, own: bool, status: int = 200) -> Response:
    return show(
        "ratings/survey.html", "ratings/_survey_preview.html", status, form=form, service=service, own=own,
        services=services(), placeholders=PLACEHOLDERS, words=STAR_WORDS, windows=_windows(service, form.typed()),
        visit=sample(service), offer_zero=option("ratings.offer_zero"), switches=_switches(),
        may_switch=Permission.CHANGE_OPTIONS in GRANTS[g.user.role], address=address_of(service),
    )  # fmt: skip


def _switches() -> dict[str, bool]:
    return {key: option(key) for key in SWITCHES}


def _windows(service: Service | None, typed: SetUp) -> Sequence[Window]:
    return [_window(service, typed, code, name) for code, name in Offered()]


def _window(service: Service | None, typed: SetUp, code: str, name: str) -> Window:
    with force_locale(code):
        named = service.name if service else _("Help at home")
        asked = in_words(typed, facts_from(named, WORKER.split()[0], day(clock.now())))
        form = AnswerForm(asked, prefix=f"{code}-", formdata=None)
    form["csrf_token"].name = "csrf_token"  # as in every form; what is typed into this one goes nowhere
    return Window(code, name, asked.question, form, asked.thanks)
