"""Opening a conversation: with whom one may, who will read it, and whether it stands on the portals."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import selectinload

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, rows_changed
from portal.forms import number_in
from portal.people.models import Client, Relative, Worker
from portal.people.queries import is_named, staff_responsible_for, visible_clients, visible_workers
from portal.threads.actions import Draft, is_as_sent, open_thread, written
from portal.threads.models import Thread, ThreadMessage
from portal.threads.notices import promise_published
from portal.threads.queries import writes_to_others
from portal.threads.words import ARRIVED, INCIDENT
from portal.visits.models import State, Visit, VisitWorker
from portal.visits.queries import visible_visits

LATELY = timedelta(days=90)  # who came within, or is to come, is whom one deals with
OFFERED, FOUND = 50, 10


@dataclass(frozen=True)
class Somebody:
    """One who may take part in a conversation.

    Attributes:
        key: `client:17`, `worker:5`.
        along: names of the relatives who read along.
        has_access: whether anybody can read it on a portal.
    """

    key: str
    name: str
    along: tuple[str, ...] = ()
    has_access: bool = True


@dataclass(frozen=True)
class Opening:
    """What somebody opens a conversation about, and with whom besides the agency."""

    topic: str
    subject: str
    first: Draft
    people: Collection[str] = ()
    published: bool = True


# ---- clients and workers ----


def others_for(user: User) -> Mapping[str, str]:
    """Whom a client or a worker may write to besides the agency, by name: those whom they meet on visits."""
    if not writes_to_others(user):
        return {}
    met = visible_visits(user).where(Visit.ends_at > clock.now() - LATELY, Visit.state.in_((State.PLANNED, State.DONE)))
    if user.worker_id:
        kind, numbers = Client, met.with_only_columns(Visit.client_id)
    else:
        kind, numbers = Worker, met.join(VisitWorker).with_only_columns(VisitWorker.worker_id)
    chosen = select(kind).where(kind.id.in_(numbers), kind.active).order_by(kind.last_name, kind.first_name, kind.id)
    return {_key(one): one.name for one in db.session.scalars(chosen.limit(OFFERED))}


def first_reader(user: User) -> str | None:
    """Who at the agency gets what this person writes: the manager of the file, or whoever answers in their place."""
    if user.worker_id:
        worker = db.session.get_one(Worker, user.worker_id)
        sectors, manager_id = sorted(one.id for one in worker.sectors), None
    else:
        client = db.session.get_one(Client, user.client_id)
        sectors, manager_id = [client.sector_id], client.file_manager_id
    return next((one.name for one in staff_responsible_for(sectors[0], manager_id)), None) if sectors else None


def relatives_along(user: User) -> list[str]:
    """Of the same file as this client or relative: who else reads what either of them writes."""
    if user.client_id is None:
        return []
    client = db.session.get_one(Client, user.client_id)
    own = [client.name] if user.relative_id else []
    return own + [one.name for one in _along([client.id]).get(client.id, ()) if one.id != user.relative_id]


def open_own(user: User, opening: Opening) -> Thread:
    """A client or a worker opens a conversation with the agency, and with one other person if the agency allows that.

    Raises:
        Refused: the other person is none of those offered, or as `threads.actions.write` says.
    """
    if not set(opening.people) <= set(others_for(user)):
        raise Refused(_l("Please choose one of the values offered."), "other")
    clients, workers = _numbers("client", opening.people), _numbers("worker", opening.people)
    clients += [user.client_id] if user.client_id else []
    workers += [user.worker_id] if user.worker_id else []
    return _open(user, opening, clients, workers)


# ---- staff ----


def people_for(user: User, keys: Collection[str]) -> dict[str, Somebody]:
    """Those of these people who may take part: in this person's perimeter, with an open record."""
    clients = visible_clients(user).where(Client.id.in_(_numbers("client", keys)))
    workers = visible_workers(user).where(Worker.id.in_(_numbers("worker", keys)))
    return _described(clients, workers)


def met_by(user: User, keys: Collection[str]) -> dict[str, Somebody]:
    """Who comes to these clients, and whom these workers come to: those likely to take part as well."""
    recent = Visit.ends_at > clock.now() - LATELY, Visit.state.in_((State.PLANNED, State.DONE))
    met = visible_visits(user).where(*recent).join(VisitWorker)
    workers = met.where(Visit.client_id.in_(_numbers("client", keys))).with_only_columns(VisitWorker.worker_id)
    clients = met.where(VisitWorker.worker_id.in_(_numbers("worker", keys))).with_only_columns(Visit.client_id)
    return _described(
        visible_clients(user).where(Client.id.in_(clients)), visible_workers(user).where(Worker.id.in_(workers))
    )


