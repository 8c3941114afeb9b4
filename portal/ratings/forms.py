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
from portal.ratings.details import BANK, Details, Present, in_language_of_page, key_of_remark, same_remark
from portal.ratings.models import LONGEST_COMMENT, LONGEST_REASON, LONGEST_REPLY, Rating
from portal.ratings.on_behalf import Said, moment_given
from portal.ratings.survey import Asked
from portal.ratings.survey_models import Texts
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
    remarks = SelectMultipleField(_l("What applies?"), choices=[], validate_choice=False)  # what we know not, we drop
    comment = TextAreaField(
        _l("A comment?"), validators=[Length(max=LONGEST_COMMENT, message=_l("Please use at most 5,000 characters."))]
    )
    call_back = BooleanField(_l("Would you like the agency to call you back?"))

    def __init__(self, asked: Asked, present: Present | None = None, **more: Any) -> None:
        """Ask what the survey asks, and nothing else. What is said already and not asked any more stays said.

        Args:
            asked: the survey, in the language of the page.
            present: of a rating that is changed, what it says; the form begins with that.
        """
        self.asked, self.present = asked, present or Present()
        self.offered = self._offered()
        begun = {} if self.is_submitted() else self._begun()
        super().__init__(**more | {"data": begun | (more.get("data") or {})})
        offered = {
            "comment": asked.comment, "call_back": asked.call_back, "remarks": bool(self.offered),
            **{key: key in asked.criteria for key in BANK},
        }  # fmt: skip
        for name in [name for name, wanted in offered.items() if not wanted]:
            del self[name]
        if self.remarks:
            self.remarks.choices = [
                SelectChoice(value=key_of_remark(stars, one), label=in_language_of_page(one))
                for stars, ones in self.offered.items()
                for one in ones
            ]

    def _offered(self) -> dict[int, list[Texts]]:
        """What can be ticked by number of stars: what the survey offers, and what was ticked before, in the words of
        then."""
        lowest = 0 if option("ratings.offer_zero") else 1
        offered = {stars: list(ones) for stars, ones in sorted(self.asked.remarks.items()) if stars >= lowest and ones}
        if (stars := self.present.stars) is None or stars < lowest:
            return offered
        for one in self.present.details.remarks:
            ones = offered.setdefault(stars, [])
            if known := same_remark(one, ones):
                ones[ones.index(known)] = one
            else:
                ones.append(one)
        return offered

    def _begun(self) -> dict[str, Any]:
        said, stars = self.present.details, self.present.stars
        ticked = [key_of_remark(stars, one) for one in said.remarks] if stars is not None else []
        begun = {"stars": stars, "comment": self.present.comment, "version": self.present.version}
        return begun | dict(said.criteria) | {"call_back": said.call_back, "remarks": ticked}

    @property
    def criteria(self) -> list[CriterionField]:
        """The fields of the criteria that are asked, in their order."""
        return [self[key] for key in self.asked.criteria]

    @property
    def said_comment(self) -> str:
        return (self.comment.data if self.comment else self.present.comment) or ""

    @property
    def details(self) -> Details:
        """What was said besides, once the form is valid. Remarks that belong to other stars were ticked before."""
        before, stars = self.present.details, self.stars.stars
        ticked = set(self.remarks.data or ()) if self.remarks else set()
        chosen = [one for one in self.offered.get(stars, ()) if key_of_remark(stars, one) in ticked]
        chosen.sort(key=lambda one: before.remarks.index(one) if one in before.remarks else len(before.remarks))
        return Details(
            {key: given for key, given in before.criteria.items() if key not in self.asked.criteria}
            | {key: self[key].data for key in self.asked.criteria if self[key].data},
            chosen,
            bool(self.call_back.data if self.call_back else before.call_back),
            self.asked.version_id,
        )


def present_of(rating: Rating, anew: bool = False) -> Present:
    """What is said so far, of a rating that can be changed.

    Args:
        anew: the agency asks how one sees it now: the form begins empty, only an open wish to be called stands.
    """
    said = rating.standing_details
    if anew:
        return Present(version=rating.version, details=Details(call_back=said.call_back))
    return Present(rating.stars, rating.comment, rating.version, said)


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
    seen = HiddenField()  # what was said when the page was made: another tab may have said something since

    def is_overtaken(self, rating: Rating | None) -> bool:
        """Whether something else is said by now than the page showed. What brings nothing along has seen no page."""
        return bool(rating and self.seen.data) and self.seen.data != seen_of(rating)


def seen_of(rating: Rating | None) -> str:
    """What names the value that a rating has now; staff who take note of it do not change that."""
    return rating.said_at.isoformat() if rating else "nothing"
