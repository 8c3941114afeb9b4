"""Photos and papers of a report that is not sent yet. What comes with a form is kept with its draft at once, each file
by itself: nobody chooses one again because another was refused, or because an answer was missing."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.models import EventDraft
from portal.errors import Refused
from portal.extensions import db
from portal.files.actions import forget_unkept, keep, prepare_each
from portal.files.forms import AttachmentsField
from portal.files.models import MOST_FILES, Attachment
from portal.portals import Unready, ready

MOST_OF_A_REPORT = 10


@dataclass(frozen=True)
class Sorted:
    """What became of files that came with a form: the others are with its draft."""

    refused: Sequence[str]


def keep_sent(user: User, draft: EventDraft, field: AttachmentsField) -> Sequence[str]:
    """Keep what came with a form with its draft, whatever the form says besides. Return why some of it is not kept.

    Raises:
        Unready: it takes its time, and is done before the form is answered.
    """
    made = ready()
    if isinstance(made, Sorted):
        field.was_sent = False  # nothing of it is lost
        return made.refused
    if len(field.data or ()) > MOST_FILES:
        return [_("Please choose five at most at a time. None of these is kept.")]
    if field.data:
        raise Unready(partial(_kept, user, draft.id, field.data))
    return ()


@contextmanager
def _kept(user: User, draft_id: int, uploads: Sequence[FileStorage]) -> Generator[Sorted]:
    rows, refusals = prepare_each(user, uploads)
    try:
        draft = db.session.get(EventDraft, draft_id)
        if draft is not None:  # else it was sent or deleted meanwhile
            attach(user, draft, rows)
    except Refused as refusal:
        db.session.rollback()
        refusals.append(refusal)
    finally:
        forget_unkept(rows)
    yield Sorted([str(one.message) for one in refusals])


def attach(actor: User, draft: EventDraft, files: Sequence[FileStorage | Attachment]) -> None:
    """Keep files with a draft. A photo that it has already is not kept twice: who sends a form again, or chooses again
    what stands there, means the same.

    Raises:
        Refused: code `files`.
    """
    there = {(one.name, one.size) for one in draft.files}
    new = [one for one in files if not (isinstance(one, Attachment) and (one.name, one.size) in there)]
    if len(draft.files) + len(new) > MOST_OF_A_REPORT:
        raise Refused(_l("A report takes ten files at most. Please remove one first."), "files")
    draft.files.extend(keep(actor, new))
    draft.saved_at = clock.now()
    db.session.flush()


def file_of(draft: EventDraft, file_id: int) -> Attachment | None:
    return next((file for file in draft.files if file.id == file_id), None)


def detach(draft: EventDraft, file: Attachment) -> None:
    """Forget a file of a draft; its content goes with the next sweep of what nobody names."""
    draft.files.remove(file)
    db.session.flush()
    db.session.delete(file)
    db.session.flush()
