"""What the lists of records are narrowed to."""

from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField
from wtforms.validators import Length

from portal.forms import FilterForm, choices
from portal.people.records import RecordFilter

STATES = {"closed": _l("Closed"), "all": _l("All states")}


class RecordsFilter(FilterForm):
    """What any list of records is narrowed to; a value that the form does not offer is no filter."""

    q = StringField(_l("Name"), validators=[Length(max=100)])
    sector = SelectField(_l("Sector"), choices=[])
    state = SelectField(_l("State"), choices=[])

    def __init__(self, formdata: object, offered: dict[str, dict[int, str]]) -> None:
        super().__init__(formdata)
        self.offered = offered
        self.sector.choices = choices(offered["sector"], _l("All sectors"))
        self.state.choices = choices(STATES, _l("Active"))

    def narrowed(self) -> RecordFilter:
        self.validate()
        state = self.state.data if self.state.data in STATES else ""
        return RecordFilter((self.q.data or "")[:100], state or "", self.chosen("sector"))

    def chosen(self, name: str) -> int | None:
        """The number that was chosen, if it is one of those offered."""
        text = self[name].data or ""
        number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
        return number if number in self.offered[name] else None


class ClientsFilter(RecordsFilter):
    manager = SelectField(_l("File manager"), choices=[])

    def __init__(self, formdata: object, offered: dict[str, dict[int, str]]) -> None:
        super().__init__(formdata, offered)
        self.manager.choices = choices(offered["manager"], _l("Everybody"))

    def narrowed(self) -> RecordFilter:
        kept = super().narrowed()
        return RecordFilter(kept.typed, kept.state, kept.sector_id, manager_id=self.chosen("manager"))


class WorkersFilter(RecordsFilter):
    skill = SelectField(_l("Skill"), choices=[])

    def __init__(self, formdata: object, offered: dict[str, dict[int, str]]) -> None:
        super().__init__(formdata, offered)
        self.skill.choices = choices(offered["skill"], _l("All skills"))

    def narrowed(self) -> RecordFilter:
        kept = super().narrowed()
        return RecordFilter(kept.typed, kept.state, kept.sector_id, skill_id=self.chosen("skill"))
