"""Writing the journal."""

import logging
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Protocol, cast

from flask import Response, after_this_request, request
from sqlalchemy import Engine, Insert, insert
from sqlalchemy.exc import OperationalError
from werkzeug.wsgi import ClosingIterator

from portal import clock
from portal.audit.models import KINDS, AuditEntry, ReadEntry
from portal.extensions import db, writing

log = logging.getLogger(__name__)

_ENTRY = insert(AuditEntry.__table__)  # past the mapper: nobody needs the row as an object
_READING = insert(ReadEntry.__table__)
_READ = (200, 206, 304)  # whole, in part, or from the copy that the browser has
_SHOWN_AGAIN = (409, 422)  # the form that was sent, with what is wrong with it; a deed that succeeds shows nothing


class Actor(Protocol):
    """Who does a deed; None stands for the portal itself (a job, the command line)."""

    @property
    def account_id(self) -> int | None: ...
    @property
    def role(self) -> str: ...
    @property
    def key(self) -> str | None: ...  # the file in which they do it (`client:17`), where it is known


def record(
    kind: str, actor: Actor | None, subject: tuple[str, int], *, before: dict | None = None, after: dict | None = None
) -> None:
    """Add one entry to the present transaction.

    Args:
        kind: a key of `KINDS`.
        actor: the person, or None for the portal itself.
        subject: type and id of the record (`("visit", 17)`).
        before, after: what changed, without free text.

    Raises:
        KeyError: the kind is not in the registry.
    """
    record_all(kind, actor, [(subject, before, after)])


def record_all(
    kind: str, actor: Actor | None, deeds: Sequence[tuple[tuple[str, int], dict | None, dict | None]]
) -> None:
    """Add one entry for each deed of one kind, in one statement (imports make thousands)."""
    if deeds:
        db.session.execute(_ENTRY, _rows(kind, actor, deeds))


def record_refusal(kind: str, actor: Actor, subject: tuple[str, int], after: dict) -> None:
    """Add one entry about a request that is refused: its transaction is rolled back, so the entry is written in one of
    its own, once the answer has left."""
    rows, engine = _rows(kind, actor, [(subject, None, after)]), db.engine

    @after_this_request
    def attach(response: Response) -> Response:
        response.call_on_close(partial(_write, engine, rows))
        return response


def note_reading(actor: Actor, subject: tuple[str, int], part: str) -> None:
    """Write down that somebody reads a sensitive record, in a transaction of its own once the answer has left: a page
    that is only read ends with a rollback. A form that is shown again is a reading, too.

    Args:
        actor: the person.
        subject: type and id of the record (`("adverse_event", 17)`).
        part: what of it is read, as `ReadEntry.part` lists.
    """
    type_, _colon, number = (actor.key or "").partition(":")
    row = {"at": clock.now(), "account_id": actor.account_id, "role": str(actor.role), "person_type": type_ or None,
           "person_id": int(number) if number else None, "subject_type": subject[0], "subject_id": subject[1],
           "part": part}  # fmt: skip
    engine, shown = db.engine, _SHOWN_AGAIN if request.method == "POST" else _READ

    @after_this_request
    def attach(response: Response) -> Response:
        if response.status_code in shown:
            _when_it_has_left(response, partial(_write, engine, [row], _READING))
        return response


def _when_it_has_left(response: Response, deed: Callable[[], None]) -> None:
    """Do something once an answer has left. Where a file is handed through, nobody closes the answer itself."""
    if response.direct_passthrough:
        response.response = ClosingIterator(cast("Iterable[bytes]", response.response), [deed])
    else:
        response.call_on_close(deed)


def _write(engine: Engine, rows: list[dict], statement: Insert = _ENTRY) -> None:
    try:
        with writing(), engine.begin() as connection:
            connection.execute(statement, rows)
    except OperationalError:  # nobody is there any more to be told
        log.exception("an entry of the journal could not be written")


def _rows(
    kind: str, actor: Actor | None, deeds: Sequence[tuple[tuple[str, int], dict | None, dict | None]]
) -> list[dict]:
    _ = KINDS[kind]
    type_, _colon, number = ((actor.key if actor else None) or "").partition(":")
    who = {"account_id": actor.account_id if actor else None, "role": str(actor.role) if actor else None,
           "person_type": type_ or None, "person_id": int(number) if number else None}  # fmt: skip
    moment = clock.now()
    return [
        {"at": moment, "kind": kind, **who, "subject_type": subject[0], "subject_id": subject[1],
         "before": before, "after": after}
        for subject, before, after in deeds
    ]  # fmt: skip
