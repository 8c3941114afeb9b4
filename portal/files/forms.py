"""The field with which people attach files."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
from wtforms import Field, Form, MultipleFileField
from wtforms.validators import StopValidation

from portal.accounts.models import User
from portal.extensions import db
from portal.files.actions import forget_unkept, prepare, refuse_too_many
from portal.files.models import JPEG, MOST_FILES, PDF, PNG
from portal.htmx import request


class AttachmentsField(MultipleFileField):
    """Photos and papers, several at once. Its data is a list, empty when nothing was attached."""

    was_sent = False  # whether something was attached to what this form was made from

    def __init__(self, label: object = None, **options: object) -> None:
        # a phone that keeps photos in a format of its own sends those that are asked for as JPEG
        drawn = {"accept": f"{JPEG},{PNG},{PDF}"}
        super().__init__(label or _l("Photos or papers"), [few_enough], render_kw=drawn, **options)

    def process_formdata(self, valuelist: Sequence[object]) -> None:
        self.data = [sent for sent in valuelist if isinstance(sent, FileStorage) and sent.filename]
        self.was_sent = bool(self.data)

    @property
    def is_lost(self) -> bool:
        """Whether a form that comes back has lost what was attached: no browser keeps it in a page that is new. Where
        scripts bring the form up to date in its place, it stays."""
        return self.was_sent and not request.wants_fragment

    @contextmanager
    def prepared(self, actor: User) -> Generator[None]:
        """Check, draw and store what was attached, then let the deed in this block keep the rows; what it does not keep
        is forgotten.

        Drawing takes a quarter of a second for each photo, a far store its time: nobody waits for a lock meanwhile. The
        transaction that has been reading so far ends here, and the deed begins another.

        Raises:
            Refused: code `files`, with a sentence that names the file.
        """
        if not self.data:
            yield
            return
        refuse_too_many(actor, len(self.data))
        db.session.rollback()
        self.data = rows = prepare(actor, self.data)
        try:
            yield
        except BaseException:
            db.session.rollback()
            raise
        finally:
            forget_unkept(rows)


def few_enough(_form: Form, field: Field) -> None:
    if len(field.data or ()) > MOST_FILES:
        raise StopValidation(_l("A message takes five files at most."))
