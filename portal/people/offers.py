"""What the form of a record offers: sectors that the person at work may see, and who of the staff sees them."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import select

from portal.accounts.models import User
from portal.extensions import db
from portal.people.models import Client, Sector, Staff, Worker, staff_sector
from portal.people.queries import visible_sectors
from portal.roles import Role


@dataclass(frozen=True)
class Offer:
    """Choices of a form, by id.

    Attributes:
        sectors: names of those that the person may see and that are in use.
        managers: names of the staff who see at least one of them.
        reach: by manager the sectors that they see; who is missing sees all.
    """

    sectors: dict[int, str]
    managers: dict[int, str] = field(default_factory=dict)
    reach: dict[int, set[int]] = field(default_factory=dict)

    def sees(self, manager_id: int, sector_id: int) -> bool:
        return manager_id not in self.reach or sector_id in self.reach[manager_id]


def offer_sectors(user: User, kept: set[int]) -> Offer:
    """Return what can be chosen of sectors.

    Args:
        user: of the staff.
        kept: ids of those that the record has: they can stay though they are closed by now.
    """
    chosen = visible_sectors(user).where(Sector.active | Sector.id.in_(kept)).order_by(Sector.name)
    return Offer({row.id: row.name for row in db.session.execute(chosen.with_only_columns(Sector.id, Sector.name))})


def offer_for_client(user: User, client: Client | None = None) -> Offer:
    """Return the sectors that a client can be moved to, and who could have the file in hand there."""
    sectors = offer_sectors(user, {client.sector_id} if client else set()).sectors
    kept = client.file_manager_id if client else None
    reach, names = _reach(kept)
    near = {number: name for number, name in names.items()
            if number == kept or number not in reach or reach[number] & sectors.keys()}  # fmt: skip
    return Offer(sectors, near, reach)


def offer_for_worker(user: User, worker: Worker | None = None) -> Offer:
    return offer_sectors(user, {sector.id for sector in worker.sectors} if worker else set())


def _reach(*kept: int | None) -> tuple[dict[int, set[int]], dict[int, str]]:
    """Return which sectors each coordinator sees (as `sectors_below` says of one), and the names of all the staff at
    work; of who has the file in hand too, though their record is closed by now."""
    own = select(staff_sector.c.staff_id, staff_sector.c.sector_id)
    managed = select(Sector.manager_id, Sector.id).where(Sector.manager_id.is_not(None))
    tree = select(own.union(managed).subquery()).cte(recursive=True)
    tree = tree.union(select(tree.c.staff_id, Sector.id).join(tree, Sector.parent_id == tree.c.sector_id))
    at_work = select(Staff.id, Staff.first_name, Staff.last_name, Staff.role, tree.c.sector_id)
    at_work = at_work.outerjoin(tree, tree.c.staff_id == Staff.id).where(
        Staff.active | Staff.id.in_(set(kept) - {None})
    )
    found = db.session.execute(at_work.order_by(Staff.last_name, Staff.first_name, Staff.id))
    reach, names = defaultdict(set), {}
    for row in found:
        names[row.id] = f"{row.first_name} {row.last_name}".strip()
        if row.role == Role.COORDINATOR:
            reach[row.id] |= {row.sector_id} - {None}
    return dict(reach), names


def staff_who_see(sectors: Collection[int] | None, *kept: int | None) -> dict[int, str]:
    """Names of the staff at work who see one of these sectors, by number; without sectors, of all.

    Args:
        kept: numbers of those who are offered in any case.
    """
    reach, names = _reach(*kept)
    return {number: name for number, name in names.items()
            if sectors is None or number in kept or number not in reach or reach[number] & set(sectors)}  # fmt: skip
