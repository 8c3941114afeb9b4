"""The rating window, also as staff fill it in for a client, and the page that a mailed link opens."""

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    RadioField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, StopValidation

from portal import clock
from portal.errors import Refused
from portal.forms import PortalForm, StarsField, day_within_reach, number_in
from portal.i18n import local
from portal.ratings.details import BANK, Details, in_language_of_page
from portal.ratings.models import LONGEST_COMMENT, LONGEST_REASON, LONGEST_REPLY, Rating
from portal.ratings.on_behalf import Said, moment_given
from portal.ratings.survey import Asked
from portal.ratings.words import HOW_LABELS
from portal.settings.queries import option


class SeenForm(PortalForm):
    """A form that knows which version of the record the person has seen."""

    version = HiddenField(default="0")

    @property
    def seen_version(self) -> int:
        return number_in(self.version.data) or 0


class CriterionField(RadioField):
    """Stars from 1 to 5 for one criterion, or none: it may be left."""

    def __init__(self, label: object, **options: object) -> None:
        stars = [SelectChoice(value=str(number), label=str(number)) for number in range(1, 6)]
        super().__init__(label, choices=stars, coerce=int, **options)

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        if any(valuelist):
            super().process_formdata(valuelist)

    def pre_validate(self, form: Any) -> None:
        if self.data is not None:
            super().pre_validate(form)


class AnswerForm(PortalForm):
    """What is said of a visit: the stars, and what the survey asks besides."""

    stars = StarsField()
    q_punct = CriterionField(BANK["q_punct"])
    q_tasks = CriterionField(BANK["q_tasks"])
    q_respect = CriterionField(BANK["q_respect"])
    q_instr = CriterionField(BANK["q_instr"])
    q_time = CriterionField(BANK["q_time"])
    q_home = CriterionField(BANK["q_home"])
    remarks = SelectMultipleField(_l("What applies?"), choices=[])
    comment = TextAreaField(
        _l("A comment?"), validators=[Length(max=LONGEST_COMMENT, message=_l("Please use at most 5,000 characters."))]
    )
    call_back = BooleanField(_l("Would you like the agency to call you back?"))

    def __init__(self, asked: Asked, present: Details | None = None, **more: Any) -> None:
        """Ask what the survey asks, and nothing else.

        Args:
            asked: the survey, in the language of the page.
            present: what was said besides stars and comment, of a rating that is changed.
        """
        self.asked, said = asked, present or Details()
        begun = {**said.criteria, "call_back": said.call_back, "remarks": self._ticked(asked, more.get("data"), said)}
        more["data"] = begun | (more.get("data") or {})
        super().__init__(**more)
        offered = {
            "comment": asked.comment, "call_back": asked.call_back, "remarks": bool(asked.remarks),
            **{key: key in asked.criteria for key in BANK},
        }  # fmt: skip
        for name in [name for name, wanted in offered.items() if not wanted]:
            del self[name]
        if self.remarks:
            self.remarks.choices = [
                SelectChoice(value=_key(stars, text), label=text)
                for stars, texts in self.offered_remarks.items()
                for text in texts
            ]

    @staticmethod
    def _ticked(asked: Asked, data: dict | None, said: Details) -> list[str]:
        stars = (data or {}).get("stars")
        if not isinstance(stars, int):
            return []
        chosen = [one for one in asked.remarks.get(stars, ()) if one in said.remarks]
        return [_key(stars, in_language_of_page(one)) for one in chosen]

    @property
    def offered_remarks(self) -> dict[int, list[str]]:
        return self.asked.remarks_for(option("ratings.offer_zero"))

    @property
    def criteria(self) -> list[CriterionField]:
        """The fields of the criteria that are asked, in their order."""
        return [self[key] for key in self.asked.criteria]

    @property
    def said_comment(self) -> str:
        return (self.comment.data or "") if self.comment else ""

    @property
    def details(self) -> Details:
        """What was said besides, once the form is valid. Remarks that belong to other stars were ticked before."""
        ticked = set(self.remarks.data or ()) if self.remarks else set()
        ones = self.asked.remarks.get(self.stars.stars, ())
        return Details(
            {key: self[key].data for key in self.asked.criteria if self[key].data},
            [one for one in ones if _key(self.stars.stars, in_language_of_page(one)) in ticked],
            bool(self.call_back and self.call_back.data),
        )


def _key(stars: int, text: str) -> str:
    """What the box of a remark sends."""
    return f"{stars}:{text}"


def present_of(rating: Rating) -> dict[str, Any]:
    """What a form of a rating that can be changed begins with."""
    data = {"stars": rating.stars, "comment": rating.comment, "version": rating.version}
    return {"data": data, "present": rating.standing_details}


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

    def __init__(self, asked: Asked, ended_at: datetime | None, given_at: datetime | None = None, **more: Any) -> None:
        """Begin with the moment of an earlier typing, or with now.

        Args:
            asked: the survey.
            ended_at: when the visit was over: nobody has rated it before. None: it is not over.
            given_at: when the client gave what is corrected.
        """
        self.ended_at, self.given_at = ended_at, clock.now()
        begin = local(given_at or clock.now())
        more["data"] = {"day": begin.date(), "hour": begin.time(), **(more.get("data") or {})}
        super().__init__(asked, **more)
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
        return Said(self.stars.stars, self.said_comment or None, str(self.how.data), self.given_at, self.details)


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
