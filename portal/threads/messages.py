"""The mails about what is new in threads: still wanted? to whom? what do they say?

They say how much is new, and nothing of it: no text, no reason of an incident, no name of who wrote or of whom it
is about. Somebody with several files is told which of their own to open, as its label has it. Conversations about
incidents go on, and are told of, where no new ones can be reported.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, case, exists, select
from sqlalchemy.orm import aliased

from portal import clock
from portal.accounts.models import Account, User
from portal.extensions import db
from portal.links import external_url
from portal.outbox.models import OPEN, Drop, Message, MessageKind, Postpone, Recipient
from portal.people.models import Anybody
from portal.people.queries import files_of_account
from portal.portals import portal_of
from portal.settings.queries import option
from portal.threads.actions import person_of
from portal.threads.models import Reading, Thread, ThreadMessage, ThreadNotice
from portal.threads.notices import BY_PACE, KINDS, KINDS_OF_PEOPLE, WAIT, owed_to, pass_on, promise_anew, reader_named
from portal.threads.queries import is_staff, visible_messages, visible_threads
from portal.threads.words import INCIDENT

PACES = {mail: pace for pace, mail in BY_PACE.items()}


@dataclass(frozen=True)
class News:
    """One message of which somebody is told; nobody wrote a line about what happened."""

    id: int
    thread_id: int
    at: datetime
    kind: str  # `incident` or `message`
    event: str | None


@dataclass(frozen=True)
class Reached:
    """Somebody with a login that opens the portal: their record, and they at work in it; whether the same login opens
    other files of this portal."""

    person: Anybody
    account: Account
    user: User
    has_others: bool


def _reached(message: Message) -> Reached | None:
    """Whom a mail is for; None when they cannot sign in (any more)."""
    person = db.session.get(KINDS_OF_PEOPLE[message.subject_type], message.subject_id)
    account = db.session.get(Account, person.account_id) if person and person.account_id else None
    if person is None or account is None or not account.active:
        return None
    key = f"{message.subject_type}:{message.subject_id}"
    files = files_of_account(account.id)
    user = next((file for file in files if file.key == key), None)
    if user is None:
        return None
    same_portal = [file for file in files if portal_of(file.role) is portal_of(user.role)]
    return Reached(person, account, user, len(same_portal) > 1)


def reader(message: Message) -> Recipient | None:
    """To whom it would go now, in the language that this person reads."""
    found = _reached(message)
    if found is None:
        return None
    language = found.account.language or found.person.language or option("agency.language")
    return Recipient(found.person.email or found.account.email, found.person.name, language)


def _marks(message: Message, *, lock: bool = False) -> Sequence[ThreadNotice]:
    """What the reader of a mail is to be told, in order."""
    owed = owed_to(message.subject_type, message.subject_id)
    if message.resends:  # whatever they have not read
        whose = ThreadNotice.person_type == message.subject_type, ThreadNotice.person_id == message.subject_id
        owed = whose[0] & whose[1]
    chosen = select(ThreadNotice).where(owed).order_by(ThreadNotice.thread_id, ThreadNotice.kind)
    return db.session.scalars(chosen.with_for_update() if lock else chosen).all()


def _wanted(message: Message) -> set[str]:
    """The kinds of news that its reader wants in this kind of mail."""
    found = reader_named(message.subject_type, message.subject_id)
    return {kind for kind in KINDS if found and found.pace(kind) == PACES[message.kind]}


def _told_before(mark: ThreadNotice, message: Message) -> int:
    """Up to which message the mails before this one have told."""
    if message.resends:
        return 0
    return mark.told_id if mark.notice_id == message.id else max(mark.told_id, mark.telling_id)


def _news(
    user: User, marks: Sequence[ThreadNotice], message: Message, *, also_read: bool = False, withdrawn: bool = False,
    hidden: bool = False,
) -> list[News]:  # fmt: skip
    """What is new and unread to a person, and no mail has told them, oldest first; or what of it was withdrawn, or
    stands where they do not see it (any more)."""
    written, read = _is_written(user), _is_read(user)
    stands = ThreadMessage.withdrawn_at.is_not(None) if withdrawn else ThreadMessage.withdrawn_at.is_(None)
    after = {(mark.thread_id, mark.kind): _told_before(mark, message) for mark in marks}
    earlier = aliased(ThreadMessage)
    first = ~exists().where(earlier.thread_id == ThreadMessage.thread_id, earlier.id < ThreadMessage.id)
    kind = case(((Thread.topic == INCIDENT) & first, "incident"), else_="message").label("kind")
    messages = select(ThreadMessage) if hidden else visible_messages(user)
    chosen = messages.join(Thread, Thread.id == ThreadMessage.thread_id).where(
        ThreadMessage.thread_id.in_({thread_id for thread_id, _kind in after}),
        ThreadMessage.id > min(after.values(), default=0), ~ThreadMessage.internal,
        stands, ~written, *([] if also_read else [~read]),
    ).with_only_columns(
        ThreadMessage.id, ThreadMessage.thread_id, ThreadMessage.at, kind, ThreadMessage.event)  # fmt: skip
    rows = db.session.execute(chosen.order_by(ThreadMessage.id)).all()
    return [News(*row) for row in rows if row.id > after.get((row.thread_id, row.kind), row.id)]


def _is_written(user: User) -> ColumnElement[bool]:
    """By this person; what one of the agency writes, the agency does."""
    type_, number = person_of(user)
    if is_staff(user):
        return ThreadMessage.author_type == "staff"
    return (ThreadMessage.author_type == type_) & (ThreadMessage.author_id == number)


def _is_read(user: User) -> ColumnElement[bool]:
    """By this person; what one of the agency has read, the agency has read."""
    type_, number = person_of(user)
    read = Reading.thread_id == ThreadMessage.thread_id, Reading.message_id >= ThreadMessage.id
    own = [Reading.person_type == type_] if is_staff(user) else [
        Reading.person_type == type_, Reading.person_id == number
    ]  # fmt: skip
    return exists().where(*read, *own)


def _told(user: User, message: Message) -> list[News]:
    """What a mail that has left told, as far as no later one has gone on from there."""
    marks = db.session.scalars(select(ThreadNotice).where(ThreadNotice.notice_id == message.id)).all()
    ends = {(mark.thread_id, mark.kind): mark.telling_id for mark in marks}
    news = _news(user, marks, message, also_read=True)
    return [one for one in news if one.id <= ends[one.thread_id, one.kind]]


def why_not(message: Message) -> Drop | None:
    """Why it would not leave as things stand."""
    found, wanted = _reached(message), _wanted(message)
    if found is None:
        return Drop("suppressed", "no_login")
    marks = [mark for mark in _marks(message) if mark.kind in wanted]
    return None if _news(found.user, marks, message) else _nothing_left(found.user, message, wanted, marks)


def _nothing_left(user: User, message: Message, wanted: set[str], marks: Sequence[ThreadNotice]) -> Drop:
    """Why nothing is left to tell; asked before that is noted."""
    if not wanted:
        return Drop("suppressed", "notice_off")
    if all(_told_before(mark, message) >= mark.owed_id for mark in marks):
        return Drop("cancelled", "told_already")
    if _news(user, marks, message, withdrawn=True):
        return Drop("cancelled", "withdrawn")
    return Drop("cancelled", "not_visible" if _news(user, marks, message, hidden=True) else "read")


def decide(message: Message) -> Recipient | Drop | Postpone:
    """Asked in the transaction of each attempt. What it is going to tell is noted: no other mail tells it again."""
    found, wanted, marks = _reached(message), _wanted(message), _marks(message, lock=True)
    if message.subject_type == "staff":
        marks = _keep_readable(found, marks)
    promise_anew([mark for mark in marks if mark.kind not in wanted and mark.notice_id == message.id])
    marks = [mark for mark in marks if mark.kind in wanted]
    news = _news(found.user, marks, message) if found else []
    if news and not message.resends and PACES[message.kind] == "now" and news[0].at + WAIT > clock.now():
        return Postpone(news[0].at + WAIT)
    if found is None:
        outcome = Drop("suppressed", "no_login")
    else:
        outcome = (reader(message) if news else None) or _nothing_left(found.user, message, wanted, marks)
    _note_told(message, marks, news)
    db.session.info["news in hand"] = (message.id, news)
    return outcome


def _keep_readable(found: Reached | None, marks: Sequence[ThreadNotice]) -> list[ThreadNotice]:
    """What somebody of the agency may still read; the rest is told to whoever answers for it now."""
    readable: set[int] = set()
    if found:
        named = visible_threads(found.user).where(Thread.id.in_({mark.thread_id for mark in marks}))
        readable = set(db.session.scalars(named.with_only_columns(Thread.id)))
    lost = [mark for mark in marks if mark.thread_id not in readable]
    pass_on(lost)
    for mark in lost:
        mark.told_id = mark.owed_id
    return [mark for mark in marks if mark.thread_id in readable]


def _note_told(message: Message, marks: Sequence[ThreadNotice], news: Sequence[News]) -> None:
    """Note how far this mail tells of each thread. Where there is nothing to tell, all is settled."""
    for mark in marks:
        told = [one.id for one in news if (one.thread_id, one.kind) == (mark.thread_id, mark.kind)]
        if told:
            mark.told_id, mark.notice_id = _told_before(mark, message), message.id
            mark.owed_id = mark.telling_id = max(mark.owed_id, told[-1])  # the last may be read, or withdrawn
        else:
            mark.told_id = mark.owed_id


def _previewed(user: User, message: Message) -> list[News]:
    """What a mail tells as staff look at it: what it has told, or would tell now."""
    if message.state not in OPEN:
        return _told(user, message)
    wanted = _wanted(message)
    return _news(user, [mark for mark in _marks(message) if mark.kind in wanted], message)


def context(message: Message, token: Callable[[str, str], str]) -> dict:  # noqa: ARG001 - it needs a sign-in
    found, (told, news) = _reached(message), db.session.info.get("news in hand", (0, []))
    if message.state != "sending" or told != message.id:
        news = _previewed(found.user, message) if found else []
    threads = {one.thread_id for one in news}
    portal = portal_of(found.user.role).name if found else "client"
    file = found.user if found and found.has_others else None
    one_thread = next(iter(threads)) if len(threads) == 1 else None
    return {
        "name": found.person.name if found else "",
        "incidents": sum(one.kind == "incident" for one in news),
        "messages": sum(one.kind == "message" and not one.event for one in news),
        "threads": len({one.thread_id for one in news if not one.event}),
        "file": file.file_label if file else None,
        "of_agency": portal == "staff",
        "url": external_url(f"{portal}.show_thread", thread_id=one_thread) if one_thread
        else external_url(f"{portal}.list_threads", **({"file": file.key} if file else {})),
        "account_url": external_url(f"{portal}.me"),
    }  # fmt: skip


NOTICE = MessageKind(
    BY_PACE["now"], _l("News of conversations"), "thread_notice", reader, decide, context, why_not=why_not
)
DIGEST = MessageKind(
    BY_PACE["daily"], _l("Daily summary of conversations"), "thread_notice", reader, decide, context, why_not=why_not
)
