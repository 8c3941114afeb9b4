"""The forms of a record. They carry the version that was shown and a print of each value: who is late sees both."""

from typing import ClassVar, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    HiddenField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Email, Length, Optional, Regexp, ValidationError

from portal.errors import Refused
from portal.folding import fold_name
from portal.forms import PortalForm
from portal.i18n import LANGUAGES, Offered
from portal.people.editing import FIELDS, Late, Person, Value, print_of, stands
from portal.people.models import Client, Worker
from portal.people.offers import Offer
from portal.people.rivals import Rival, changes_of

NUMBER = Regexp(r"^[\d\s+().,/-]*$", message=_l("Please write the number with digits, for example 01 23 45 67 89."))
LONGEST = {"civility": 20, "name": 80, "phone": 40, "address": 254, "street": 200, "postcode": 20, "city": 100}


def short(name: str) -> Length:
    return Length(max=LONGEST[name], message=_l("Please use at most %(max)d characters."))


def version_in(text: str | None) -> int:
    """The version that a form carried; what is none is older than any."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else 0


class RecordForm(PortalForm):
    """What every record of a person holds."""

    kind: ClassVar[type[Person]]
    version = HiddenField()
    seen = HiddenField()
    civility = StringField(_l("Title"), validators=[short("civility")])
    first_name = StringField(_l("First name"), validators=[short("name")])
    last_name = StringField(_l("Last name"), validators=[short("name")])
    email = EmailField(
        _l("E-mail address"), validators=[Optional(), short("address"), Email(_l("This is not an e-mail address."))]
    )
    phone = StringField(_l("Phone"), validators=[Optional(), short("phone"), NUMBER])
    mobile = StringField(_l("Mobile phone"), validators=[Optional(), short("phone"), NUMBER])
    language = SelectField(_l("Language"), choices=[])

    def __init__(self, person: Person | None = None, **defaults: object) -> None:
        self.rivals: dict[str, Rival] = {}
        data = {name: _as_typed(value) for name, value in stands(person).items()} if person else defaults
        super().__init__(data=data)
        kept = {person.language: LANGUAGES[person.language]} if person and person.language in LANGUAGES else {}
        self.language.choices = [
            SelectChoice(value="", label=_("The agency’s language")),
            *(SelectChoice(value=code, label=name) for code, name in {**kept, **dict(Offered())}.items()),
        ]
        if person and not self.is_submitted():
            self.show_version(person)

    def show_version(self, person: Person) -> None:
        """Say in the form what it shows: the version of the record and a print of each value."""
        self.version.data = str(person.version)
        self.seen.data = " ".join(f"{name}:{print_of(value)}" for name, value in stands(person).items())

    @property
    def version_shown(self) -> int:
        return version_in(self.version.data)

    def validate_last_name(self, field: StringField) -> None:
        if not fold_name(f"{self.first_name.data or ''} {field.data or ''}"):
            raise ValidationError(_("Please give a name."))

    def typed(self) -> dict[str, Value]:
        """What was typed, by the names of the record's fields; nothing is None, and numbers are numbers."""
        return {name: self.value_of(name) for name in FIELDS[self.kind] if name in self}

    def value_of(self, name: str) -> Value:
        data = self[name].data
        if name in ("first_name", "last_name"):
            return data or ""
        if name == "sector_ids":
            return sorted({*map(int, data or ()), *self.kept_sectors()})
        if name.endswith("_id"):
            return int(data) if data else None
        return bool(data) if isinstance(self[name], BooleanField) else (data or None)

    def kept_sectors(self) -> set[int]:
        """Sectors of the record that this person does not see: they stay as they are."""
        return set()

    def refuse(self, refusal: Refused) -> None:
        """Say why the domain refused: at the field that the refusal names, else above all."""
        if refusal.code in self:
            self[refusal.code].errors = [*self[refusal.code].errors, refusal.message]
        else:
            self.form_errors.append(refusal.message)

    def show_rivals(self, late: Late, person: Person) -> None:
        """After somebody else was quicker: keep what was typed and lay beside it what stands; a field that the person
        had left as it was takes what stands."""
        self.form_errors.append(late.message)
        shown = dict(part.partition(":")[::2] for part in (self.seen.data or "").split())
        now, last = stands(person), changes_of(type(person).__tablename__, person.id)
        for name, typed in self.typed().items():
            if (typed or None) == (now[name] or None):
                continue
            who, at = last.get(name) or last.get("") or ("", None)
            own = print_of(typed) != shown.get(name)
            self.rivals[name] = Rival(self.words_of(name, now[name] if own else typed), own, who, at)
            if not own:
                self[name].data = _as_typed(now[name])
        self.show_version(person)

    def words_of(self, name: str, value: Value) -> str:
        """A value as the page would show it; nothing is empty."""
        field = self[name]
        if isinstance(field, BooleanField):
            return _("Yes") if value else _("No")
        if isinstance(field, SelectField | SelectMultipleField):
            wanted = set(map(str, value)) if isinstance(value, list) else {str(value or "")}
            return ", ".join(choice.label.text for choice in cast("list", list(field)) if choice.data in wanted)
        return str(value or "")


