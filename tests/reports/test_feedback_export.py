"""*Exporter les données*: three sheets of what the page shows and one of what it means, read by another program."""

import csv
import io
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from sqlalchemy import select, update

from portal.controls import jobs
from portal.controls.models import Export
from portal.extensions import db
from portal.people.models import Staff, staff_sector
from portal.ratings.models import Rating
from portal.settings.actions import set_option
from portal.work import jobs as work
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Browser, Page
from tests.reports.test_feedback import PAGE, asked, figures, number, table

MONTH = f"{PAGE}?period=this_month"


@pytest.fixture
def counted(rated: Agency, database: Database) -> Agency:
    with database.writing():
        set_option(None, "ratings.minimum_sample", "2")
    return rated


def export(app: Flask, database: Database, browser: Browser, what: str = "xlsx", where: str = MONTH) -> Any:
    """Press the button, have the file written, download it."""
    page = browser.get(where).press(f'[name="as"][value="{what}"]').follow()
    assert "Writing the file" in page.words
    with app.app_context():
        work.run(database.one(select(Export.work_id).order_by(Export.id.desc()).limit(1)))
    ready = browser.get(page.request.path)
    assert "The file is ready" in ready.words
    assert ready.link("Back to the analytics").click().status == 200
    return ready.link("Download the file").click()


def book(page: Page) -> Workbook:
    return load_workbook(io.BytesIO(page.data))


def rows(sheet: Worksheet) -> list[dict[str, Any]]:
    heads = [cell.value for cell in sheet[1]]
    return [dict(zip(heads, (cell.value for cell in row), strict=True)) for row in sheet.iter_rows(min_row=2)]


def test_the_sheets_hold_what_the_page_says(counted: Agency, sign_in: SignIn, app: Flask, database: Database) -> None:
    sofia = sign_in(counted.sofia)
    screen, found = asked(sofia, by="worker", compare="none"), book(export(app, database, sofia))
    assert found.sheetnames == ["By worker", "By date", "Comments", "Filters"]
    workers, days, comments = (rows(found[name]) for name in found.sheetnames[:3])
    shown = {row[1]: row for row in table(screen, "Rating")}
    assert {row["Worker"]: str(row["Ratings"]) for row in workers} == {name: row[2] for name, row in shown.items()}
    wassim, nadia = (next(row for row in workers if row["Worker"] == name) for name in ("Wassim Haddad", "Nadia Abbas"))
    assert (wassim["Mean of 5"], wassim["Satisfaction coefficient, %"], wassim["NPS (from stars)"]) == (3, 60, -25)
    assert [wassim[f"{stars} ★"] for stars in range(6)] == [1, 0, 0, 1, 1, 1]
    assert (nadia["Mean of 5"], nadia["Enough answers"], nadia["Ratings"]) == (None, "no", 1)
    assert sum(row["Ratings"] for row in days) == number(screen) == 4
    assert sum(row["Done visits"] for row in days) == int(figures(screen)["Coverage"].split("n = ")[1].split(" ")[0])
    assert days[0]["From"] == datetime(2026, 11, 1)  # noqa: DTZ001 - a workbook knows no zones
    assert [row["Ratings"] for row in days] == [int(row[1]) for row in table(asked(sofia), "Rating")], "weeks, as usual"
    assert [row["Stars"] for row in comments if row["Counted"] == "yes"] == [4, 0, 5, 3]
    assert [(row["Stars"], row["Excluded"]) for row in comments if row["Counted"] == "no"] == [(1, "Une autre visite")]
    both = next(row["Workers"] for row in comments if row["Stars"] == 0)
    assert sorted(both.split(", ")) == ["Nadia Abbas", "Wassim Haddad"]
    said = {row[0].value: row[1].value for row in found["Filters"].iter_rows()}
    assert found["Filters"]["A1"].value == "Customer feedback", "not the name of the first sheet"
    assert said["Which ratings"].endswith("stand on the sheet of comments alone.")
    assert said["Period"] == "1 November 2026 – 30 November 2026"
    assert "Promoters: from 5 stars." in said["NPS (from stars)"]
    assert "workers_mean" in found.defined_names
    assert found.defined_names["workers_n"].attr_text.startswith("'By worker'!$T$2")


