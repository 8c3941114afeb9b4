"""The form that brings a file in, and the one that has it written. Each may carry the importer's box to tick."""

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField

from portal.forms import PortalForm
from portal.imports.importer import Choice


class TickForm(PortalForm):
    """At most one box to tick, said by the importer."""

    tick = BooleanField()

    def __init__(self, choice: Choice | None) -> None:
        super().__init__()
        self.choice = choice
        if choice is None:
            del self.tick
            return
        self.tick.label.text = str(choice.label)

    @property
    def choices(self) -> dict[str, bool]:
        """What was ticked, by the choice's name."""
        return {self.choice.name: bool(self.tick.data)} if self.choice else {}


class FileForm(TickForm):
    file = FileField(_l("File (CSV or XLSX)"), validators=[FileRequired(_l("Please choose a file."))])

    @property
    def filename(self) -> str:
        return self.file.data.filename or ""

    def content(self) -> bytes:
        return self.file.data.read()


class WriteForm(TickForm):
    """*Valider*."""
