"""A table as a CSV file or an XLSX workbook. No cell of either is ever a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from flask_babel import gettext as _
from flask_babel import pgettext

from portal.controls.days import EXCEL_DAYS, EXCEL_MOMENTS, Day, written_moment
from portal.controls.shares import Number, Share
from portal.controls.table import Column, Figure, Grid, Months, Summary
from portal.i18n import SHORT_MONTH, language, local, written_day

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

FORMULA_SIGNS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_AFTER_SEPARATOR = re.compile(rf"""([;,\t\r\n][\s"]*)(?=[{re.escape("".join(FORMULA_SIGNS))}])""")
CONTROL_SIGNS = ("\t", "\r", "\n")
SEPARATORS = {"fr": ";", "ru": ";", "en": ","}  # what a spreadsheet of that language parts cells at
WIDTHS = {"moment": 17, "day": 24, "date": 12, "number": 9, "stars": 9, "text": 24, "long": 60}
LONGEST_CELL = 32_767  # signs that a cell of a workbook holds; one with more would be left empty
MIMES = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


class Writer(Protocol):
    """What takes the rows of a table, one after the other, and gives the file at the end."""

    def write(self, values: Sequence[Any]) -> None: ...
    def finish(self, said: Iterable[tuple[str | int, ...]], summary: Summary | None) -> bytes: ...


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an apostrophe stands in front of one that it would.

    Also further on in the text, where a cell begins for a spreadsheet that parts cells at another sign than the file.
    """
    text = _AFTER_SEPARATOR.sub(r"\1'", text)
    suspect = text.startswith(CONTROL_SIGNS) or text.lstrip().startswith(FORMULA_SIGNS)
    return f"'{text}" if suspect else text


class CsvWriter:
    """UTF-8 with a mark that tells Excel so, parted as spreadsheets of the language expect."""

    def __init__(self, _title: str, columns: Sequence[Column], _sheet: str = "") -> None:
        self.bytes = io.BytesIO()
        self.text = io.TextIOWrapper(self.bytes, "utf-8-sig", newline="", write_through=True)
        self.csv = csv.writer(self.text, delimiter=SEPARATORS[language()], lineterminator="\r\n", quoting=csv.QUOTE_ALL)
        self.csv.writerow([guarded(str(column.label)) for column in columns])

    def write(self, values: Sequence[Any]) -> None:
        self.csv.writerow([_as_text(value) for value in values])

    def finish(self, said: Iterable[tuple[str | int, ...]], summary: Summary | None) -> bytes:  # noqa: ARG002
        self.text.flush()
        return self.bytes.getvalue()


def _as_text(value: Any) -> str:
    if isinstance(value, datetime):
        return written_moment(value)
    if isinstance(value, date):
        return str(Day(value))
    return "" if value is None else guarded(value) if isinstance(value, str) else str(value)


class XlsxWriter:
    """Rows go to a temporary file as they come: a long table needs no more memory than a short one.

    Args:
        title: of the whole, on the last sheet.
        sheet: the name of the first one, if it is not that.
    """

    def __init__(self, title: str, columns: Sequence[Column], sheet: str = "") -> None:
        from xlsxwriter import Workbook  # read when a file is written: web processes need its memory for nothing

        self.title = title
        self.bytes = io.BytesIO()
        safe = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
        self.book = Workbook(self.bytes, {"constant_memory": True, **safe})
        self.bold = self.book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
        self.moment = self.book.add_format({"num_format": EXCEL_MOMENTS[language()]})
        self.shapes: dict[str, Any] = {}
        self.wrapped = self.book.add_format({"text_wrap": True, "valign": "top"})
        self._begin(sheet or title, columns)

    def _begin(self, title: str, columns: Sequence[Column]) -> None:
        self.columns, self.rows = columns, 0
        self.sheet: Worksheet = self.book.add_worksheet(_sheet_name(title))
        self.sheet.freeze_panes(1, 0)
        for place, column in enumerate(columns):
            self.sheet.set_column(place, place, WIDTHS[column.kind])
            self.sheet.write_string(0, place, str(column.label), self.bold)

    def turn_to(self, title: str, columns: Sequence[Column], name: str) -> None:
        """Go on with another sheet.

        Args:
            name: of the sheet that is full: its columns are called by it and their keys, in whatever language.
        """
        self._end(name)
        self._begin(title, columns)

    def _end(self, name: str = "") -> None:
        self.sheet.autofilter(0, 0, self.rows, len(self.columns) - 1)
        from xlsxwriter.utility import xl_rowcol_to_cell

        for place, column in enumerate(self.columns if name else ()):
            first, last = (xl_rowcol_to_cell(row, place, True, True) for row in (1, max(self.rows, 1)))
            sheet = self.sheet.get_name().replace("'", "''")
            self.book.define_name(f"{name}_{column.key}", f"='{sheet}'!{first}:{last}")

    def write(self, values: Sequence[Any]) -> None:
        self.rows += 1
        for place, value in enumerate(values):
            self._put(self.sheet, self.rows, place, value)

    def _put(self, sheet: "Worksheet", row: int, place: int, value: Any, shape: Any = None) -> None:
        if isinstance(value, Day | Share | Number):
            value, written = value.in_workbook
            self._put(sheet, row, place, value, self._shaped(written))
        elif isinstance(value, datetime) and value.tzinfo:
            sheet.write_datetime(row, place, local(value).replace(tzinfo=None), self.moment)
        elif isinstance(value, date):
            sheet.write_datetime(row, place, value, shape or self._shaped(EXCEL_DAYS[language()]))
        elif isinstance(value, int | float):
            sheet.write_number(row, place, value, shape)
        elif value is not None:
            short = value if len(value) <= LONGEST_CELL else f"{value[: LONGEST_CELL - 1]}…"
            sheet.write_string(row, place, short, shape)

    def _shaped(self, shape: str) -> Any:
        if shape not in self.shapes:
            self.shapes[shape] = self.book.add_format({"num_format": shape})
        return self.shapes[shape]

    def finish(self, said: Iterable[tuple[str | int, ...]], summary: Summary | None, name: str = "") -> bytes:
        self._end(name)
        about = self.book.add_worksheet(pgettext("sheet", "Filters"))
        about.set_column(0, 0, 30)
        about.set_column(1, 1, 50, self.wrapped)
        lines = [(self.title, ""), *said, *_figures(summary)]
        for place, (called, *values) in enumerate(lines):
            about.write_string(place, 0, str(called), self.bold if place == 0 else None)
            for further, value in enumerate(values, start=1):
                self._put(about, place, further, value)
        self.book.close()
        return self.bytes.getvalue()


def _figures(summary: Summary | None) -> list[tuple[Any, ...]]:
    """Figures and spreads in two cells each, what a number rests on in a third; what is drawn on the page, as the table
    that it is drawn of."""
    if summary is None:
        return []
    told = [_figure(figure) for figure in summary.figures]
    told += [line for spread in summary.spreads for line in spread.lines]
    return [*told, *(row for each in summary.months for row in _months(each)),
            *(row for each in summary.grids for row in _grid(each))]  # fmt: skip


def _figure(figure: Figure) -> tuple[Any, ...]:
    if figure.note and isinstance(figure.value, str):
        return figure.label, f"{figure.value} ({figure.note})"
    return figure.label, figure.value, figure.note or None


def _months(each: Months) -> list[tuple[Any, ...]]:
    heads = [written_day(month, SHORT_MONTH) for month in each.months]
    return [("", ""), (each.title, *heads), *((label, *numbers) for label, numbers in each.lines)]


def _grid(each: Grid) -> list[tuple[Any, ...]]:
    lines = [(label, *(cell.value for cell in cells)) for label, cells in each.lines]
    return [("", ""), (each.title, ""), (each.corner, *each.heads), *lines]


def _sheet_name(title: str) -> str:
    """A name that a sheet may have: at most 31 signs, none of those that stand in addresses."""
    return "".join(sign for sign in title if sign not in "[]:*?/\\'")[:31].strip() or _("Table")


WRITERS: dict[str, type[CsvWriter] | type[XlsxWriter]] = {"csv": CsvWriter, "xlsx": XlsxWriter}
