"""A person as a line of an imported file says it, or as the record says it."""

from dataclasses import dataclass, field

from portal.folding import CIVILITIES, fold, fold_name
from portal.imports.importer import Deed, Row
from portal.imports.refusals import Wrong
from portal.imports.values import ANSWERS, LANGUAGES, parse_choice, parse_email, parse_line
from portal.people.models import Client, Worker

TEXTS = ("civility", "first_name", "last_name", "email", "phone", "language", "external_id")
LIMITS = {"civility": 20, "name": 160, "first_name": 80, "last_name": 80, "phone": 40, "external_id": 100}


@dataclass(slots=True, eq=False)
class Known:
    """A person as the record is or, after the lines so far, as it will be. A client has exactly one sector.

    Attributes:
        visible: in the perimeter of whoever imports.
        invite: an invitation is to be mailed.
        from_file: a line above made it.
        was: the record before the lines that are not written yet; None when there are none.
    """

    civility: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""
    external_id: str = ""
    sectors: list[int] = field(default_factory=list)
    manager: int | None = None
    id: int | None = None
    active: bool = True
    visible: bool = True
    has_login: bool = False
    invite: bool = False
    from_file: bool = False
    was: "Known | None" = None

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def facts(self) -> Deed:
        texts: Deed = {name: getattr(self, name) for name in TEXTS}
        return {**texts, "sectors": list(self.sectors), "manager": self.manager}


def read_person(row: Row) -> Known:
    """Read what a line says of the person alone, sectors and file manager left out; raise `Wrong`."""
    wish = Known(
        civility=parse_line(row["civility"], "civility", LIMITS["civility"]),
        first_name=parse_line(row["first_name"], "first_name", LIMITS["first_name"]),
        last_name=parse_line(row["last_name"], "last_name", LIMITS["last_name"]),
        phone=parse_line(row["phone"], "phone", LIMITS["phone"]),
        external_id=parse_line(row["external_id"], "external_id", LIMITS["external_id"]),
        email=parse_email(row["email"]) if row["email"] else "",
        language=parse_choice(row["language"], LANGUAGES, "language") if row["language"] else "",
        invite=bool(row["invitation"]) and parse_choice(row["invitation"], ANSWERS, "invitation"),
    )
    if row["name"] and not wish.name:
        civility, wish.first_name, wish.last_name = split_name(parse_line(row["name"], "name", LIMITS["name"]))
        wish.civility = wish.civility or civility
    if not fold_name(wish.name):
        raise Wrong("no_name")
    return wish


def split_name(name: str) -> tuple[str, str, str]:
    """Return civility, first name and last name of a whole name.

    "Mme LEFÈVRE Claire", "Lefèvre, Claire" and "Claire Lefèvre" are all understood.
    """
    words = name.replace(",", " , ").split()
    civility = words.pop(0) if len(words) > 1 and fold(words[0]).replace(" ", "") in CIVILITIES else ""
    if "," in words:
        place = words.index(",")
        first, last = [word for word in words[place + 1 :] if word != ","], words[:place]
        return civility, " ".join(first), " ".join(last)
    shouted = [word for word in words if word.isupper() and len(word) > 1]
    if shouted and len(shouted) < len(words):
        return civility, " ".join(word for word in words if word not in shouted), " ".join(shouted)
    return civility, " ".join(words[:1]), " ".join(words[1:])


def as_known(person: Client | Worker) -> Known:
    """Return the record in the shape of a line."""
    return Known(
        civility=person.civility or "",
        first_name=person.first_name,
        last_name=person.last_name,
        email=person.email or "",
        phone=person.phone or "",
        language=person.language or "",
        external_id=person.external_id or "",
        sectors=[person.sector_id] if isinstance(person, Client) else sorted(sector.id for sector in person.sectors),
        manager=person.file_manager_id if isinstance(person, Client) else None,
        id=person.id,
        active=person.active,
        has_login=person.account_id is not None,
    )
