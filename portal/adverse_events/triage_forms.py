"""The forms of triage: what is prepared, what is decided, and that a judgement is taken back."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from portal.adverse_events.follow_forms import TOO_LONG, FollowForm, number, offered
from portal.adverse_events.models import LONGEST_TEXT, AdverseEvent, Mode, State
from portal.adverse_events.requalifying import Complaining
from portal.adverse_events.triage import REJECTED, RESIDENTIAL, Estimate, Judgement
from portal.adverse_events.words import (
    CONTINUITY_LABELS,
    FREQUENCIES,
    KIND_LABELS,
    SEVERITIES,
    frequency_words,
    severity_words,
)
from portal.complaints.models import Direction
from portal.complaints.words import DIRECTION_LABELS
from portal.forms import NumberField
from portal.i18n import language
from portal.organisation.lists import entries
from portal.organisation.lists import offered as offered_entries
from portal.organisation.models import ListName

LONGEST_WHY = 1600
CLIENTS = ("client", "relative", "representative")  # in which capacity their words are those of a complaint of theirs
IN_RANGE = NumberRange(0, 999, _l("Please give a number from 0 to 999."))
KINDS = {**KIND_LABELS, REJECTED: _l("Not admissible")}


def _level(text: object) -> int:
    return int(str(text or 0))


class PrepareForm(FollowForm):
    """What anybody who follows an event up may say before it is judged.

    Args:
        proposed: a frequency, where nobody has said one yet.
    """

    frequency = SelectField(_l("Frequency"), choices=[], coerce=number)
    victims = NumberField(_l("Victims"), validators=[Optional(), IN_RANGE])
    exposed = NumberField(_l("Persons exposed"), validators=[Optional(), IN_RANGE])
    continuity = SelectField(_l("Does the support go on?"), choices=[])

    def __init__(self, event: AdverseEvent, proposed: int | None, **data: object) -> None:
        super().__init__(
            event, frequency=event.frequency or proposed, victims=event.victims, exposed=event.exposed,
            continuity=event.continuity or "", **data,
        )  # fmt: skip
        self.event = event
        levels = {level: frequency_words(level) for level in FREQUENCIES}
        self.frequency.choices = [SelectChoice(value="", label=_("Not known yet")), *offered(levels)]
        self.continuity.choices = [SelectChoice(value="", label=_("Not said")), *offered(CONTINUITY_LABELS)]

    def estimate(self) -> Estimate:
        return Estimate(number(self.frequency.data), self.victims.data, self.exposed.data, self.continuity.data or None)

    def stands(self) -> dict[str, str]:
        names = ("frequency", "victims", "exposed", "continuity")
        return {name: self.words_of(name, getattr(self.event, name)) for name in names}


class JudgeForm(PrepareForm):
    """What is decided of an event."""

    kind = RadioField(_l("What it is"), choices=[], validators=[InputRequired(_l("Please say what it is."))])
    severity = RadioField(_l("Actual severity"), choices=[], coerce=_level)
    potential = RadioField(_l("Potential severity"), choices=[], coerce=_level)
    legal_id = SelectField(_l("Category of the law"), choices=[], coerce=number)
    why = TextAreaField(_l("Why"), validators=[Length(max=LONGEST_WHY, message=TOO_LONG)])
    direction = SelectField(_l("Who complains"), choices=[])
    subject = SelectField(_l("Subject of the complaint"), choices=[], coerce=number)
    text = TextAreaField(_l("What the complaint says"), validators=[Length(max=LONGEST_TEXT, message=TOO_LONG)])

    def __init__(self, event: AdverseEvent, proposed: int | None) -> None:
        own = event.mode == Mode.NAMED and event.capacity in CLIENTS
        super().__init__(
            event, proposed, kind=_kind_of(event), severity=event.severity, potential=event.potential,
            legal_id=event.legal_id, why=event.closed_why, direction=_direction_of(event),
            text=event.facts if own else "",
        )  # fmt: skip
        self.kind.choices = offered(KINDS)
        levels = offered({level: severity_words(level) for level in SEVERITIES})
        self.severity.choices = self.potential.choices = levels
        self.legal_id.choices = _legal(event)
        self.direction.choices = offered(DIRECTION_LABELS)
        subjects = offered(offered_entries(ListName.COMPLAINT))
        self.subject.choices = [SelectChoice(value="", label=_("Please choose")), *subjects]

    def judgement(self) -> Judgement:
        complaint = Complaining(str(self.direction.data), number(self.subject.data), self.text.data or "")
        return Judgement(
            str(self.kind.data), _level(self.severity.data), _level(self.potential.data), self.estimate(),
            number(self.legal_id.data), self.why.data or "", complaint if self.kind.data == "complaint" else None,
        )  # fmt: skip

    def stands(self) -> dict[str, str]:
        event = self.event
        own = {name: self.words_of(name, getattr(event, name)) for name in ("severity", "potential", "legal_id")}
        return {**super().stands(), **own, "kind": str(KINDS.get(_kind_of(event) or "", ""))}

    def words_of(self, name: str, value: object) -> str:
        if isinstance(self[name], RadioField):
            return next((str(label) for key, label, *_more in self[name].iter_choices() if str(key) == str(value)), "")
        return super().words_of(name, value)


def _direction_of(event: AdverseEvent) -> Direction:
    """Who it is that complains, as far as a report with a name tells it."""
    by_worker = event.mode == Mode.NAMED and event.capacity == "worker" and event.worker_id and event.client_id
    return Direction.WORKER_CLIENT if by_worker else Direction.CLIENT_AGENCY


def _kind_of(event: AdverseEvent) -> str | None:
    return REJECTED if event.state == State.REJECTED else event.kind


def _legal(event: AdverseEvent) -> list[SelectChoice]:
    """The categories of the law with their codes; the one that is worded for residential care is grey."""
    kept = [event.legal_id] if event.legal_id else []
    return [SelectChoice(value="", label=_("No category"))] + [
        SelectChoice(value=str(one.id), label=f"{one.code or ''} {one.label(language())}".strip(),
                     render_kw={"disabled": True} if one.code == RESIDENTIAL else {})
        for one in entries(ListName.LEGAL, kept)
    ]  # fmt: skip


class TakeBackForm(FollowForm):
    """Why a judgement is taken back."""

    why = TextAreaField(
        _l("Why it is taken back"),
        validators=[DataRequired(_l("Please say why.")), Length(max=LONGEST_TEXT, message=TOO_LONG)],
    )
