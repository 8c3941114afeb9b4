"""The deeds of the first steps: the first administrator, the sectors, a mail to oneself, the invitations."""

from collections.abc import Mapping, Sequence

from flask_babel import lazy_gettext as _l
from flask_security.utils import hash_password
from sqlalchemy import func, select

from portal import clock
from portal.accounts.actions import Signed, enter
from portal.accounts.models import Account, User
from portal.accounts.throttles import brake, count_hit, place_of
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db
from portal.i18n import language
from portal.outbox.actions import Order, schedule
from portal.people.actions import open_login
from portal.people.models import Sector, Staff
from portal.people.team import add_staff, make_staff
from portal.roles import Role
from portal.settings.actions import mark_setup
from portal.settings.queries import option
from portal.setup.queries import TEST, inviting, is_setup_code, newest_test, people_to_invite
from portal.work.actions import open_work, start
from portal.work.models import Work

WRONG_CODES, WRONG_MINUTES = 10, 5
AT_ONCE = 20  # so many invitations are written while one waits
STILL_MOVING = ("scheduled", "due", "sending")
SUBJECTS = {1: ("clients",), 2: ("workers",), 3: ("clients", "workers")}  # what a job's number means


def check_code(typed: str, network_address: str) -> None:
    """Let only who has seen the terminal go on. The caller commits: a wrong code is counted.

    Raises:
        Refused: it is another code, or too many were tried.
    """
    bucket = f"setup:{place_of(network_address)}"
    brake(bucket, WRONG_CODES, WRONG_MINUTES)
    if not is_setup_code(typed):
        count_hit(bucket, WRONG_MINUTES)
        raise Refused(_l("This is not the code that the terminal shows."), "wrong")


def found_agency(email: str, first_name: str, last_name: str, password: str) -> Account:
    """Make the first administrator and sign them in.

    Raises:
        Refused: this is not an e-mail address.
        StaleDataError: somebody else was quicker.
    """
    mark_setup(None, "open")  # of two at the same moment, the table of options takes one
    typed = {"email": email, "first_name": first_name, "last_name": last_name, "role": str(Role.ADMIN)}
    _person, account = add_staff(None, {**typed, "language": language()})
    account.password, account.password_set_at, account.language = hash_password(password), clock.now(), language()
    db.session.flush()
    record("account.password_set", Signed(account), ("account", account.id), after={"purpose": "setup"})
    enter(account)
    return account


def name_sectors(actor: Actor, names: list[str]) -> None:
    """Make the sectors that imports put clients into: those named, below the agency; without any, the agency itself."""
    if not option("agency.setup"):
        mark_setup(actor, "open")  # whoever was made at the command line begins here
    root = db.session.scalar(select(Sector).where(Sector.parent_id.is_(None)).order_by(Sector.id).limit(1))
    if root is None:
        root = _add_sector(actor, option("agency.name"), None)
    known = {name.casefold() for name in db.session.scalars(select(Sector.name))}
    for name in names:
        if name.casefold() not in known:
            known.add(name.casefold())
            _add_sector(actor, name, root.id)


def rename_sectors(actor: Actor, names: Mapping[int, str]) -> None:
    """Correct the names of sectors; those that are as they were are left alone.

    Args:
        actor: who corrects them.
        names: by id.

    Raises:
        Refused: two sectors would have one name.
    """
    there = {sector.id: sector for sector in db.session.scalars(select(Sector).order_by(Sector.id))}
    after = {id_: names.get(id_, sector.name) for id_, sector in there.items()}
    if len({name.casefold() for name in after.values()}) < len(after):
        raise Refused(_l("Two sectors cannot have the same name."), "taken")
    for id_, sector in there.items():
        if after[id_] != sector.name:
            before, sector.name = sector.name, after[id_]
            db.session.flush()
            record("sector.renamed", actor, ("sector", id_), before={"name": before}, after={"name": sector.name})


def _add_sector(actor: Actor, name: str, parent_id: int | None) -> Sector:
    sector = Sector(name=name, parent_id=parent_id, kind="sector" if parent_id else "agency")
    db.session.add(sector)
    db.session.flush()
    record("sector.created", actor, ("sector", sector.id), after={"name": name})
    return sector


def add_colleague(actor: Actor, email: str, names: tuple[str, str], role: Role, sector_ids: Sequence[int]) -> Staff:
    """Add a member of staff and mail them the link to choose a password.

    Raises:
        Refused: somebody of the staff has this address already, or a coordinator has no sector.
    """
    return make_staff(actor, {
        "email": email, "first_name": names[0], "last_name": names[1], "role": str(role), "language": None,
        "sector_ids": list(sector_ids),
    })  # fmt: skip


def send_test(user: User) -> None:
    """Write to the person who asks, as the portal writes to everybody.

    Raises:
        Refused: the last such mail has not left yet.
    """
    last = newest_test(user)
    if last and last.state in STILL_MOVING:
        raise Refused(_l("Your last test message has not left yet. Please wait for it."), "waits")
    number = (last.id if last else 0) + 1
    key = f"{TEST}:{user.account_id}:{number}"
    schedule([Order(TEST, ("account", user.account_id), dedupe_key=key, due_at=clock.now())])
    record("message.tested", user, ("account", user.account_id))


def invite_people(user: User, kinds: tuple[str, ...]) -> Work | None:
    """Invite the clients or workers who have an address and no login: few at once, many in a job.

    Returns:
        The job; None when all is done already.

    Raises:
        Refused: people are being invited at this moment, or there is nobody.
    """
    last = inviting()
    if last and not last.is_over:
        raise Refused(_l("Invitations are being written at this moment."), "busy")
    total = sum(db.session.scalar(select(func.count()).select_from(people_to_invite(kind).subquery())) or 0
                for kind in kinds)  # fmt: skip
    if not total:
        raise Refused(_l("There is nobody left to invite."), "nobody")
    number = next(number for number, known in SUBJECTS.items() if known == kinds)
    if total > AT_ONCE:
        return start(user, "setup.invite", number, total)
    work = open_work(user, "setup.invite", number, total)
    for kind in kinds:
        invite_some(user, kind, AT_ONCE)
    work.state, work.done, work.finished_at = "done", total, clock.now()
    return None


def invite_some(actor: Actor | None, kind: str, limit: int) -> int:
    """Invite the next few people of one kind; return how many there were."""
    people = list(db.session.scalars(people_to_invite(kind).limit(limit)))
    for person in people:
        open_login(actor, person)
    return len(people)


def finish_setup(user: User) -> None:
    """Put the first steps away; everything stays to be found in its own place."""
    mark_setup(user, "finished")
