"""What workers say of a rating, and what staff decide about it."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length

from portal.forms import PortalForm
from portal.ratings.forms import SeenForm
from portal.ratings.models import LONGEST_REASON
from portal.ratings.own_models import LONGEST_WORD

KINDS = {"reply": _l("Reply to the agency"), "contest": _l("Contest this rating")}
DECISIONS = {
    "no": _l("The rating stays as it is"),
    "yes": _l("Leave it out of the worker’s adjusted figure"),
}


def _offered(labels: Mapping[str, object]) -> list[SelectChoice]:
    return [SelectChoice(value=key, label=str(label)) for key, label in labels.items()]


class WordForm(SeenForm):
    kind = RadioField(
        _l("What would you like to do?"),
        choices=[],
        validators=[InputRequired(_l("Please choose one of the two."))],
    )
    text = TextAreaField(
        _l("Your words"),
        validators=[
            DataRequired(_l("Please write a few words.")),
            Length(max=LONGEST_WORD, message=_l("Please use at most 2,000 characters.")),
        ],
    )

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.kind.choices = _offered(KINDS)


class DecisionForm(PortalForm):
    accepted = RadioField(
        _l("What becomes of the rating?"),
        choices=[],
        validators=[InputRequired(_l("Please choose one of the two."))],
    )
    reason = TextAreaField(
        _l("Why?"),
        validators=[
            DataRequired(_l("Please give the reason in a few words.")),
            Length(max=LONGEST_REASON, message=_l("Please use at most 500 characters.")),
        ],
    )

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.accepted.choices = _offered(DECISIONS)
