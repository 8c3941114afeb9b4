"""The forms in which staff follow a complaint."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length

from portal.complaints.following import Change, state_now
from portal.complaints.forms import choices_of
from portal.complaints.models import LONGEST_REASON, LONGEST_TEXT, Channel, Complaint
from portal.complaints.words import CHANNEL_LABELS, OUTCOME_LABELS, STATE_LABELS, TYPED_CHANNELS
from portal.extensions import db
from portal.forms import number_in
from portal.organisation.lists import offered
from portal.organisation.models import ListEntry, ListName
from portal.people.queries import overseers
from portal.people.record_forms import VersionedForm

TOO_LONG = _l("Please use at most %(max)d characters.")


class DeedForm(VersionedForm):
    """A question about a complaint.

    Attributes:
        standing: after somebody else was faster, where the complaint stands by now, in words.
    """

    def __init__(self, complaint: Complaint, **data: object) -> None:
        self.complaint, self.standing = complaint, ""
        super().__init__(data=data)
        if not self.is_submitted():
            self.version.data = str(complaint.version)

    def show_standing(self) -> None:
        self.standing = str(STATE_LABELS[state_now(self.complaint)])
        self.version.data = str(self.complaint.version)


class AnswerForm(DeedForm):
    text = TextAreaField(_l("Answer"), validators=[Length(max=LONGEST_TEXT, message=TOO_LONG)])


class ResolveForm(DeedForm):
    outcome = RadioField(_l("How it ended"), validators=[InputRequired(_l("Please say how it ended."))])

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint)
        self.outcome.choices = [SelectChoice(value=str(one), label=str(label)) for one, label in OUTCOME_LABELS.items()]


class ReopenForm(DeedForm):
    why = TextAreaField(_l("Reason"), validators=[Length(max=LONGEST_REASON, message=TOO_LONG)])


class ChangeForm(DeedForm):
    """What it is about, how it came, who has it in hand."""

    subject_id = SelectField(_l("Subject"))
    channel = SelectField(_l("How it came"))
    owner_id = SelectField(_l("In the hands of"))

    def __init__(self, complaint: Complaint) -> None:
        owner = complaint.note.owner_id if complaint.note else None
        super().__init__(complaint, subject_id=str(complaint.subject_id), channel=complaint.channel,
                         owner_id=str(owner or ""))  # fmt: skip
        self.subject_id.choices = choices_of(offered(ListName.COMPLAINT, [complaint.subject_id]))
        kinds = [*TYPED_CHANNELS, *({Channel(complaint.channel)} - set(TYPED_CHANNELS))]
        self.channel.choices = [SelectChoice(value=str(one), label=str(CHANNEL_LABELS[one])) for one in kinds]
        self.owner_id.choices = choices_of(overseers(complaint.sector_id, also=owner), _("Nobody yet"))

    def typed(self) -> Change:
        subject = db.session.get_one(ListEntry, number_in(self.subject_id.data))
        return Change(subject, str(self.channel.data), number_in(self.owner_id.data))
