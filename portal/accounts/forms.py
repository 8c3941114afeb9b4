"""Signing in, and choosing a password."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, HiddenField, PasswordField, StringField
from wtforms.validators import AnyOf, DataRequired, Email, EqualTo, InputRequired, Length, ValidationError

from portal.accounts.passwords import LONGEST_PASSWORD, SHORTEST_PASSWORD, fault_of
from portal.forms import PortalForm


class SignInForm(PortalForm):
    email = EmailField(
        _l("E-mail address"),
        validators=[DataRequired(_l("Please enter your e-mail address.")), Length(max=254)],
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
        validators=[
            DataRequired(_l("Please enter your e-mail address.")),
            Email(_l("This is not an e-mail address.")),  # nor is one of more than 254 signs
        ],
        render_kw={"autocomplete": "username"},
    )


class AskLinkForm(ForgottenForm):
    """Ask for a link to sign in: for an address, or with a link that is spent."""

    next = HiddenField()
    token = HiddenField()


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

    def __init__(self, personal: list[str]) -> None:
        """Check a password against what everybody knows of its owner (`passwords.personal_words`)."""
        super().__init__()
        self.personal = personal

    def validate_password(self, field: PasswordField) -> None:
        """Refuse what a guesser tries first, and say what it is."""
        if fault := fault_of(field.data, self.personal):
            raise ValidationError(fault)


class ChangePasswordForm(SetPasswordForm):
    """Whoever is signed in chooses another password."""

    present = PasswordField(
        _l("Your present password"),
        validators=[InputRequired(_l("Please enter your present password.")), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )


class ChangeAddressForm(PortalForm):
    email = EmailField(
        _l("Your new e-mail address"),
        validators=[
            DataRequired(_l("Please enter your e-mail address.")),
            Length(max=254),
            Email(_l("This is not an e-mail address.")),
        ],
        render_kw={"autocomplete": "email"},
    )
    present = PasswordField(
        _l("Your present password"),
        validators=[InputRequired(_l("Please enter your present password.")), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )


class CodeForm(PortalForm):
    """The code of the phone, or one on paper."""

    code = StringField(
        _l("Code"),
        validators=[DataRequired(_l("Please type the code.")), Length(max=40)],
        render_kw={"autocomplete": "one-time-code"},
    )


class ChangeFactorForm(CodeForm):
    """Changing the second factor: the password where signing in was a while ago, a code where there is one already."""

    password = PasswordField(
        _l("Your password"),
        validators=[InputRequired(_l("Please enter your password.")), Length(max=1000)],
        render_kw={"autocomplete": "current-password"},
    )
    deed = StringField(validators=[AnyOf(["start", "renew", "off"])])

    def __init__(self, is_on: bool, is_fresh: bool) -> None:
        super().__init__()
        if not is_on:
            del self.code
        if is_fresh:
            del self.password


class KeptCodesForm(PortalForm):
    kept = BooleanField(
        _l("I have printed or written down these codes."),
        validators=[InputRequired(_l("Please keep the codes first, then tick this box."))],
    )
