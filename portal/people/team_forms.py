"""What the list of the staff is narrowed to; the record of a member of staff."""

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Length

from portal.forms import FilterForm, choices
from portal.people.models import Staff
from portal.people.offers import Offer
from portal.people.record_filters import STATES
from portal.people.record_forms import RecordForm, needed_address, numbers
from portal.people.team import StaffFilter
from portal.roles import ROLE_LABELS, Role

STAFF_ROLES = {str(role): ROLE_LABELS[role] for role in (Role.COORDINATOR, Role.QUALITY, Role.ADMIN)}


class TeamFilter(FilterForm):
    q = StringField(_l("Name"), validators=[Length(max=100)])
    role = SelectField(_l("Role"), choices=[])
    state = SelectField(_l("State"), choices=[])

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self.role.choices = choices(STAFF_ROLES, _l("All roles"))
        self.state.choices = choices(STATES, _l("Active"))

    def narrowed(self) -> StaffFilter:
        """What was chosen; a value that the form does not offer is no filter."""
        self.validate()
        role, state = self.role.data or "", self.state.data or ""
        return StaffFilter(
            (self.q.data or "")[:100], role if role in STAFF_ROLES else "", state if state in STATES else ""
        )


class StaffForm(RecordForm):
    kind = Staff
    email = needed_address()
    role = SelectField(_l("Role"), choices=[])
    sector_ids = SelectMultipleField(_l("Sectors of a coordinator"), choices=[])

    def __init__(self, offer: Offer, person: Staff | None = None, **defaults: object) -> None:
        super().__init__(person, **defaults)
        self.role.choices = [SelectChoice(value=code, label=str(label)) for code, label in STAFF_ROLES.items()]
        self.sector_ids.choices = numbers(offer.sectors)
