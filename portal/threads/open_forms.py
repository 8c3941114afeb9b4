"""The forms with which conversations are opened."""

from collections.abc import Iterable, Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from portal.threads.forms import WriteForm
from portal.threads.models import LONGEST_SUBJECT
from portal.threads.opening import Opening, Somebody
from portal.threads.words import TOPICS

AGENCY = "agency"


def topics(*without: str) -> list[SelectChoice]:
    return [SelectChoice(value=key, label=label) for key, label in TOPICS.items() if key not in without]


class OpenForm(WriteForm):
    """What it is about, and the first message."""

    topic = SelectField(_l("What is it about?"), choices=[])
    subject = StringField(
        _l("Subject"), validators=[Length(max=LONGEST_SUBJECT, message=_l("Please use at most 200 characters."))]
    )

    def opening(self) -> Opening:
        """What was chosen and written, once the form is valid."""
        return Opening(self.topic.data or "", self.subject.data or "", self.draft)


class OwnForm(OpenForm):
    """The same on the portals of clients and workers, who write to the agency, and may be to one other person."""

    other = RadioField(_l("To whom?"), choices=[], default=AGENCY, validators=[Optional()])

    def __init__(self, kind: str, others: Mapping[str, str], **options: object) -> None:
        super().__init__(**options)
        self.topic.choices = topics(kind)
        self.other.choices = [
            SelectChoice(value=AGENCY, label=_("The agency alone")),
            *(SelectChoice(value=key, label=_("%(name)s and the agency", name=name)) for key, name in others.items()),
        ]

    def opening(self) -> Opening:
        chosen = self.other.data if self.other.data not in (None, "", AGENCY) else None
        return Opening(self.topic.data or "", self.subject.data or "", self.draft, [chosen] if chosen else [])


class StaffOpenForm(OpenForm):
    """The same for staff, who say who takes part and whether they see it."""

    people = SelectMultipleField(
        _l("Who takes part?"), choices=[], validators=[InputRequired(_l("Please choose who takes part."))]
    )
    who = StringField(_l("Add somebody else"), validators=[Optional(), Length(max=100)])
    published = BooleanField(_l("Visible on the portals"), default=True)

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.topic.choices = topics()

    def offer(self, people: Iterable[Somebody]) -> None:
        """Offer these people, in this order."""
        self.people.choices = [SelectChoice(value=one.key, label=one.name) for one in people]

    def opening(self) -> Opening:
        return Opening(
            self.topic.data or "", self.subject.data or "", self.draft, self.people.data or [],
            published=bool(self.published.data),
        )  # fmt: skip
