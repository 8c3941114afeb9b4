"""A report while it is written: its steps, what they say, and the whole of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import lazy_pgettext

from portal.accounts.models import User
from portal.adverse_events.drafts import STEPS, drop_draft, values_of
from portal.adverse_events.fact_forms import EffectsForm, FactsForm, KindForm, MeasuresForm
from portal.adverse_events.models import EventDraft
from portal.adverse_events.people_forms import PeopleForm
from portal.adverse_events.report import Report
from portal.adverse_events.reporting import Declared, declare_event
from portal.adverse_events.step_forms import StepForm, WhenForm, WhoForm

FORMS: dict[str, type[StepForm]] = {
    form.step: form for form in (WhoForm, WhenForm, PeopleForm, KindForm, FactsForm, EffectsForm, MeasuresForm)
}
LABELS = {
    "who": lazy_pgettext("step", "Who reports"),
    "when": lazy_pgettext("step", "When and where"),
    "people": lazy_pgettext("step", "Persons"),
    "kind": lazy_pgettext("step", "What kind"),
    "facts": lazy_pgettext("step", "What happened"),
    "effects": lazy_pgettext("step", "Severity"),
    "measures": lazy_pgettext("step", "What was done"),
    "check": lazy_pgettext("step", "Check and send"),
}


@dataclass(frozen=True)
class Step:
    """A step on the progress line.

    Attributes:
        begun: whether anything was kept of it.
        complete: of a page that looks; None elsewhere.
    """

    name: str
    label: object
    begun: bool
    present: bool
    complete: bool | None = None
    said: Sequence[tuple[object, str]] = ()


def form_of(user: User, draft: EventDraft, step: str) -> StepForm:
    return FORMS[step](user, draft)


def line(draft: EventDraft, present: str) -> list[Step]:
    """The progress line: a step is done once something was kept of it."""
    return [Step(name, LABELS[name], values_of(draft, name) is not None, name == present) for name in STEPS]


def summary(user: User, draft: EventDraft) -> list[Step]:
    """All that was answered, step by step, and which step is not complete."""
    found = []
    for name in FORMS:
        form = form_of(user, draft, name)
        begun = values_of(draft, name) is not None or name == "measures"
        complete = form.check() and begun
        found.append(Step(name, LABELS[name], begun, present=False, complete=complete, said=form.said()))
    return found


def next_of(step: str) -> str:
    return STEPS[min(STEPS.index(step) + 1, len(STEPS) - 1)]


def before(step: str) -> str:
    return STEPS[max(STEPS.index(step) - 1, 0)]


def first_incomplete(user: User, draft: EventDraft) -> str | None:
    """The first step that has to be looked at again before the report can be sent."""
    return next((one.name for one in summary(user, draft) if not one.complete), None)


def report_of(user: User, draft: EventDraft) -> Report:
    """The report that a complete draft is."""
    answers: dict = {}
    for name in FORMS:
        answers |= form_of(user, draft, name).answers()
    return Report(token=draft.token, incident_id=draft.incident_id, **answers)


def send(user: User, draft: EventDraft) -> Declared:
    """Report what a draft holds, and forget the draft.

    Raises:
        Refused: as `reporting.declare_event` says.
    """
    made = declare_event(user, report_of(user, draft))
    drop_draft(draft, sent=True)
    return made
