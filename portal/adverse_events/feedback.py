"""Who is told what became of an event: who reported it, the client and the relatives, the councils. And the worker."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.following import refuse_late
from portal.adverse_events.former import keep_former
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.worker_mails import tell_worker
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db

IMPOSSIBLE = "impossible"  # there is nobody who could be told


class Told(StrEnum):
    """Who is told."""

    REPORTER = "reporter"
    CLIENT = "client"
    COUNCIL = "council"


HOW_LABELS = {
    "portal": lazy_pgettext("told", "On the portal"),
    "phone": lazy_pgettext("told", "By phone"),
    "mail": lazy_pgettext("told", "By mail"),
    "letter": lazy_pgettext("told", "By letter"),
    "meeting": lazy_pgettext("told", "In person"),
    IMPOSSIBLE: lazy_pgettext("told", "It is not possible"),
}


@dataclass(frozen=True)
class Word:
    """What somebody was told.

    Attributes:
        at: when; not needed where it is not possible.
        how: a key of `HOW_LABELS`; the councils are told without.
        text: what who reported it reads on the portal, or with the code.
    """

    at: datetime | None
    how: str = ""
    text: str = ""


def is_reporter_told(event: AdverseEvent) -> bool:
    """Whether who reported it was told, or cannot be."""
    return event.told_how is not None


def note_told(actor: User, event: AdverseEvent, whom: Told, word: Word, version: int) -> None:
    """Write down that somebody was told what became of the event. Writing it once more corrects it.

    Args:
        version: of the event, as the form showed it.

    Raises:
        Refused: it has another version by now, the moment is missing, still to come or before the event was reported,
            or the reporter is told on the portal and there is no text.
    """
    refuse_late(event, version)
    at = None if word.how == IMPOSSIBLE else word.at
    if at is None and word.how != IMPOSSIBLE:
        raise Refused(_l("Please say when."), "day")
    if at and at > clock.now():
        raise Refused(_l("This moment is still to come."), "day")
    if at and at < event.day:
        raise Refused(_l("The event had not happened yet at this moment."), "day")
    if whom == Told.REPORTER and word.how == "portal" and not word.text:
        raise Refused(_l("Please write what is to be read on the portal."), "text")
    was = _told(event, whom)
    match whom:
        case Told.REPORTER:
            event.told_at, event.told_how, event.told_text = at, word.how, word.text or None
        case Told.CLIENT:
            event.client_told_at, event.client_told_how = at, word.how
        case Told.COUNCIL:
            event.council_told_at = at
    db.session.flush()
    kept = keep_former(actor, event.id, whom.value, was, _told(event, whom)) if any(was.values()) else {}
    told = {"whom": whom.value, **({"how": word.how} if word.how else {}), **({"at": at.isoformat()} if at else {})}
    record("event.told", actor, ("adverse_event", event.id), after=told | kept)


def _told(event: AdverseEvent, whom: Told) -> dict[str, object]:
    """What is written down of who was told."""
    match whom:
        case Told.REPORTER:
            return {"told_at": event.told_at, "told_how": event.told_how, "told_text": event.told_text}
        case Told.CLIENT:
            return {"told_at": event.client_told_at, "told_how": event.client_told_how}
        case Told.COUNCIL:
            return {"told_at": event.council_told_at}


def open_to_worker(actor: User, event: AdverseEvent, version: int, *, opened: bool) -> None:
    """Let the worker concerned read the facts and give their word, told by a mail; or hide it from them again; the word
    stays.

    Raises:
        Refused: the event has another version by now, or concerns no worker.
    """
    refuse_late(event, version)
    if event.worker_id is None:
        raise Refused(_l("No worker is concerned by this event."), "worker")
    if opened == (event.opened_at is not None):
        return
    event.opened_at = clock.now() if opened else None
    db.session.flush()
    if opened:
        tell_worker(event)
    record("event.opened", actor, ("adverse_event", event.id), after={"opened": opened})
