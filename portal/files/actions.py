"""Keeping what somebody attaches."""

from collections.abc import Sequence
from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from portal import clock
from portal.accounts.models import User
from portal.errors import Refused
from portal.extensions import db
from portal.files.models import JPEG, LARGEST, MOST_A_DAY, PDF, PNG, Attachment
from portal.files.names import offered_name, shown_name
from portal.files.pictures import draw
from portal.files.store import store
from portal.links import new_public_id

BEGINNINGS = {b"\xff\xd8\xff": JPEG, b"\x89PNG\r\n\x1a\n": PNG, b"%PDF-": PDF}
END_OF_PDF, TAIL = b"%%EOF", 4096
DAY = timedelta(days=1)


def keep(actor: User, uploads: Sequence[FileStorage]) -> list[Attachment]:
    """Check and keep files in the present transaction, all or none. What they hold decides what they are.

    The caller ties them to a row of its own; that deed, not this one, has the entry in the journal.

    Raises:
        Refused: code `files`, with a sentence that names the file.
    """
    if not uploads:
        return []
    _refuse_too_many(actor, len(uploads))
    contents = [_checked(upload) for upload in uploads]
    kept: list[Attachment] = []
    try:
        for upload, (content, media_type) in zip(uploads, contents, strict=True):
            kept.append(_keep(actor, upload.filename, content, media_type))
        db.session.add_all(kept)
        db.session.flush()
    except BaseException:
        for attachment in kept:
            _forget(attachment)
        raise
    return kept


def _refuse_too_many(actor: User, more: int) -> None:
    today = Attachment.account_id == actor.account_id, Attachment.at > clock.now() - DAY
    if (db.session.scalar(select(func.count(Attachment.id)).where(*today)) or 0) + more > MOST_A_DAY:
        raise Refused(
            _("You have sent %(most)d files within one day: more can be sent tomorrow.", most=MOST_A_DAY), "files"
        )


def _checked(upload: FileStorage) -> tuple[bytes, str]:
    """The content of a file that may be kept so far, and what it is."""
    name = shown_name(upload.filename)
    content = upload.stream.read(LARGEST + 1)
    if not content:
        raise Refused(_("“%(name)s” is empty: there is nothing in this file.", name=name), "files")
    if len(content) > LARGEST:
        raise Refused(_("“%(name)s” is larger than 10 MB. Please send a smaller one.", name=name), "files")
    media_type = next((kind for beginning, kind in BEGINNINGS.items() if content.startswith(beginning)), None)
    if media_type is None:
        raise Refused(
            _("“%(name)s” is neither a photo (JPEG or PNG) nor a PDF: such files are not taken.", name=name), "files"
        )
    if media_type == PDF and END_OF_PDF not in content[-TAIL:]:
        raise Refused(_("“%(name)s” is damaged: it cannot be read to its end.", name=name), "files")
    return content, media_type


def _keep(actor: User, sent: str | None, content: bytes, media_type: str) -> Attachment:
    made = Attachment(
        public_id=new_public_id(), name=offered_name(sent, media_type), media_type=media_type, size=len(content),
        account_id=actor.account_id or None,
    )  # fmt: skip
    if made.is_picture:
        drawn = draw(content, media_type, shown_name(sent))
        content, made.size, made.width, made.height = drawn.content, len(drawn.content), drawn.width, drawn.height
        store().write(made.thumbnail_name, drawn.thumbnail)
    store().write(made.public_id, content)
    return made


def _forget(attachment: Attachment) -> None:
    store().remove(attachment.public_id)
    store().remove(attachment.thumbnail_name)
