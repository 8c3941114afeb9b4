"""Who wants to be asked for a rating, and told that a visit is done: on one's own account, or to the agency."""

from flask import abort, flash, g, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from portal.htmx import request
from portal.pages import done, show
from portal.portals import client, staff
from portal.ratings import choices
from portal.ratings.choices import NOTICES_SENT
from portal.ratings.standing import NOTICES, REQUESTS, standing_of
from portal.roles import Permission
from portal.visits.queries import visit_of

MODULE = "ratings.enabled"
STOP = Permission.STOP_REQUESTS
_SAID = {
    (REQUESTS, True): _l("Rating requests will be sent again."),
    (REQUESTS, False): _l("No more rating requests will be sent."),
    (NOTICES, True): _l("Notices of completed visits will be sent again."),
    (NOTICES, False): _l("No more notices of completed visits will be sent."),
}


@client.page("/rating-requests", Permission.SEE_OWN_ACCOUNT, methods=("POST",), module=MODULE)
def choose_requests() -> Response:
    """The switch on *Mon compte*: does one want to be asked after a visit?"""
    return _choose(REQUESTS)


@client.page("/visit-notices", Permission.SEE_OWN_ACCOUNT, methods=("POST",), module=NOTICES_SENT)
def choose_visit_notices() -> Response:
    """The switch beside it: does one want to be told that a visit is done?"""
    return _choose(NOTICES)


def _choose(about: str) -> Response:
    wanted = _wanted()
    choices.choose(g.user, wanted=wanted, about=about)
    flash(str(_SAID[about, wanted]), "success")
    return done(url_for("client.me"))


@staff.page("/visits/<int:visit_id>/rating-requests", STOP, methods=("GET", "POST"), module=MODULE)
def note_choice(visit_id: int) -> Response:
    """What the person who is asked about a visit has told the agency, by telephone perhaps.

    Who has stopped the requests did so with a click of their own: that they are to come again is asked about first.
    """
    return _note(visit_id, REQUESTS)


@staff.page("/visits/<int:visit_id>/visit-notices", STOP, methods=("GET", "POST"), module=NOTICES_SENT)
def note_visit_notices(visit_id: int) -> Response:
    """The same of the notices that a visit is done."""
    return _note(visit_id, NOTICES)


def _note(visit_id: int, about: str) -> Response:
    visit = visit_of(g.user, visit_id) or abort(404)
    if request.method != "POST":
        person, address = choices.person_told(g.user, visit, about)
        said = standing_of(person, address, about).history[:1]
        return show("ratings/choice_confirm.html", visit_id=visit_id, name=person.name, said=said, about=about,
                    question=_question(about, person.name))  # fmt: skip
    wanted = _wanted()
    choices.note_choice(g.user, visit, wanted=wanted, about=about)
    flash(str(_SAID[about, wanted]), "success")
    return done(url_for("staff.show_visit", visit_id=visit_id))


def _question(about: str, name: str) -> str:
    if about == REQUESTS:
        return _("Did %(name)s ask for rating requests again?", name=name)
    return _("Did %(name)s ask for notices of completed visits again?", name=name)


def _wanted() -> bool:
    """What the pressed button says; a form without it says nothing."""
    word = request.form.get("wanted")
    return word == "yes" if word in ("yes", "no") else abort(400)
