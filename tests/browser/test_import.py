"""The agency brings in its planning: a file with faults, the refused lines mended, the visits in the list."""

import csv
import io
from pathlib import Path

import pytest
from playwright.sync_api import expect

from portal.visits.models import Visit
from tests.browser.conftest import OpenTab
from tests.browser.tab import Tab, refuse_barriers
from tests.conftest import Database
from tests.factories import Agency

TITLES = ["Client", "Date", "Heure de début", "Prestation", "Intervenant", "Durée", "Ordre de mission"]
LINES = [
    ["Mme LEFEVRE Claire", "24/11/2026", "9h30", "Ménage", "Wassim Haddad", "1h30", "Clés chez la gardienne"],
    ["Denis Moreau", "24/11/2026", "14:00", "Aide au lever", "Quelqu’un d’autre", "60", ""],
    ["Clair Lefèvre", "25/11/2026", "9h", "Ménage", "Wassim Haddad", "90", ""],
    ["Denis Moreau", "31/02/2027", "9h", "Ménage", "Wassim Haddad", "90", "=1+1"],
]


def csv_of(lines: list[list[str]], encoding: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(lines)
    return text.getvalue().encode(encoding)


def bring_in(tab: Tab, name: str, content: bytes, kind: str = "visits") -> None:
    """Choose a file and wait for its preview."""
    tab.open(f"/staff/imports?kind={kind}")
    file = {"name": name, "mimeType": "text/csv", "buffer": content}
    tab.page.get_by_label("File (CSV or XLSX)").set_input_files([file])  # ty: ignore[invalid-argument-type]
    tab.button("Show what it would do").click()
    expect(tab.page.locator("#import table")).to_be_visible(timeout=20_000)


def confirm(tab: Tab) -> None:
    tab.button("Confirm").click()
    expect(tab.page.locator("#import table")).to_be_visible(timeout=20_000)
    expect(tab.button("Confirm")).to_have_count(0)


def figures(tab: Tab) -> dict[str, int]:
    """How many lines come to what, by the names on the links above the table."""
    words = [link.inner_text().split() for link in tab.page.get_by_label("Lines by result").get_by_role("link").all()]
    return {" ".join(name): int(number) for *name, number in words}


@pytest.mark.parametrize("script", [True, False], ids=["with-script", "without-script"])
def test_refused_lines_are_mended_and_brought_in_again(
    script: bool, agency: Agency, open_tab: OpenTab, workers: None, database: Database, tmp_path: Path
) -> None:
    before = database.count(Visit)
    tab = open_tab(agency.sofia, width=1280, script=script)
    bring_in(tab, "planning.csv", csv_of([TITLES, *LINES], "cp1252"))
    assert figures(tab) == {"All lines": 4, "To create": 1, "Draft to create": 1, "Refused": 2}
    tab.shows("There is no client “Clair Lefèvre” in your sectors.", "“31/02/2027” is not a date.")
    tab.shows("There is no worker “Quelqu’un d’autre”.")
    if script:
        refuse_barriers(tab.page)
    assert database.count(Visit) == before, "nothing is written before it is confirmed"

    with tab.page.expect_download() as download:
        tab.link("Download the refused lines").first.click()
    download.value.save_as(tmp_path / "refused.csv")
    confirm(tab)
    assert database.count(Visit) == before + 2
    if script:
        refuse_barriers(tab.page)

    bring_in(tab, "mended.csv", mended(tmp_path / "refused.csv"))
    assert figures(tab) == {"All lines": 2, "To create": 2}
    confirm(tab)
    assert database.count(Visit) == before + 4

    tab.open("/staff/visits?from_day=2026-11-24")
    row = tab.page.locator("tr", has_text="24 November").filter(has_text="9:30–11:00")
    expect(row).to_contain_text("Claire Lefèvre")
    expect(tab.page.locator("tr", has_text="25 November").filter(has_text="9:00–10:30")).to_contain_text("To do")

    bring_in(tab, "mended.csv", mended(tmp_path / "refused.csv"))
    assert figures(tab) == {"All lines": 2, "Unchanged": 2}
    tab.shows("There is nothing to write")
    expect(tab.button("Confirm")).to_have_count(0)


def mended(path: Path) -> bytes:
    """Correct the two lines as somebody does in a spreadsheet, and leave the column of reasons where it is."""
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig")), delimiter=";"))
    assert rows[0] == [*TITLES, "Reason for refusal"]
    assert [row[0] for row in rows[1:]] == ["Clair Lefèvre", "Denis Moreau"]
    assert all(row[-1] for row in rows[1:]), "each line says why"
    rows[1][0], rows[2][1] = "Claire Lefèvre", "28/02/2027"
    return csv_of(rows, "utf-8-sig")


def test_a_file_that_is_no_table_says_so_and_offers_another_try(
    agency: Agency, open_tab: OpenTab, workers: None
) -> None:
    tab = open_tab(agency.sofia)
    tab.open("/staff/imports")
    picture = {"name": "photo.csv", "mimeType": "text/csv", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(200)}
    tab.page.get_by_label("File (CSV or XLSX)").set_input_files([picture])  # ty: ignore[invalid-argument-type]
    tab.button("Show what it would do").click()
    expect(tab.page.get_by_role("alert").filter(has_text="neither a CSV nor an XLSX")).to_be_visible(timeout=20_000)
    refuse_barriers(tab.page)
    tab.link("Choose another file").click()
    tab.is_at("/staff/imports")
    expect(tab.page.locator("tr", has_text="photo.csv")).to_contain_text("Not readable")


def test_a_preview_can_be_left_and_put_aside(
    agency: Agency, open_tab: OpenTab, workers: None, database: Database
) -> None:
    before = database.count(Visit)
    tab = open_tab(agency.sofia)
    bring_in(tab, "planning.csv", csv_of([TITLES, LINES[0]], "utf-8"))
    tab.open("/staff/imports")
    expect(tab.page.locator("tr", has_text="planning.csv")).to_contain_text("To be confirmed")
    tab.link("planning.csv").click()
    refuse_barriers(tab.page)
    tab.button("Put this file aside").click()
    tab.is_at("/staff/imports")
    expect(tab.page.get_by_text("planning.csv")).to_have_count(0)
    assert database.count(Visit) == before
