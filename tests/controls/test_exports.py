"""Files of a table: just what is shown, read back by other programs; theirs alone who asked, for a week."""

import csv
import io
import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import delete, insert, select, update
from time_machine import TimeMachineFixture

from portal.audit.models import AuditEntry
from portal.controls import jobs
from portal.controls.files import WRITERS, guarded
from portal.controls.models import Export, SavedFilter
from portal.controls.table import Column
from portal.extensions import db
from portal.people.models import Staff, staff_sector
from portal.ratings.models import Rating
from portal.work import jobs as work
from portal.work.models import Work
from tests.conftest import Database, SignIn
from tests.factories import NOON, Agency
from tests.pages import Browser, Page
from tests.reports.conftest import MONTH, TABLE
from tests.reports.test_quality import figures, rows_of, stars_of

WORK = select(Export.work_id).order_by(Export.id.desc()).limit(1)
DEED = select(AuditEntry.account_id, AuditEntry.after).where(AuditEntry.kind == "table.exported")


def ask(browser: Browser, format: str, where: str = MONTH) -> Page:
    """Press one of the two buttons; return the page of the file while it is being written."""
    return browser.get(where).press(f'[name="format"][value="{format}"]').follow()


def write(app: Flask, database: Database) -> None:
    with app.app_context():
        work.run(database.one(WORK))


def export(app: Flask, database: Database, browser: Browser, format: str, where: str = MONTH) -> Any:
    """Ask for a file, have it written and download it."""
    page = ask(browser, format, where)
    assert "Writing the file" in page.words
    write(app, database)
    ready = browser.get(page.request.path)
    assert "The file is ready" in ready.words
    return ready.link("Download the file").click()


def csv_rows(page: Any, separator: str = ",") -> list[list[str]]:
    assert page.data.startswith(b"\xef\xbb\xbf")
    assert page.data.count(b"\r\n") >= 1
    return list(csv.reader(io.StringIO(page.data.decode("utf-8-sig"), newline=""), delimiter=separator))


def sheet_of(page: Any, place: int = 0) -> Worksheet:
    return load_workbook(io.BytesIO(page.data)).worksheets[place]


def test_a_csv_file_is_what_the_screen_shows(rated: Agency, sign_in: SignIn, app: Flask, database: Database) -> None:
    sofia = sign_in(rated.sofia)
    where = f"{TABLE}?period=this_month&client=lefevre&sort=stars"
    screen = sofia.get(where)
    page = export(app, database, sofia, "csv", where)
    titles, *rows = csv_rows(page)
    assert titles == [head.get_text() for head in screen.soup.select("#result thead th")]
    assert [row[1:6] + row[7:9] + row[10:] for row in rows] == [
        row[1:6] + row[7:9] + row[10:] for row in rows_of(screen)
    ]
    assert [row[6] for row in rows] == stars_of(screen) == ["0", "1", "4", "5"]
    assert rows[0][0] == "12/11/2026 09:00"
    assert page.headers["Content-Disposition"] == 'attachment; filename="client-quality-follow-up-2026-11-17.csv"'
    assert database.all(DEED) == [(rated.sofia.account_id, {
        "table": "quality", "format": "csv", "rows": 4, "filters": ["client", "period"]})]  # fmt: skip


def test_a_workbook_holds_real_numbers_and_dates_and_says_what_it_is(
    rated: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    ines = sign_in(rated.ines)
    screen = ines.get(f"{MONTH}&sort=-stars")
    page = export(app, database, ines, "xlsx", f"{MONTH}&sort=-stars")
    sheet = sheet_of(page)
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]
    assert [row[6] for row in rows] == [int(stars) for stars in stars_of(screen)] == [5, 4, 3, 2, 1, 0]
    assert rows[0][0] == datetime(2026, 11, 16, 9, 0)  # noqa: DTZ001 - a workbook knows no zones
    assert [[cell or "" for cell in row[1:6]] for row in rows] == [row[1:6] for row in rows_of(screen)]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:K7"
    about = {row[0].value: row[1].value for row in sheet_of(page, 1).iter_rows()}
    assert about["Period"] == "1 November 2026 – 30 November 2026"
    assert (about["Lines"], about["Written for"]) == (6, "Inès Caron")
    assert about["Average"] == "2.8 / 5 (n = 5)"
    assert about["5 stars"] == 1


