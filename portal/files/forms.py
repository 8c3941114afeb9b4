"""The field with which people attach files."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import partial

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
from wtforms import Field, Form, MultipleFileField
from wtforms.validators import StopValidation

from portal.accounts.models import User
from portal.errors import Refused
from portal.extensions import db
from portal.files.actions import forget_unkept, prepare, refuse_too_many
from portal.files.models import JPEG, MOST_FILES, PDF, PNG, Attachment
from portal.htmx import request
from portal.portals import Unready, ready


class AttachmentsField(MultipleFileField):
    """Photos and papers, several at once. Its data is a list, empty when nothing was attached."""

    was_sent = False  # whether something was attached to what this form was made from

    def __init__(self, label: object = None, **options: object) -> None:
        # a phone that keeps photos in a format of its own sends those that are asked for as JPEG
        drawn = {"accept": f"{JPEG},{PNG},{PDF}"}
        super().__init__(label or _l("Photos or papers"), [few_enough], render_kw=drawn, **options)

    def process_formdata(self, valuelist: Sequence[object]) -> None:
        sent = [one for one in valuelist if isinstance(one, FileStorage) and one.filename]
        self.was_sent = bool(sent)
        made = ready()
        self.data = made if isinstance(made, list) else sent

    @property
    def is_lost(self) -> bool:
        """Whether a form that comes back has lost what was attached: no browser keeps it in a page that is new. Where
        scripts bring the form up to date in its place, it stays."""
        return self.was_sent and not request.wants_fragment

    def get_ready(self, actor: User) -> None:
        """See that what was attached is checked, drawn and stored. Drawing takes a quarter of a second for each photo,
        a far store its time: nobody waits for a lock meanwhile.

        Raises:
            Unready: it is not yet.
            Refused: code `files`: too many within a day, or the sentence that names the file.
        """
        if not self.data:
            return
        made = ready()
        if isinstance(made, Refused):
            raise made
        if made is None:
            refuse_too_many(actor, len(self.data))
            raise Unready(partial(prepared, actor, self.data))


@contextmanager
def prepared(actor: User, uploads: Sequence[FileStorage]) -> Generator[list[Attachment] | Refused]:
    """Prepare files for the deed in this block, or say why they are refused; what it does not keep is forgotten."""
    try:
        rows = prepare(actor, uploads)
    except Refused as refusal:
        yield refusal
        return
    try:
        yield rows
    except BaseException:
        db.session.rollback()
        raise
    finally:
        forget_unkept(rows)


def few_enough(_form: Form, field: Field) -> None:
    if len(field.data or ()) > MOST_FILES:
        raise StopValidation(_l("A message takes five files at most."))
