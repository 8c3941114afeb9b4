"""The agency's lists: reading them, and what an administrator makes of them."""

from collections.abc import Collection, Mapping

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, rows_changed
from portal.i18n import language
from portal.labels import LANGUAGES
from portal.organisation.catalogue import Value, refuse_late
from portal.organisation.models import ListEntry, ListName

LABELS = tuple(f"label_{code}" for code in LANGUAGES)
LIST_LABELS = {
    ListName.EVENT: _l("Categories of adverse events"),
    ListName.COMPLAINT: _l("Subjects of complaints"),
    ListName.NOTE: _l("Categories of notes"),
    ListName.LEGAL: _l("Categories of the law"),
}
LIST_PURPOSES = {
    ListName.EVENT: _l("Chosen by whoever reports an adverse event. Each can have finer ones below it."),
    ListName.COMPLAINT: _l("Chosen by whoever files or enters a complaint."),
    ListName.NOTE: _l("Chosen by whoever writes a note or a reminder."),
    ListName.LEGAL: _l("Those of the French decree of 28 December 2016. They are chosen when an event is judged, and "
                       "in their words an authority is told of it."),
}  # fmt: skip


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


def entry_with_code(name: ListName, code: str) -> ListEntry | None:
    """The same where it may have no such entry, or one that is out of use."""
    chosen = select(ListEntry).where(ListEntry.list == name, ListEntry.code == code, ListEntry.active)
    return db.session.scalar(chosen) if code else None


# ---- keeping them ----


def lists_and_entries() -> list[tuple[ListName, int]]:
    """The lists, each with how many of its entries are in use (finer ones are not counted)."""
    chosen = select(ListEntry.list, func.count()).where(ListEntry.active, ListEntry.parent_id.is_(None))
    numbers = {row[0]: row[1] for row in db.session.execute(chosen.group_by(ListEntry.list))}
    return [(name, numbers.get(name, 0)) for name in LIST_LABELS]


def all_entries(name: ListName, parent_id: int | None = None) -> list[tuple[ListEntry, int]]:
    """All entries of a list in the agency's order, or the finer ones below one of them; each with how many finer ones
    in use it has itself."""
    finer = aliased(ListEntry)
    number = select(func.count(finer.id)).where(finer.parent_id == ListEntry.id, finer.active)
    number = number.correlate(ListEntry).scalar_subquery()
    chosen = select(ListEntry, number).where(*_siblings(name, parent_id))
    return [(row[0], row[1]) for row in db.session.execute(chosen.order_by(ListEntry.position, ListEntry.id))]


def entry_of(name: ListName, entry_id: int) -> ListEntry | None:
    return db.session.scalar(select(ListEntry).where(ListEntry.list == name, ListEntry.id == entry_id))


def legal_choices() -> dict[str, str]:
    """Code and label of each category of the law, those no longer in use too: what a category of events suggests."""
    return {one.code: one.label(language()) for one, _finer in all_entries(ListName.LEGAL) if one.code}


def add_entry(user: User, name: ListName, parent: ListEntry | None, typed: Mapping[str, Value]) -> ListEntry:
    """Add an entry behind the others.

    Args:
        parent: of a finer category of events: the one that it belongs to.

    Raises:
        Refused: the list has it already.
    """
    parent_id = parent.id if parent else None
    _hold(name)
    last = db.session.scalar(select(func.max(ListEntry.position)).where(*_siblings(name, parent_id)))
    entry = ListEntry(list=name, parent_id=parent_id, position=(last if last is not None else -1) + 1)
    _fill(entry, typed)
    _refuse_twice(entry)
    db.session.add(entry)
    _flush(entry)
    record("list.created", user, ("list_entry", entry.id), after={"list": name.value, **_shown(entry, typed)})
    return entry


def change_entry(user: User, entry: ListEntry, typed: Mapping[str, Value], version: int) -> None:
    """Change an entry, take it out of use or put it back. Whatever has it keeps it, under its present name.

    Raises:
        Refused: somebody was faster, the list has such an entry already, or none would be left in use.
    """
    _hold(ListName(entry.list))
    refuse_late(entry, version)
    before, was_active = _shown(entry, typed), entry.active
    _fill(entry, typed)
    changed = [name for name, value in _shown(entry, typed).items() if value != before[name]]
    if not changed:
        return
    _refuse_twice(entry)
    if was_active and not entry.active:
        _refuse_none_left(entry)
    _flush(entry)
    after = _shown(entry, changed)
    told = {name: before[name] for name in changed}
    record("list.changed", user, ("list_entry", entry.id), before=told, after=after)


def move_entry(user: User, entry: ListEntry, steps: int) -> None:
    """Move an entry by some places among its neighbours: -1 is upwards. At the end it stays where it is."""
    name = ListName(entry.list)
    _hold(name)
    ids = [one.id for one, _finer in all_entries(name, entry.parent_id)]
    place = ids.index(entry.id)
    to = min(max(place + steps, 0), len(ids) - 1)
    if to == place:
        return
    ids.insert(to, ids.pop(place))
    for number, one in enumerate(ids):  # past the records: who edits a label meanwhile has missed nothing
        rows_changed(update(ListEntry).where(ListEntry.id == one).values(position=number))
    record("list.moved", user, ("list_entry", entry.id), before={"place": place + 1}, after={"place": to + 1})


def _siblings(name: ListName, parent_id: int | None) -> tuple[ColumnElement[bool], ...]:
    return ListEntry.list == name, ListEntry.parent_id == parent_id if parent_id else ListEntry.parent_id.is_(None)


def _hold(name: ListName) -> None:
    """One person at a time puts a list in order; two equal entries at the top of one, the database would let in."""
    db.session.execute(select(ListEntry.id).where(ListEntry.list == name).order_by(ListEntry.id).with_for_update())


def _fill(entry: ListEntry, typed: Mapping[str, Value]) -> None:
    entry.set_labels({code: str(typed[f"label_{code}"] or "") for code in LANGUAGES})
    for name in typed.keys() - set(LABELS):
        setattr(entry, name, typed[name])


def _shown(entry: ListEntry, names: Collection[str]) -> dict[str, object]:
    return {name: getattr(entry, name) for name in names}


def _refuse_twice(entry: ListEntry) -> None:
    same = select(ListEntry.id).where(*_siblings(ListName(entry.list), entry.parent_id))
    with db.session.no_autoflush:
        other = db.session.scalar(same.where(ListEntry.match_key == entry.match_key, ListEntry.id != (entry.id or 0)))
    if other:
        raise Refused(_l("This list has such an entry already."), _named(entry))


def _refuse_none_left(entry: ListEntry) -> None:
    """Of a list nothing could be chosen from, the forms that need it could not be sent."""
    if entry.parent_id:
        return
    others = select(func.count()).where(*_siblings(ListName(entry.list), None), ListEntry.active)
    with db.session.no_autoflush:
        left = db.session.scalar(others.where(ListEntry.id != entry.id))
    if not left:
        raise Refused(_l("This is the last entry in use: put another one back, or add one, first."), "active")


def _named(entry: ListEntry) -> str:
    return next(name for name in LABELS if getattr(entry, name))


def _flush(entry: ListEntry) -> None:
    try:
        with db.session.begin_nested():
            db.session.flush()
    except IntegrityError as clash:
        raise Refused(_l("This list has such an entry already."), _named(entry)) from clash
