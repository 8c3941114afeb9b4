"""A file's bytes made a table of clean text, whatever program wrote it."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from portal.imports.refusals import Unreadable
from portal.imports.workbook import MAX_COLUMNS, MAX_LINES, read_workbook

MAX_BYTES = 20 * 1024 * 1024
MAX_CELL = 32_767  # what a cell of Excel can hold

SEPARATORS = (";", ",", "\t")
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "cp1252": "Windows-1252",
    "cp1251": "Windows-1251",
}

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OTHER_KINDS = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"%PDF", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"RIFF", b"{\\rtf")
# direction marks and zero-width signs: invisible, and two names that look the same would differ
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff\ufffe\uffff]")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u00a0\u202f\u2028\u2029]")
_GUARDED_FORMULA = re.compile(r"'[=+\-@\t\r]")


@dataclass(frozen=True, slots=True)
class Table:
    """The lines of a file that hold something, each with the number that a spreadsheet shows beside it.

    `encoding` and `separator` are what was guessed, and are empty for a workbook.
    """

    lines: list[tuple[int, list[str]]]
    encoding: str = ""
    separator: str = ""


def read_table(content: bytes) -> Table:
    """Read a CSV or XLSX file, told apart by what it holds and not by its name; raise `Unreadable` with the reason."""
    if len(content) > MAX_BYTES:
        raise Unreadable("too_big", megabytes=MAX_BYTES // 1024 // 1024)
    if not content.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise Unreadable("empty")
    if content.startswith(_OLE):
        locked = "EncryptedPackage".encode("utf-16-le") in content
        raise Unreadable("password" if locked else "old_workbook")
    if content.startswith(_ZIP):
        return Table(_within_limits(read_workbook(content)))
    if content.startswith(_OTHER_KINDS):
        raise Unreadable("not_a_table")
    return _read_csv(content)


def clean(text: str) -> str:
    """Return the text without control signs, invisible signs and outer spaces, its accents joined to their letters."""
    plain = unicodedata.normalize("NFC", text)
    plain = _INVISIBLE.sub("", plain.replace("\r\n", "\n").replace("\r", "\n"))
    return _CONTROL.sub(" ", plain).strip()


def guess_encoding(content: bytes) -> str:
    """Name the encoding of a text file; raise `Unreadable` when the bytes are no text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    if content.startswith(b"\xef\xbb\xbf"):
        return "utf-8-sig"
    strange = sum(content.count(sign) for sign in range(32) if sign not in (9, 10, 13))
    if strange > max(16, len(content) // 200):
        raise Unreadable("not_a_table")
    replaced = content.decode("utf-8", errors="replace").count("\ufffd") - content.count("\ufffd".encode())
    accented = sum(1 for _ in re.finditer(rb"[\xc3-\xf4][\x80-\xbf]", content))
    if replaced * 20 <= accented:  # a stray byte does not make it another encoding
        return "utf-8"
    high = len(re.findall(rb"[\x80-\xff]", content))
    in_words = sum(len(word) for word in re.findall(rb"[\xa8\xb8\xc0-\xff]{3,}", content))
    return "cp1251" if in_words * 2 > high else "cp1252"  # French accents never come three in a row


def guess_separator(text: str) -> str:
    """Name the sign that parts the columns: the one that cuts some line near the top into the most cells."""
    hint = re.match(r"sep=(.)\r?\n", text, re.IGNORECASE)
    if hint:
        return hint[1]
    head = "".join(text[:20_000].splitlines(keepends=True)[:10])
    widths: dict[str, int] = {}
    for separator in SEPARATORS:
        reader = csv.reader(io.StringIO(head), delimiter=separator)
        try:
            widths[separator] = max((len(cells) for cells in reader), default=0)
        except csv.Error:
            widths[separator] = 0
    return max(SEPARATORS, key=lambda separator: widths[separator])


def _read_csv(content: bytes) -> Table:
    encoding = guess_encoding(content)
    text = content.decode(encoding, errors="replace").replace("\x00", "")
    separator = guess_separator(text)
    lines = _within_limits(_csv_lines(text, separator))
    return Table(lines, ENCODINGS[encoding], separator)


def _csv_lines(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    number = 0
    try:
        for number, cells in enumerate(reader, start=1):
            if number == 1 and cells and cells[0].lower() == "sep=":
                continue
            yield number, [_unguarded(cell) for cell in cells]
    except csv.Error as error:  # one cell of more than 128 KB: nearly always a quotation mark that is never closed
        raise Unreadable("quote_open", line=number + 1) from error


def _unguarded(cell: str) -> str:
    """Take off the apostrophe that our own downloads put before a sign that a spreadsheet would take for a formula."""
    return cell[1:] if _GUARDED_FORMULA.match(cell) else cell


def _within_limits(raw: Iterator[tuple[int, list[str]]]) -> list[tuple[int, list[str]]]:
    lines: list[tuple[int, list[str]]] = []
    for number, cells in raw:
        if len(cells) > MAX_COLUMNS and any(cell.strip() for cell in cells[MAX_COLUMNS:]):
            raise Unreadable("too_wide", line=number, columns=MAX_COLUMNS)
        if any(len(cell) > MAX_CELL for cell in cells):
            raise Unreadable("quote_open", line=number)
        cleaned = [clean(cell) for cell in cells[:MAX_COLUMNS]]
        if not any(cleaned):
            continue
        lines.append((number, cleaned))
        if len(lines) > MAX_LINES + 10:  # the lines above the header are few
            raise Unreadable("too_many_lines", lines=MAX_LINES)
    if not lines:
        raise Unreadable("empty")
    return lines
