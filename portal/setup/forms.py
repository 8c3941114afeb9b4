"""The first administrator; the sectors; whom to invite."""

from typing import cast

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Email, InputRequired, Length, Optional

from portal.accounts.forms import SetPasswordForm
from portal.forms import PortalForm
from portal.setup.actions import SUBJECTS

LONGEST_NAME = 80


class AdministratorForm(SetPasswordForm):
    code = StringField(
        _l("Code shown in the terminal"),
        validators=[InputRequired(_l("Please type the code that the terminal shows.")), Length(max=40)],
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"},
    )
    first_name = StringField(
        _l("First name"),
        validators=[InputRequired(_l("Please write your first name.")), Length(max=LONGEST_NAME)],
        render_kw={"autocomplete": "given-name"},
    )
    last_name = StringField(
        _l("Last name"),
        validators=[InputRequired(_l("Please write your last name.")), Length(max=LONGEST_NAME)],
        render_kw={"autocomplete": "family-name"},
    )
    email = EmailField(
        _l("Your e-mail address"),
        validators=[
            InputRequired(_l("Please enter your e-mail address.")),
            Length(max=254),
            Email(_l("This is not an e-mail address.")),
        ],
        render_kw={"autocomplete": "username"},
    )

    def __init__(self) -> None:
        super().__init__([])
        known = [self.first_name.data, self.last_name.data, *(self.email.data or "").split("@")[:1]]
        self.personal = [word.casefold() for word in known if word and len(word) > 2]


class SectorsForm(PortalForm):
    sectors = TextAreaField(
        _l("Your sectors, one a line"), validators=[Optional(), Length(max=5000)], render_kw={"rows": 4}
    )

    @property
    def names(self) -> list[str]:
        lines = [" ".join(line.split())[:LONGEST_NAME] for line in (self.sectors.data or "").splitlines()]
        return [line for line in dict.fromkeys(lines) if line]


class InviteForm(PortalForm):
    """Whom: a key of `SUBJECTS`."""

    who = RadioField(
        _l("Whom to invite"), choices=[SelectChoice(value=str(number), label=str(number)) for number in SUBJECTS],
        coerce=int, validators=[InputRequired(_l("Please choose whom to invite."))],
    )  # fmt: skip

    @property
    def number(self) -> int:
        """What was chosen, once the form is valid."""
        return cast("int", self.who.data)
