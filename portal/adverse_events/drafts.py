"""A report that is written step by step. What was typed is kept at each step, right or wrong: nothing is lost when
somebody leaves, and nobody but its author sees it. None of it is a deed: it has no entry in the journal."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.models import EventDraft
from portal.adverse_events.report import closed_record
from portal.errors import Refused
from portal.extensions import db
from portal.incidents.queries import incident_of
from portal.links import new_public_id
from portal.people.models import Client
from portal.people.queries import visible_clients
from portal.threads.actions import person_of
from portal.visits.queries import visit_of

STEPS = ("who", "when", "people", "kind", "facts", "effects", "measures", "check")

Typed = Mapping[str, Sequence[str]]  # what a form sent, by field


class Late(Refused):
    """The step was changed in another window since it was opened in this one."""

    def __init__(self) -> None:
        super().__init__(_l("This step was changed in another window meanwhile. What you typed here is below and not "
                            "saved yet: look at what stands now, then save again."), "stale")  # fmt: skip


def begin_draft(
    actor: User, client_id: int | None = None, visit_id: int | None = None, incident_id: int | None = None
) -> EventDraft:
    """Begin a report, of a client, a visit or an incident if one is given. Begun twice with nothing typed, it is one.

    Raises:
        Refused: the record of the client is closed.
        LookupError: this person may not see what it is to be about.
    """
    if incident_id is not None:
        incident = incident_of(actor, incident_id) or _missing("incident")
        visit_id = incident.visit_id
    if visit_id is not None:
        client_id = (visit_of(actor, visit_id) or _missing("visit")).client_id
    if client_id is not None:
        seen = visible_clients(actor).where(Client.id == client_id)
        client = db.session.scalar(seen) or _missing("client")
        if not client.active:
            raise closed_record(client)
    about = {"client_id": client_id, "visit_id": visit_id, "incident_id": incident_id}
    begun = [one for one in drafts_of(actor) if not one.typed and all(getattr(one, k) == v for k, v in about.items())]
    if begun:
        return begun[0]
    type_, number = person_of(actor)
    draft = EventDraft(token=new_public_id(), person_type=type_, person_id=number, step=STEPS[0], typed={}, **about)
    db.session.add(draft)
    db.session.flush()
    return draft


def _missing(what: str) -> Any:
    raise LookupError(what)


def drafts_of(user: User) -> Sequence[EventDraft]:
    """What this person has not sent yet, the last one first."""
    return db.session.scalars(_own(user).order_by(EventDraft.saved_at.desc(), EventDraft.id.desc())).all()


def draft_of(user: User, token: str) -> EventDraft | None:
    return db.session.scalar(_own(user).where(EventDraft.token == token))


def _own(user: User):
    type_, number = person_of(user)
    return select(EventDraft).where(EventDraft.person_type == type_, EventDraft.person_id == number)


def values_of(draft: EventDraft, step: str) -> Typed | None:
    """What was typed in a step; None before anything was."""
    kept = draft.typed.get(step)
    return kept["values"] if kept else None


def version_of(draft: EventDraft, step: str) -> int:
    return draft.typed.get(step, {}).get("version", 0)


def refusal_of(draft: EventDraft, step: str) -> str | None:
    """Why the files that were last attached to a step were not taken."""
    return draft.typed.get(step, {}).get("refused")


def was_left(draft: EventDraft, step: str, window: str) -> bool:
    """Whether a page was sent and left: what it still keeps by itself on its way out is older than what was sent."""
    return draft.typed.get(step, {}).get("left") == window


def keep_step(
    draft: EventDraft, step: str, typed: Typed, seen: int, window: str, refused: str | None = None, *,
    leaves: bool = False,
) -> None:  # fmt: skip
    """Keep what was typed in a step, right or wrong.

    Args:
        seen: its version as the page showed it.
        window: names the page; what a page has kept by itself since is no reason to stop it.
        refused: why files that came along are not kept.
        leaves: whether the page was sent, and is left.

    Raises:
        Late: another page has changed it since.
    """
    kept = draft.typed.get(step, {})
    if kept and kept["version"] != seen and kept["by"] != window and kept["values"] != typed:
        raise Late
    number = kept.get("version", 0) + 1
    new = {"values": {name: list(values) for name, values in typed.items()}, "version": number, "by": window}
    more = {name: said for name, said in (("refused", refused), ("left", window if leaves else None)) if said}
    draft.typed = {**draft.typed, step: new | more}
    draft.step, draft.saved_at, draft.version = step, clock.now(), draft.version + 1
    db.session.flush()


def drop_draft(draft: EventDraft, *, sent: bool = False) -> None:
    """Forget a draft, with its files unless it was sent with them."""
    files = list(draft.files)
    draft.files.clear()
    db.session.delete(draft)
    db.session.flush()
    for file in [] if sent else files:
        db.session.delete(file)
    db.session.flush()
