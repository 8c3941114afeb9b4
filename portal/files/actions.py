"""Keeping what somebody attaches."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm.attributes import instance_state
from werkzeug.datastructures import FileStorage

from portal import clock
from portal.accounts.models import User
from portal.errors import Refused
from portal.extensions import db
from portal.files.models import JPEG, LARGEST, MOST_A_DAY, PDF, PNG, Attachment
from portal.files.names import offered_name, shown_name
from portal.files.papers import without_author
from portal.files.pictures import draw
from portal.files.store import store
from portal.links import new_public_id

BEGINNINGS = {b"\xff\xd8\xff": JPEG, b"\x89PNG\r\n\x1a\n": PNG, b"%PDF-": PDF}
END_OF_PDF, TAIL = b"%%EOF", 4096
DAY = timedelta(days=1)


def refuse_too_many(actor: User, more: int) -> None:
    """Refuse more files than one person sends within a day."""
    today = Attachment.account_id == actor.account_id, Attachment.at > clock.now() - DAY
    if (db.session.scalar(select(func.count(Attachment.id)).where(*today)) or 0) + more > MOST_A_DAY:
        raise Refused(
            _("You have sent %(most)d files within one day: more can be sent tomorrow.", most=MOST_A_DAY), "files"
        )


def prepare(actor: User, uploads: Sequence[FileStorage]) -> list[Attachment]:
    """Check files, draw pictures anew and store the contents, all or none. What they hold decides what they are.

    It takes seconds and asks no database: whoever can does it before the transaction that keeps the rows, and
    `forget_unkept` after it.

    Raises:
        Refused: code `files`, with a sentence that names the file.
    """
    checked = [(upload.filename, *_checked(upload)) for upload in uploads]
    made = [_drawn(actor, *one) for one in checked]
    try:
        for _row, contents in made:
            for name, content in contents.items():
                store().write(name, content)
    except BaseException:
        forget_unkept(row for row, _contents in made)
        raise
    return [row for row, _contents in made]


def prepare_each(actor: User, uploads: Sequence[FileStorage]) -> tuple[list[Attachment], list[Refused]]:
    """As `prepare`, but one that cannot be kept keeps none of the others out."""
    rows: list[Attachment] = []
    refusals: list[Refused] = []
    for upload in uploads:
        try:
            rows += prepare(actor, [upload])
        except Refused as refusal:
            refusals.append(refusal)
        except BaseException:
            forget_unkept(rows)
            raise
    return rows, refusals


def keep(actor: User, files: Sequence[FileStorage | Attachment]) -> list[Attachment]:
    """Keep files in the present transaction, all or none. Those that come as they were sent are prepared first.

    The caller ties them to a row of its own; that deed, not this one, has the entry in the journal.

    Raises:
        Refused: code `files`, with a sentence.
    """
    if not files:
        return []
    refuse_too_many(actor, len(files))
    prepared = [file for file in files if isinstance(file, Attachment)]
    rows = prepared + prepare(actor, [file for file in files if isinstance(file, FileStorage)])
    try:
        db.session.add_all(rows)
        db.session.flush()
    except BaseException:
        forget_unkept(rows)
        raise
    return rows


def forget_author(file: Attachment) -> None:
    """Take out of a file what it says of who made it; of a picture that is done already. Its content has another name
    from then on, by which nothing that was kept of its draft leads to it; the former one goes with the next sweep.

    Raises:
        Refused: code `files`, with a sentence that names the file.
    """
    former = [file.public_id, *([file.thumbnail_name] if file.is_picture else [])]
    contents = [_content(name) for name in former]
    if file.media_type == PDF:
        contents[0] = without_author(contents[0], file.name)
    file.public_id, file.size = new_public_id(), len(contents[0])
    for name, content in zip((file.public_id, file.thumbnail_name), contents, strict=False):
        store().write(name, content)


def _content(name: str) -> bytes:
    with store().open(name) as kept:
        return kept.read()


def forget_unkept(rows: Iterable[Attachment]) -> None:
    """Remove what the store holds of those files whose rows no deed has kept."""
    for row in rows:
        if not instance_state(row).persistent:
            store().remove(row.public_id)
            store().remove(row.thumbnail_name)


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


def _drawn(actor: User, sent: str | None, content: bytes, media_type: str) -> tuple[Attachment, dict[str, bytes]]:
    """The row of a file, and what is to be stored for it, by name."""
    row = Attachment(
        public_id=new_public_id(), name=offered_name(sent, media_type), media_type=media_type, size=len(content),
        account_id=actor.account_id or None,
    )  # fmt: skip
    if not row.is_picture:
        return row, {row.public_id: content}
    drawn = draw(content, media_type, shown_name(sent))
    row.size, row.width, row.height = len(drawn.content), drawn.width, drawn.height
    return row, {row.thumbnail_name: drawn.thumbnail, row.public_id: drawn.content}
