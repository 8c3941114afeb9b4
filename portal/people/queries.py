"""Reading people: who sees whom, and which files a login opens."""

from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import (
    ColumnElement,
    Integer,
    Row,
    ScalarSelect,
    Select,
    SQLColumnExpression,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import aliased

from portal.accounts.models import Account, User
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.folding import fold_name
from portal.people.models import (
    Anybody,
    Client,
    Relative,
    SearchToken,
    Sector,
    Staff,
    Worker,
    staff_sector,
    worker_sector,
)
from portal.people.search import sounds_so
from portal.roles import Role


def sectors_below(staff_id: int | None) -> Select[int]:
    """Ids of the sectors that a member of staff coordinates or manages, and of all that lie below them in the tree."""
    coordinated = select(staff_sector.c.sector_id).where(staff_sector.c.staff_id == staff_id)
    own = select(Sector.id).where((Sector.manager_id == staff_id) | Sector.id.in_(coordinated))
    tree = own.cte(recursive=True)  # without a name: a statement may hold two of them
    tree = tree.union(select(Sector.id).join(tree, Sector.parent_id == tree.c.id))
    return select(tree.c.id)


def branch(sector_id: int | None) -> Select[int]:
    """Ids of a sector and of all that lie below it in the tree."""
    tree = select(Sector.id).where(Sector.id == sector_id).cte(recursive=True)
    return select(tree.union(select(Sector.id).join(tree, Sector.parent_id == tree.c.id)).c.id)


def visible_sectors(user: User) -> Select[Sector]:
    match user.role:
        case Role.COORDINATOR:
            return select(Sector).where(Sector.id.in_(sectors_below(user.staff_id)))
        case Role.QUALITY | Role.ADMIN:
            return select(Sector)
        case _:
            return select(Sector).where(false())


def visible_clients(user: User) -> Select[Client]:
    """Clients whose file this person may open."""
    match user.role:
        case Role.CLIENT | Role.RELATIVE:
            return select(Client).where(Client.id == user.client_id)
        case Role.COORDINATOR:
            return select(Client).where(Client.sector_id.in_(sectors_below(user.staff_id)))
        case Role.QUALITY | Role.ADMIN:
            return select(Client)
        case _:
            return select(Client).where(false())


def visible_workers(user: User) -> Select[Worker]:
    """Workers whose file this person may open; a coordinator's are those of at least one of their sectors,
    and those who work in all of them."""
    match user.role:
        case Role.WORKER:
            return select(Worker).where(Worker.id == user.worker_id)
        case Role.COORDINATOR:
            chosen = worker_sector.c.sector_id.in_(sectors_below(user.staff_id))
            return select(Worker).where(
                Worker.all_sectors | Worker.id.in_(select(worker_sector.c.worker_id).where(chosen))
            )
        case Role.QUALITY | Role.ADMIN:
            return select(Worker)
        case _:
            return select(Worker).where(false())


def is_named(kind: type[Client | Worker], typed: str) -> ColumnElement[bool]:
    """Every word typed is found at the start of one of the name's words, whatever the accents and the order, or sounds
    as one does in the other script. Signs alone are nobody's name."""
    padded, words = literal(" ") + kind.match_key, fold_name(typed).split()
    named = [padded.contains(f" {word}", autoescape=True) | _sounds_so(kind, word) for word in words]
    return and_(*named) if named else kind.id.is_(None)


def _sounds_so(kind: type[Client | Worker], word: str) -> ColumnElement[bool]:
    index = aliased(SearchToken)
    of_person = index.person_type == kind.__tablename__, index.person_id == kind.id
    return exists().where(*of_person, sounds_so(index, word))


def has_address(kind: type[Anybody], address: str) -> ColumnElement[bool]:
    """A record has this e-mail address, in whatever case; also as it is: SQLite knows the case of A to Z alone."""
    return (kind.email == address) | (func.lower(kind.email) == address.lower())


def number_of_files(account_id: int) -> int:
    """How many records name a login, closed ones as well."""
    parts = (select(kind.id).where(kind.account_id == account_id) for kind in (Client, Relative, Worker, Staff))
    return db.session.scalar(select(func.count()).select_from(union_all(*parts).subquery())) or 0


def name_of_staff(account_id: SQLColumnExpression[int | None]) -> ScalarSelect[str]:
    """Select the name of the member of staff behind a login, for a list of what it did; also of one whose record is
    closed by now."""
    name = func.trim(Staff.first_name + " " + Staff.last_name)
    return select(name).where(Staff.account_id == account_id).order_by(Staff.id.desc()).limit(1).scalar_subquery()


def names_of_actors(deeds: Collection[AuditEntry]) -> dict[int, str]:
    """Return who did each of these deeds, by its number: whose file it was done in. Where that is not known, all that
    can be said is the address of the login. What the portal did by itself has no name."""
    kept = [deed for deed in deeds if deed.account_id is not None]
    if not kept:
        return {}
    parts = [
        select(literal(kind.__tablename__).label("type"), kind.id, kind.first_name, kind.last_name)
        .where(kind.id.in_({deed.person_id for deed in kept if deed.person_type == kind.__tablename__}))
        for kind in (Client, Relative, Worker, Staff)
    ]  # fmt: skip
    logins = {deed.account_id for deed in kept if deed.person_type is None}
    parts.append(select(literal("login"), Account.id, Account.email, literal("")).where(Account.id.in_(logins)))
    names = {(row.type, row.id): f"{row.first_name} {row.last_name}".strip() for row in
             db.session.execute(union_all(*parts))}  # fmt: skip
    who = {deed.id: (deed.person_type or "login", deed.person_id or deed.account_id) for deed in kept}
    return {number: names[one] for number, one in who.items() if one in names}


def opens_elsewhere(user: User, account_id: SQLColumnExpression) -> ColumnElement[bool]:
    """A login opens a file that this person may not see, or did: how it is used is not theirs to know."""
    if user.role is not Role.COORDINATOR:
        return false()
    clients = visible_clients(user).with_only_columns(Client.id)
    workers = visible_workers(user).with_only_columns(Worker.id)
    return or_(
        exists().where(Client.account_id == account_id, Client.id.not_in(clients)),
        exists().where(Relative.account_id == account_id, Relative.client_id.not_in(clients)),
        exists().where(Worker.account_id == account_id, Worker.id.not_in(workers)),
        exists().where(Staff.account_id == account_id, Staff.id != user.staff_id),
    )


def login_is_known(user: User, person: Anybody) -> bool:
    """Whether this person may know how somebody's login is used."""
    if person.account_id is None or user.role is not Role.COORDINATOR:
        return True
    return not db.session.scalar(select(opens_elsewhere(user, literal(person.account_id))))


def relative_to_ask(client_id: int) -> Relative | None:
    """Who answers for a client without an e-mail address: the first relative whom the file lets rate."""
    chosen = select(Relative).where(Relative.client_id == client_id, *_CAN_BE_ASKED).order_by(Relative.id)
    return db.session.scalar(chosen.limit(1))


def first_to_ask(client_id: SQLColumnExpression[int]) -> ScalarSelect[int | None]:
    """Select the number of the relative of whom `relative_to_ask` speaks, for a list of clients."""
    chosen = select(func.min(Relative.id)).where(Relative.client_id == client_id, *_CAN_BE_ASKED)
    return chosen.correlate(Client).scalar_subquery()


def staff_responsible_for(sector_id: int | None, manager_id: int | None = None) -> Iterator[Staff]:
    """Who answers for a file, in the order in which they are told: its manager, the manager of its sector and the other
    coordinators there, the same of the sectors above it, quality, administrators. Whoever has no address or a closed
    login is passed over.

    Args:
        sector_id: of the file, or of what happened in it; None when it is of none.
        manager_id: of the staff, who has the file in hand.
    """
    reachable = select(Staff).where(Staff.active, Staff.email.is_not(None), _not_shut_out(Staff)).order_by(Staff.id)
    if manager_id is not None:
        yield from db.session.scalars(reachable.where(Staff.id == manager_id)).all()
    above = sector_id
    while above is not None:
        here = select(staff_sector.c.staff_id).where(staff_sector.c.sector_id == above)
        manages = select(Sector.manager_id).where(Sector.id == above).scalar_subquery()
        coordinates = and_(Staff.role == Role.COORDINATOR, Staff.id.in_(here))
        first = case((Staff.id == manages, 0), else_=1)
        here_in_order = reachable.order_by(None).order_by(first, Staff.id)
        yield from db.session.scalars(here_in_order.where(coordinates | (Staff.id == manages))).all()
        above = db.session.scalar(select(Sector.parent_id).where(Sector.id == above))
    for role in (Role.QUALITY, Role.ADMIN):
        yield from db.session.scalars(reachable.where(Staff.role == role)).all()


def overseers(*sector_ids: int, also: int | None = None) -> dict[int, str]:
    """Who of the staff at work sees what happens in a sector, or in one of several, by number; and one more, though it
    be no longer."""
    above = select(Sector.id, Sector.parent_id).where(Sector.id.in_(sector_ids)).cte(recursive=True)
    above = above.union(select(Sector.id, Sector.parent_id).join(above, Sector.id == above.c.parent_id))
    branch = select(above.c.id)
    coordinates = select(staff_sector.c.staff_id).where(staff_sector.c.sector_id.in_(branch))
    manages = select(Sector.manager_id).where(Sector.id.in_(branch), Sector.manager_id.is_not(None))
    sees = or_(Staff.role.in_((Role.QUALITY, Role.ADMIN)), Staff.id.in_(coordinates), Staff.id.in_(manages))
    chosen = select(Staff).where((Staff.active & sees) | (Staff.id == also))
    return {
        one.id: one.name for one in db.session.scalars(chosen.order_by(Staff.last_name, Staff.first_name, Staff.id))
    }


def _not_shut_out(kind: type[Relative | Staff]) -> ColumnElement[bool]:
    """Nobody has closed this person's login. One who has none yet is not shut out."""
    return ~exists().where(Account.id == kind.account_id, ~Account.active)


def can_sign_in(kind: type[Anybody]) -> ColumnElement[bool]:
    """This person has a login, and nobody has closed it."""
    return exists().where(Account.id == kind.account_id, Account.active)


def clients_with_a_relative_to_ask() -> set[int]:
    return set(db.session.scalars(select(Relative.client_id).where(*_CAN_BE_ASKED).distinct()))


_CAN_BE_ASKED = (Relative.active, Relative.may_rate, Relative.email.is_not(None), _not_shut_out(Relative))


def files_of_account(account_id: int) -> list[User]:
    """Return the files that a login opens, in one statement: client, clients one is close to, worker, staff."""
    found = db.session.execute(_files(), {"account_id": account_id}).all()
    return [_as_user(account_id, row) for row in found]


@cache
def _files() -> Select:
    """Made once: it is asked at each request."""
    nothing = null().cast(Integer)

    def files(
        kind: Any, sort: int, role: SQLColumnExpression, client_id: SQLColumnExpression, *grants: SQLColumnExpression
    ) -> Select:
        may_rate, sees_upcoming, sees_ratings, sees_threads = grants
        return select(
            literal(sort).label("sort"), kind.id.label("id"), kind.first_name, kind.last_name,
            role.label("role"), client_id.label("client_id"), may_rate.label("may_rate"),
            sees_upcoming.label("sees_upcoming"), sees_ratings.label("sees_ratings"),
            sees_threads.label("sees_threads"), kind.language.label("language"),
        ).where(kind.account_id == bindparam("account_id"), kind.active)  # fmt: skip

    granted = Relative.may_rate, Relative.sees_upcoming, Relative.sees_ratings, Relative.sees_threads
    relatives = files(Relative, 2, literal("relative"), Relative.client_id, *granted)
    sees_all = literal(True), literal(True), literal(True)
    of_whom = Client.first_name.label("client_first"), Client.last_name.label("client_last")
    nobody = literal("").label("client_first"), literal("").label("client_last")
    whole = union_all(
        files(Client, 1, literal("client"), Client.id, literal(True), *sees_all).add_columns(*nobody),
        relatives.join(Client, Client.id == Relative.client_id).where(Client.active).add_columns(*of_whom),
        files(Worker, 3, literal("worker"), nothing, literal(False), *sees_all).add_columns(*nobody),
        files(Staff, 4, Staff.role, nothing, literal(False), *sees_all).add_columns(*nobody),
    ).subquery("files")
    return select(whole).order_by("sort", "id")


def staff_at_work(person: Staff) -> User:
    """Somebody of the staff in their file, as what they may see is asked; they may have no login yet."""
    return User(
        account_id=person.account_id or 0, key=f"staff:{person.id}", role=Role(person.role), name=person.name,
        file_label=person.name, staff_id=person.id, language=person.language,
    )  # fmt: skip


def _as_user(account_id: int, row: Row) -> User:
    role = Role(row.role)
    kind = {Role.CLIENT: "client", Role.RELATIVE: "relative", Role.WORKER: "worker"}.get(role, "staff")
    name = f"{row.first_name} {row.last_name}".strip()
    whose = f"{row.client_first} {row.client_last}".strip()
    return User(
        account_id=account_id, key=f"{kind}:{row.id}", role=role, name=name,
        file_label=_("%(name)s, for %(client)s", name=name, client=whose) if whose else name,
        client_id=row.client_id, may_rate=bool(row.may_rate), language=row.language,
        sees_upcoming=bool(row.sees_upcoming), sees_ratings=bool(row.sees_ratings),
        sees_threads=bool(row.sees_threads),
        **({} if kind == "client" else {f"{kind}_id": row.id}),
    )  # fmt: skip
