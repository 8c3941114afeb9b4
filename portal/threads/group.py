"""One message to many clients or workers: a conversation with each of them, opened by a job."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select

from portal import clock
from portal.accounts.models import Account, User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, upsert
from portal.people.models import Client, Relative, Worker, worker_sector
from portal.people.queries import branch, visible_clients, visible_workers
from portal.threads.actions import Draft, open_thread
from portal.threads.models import GroupMessage, Participant, Thread
from portal.work.actions import start
from portal.work.models import Work

KIND_LABELS = {"client": _l("Clients"), "worker": _l("Workers")}
NAMED = 8  # of those who receive it, as examples


@dataclass(frozen=True)
class Audience:
    """Whom a message goes to: those of a kind with an open record, of one sector and those below it or of all that
    whoever writes may see."""

    kind: str
    sector_id: int | None = None


@dataclass(frozen=True)
class Reach:
    """How many receive a message, some of their names, and how many would not: nobody of theirs has access."""

    number: int
    names: Sequence[str]
    without: int


@dataclass(frozen=True)
class Letter:
    """What is written to a group; `token` is that of the form: the same one twice is one group message."""

    topic: str
    subject: str
    text: str
    token: str


def reach_of(user: User, audience: Audience) -> Reach:
    """Whom a message would reach now, within what this person may see."""
    kind = _kind(audience.kind)
    everybody, reached = _everybody(user, audience), _reached(user, audience)
    counted = [
        select(func.count()).select_from(each.with_only_columns(kind.id).subquery()) for each in (everybody, reached)
    ]
    total, number = (db.session.scalar(each) or 0 for each in counted)
    some = reached.order_by(kind.last_name, kind.first_name, kind.id).limit(NAMED)
    return Reach(number, [one.name for one in db.session.scalars(some)], total - number)


def send_group(user: User, audience: Audience, letter: Letter, expected: int) -> GroupMessage:
    """Have a message written to everybody whom it reaches.

    Args:
        expected: how many that were when the person decided.

    Returns:
        The group message, whose job is waiting; the one that is there already if this form was sent before.

    Raises:
        Refused: it reaches nobody, or another number of people by now.
    """
    reach = reach_of(user, audience)
    if not reach.number:
        raise Refused(_l("Nobody of this choice has access to the portal."), "sector")
    if reach.number != expected:
        raise Refused(_l("The number of people has changed. Please look again before you send."))
    row = {"batch": letter.token, "kind": audience.kind, "sector_id": audience.sector_id, "topic": letter.topic,
           "subject": letter.subject, "text": letter.text, "account_id": user.account_id, "user_key": user.key,
           "created_at": clock.now()}  # fmt: skip
    fresh = upsert(GroupMessage).values(row).on_conflict_do_nothing(index_elements=[GroupMessage.batch])
    made = db.session.scalar(fresh.returning(GroupMessage.id))
    own = GroupMessage.account_id == user.account_id, GroupMessage.user_key == user.key
    group = db.session.scalar(select(GroupMessage).where(GroupMessage.batch == letter.token, *own))
    if group is None:  # a form of somebody else's
        raise Refused(_l("Please go back, reload the page and send it again."))
    if made is not None:
        group.work_id = start(user, "threads.group", group.id, reach.number).id
        told = {"kind": audience.kind, "sector": audience.sector_id, "number": reach.number}
        record("thread.group_sent", user, ("thread_group", group.id), after=told)
    return group


def open_some(user: User, group: GroupMessage, most: int) -> int:
    """Open the conversations of some who have none of this group yet; return how many those are. Each is put aside at
    once: an answer brings it back."""
    kind = _kind(group.kind)
    number = Participant.client_id if group.kind == "client" else Participant.worker_id
    told = exists().where(Thread.id == Participant.thread_id, Thread.batch == group.batch, number == kind.id)
    waiting = _reached(user, Audience(group.kind, group.sector_id)).where(~told)
    people = db.session.scalars(waiting.order_by(kind.id).limit(most)).all()
    for one in people:
        thread = open_thread(
            user, group.topic, group.subject, Draft(group.text, _token(group.batch, one)),
            clients=[one.id] if isinstance(one, Client) else [], workers=[one.id] if isinstance(one, Worker) else [],
            sector_id=one.sector_id if isinstance(one, Client) else None, batch=group.batch,
        )  # fmt: skip
        thread.archived_at, thread.archived_by = clock.now(), user.name
    db.session.flush()
    return len(people)


def group_of(user: User, group_id: int) -> tuple[GroupMessage, Work | None] | None:
    """Return a group message that this person has sent, and its job."""
    own = GroupMessage.account_id == user.account_id, GroupMessage.user_key == user.key
    chosen = select(GroupMessage, Work).outerjoin(Work, Work.id == GroupMessage.work_id)
    row = db.session.execute(chosen.where(GroupMessage.id == group_id, *own)).one_or_none()
    return (row[0], row[1]) if row else None


def _kind(name: str) -> type[Client] | type[Worker]:
    return Client if name == "client" else Worker


def _token(batch: str, person: Client | Worker) -> str:
    """Of the message to one of the group: the same however often the job begins again."""
    told = f"{batch}:{person.__tablename__}:{person.id}"
    return urlsafe_b64encode(sha256(told.encode()).digest()[:16]).rstrip(b"=").decode()


def _everybody(user: User, audience: Audience) -> Select:
    if audience.kind == "client":
        chosen = visible_clients(user).where(Client.active)
        return chosen.where(Client.sector_id.in_(branch(audience.sector_id))) if audience.sector_id else chosen
    chosen = visible_workers(user).where(Worker.active)
    if audience.sector_id is None:
        return chosen
    there = select(worker_sector.c.worker_id).where(worker_sector.c.sector_id.in_(branch(audience.sector_id)))
    return chosen.where(or_(Worker.all_sectors, Worker.id.in_(there)))


def _reached(user: User, audience: Audience) -> Select:
    """Those of whom somebody can read it on a portal."""
    everybody = _everybody(user, audience)
    if audience.kind == "worker":
        return everybody.where(_has_login(Worker))
    along = and_(Relative.client_id == Client.id, Relative.active, Relative.sees_threads, _has_login(Relative))
    return everybody.where(or_(_has_login(Client), exists().where(along)))


def _has_login(kind: type[Client | Worker | Relative]) -> ColumnElement[bool]:
    return exists().where(Account.id == kind.account_id, Account.active)
