"""The first sheet of an XLSX workbook as text, after a look at what it would unpack to."""

import datetime as dt
import io
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum, ZipError

from portal.imports.refusals import Unreadable

MAX_LINES = 50_000
MAX_COLUMNS = 60
MAX_UNPACKED = 120 * 1024 * 1024
MAX_ENTRIES = 2_000
SHOWN_ERRORS = 5
_CHUNK = 1024 * 1024
# a cell that holds something, a row, a cell that leaves its place to be counted
_CELL = re.compile(rb"""<c\s(?:[^>]*\s)?r\s*=\s*["']([A-Z]+)([0-9]+)["'](?:[^>]*[^/>])?>""")
_ROW = re.compile(rb"""<row\s(?:[^>]*\s)?r\s*=\s*["']([0-9]+)["']""")
_PLACELESS = re.compile(rb"""<c(?:>|\s(?![^>]*\br\s*=)[^>]*>)""")
_SHARED = re.compile(rb"""\bt\s*=\s*["']s["'][^>]*>\s*<v>\s*([0-9]+)""")

_ERROR = re.compile(rb"""<c\s(?=[^>]*\bt\s*=\s*["']e["'])[^>]*?\br\s*=\s*["']([A-Z]+[0-9]+)["']""")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\s[^>]*>")
_SHEET_KEY = re.compile(rb"""\w+:id\s*=\s*["']([^"']+)["']""")
_TARGET = rb"""<(?:\w+:)?Relationship\s(?=[^>]*\bId\s*=\s*["']%s["'])[^>]*?\bTarget\s*=\s*["']/?(?:xl/)?([^"']+)["']"""

Cell = str | int | float | bool | dt.date | dt.time | dt.datetime | dt.timedelta


