"""The control table: filters, order, a filter kept under a name, and its file reopened and compared with the screen."""

import csv
import io
import re
from pathlib import Path

from openpyxl import load_workbook
from playwright.sync_api import expect

from portal.extensions import db
from portal.people.models import Client, Service, Worker
from tests import factories
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab, refuse_barriers
from tests.conftest import Database
from tests.factories import Agency

COMMENTS = {5: "Parfait", 4: "", 2: '=HYPERLINK("http://evil.example")', 0: "Personne n’est venu;\nje suis déçue"}


def rate(agency: Agency, database: Database) -> None:
    with database.writing():
        claire, rising = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.rising)
        wassim = db.session.get_one(Worker, agency.wassim.id)
        for place, (stars, comment) in enumerate(COMMENTS.items()):
            made = factories.done_visit(claire, rising, [wassim], days=-2 - place)
            factories.rate(agency.claire, made.id, stars, comment)
        factories.rate(agency.denis, agency.denis_done, 3, "Bien")
        factories.rate(agency.eloise, agency.eloises_done, 1, "Au Sud")


def shown(tab: Tab) -> list[tuple[str, str, str]]:
    """Client, stars and comment of each row on the screen."""
    rows = tab.page.locator(".control-table tbody tr").all()
    return [
        (str(row.locator("td").nth(1).text_content()).strip(), str(row.locator(".stars").get_attribute("data-n")),
         str(row.locator("td").nth(7).text_content()).strip())
        for row in rows
    ]  # fmt: skip


def download(tab: Tab, name: str, folder: Path) -> bytes:
    """Ask for a file, wait until it is there, take it."""
    tab.button(name).click()
    expect(tab.link("Download the file")).to_be_visible(timeout=20_000)
    refuse_barriers(tab.page)
    with tab.page.expect_download() as taken:
        tab.link("Download the file").click()
    taken.value.save_as(folder / taken.value.suggested_filename)
    return (folder / taken.value.suggested_filename).read_bytes()


def test_what_was_narrowed_sorted_and_kept_is_what_the_file_holds(
    agency: Agency, open_tab: OpenTab, workers: None, database: Database, tmp_path: Path
) -> None:
    rate(agency, database)
    tab = open_tab(agency.sofia, width=1280)
    tab.open("/staff/home")
    tab.link("Information control").click()
    tab.link("Client quality follow-up").click()
    tab.shows("then press “Launch”")
    tab.page.get_by_label("Client", exact=True).fill("lefevre")
    tab.page.get_by_label("Period", exact=True).select_option("From … to …")
    tab.page.get_by_label("From", exact=True).fill("2026-11-30")
    tab.page.get_by_label("To", exact=True).fill("2026-11-01")
    tab.button("Launch").click()
    expect(tab.page.locator(".error")).to_have_text("The period ends before it begins.")
    refuse_barriers(tab.page)
    tab.page.get_by_label("Period", exact=True).select_option("This month")
    expect(tab.page.get_by_label("From", exact=True)).to_be_hidden()
    tab.page.get_by_label("Client", exact=True).press("Enter")
    expect(tab.page.locator(".control-table tbody tr")).to_have_count(4)
    expect(tab.page.locator(".figure", has_text="Average")).to_contain_text("2.8 / 5")
    expect(tab.page).to_have_url(re.compile("client=lefevre"))
    assert "worker" not in tab.page.url, "what is left open stays out of the address"

    tab.mark()
    tab.page.locator("thead").get_by_role("link", name="Stars").click()
    expect(tab.page.locator("thead th[aria-sort=ascending]")).to_have_text("Stars")
    assert tab.reloads() == 0
    screen = shown(tab)
    assert [row[1] for row in screen] == ["0", "2", "4", "5"]

    tab.page.get_by_label("Name of the filter").fill("Claire, du pire au meilleur")
    tab.button("Save").click()
    tab.shows("The filter is kept.")
    refuse_barriers(tab.page)
    tab.open("/staff/controls/quality")
    tab.link("Claire, du pire au meilleur").click()
    expect(tab.page.locator(".control-table tbody tr")).to_have_count(4)
    assert shown(tab) == screen

    book = load_workbook(io.BytesIO(download(tab, "Export to Excel (XLSX)", tmp_path)))
    rows = [[cell.value for cell in row] for row in book.worksheets[0].iter_rows(min_row=2)]
    assert [(row[1], str(row[6]), row[7] or "") for row in rows] == screen
    assert not [cell for row in book.worksheets[0].iter_rows() for cell in row if cell.data_type == "f"]
    tab.link("Back to the table").click()
    content = download(tab, "Export as CSV", tmp_path).decode("utf-8-sig")
    lines = list(csv.reader(io.StringIO(content, newline="")))[1:]
    assert [(row[1], row[6], row[7].removeprefix("'")) for row in lines] == screen
    assert lines[1][7].startswith("'=")

    tab.open("/staff/controls")
    expect(tab.page.locator("tr", has_text=".csv")).to_contain_text("Ready")
    refuse_barriers(tab.page)
