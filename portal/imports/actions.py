"""Bringing a file in, having it written, putting it aside."""

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.imports.models import Import, ImportLine, Step
from portal.imports.queries import importer_of
from portal.imports.reading import clean
from portal.work.actions import start


def keep_file(user: User | None, kind: str, filename: str, content: bytes, choices: dict[str, bool]) -> Import:
    """Keep a file that somebody brought in; nothing is read yet.

    Args:
        user: who brings it; None for the command line, which may do everything.
        kind: what it holds (`visits`, `clients`, `workers`).
        filename: shown to the person, never used as a path.
        content: the bytes as they came.
        choices: what was ticked beside it; only the importer's own choices are kept.
    """
    known = {choice.name for choice in (importer_of(kind).before, importer_of(kind).after) if choice}
    imported = Import(
        kind=kind,
        filename=clean(filename)[-200:] or kind,
        content=content,
        account_id=user.account_id if user else None,
        user_key=user.key if user else None,
        choices={name: True for name, ticked in choices.items() if ticked and name in known},
    )
    db.session.add(imported)
    db.session.flush()
    record("import.uploaded", user, ("import", imported.id), after={"kind": kind, "bytes": len(content)})
    return imported


def bring_in(user: User, kind: str, filename: str, content: bytes, choices: dict[str, bool]) -> Import:
    """Keep a file and have its preview made."""
    imported = keep_file(user, kind, filename, content, choices)
    imported.work_id = start(user, "imports.plan", imported.id).id
    return imported


def let_write(imported: Import, choices: dict[str, bool]) -> None:
    """Take the decision to write what the preview shows; nothing is written yet.

    Raises:
        Refused: it is being written or was, or another file of the same kind is being written.
    """
    if imported.state != Step.READY:
        raise Refused(_l("This file has been written or put aside in the meantime."), "state")
    after = importer_of(imported.kind).after
    if after and choices.get(after.name):
        imported.choices = imported.choices | {after.name: True}
    try:
        with db.session.begin_nested():
            imported.state, imported.fault = Step.RUNNING, None
    except IntegrityError as clash:
        raise Refused(_l("Another file is being written just now. Please try again in a minute."), "busy") from clash


def validate(user: User, imported: Import, choices: dict[str, bool]) -> None:
    """Have the lines of a preview written, in the background.

    Raises:
        Refused: as `let_write`.
    """
    let_write(imported, choices)
    imported.work_id = start(user, "imports.run", imported.id).id


def discard(user: User | None, imported: Import) -> None:
    """Put a file aside without writing it; its content and its lines are forgotten.

    Raises:
        Refused: it is being written or was.
    """
    if imported.state == Step.READING:
        raise Refused(_l("This file is still being read. Please wait for the preview."), "reading")
    if imported.state in (Step.RUNNING, Step.DONE):
        raise Refused(_l("This file has been written in the meantime. It can no longer be put aside."), "state")
    if imported.state == Step.DISCARDED:
        return
    imported.state, imported.content, imported.finished_at = Step.DISCARDED, None, clock.now()
    db.session.execute(delete(ImportLine).where(ImportLine.import_id == imported.id))
    record("import.discarded", user, ("import", imported.id))
