"""The form of the survey: every language beside the others, what is not offered left alone."""

from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext
from wtforms import BooleanField, Field, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length, StopValidation, ValidationError

from portal.forms import STAR_WORDS, clean_line
from portal.i18n import LANGUAGES, Offered
from portal.people.record_forms import VersionedForm
from portal.ratings.details import BANK
from portal.ratings.shipped import QUESTION
from portal.ratings.survey import MOST_CRITERIA, PLACEHOLDERS, SetUp, unknown_placeholders
from portal.ratings.survey_models import Texts

LONGEST_QUESTION, LONGEST_THANKS, LONGEST_REMARK, MOST_REMARKS = 200, 500, 60, 8
_IN = {"fr": _l("In French"), "ru": _l("In Russian"), "en": _l("In English")}
_NTH = (_l("First criterion"), _l("Second criterion"), _l("Third criterion"), _l("Fourth criterion"))


def closed_list(_form: object, field: Field) -> None:
    """Placeholders are those that we know; any other would be read by clients as it stands."""
    if unknown := unknown_placeholders(field.data or ""):
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValidationError(_("{%(name)s} is not known here. You can use: %(known)s.", name=unknown[0], known=known))


def at_most(number: int) -> Length:
    return Length(max=number, message=_l("Please use at most %(max)d characters."))


class SurveyForm(VersionedForm):
    """A survey as a whole. What is left empty is asked, or said, in our words."""

    question_fr = StringField(_IN["fr"], validators=[at_most(LONGEST_QUESTION), closed_list])
    question_ru = StringField(_IN["ru"], validators=[at_most(LONGEST_QUESTION), closed_list])
    question_en = StringField(_IN["en"], validators=[at_most(LONGEST_QUESTION), closed_list])
    criterion_1 = SelectField(_NTH[0], choices=[])
    criterion_2 = SelectField(_NTH[1], choices=[])
    criterion_3 = SelectField(_NTH[2], choices=[])
    criterion_4 = SelectField(_NTH[3], choices=[])
    comment = BooleanField(_l("There is room for a comment"))
    call_back = BooleanField(_l("Ask: “Would you like the agency to call you back?”"))
    thanks_fr = TextAreaField(_IN["fr"], validators=[at_most(LONGEST_THANKS), closed_list])
    thanks_ru = TextAreaField(_IN["ru"], validators=[at_most(LONGEST_THANKS), closed_list])
    thanks_en = TextAreaField(_IN["en"], validators=[at_most(LONGEST_THANKS), closed_list])

    def __init__(self, standing: SetUp) -> None:
        """Show a survey, or what was typed of it.

        Args:
            standing: as it is set up now.
        """
        self.stands, self.codes, self.standing = standing, [code for code, _name in Offered()], {}
        super().__init__(data=_as_typed(standing))
        if not self.is_submitted():
            self.version.data = str(standing.version)
        offered = [
            SelectChoice(value="", label=pgettext("criterion", "None")),
            *(SelectChoice(value=k, label=str(v)) for k, v in BANK.items()),
        ]
        for name in CRITERIA:
            self[name].choices = offered
        for code in set(LANGUAGES) - set(self.codes):
            for name in [name for name in self._fields if name.endswith(f"_{code}")]:
                del self[name]

    def validate_criterion_4(self, _field: SelectField) -> None:
        chosen = self.criteria
        if len(chosen) != len(set(chosen)):
            raise StopValidation(_("The same criterion is chosen twice."))

    @property
    def criteria(self) -> list[str]:
        return [self[name].data for name in CRITERIA if self[name].data in BANK]

    def remark_fields(self) -> Iterator[tuple[int, list[Field]]]:
        """For each number of stars, the best first, the fields of its remarks by language."""
        for stars in reversed(STAR_WORDS):
            yield stars, [self[f"remarks_{stars}_{code}"] for code in self.codes]

    def typed(self) -> SetUp:
        """What was typed. In languages that are not offered all stays as it was."""
        remarks = {str(stars): self._rows(stars) for stars in STAR_WORDS}
        return SetUp(
            self._texts("question", self.stands.question), self.criteria, self.comment.data,
            {stars: rows for stars, rows in remarks.items() if rows}, self._texts("thanks", self.stands.thanks),
            self.call_back.data, version=self.version_shown,
        )  # fmt: skip

    def _texts(self, name: str, before: Texts) -> Texts:
        kept = {code: text for code, text in before.items() if code not in self.codes}
        texts = {code: self[f"{name}_{code}"].data or "" for code in self.codes}
        shipped = QUESTION if name == "question" else {}
        return kept | {code: text for code, text in texts.items() if text and text != shipped.get(code)}

    def _rows(self, stars: int) -> list[Texts]:
        columns = {code: lines_of(self[f"remarks_{stars}_{code}"].data) for code in self.codes}
        rows = []
        for number in range(max(map(len, columns.values()), default=0)):
            row = {code: lines[number] for code, lines in columns.items() if number < len(lines)}
            rows.append(self._elsewhere(stars, row) | row)
        return rows

    def _elsewhere(self, stars: int, row: Texts) -> Texts:
        """The same remark in languages that are not offered, if it was there before."""
        before = self.stands.remarks.get(str(stars), [])
        same = next((one for one in before if any(one.get(code) == text for code, text in row.items())), {})
        return {code: text for code, text in same.items() if code not in self.codes}

    def show_standing(self) -> None:
        """Lay beside what was typed what somebody else has saved meanwhile."""
        for name, stands in _as_typed(self.stands).items():
            if name in self and (self[name].data or "") != (stands or ""):
                self.standing[name] = self.words_of(name, stands)
        self.version.data = str(self.stands.version)


CRITERIA = tuple(f"criterion_{number}" for number in range(1, MOST_CRITERIA + 1))


def lines_of(text: str | None) -> list[str]:
    """The remarks that were typed, one a line, empty lines left out."""
    return [line for line in (str(clean_line(line)) for line in (text or "").splitlines()) if line]


def as_many_in_each(form: SurveyForm, field: Field) -> None:
    """A remark is one line in each language, at the same place: staff read in theirs what was ticked in another."""
    stars, lines = field.name.split("_")[1], lines_of(field.data)
    if len(lines) > MOST_REMARKS or any(len(line) > LONGEST_REMARK for line in lines):
        raise ValidationError(
            _("At most %(most)s remarks of %(max)s characters each, please.", most=MOST_REMARKS, max=LONGEST_REMARK)
        )
    if len(lines) != len(lines_of(form[f"remarks_{stars}_{form.codes[0]}"].data)):
        raise ValidationError(_("Please write as many remarks as in the first language, line by line."))


def _as_typed(set_up: SetUp) -> Mapping[str, Any]:
    """A survey as the fields show it."""
    texts = {
        f"{name}_{code}": kept.get(code) or (QUESTION[code] if name == "question" else "")
        for name, kept in (("question", set_up.question), ("thanks", set_up.thanks))
        for code in LANGUAGES
    }
    remarks = {
        f"remarks_{stars}_{code}": "\n".join(one.get(code, "") for one in set_up.remarks.get(str(stars), []))
        for stars in STAR_WORDS
        for code in LANGUAGES
    }
    chosen = dict(zip(CRITERIA, set_up.criteria, strict=False))
    return {**texts, **remarks, **chosen, "comment": set_up.comment, "call_back": set_up.call_back}


for _stars in STAR_WORDS:
    for _code in LANGUAGES:
        setattr(SurveyForm, f"remarks_{_stars}_{_code}", TextAreaField(_IN[_code], validators=[as_many_in_each]))
