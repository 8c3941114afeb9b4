"""The form of a text of a message: it names every placeholder that is not one, and where it stands."""

from collections.abc import Iterable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import DataRequired, Length, ValidationError

from portal.errors import Refused
from portal.forms import PortalForm, number_in
from portal.outbox.letters import SUBJECT, Draft, letter_of
from portal.outbox.placeholders import Fault, faults_of, names_in, sentence
from portal.outbox.text_models import MessageText
from portal.outbox.text_queries import Place, draft_of

LONGEST_SUBJECT, LONGEST_BODY, LONGEST_SHORT = 150, 10_000, 1_000
_LONG = _l("Please use at most %(max)d characters.")


class TextForm(PortalForm):
    """Subject and body. Whoever comes second is shown what stands by now (`standing`)."""

    version = HiddenField()
    subject = StringField(
        _l("Subject"),
        validators=[DataRequired(_l("Please write a subject.")), Length(max=LONGEST_SUBJECT, message=_LONG)],
    )
    body = TextAreaField(_l("Text"), validators=[DataRequired(_l("Please write a text."))])

    def __init__(self, place: Place, written: MessageText | None) -> None:
        self.place, self.written = place, written
        self.standing: Draft | None = None
        draft = draft_of(place, written)
        super().__init__(data={"subject": draft.subject, "body": draft.body, "version": self._stands()})
        if place.channel == "sms":
            del self.subject

    def _stands(self) -> str:
        return str(self.written.version if self.written else 0)

    @property
    def seen(self) -> int:
        """The version that was shown; what is none is older than any."""
        number = number_in(self.version.data)
        return -1 if number is None else number

    @property
    def typed(self) -> Draft:
        subject = self.subject.data or "" if "subject" in self else ""
        return Draft(subject, (self.body.data or "").replace("\r", "\n"))

    def validate_subject(self, field: StringField) -> None:
        known = letter_of(self.place.kind).known("mail")
        plain = [name for name, one in known.items() if not one.label and not one.is_alone]
        self._say(faults_of(field.data or "", plain), plain)

    def validate_body(self, field: TextAreaField) -> None:
        most = LONGEST_BODY if self.place.channel == "mail" else LONGEST_SHORT
        if len(field.data or "") > most:
            raise ValidationError(_("Please use at most %(max)d characters.", max=most))
        known = letter_of(self.place.kind).known(self.place.channel)
        known.pop(SUBJECT, None)
        faults = faults_of(field.data or "", known, {name for name, one in known.items() if one.is_alone})
        needed = [name for name, one in known.items() if one.required]
        if needed and not names_in(field.data or "").intersection(needed):
            faults.append(Fault("missing", needed[0]))
        self._say(faults, known)

    def _say(self, faults: list[Fault], known: Iterable[str]) -> None:
        if faults:
            raise ValidationError(" ".join(sentence(fault, list(known)) for fault in faults[:5]))

    def refuse(self, refusal: Refused) -> None:
        if refusal.code == "stale":
            self.standing = draft_of(self.place, self.written)
            self.version.data = self._stands()
        super().refuse(refusal)
