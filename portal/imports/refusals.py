"""What is said of a file or a line that cannot be taken: a code in the database, a sentence when it is shown."""

from collections.abc import Mapping

from flask_babel import lazy_gettext as _l

Params = Mapping[str, str | int]


class Unreadable(Exception):
    """The file as a whole is refused. `code` is one of `FILE_SENTENCES`, `params` fills it."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class Wrong(Exception):
    """A line is refused. `code` is one of `VALUE_SENTENCES` or of the importer's own."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


FILE_SENTENCES = {
    "empty": _l("The file is empty."),
    "too_big": _l("The file is larger than %(megabytes)s MB. Please split it."),
    "too_many_lines": _l("The file has more than %(lines)s lines. Please split it."),
    "too_wide": _l("Line %(line)s has more than %(columns)s columns. Is the separator right?"),
    "quote_open": _l("Line %(line)s holds a text without end. A quotation mark was probably never closed."),
    "not_a_table": _l("This is neither a CSV nor an XLSX file."),
    "password": _l("This workbook is protected by a password. Please save it without one."),
    "old_workbook": _l("This workbook is in the old Excel format. Please save it as XLSX or CSV."),
    "other_workbook": _l("This workbook was not saved as XLSX. Please save it as XLSX or CSV."),
    "error_cells": _l("Cells hold an error instead of a value: %(cells)s. Please mend them in the workbook first."),
    "broken_workbook": _l("This workbook is damaged. Please open it in your spreadsheet program and save it again."),
    "bomb": _l("This workbook would unpack to more than the portal can hold. Please save it again, or as CSV."),
    "far_cell": _l("This workbook has cells far to the right of the table. Please delete them, or save it as CSV."),
    "no_header": _l("No line of titles was recognised. The first line should name the columns: %(columns)s."),
    "no_lines": _l("The file has titles but no line below them."),
    "column_missing": _l("These columns are missing: %(columns)s."),
    "column_twice": _l("The column “%(column)s” is there twice."),
    "no_longer_allowed": _l("The person who brought this file in may no longer import."),
    "stopped": _l("The import stopped because of a fault on our side. Nothing was lost; it can be started again."),
}

VALUE_SENTENCES = {
    "blank": _l("%(column)s is blank."),
    "bad_date": _l("“%(value)s” is not a date. Write it as 17/11/2026."),
    "bad_time": _l("“%(value)s” is not a time of day. Write it as 9:30."),
    "bad_duration": _l("“%(value)s” is not a duration. Write it as 1h30, or 90 for ninety minutes."),
    "hours_or_minutes": _l("“%(value)s”: is it hours or minutes? Write %(value)sh or %(value)smin."),
    "bad_choice": _l("“%(value)s” is not known in the column %(column)s. Write one of: %(choices)s."),
    "bad_email": _l("“%(value)s” is not an e-mail address."),
    "too_long": _l("%(column)s is longer than %(limit)s characters."),
    "unreadable_letters": _l("“%(value)s” holds letters that were lost when the file was saved."),
    "as_said": "%(sentence)s",
    "changed_since": _l("This record changed since the preview, so the line was left out. Please import it again."),
}
