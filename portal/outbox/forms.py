"""Filters of the list of messages, and why all of them are held."""

from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, SelectField, StringField
from wtforms.validators import DataRequired, Length, Optional

from portal.extensions import wires
from portal.forms import FilterForm, PortalForm, choices, day_within_reach
from portal.outbox.queries import REASON_LABELS, STATE_LABELS, MessageFilter


class MessagesFilter(FilterForm):
    """What staff narrow the list to; a value that the form does not offer is no filter."""

    first_day = DateField(_l("From"), validators=[Optional()])
    last_day = DateField(_l("To"), validators=[Optional()])
    state = SelectField(_l("State"), choices=[])
    reason = SelectField(_l("Reason"), choices=[])
    kind = SelectField(_l("Message"), choices=[])
    lately = HiddenField()  # a link of the home page
    who = StringField(_l("Recipient or client"), validators=[Length(max=100)])

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.state.choices = choices(STATE_LABELS, _l("All states"))
        self.reason.choices = choices(REASON_LABELS, _l("All reasons"))
        self.kind.choices = choices(
            {name: kind.label for name, kind in wires.message_kinds.items()}, _l("All messages")
        )

    def narrowed(self) -> MessageFilter:
        self.validate()
        return MessageFilter(
            first_day=day_within_reach(self.first_day.data),
            last_day=day_within_reach(self.last_day.data),
            state=self.state.data if self.state.data in STATE_LABELS else None,
            reason=self.reason.data if self.reason.data in REASON_LABELS else None,
            kind=self.kind.data if self.kind.data in wires.message_kinds else None,
            who=self.who.data or None,
            lately=self.lately.data == "1",
        )


class HoldForm(PortalForm):
    why = StringField(
        _l("Why?"),
        description=_l("Your colleagues read it while messages are held."),
        validators=[
            DataRequired(_l("Please say why messages are to be held.")),
            Length(max=200, message=_l("Please use at most 200 characters.")),
        ],
    )