def found_by(user: User, typed: str) -> dict[str, Somebody]:
    """Clients and workers of whose name these are words."""
    return _described(
        visible_clients(user).where(is_named(Client, typed)),
        visible_workers(user).where(is_named(Worker, typed)),
        FOUND,
    )


def _described(clients: Select[Client], workers: Select[Worker], most: int = OFFERED) -> dict[str, Somebody]:
    in_order = {kind: (kind.last_name, kind.first_name, kind.id) for kind in (Client, Worker)}
    loaded = clients.where(Client.active).options(selectinload(Client.account)).order_by(*in_order[Client]).limit(most)
    found = list(db.session.scalars(loaded))
    along = _along([one.id for one in found])
    people = [
        Somebody(_key(one), one.name, tuple(each.name for each in along.get(one.id, ())),
                 bool(one.account_id or along.get(one.id)))
        for one in found
    ]  # fmt: skip
    chosen = workers.where(Worker.active).order_by(*in_order[Worker]).limit(most)
    people += [Somebody(_key(one), one.name, (), bool(one.account_id)) for one in db.session.scalars(chosen)]
    return {one.key: one for one in people}


def open_for(user: User, opening: Opening) -> Thread:
    """Staff open a conversation with clients and workers of their perimeter.

    Raises:
        Refused: nobody takes part, somebody who may not, two clients, or as `threads.actions.write` says.
    """
    people = people_for(user, opening.people)
    clients, workers = _numbers("client", opening.people), _numbers("worker", opening.people)
    if not opening.people:
        raise Refused(_l("Please choose who takes part."), "people")
    if len(people) < len(opening.people):
        raise Refused(_l("Please choose one of the values offered."), "people")
    if len(clients) > 1:
        raise Refused(
            _l("One client at most takes part: clients must not learn of each other. Write to several as a group."),
            "people",
        )
    return _open(user, opening, clients, workers)


def publish(user: User, thread: Thread, published: bool) -> None:
    """Show a thread to those who take part in it, or to the agency alone. What stands already is no deed.

    Raises:
        Refused: it is of an incident: whoever declared it keeps seeing what becomes of it.
    """
    if thread.topic == INCIDENT:
        raise Refused(_l("The conversation of an incident is always visible to those who take part in it."), "topic")
    told = {"published": published, "version": Thread.version + 1, "shown_version": Thread.shown_version + 1}
    if rows_changed(update(Thread).where(Thread.id == thread.id, Thread.published != published).values(told)):
        db.session.refresh(thread)
        before, after = {"published": not published}, {"published": published}
        record("thread.published", user, ("thread", thread.id), before=before, after=after)
        if published:
            promise_published(thread)


# ---- both ----


def _open(user: User, opening: Opening, clients: Sequence[int], workers: Sequence[int]) -> Thread:
    """Open it; of a form that was changed after it had arrived, say so: nothing that was written goes in silence."""
    of_client = select(Client.sector_id).where(Client.id.in_(clients))
    thread = open_thread(
        user, opening.topic, opening.subject, opening.first, clients=clients, workers=workers,
        sector_id=db.session.scalar(of_client), published=opening.published,
    )  # fmt: skip
    with_ = {(one.client_id, one.worker_id) for one in thread.participants}
    stands = thread.topic, thread.subject, thread.published, with_
    wanted = {(one, None) for one in clients} | {(None, one) for one in workers}
    message, first = written(user, opening.first.token), select(func.min(ThreadMessage.id))
    if (
        stands != (opening.topic, opening.subject, opening.published, wanted)
        or message is None
        or message.id != db.session.scalar(first.where(ThreadMessage.thread_id == thread.id))
        or not is_as_sent(message, opening.first)
    ):
        raise Refused(ARRIVED, "token")
    return thread


def _along(clients: Sequence[int]) -> dict[int, list[Relative]]:
    granted = Relative.client_id.in_(clients), Relative.active, Relative.sees_threads
    found: dict[int, list[Relative]] = {}
    for one in db.session.scalars(select(Relative).where(*granted).order_by(Relative.id)) if clients else ():
        found.setdefault(one.client_id, []).append(one)
    return found


def _key(person: Client | Worker) -> str:
    return f"{person.__tablename__}:{person.id}"


def _numbers(kind: str, keys: Collection[str]) -> list[int]:
    """The numbers of those of a kind, in order; what is no key is nobody's."""
    parts = [key.partition(":") for key in keys]
    return sorted({number for name, _colon, text in parts if name == kind and (number := number_in(text)) is not None})
