"""Two people have changed one record: what stands by now, who wrote it and when."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.queries import names_of_actors

LOOKED_AT = 50  # newest deeds on one record
NOBODY = "", None


@dataclass(frozen=True)
class Rival:
    """The other text of a field.

    Attributes:
        value: in words, as the page shows it.
        kept: the field holds what the person typed, and `value` is what stands; otherwise the field has taken what
            stands, and `value` is what the person was shown before.
        who: of the agency; empty when it was the portal or a file, or nobody has touched the field.
        at: when; None when nobody has touched it, or the journal does not say.
    """

    value: str
    kept: bool
    who: str
    at: datetime | None


def changes_of(subject_type: str, subject_id: int) -> dict[str, tuple[str, datetime]]:
    """Return who changed each field of a record last, and when."""
    chosen = select(AuditEntry).where(
        AuditEntry.subject_type == subject_type, AuditEntry.subject_id == subject_id,
        AuditEntry.kind == "person.changed",
    )  # fmt: skip
    deeds = db.session.scalars(chosen.order_by(AuditEntry.id.desc()).limit(LOOKED_AT)).all()
    names = names_of_actors(deeds)
    found: dict[str, tuple[str, datetime]] = {}
    for deed in deeds:
        for name in (deed.after or {}).get("fields") or ():
            found.setdefault(name, (names.get(deed.id, ""), deed.at))
    return found