def _as_typed(value: Value) -> object:
    """A value of a record as its field holds it."""
    if isinstance(value, list):
        return [str(one) for one in value]
    return value if isinstance(value, bool) else str(value) if value is not None else ""


def numbers(labels: dict[int, str]) -> list[SelectChoice]:
    return [SelectChoice(value=str(number), label=label) for number, label in labels.items()]


class LocatedForm(RecordForm):
    """Somebody whom one goes to, or who sets out from home."""

    street = StringField(_l("Street and number"), validators=[short("street")])
    postcode = StringField(_l("Postcode"), validators=[short("postcode")])
    city = StringField(_l("City"), validators=[short("city")])


class NewForm(LocatedForm):
    """A form that makes records too, and asks before it makes a second one of somebody."""

    sure = HiddenField()

    def unsure(self, alike: list) -> list:
        """Return records that may be of the same person, unless these very ones were seen and it was saved again."""
        known = " ".join(str(one.id) for one in alike)
        if self.sure.data == known:
            return []
        self.sure.data = known
        return alike


class ClientForm(NewForm):
    kind = Client
    sector_id = SelectField(_l("Sector"), choices=[])
    file_manager_id = SelectField(_l("managed by"), choices=[])
    pets = TextAreaField(_l("Pets"), validators=[Length(max=500, message=_l("Please use at most %(max)d characters."))])

    def __init__(self, offer: Offer, client: Client | None = None, **defaults: object) -> None:
        super().__init__(client, **defaults)
        self.offer = offer
        self.sector_id.choices = numbers(offer.sectors)
        nobody = SelectChoice(value="", label=_("Nobody: the manager of the sector is told"))
        self.file_manager_id.choices = [nobody, *numbers(offer.managers)]

    def validate_file_manager_id(self, field: SelectField) -> None:
        managers = {str(number): number for number in self.offer.managers}
        sectors = {str(number): number for number in self.offer.sectors}
        if field.data not in managers or self.sector_id.data not in sectors:
            return  # nobody, or refused as no choice
        manager = managers[field.data]
        if not self.offer.sees(manager, sectors[self.sector_id.data]):
            raise ValidationError(_("%(name)s does not see this sector.", name=self.offer.managers[manager]))


class WorkerForm(NewForm):
    kind = Worker
    sector_ids = SelectMultipleField(_l("Sectors"), choices=[])
    all_sectors = BooleanField(_l("All sectors, also those that are added later"))

    def __init__(
        self, offer: Offer, worker: Worker | None = None, *, may_say_all: bool = False, **defaults: object
    ) -> None:
        super().__init__(worker, **defaults)
        self.worker, self.offer = worker, offer
        self.sector_ids.choices = numbers(offer.sectors)
        if not may_say_all:
            del self.all_sectors

    def kept_sectors(self) -> set[int]:
        had = {sector.id for sector in self.worker.sectors} if self.worker else set()
        return had - self.offer.sectors.keys()

    def validate_sector_ids(self, field: Field) -> None:
        everywhere = self.all_sectors.data if "all_sectors" in self else self.worker and self.worker.all_sectors
        if not (field.data or self.kept_sectors() or everywhere):
            raise ValidationError(_("Please choose at least one sector."))
