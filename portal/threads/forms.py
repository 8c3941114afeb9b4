"""What is written in a conversation, and what staff narrow the list of them to."""

import re
from dataclasses import dataclass, replace

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from wtforms import HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from portal.errors import Refused
from portal.files.forms import AttachmentsField
from portal.forms import FilterForm, PortalForm, choices, number_in
from portal.links import new_public_id
from portal.threads.actions import Draft, written
from portal.threads.models import LONGEST_REASON, LONGEST_TEXT
from portal.threads.words import INCIDENT, TOPICS

STATES = {"archived": lazy_pgettext("conversation", "Archived"), "all": _l("All conversations")}
READ = {"1": _l("Unread")}
SUBJECTS = {INCIDENT: _l("Incident"), **TOPICS}


@dataclass(frozen=True)
class ThreadFilter:
    """What the list is narrowed to; empty leaves all in that are to handle. `who` are words of a participant's name."""

    state: str = ""
    unread: bool = False
    topic: str | None = None
    sector_id: int | None = None
    who: str = ""


class ThreadsFilter(FilterForm):
    """What the list is narrowed to; a value that the form does not offer is no filter."""

    state = SelectField(_l("State"), choices=[])
    unread = SelectField(_l("Reading"), choices=[])
    topic = SelectField(_l("Topic"), choices=[])
    sector = SelectField(_l("Sector"), choices=[])
    who = StringField(_l("Client or worker"), validators=[Length(max=100)])

    def __init__(self, formdata: object, sectors: dict[int, str]) -> None:
        super().__init__(formdata)
        self.sectors = sectors
        self.state.choices = choices(STATES, _l("To handle"))
        self.unread.choices = choices(READ, _l("Read or not"))
        self.topic.choices = choices(SUBJECTS, _l("All topics"))
        self.sector.choices = choices(sectors, _l("All sectors"))

    def narrowed(self) -> ThreadFilter:
        self.validate()
        sector = number_in(self.sector.data)
        return ThreadFilter(
            state=self.state.data if self.state.data in STATES else "",
            unread=self.unread.data == "1",
            topic=self.topic.data if self.topic.data in SUBJECTS else None,
            sector_id=sector if sector in self.sectors else None,
            who=(self.who.data or "")[:100],
        )


TOKEN = re.compile(r"[\w-]{22}", re.ASCII)
NOT_LONGER = Length(max=LONGEST_TEXT, message=_l("Please use at most 5,000 characters."))


class OnceForm(PortalForm):
    """A form that is one deed however often it is sent."""

    token = HiddenField()

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        if not TOKEN.fullmatch(self.token.data or ""):
            self.token.data = new_public_id()

    def get_ready(self) -> None:
        """What is attached; of a form that has arrived before, nothing is drawn or stored again."""
        field = self._fields.get("files")
        if isinstance(field, AttachmentsField) and not written(g.user, self.token.data or ""):
            field.get_ready(g.user)

    def refuse(self, refusal: Refused) -> None:
        """As every form. What had arrived otherwise than it stands here may be sent as well: as another deed."""
        if refusal.code == "token":
            self.token.data = new_public_id()
            refusal = Refused(refusal.message, "text")
        super().refuse(refusal)


class WriteForm(OnceForm):
    """The box in which one writes."""

    # other forms can lie over this one: its fields have names of their own on the page
    text = TextAreaField(_l("Your message"), validators=[NOT_LONGER], id="write-text")
    files = AttachmentsField(id="write-files")

    @property
    def draft(self) -> Draft:
        """What was written, once the form is valid."""
        return Draft(self.text.data or "", self.token.data or "", self.files.data or ())


class StaffWriteForm(WriteForm):
    """The same for the agency, which says who reads it: nobody writes to a client by leaving something out."""

    audience = RadioField(_l("Who reads this message?"), choices=[])

    def __init__(self, **options: object) -> None:
        super().__init__(**options)
        self.audience.choices = [
            SelectChoice(value="all", label=_("Everybody in the conversation")),
            SelectChoice(value="agency", label=_("Internal: the agency alone")),
        ]

    @property
    def draft(self) -> Draft:
        return replace(super().draft, internal=self.audience.data == "agency")


class CorrectForm(PortalForm):
    text = TextAreaField(_l("Your message"), validators=[NOT_LONGER])


class WithdrawForm(PortalForm):
    reason = StringField(
        _l("Why?"),
        description=_l("All who take part read it in place of the message."),
        validators=[
            DataRequired(_l("Please say why the message is withdrawn.")),
            Length(max=LONGEST_REASON, message=_l("Please use at most 500 characters.")),
        ],
    )
