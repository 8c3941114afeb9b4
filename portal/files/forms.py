"""The field with which people attach files."""

from collections.abc import Sequence

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
from wtforms import Field, Form, MultipleFileField
from wtforms.validators import StopValidation

from portal.files.models import JPEG, MOST_FILES, PDF, PNG


class AttachmentsField(MultipleFileField):
    """Photos and papers, several at once. Its data is a list, empty when nothing was attached."""

    def __init__(self, label: object = None, **options: object) -> None:
        # a phone that keeps photos in a format of its own sends those that are asked for as JPEG
        drawn = {"accept": f"{JPEG},{PNG},{PDF}"}
        super().__init__(label or _l("Photos or papers"), [few_enough], render_kw=drawn, **options)

    def process_formdata(self, valuelist: Sequence[object]) -> None:
        self.data = [sent for sent in valuelist if isinstance(sent, FileStorage) and sent.filename]


def few_enough(_form: Form, field: Field) -> None:
    if len(field.data or ()) > MOST_FILES:
        raise StopValidation(_l("A message takes five files at most."))
