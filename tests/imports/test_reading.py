"""Files as agencies send them, and as they should not be: a table, or a sentence that says why not."""

import datetime as dt
import io
import zipfile
from collections.abc import Sequence

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portal.imports.reading import clean, read_table
from portal.imports.refusals import FILE_SENTENCES, Unreadable

HEADER = ["Client", "Date", "Durée"]
LINE = ["Éloïse D'Angelo", "17/11/2026", "1h30"]


def csv_bytes(separator: str = ";", encoding: str = "cp1252", *lines: list[str]) -> bytes:
    return "\r\n".join(separator.join(line) for line in (lines or (HEADER, LINE))).encode(encoding)


def xlsx_bytes(*lines: Sequence[object]) -> bytes:
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def refusal(content: bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        read_table(content)
    assert str(caught.value.code) in FILE_SENTENCES
    return caught.value


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize(
    ("encoding", "name"), [("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("cp1252", "Windows-1252"), ("utf-16", "UTF-16")]
)
def test_encoding_and_separator_are_guessed(separator: str, encoding: str, name: str) -> None:
    table = read_table(csv_bytes(separator, encoding))
    assert table.lines == [(1, HEADER), (2, LINE)]
    assert (table.encoding, table.separator) == (name, separator)


def test_russian_excel_is_recognised() -> None:
    table = read_table("Клиент;Дата\nАнна Иванова;17.11.2026\n".encode("cp1251"))
    assert table.lines[1] == (2, ["Анна Иванова", "17.11.2026"])
    assert table.encoding == "Windows-1251"


def test_one_stray_byte_does_not_garble_a_whole_utf_8_file() -> None:
    lines = [HEADER, *([LINE] * 40)]
    table = read_table(csv_bytes(";", "utf-8", *lines) + b"\nJos\xe9;x;y")
    assert table.encoding == "UTF-8"
    assert table.lines[1][1] == LINE
    assert table.lines[-1][1][0] == "Jos\ufffd"


def test_excels_own_hint_about_the_separator_is_followed() -> None:
    assert read_table(b"sep=,\r\nClient,Date\r\nA;B,1\r\n").lines == [(2, ["Client", "Date"]), (3, ["A;B", "1"])]


def test_line_numbers_are_those_of_the_spreadsheet() -> None:
    table = read_table(b'Client;Note\n\n"two\nlines";x\n;\nlast;y\n')
    assert [number for number, _ in table.lines] == [1, 3, 5]
    assert table.lines[1][1] == ["two\nlines", "x"]


def test_the_apostrophe_of_our_own_downloads_is_taken_off() -> None:
    assert read_table(b"Client;Note\n'=1+1;'@x\nN'Diaye;'quoted'\n").lines[1:] == [
        (2, ["=1+1", "@x"]),
        (3, ["N'Diaye", "'quoted'"]),
    ]


def test_a_workbook_gives_what_one_would_have_typed() -> None:
    table = read_table(
        xlsx_bytes(
            ["Client", "Date", "Heure", "Durée", "Minutes", "Décimal", "Oui"],
            [
                "Éloïse",
                dt.datetime.fromisoformat("2026-11-17"),
                dt.time(9, 30),
                dt.timedelta(minutes=90),
                90,
                1.5,
                True,
            ],
            [],
            [
                "Anna",
                dt.datetime.fromisoformat("2026-11-17 08:59:59.999"),
                "9h",
                dt.timedelta(hours=30),
                45.0,
                0.1,
                None,
            ],
        )
    )
    assert table.lines[1:] == [
        (2, ["Éloïse", "2026-11-17", "09:30:00", "1:30", "90", "1.5", "1"]),
        (4, ["Anna", "2026-11-17 09:00:00", "9h", "30:00", "45", "0.1", ""]),
    ]


def test_the_first_visible_sheet_counts() -> None:
    book = openpyxl.Workbook()
    book.active.append(["hidden"])
    book.active.sheet_state = "hidden"
    book.create_sheet("second").append(["Client"])
    content = io.BytesIO()
    book.save(content)
    assert read_table(content.getvalue()).lines == [(1, ["Client"])]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf \r\n", "empty"),
        (b";;\n;;\n", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(200), "not_a_table"),
        (b"%PDF-1.7", "not_a_table"),
        (bytes(range(256)) * 50, "not_a_table"),
        (b"PK\x03\x04 not a zip", "broken_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100) + "EncryptedPackage".encode("utf-16-le"), "password"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "old_workbook"),
        (b'Client;Date\n"never closed;1\n' + b"x;y\n" * 40_000, "quote_open"),
        (b"Client;Date\n" + b"A;1\n" * 60_000, "too_many_lines"),
        (b"Client" + b";x" * 100, "too_wide"),
        (b"x" * (20 * 1024 * 1024 + 1), "too_big"),
    ],
    ids=lambda value: value if isinstance(value, str) else "bytes",
)
def test_what_is_no_table_is_refused_with_its_reason(content: bytes, code: str) -> None:
    assert refusal(content).code == code


def zipped(**entries: bytes) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in entries.items():
            archive.writestr(name, body)
    return content.getvalue()


def with_sheet(sheet: bytes, **more: bytes) -> bytes:
    """A workbook of ours with another sheet inside."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx_bytes(["Client"]))) as source, zipfile.ZipFile(content, "w", 8) as target:
        for name in source.namelist():
            target.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else source.read(name))
        for name, body in more.items():
            target.writestr(name, body)
    return content.getvalue()


def sheet_of(rows: bytes) -> bytes:
    main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return b'<worksheet xmlns="' + main + b'"><sheetData>' + rows + b"</sheetData></worksheet>"


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    assert refusal(zipped(**{"a.txt": b"x"})).code == "not_a_table"
    assert refusal(zipped(mimetype=b"application/vnd.oasis.opendocument.spreadsheet")).code == "other_workbook"
    assert refusal(xlsx_bytes(["Client"])[:-200]).code == "broken_workbook"


def test_a_workbook_that_unpacks_to_too_much_is_refused_whatever_size_it_states() -> None:
    bomb = bytearray(with_sheet(sheet_of(b" " * (210 * 1024 * 1024))))
    assert len(bomb) < 1_000_000
    assert refusal(bytes(bomb)).code == "bomb"
    real = (210 * 1024 * 1024 + len(sheet_of(b""))).to_bytes(4, "little")
    assert real in bomb
    assert refusal(bytes(bomb.replace(real, (1000).to_bytes(4, "little")))).code == "bomb"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        (b'<row r="1"><c r="XFD1"><v>1</v></c></row>', "far_cell"),
        (b'<row r="1048576"><c s="1" r="A1048576"><v>1</v></c></row>', "too_many_lines"),
        (b'<row r="1048576"><c><v>1</v></c></row>', "too_many_lines"),
    ],
)
def test_a_lone_far_cell_is_refused(rows: bytes, code: str) -> None:
    near = b'<row r="1"><c r="A1"><v>1</v></c></row>'
    assert refusal(with_sheet(sheet_of(near + rows))).code == code


def test_far_cells_that_hold_only_a_format_are_not_minded() -> None:
    rows = b'<row r="1"><c r="A1"><v>1</v></c><c r="XFD1" s="1"/></row><row r="1048576"><c r="A1048576" s="1"/></row>'
    assert read_table(with_sheet(sheet_of(rows))).lines == [(1, ["1"])]


def test_one_long_text_repeated_a_million_times_is_refused() -> None:
    texts = b"<sst><si><t>" + b"x" * 32_000 + b"</t></si></sst>"
    rows = b"".join(b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (row, row) for row in range(1, 50_000))
    assert refusal(with_sheet(sheet_of(rows), **{"xl/sharedStrings.xml": texts})).code == "bomb"


@given(st.binary(max_size=3000))
@example(b"\xff\xfe\x00\xd8")
def test_no_bytes_make_it_fall_over(content: bytes) -> None:
    try:
        table = read_table(content)
    except Unreadable as error:
        assert error.code in FILE_SENTENCES
    else:
        assert all(clean(cell) == cell for _, cells in table.lines for cell in cells)


@given(st.integers(0, 6000), st.binary(min_size=1, max_size=40))
@example(4889, b"$")  # the directory then points before the file
def test_no_damaged_workbook_makes_it_fall_over(place: int, junk: bytes) -> None:
    content = bytearray(WORKBOOK)
    content[place % len(content) : place % len(content) + len(junk)] = junk
    try:
        read_table(bytes(content))
    except Unreadable as error:
        assert error.code in FILE_SENTENCES


WORKBOOK = xlsx_bytes(HEADER, LINE)


@given(st.text())
def test_cleaning_twice_is_cleaning_once_and_leaves_nothing_a_database_refuses(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert "\x00" not in cleaned
    cleaned.encode("utf-8")


def test_signs_that_nobody_sees_do_not_tell_names_apart() -> None:
    assert clean("\ufeffJean\u00a0Du\u200bpont\x00\u202e ") == "Jean Dupont"


def test_a_cell_that_holds_an_error_is_no_blank() -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in (HEADER, LINE, LINE):
        book.active.append(line)
    book.active["E3"].value, book.active["E3"].data_type = "#N/A", "e"
    other = book.create_sheet("Calculs")
    other["A1"].value, other["A1"].data_type = "#REF!", "e"
    content = io.BytesIO()
    book.save(content)
    with pytest.raises(Unreadable) as refusal:
        read_table(content.getvalue())
    assert (refusal.value.code, refusal.value.params) == ("error_cells", {"cells": "E3"})
    book.active["E3"].value = "Wassim Haddad"
    content = io.BytesIO()
    book.save(content)
    assert len(read_table(content.getvalue()).lines) == 3, "another sheet may hold what it likes"