def test_a_half_is_rounded_up_on_the_screen_and_in_the_workbook(
    rated: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    with database.writing():
        db.session.execute(update(Rating).where(Rating.stars == 3).values(stars=4))
    sofia = sign_in(rated.sofia)
    assert figures(sofia.get(MONTH))["Average"] == "3.3 / 5 · n = 4"  # 13 / 4
    about = {row[0].value: row[1].value for row in sheet_of(export(app, database, sofia, "xlsx"), 1).iter_rows()}
    assert about["Average"] == "3.3 / 5 (n = 4)"


FORMULAS = ["=1+1", "+33 6", "-1", "@SUM(A1)", "  =cmd|calc", "\t=1", "\r=1", "＝1", "http://evil.example", "l'été"]


def test_no_cell_is_ever_a_formula(rated: Agency, sign_in: SignIn, app: Flask, database: Database) -> None:
    sofia = sign_in(rated.sofia)
    for text in FORMULAS:
        with database.writing():
            db.session.execute(update(Rating).values(comment=text))
        cells = [row[7] for row in csv_rows(export(app, database, sofia, "csv"))[1:]]
        known = re.sub(r"^([\t\r])", r"\1'", text)  # where a tab parts cells, one begins behind it
        assert set(cells) == {text if text[0] in "hl" else f"'{known}"}, text
    for row in sheet_of(export(app, database, sofia, "xlsx")).iter_rows():
        assert {cell.data_type for cell in row} <= {"s", "n", "d"}
        assert not [cell.hyperlink for cell in row if cell.hyperlink]
    with database.writing():
        db.session.execute(update(Rating).values(comment='=HYPERLINK("http://evil.example")'))
    cells = [row[7] for row in sheet_of(export(app, database, sofia, "xlsx")).iter_rows(min_row=2)]
    assert {(cell.value, cell.data_type) for cell in cells} == {('=HYPERLINK("http://evil.example")', "s")}
    assert guarded("a=1") == "a=1"


SMUGGLED = ["ok;=HYPERLINK(A1);z", "bien,=1+2,z", "ok\n=1+2", 'ok;"=1+2";z', "ok\t@SUM(A1)"]


def test_nor_when_the_file_is_opened_as_parted_at_another_sign(
    rated: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    sofia = sign_in(rated.sofia)
    for language, text in zip(("en", "fr", "en", "fr", "en"), SMUGGLED, strict=True):
        with database.writing():
            db.session.execute(update(Rating).values(comment=text))
        sofia.act("/language", {"language": language})
        page = sofia.get(MONTH).press('[name="format"][value="csv"]').follow()
        write(app, database)
        file = sofia.get(f"{page.request.path}/file")
        assert file.data.decode("utf-8-sig").startswith('"'), "every cell is quoted"
        for separator in ",;\t":
            cells = [cell for row in csv_rows(file, separator) for cell in row]
            assert not [cell for cell in cells if cell.lstrip(' "').startswith(("=", "+", "@"))], (text, separator)


def test_a_text_too_long_for_a_cell_is_cut_and_not_lost(app: Flask) -> None:
    with app.test_request_context():
        writer = WRITERS["xlsx"]("Longs", [Column("text", "Text", None)])
        for text in ("é" * 32_767, "é" * 32_768):
            writer.write([text])
        book = load_workbook(io.BytesIO(writer.finish([], None)))
    assert [cell.value for cell in book.worksheets[0]["A"]][1:] == ["é" * 32_767, "é" * 32_766 + "…"]


def test_a_french_or_russian_file_is_parted_and_dated_as_there(
    rated: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    sofia = sign_in(rated.sofia)
    for language, moment in (("fr", "16/11/2026 09:00"), ("ru", "16.11.2026 09:00")):
        sofia.act("/language", {"language": language})
        page = sofia.get(MONTH).press('[name="format"][value="csv"]').follow()
        write(app, database)
        rows = csv_rows(sofia.get(f"{page.request.path}/file"), ";")
        assert len(rows[0]) == 11
        assert moment in {row[0] for row in rows}


def test_a_file_holds_all_pages(
    rated: Agency, sign_in: SignIn, app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.controls.queries.PER_PAGE", 2)
    monkeypatch.setattr(jobs, "STEP", 2)
    told: list[tuple[int, int | None]] = []
    monkeypatch.setattr(Work, "watch", lambda _work, done, total: told.append((done, total)))
    sofia = sign_in(rated.sofia)
    assert len(rows_of(sofia.get(MONTH))) == 2
    assert len(csv_rows(export(app, database, sofia, "csv", f"{MONTH}&page=2"))) == 6
    assert told == [(0, 5), (2, 5), (4, 5), (5, 5)]


def test_it_holds_what_one_may_see_when_it_is_written(
    rated: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    igor = sign_in(rated.igor)
    text = export(app, database, igor, "csv").data.decode()
    assert "Éloïse" in text
    assert "Claire" not in text
    assert "Nord" not in text
    page = ask(igor, "csv")
    with database.writing():
        moved = staff_sector.c.staff_id == rated.igor.id
        db.session.execute(delete(staff_sector).where(moved))
    write(app, database)
    assert len(csv_rows(igor.get(f"{page.request.path}/file"))) == 1, "only the headings are left"
    assert not igor.get(MONTH).soup.select("[name=format]"), "there is nothing to export any more"


def test_a_file_of_sectors_that_are_not_ones_own_any_more_is_to_be_made_again(
    rated: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    igor = sign_in(rated.igor)
    assert "Éloïse" in export(app, database, igor, "csv").data.decode()
    file = f"/staff/exports/{database.one(select(Export.id))}"
    with database.writing():
        igors = staff_sector.c.staff_id == rated.igor.id
        db.session.execute(insert(staff_sector).values(staff_id=rated.igor.id, sector_id=rated.north))
    assert igor.get(f"{file}/file").status == 200, "more sectors than it is of"
    with database.writing():
        db.session.execute(delete(staff_sector).where(igors, staff_sector.c.sector_id == rated.south))
    page = igor.get(f"{file}/file")
    assert page.status == 404
    assert "Éloïse" not in page.text
    page = igor.get(file)
    assert "The sectors in your hands have changed since this file was written. Make it again." in page.words
    assert not page.soup.select(f'a[href$="{file}/file"]')
    assert "To be made again" in igor.get("/staff/controls").words


def test_who_may_not_open_the_table_any_more_gets_no_file(
    rated: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    sofia = sign_in(rated.sofia)
    ask(sofia, "csv")
    with database.writing():
        db.session.get_one(Staff, rated.sofia.id).active = False
    write(app, database)
    assert database.one(select(Export.content)) is None
    assert database.all(DEED) == []


def test_a_file_is_nobody_elses_and_is_forgotten_after_a_week(
    rated: Agency, sign_in: SignIn, app: Flask, database: Database, time_machine: TimeMachineFixture
) -> None:
    sofia, ada = sign_in(rated.sofia), sign_in(rated.ada)
    export(app, database, sofia, "csv")
    where = f"/staff/exports/{database.one(select(Export.id))}"
    assert [sofia.get(where).status, sofia.get(f"{where}/file").status] == [200, 200]
    assert [ada.get(where).status, ada.get(f"{where}/file").status] == [404, 404]
    assert "client-quality-follow-up" in sofia.get("/staff/controls").words
    assert "client-quality-follow-up" not in ada.get("/staff/controls").words
    with app.app_context():
        assert jobs.sweep() == 0
        time_machine.move_to(NOON + timedelta(days=7, hours=1))
        assert jobs.sweep() == 1
    assert database.count(Export) == 0
    assert database.count(AuditEntry, AuditEntry.kind == "table.exported") == 1


def test_what_goes_wrong_is_said(
    rated: Agency, sign_in: SignIn, app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    sofia = sign_in(rated.sofia)
    page = ask(sofia, "csv")
    assert sofia.get(f"{page.request.path}/file").status == 404, "not yet"
    monkeypatch.setattr(jobs, "LONGEST", 2)
    write(app, database)
    assert "too long for one file" in sofia.get(page.request.path).words
    page = ask(sofia, "xlsx")
    monkeypatch.setattr(jobs, "LONGEST", 200)
    monkeypatch.setattr(jobs, "chosen", None)
    write(app, database)
    assert "could not be written" in sofia.get(page.request.path).words
    assert sofia.act(f"{TABLE}/export", {"format": "exe", "query": "period=this_month"}).status == 404
    wrong = sofia.act(f"{TABLE}/export", {"format": "csv", "query": f"period=this_month&sector={rated.south}"})
    assert wrong.status == 422
    assert database.all(DEED) == []


def test_filters_too_long_to_be_kept_are_refused_and_not_cut(
    rated: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(rated.sofia)
    where = f"{TABLE}?period=this_month&{'stars=1&' * 300}client=lefevre"
    screen = sofia.get(where)
    assert stars_of(screen) == ["1"]
    sentence = "These filters are too long to be kept. Please shorten what is typed in them."
    keep = screen.form("Save")
    for page in (screen.press('[name="format"][value="csv"]'), keep.submit(name="Longs")):
        assert (page.status, page.errors()) == (409, [sentence])
        assert stars_of(page) == ["1"]
    assert (database.count(Export), database.count(SavedFilter)) == (0, 0)


def test_a_job_that_is_run_twice_writes_one_file(
    rated: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    export(app, database, sign_in(rated.sofia), "csv")
    with database.writing():
        db.session.execute(update(Work).values(state="waiting"))
    write(app, database)
    assert len(database.all(DEED)) == 1


def test_a_file_that_is_ready_is_told_in_the_menu_until_it_has_been_seen(
    rated: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    sofia, ines = sign_in(rated.sofia), sign_in(rated.ines)
    page = ask(sofia, "csv")
    assert "file is ready" not in sofia.get("/staff/home").words
    write(app, database)
    told = sofia.get("/staff/home").at("#figure-list_controls").get_text()
    assert told == "1, 1 file is ready"
    assert "1 file is ready" in sofia.get("/staff/figures").data.decode()
    assert ines.get("/staff/home").at("#figure-list_controls").get_text() == "", "it is nobody else's"
    ready = sofia.get(page.request.path)
    assert ready.press("form[action$='/seen'] button").status == 303
    assert sofia.get("/staff/home").at("#figure-list_controls").get_text() == ""
    assert not sofia.get(page.request.path).soup.select("form[action$='/seen']")
