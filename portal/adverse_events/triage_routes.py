"""Triage: preparing a judgement, judging, taking a judgement back."""

from flask import flash, g
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from portal.adverse_events.follow_pages import ask, event_or_404, page_of
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.triage import judge, prepare, take_back
from portal.adverse_events.triage_forms import JudgeForm, PrepareForm, TakeBackForm
from portal.adverse_events.triage_panel import is_maybe_serious, number_alike, proposed_frequency
from portal.adverse_events.words import FREQUENCIES, MODULE, SEVERITIES, frequency_words
from portal.forms import refused
from portal.organisation.models import ListEntry
from portal.pages import done, show
from portal.portals import staff
from portal.roles import Permission


@staff.page("/adverse-events/<int:event_id>/preparation", Permission.HANDLE_EVENTS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def prepare_event(event_id: int) -> Response:
    """How frequent it is and whom it touched: a proposal for whoever judges."""
    event = event_or_404(event_id, "triage")
    number = number_alike(g.user, event)
    form = PrepareForm(event, proposed_frequency(number))
    if status := refused(form, lambda: prepare(g.user, event, form.estimate(), form.version_shown)):
        return ask("adverse_events/_prepare_form.html", _("Prepare the triage"), event, form, status,
                   proposal=_proposal(event, number))  # fmt: skip
    flash(_("The triage is prepared. The quality lead or an administrator decides."), "success")
    return done(page_of(event, "triage"))


@staff.page("/adverse-events/<int:event_id>/triage", Permission.JUDGE_EVENTS, methods=("GET", "POST"), module=MODULE)
def judge_event(event_id: int) -> Response:
    """What it is, how severe and how frequent."""
    event = event_or_404(event_id, "triage")
    number = number_alike(g.user, event)
    form = JudgeForm(event, proposed_frequency(number))
    if status := refused(form, lambda: judge(g.user, event, form.judgement(), form.version_shown)):
        return show(
            "adverse_events/judge.html", None, status, event=event, form=form, back_url=page_of(event),
            proposal=_proposal(event, number), severities=SEVERITIES, maybe_serious=is_maybe_serious(event),
            suggested=_suggested(event.categories),
        )  # fmt: skip
    flash(_("The judgement is saved."), "success")
    return done(page_of(event, "triage"))


@staff.page("/adverse-events/<int:event_id>/triage/taken-back", Permission.JUDGE_EVENTS, methods=("GET", "POST"),
            module=MODULE)  # fmt: skip
def take_back_judgement(event_id: int) -> Response:
    """A report that was put aside is judged anew."""
    event = event_or_404(event_id, "triage")
    form = TakeBackForm(event)
    if status := refused(form, lambda: take_back(g.user, event, form.why.data or "", form.version_shown)):
        return ask("adverse_events/_take_back_form.html", _("Take the judgement back"), event, form, status)
    flash(_("The judgement is taken back: the event waits for a new one."), "success")
    return done(page_of(event, "triage"))


def _proposal(event: AdverseEvent, number: int) -> dict[str, object]:
    """What the frequency was proposed from, and the scale."""
    level = proposed_frequency(number)
    return {"number": number, "level": frequency_words(level), "given": event.frequency is not None,
            "scale": list(FREQUENCIES.values())}  # fmt: skip


def _suggested(categories: list[ListEntry]) -> str:
    """The codes of the law that its categories speak for."""
    above = [one.parent for one in categories if one.parent]
    return ", ".join(sorted({one.legal_code for one in (*categories, *above) if one.legal_code}))
