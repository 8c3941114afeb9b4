"""Signing in, and choosing a password."""

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, HiddenField, PasswordField
from wtforms.validators import EqualTo, InputRequired, Length, ValidationError

from portal.accounts.actions import LONGEST_PASSWORD, SHORTEST_PASSWORD
from portal.forms import PortalForm

COMMON = {"password", "motdepasse", "azerty", "qwerty", "123456", "пароль"}


class SignInForm(PortalForm):
    email = EmailField(
        _l("E-mail address"),
        validators=[InputRequired(_l("Please enter your e-mail address.")), Length(max=254)],
        render_kw={"autocomplete": "username"},
    )
    password = PasswordField(
        _l("Password"),
        validators=[InputRequired(_l("Please enter your password.")), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )
    next = HiddenField()


class ForgottenForm(PortalForm):
    email = EmailField(
        _l("E-mail address"),
        validators=[InputRequired(_l("Please enter your e-mail address.")), Length(max=254)],
        render_kw={"autocomplete": "username"},
    )


class SetPasswordForm(PortalForm):
    password = PasswordField(
        _l("Choose a password"),
        description=_l("At least 12 characters. A sentence that you remember is best."),
        validators=[
            InputRequired(_l("Please choose a password.")),
            Length(min=SHORTEST_PASSWORD, message=_l("Please use at least %(min)d characters.")),
            Length(max=LONGEST_PASSWORD, message=_l("Please use at most %(max)d characters.")),
        ],
        render_kw={"autocomplete": "new-password"},
    )
    confirm = PasswordField(
        _l("The same password again"),
        validators=[EqualTo("password", _l("The two passwords are not the same."))],
        render_kw={"autocomplete": "new-password"},
    )

    def validate_password(self, field: PasswordField) -> None:
        """Refuse what a guesser tries first: a common word with little around it, or few different signs."""
        plain = field.data.lower()
        common = any(word in plain and len(plain) - len(word) * plain.count(word) < 5 for word in COMMON)
        if common or len(set(plain)) < 5:
            raise ValidationError(_l("This password is too easy to guess."))
