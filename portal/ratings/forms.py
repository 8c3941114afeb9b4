"""The rating window, also as staff fill it in for a client, and the page that a mailed link opens."""

from datetime import datetime, time
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, HiddenField, RadioField, StringField, TextAreaField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, StopValidation

from portal import clock
from portal.errors import Refused
from portal.forms import PortalForm, StarsField, day_within_reach, number_in
from portal.i18n import local
from portal.ratings.models import LONGEST_COMMENT, LONGEST_REASON, LONGEST_REPLY
from portal.ratings.on_behalf import Said, moment_given
from portal.ratings.words import HOW_LABELS


class SeenForm(PortalForm):
    """A form that knows which version of the record the person has seen."""

    version = HiddenField(default="0")

    @property
    def seen_version(self) -> int:
        return number_in(self.version.data) or 0


class AnswerForm(PortalForm):
    """What is said of a visit."""

    stars = StarsField()
    comment = TextAreaField(
        _l("A comment?"), validators=[Length(max=LONGEST_COMMENT, message=_l("Please use at most 5,000 characters."))]
    )


class RatingForm(AnswerForm, SeenForm):
    """The same on a portal, where it can be changed."""


class TypedRatingForm(RatingForm):
    """The same window for staff: how the client gave the rating, and when, on the agency's wall clock."""

    how = RadioField(
        _l("How was it given?"),
        choices=[],
        validators=[InputRequired(_l("Please say how the client gave the rating."))],
    )
    day = DateField(_l("On which day?"), validators=[InputRequired(_l("Please give the day."))])
    hour = TimeField(_l("At what time?"), validators=[InputRequired(_l("Please give the time."))])

    def __init__(self, ended_at: datetime | None, given_at: datetime | None = None, **more: Any) -> None:
        """Begin with the moment of an earlier typing, or with now.

        Args:
            ended_at: when the visit was over: nobody has rated it before. None: it is not over.
            given_at: when the client gave what is corrected.
        """
        self.ended_at, self.given_at = ended_at, clock.now()
        begin = local(given_at or clock.now())
        more["data"] = {"day": begin.date(), "hour": begin.time(), **(more.get("data") or {})}
        super().__init__(**more)
        self.how.choices = [SelectChoice(value=key, label=str(label)) for key, label in HOW_LABELS.items()]

    def validate_day(self, field: DateField) -> None:
        if field.data and day_within_reach(field.data) is None:
            raise StopValidation(_("Please give the day."))

    def validate_hour(self, field: TimeField) -> None:
        if self.ended_at is None or self.day.errors or self.day.data is None or field.data is None:
            return
        try:
            self.given_at = moment_given(self.day.data, cast("time", field.data), self.ended_at)
        except Refused as refusal:
            raise StopValidation(str(refusal.message)) from None

    @property
    def said(self) -> Said:
        """What the client said, once the form is valid."""
        return Said(self.stars.stars, self.comment.data or None, str(self.how.data), self.given_at)


class ReplyForm(PortalForm):
    text = TextAreaField(
        _l("Your answer"),
        validators=[
            DataRequired(_l("Please write an answer.")),
            Length(max=LONGEST_REPLY, message=_l("Please use at most 2,000 characters.")),
        ],
    )


class ExcludeForm(SeenForm):
    reason = TextAreaField(
        _l("Why is it not counted?"),
        validators=[
            DataRequired(_l("Please give the reason in a few words.")),
            Length(max=LONGEST_REASON, message=_l("Please use at most 500 characters.")),
        ],
    )

    def validate_reason(self, field: TextAreaField) -> None:
        """A single word is a label, not a reason."""
        if len((field.data or "").split()) < 2:
            raise StopValidation(_("Please give the reason in a few words."))


class PublicRatingForm(AnswerForm):
    """Without a token of the session: the link itself is what lets one answer, and no cookie is set."""

    class Meta(PortalForm.Meta):
        csrf = False

    website = StringField()  # no person sees this field
