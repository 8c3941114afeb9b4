"""The page on which the causes of an event are looked for."""

from flask import flash, g, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.adverse_events.analysis import analysis_of, pilots_of, save_analysis
from portal.adverse_events.analysis_forms import AnalysisForm
from portal.adverse_events.follow_pages import event_or_404, page_of
from portal.adverse_events.follow_words import CHARTER, FAMILY_LABELS, FAMILY_PROMPTS
from portal.adverse_events.models import ENDED
from portal.adverse_events.progress import is_analysis_asked, window
from portal.adverse_events.words import MODULE
from portal.forms import refused
from portal.pages import show
from portal.portals import staff
from portal.roles import Permission


@staff.page("/adverse-events/<int:event_id>/analysis", Permission.HANDLE_EVENTS, methods=("GET", "POST"), module=MODULE)
def write_analysis(event_id: int) -> Response:
    """It is saved as one goes, and stays open; once it is finished one is led back to the event."""
    event = event_or_404(event_id, "analysis")
    analysis = analysis_of(event)
    form = AnalysisForm(analysis, pilots_of(event, analysis.pilot_id if analysis else None), g.user.staff_id)
    if status := refused(
        form, lambda: save_analysis(g.user, event, form.findings(), form.version_shown, finish=form.finish.data)
    ):
        return show(
            "adverse_events/analysis.html", status=status, event=event, analysis=analysis, form=form, charter=CHARTER,
            asked=is_analysis_asked(event), window=window(event), ended=event.state in ENDED, back_url=page_of(event),
            families=list(zip(FAMILY_LABELS.values(), FAMILY_PROMPTS.values(), strict=True)),
        )  # fmt: skip
    flash(_("The analysis is finished.") if form.finish.data else _("The analysis is saved."), "success")
    return redirect(page_of(event, "analysis") if form.finish.data else request.path, 303)
