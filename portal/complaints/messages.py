"""The mails to who complains: it has arrived, the answer takes longer, there is an answer. They say nothing of what it
is about; it is read on the portal, by who has access to it. To others the agency writes or speaks."""

from collections.abc import Callable

from flask_babel import lazy_gettext as _l

from portal import clock
from portal.accounts.models import Account
from portal.complaints.models import Complaint, Direction
from portal.extensions import db
from portal.i18n import reading_language
from portal.links import external_url
from portal.outbox.actions import Order, schedule
from portal.outbox.models import Drop, Message, MessageKind, Recipient
from portal.people.models import Client, Relative, Worker
from portal.settings.queries import option


def tell_complainant(complaint: Complaint, what: str, number: int = 1) -> None:
    """Promise who complains a mail, in the transaction of what it tells of.

    Args:
        what: `acknowledged`, `waiting` or `answered`.
        number: of times that this has been done: each is told once.
    """
    key = f"complaints.{what}:{complaint.id}:{number}"
    schedule([Order(f"complaints.{what}", ("complaint", complaint.id), key, clock.now())])


def complainant_of(complaint: Complaint) -> Client | Relative | Worker | None:
    """Who complains and can read the answer on a portal: the relative who filed it, else the client or the worker."""
    if complaint.direction == Direction.PARTNER_AGENCY:
        return None
    if complaint.filed_type == "relative":
        relative = db.session.get(Relative, complaint.filed_id)
        if relative and relative.sees_threads and _reads(relative):
            return relative
    person = complaint.worker if complaint.direction == Direction.WORKER_CLIENT else complaint.client
    return person if person and _reads(person) else None


def _reads(person: Client | Relative | Worker) -> bool:
    account = db.session.get(Account, person.account_id) if person.account_id and person.active else None
    return account is not None and account.active


def reader(message: Message) -> Recipient | None:
    """To whom it would go now, in the language that this person reads."""
    person = complainant_of(db.session.get_one(Complaint, message.subject_id))
    account = db.session.get(Account, person.account_id) if person else None
    if person is None or account is None:
        return None
    return Recipient(person.email or account.email, person.name, reading_language(account.language, person.language))


def why_not(_message: Message) -> Drop | None:
    on = option("complaints.enabled") and option("complaints.portal")
    return None if on else Drop("suppressed", "module_off")


def decide(message: Message) -> Recipient | Drop:
    """To whom it goes, or why not: what it tells of stays where it is."""
    return why_not(message) or reader(message) or Drop("suppressed", "no_login")


def context(message: Message, token: Callable[[str, str], str]) -> dict:  # noqa: ARG001 - it needs a sign-in
    complaint = db.session.get_one(Complaint, message.subject_id)
    person = complainant_of(complaint)
    portal = "worker" if complaint.direction == Direction.WORKER_CLIENT else "client"
    return {
        "kind": message.kind.partition(".")[2],
        "name": person.name if person else "",
        "received_at": complaint.received_at,
        "day": complaint.answer_by,
        "url": external_url(f"{portal}.show_complaint", complaint_id=complaint.id),
    }


def _kind(name: str, label: object) -> MessageKind:
    return MessageKind(name, label, "complaint_news", reader, decide, context, why_not=why_not,
                       governed_by=("complaints.enabled",))  # fmt: skip


NEWS = (
    _kind("complaints.acknowledged", _l("Complaint: receipt acknowledged")),
    _kind("complaints.waiting", _l("Complaint: the answer takes longer")),
    _kind("complaints.answered", _l("Complaint: there is an answer")),
)
