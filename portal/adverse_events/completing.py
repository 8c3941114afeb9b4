"""Completing and correcting what is known of an event: a short report from a portal is completed here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from portal.accounts.models import User
from portal.adverse_events.alerts import alert_severe
from portal.adverse_events.following import refuse_late
from portal.adverse_events.former import keep_former
from portal.adverse_events.models import ENDED, LONGEST_TEXT, AdverseEvent
from portal.adverse_events.moments import refuse_times
from portal.adverse_events.queries import is_assigned, may_open
from portal.adverse_events.words import OTHER_CATEGORY
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.organisation.models import ListEntry, ListName
from portal.people.models import Staff

# what the journal keeps of; of the rest it says that it was changed, and where what it said is kept
KEPT = ("worker_id", "supervisor_id", "place", "nature", "consequences", "measures")


@dataclass(frozen=True)
class Known:
    """What is known of an event. What stands for a choice is a word of `models`, moments are aware."""

    discovered_at: datetime
    occurred_at: datetime | None
    occurred_until: datetime | None
    place: str
    place_note: str
    nature: str
    other_category: str
    worker_id: int | None
    supervisor_id: int | None
    facts: str
    witnesses: str
    consequences: Sequence[str]
    measures: Sequence[str]
    measures_note: str


def complete(actor: User, event: AdverseEvent, known: Known, categories: Sequence[int], version: int) -> bool:
    """Write what is known of an event, and keep what it said before. A short report is a whole one from then on. Return
    whether anything is not as it was.

    Args:
        known: if another worker is concerned, it is hidden from the former one, whose word goes to the witnesses. What
            the former supervisor had in hand goes to the new one.
        categories: numbers of entries of the agency's list, one at least.
        version: of the event, as the form showed it.

    Raises:
        Refused: it has another version by now, has ended, or something is missing or cannot be; the code is the field.
    """
    refuse_late(event, version)
    if event.state in ENDED:
        raise Refused(_l("This event has ended: what is known of it stays as it is."), "state")
    refuse_times(known.discovered_at, known.occurred_at, known.occurred_until)
    _refuse_people(event, known)
    entries = _entries(event, categories, known.other_category)
    touched = {name: value for name, value in vars(known).items() if not _is_same(value, getattr(event, name))}
    had, chosen = ([one.id for one in some] for some in (event.categories, entries))
    if not touched and had == chosen and not event.short:
        return False
    if "worker_id" in touched:
        _hide_from_worker(actor, event, touched)
    was: dict[str, Any] = {name: getattr(event, name) for name in touched}
    kept = keep_former(actor, event.id, "facts", was | {"categories": had}, touched | {"categories": chosen})
    before = {name: was[name] for name in was if name in KEPT} | ({"short": True} if event.short else {})
    for name, value in touched.items():
        setattr(event, name, value)
    event.categories, event.day, event.short = list(entries), known.occurred_at or known.discovered_at, False
    if "worker_id" in touched and event.note:
        event.note.worker_id = known.worker_id  # it shows in that worker's record from now on
    if "supervisor_id" in touched:
        _hand_over(event, was["supervisor_id"])
    db.session.flush()
    after = {name: getattr(event, name) for name in before} | kept
    record("event.changed", actor, ("adverse_event", event.id), before=before, after=after)
    alert_severe(event)
    return True


def _is_same(value: object, stands: object) -> bool:
    """Of several that are ticked the order says nothing."""
    return set(value) == set(stands) if isinstance(value, list) and isinstance(stands, list) else value == stands


def _hand_over(event: AdverseEvent, former: int | None) -> None:
    """The note that follows it goes from the former supervisor to the new one, if they may read it."""
    new = db.session.get(Staff, event.supervisor_id) if event.supervisor_id else None
    if event.note and event.note.owner_id in (None, former) and new and may_open(new, event):
        event.note.owner_id = new.id


def _hide_from_worker(actor: User, event: AdverseEvent, touched: dict[str, Any]) -> None:
    """What was opened to one worker is not open to another, nor is the word of the former one, which goes to the
    witnesses."""
    if event.worker and event.worker_word:
        word, said = f"{event.worker.name}: {event.worker_word}", touched.get("witnesses", event.witnesses)
        touched["witnesses"] = f"{said}\n\n{word}" if said else word
        if len(touched["witnesses"]) > LONGEST_TEXT:
            raise Refused(_l("The word of the former worker goes to the witnesses, and is too long for it with what "
                             "stands there."), "witnesses")  # fmt: skip
    event.worker_word = event.worker_word_at = None
    if event.opened_at:
        event.opened_at = None
        record("event.opened", actor, ("adverse_event", event.id), after={"opened": False})


def _refuse_people(event: AdverseEvent, known: Known) -> None:
    if not known.facts:
        raise Refused(_l("Please describe what happened."), "facts")
    if "none" in known.consequences and len(known.consequences) > 1:
        raise Refused(_l("Either there were no consequences, or those that you chose."), "consequences")
    worker, client = known.worker_id, event.client_id
    if worker and worker != event.worker_id and not (client and is_assigned(worker, client)):
        raise Refused(_l("This worker is not among those sent to this client. Please choose one of them, or “No worker "
                         "concerned”."), "worker_id")  # fmt: skip
    supervisor = db.session.get(Staff, known.supervisor_id) if known.supervisor_id else None
    if known.supervisor_id != event.supervisor_id and known.supervisor_id and not (supervisor and supervisor.active):
        raise Refused(_l("Please choose somebody of the staff who is at work."), "supervisor_id")


def _entries(event: AdverseEvent, numbers: Sequence[int], words: str) -> Sequence[ListEntry]:
    had = {one.id for one in event.categories}
    offered = ListEntry.list == ListName.EVENT, or_(ListEntry.active, ListEntry.id.in_(had))
    chosen = select(ListEntry).where(*offered, ListEntry.id.in_(numbers)).order_by(ListEntry.position)
    found = db.session.scalars(chosen).all()
    if not found or len(found) != len(set(numbers)):
        raise Refused(_l("Please choose at least one of the categories offered."), "categories")
    if any(one.code == OTHER_CATEGORY for one in found) and not words:
        raise Refused(_("Please say in a few words what it is about."), "other_category")
    return found
