"""The forms of a record. They carry the version that was shown and a print of each value: who is late sees both."""

from collections.abc import Mapping
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
from wtforms.validators import DataRequired, Email, Length, Optional, Regexp, ValidationError

from portal.errors import Refused
from portal.folding import fold_name
from portal.forms import PortalForm, number_in
from portal.i18n import LANGUAGES, Offered
from portal.people.editing import FIELDS, Value, print_of, stands
from portal.people.models import Anybody, Client, Worker
from portal.people.offers import Offer
from portal.people.rivals import NOBODY, Rival, changes_of

NUMBER = Regexp(r"^[\d\s+().,/-]*$", message=_l("Please write the number with digits, for example 01 23 45 67 89."))
LONGEST = {"civility": 20, "name": 80, "phone": 40, "address": 254, "street": 200, "postcode": 20, "city": 100,
           "relation": 60}  # fmt: skip


def short(name: str) -> Length:
    return Length(max=LONGEST[name], message=_l("Please use at most %(max)d characters."))


def needed_address() -> EmailField:
    """The address of somebody who is to sign in."""
    wrong = _l("This is not an e-mail address.")
    given = DataRequired(_l("Please give an e-mail address."))
    return EmailField(_l("E-mail address"), validators=[given, short("address"), Email(wrong)])


class VersionedForm(PortalForm):
    """A form of something that several people edit. It carries the version that it shows, and whoever comes second is
    shown both texts."""

    version = HiddenField()

    @property
    def version_shown(self) -> int:
        """What is no version is older than any."""
        return number_in(self.version.data) or 0

    def refuse(self, refusal: Refused) -> None:
        if refusal.code == "stale":
            self.show_standing()
        super().refuse(refusal)

    def show_standing(self) -> None:
        """Lay beside what was typed what somebody else has saved meanwhile; saving again is meant then."""
        raise NotImplementedError

    def words_of(self, name: str, value: object) -> str:
        """A value as the page would show it; nothing is empty."""
        field = self[name]
        if isinstance(field, BooleanField):
            return _("Yes") if value else _("No")
        if isinstance(field, SelectField | SelectMultipleField):
            wanted = set(map(str, value)) if isinstance(value, list) else {str(value or "")}
            chosen = [choice for choice in cast("list", list(field)) if choice.data in wanted]
            return ", ".join(str(choice.label.text).strip() for choice in chosen)
        return str(value or "")


class RecordForm(VersionedForm):
    """What every record of a person holds."""

    kind: ClassVar[type[Anybody]]
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

    def __init__(self, person: Anybody | None = None, **defaults: object) -> None:
        self.person = person
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

    def show_version(self, person: Anybody) -> None:
        """Say in the form what it shows: the version of the record and a print of each value."""
        self.version.data = str(person.version)
        self.seen.data = " ".join(f"{name}:{print_of(value)}" for name, value in stands(person).items())

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

    def show_standing(self) -> None:
        """Keep what was typed and lay beside it what stands; a field that was left as it was takes what stands."""
        person = cast("Anybody", self.person)
        shown = dict(part.partition(":")[::2] for part in (self.seen.data or "").split())
        now, last = stands(person), changes_of(type(person).__tablename__, person.id)
        for name, typed in self.typed().items():
            if (typed or None) == (now[name] or None):
                continue
            is_theirs, own = (print_of(value) != shown.get(name) for value in (now[name], typed))
            who, at = last.get(name, NOBODY) if is_theirs else NOBODY
            self.rivals[name] = Rival(self.words_of(name, now[name] if own else typed), own, who, at)
            if not own:
                self[name].data = _as_typed(now[name])
        self.show_version(person)


def _as_typed(value: Value) -> object:
    """A value of a record as its field holds it."""
    if isinstance(value, list):
        return [str(one) for one in value]
    return value if isinstance(value, bool) else str(value) if value is not None else ""


def numbers(labels: Mapping[int, str]) -> list[SelectChoice]:
    return [SelectChoice(value=str(number), label=label) for number, label in labels.items()]


class NewForm(RecordForm):
    """Somebody whom one goes to, or who sets out from home. It makes records too, and asks before it makes a second one
    of somebody."""

    sure = HiddenField()
    street = StringField(_l("Street and number"), validators=[short("street")])
    postcode = StringField(_l("Postcode"), validators=[short("postcode")])
    city = StringField(_l("City"), validators=[short("city")])

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
        self.offer, self.had = offer, {sector.id for sector in worker.sectors} if worker else set()
        self.was_everywhere = bool(worker and worker.all_sectors)
        self.sector_ids.choices = numbers(offer.sectors)
        if not may_say_all:
            del self.all_sectors

    def kept_sectors(self) -> set[int]:
        return self.had - self.offer.sectors.keys()

    def validate_sector_ids(self, field: Field) -> None:
        everywhere = self.all_sectors.data if "all_sectors" in self else self.was_everywhere
        if not (field.data or self.kept_sectors() or everywhere):
            raise ValidationError(_("Please choose at least one sector."))
