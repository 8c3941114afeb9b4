"""The form of the analysis of causes."""

from datetime import date, datetime, time
from typing import cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    FieldList,
    Form,
    FormField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from portal.adverse_events.analysis import MOST_STEPS, MOST_WHYS, Findings, Step
from portal.adverse_events.follow_forms import (
    TOO_LONG,
    FollowForm,
    forget_unless_typed,
    moment_of,
    number,
    offered,
)
from portal.adverse_events.follow_models import FAMILIES, Analysis
from portal.adverse_events.follow_words import METHOD_LABELS
from portal.adverse_events.models import LONGEST_LINE, LONGEST_TEXT
from portal.errors import Refused
from portal.forms import FilterForm, near, of_the_clock
from portal.i18n import exact, local

BLANK_LINES = 3


class LineMeta(FilterForm.Meta):
    """Of a form within a form: the one around it says where the keyboard goes."""

    has_focus = True


def _text(label: object) -> TextAreaField:
    return TextAreaField(label, validators=[Length(max=LONGEST_TEXT, message=TOO_LONG)])


class StepForm(Form):
    """One line of the timeline; an empty one is none."""

    Meta = LineMeta

    day = DateField(_l("Day"))
    hour = TimeField(_l("Time"))
    fact = StringField(_l("Fact"), validators=[Length(max=500, message=TOO_LONG)])
    source = StringField(_l("Source"), validators=[Length(max=LONGEST_LINE, message=TOO_LONG)])

    @property
    def is_empty(self) -> bool:
        return not any(any(field.raw_data) if field.raw_data else field.data for field in self)

    def validate_day(self, field: DateField) -> None:
        forget_unless_typed(field)
        if field.raw_data and any(field.raw_data):
            near(self, field)
        elif not self.is_empty:
            raise ValidationError(_("Please give the day and the time."))

    def validate_hour(self, field: TimeField) -> None:
        forget_unless_typed(field)
        of_the_clock(self, field)
        if not self.is_empty and field.data is None:
            cast("list", field.errors).clear()
            raise ValidationError(_("Please give the day and the time."))

    def validate_fact(self, field: StringField) -> None:
        if not self.is_empty and not field.data:
            raise ValidationError(_("Please write what happened."))

    def step(self) -> Step:
        return Step(
            moment_of(cast("date", self.day.data), cast("time", self.hour.data)),
            str(self.fact.data),
            self.source.data or "",
        )


class AnalysisForm(FollowForm):
    """All of it; `finish` is the button that says that it is complete."""

    method = RadioField(_l("Method"), choices=[], validators=[InputRequired(_l("Please choose a method."))])
    steps = FieldList(FormField(StepForm), label=_l("Timeline"), max_entries=MOST_STEPS + BLANK_LINES)
    planned = _text(_l("What was meant to happen"))
    immediate_cause = _text(_l("Immediate cause"))
    whys = FieldList(StringField(_l("Why?"), validators=[Length(max=LONGEST_TEXT, message=TOO_LONG)]),
                     label=_l("Five whys"), min_entries=MOST_WHYS, max_entries=MOST_WHYS)  # fmt: skip
    factors = FieldList(TextAreaField(validators=[Length(max=LONGEST_TEXT, message=TOO_LONG)]),
                        label=_l("Factors that contributed"), min_entries=len(FAMILIES),
                        max_entries=len(FAMILIES))  # fmt: skip
    worked = _text(_l("Barriers that worked"))
    missed = _text(_l("Barriers that failed"))
    lessons = _text(_l("Lessons: what is changed"))
    held_on = DateField(_l("Held on"), validators=[Optional(), near])
    participants = StringField(_l("Who took part, by their functions"),
                               validators=[Length(max=LONGEST_TEXT, message=TOO_LONG)])  # fmt: skip
    pilot_id = SelectField(_l("Led by"), choices=[], coerce=number)
    finish = BooleanField(_l("It is complete"))

    def __init__(self, analysis: Analysis | None, pilots: dict[int, str], pilot_id: int | None) -> None:
        super().__init__(analysis, **(_as_typed(analysis) if analysis else {
            "method": "five_whys", "pilot_id": pilot_id, "steps": [{}] * BLANK_LINES,
        }))  # fmt: skip
        self.method.choices = offered(METHOD_LABELS)
        self.pilot_id.choices = [SelectChoice(value="", label=_("Nobody yet")), *offered(pilots)]

    def validate_steps(self, _field: FieldList) -> None:
        """Errors of lines stand at their fields; that of the whole list is a sentence."""

    def refuse(self, refusal: Refused) -> None:
        """What is said of the timeline or of the causes as a whole stands above the form."""
        if refusal.code in ("steps", "causes"):
            self.form_errors.append(refusal.message)
        else:
            super().refuse(refusal)

    def findings(self) -> Findings:
        lines = [cast("StepForm", entry.form) for entry in cast("list", self.steps.entries)]
        factors = dict(zip(FAMILIES, (entry.data for entry in self.factors), strict=False))
        names = "planned", "immediate_cause", "worked", "missed", "lessons", "participants"
        return Findings(
            str(self.method.data), **{name: self[name].data or "" for name in names},
            whys=[entry.data for entry in self.whys if entry.data],
            factors={family: text for family, text in factors.items() if text},
            held_on=self.held_on.data, pilot_id=cast("int | None", self.pilot_id.data),
            steps=[line.step() for line in lines if not line.is_empty],
        )  # fmt: skip

    def stands(self) -> dict[str, str]:
        analysis = self.record
        if not isinstance(analysis, Analysis):
            return {}
        named = ("method", "planned", "immediate_cause", "worked", "missed", "lessons", "held_on", "participants",
                 "pilot_id")  # fmt: skip
        lists = {
            "whys": " → ".join(analysis.whys),
            "factors": " · ".join(f"{family}: {text}" for family, text in sorted(analysis.factors.items())),
            "steps": " · ".join(f"{exact(one.at)}: {one.fact}" for one in analysis.steps),
        }
        return {name: self.words_of(name, getattr(analysis, name)) for name in named} | lists

    def words_of(self, name: str, value: object) -> str:
        found = self.findings() if name in ("whys", "factors", "steps") else None
        if found is None:
            return str(METHOD_LABELS.get(str(value), "")) if name == "method" else super().words_of(name, value)
        if name == "whys":
            return " → ".join(found.whys)
        if name == "factors":
            return " · ".join(f"{family}: {text}" for family, text in sorted(found.factors.items()))
        return " · ".join(f"{exact(one.at)}: {one.fact}" for one in sorted(found.steps, key=lambda one: one.at))


def _as_typed(analysis: Analysis) -> dict[str, object]:
    names = ("method", "planned", "immediate_cause", "whys", "worked", "missed", "lessons", "held_on", "participants",
             "pilot_id")  # fmt: skip
    lines = [_line(one.at) | {"fact": one.fact, "source": one.source} for one in analysis.steps]
    factors = [analysis.factors.get(family, "") for family in FAMILIES]
    return {name: getattr(analysis, name) for name in names} | {
        "steps": [*lines, *[{}] * BLANK_LINES], "factors": factors,
    }  # fmt: skip


def _line(at: datetime) -> dict[str, object]:
    here = local(at)
    return {"day": here.date(), "hour": here.time()}
