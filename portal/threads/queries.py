"""Reading threads, each from what the person may see."""

from sqlalchemy import Select, exists, false, or_, select
from sqlalchemy.orm import selectinload

from portal.accounts.models import User
from portal.extensions import db
from portal.files.models import Attachment
from portal.people.models import Worker
from portal.people.queries import sectors_below, visible_workers
from portal.roles import Role
from portal.settings.queries import option
from portal.threads.models import MessageFile, Participant, Thread, ThreadMessage
from portal.threads.words import INCIDENT

STAFF = (Role.COORDINATOR, Role.QUALITY, Role.ADMIN)


def is_staff(user: User) -> bool:
    """Whether somebody writes and reads for the agency."""
    return user.role in STAFF


def visible_threads(user: User) -> Select[Thread]:
    """Threads that this person may read: published ones in which they take part; for staff, those of their sectors,
    and of threads without a client those of their workers."""
    match user.role:
        case Role.CLIENT | Role.RELATIVE:
            if not user.sees_threads:
                return select(Thread).where(false())
            mine = select(Participant.thread_id).where(Participant.client_id == user.client_id)
            return select(Thread).where(Thread.published, Thread.id.in_(mine))
        case Role.WORKER:
            mine = select(Participant.thread_id).where(Participant.worker_id == user.worker_id)
            return select(Thread).where(Thread.published, Thread.id.in_(mine))
        case Role.COORDINATOR:
            workers = visible_workers(user).with_only_columns(Worker.id)
            takes_part = exists().where(Participant.thread_id == Thread.id, Participant.worker_id.in_(workers))
            of_sector = Thread.sector_id.in_(sectors_below(user.staff_id))
            return select(Thread).where(or_(of_sector, Thread.sector_id.is_(None) & takes_part))
        case Role.QUALITY | Role.ADMIN:
            return select(Thread)
        case _:
            return select(Thread).where(false())


def visible_messages(user: User) -> Select[ThreadMessage]:
    """Messages that this person may read. Internal ones are the staff's alone."""
    threads = visible_threads(user).with_only_columns(Thread.id)
    chosen = select(ThreadMessage).where(ThreadMessage.thread_id.in_(threads))
    return chosen if is_staff(user) else chosen.where(~ThreadMessage.internal)


def visible_attachments(user: User) -> Select[Attachment]:
    """Attachments of those messages. What was attached to a message that is withdrawn is nobody's to open."""
    messages = visible_messages(user).where(ThreadMessage.withdrawn_at.is_(None)).with_only_columns(ThreadMessage.id)
    return select(Attachment).join(MessageFile).where(MessageFile.message_id.in_(messages))


def thread_of(user: User, thread_id: int) -> Thread | None:
    """Return a thread that this person may read, with who takes part in it."""
    people = selectinload(Thread.participants)
    chosen = visible_threads(user).where(Thread.id == thread_id)
    return db.session.scalar(
        chosen.options(people.joinedload(Participant.client), people.joinedload(Participant.worker))
    )


def message_of(user: User, thread_id: int, message_id: int) -> ThreadMessage | None:
    """Return a message of this thread that the person may read."""
    named = ThreadMessage.id == message_id, ThreadMessage.thread_id == thread_id
    return db.session.scalar(visible_messages(user).where(*named))


def attachment_of(user: User, thread_id: int, public_id: str) -> Attachment | None:
    """Return an attachment of this thread that the person may open."""
    here = ThreadMessage.id == MessageFile.message_id, ThreadMessage.thread_id == thread_id
    chosen = visible_attachments(user).join(ThreadMessage, here[0]).where(here[1], Attachment.public_id == public_id)
    return db.session.scalar(chosen)


def writes_to_others(user: User) -> bool:
    """Whether the agency lets clients write to their workers, or workers to their clients."""
    return option("threads.workers_to_clients" if user.worker_id else "threads.clients_to_workers")


def is_closed_to(user: User, thread: Thread) -> bool:
    """Whether somebody can read a thread and not write in it: a client and a worker began it by themselves, and the
    agency does not let this one write to the other (any more). What staff began, and incidents, everybody goes on with.
    """
    if is_staff(user) or thread.topic == INCIDENT or thread.opened_type == "staff" or writes_to_others(user):
        return False
    others = Participant.client_id if user.worker_id else Participant.worker_id
    return db.session.scalar(select(exists().where(Participant.thread_id == thread.id, others.is_not(None)))) or False
