"""*Suivi*: what was done to a client's record and its relatives; other features add what they know (`wiring.py`)."""

from datetime import datetime
from typing import NamedTuple

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext
from sqlalchemy import Select, and_, or_, select

from portal.accounts.models import Account, User
from portal.audit.models import AuditEntry
from portal.extensions import Fact, db, wires
from portal.people.models import Client, Relative
from portal.people.queries import names_of_actors, opens_elsewhere

SHOWN = 50


class Place(NamedTuple):
    """An entry of the journal, in the order of the story: what an address says to go on reading."""

    at: datetime
    number: int

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.number}"


def place_in(text: str) -> Place | None:
    """A place in an address; anything odd is none."""
    moment, _tilde, number = text.partition("~")
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return None
    known = at.tzinfo and 1900 < at.year < 2200 and number.isascii() and number.isdigit() and len(number) < 10
    return Place(at, int(number)) if known else None


# who did it, without a name, icon, tone
DEEDS = {
    "person.created": (_l("Record made by %(name)s"), _l("Record made"), "plus", "info"),
    "person.changed": (_l("Record changed by %(name)s"), _l("Record changed"), "pencil", "neutral"),
    "closed": (_l("Record closed by %(name)s"), _l("Record closed"), "lock", "attention"),
    "opened": (_l("Record opened again by %(name)s"), _l("Record opened again"), "undo-2", "info"),
    "login": (_l("Access to the portal opened by %(name)s"), _l("Access to the portal opened"), "user", "info"),
    "account.invited": (_l("Invitation sent by %(name)s"), _l("Invitation sent"), "mail", "info"),
}
LABELS = {
    "civility": _l("Title"), "first_name": _l("First name"), "last_name": _l("Last name"), "email": _l("E-mail"),
    "phone": _l("Phone"), "mobile": _l("Mobile phone"), "language": _l("Language"), "street": _l("Postal address"),
    "postcode": _l("Postal address"), "city": _l("Postal address"), "sector_id": _l("Sector"),
    "sectors": _l("Sector"), "file_manager_id": _l("File manager"), "manager": _l("File manager"), "pets": _l("Pets"),
    "relation": _l("Relation to the client"), "may_rate": lazy_pgettext("relative", "Rights"),
    "sees_upcoming": lazy_pgettext("relative", "Rights"), "sees_ratings": lazy_pgettext("relative", "Rights"),
    "sees_threads": lazy_pgettext("relative", "Rights"),
}  # fmt: skip


def story_of(user: User, client: Client, before: Place | None) -> tuple[list[Fact], Place | None]:
    """Return the newest of what happened around a client, newest first, and from where to go on reading, if need be.

    Args:
        user: of the staff, who may open the file.
        client: whose file.
        before: only what is older.
    """
    told = [one for tell in wires.client_timeline for one in tell(user, client, before, SHOWN + 1)]
    told.sort(key=lambda one: (one[1].at, one[0]), reverse=True)
    number, last = told[SHOWN - 1] if len(told) > SHOWN else (0, None)
    return [fact for _number, fact in told[:SHOWN]], Place(last.at, number) if last else None


def newest_first(chosen: Select, before: Place | None, limit: int) -> Select:
    """Put a selection of journal entries in the order of the story, from a place on. Many can be of one moment."""
    if before:
        same = and_(AuditEntry.at == before.at, AuditEntry.id < before.number)
        chosen = chosen.where(or_(AuditEntry.at < before.at, same))
    return chosen.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit)


def record_facts(user: User, client: Client, before: Place | None, limit: int) -> list[tuple[int, Fact]]:
    """What was done to the record itself, to those of the relatives, and the invitations; by entry of the journal."""
    relatives = db.session.scalars(select(Relative).where(Relative.client_id == client.id)).all()
    people: dict[tuple[str, int], str] = {("client", client.id): ""}
    people |= {("relative", one.id): one.name for one in relatives}
    logins = {one.account_id: one.name for one in relatives if one.account_id}
    logins |= {client.account_id: ""} if client.account_id else {}
    own = select(Account.id).where(Account.id.in_(logins), ~opens_elsewhere(user, Account.id))
    people |= {("account", number): logins[number] for number in (db.session.scalars(own) if logins else ())}
    about = or_(*(and_(AuditEntry.subject_type == kind, AuditEntry.subject_id == number) for kind, number in people))
    chosen = select(AuditEntry).where(about, AuditEntry.kind.in_(DEEDS))
    deeds = db.session.scalars(newest_first(chosen, before, limit)).all()
    names = names_of_actors(deeds)
    return [(deed.id, _fact(deed, names.get(deed.id), people[deed.subject_type, deed.subject_id])) for deed in deeds]


def _fact(deed: AuditEntry, name: str | None, relative: str) -> Fact:
    by_somebody, by_itself, icon, tone = DEEDS[_word(deed)]
    text = str(by_somebody) % {"name": name} if name else str(by_itself)
    said = [_("Relative: %(name)s", name=relative)] if relative else []
    fields = dict.fromkeys(str(LABELS[field]) for field in (deed.after or {}).get("fields") or () if field in LABELS)
    return Fact(deed.at, text, icon, tone, " · ".join([*said, *([", ".join(fields)] if fields else [])]) or None)


def _word(deed: AuditEntry) -> str:
    after = deed.after or {}
    if deed.kind == "person.changed" and "active" in after:
        return "opened" if after["active"] else "closed"
    return "login" if deed.kind == "person.changed" and "account_id" in after else deed.kind
