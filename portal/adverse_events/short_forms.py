"""The two screens of the short report, and the code of an anonymous one."""

from collections.abc import Mapping
from datetime import date, time
from typing import cast

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, DateField, RadioField, SelectField, StringField, TextAreaField, TimeField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, StopValidation

from portal.adverse_events import short
from portal.adverse_events.models import LONGEST_TEXT, Mode
from portal.adverse_events.words import MODE_HINTS, MODE_LABELS
from portal.errors import Refused
from portal.files.forms import AttachmentsField
from portal.forms import PortalForm, near, number_in, of_the_clock
from portal.links import new_public_id
from portal.threads.forms import TOKEN, OnceForm

TOO_LONG = Length(max=LONGEST_TEXT, message=_l("Please use at most 5,000 characters."))


class WhatForm(OnceForm):
    """When, with whom, what about, what happened."""

    day = DateField(_l("Day"), validators=[InputRequired(_l("Please choose a day.")), near])
    hour = TimeField(_l("At about"), validators=[InputRequired(_l("Please say at about which hour.")), of_the_clock])
    subject = SelectField(
        _l("On which visit?"), choices=[], validators=[InputRequired(_l("Please choose a visit or a line below them."))]
    )
    category = SelectField(
        _l("What is it about?"), choices=[], validators=[InputRequired(_l("Please choose what it is about."))]
    )
    facts = TextAreaField(
        _l("What happened?"), validators=[InputRequired(_l("Please describe what happened.")), TOO_LONG]
    )

    def __init__(
        self, visit_id: int | None = None, kept: Mapping | None = None, token: str | None = None, *, csrf: bool = True
    ) -> None:
        super().__init__(meta={"csrf": csrf}, **({"formdata": MultiDict(kept)} if kept else {}))
        self.token.data = token or self.token.data
        first = SelectChoice(value="", label=_("Please choose"))
        subjects, known = short.subjects_for(g.user, visit_id), short.categories()
        self.subject.choices = [first, *(SelectChoice(value=key, label=label) for key, label in subjects.items())]
        self.category.choices = [first, *(SelectChoice(value=key, label=label) for key, label in known.items())]
        chosen = self.subject.data or ""
        if chosen not in subjects and (closed := short.closed_choice(g.user, chosen)):
            self.subject.invalid_choice_message = str(closed.message)
        if f"visit:{visit_id}" in subjects and not self.is_submitted() and not kept:
            self.subject.data = f"visit:{visit_id}"

    def validate_hour(self, _field: TimeField) -> None:
        if self.day.data and self.hour.data and not self.day.errors:
            try:
                short.moment_of(self.day.data, cast("time", self.hour.data))
            except Refused as refusal:
                raise StopValidation(str(refusal.message)) from refusal

    def validate_subject(self, field: SelectField) -> None:
        type_, _colon, number = str(field.data).partition(":")
        if type_ == "visit" and self.day.data and self.hour.data and not self.day.errors and not self.hour.errors:
            moment = short.moment_of(self.day.data, cast("time", self.hour.data))
            try:
                short.refuse_visit(g.user, number_in(number) or 0, moment)
            except Refused as refusal:
                raise StopValidation(str(refusal.message)) from refusal

    @property
    def typed(self) -> dict[str, str]:
        """As it was sent, valid or not."""
        names = ("day", "hour", "subject", "category", "facts")
        texts = {name: (self[name].raw_data or [""])[0] for name in names}
        return texts | {"facts": self.facts.data or ""}

    def what(self) -> short.What:
        """What is reported, once the form is valid."""
        type_, _colon, number = str(self.subject.data).partition(":")
        visit_id = int(number) if type_ == "visit" else None
        return short.What(
            short.moment_of(cast("date", self.day.data), cast("time", self.hour.data)),
            short.client_of(g.user, visit_id) if visit_id else number_in(number), visit_id,
            int(str(self.category.data)), str(self.facts.data),
        )  # fmt: skip


class SendingForm(OnceForm):
    """How grave, was rescue called, with a name or not, and what is attached."""

    gravity = RadioField(
        _l("How grave is it?"), choices=[], validators=[InputRequired(_l("Please say how grave it is."))]
    )
    rescue = BooleanField(_l("Rescue was called (15, 17, 18, 112)"))
    mode = RadioField(_l("Who may know that you report it?"), choices=[], default=str(Mode.NAMED))
    files = AttachmentsField(_l("Photos"))

    def __init__(self, token: str, kept: Mapping | None = None) -> None:
        super().__init__(**({"data": kept} if kept else {}))
        self.token.data = token
        self.gravity.choices = [SelectChoice(value=key, label=str(one.label)) for key, one in short.GRAVITIES.items()]
        self.mode.choices = [SelectChoice(value=str(mode), label=str(MODE_LABELS[mode])) for mode in Mode]
        self.files.errors = (kept or {}).get("refused", [])
        self.hints = {str(mode): hint for mode, hint in MODE_HINTS.items()}

    @property
    def typed(self) -> dict[str, object]:
        """As it was sent, valid or not, but for the files: those are the draft's."""
        return {"gravity": self.gravity.data, "rescue": bool(self.rescue.data), "mode": self.mode.data}

    def sending(self) -> short.Sending:
        """How it is sent, once the form is valid."""
        gravity = short.GRAVITIES[str(self.gravity.data)]
        return short.Sending(gravity, bool(self.rescue.data), str(self.mode.data))


class CodeForm(PortalForm):
    """The code of an anonymous report."""

    code = StringField(_l("Your code"), validators=[InputRequired(_l("Please type your code.")), Length(max=60)])


class WordForm(PortalForm):
    """What the worker concerned says of an event themselves."""

    word = TextAreaField(_l("What I have to say"), validators=[InputRequired(_l("Please write something.")), TOO_LONG])


def token_sent(token: object) -> str:
    """The token that a form brings along; a new one if it is none of ours."""
    return token if isinstance(token, str) and TOKEN.fullmatch(token) else new_public_id()
