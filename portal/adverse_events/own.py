"""What clients and workers read of adverse events on their portals: their own reports and what became of them, the
answer to an anonymous one by its code, and what staff open to the worker concerned. Never who reported it, never what
staff write among themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, false, func, select, update
from sqlalchemy.orm import joinedload

from portal import clock
from portal.accounts.models import User
from portal.accounts.throttles import brake, count_hit
from portal.adverse_events.former import keep_former
from portal.adverse_events.models import ENDED, AdverseEvent, State
from portal.adverse_events.queries import own_reports
from portal.adverse_events.reporting import hash_of_code
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, rows_changed
from portal.settings.queries import option

SHOWN = 100  # reports
WRONG_CODES, WRONG_MINUTES = 10, 60

# where an event stands, for who reported it: domain.md §1.8 in plain words
PLAIN_STATES = {
    State.REPORTED: _l("Your report has arrived. The agency has not confirmed its receipt yet."),
    State.ACKNOWLEDGED: _l("The agency has read your report."),
    State.CLOSED: _l("The agency has finished with it."),
    State.REJECTED: _l("The agency does not follow it up as an adverse event."),
    State.REQUALIFIED: _l("The agency follows it up in another way."),
}
UNDER_WAY = _l("The agency is working on it.")


@dataclass(frozen=True)
class Answer:
    """What somebody who reported an event reads of it later. What it says was theirs to know: staff complete the facts,
    so these are not among it."""

    reference: str
    day: datetime
    client: str | None
    state: str
    told_text: str | None
    told_at: datetime | None


def answer_to(event: AdverseEvent) -> Answer:
    """Where an event stands in plain words, and the agency's answer."""
    state, client = PLAIN_STATES.get(State(event.state), UNDER_WAY), event.client
    return Answer(event.reference, event.day, client.name if client else None, str(state), event.told_text,
                  event.told_at)  # fmt: skip


def list_own(user: User) -> list[Answer]:
    """What this person reported with their name or in confidence, newest first."""
    newest = AdverseEvent.declared_at.desc(), AdverseEvent.id.desc()
    chosen = own_reports(user).options(joinedload(AdverseEvent.client)).order_by(*newest).limit(SHOWN)
    return [answer_to(event) for event in db.session.scalars(chosen)]


def event_of_code(user: User, code: str, place: str) -> AdverseEvent:
    """The event that a code opens. A wrong code is counted, whatever becomes of the request.

    Raises:
        Refused: no event has it, whatever it is like; or too many were tried with this login or from this place.
    """
    buckets = (f"event-code:{user.account_id}", f"event-code:{place}")
    for bucket in buckets:
        brake(bucket, WRONG_CODES, WRONG_MINUTES)
    event = db.session.scalar(select(AdverseEvent).where(AdverseEvent.code_hash == hash_of_code(code)))
    if event is None:
        for bucket in buckets:
            count_hit(bucket, WRONG_MINUTES)
        db.session.commit()
        raise Refused(_l("This code opens no report. Please look at it again."), "code")
    return event


# ---- what staff open to the worker concerned ----


def opened_events(user: User) -> Select[AdverseEvent]:
    """Events in which this worker is concerned and which staff have opened to them."""
    if user.worker_id is None:
        return select(AdverseEvent).where(false())
    return select(AdverseEvent).where(AdverseEvent.worker_id == user.worker_id, AdverseEvent.opened_at.is_not(None))


def badge(user: User) -> Select[int] | None:
    """How many events are open to this worker that are still followed up: the figure in the menu."""
    if not option("adverse_events.enabled"):
        return None
    waiting = opened_events(user).where(AdverseEvent.state.not_in(ENDED))
    return waiting.with_only_columns(func.count(AdverseEvent.id))


def list_opened(user: User) -> Sequence[AdverseEvent]:
    newest = opened_events(user).options(joinedload(AdverseEvent.client)).order_by(AdverseEvent.opened_at.desc())
    return db.session.scalars(newest.limit(SHOWN)).all()


def opened_event(user: User, event_id: int) -> AdverseEvent | None:
    return db.session.scalar(opened_events(user).where(AdverseEvent.id == event_id))


def takes_word(event: AdverseEvent) -> bool:
    """Whether the worker concerned can still say something of it, or change that."""
    return event.state not in ENDED


def give_word(actor: User, event: AdverseEvent, word: str) -> None:
    """Keep what the worker concerned says themselves; until the event is closed they may change it.

    Raises:
        Refused: it is closed, or is not open to them any more.
    """
    open_ones = AdverseEvent.id == event.id, AdverseEvent.state.not_in(ENDED), AdverseEvent.opened_at.is_not(None)
    if (was := event.worker_word) == word:
        return
    said = {"worker_word": word, "worker_word_at": clock.now(), "version": AdverseEvent.version + 1}
    if not rows_changed(update(AdverseEvent).where(*open_ones).values(said)):
        raise Refused(_l("This event is closed meanwhile: nothing can be added to it."), "word")
    db.session.expire(event)
    kept = keep_former(actor, event.id, "word", {"word": was}, {"word": word}) if was else None
    record("event.commented", actor, ("adverse_event", event.id), after=kept)