def read_workbook(content: bytes) -> Iterator[tuple[int, list[str]]]:
    """Yield number and cells of each line of the first visible sheet; or raise `Unreadable`."""
    _refuse_bombs(content)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        visible = [sheet.name for sheet in workbook.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
        if not visible:
            raise Unreadable("empty")
        sheet = workbook.get_sheet_by_name(visible[0])
    except PasswordError as error:
        raise Unreadable("password") from error
    except (CalamineError, ZipError, OSError, ValueError) as error:
        raise Unreadable("broken_workbook") from error
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # the reader, in Rust, gave up; the class cannot be imported
            raise Unreadable("broken_workbook") from error
        raise
    for number, cells in enumerate(sheet.iter_rows(), start=1):
        yield number, [cell_text(cell) for cell in cells]


def cell_text(cell: Cell) -> str:
    """Write a cell as one would type it: 2026-11-17, 09:30, 1:30 for a duration, 90 rather than 90.0."""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else repr(round(cell, 10))
    if isinstance(cell, dt.timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")
    if isinstance(cell, dt.datetime):
        cell = _to_whole_second(cell)
        return cell.date().isoformat() if cell.time() == dt.time() else cell.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(cell, dt.time):
        return _to_whole_second(dt.datetime.combine(dt.date(2000, 1, 1), cell)).strftime("%H:%M:%S")
    return cell.isoformat() if isinstance(cell, dt.date) else str(cell)


def _to_whole_second(moment: dt.datetime) -> dt.datetime:
    """Undo the fractions of a day that Excel stores: 08:59:59.999 was typed as 9:00."""
    return (moment + dt.timedelta(milliseconds=500)).replace(microsecond=0)


def _refuse_bombs(content: bytes) -> None:
    """Unpack without keeping: how big it gets, and how far its cells reach (one in XFD1048576 asks for 17 billion)."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise Unreadable("broken_workbook") from error
    names = {entry.filename for entry in entries}
    if "xl/workbook.xml" not in names:
        raise Unreadable("other_workbook" if "mimetype" in names or "xl/workbook.bin" in names else "not_a_table")
    if len(entries) > MAX_ENTRIES:
        raise Unreadable("bomb")
    if any(entry.flag_bits & 1 for entry in entries):
        raise Unreadable("password")
    budget = MAX_UNPACKED
    uses: Counter[bytes] = Counter()
    errors: dict[str, list[bytes]] = {}
    for entry in entries:
        is_sheet = entry.filename.startswith("xl/worksheets/")
        seam = b""
        for chunk in _unpacked(content, entry):
            budget -= len(chunk)
            if budget < 0:
                raise Unreadable("bomb")
            if is_sheet:
                _refuse_far_cells(seam + chunk)
                uses.update(_SHARED.findall(chunk))
                errors.setdefault(entry.filename, []).extend(_ERROR.findall(seam + chunk)[:SHOWN_ERRORS])
                seam = chunk[-200:]
    _refuse_repeated_texts(content, entries, uses)
    if any(errors.values()) and (found := errors.get(_first_visible_sheet(content))):
        cells = dict.fromkeys(cell.decode() for cell in found)
        raise Unreadable("error_cells", cells=", ".join(list(cells)[:SHOWN_ERRORS]))


def _first_visible_sheet(content: bytes) -> str:
    """Return the entry of the sheet that is read. The reader takes #N/A for a blank, and blanks are filled in."""
    damage = zipfile.BadZipFile, zlib.error, KeyError, OSError, ValueError, RuntimeError, EOFError, struct.error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sheets = _SHEET.findall(archive.read("xl/workbook.xml"))
            links = archive.read("xl/_rels/workbook.xml.rels")
    except damage as error:
        raise Unreadable("broken_workbook") from error
    key = next((_SHEET_KEY.search(sheet) for sheet in sheets if b"idden" not in sheet), None)
    target = re.search(_TARGET % re.escape(key[1]), links) if key else None
    return f"xl/{target[1].decode()}" if target else ""


def _unpacked(content: bytes, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield what an entry really unpacks to: the size that it states is its author's word."""
    start = entry.header_offset
    if not 0 <= start <= len(content) - 30:  # a damaged directory points outside the file
        raise Unreadable("broken_workbook")
    name, extra = struct.unpack_from("<HH", content, start + 26)
    start += 30 + name + extra
    packed = memoryview(content)[start : start + entry.compress_size]
    if entry.compress_type == zipfile.ZIP_STORED:
        for offset in range(0, len(packed), _CHUNK):
            yield bytes(packed[offset : offset + _CHUNK])
        return
    if entry.compress_type != zipfile.ZIP_DEFLATED:
        raise Unreadable("broken_workbook")
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    waiting: bytes | memoryview = packed
    try:
        while not unpacker.eof:
            chunk = unpacker.decompress(waiting, _CHUNK)
            waiting = unpacker.unconsumed_tail
            if not chunk and not waiting:
                return
            yield chunk
    except zlib.error as error:
        raise Unreadable("broken_workbook") from error


def _refuse_far_cells(chunk: bytes) -> None:
    """The reader lays out a grid up to the last cell that holds something."""
    cells = set(_CELL.findall(chunk))
    rows = {int(row) for _, row in cells}
    if _PLACELESS.search(chunk):
        rows.update(int(row) for row in _ROW.findall(chunk))
    if max(rows, default=0) > MAX_LINES * 2:
        raise Unreadable("too_many_lines", lines=MAX_LINES)
    for letters in {letters for letters, _ in cells}:
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        if column > MAX_COLUMNS:
            raise Unreadable("far_cell")


def _refuse_repeated_texts(content: bytes, entries: list[zipfile.ZipInfo], uses: Counter[bytes]) -> None:
    texts = next((entry for entry in entries if entry.filename == "xl/sharedStrings.xml"), None)
    if texts is None:
        return
    whole = b"".join(_unpacked(content, texts))
    total = 0
    for index, text in enumerate(whole.split(b"</si>")):
        total += len(text) * uses.get(b"%d" % index, 0)
        if total > MAX_UNPACKED:
            raise Unreadable("bomb")
