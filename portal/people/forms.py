"""What the accounts page is narrowed to; a relative and what they may see."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length

from portal.forms import FilterForm, PortalForm, choices
from portal.i18n import Offered
from portal.people.access import GRANTS
from portal.people.directory import STATE_LABELS, PeopleFilter
from portal.people.editing import Late
from portal.people.models import Relative
from portal.people.record_forms import RecordForm, version_in

KIND_LABELS = {"client": _l("Clients"), "relative": _l("Relatives"), "worker": _l("Workers"), "staff": _l("Staff")}


class AccountsFilter(FilterForm):
    """What an administrator narrows the list to."""

    kind = SelectField(_l("Who"), choices=[])
    state = SelectField(_l("State"), choices=[])
    q = StringField(_l("Name or address"), validators=[Length(max=100)])

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.kind.choices = choices(KIND_LABELS, _l("Everybody"))
        self.state.choices = choices(STATE_LABELS, _l("With access"))

    def narrowed(self) -> PeopleFilter:
        """What was chosen; a value that the form does not offer is no filter."""
        self.validate()
        return PeopleFilter((self.q.data or "")[:100], self.kind.data or "", self.state.data or "")


class GrantsForm(PortalForm):
    """What a relative may see and do on the client's file."""

    may_rate = BooleanField(_l("May rate visits in the client’s place"))
    sees_upcoming = BooleanField(_l("Sees the visits to come"))
    sees_ratings = BooleanField(_l("Sees the ratings and comments of the file"))

    def grants(self) -> dict[str, bool]:
        return {name: bool(self[name].data) for name in GRANTS}


class RelativeGrantsForm(GrantsForm):
    """The same beside a relative's name, under the version of the record.

    Attributes:
        standing: after somebody else was faster, whether each box that differs is ticked by now.
    """

    version = HiddenField()

    def __init__(self, relative: Relative, *, typed: bool = False) -> None:
        """Show what a relative may do, or what was ticked."""
        self.relative_id, self.standing, self.now = relative.id, {}, {name: getattr(relative, name) for name in GRANTS}
        super().__init__(**({} if typed else {"formdata": None}), data=self.now)

    @property
    def version_shown(self) -> int:
        return version_in(self.version.data)

    def show_standing(self, late: Late) -> None:
        """Keep what was ticked and say what stands by now where it differs; saving again is meant then."""
        self.form_errors.append(late.message)
        self.standing = {name: self.now[name] for name, ticked in self.grants().items() if ticked != self.now[name]}


class RelativeRecordForm(RecordForm):
    """The whole record of a relative."""

    kind = Relative
    relation = StringField(_l("Relation to the client"), validators=[Length(max=60)])
    may_rate = BooleanField(_l("May rate visits in the client’s place"))
    sees_upcoming = BooleanField(_l("Sees the visits to come"))
    sees_ratings = BooleanField(_l("Sees the ratings and comments of the file"))


class RelativeForm(GrantsForm):
    first_name = StringField(
        _l("First name"), validators=[DataRequired(_l("Please give a first name.")), Length(max=100)]
    )
    last_name = StringField(_l("Last name"), validators=[DataRequired(_l("Please give a last name.")), Length(max=100)])
    email = EmailField(
        _l("E-mail address"), validators=[DataRequired(_l("Please give an e-mail address.")), Length(max=254)]
    )
    relation = StringField(_l("Relation to the client"), validators=[Length(max=60)])
    language = SelectField(_l("Language"), choices=[])

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.language.choices = [SelectChoice(value=code, label=name) for code, name in Offered()]
