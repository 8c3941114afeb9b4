"""The forms of an action: what is decided on, how far it is, whether it helped."""

from datetime import date
from typing import cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from portal.adverse_events.action_plan import LONGEST_ACTION, LONGEST_NOTE, NEXT, Planned
from portal.adverse_events.follow_forms import TOO_LONG, FollowForm, number, offered
from portal.adverse_events.follow_models import Action, ActionState
from portal.adverse_events.follow_words import ACTION_KIND_LABELS, EFFECTIVE_LABELS
from portal.forms import near
from portal.i18n import full_day
from portal.visits.queries import today

MOVE_LABELS = {
    ActionState.TODO: _l("It is taken up again"),
    ActionState.PROGRESS: _l("It is in progress"),
    ActionState.DONE: _l("It is done"),
    ActionState.DROPPED: _l("It is dropped"),
}


class PlanForm(FollowForm):
    """What is decided on."""

    kind = RadioField(_l("Kind of action"), choices=[], validators=[InputRequired(_l("Please choose the kind."))])
    text = TextAreaField(
        _l("What is to be done"),
        validators=[
            DataRequired(_l("Please say what is to be done.")), Length(max=LONGEST_ACTION, message=TOO_LONG),
        ],
    )  # fmt: skip
    owner_id = SelectField(_l("Owner"), choices=[], coerce=number,
                           validators=[InputRequired(_l("Please say who does it."))])  # fmt: skip
    due_on = DateField(_l("Due date"), validators=[InputRequired(_l("Please say by which day.")), near])
    indicator = StringField(_l("How one will see that it helped"),
                            validators=[Length(max=LONGEST_NOTE, message=TOO_LONG)])  # fmt: skip
    check_on = DateField(_l("Look at its effect on"), validators=[Optional(), near])

    def __init__(self, owners: dict[int, str], action: Action | None = None) -> None:
        names = "kind", "text", "owner_id", "due_on", "indicator", "check_on"
        super().__init__(action, **({name: getattr(action, name) for name in names} if action else {}))
        self.kind.choices = offered(ACTION_KIND_LABELS)
        nobody = SelectChoice(value="", label=_("Please choose"))
        self.owner_id.choices = [*([] if action else [nobody]), *offered(owners)]

    def planned(self) -> Planned:
        return Planned(
            str(self.kind.data), str(self.text.data), cast("int", self.owner_id.data), cast("date", self.due_on.data),
            self.indicator.data or "", self.check_on.data,
        )  # fmt: skip

    def stands(self) -> dict[str, str]:
        return {name: self.words_of(name, getattr(self.record, name)) for name in vars(self.planned())}

    def words_of(self, name: str, value: object) -> str:
        if name == "kind":
            return str(ACTION_KIND_LABELS.get(str(value), ""))
        return super().words_of(name, value)


class MoveForm(FollowForm):
    """How far an action is."""

    state = RadioField(_l("How far it is"), choices=[], validators=[InputRequired(_l("Please say how far it is."))])
    done_on = DateField(_l("Done on"), validators=[Optional(), near])
    why = StringField(_l("Why it is dropped"), validators=[Length(max=LONGEST_NOTE, message=TOO_LONG)])

    def __init__(self, action: Action, state: str | None = None) -> None:
        super().__init__(action, state=state, done_on=today())
        self.state.choices = offered(MOVE_LABELS)  # what does not follow the present state, the deed refuses

    @property
    def following(self) -> list[str]:
        """The states that are offered: those that follow, and what was chosen."""
        following = NEXT[ActionState(cast("Action", self.record).state)]
        return [str(state) for state in MOVE_LABELS if state in following or state == self.state.data]


class EffectForm(FollowForm):
    """Whether an action has helped."""

    effective = RadioField(
        _l("Did it help?"), choices=[], validators=[InputRequired(_l("Please say whether it helped."))]
    )
    effect_note = TextAreaField(_l("What one sees"), validators=[Length(max=LONGEST_NOTE, message=TOO_LONG)])

    def __init__(self, action: Action) -> None:
        super().__init__(action, effective=action.effective, effect_note=action.effect_note)
        self.effective.choices = offered(EFFECTIVE_LABELS)

    @property
    def done_on(self) -> str:
        done = cast("Action", self.record).done_on
        return full_day(done) if done else ""
