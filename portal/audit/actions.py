"""Writing the journal."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import insert

from portal import clock
from portal.audit.models import KINDS, AuditEntry
from portal.extensions import db


class Actor(Protocol):
    """Who does a deed; None stands for the portal itself (a job, the command line)."""

    @property
    def account_id(self) -> int | None: ...
    @property
    def role(self) -> str: ...


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
    if not deeds:
        return
    _ = KINDS[kind]
    who = {"account_id": actor.account_id if actor else None, "role": str(actor.role) if actor else None}
    moment = clock.now()
    rows = [
        {"at": moment, "kind": kind, **who, "subject_type": subject[0], "subject_id": subject[1],
         "before": before, "after": after}
        for subject, before, after in deeds
    ]  # fmt: skip
    db.session.execute(insert(AuditEntry), rows)
