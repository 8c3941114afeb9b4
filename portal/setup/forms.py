"""The first administrator; the sectors; whom to invite."""

import re
from collections.abc import Sequence
from typing import Any, ClassVar, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Email, InputRequired, Length, Optional, ValidationError

from portal.accounts.forms import SetPasswordForm
from portal.forms import PortalForm
from portal.people.models import Sector
from portal.roles import ROLE_LABELS, Role
from portal.setup.actions import SUBJECTS

LONGEST_NAME = 80
STAFF_ROLES = (Role.COORDINATOR, Role.QUALITY, Role.ADMIN)


class AdministratorForm(SetPasswordForm):
    code = StringField(
        _l("Code shown in the terminal"),
        validators=[DataRequired(_l("Please type the code that the terminal shows.")), Length(max=40)],
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"},
    )
    first_name = StringField(
        _l("First name"),
        validators=[DataRequired(_l("Please write your first name.")), Length(max=LONGEST_NAME)],
        render_kw={"autocomplete": "given-name"},
    )
    last_name = StringField(
        _l("Last name"),
        validators=[DataRequired(_l("Please write your last name.")), Length(max=LONGEST_NAME)],
        render_kw={"autocomplete": "family-name"},
    )
    email = EmailField(
        _l("Your e-mail address"),
        validators=[
            DataRequired(_l("Please enter your e-mail address.")),
            Length(max=254),
            Email(_l("This is not an e-mail address.")),
        ],
        render_kw={"autocomplete": "username"},
    )

    def __init__(self) -> None:
        super().__init__([])
        typed = f"{self.first_name.data} {self.last_name.data} {self.email.data}".casefold()
        self.personal = [word for word in re.split(r"[\W_]+", typed) if len(word) > 2]


class SectorsForm(PortalForm):
    """Sectors to add, and the names of those that there are, to be corrected; made by `sectors_form`."""

    known_ids: ClassVar[tuple[int, ...]] = ()
    sectors = TextAreaField(
        _l("Your sectors, one a line"), validators=[Optional(), Length(max=5000)], render_kw={"rows": 4}
    )

    @property
    def names(self) -> list[str]:
        lines = [" ".join(line.split()) for line in (self.sectors.data or "").splitlines()]
        return [line for line in dict.fromkeys(lines) if line]

    @property
    def known(self) -> list[StringField]:
        return [self[f"sector_{id_}"] for id_ in self.known_ids]

    @property
    def corrected(self) -> dict[int, str]:
        """Names as they stand in the fields, by the sector's id."""
        return {id_: " ".join((self[f"sector_{id_}"].data or "").split()) for id_ in self.known_ids}

    def validate_sectors(self, _field: TextAreaField) -> None:
        for line in self.names:
            _refuse_a_long_name(line)


def sectors_form(there: Sequence[Sector]) -> SectorsForm:
    """Return the form that corrects the names of these sectors and adds others."""
    fields: dict[str, Any] = {
        f"sector_{sector.id}": StringField(
            _("Sector %(number)s", number=number), default=sector.name,
            validators=[DataRequired(_("A sector needs a name.")), lambda _form, one: _refuse_a_long_name(one.data)],
        )
        for number, sector in enumerate(there, 1)
    }  # fmt: skip
    ids = tuple(sector.id for sector in there)
    return type("TheseSectorsForm", (SectorsForm,), {**fields, "known_ids": ids})()


def _refuse_a_long_name(name: str) -> None:
    if len(name) > LONGEST_NAME:
        raise ValidationError(
            _("The name “%(start)s…” has %(number)s characters. Please use at most %(max)s for a sector.",
              start=name[:30], number=len(name), max=LONGEST_NAME))  # fmt: skip


class ColleagueForm(PortalForm):
    first_name = StringField(
        _l("First name"), validators=[DataRequired(_l("Please write the first name.")), Length(max=LONGEST_NAME)]
    )
    last_name = StringField(
        _l("Last name"), validators=[DataRequired(_l("Please write the last name.")), Length(max=LONGEST_NAME)]
    )
    email = EmailField(
        _l("E-mail address"),
        validators=[
            DataRequired(_l("Please write the e-mail address.")),
            Length(max=254),
            Email(_l("This is not an e-mail address.")),
        ],
    )
    role = SelectField(_l("Role"))
    sectors = SelectMultipleField(_l("Sectors"))

    def __init__(self, sectors: Sequence[Sector]) -> None:
        super().__init__()
        self.role.choices = [SelectChoice(value=str(role), label=str(ROLE_LABELS[role])) for role in STAFF_ROLES]
        self.sectors.choices = [SelectChoice(value=str(sector.id), label=sector.name) for sector in sectors]

    @property
    def sector_ids(self) -> list[int]:
        return [int(chosen) for chosen in self.sectors.data or ()]


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
