"""Making and changing records of people. Whoever saves what somebody else has changed meanwhile is shown both."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm.attributes import flag_modified

from portal.accounts.models import User
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db, wires
from portal.folding import fold_name
from portal.people.actions import follow_record
from portal.people.models import Anybody, Client, Relative, Sector, Staff, Worker, set_name
from portal.people.queries import has_address, visible_clients, visible_workers
from portal.people.search import index_person
from portal.settings.queries import fingerprint

Value = str | int | bool | list[int] | None
Values = Mapping[str, Value]

NAMES = ("civility", "first_name", "last_name")
CONTACTS = ("email", "phone", "mobile", "language")
PLACE = ("street", "postcode", "city")
FIELDS: dict[type[Anybody], tuple[str, ...]] = {
    Client: (*NAMES, *CONTACTS, *PLACE, "sector_id", "file_manager_id", "pets"),
    Relative: (*NAMES, *CONTACTS, "relation", "may_rate", "sees_upcoming", "sees_ratings", "sees_threads"),
    Worker: (*NAMES, *CONTACTS, *PLACE, "all_sectors", "sector_ids"),
    Staff: (*NAMES, *CONTACTS, "role", "sector_ids"),
}
# what the journal keeps of a change; of words that people typed it keeps no more than that they were changed
KEPT = ("client_id", "sector_id", "file_manager_id", "sector_ids", "all_sectors", "role", "language",
        "may_rate", "sees_upcoming", "sees_ratings", "sees_threads")  # fmt: skip


class Late(Refused):
    """Somebody else has changed the record since the form was opened."""

    def __init__(self) -> None:
        super().__init__(_l("Somebody changed this record in the meantime. Nothing of yours is saved yet: "
                            "please look at what differs, then save again."), "stale")  # fmt: skip


def stands(person: Anybody) -> dict[str, Value]:
    """Return what a record holds, by the names of its form's fields."""
    return {
        name: sorted(sector.id for sector in person.sectors) if name == "sector_ids" else getattr(person, name)
        for name in FIELDS[type(person)]
    }


def print_of(value: Value) -> str:
    """Return what tells one value of a field from another: a form carries it for each that it has shown."""
    return fingerprint(value or None)


def change_record(user: User, person: Anybody, typed: Values, version: int) -> None:
    """Write what was typed into a record.

    Args:
        user: of the staff.
        person: whose record.
        typed: by the names of `FIELDS`; a field that is left out stays as it is.
        version: of the record, as the form showed it.

    Raises:
        Late: the record has another version by now.
    """
    if person.version != version:
        raise Late
    before = stands(person)
    touched = {name: value for name, value in typed.items() if (value or None) != (before[name] or None)}
    if not touched:
        return
    _write(person, touched)
    flag_modified(person, "first_name")  # a list of sectors alone would not count the version up
    db.session.flush()
    index_person(person)
    said = {"fields": sorted(touched), **_kept(touched)}
    record("person.changed", user, _subject(person), before=_kept({name: before[name] for name in touched}), after=said)
    if "email" in touched:
        follow_record(user, person)
    if isinstance(person, Client) and "sector_id" in touched:
        wires.react("client moved", user, person)


def make_record(actor: Actor | None, person: Anybody, typed: Values) -> None:
    """Add a record, without a login: whoever is to have one is invited.

    Args:
        actor: of the staff; None is the portal itself.
        person: with nothing in it yet.
        typed: as for `change_record`.
    """
    person.active = True
    _write(person, typed)
    db.session.add(person)
    db.session.flush()
    index_person(person)
    record("person.created", actor, _subject(person), after=_kept(typed))


def look_alikes(user: User, kind: type[Client | Worker], typed: Values, limit: int = 5) -> list[Client | Worker]:
    """Return records that may be of the same person: the same name, however spelled, or the same address."""
    name = fold_name(f"{typed['first_name'] or ''} {typed['last_name'] or ''}")
    alike = kind.match_key == name
    if typed["email"]:
        alike |= has_address(kind, str(typed["email"]))
    seen = visible_clients(user) if kind is Client else visible_workers(user)
    return list(db.session.scalars(seen.where(alike).order_by(kind.id).limit(limit)))


def _write(person: Anybody, touched: Values) -> None:
    values = dict(touched)
    if isinstance(person, Client | Worker):
        names = {name: values.pop(name, getattr(person, name)) or "" for name in ("first_name", "last_name")}
        set_name(person, str(names["first_name"]), str(names["last_name"]))
    if "sector_ids" in values:
        ids = numbers_in(values.pop("sector_ids"))
        person.sectors = list(db.session.scalars(select(Sector).where(Sector.id.in_(ids))))
    for name, value in values.items():
        setattr(person, name, value)


def numbers_in(value: Value) -> list[int]:
    """The numbers of a field that holds several."""
    return value if isinstance(value, list) else []


def _kept(values: Values) -> dict[str, Value]:
    return {name: value for name, value in values.items() if name in KEPT}


def _subject(person: Anybody) -> tuple[str, int]:
    return person.__tablename__, person.id