def test_days_chosen_on_the_page_are_days_in_the_file(
    counted: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    sofia = sign_in(counted.sofia)
    page = asked(sofia, step="day", by="worker", compare="none")
    found = book(export(app, database, sofia, where=page.request.full_path))
    days = rows(found["By date"])
    assert len(days) == 17
    assert all(row["From"] == row["To"] for row in days)


def test_of_one_source_no_request_is_told(counted: Agency, sign_in: SignIn, app: Flask, database: Database) -> None:
    sofia = sign_in(counted.sofia)
    asking = ("Done visits", "Requests sent", "Refused by the mail server", "Rated by the client")
    for source, told in (("mail", False), ("clients", True), ("", True)):
        found = book(export(app, database, sofia, where=f"{MONTH}&source={source}"))
        for sheet in ("By worker", "By date"):
            cells = [row[name] for row in rows(found[sheet]) for name in asking]
            assert cells
            assert all((cell is not None) is told for cell in cells), (source, sheet)
        said = {row[0].value: row[1].value for row in found["Filters"].iter_rows()}
        assert ("a request does not say" in said["Response rate, strict, %"]) is not told


def test_names_of_columns_stay_in_another_language(
    counted: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    sofia = sign_in(counted.sofia)
    english = set(book(export(app, database, sofia)).defined_names)
    sofia.act("/language", {"language": "fr"})
    page = sofia.get(MONTH).press('[name="as"][value="xlsx"]').follow()
    with app.app_context():
        work.run(database.one(select(Export.work_id).order_by(Export.id.desc()).limit(1)))
    french = book(sofia.get(f"{page.request.path}/file"))
    assert set(french.defined_names) == english
    assert [cell.value for cell in french.worksheets[2][1]][:2] != [cell.value for cell in french.worksheets[0][1]][:2]


def test_a_sheet_alone_is_a_csv_file(counted: Agency, sign_in: SignIn, app: Flask, database: Database) -> None:
    sofia = sign_in(counted.sofia)
    with database.writing():
        db.session.execute(update(Rating).where(Rating.comment == "Parfait").values(comment="=1+1"))
    names = {"csv-workers": "by-worker", "csv-days": "by-date", "csv-comments": "comments"}
    for what, length in (("csv-workers", 2), ("csv-days", 4), ("csv-comments", 5)):
        page = export(app, database, sofia, what)
        assert f'="customer-feedback-{names[what]}-2026-11-17.csv"' in page.headers["Content-Disposition"]
        lines = list(csv.reader(io.StringIO(page.data.decode("utf-8-sig"), newline="")))
        assert len(lines) == 1 + length, what
        assert lines[0][0] == {"csv-workers": "Number of the worker [id]", "csv-days": "From [first_day]",
                               "csv-comments": "Number of the rating [rating]"}[what]  # fmt: skip
    assert {line[11] for line in lines[1:]} == {"", "Personne n’est venu", "'=1+1"}


def test_every_column_has_its_meaning_and_its_key(
    counted: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    found = book(export(app, database, sign_in(counted.sofia)))
    meant = {row[2].value: (row[0].value, row[1].value) for row in found["Filters"].iter_rows() if row[2].value}
    for sheet, name in (("workers", "By worker"), ("days", "By date"), ("comments", "Comments")):
        heads = [cell.value for cell in found[name][1]]
        keys = [key.removeprefix(f"{sheet}_") for key in found.defined_names if key.startswith(f"{sheet}_")]
        assert sorted(meant[key][0] for key in keys) == sorted(heads), name
        assert all(meant[key][1] for key in keys), name
    assert "client was asked" in meant["coverage"][1] and "has rated" in meant["rated_part"][1]


def test_rates_of_the_sheet_are_those_of_the_page(
    sent: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    sofia = sign_in(sent.sofia)
    (wassim,) = rows(book(export(app, database, sofia))["By worker"])
    told = figures(asked(sofia, worker="wassim", compare="none"))
    for column, figure in (("Response rate, strict, %", "Response rate, strict"), ("Coverage, %", "Coverage"),
                           ("Response rate, delivered, %", "Response rate, delivered"),
                           ("Rated part, %", "Rated part")):  # fmt: skip
        assert told[figure].startswith(f"{wassim[column]:.0f}%"), column


def test_every_figure_of_the_sheet_has_its_interval(
    sent: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    sofia = sign_in(sent.sofia)
    for what, sheet in (("By worker", "csv-workers"), ("By date", "csv-days")):
        for line in rows(book(export(app, database, sofia))[what]):
            for name in ("Response rate, strict, %", "Response rate, delivered, %", "Coverage, %", "Rated part, %",
                         "Satisfied (4–5 ★), %", "Satisfaction coefficient, %"):  # fmt: skip
                value, low, high = (line[f"{name}{end}"] for end in ("", ": low end (95 %)", ": high end (95 %)"))
                assert (low is None) is (high is None) is (value is None), name
                assert value is None or 0 <= low <= value <= high <= 100, name
        heads = export(app, database, sofia, sheet).data.decode("utf-8-sig").splitlines()[0]
        assert "Coverage, %: low end (95 %) [coverage_low]" in heads
    (wassim,) = rows(book(export(app, database, sofia))["By worker"])
    told = figures(asked(sofia, worker="wassim", compare="none"))
    for name in ("Response rate, strict", "Coverage", "Rated part"):
        low, high = (wassim[f"{name}, %: {end} end (95 %)"] for end in ("low", "high"))
        assert f"between {low:.0f}% and {high:.0f}%" in told[name]


def test_a_file_is_as_long_as_what_it_holds(
    counted: Agency, sign_in: SignIn, app: Flask, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "LONGEST", 5)  # comments alone are five, all sheets together more
    sofia = sign_in(counted.sofia)
    for what in ("csv-workers", "csv-comments"):
        assert export(app, database, sofia, what).status == 200
    page = sofia.get(MONTH).press('[name="as"][value="xlsx"]').follow()
    with app.app_context():
        work.run(database.one(select(Export.work_id).order_by(Export.id.desc()).limit(1)))
    refused = sofia.get(page.request.path)
    assert "Choose a shorter period, or one sheet as CSV." in refused.words


def test_the_file_leads_back_to_the_page_as_it_was(
    counted: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    sofia = sign_in(counted.sofia)
    before = asked(sofia, by="worker", funnel="asked", service=counted.rising, compare="none")
    page = sofia.get(before.request.full_path).press('[name="as"][value="csv-workers"]').follow()
    with app.app_context():
        work.run(database.one(select(Export.work_id).order_by(Export.id.desc()).limit(1)))
    back = sofia.get(page.request.path).link("Back to the analytics").click()
    assert str(back.at("#feedback")) == str(before.at("#feedback"))


def test_a_file_says_which_of_its_months_are_closed(
    october: Agency, close: Callable[[], Page], sign_in: SignIn, app: Flask, database: Database
) -> None:
    close()
    where = f"{PAGE}?period=last_12_months"
    found = book(export(app, database, sign_in(october.sofia), where=where))
    said = {row[0].value: row[1].value for row in found["Filters"].iter_rows()}
    assert said["October 2026"].startswith("Closed on 17 November 2026, 12:00. The figures of this file are those of")


def test_no_cell_is_a_formula(counted: Agency, sign_in: SignIn, app: Flask, database: Database) -> None:
    with database.writing():
        db.session.execute(update(Rating).values(comment='=HYPERLINK("http://evil.example")'))
    for sheet in book(export(app, database, sign_in(counted.ines))).worksheets:
        assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}


def test_it_holds_the_sectors_of_who_asks(counted: Agency, sign_in: SignIn, app: Flask, database: Database) -> None:
    igor = sign_in(counted.igor)
    found = book(export(app, database, igor))
    written = str([[cell.value for cell in row] for sheet in found.worksheets for row in sheet.iter_rows()])
    assert not [word for word in ("Claire", "Lefèvre", "Wassim", "Parfait") if word in written]
    assert [row["Stars"] for row in rows(found["Comments"])] == [2]
    page = igor.get(MONTH).press('[name="as"][value="xlsx"]').follow()
    with database.writing():  # the sectors change before it is fetched
        db.session.execute(staff_sector.delete().where(staff_sector.c.staff_id == counted.igor.id))
        db.session.execute(update(Staff).where(Staff.id == counted.igor.id).values(active=True))
    assert igor.get(f"{page.request.path}/file").status == 404


def test_what_is_asked_oddly_is_not_written(counted: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(counted.sofia)
    assert sofia.act(f"{PAGE}/export", {"as": "pdf", "query": "period=this_month"}).status == 404
    refused = sofia.act(f"{PAGE}/export", {"as": "xlsx", "query": f"sector={counted.south}"})
    assert refused.status == 422


def test_the_sheet_of_comments_holds_what_the_survey_asked_besides(
    counted: Agency, sign_in: SignIn, app: Flask, database: Database
) -> None:
    with database.writing():
        said = {"criteria": {"q_punct": 2}, "remarks": [{"fr": "En retard", "en": "Arrived late"}]}
        rating_id = db.session.scalar(select(Rating.id).where(Rating.stars == 0))
        db.session.execute(update(Rating).where(Rating.id == rating_id).values(details=said, call_back=True))
    lines = rows(book(export(app, database, sign_in(counted.sofia)))["Comments"])
    line, other = next(row for row in lines if row["Stars"] == 0), next(row for row in lines if row["Stars"] == 4)
    assert (line["Did the worker arrive on time?"], line["Were the planned tasks done?"]) == (2, None)
    assert (line["What applies"], line["Wishes to be called back"]) == ("Arrived late", "yes")
    assert (other["What applies"], other["Wishes to be called back"]) == (None, "no")
