"""The papers about adverse events, as PDF files. Each one that is taken is in the read log."""

from flask import Response as FlaskResponse
from flask import abort, g, request
from werkzeug.wrappers import Response

from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.page import whole_event
from portal.adverse_events.words import MODULE
from portal.audit.actions import note_reading
from portal.controls.queries import open_desk
from portal.pages import show
from portal.papers import answer
from portal.portals import staff
from portal.reports.event_paper import event_paper
from portal.reports.events import EVENTS
from portal.reports.register_paper import register_paper
from portal.reports.review_paper import review_paper, years_offered
from portal.roles import Permission


def event_or_404(event_id: int) -> AdverseEvent:
    return whole_event(g.user, event_id) or abort(404)


@staff.page("/adverse-events/<int:event_id>/paper", Permission.SEE_EVENTS, module=MODULE)
def download_event_paper(event_id: int) -> FlaskResponse:
    """All that the page says, with names: for the agency itself."""
    event = event_or_404(event_id)
    note_reading(g.user, ("adverse_event", event_id), "paper")
    return answer(event_paper(g.user, event, named=True))


@staff.page("/adverse-events/<int:event_id>/paper/anonymous", Permission.SEE_EVENTS, module=MODULE)
def download_anonymous_paper(event_id: int) -> FlaskResponse:
    """What an authority is sent: initials, no visit, nothing of who reported it."""
    event = event_or_404(event_id)
    note_reading(g.user, ("adverse_event", event_id), "paper")
    return answer(event_paper(g.user, event, named=False))


@staff.page("/adverse-events/register", Permission.SEE_EVENTS, module=MODULE)
def download_register() -> FlaskResponse:
    """The register, with the filters of the control table in its address."""
    form = open_desk(g.user, EVENTS, request.args).form
    if not form.validate():
        abort(404)
    note_reading(g.user, ("register", 0), "register")
    return answer(register_paper(g.user, form))


@staff.page("/adverse-events/reviews", Permission.SEE_EVENTS, module=MODULE)
def list_reviews() -> Response:
    """The years of which there is a review."""
    return show("reports/reviews.html", years=years_offered())


@staff.page("/adverse-events/reviews/<int:year>", Permission.SEE_EVENTS, module=MODULE)
def download_review(year: int) -> FlaskResponse:
    """What happened in a year, in figures, beside the year before."""
    if year not in years_offered():
        abort(404)
    note_reading(g.user, ("review", year), "register")
    return answer(review_paper(g.user, year))
