"""Who is to be mailed about what is new in threads: once, all of it in one mail, unless they have read it by then."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, literal, or_, select, union_all, update
from sqlalchemy.orm import aliased

from portal import clock
from portal.accounts.models import Account, User
from portal.extensions import db, rows_changed, upsert, wires
from portal.i18n import local, zone
from portal.outbox.actions import Order, schedule
from portal.outbox.models import OPEN, Message
from portal.people.models import Client, Relative, Staff, Worker, worker_sector
from portal.people.queries import staff_at_work, staff_responsible_for
from portal.settings.queries import option
from portal.threads.models import NoticeChoice, Participant, Thread, ThreadMessage, ThreadNotice
from portal.threads.queries import is_staff, visible_threads
from portal.threads.words import INCIDENT

WAIT = timedelta(minutes=2)  # for who reads it on the portal
HOUR = time(8)  # of the daily summary, by the agency's clock
COMPULSORY = {"incident": "threads.incident_compulsory", "message": "threads.message_compulsory"}  # by kind of news
KINDS = tuple(COMPULSORY)
BY_PACE = {"now": "threads.notice", "daily": "threads.digest"}  # kinds of mail
KINDS_OF_PEOPLE = {kind.__tablename__: kind for kind in (Client, Relative, Worker, Staff)}

Key = tuple[str, int, str]  # a person and a kind of mail


@dataclass(frozen=True)
class Reader:
    """Somebody who is told of news.

    Attributes:
        type, id: their record.
        account_id: their login; None when they have none that is open: no link would be of use to them.
        address: where a mail would go.
        choices: what they have chosen, by kind of news.
    """

    type: str
    id: int
    account_id: int | None
    address: str | None
    choices: dict[str, str]

    def pace(self, kind: str) -> str:
        """When they are told of one kind of news: `now`, `daily` or `never`."""
        return "now" if is_compulsory(kind) else self.choices.get(kind, "now")

    def hindrance(self, kind: str) -> str | None:
        """Why they cannot be told, or are not to be."""
        if self.account_id is None:
            return "no_login" if self.address else "no_address"
        return "notice_off" if self.pace(kind) == "never" else None


def is_compulsory(kind: str) -> bool:
    """Whether the agency has one kind of news mailed at once, whatever people choose."""
    return bool(option(COMPULSORY[kind]))


def promise_notices(actor: User, thread: Thread, message: ThreadMessage) -> None:
    """Promise a mail about a new message to everybody else who takes part: a reaction to "message written"."""
    if message.internal:
        return
    kind = "incident" if thread.topic == INCIDENT and _is_first(message) else "message"
    readers = _participants(thread) if thread.published else []
    if not is_staff(actor):
        readers += _in_charge(thread, kind)
    author = message.author_type, message.author_id
    others = [one for one in readers if (one.type, one.id) != author and not _is_login(one, message)]
    owe(thread.id, kind, message.id, [one for one in others if one.hindrance(kind) is None])
    told = {one.type for one in readers if one.hindrance(kind) is None}
    vain = [one for one in others if one.hindrance(kind) and not (one.type == "client" and "relative" in told)]
    _note_in_vain(thread.id, kind, vain)


def promise_published(thread: Thread) -> None:
    """Promise those who take part a mail about what they see from now on."""
    readers = _participants(thread) if thread.shown_id else []
    owe(thread.id, "message", thread.shown_id, [one for one in readers if one.hindrance("message") is None])


def _is_first(message: ThreadMessage) -> bool:
    earlier = ThreadMessage.thread_id == message.thread_id, ThreadMessage.id < message.id
    return not db.session.scalar(select(select(ThreadMessage.id).where(*earlier).exists()))


def _is_login(reader: Reader, message: ThreadMessage) -> bool:
    """Whoever wrote knows it in all files that their login opens."""
    return reader.account_id is not None and reader.account_id == message.author_account_id


# ---- to whom ----


def _participants(thread: Thread) -> list[Reader]:
    """The client, the relatives whom the file lets read, the workers: in one statement."""
    here, of_relative = Participant.thread_id == thread.id, aliased(Client)
    relatives = _people(Relative).join(Participant, Participant.client_id == Relative.client_id)
    relatives = relatives.join(of_relative, of_relative.id == Relative.client_id)
    parts = (
        _people(Client).join(Participant, Participant.client_id == Client.id).where(here),
        relatives.where(here, Relative.sees_threads, of_relative.active),
        _people(Worker).join(Participant, Participant.worker_id == Worker.id).where(here),
    )
    whole = union_all(*parts).subquery()
    return [_as_reader(row) for row in db.session.execute(select(whole).order_by(whole.c.type, whole.c.id))]


def _people(kind: Any) -> Select:
    """Select people whose record is open, with how they are reached and what they have chosen."""
    chosen = {name: aliased(NoticeChoice) for name in KINDS}
    found = select(
        literal(kind.__tablename__).label("type"), kind.id, kind.email,
        Account.id.label("account_id"), Account.email.label("login"),
        *(chosen[name].how.label(name) for name in KINDS),
    ).outerjoin(Account, and_(Account.id == kind.account_id, Account.active)).where(kind.active)  # fmt: skip
    for name, one in chosen.items():
        own = one.person_type == kind.__tablename__, one.person_id == kind.id, one.kind == name
        found = found.outerjoin(one, and_(*own))
    return found


def _as_reader(row: Row) -> Reader:
    chosen = {name: getattr(row, name) for name in KINDS if getattr(row, name)}
    return Reader(row.type, row.id, row.account_id, row.email or row.login, chosen)


def reader_named(type_: str, number: int) -> Reader | None:
    """One person; None when their record is closed."""
    kind = KINDS_OF_PEOPLE[type_]
    row = db.session.execute(_people(kind).where(kind.id == number)).one_or_none()
    return _as_reader(row) if row else None


def _in_charge(thread: Thread, kind: str) -> list[Reader]:
    """Who of the agency is told: whoever has the matter in hand, else the manager of the client's file, else who
    answers for the sector; always somebody who can sign in and read it, and the first of them who wants such mails.
    Where nobody does, the first of all."""
    manager = select(Client.file_manager_id).join(Participant, Participant.client_id == Client.id)
    manager = manager.where(Participant.thread_id == thread.id).order_by(Participant.id).limit(1)
    sector_id = thread.sector_id or _sector_of_worker(thread)
    in_order = staff_responsible_for(sector_id, wires.owner_of_thread(thread.id) or db.session.scalar(manager))
    asked: list[Reader] = []
    for person in in_order:
        reads = visible_threads(staff_at_work(person)).where(Thread.id == thread.id).exists()
        if person.account_id and db.session.scalar(select(reads)):
            asked += [found] if (found := reader_named("staff", person.id)) else []
            if asked and asked[-1].hindrance(kind) is None:
                return asked[-1:]
    return asked[:1]


def _sector_of_worker(thread: Thread) -> int | None:
    """A sector of the worker of a thread without a client."""
    works = select(worker_sector.c.sector_id).join(Participant, Participant.worker_id == worker_sector.c.worker_id)
    in_order = works.where(Participant.thread_id == thread.id).order_by(Participant.id, worker_sector.c.sector_id)
    return db.session.scalar(in_order.limit(1))


# ---- the mails that wait, and what they are to tell ----


def owe(thread_id: int, kind: str, last_id: int, readers: Sequence[Reader]) -> None:
    """Note that people are to be told of a thread up to a message, by the one mail that waits for each of them."""
    if not readers:
        return
    keys = [(one.type, one.id, BY_PACE[one.pace(kind)]) for one in readers]
    notices = _notices(keys)
    rows = [
        {"thread_id": thread_id, "person_type": key[0], "person_id": key[1], "kind": kind, "owed_id": last_id,
         "told_id": 0, "telling_id": 0, "notice_id": notices[key]}
        for key in keys
    ]  # fmt: skip
    new = upsert(ThreadNotice).values(rows)
    another = and_(ThreadNotice.notice_id != new.excluded.notice_id, ThreadNotice.telling_id > ThreadNotice.told_id)
    owed = {"owed_id": new.excluded.owed_id, "notice_id": new.excluded.notice_id,
            "told_id": case((another, ThreadNotice.telling_id), else_=ThreadNotice.told_id)}  # fmt: skip
    key = [ThreadNotice.thread_id, ThreadNotice.person_type, ThreadNotice.person_id, ThreadNotice.kind]
    db.session.execute(new.on_conflict_do_update(index_elements=key, set_=owed))


def _notices(keys: Collection[Key]) -> dict[Key, int]:
    """Return the mail that waits for each of these people, written now where there was none.

    A mail that waits is locked until the end of this transaction: it does not begin to leave without what is new. One
    that leaves already tells what it knows; whatever comes now is the next one's. Two who write at once name the new
    mail alike, so that there is one.
    """
    found: dict[Key, int] = {}
    while missing := sorted(set(keys) - set(found)):
        last = _last_of(missing)  # before one looks: a mail that somebody else writes now is then named alike
        waiting = _of(missing).where(Message.state.in_(OPEN)).order_by(Message.id).with_for_update()
        found |= {(one.subject_type, one.subject_id, one.kind): one.id for one in db.session.execute(waiting)}
        schedule([
            Order(key[2], key[:2], f"{key[2]}:{key[0]}:{key[1]}:{last.get(key, 0)}", due_at(key[2]))
            for key in missing if key not in found
        ])  # fmt: skip
    return found


def _of(keys: Iterable[Key]) -> Select:
    named = (and_(Message.subject_type == a, Message.subject_id == b, Message.kind == c) for a, b, c in keys)
    return select(Message.id, Message.subject_type, Message.subject_id, Message.kind).where(or_(*named))


def _last_of(keys: Iterable[Key]) -> dict[Key, int]:
    """The last mail of its kind that each of these people got: what the next one is named after."""
    groups = Message.subject_type, Message.subject_id, Message.kind
    last = _of(keys).with_only_columns(*groups, func.max(Message.id)).group_by(*groups)
    return {(row[0], row[1], row[2]): row[3] for row in db.session.execute(last)}


def due_at(kind: str) -> datetime:
    """When a mail leaves that is written now: the summary on the next morning."""
    moment = clock.now()
    if kind != BY_PACE["daily"]:
        return moment + WAIT
    today = datetime.combine(local(moment).date(), HOUR, zone())
    return today if today > moment else datetime.combine(local(moment).date() + timedelta(days=1), HOUR, zone())


def _note_in_vain(thread_id: int, kind: str, readers: Sequence[Reader]) -> None:
    """Write down why somebody is not told, so that staff see it: once for each thread, not for each message."""
    moment, orders = clock.now(), []
    for one in readers:
        why = one.hindrance(kind)
        key = f"threads.notice:{one.type}:{one.id}:thread-{thread_id}:{why}"
        orders.append(Order(BY_PACE["now"], (one.type, one.id), key, moment, suppressed=why))
    schedule(sorted(orders, key=lambda order: order.dedupe_key))


def promise_anew(marks: Sequence[ThreadNotice]) -> None:
    """Have what a mail was to tell told by another one, as its reader wants it now: all of it, or nothing. What one of
    the agency does not want is told to whoever answers next."""
    for mark in marks:
        reader, owed = reader_named(mark.person_type, mark.person_id), mark.owed_id
        mark.told_id, mark.telling_id = (mark.told_id, 0) if reader else (owed, owed)
        if reader and reader.hindrance(mark.kind):
            mark.told_id = owed
            if mark.person_type == "staff":
                pass_on([mark])
        db.session.flush()
        if reader and mark.told_id < owed:
            owe(mark.thread_id, mark.kind, owed, [reader])


def pass_on(marks: Sequence[ThreadNotice]) -> None:
    """Have somebody else of the agency told, where whoever was to be cannot read it any more, or wants no such mail."""
    for mark in marks:
        thread = db.session.get_one(Thread, mark.thread_id)
        others = [one for one in _in_charge(thread, mark.kind) if one.id != mark.person_id]
        owe(thread.id, mark.kind, mark.owed_id, [one for one in others if one.hindrance(mark.kind) is None])


def note_told(thread_id: int, kind: str, person: tuple[str, int]) -> None:
    """Another mail tells somebody of a thread: this one need not."""
    own = ThreadNotice.person_type == person[0], ThreadNotice.person_id == person[1], ThreadNotice.kind == kind
    told = update(ThreadNotice).where(ThreadNotice.thread_id == thread_id, *own)
    rows_changed(told.values(told_id=ThreadNotice.owed_id))


def owed_to(type_: str, number: int) -> ColumnElement[bool]:
    """What somebody is still to be told."""
    whose = ThreadNotice.person_type == type_, ThreadNotice.person_id == number
    return and_(*whose, ThreadNotice.owed_id > ThreadNotice.told_id)


def lost_notices() -> list[str]:
    """Return a sentence if mails have left that did not tell all they were to."""
    told = case((ThreadNotice.telling_id > ThreadNotice.told_id, ThreadNotice.telling_id), else_=ThreadNotice.told_id)
    untold = select(func.count()).select_from(ThreadNotice).join(Message, Message.id == ThreadNotice.notice_id)
    number = db.session.scalar(untold.where(Message.state == "sent", ThreadNotice.owed_id > told)) or 0
    return [f"{number} threads have news that a mail was to tell and did not"] if number else []
