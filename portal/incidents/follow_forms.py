"""The forms in which staff say where an incident stands and who has it in hand."""

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from portal.forms import near
from portal.i18n import full_day
from portal.incidents.following import NEXT, Closing, Following
from portal.incidents.models import LONGEST_NOTE, Incident, State
from portal.incidents.words import OUTCOME_LABELS, STATE_LABELS, URGENCY_LABELS
from portal.people.record_forms import VersionedForm
from portal.ratings.handling import is_handling_rated
from portal.ratings.queries import is_open


def _offered(labels: Mapping[Any, object]) -> list[SelectChoice]:
    return [SelectChoice(value=str(key), label=str(label)) for key, label in labels.items()]


def _number(text: object) -> int | None:
    return int(str(text)) if text not in ("", None) else None


class _IncidentForm(VersionedForm):
    """What both forms share.

    Attributes:
        standing: after somebody else was faster, what stands by now in the fields that differ, in words.
    """

    def __init__(self, incident: Incident, **data: object) -> None:
        self.incident, self.standing = incident, {}
        super().__init__(data=data)
        if not self.is_submitted():
            self.version.data = str(incident.version)

    def show_standing(self) -> None:
        for name, words in self.stands().items():
            if words != self.words_of(name, self[name].data):
                self.standing[name] = words
        self.version.data = str(self.incident.version)

    def stands(self) -> dict[str, str]:
        """What stands in each field, in words."""
        raise NotImplementedError


class MoveForm(_IncidentForm):
    """The next state; for one that is closed, how it ended."""

    state = RadioField(_l("New state"), choices=[], validators=[InputRequired(_l("Please choose the new state."))])
    outcome = RadioField(_l("How it ended"), choices=[])
    note = TextAreaField(
        _l("Note for the agency"),
        validators=[Length(max=LONGEST_NOTE, message=_l("Please use at most 2,000 characters."))],
    )

    ask = BooleanField(_l("Ask the client to rate how it was handled"))

    def __init__(self, incident: Incident, state: str | None = None) -> None:
        super().__init__(incident, state=state, note=incident.outcome_note or "")
        if not is_open() or is_handling_rated(incident.id):
            del self.ask
        self.state.choices = _offered(STATE_LABELS)  # what does not follow the present state, the deed refuses
        self.outcome.choices = _offered(OUTCOME_LABELS)
        self.outcome.validate_choice = bool(self.outcome.data)
        if self.outcome.data and self._goes_on:  # what was chosen can be taken back
            self.outcome.choices.append(SelectChoice(value="", label=_("It has not ended")))

    @property
    def following(self) -> list[str]:
        """The states that are offered: those that follow, and what was chosen."""
        following = [str(state) for state in NEXT[State(self.incident.state)]]
        return [str(state) for state in STATE_LABELS if state in following or state == self.state.data]

    def closing(self) -> Closing | None:
        if self.state.data != State.CLOSED or not self.outcome.data:
            return None
        return Closing(self.outcome.data, self.note.data or "", bool("ask" in self and self.ask.data))

    @property
    def _goes_on(self) -> bool:
        """Whether a state was chosen with which nothing is kept of how an incident ends."""
        return self.state.data in STATE_LABELS and self.state.data != State.CLOSED

    @property
    def speaks_of_end(self) -> bool:
        """Whether the fields of its end are shown: where it can be closed, and where something is wrong in them."""
        wrong = any(field.errors for field in self if field.name in ("outcome", "note", "ask"))
        return State.CLOSED in self.following or wrong

    def validate_outcome(self, field: RadioField) -> None:
        if self._goes_on and field.data:
            raise ValidationError(_("How it ended is kept only with the state “%(closed)s”. Please choose it, or say "
                                    "that it has not ended.", closed=STATE_LABELS[State.CLOSED]))  # fmt: skip

    def validate_note(self, field: TextAreaField) -> None:
        if self._goes_on and field.data and field.data.split() != (self.incident.outcome_note or "").split():
            closed = STATE_LABELS[State.CLOSED]
            raise ValidationError(_("A note is kept only with the state “%(closed)s”. Please choose it, or leave the "
                                    "note as it was.", closed=closed))  # fmt: skip

    def validate_ask(self, field: BooleanField) -> None:
        if self._goes_on and field.data:
            raise ValidationError(_("The client is asked only with the state “%(closed)s”. Please choose it, or leave "
                                    "this out.", closed=STATE_LABELS[State.CLOSED]))  # fmt: skip

    def stands(self) -> dict[str, str]:
        return {"state": str(STATE_LABELS[State(self.incident.state)])}


class FollowForm(_IncidentForm):
    """Who has it in hand, until when, how urgent it is."""

    owner_id = SelectField(_l("Owner"), choices=[], coerce=_number)
    due_on = DateField(_l("Due date"), validators=[Optional(), near])
    urgency = SelectField(_l("Urgency"), choices=[])

    def __init__(self, incident: Incident, owners: Mapping[int, str]) -> None:
        super().__init__(incident, owner_id=incident.owner_id, due_on=incident.due_on, urgency=incident.urgency)
        self.owner_id.choices = [SelectChoice(value="", label=_("Nobody yet")), *_offered(owners)]
        self.urgency.choices = _offered(URGENCY_LABELS)

    def typed(self) -> Following:
        return Following(cast("int | None", self.owner_id.data), self.due_on.data, str(self.urgency.data))

    def stands(self) -> dict[str, str]:
        return {name: self.words_of(name, getattr(self.incident, name)) for name in vars(self.typed())}

    def words_of(self, name: str, value: object) -> str:
        return full_day(value) if isinstance(value, date) else super().words_of(name, value)
