"""The mail that tells the worker concerned that staff have opened an event to them: they can read the facts and give
their word. It says nothing of what it is about."""

from collections.abc import Callable

from flask_babel import lazy_gettext as _l

from portal import clock
from portal.accounts.models import Account
from portal.adverse_events.alerts import SUBJECT
from portal.adverse_events.models import AdverseEvent
from portal.extensions import db
from portal.i18n import reading_language
from portal.links import external_url
from portal.outbox.actions import Order, schedule
from portal.outbox.models import Drop, Message, MessageKind, Recipient
from portal.settings.queries import option

KIND = "adverse_events.opened"


def tell_worker(event: AdverseEvent) -> None:
    """Promise the mail, in the transaction that opens the event, flushed. Opened again later, it is told again."""
    schedule([Order(KIND, (SUBJECT, event.id), f"{KIND}:{event.id}:{event.version}", clock.now())])


def reader(message: Message) -> Recipient | None:
    """The worker, if they can sign in, in the language that they read."""
    worker = db.session.get_one(AdverseEvent, message.subject_id).worker
    account = db.session.get(Account, worker.account_id) if worker and worker.active and worker.account_id else None
    if worker is None or account is None or not account.active:
        return None
    return Recipient(worker.email or account.email, worker.name, reading_language(account.language, worker.language))


def why_not(message: Message) -> Drop | None:
    """Why it would not leave as things stand."""
    if not option("adverse_events.enabled"):
        return Drop("suppressed", "module_off")
    opened = db.session.get_one(AdverseEvent, message.subject_id).opened_at
    return None if opened else Drop("cancelled", "event_hidden")


def decide(message: Message) -> Recipient | Drop:
    """To whom it goes, or why not."""
    return why_not(message) or reader(message) or Drop("suppressed", "no_login")


def context(message: Message, token: Callable[[str, str], str]) -> dict:  # noqa: ARG001 - it needs a sign-in
    worker = db.session.get_one(AdverseEvent, message.subject_id).worker
    url = external_url("worker.show_opened_event", event_id=message.subject_id)
    return {"name": worker.name if worker else "", "url": url}


OPENED = MessageKind(KIND, _l("Adverse event opened to the worker"), "event_opened", reader, decide, context,
                     why_not=why_not, governed_by=("adverse_events.enabled",))  # fmt: skip
