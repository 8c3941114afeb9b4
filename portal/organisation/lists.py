"""Reading the agency's lists."""

from collections.abc import Collection

from sqlalchemy import or_, select

from portal.extensions import db
from portal.i18n import language
from portal.organisation.models import ListEntry, ListName


def entries(name: ListName, kept: Collection[int] = ()) -> list[ListEntry]:
    """The entries of a list that are in use, in their order, finer ones after the one they belong to.

    Args:
        kept: numbers of further entries, that a record has already.
    """
    in_use = or_(ListEntry.active, ListEntry.id.in_(kept))
    chosen = select(ListEntry).where(ListEntry.list == name, in_use).order_by(ListEntry.position, ListEntry.id)
    found = db.session.scalars(chosen).all()
    finer: dict[int | None, list[ListEntry]] = {}
    for entry in found:
        finer.setdefault(entry.parent_id, []).append(entry)
    return [one for entry in finer.get(None, []) for one in (entry, *finer.get(entry.id, ()))]


def offered(name: ListName, kept: Collection[int] = ()) -> dict[int, str]:
    """Number and label of each entry that can be chosen, in the language of the page."""
    return {entry.id: entry.label(language()) for entry in entries(name, kept)}


def entry_of_code(name: ListName, code: str) -> ListEntry:
    """The entry that was shipped with this code.

    Raises:
        NoResultFound: the list has none.
    """
    return db.session.scalars(select(ListEntry).where(ListEntry.list == name, ListEntry.code == code)).one()
