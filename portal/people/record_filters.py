"""What the lists of records are narrowed to."""

from typing import Any, cast

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Length

from portal.forms import FilterForm, choices, number_in
from portal.people.records import RecordFilter

STATES = {"closed": _l("Closed"), "all": _l("All states")}
EVERYTHING = {"sector": _l("All sectors"), "manager": _l("Everybody"), "skill": _l("All skills")}


class RecordsFilter(FilterForm):
    """What any list of records is narrowed to; a value that the form does not offer is no filter."""

    q = StringField(_l("Name"), validators=[Length(max=100)])
    sector = SelectField(_l("Sector"), choices=[])
    state = SelectField(_l("State"), choices=[])

    def __init__(self, formdata: object, offered: dict[str, dict[int, str]]) -> None:
        """Offer what there is to choose from: names by id, by the fields of `EVERYTHING` that the form has."""
        super().__init__(formdata)
        self.offered = {name: offered[name] for name in EVERYTHING if name in self}
        for name, there in self.offered.items():
            cast("SelectField", self[name]).choices = choices(there, EVERYTHING[name])
        self.state.choices = choices(STATES, _l("Active"))

    def narrowed(self) -> RecordFilter:
        self.validate()
        state = self.state.data if self.state.data in STATES else ""
        chosen: dict[str, Any] = {f"{name}_id": self._chosen(name) for name in self.offered}
        return RecordFilter((self.q.data or "")[:100], state or "", **chosen)

    def _chosen(self, name: str) -> int | None:
        number = number_in(self[name].data)
        return number if number in self.offered[name] else None


class ClientsFilter(RecordsFilter):
    manager = SelectField(_l("File manager"), choices=[])


class WorkersFilter(RecordsFilter):
    skill = SelectField(_l("Skill"), choices=[])
