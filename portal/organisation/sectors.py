"""The tree of the agency: networks, agencies and their sectors; who manages each, and how many people belong to it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, literal, select, union_all
from sqlalchemy.orm import aliased

from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.organisation.catalogue import Value, add_named, change_named
from portal.people.models import Client, Sector, Staff, Worker, staff_sector, worker_sector
from portal.people.queries import branch, visible_sectors
from portal.roles import Role

KIND_LABELS = {"network": _l("Network"), "agency": _l("Agency"), "sector": _l("Sector")}
_RANK = {kind: rank for rank, kind in enumerate(KIND_LABELS)}


@dataclass(frozen=True)
class Branch:
    """A sector in its tree.

    Attributes:
        depth: how many lie above it.
        clients, workers: who is active in it or below; who works everywhere counts everywhere.
    """

    id: int
    name: str
    kind: str
    active: bool
    depth: int
    manager: str = ""
    coordinators: list[str] = field(default_factory=list)
    clients: int = 0
    workers: int = 0

    @property
    def kind_label(self) -> str:
        return str(KIND_LABELS[self.kind])


def read_tree(user: User) -> list[Branch]:
    """Return the sectors that a person may see, each followed by those below it, by name."""
    manager = aliased(Staff)
    chosen = visible_sectors(user).outerjoin(manager, manager.id == Sector.manager_id)
    rows = db.session.execute(
        chosen.with_only_columns(
            Sector.id, Sector.parent_id, Sector.name, Sector.kind, Sector.active,
            (manager.first_name + " " + manager.last_name).label("manager"),
        )
    ).all()  # fmt: skip
    counts, coordinators = _counts(), _coordinators()
    return [
        Branch(row.id, row.name, row.kind, row.active, depth, row.manager or "", coordinators[row.id],
               counts["client", row.id], counts["worker", row.id] + counts["worker", 0])
        for row, depth in in_order(rows)
    ]  # fmt: skip


def in_order(rows: Sequence[Any]) -> Iterator[tuple]:
    """Yield each row that has an id, a parent_id and a name after the one above it, with its depth."""
    there, below = {row.id for row in rows}, defaultdict(list)
    for row in sorted(rows, key=lambda row: row.name.casefold()):
        below[row.parent_id if row.parent_id in there else None].append(row)

    def walk(parent: int | None, depth: int) -> Iterator[tuple]:
        for row in below[parent]:
            yield row, depth
            yield from walk(row.id, depth + 1)

    return walk(None, 0)


def _counts() -> dict[tuple[str, int], int]:
    """How many are active in each sector or below it; under 0 the workers who are in every sector."""
    tree = select(Sector.id.label("top"), Sector.id.label("id")).cte(recursive=True)
    tree = tree.union_all(select(tree.c.top, Sector.id).join(tree, Sector.parent_id == tree.c.id))
    clients = select(literal("client").label("kind"), tree.c.top, func.count().label("number"))
    workers = select(literal("worker"), tree.c.top, func.count(worker_sector.c.worker_id.distinct()))
    everywhere = select(literal("worker"), literal(0), func.count()).where(Worker.active, Worker.all_sectors)
    found = union_all(
        clients.join(Client, Client.sector_id == tree.c.id).where(Client.active).group_by(tree.c.top),
        workers.join(worker_sector, worker_sector.c.sector_id == tree.c.id)
        .join(Worker, Worker.id == worker_sector.c.worker_id)
        .where(Worker.active, ~Worker.all_sectors)
        .group_by(tree.c.top),
        everywhere,
    )
    counts: dict[tuple[str, int], int] = defaultdict(int)
    counts |= {(row.kind, row.top): row.number for row in db.session.execute(found)}
    return counts


def _coordinators() -> dict[int, list[str]]:
    chosen = (
        select(staff_sector.c.sector_id, Staff.first_name, Staff.last_name)
        .join(Staff, Staff.id == staff_sector.c.staff_id)
        .where(Staff.active, Staff.role == Role.COORDINATOR)
        .order_by(Staff.last_name, Staff.first_name)
    )
    names: dict[int, list[str]] = defaultdict(list)
    for row in db.session.execute(chosen):
        names[row.sector_id].append(f"{row.first_name} {row.last_name}")
    return names


def sector_of(user: User, sector_id: int) -> Sector | None:
    return db.session.scalar(visible_sectors(user).where(Sector.id == sector_id))


def places_for(sector: Sector | None) -> dict[int, str]:
    """Below what a sector can lie: names by id, indented as a tree; never itself or what lies below it."""
    rows = db.session.scalars(select(Sector)).all()
    own = set(db.session.scalars(branch(sector.id))) if sector else set()
    kept = sector.parent_id if sector else None
    return {
        row.id: "\u2003" * depth + row.name
        for row, depth in in_order(rows)
        if row.id not in own and (row.active or row.id == kept)
    }


def managers_for(sector: Sector | None) -> dict[int, str]:
    """Who can manage a sector: the active staff, by name."""
    kept = sector.manager_id if sector else None
    chosen = select(Staff).where(Staff.active | (Staff.id == kept)).order_by(Staff.last_name, Staff.first_name)
    return {person.id: person.name for person in db.session.scalars(chosen)}


# ---- deeds ----


def add_sector(user: User, typed: Mapping[str, Value]) -> Sector:
    """Add a sector to the tree.

    Raises:
        Refused: the name is taken, or it cannot lie there.
    """
    sector = Sector(active=True)
    _refuse_place(None, str(typed["kind"]), typed["parent_id"])
    add_named(sector, typed)
    record("sector.created", user, ("sector", sector.id), after=dict(typed))
    return sector


def change_sector(user: User, sector: Sector, typed: Mapping[str, Value], version: int) -> None:
    """Rename or move a sector, or give it another manager.

    Raises:
        Refused: somebody was faster, the name is taken, or it cannot lie there.
    """
    _refuse_place(sector, str(typed["kind"]), typed["parent_id"])
    if changed := change_named(sector, typed, version):
        record("sector.changed", user, ("sector", sector.id), before=changed[0], after=changed[1])


def _refuse_place(sector: Sector | None, kind: str, parent_id: Value) -> None:
    """The rows are locked: two people who hang two sectors below each other at the same moment make no circle."""
    rows = {row.id: row for row in db.session.scalars(select(Sector).order_by(Sector.id).with_for_update())}
    if parent_id is not None:
        above = rows.get(int(parent_id))
        if above is None or (sector and above.id in set(db.session.scalars(branch(sector.id)))):
            raise Refused(_l("A sector cannot lie below itself."), "parent_id")
        if not above.active and (sector is None or sector.parent_id != above.id):
            raise Refused(_l("The sector above is closed. Open it again first, or choose another."), "parent_id")
        if not _may_lie(kind, above.kind):
            raise Refused(_l("A network lies at the top, an agency below a network, a sector below either or below "
                             "another sector."), "parent_id")  # fmt: skip
    if sector and not all(_may_lie(row.kind, kind) for row in rows.values() if row.parent_id == sector.id):
        raise Refused(_l("What lies below it could no longer lie there. Move that first."), "kind")


def _may_lie(kind: str, above: str) -> bool:
    return _RANK[kind] > _RANK[above] or kind == above == "sector"


@dataclass(frozen=True)
class Left:
    """What keeps a sector open."""

    clients: int
    workers: int
    sectors: int

    def __bool__(self) -> bool:
        return bool(self.clients or self.workers or self.sectors)


def who_is_left(sector: Sector) -> Left:
    """Who and what is still active in a sector itself."""
    clients = select(func.count()).where(Client.active, Client.sector_id == sector.id)
    workers = select(func.count()).select_from(worker_sector).join(Worker, Worker.id == worker_sector.c.worker_id)
    workers = workers.where(Worker.active, worker_sector.c.sector_id == sector.id)
    sectors = select(func.count()).where(Sector.active, Sector.parent_id == sector.id)
    asked = select(clients.scalar_subquery(), workers.scalar_subquery(), sectors.scalar_subquery())
    return Left(*db.session.execute(asked).one())


def close_sector(user: User, sector: Sector) -> None:
    """Take a sector out of use. What happened in it keeps it.

    Raises:
        Refused: somebody is still active in it.
    """
    if not sector.active:
        return
    db.session.execute(select(Sector.id).where(Sector.id == sector.id).with_for_update())
    if who_is_left(sector):
        raise Refused(_l("This sector cannot be closed yet: somebody or something still belongs to it."), "left")
    _set_active(user, sector, active=False)


def open_sector(user: User, sector: Sector) -> None:
    """Take a sector into use again.

    Raises:
        Refused: the sector above is closed.
    """
    above = db.session.get(Sector, sector.parent_id) if sector.parent_id else None
    if above and not above.active:
        raise Refused(_l("The sector above is closed. Open it again first."), "parent")
    if not sector.active:
        _set_active(user, sector, active=True)


def _set_active(user: User, sector: Sector, *, active: bool) -> None:
    sector.active = active
    db.session.flush()
    record("sector.changed", user, ("sector", sector.id), before={"active": not active}, after={"active": active})
