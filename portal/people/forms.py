"""What the accounts page is narrowed to; a relative and what they may see."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField
from wtforms.validators import DataRequired, Length

from portal.forms import FilterForm, PortalForm, choices
from portal.people.access import GRANTS
from portal.people.directory import STATE_LABELS, PeopleFilter
from portal.people.models import Relative
from portal.people.record_forms import RecordForm, VersionedForm, needed_address, short

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

    may_rate = BooleanField(GRANTS["may_rate"])
    sees_upcoming = BooleanField(GRANTS["sees_upcoming"])
    sees_ratings = BooleanField(GRANTS["sees_ratings"])
    sees_threads = BooleanField(GRANTS["sees_threads"])


class RelativeGrantsForm(GrantsForm, VersionedForm):
    """The same beside a relative's name, under the version of the record.

    Attributes:
        standing: after somebody else was faster, whether each box that differs is ticked by now.
    """

    def __init__(self, relative: Relative, *, typed: bool = False) -> None:
        """Show what a relative may do, or what was ticked."""
        self.relative, self.standing = relative, {}
        now = {name: getattr(relative, name) for name in GRANTS}
        super().__init__(**({} if typed else {"formdata": None}), data=now)

    def typed(self) -> dict[str, bool]:
        return {name: bool(self[name].data) for name in GRANTS}

    def show_standing(self) -> None:
        now = {name: getattr(self.relative, name) for name in GRANTS}
        self.standing = {name: now[name] for name, ticked in self.typed().items() if ticked != now[name]}


class RelativeForm(RecordForm, GrantsForm):
    """The whole record of a relative."""

    kind = Relative
    relation = StringField(_l("Relation to the client"), validators=[short("relation")])


class NewRelativeForm(RelativeForm):
    """A relative who is to have access: with an address to be invited under."""

    first_name = StringField(
        _l("First name"), validators=[DataRequired(_l("Please give a first name.")), short("name")]
    )
    last_name = StringField(_l("Last name"), validators=[DataRequired(_l("Please give a last name.")), short("name")])
    email = needed_address()
