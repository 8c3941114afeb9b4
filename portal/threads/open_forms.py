"""The forms with which conversations are opened."""

from collections.abc import Iterable, Mapping

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional

from portal.forms import choices, number_in
from portal.threads.forms import WriteForm
from portal.threads.group import KIND_LABELS, Audience, Letter
from portal.threads.models import LONGEST_SUBJECT
from portal.threads.opening import Opening, Somebody
from portal.threads.words import TOPICS

AGENCY = "alone"


def topics(*without: str) -> list[SelectChoice]:
    return [SelectChoice(value=key, label=str(label)) for key, label in TOPICS.items() if key not in without]


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

    def __init__(self, kind: str, others: Mapping[str, str], barred: object = None, **options: object) -> None:
        """
        Args:
            kind: of who writes, client or worker.
            others: whom they may write to besides the agency, by key.
            barred: why they may write to nobody else, if so: said to whoever had chosen somebody before.
        """
        super().__init__(**options)
        self.other.invalid_choice_message = barred or self.other.invalid_choice_message
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


class GroupForm(OpenForm):
    """A message to many, each of whom receives it alone. It takes no files: each would be kept as often."""

    files = None
    kind = RadioField(_l("To whom?"), choices=[], default="client")
    sector = SelectField(_l("Sector"), choices=[])

    def __init__(self, sectors: Mapping[int, str], **options: object) -> None:
        super().__init__(**options)
        self.topic.choices = topics()
        self.kind.choices = [SelectChoice(value=key, label=str(label)) for key, label in KIND_LABELS.items()]
        self.sector.choices = choices(sectors, _l("All sectors"))

    def validate_text(self, field: TextAreaField) -> None:
        if not field.data:
            raise ValidationError(_("Please write something."))

    @property
    def expected(self) -> int | None:
        """How many the person has been told receive it; None before that."""
        return number_in(request.form.get("sure"))

    @property
    def audience(self) -> Audience:
        return Audience(self.kind.data or "", number_in(self.sector.data))

    @property
    def letter(self) -> Letter:
        return Letter(self.topic.data or "", self.subject.data or "", self.text.data or "", self.token.data or "")
