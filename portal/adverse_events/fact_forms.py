"""The steps of a report about what happened: kind, facts, effects, what was done at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import FieldList, FormField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional, ValidationError

from portal.accounts.models import User
from portal.adverse_events.drafts import refusal_of, values_of
from portal.adverse_events.models import AdverseEvent, EventDraft
from portal.adverse_events.moments import moment_of
from portal.adverse_events.people_forms import client_numbers
from portal.adverse_events.queries import earlier_events
from portal.adverse_events.report import Told, refuse_lesser_potential, refuse_told
from portal.adverse_events.step_forms import (
    CHOOSE,
    LONG,
    SHORT,
    StepForm,
    WhenForm,
    blame,
    day_field,
    offered,
    time_field,
    words_of,
)
from portal.adverse_events.words import (
    AGREED_LABELS,
    CONSEQUENCE_LABELS,
    INFORMED_LABELS,
    MEASURE_LABELS,
    NATURE_LABELS,
    OTHER_CATEGORY,
    SEVERITIES,
    severity_words,
)
from portal.errors import Refused
from portal.extensions import db
from portal.files.forms import AttachmentsField
from portal.files.models import Attachment
from portal.forms import PortalForm, number_in
from portal.i18n import exact, language
from portal.organisation.lists import entries
from portal.organisation.models import ListEntry, ListName

MOST_TOLD = 20
# what a consequence is proposed to weigh (`domain.md` §1.4: what also counts as a level)
WEIGHTS = {"none": 1, "material": 1, "minor_injury": 2, "psychological": 2, "financial": 2, "interruption": 2,
           "work_stoppage": 3, "hospital": 4, "serious_injury": 4, "death": 5}  # fmt: skip


class KindForm(StepForm):
    """What kind of event it is, and what it is about."""

    step = "kind"
    template = "adverse_events/_step_kind.html"
    nature = RadioField(_l("What kind of event is it?"), validators=[InputRequired(CHOOSE)])
    categories = SelectMultipleField(_l("What is it about?"))
    other_category = StringField(_l("In your words"), validators=[SHORT])

    def __init__(self, user: User, draft: EventDraft) -> None:
        super().__init__(user, draft)
        self.nature.choices = offered(NATURE_LABELS)
        self.entries = entries(ListName.EVENT)
        self.other = {str(one.id) for one in self.entries if one.code == OTHER_CATEGORY}
        self.categories.choices = offered({one.id: one.label(language()) for one in self.entries})

    @property
    def groups(self) -> list[tuple[SelectChoice, list[SelectChoice], bool]]:
        """Each category with the finer ones below it, and whether it needs words."""
        options = {option.data: option for option in self.categories}
        finer: dict[int | None, list] = {}
        for one in self.entries:
            finer.setdefault(one.parent_id, []).append(options[str(one.id)])
        tops = [one for one in self.entries if one.parent_id is None]
        return [(options[str(one.id)], finer.get(one.id, []), str(one.id) in self.other) for one in tops]

    def validate_categories(self, field: SelectMultipleField) -> None:
        if not field.data:
            raise ValidationError(_("Please choose at least one category."))

    def validate_other_category(self, field: StringField) -> None:
        if self.other & set(self.categories.data or ()) and not field.data:
            raise ValidationError(_("Please say in a few words what it is about."))

    def answers(self) -> dict:
        chosen = {int(one) for one in self.categories.data or ()}
        above = {one.parent_id for one in self.entries if one.id in chosen and one.parent_id}
        has_words = bool(self.other & set(self.categories.data or ()))
        return {"nature": self.nature.data, "categories": sorted(chosen | above),
                "other_category": (self.other_category.data or "") if has_words else ""}  # fmt: skip


BEFORE = {"yes": _l("Yes, it has"), "no": _l("No"), "unknown": _l("I do not know")}


class FactsForm(StepForm):
    """What happened, in the words of who reports it."""

    step = "facts"
    template = "adverse_events/_step_facts.html"
    facts = TextAreaField(_l("What happened?"), validators=[InputRequired(_l("Please describe what happened.")), LONG])
    witnesses = TextAreaField(_l("Witnesses"), validators=[LONG])
    before = RadioField(_l("Has this happened before?"), validators=[Optional()])
    before_note = StringField(_l("When, what?"), validators=[SHORT])

    def __init__(self, user: User, draft: EventDraft) -> None:
        super().__init__(user, draft)
        self.before.choices = offered(BEFORE)

    @property
    def earlier(self) -> Sequence[AdverseEvent]:
        """The events of this client that are known already."""
        client_id = client_numbers([self.draft]).get(self.draft.id)
        return earlier_events(self.user, client_id) if client_id else ()

    @property
    def files(self) -> Sequence[Attachment]:
        return self.draft.files

    @property
    def files_refused(self) -> str | None:
        return refusal_of(self.draft, self.step)

    def said(self) -> list[tuple[object, str]]:
        names = ", ".join(file.name for file in self.draft.files)
        return super().said() + ([(_("Photos and papers"), names)] if names else [])

    def answers(self) -> dict:
        return {
            "facts": self.facts.data or "", "witnesses": self.witnesses.data or "",
            "happened_before": {"yes": True, "no": False}.get(self.before.data or ""),
            "before_note": (self.before_note.data or "") if self.before.data == "yes" else "",
            "files": list(self.draft.files),
        }  # fmt: skip


class FilesForm(PortalForm):
    """Photos and papers that come with a step."""

    class Meta(PortalForm.Meta):
        csrf = False

    files = AttachmentsField()


@dataclass(frozen=True)
class Proposal:
    """A severity that is proposed, and why. Nobody has to follow it."""

    number: int
    why: str

    @property
    def words(self) -> str:
        return severity_words(self.number)


class EffectsForm(StepForm):
    """What came of it, how grave it was and could have been."""

    step = "effects"
    template = "adverse_events/_step_effects.html"
    consequences = SelectMultipleField(_l("What came of it?"))
    severity = RadioField(_l("How grave was it?"), validators=[InputRequired(CHOOSE)])
    potential = RadioField(_l("How grave could it have been?"), validators=[InputRequired(CHOOSE)])

    def __init__(self, user: User, draft: EventDraft) -> None:
        super().__init__(user, draft)
        self.consequences.choices = offered(CONSEQUENCE_LABELS)
        self.severity.choices = self.potential.choices = offered({n: severity_words(n) for n in SEVERITIES})
        self.levels = SEVERITIES

    def validate_consequences(self, field: SelectMultipleField) -> None:
        if not field.data:
            raise ValidationError(_("Please choose what came of it, or “None”."))
        if "none" in field.data and len(field.data) > 1:
            raise ValidationError(_("Either there were no consequences, or those that you chose."))

    def validate_potential(self, field: RadioField) -> None:
        if self.severity.data and field.data:
            try:
                refuse_lesser_potential(int(self.severity.data), int(field.data))
            except Refused as refusal:
                raise ValidationError(str(refusal.message)) from refusal

    @property
    def proposal(self) -> Proposal | None:
        """The actual severity that the consequences speak for."""
        chosen = [one for one in self.consequences.data or () if one in WEIGHTS]
        if not chosen:
            return None
        worst = max(chosen, key=WEIGHTS.__getitem__)
        return Proposal(WEIGHTS[worst], str(CONSEQUENCE_LABELS[worst]))

    @property
    def potential_proposal(self) -> Proposal | None:
        """The potential one that the category speaks for."""
        typed = values_of(self.draft, "kind") or {}
        numbers = [number for one in typed.get("categories", ()) if (number := number_in(one))]
        chosen = select(ListEntry).where(ListEntry.id.in_(numbers), ListEntry.severe)
        severe = db.session.scalars(chosen.order_by(ListEntry.position)).first() if numbers else None
        return Proposal(4, severe.label(language())) if severe else None

    def answers(self) -> dict:
        return {"consequences": self.consequences.data or [], "severity": int(self.severity.data or 0),
                "potential": int(self.potential.data or 0)}  # fmt: skip


class ToldForm(PortalForm):
    """A line: somebody who was told."""

    class Meta(PortalForm.Meta):
        csrf = False

    who = SelectField(_l("Who was told"), choices=[], validators=[Optional()])
    day = day_field(_l("Day"))
    hour = time_field(_l("Hour"))
    by = StringField(_l("By whom"), validators=[SHORT])
    how = StringField(_l("How"), validators=[SHORT])
    agreed = SelectField(_l("Did the client agree?"), choices=[], validators=[Optional()])

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.who.choices = [SelectChoice(value="", label=_("Choose somebody")), *offered(INFORMED_LABELS)]
        self.agreed.choices = [SelectChoice(value="", label=_("Not said")), *offered(AGREED_LABELS)]

    def told(self) -> Told | None:
        moment = moment_of(self.day.data, self.hour.data)
        if not self.who.data or moment is None:
            return None
        return Told(self.who.data, moment, self.by.data or "", self.how.data or "", self.agreed.data or None)

    def check(self, since: datetime | None) -> bool:
        """Whether the line is empty or whole; nobody is told before the event (`since`)."""
        if not self.who.data:
            if self.day.data or self.hour.data or self.by.data or self.how.data:
                blame(self.who, _("Please choose who was told."))
            return not self.who.errors
        told = self.told()
        if told is None:
            blame(self.day, _("Please give the day and the hour."))
            return False
        try:
            refuse_told(told, since)
        except Refused as refusal:
            field = self.agreed if told.who == "family" and told.agreed is None else self.day
            blame(field, refusal.message)
            return False
        return True


class MeasuresForm(StepForm):
    """What was done at once, and who was told."""

    step = "measures"
    template = "adverse_events/_step_measures.html"
    measures = SelectMultipleField(_l("What was done at once?"))
    measures_note = TextAreaField(_l("What else?"), validators=[LONG])
    informed = FieldList(FormField(ToldForm), min_entries=1, max_entries=MOST_TOLD + 1)

    def __init__(self, user: User, draft: EventDraft) -> None:
        super().__init__(user, draft)
        self.measures.choices = offered(MEASURE_LABELS)
        if len(self.informed) <= MOST_TOLD and self.informed[-1].form.who.data:
            self.informed.append_entry()

    def check(self) -> bool:
        fits = bool(self.validate())
        since = WhenForm(self.user, self.draft).answers()["occurred_at"]
        lines = [one.form.check(since) for one in self.informed]  # each says what is wrong with it
        return fits and all(lines)

    def said(self) -> list[tuple[object, str]]:
        told = [f"{INFORMED_LABELS[one.who]} · {exact(one.at)}" for one in self.answers()["informed"]]
        lines = [(field.label.text, words) for field in (self.measures, self.measures_note)
                 if (words := words_of(field))]  # fmt: skip
        return lines + ([(_("Persons told"), "; ".join(told))] if told else [])

    def answers(self) -> dict:
        told = [one.form.told() for one in self.informed]
        return {"measures": self.measures.data or [], "measures_note": self.measures_note.data or "",
                "informed": [one for one in told if one]}  # fmt: skip
