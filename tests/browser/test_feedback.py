"""The analytics: from a bar to the reviews behind it and back, and the file reopened and compared with the screen."""

import re
from io import BytesIO
from pathlib import Path

from openpyxl import load_workbook
from playwright.sync_api import expect

from tests import factories
from tests.browser import stories
from tests.browser.conftest import OpenTab
from tests.browser.test_controls import download
from tests.conftest import Database
from tests.factories import Agency

PAGE = "/staff/analytics/feedback?period=last_30_days&compare=none"
REVIEWS = "/staff/analytics/feedback/reviews?period=last_30_days"


def test_a_bar_leads_to_the_reviews_behind_it_and_the_file_holds_what_the_page_says(
    agency: Agency, open_tab: OpenTab, workers: None, database: Database, tmp_path: Path
) -> None:
    with database.writing():
        stories.feedback(agency)
    tab = open_tab(agency.sofia, width=1280)
    tab.open(PAGE)
    expect(tab.page.locator(".figures .figure").first).to_contain_text("3.7 / 5")  # (5 + 5 + 4 + 0 + 3 + 5) / 6
    tab.link("By worker").click()
    expect(tab.page).to_have_url(re.compile("by=worker"))
    row = tab.page.locator(".rated-by tbody tr").first
    expect(row).to_contain_text("Wassim Haddad")
    expect(row).to_contain_text("73%")  # the satisfaction coefficient: 22 of 30 stars
    tab.page.locator(".spread tbody tr", has_text="0 stars").get_by_role("link").click()
    expect(tab.page.locator(".voice")).to_have_count(1)
    tab.button("I have looked at it").click()
    expect(tab.page.locator(".voice")).to_contain_text("Looked at by Sofia Benali")
    tab.link("The figures of these").click()
    expect(tab.page.locator(".figures .figure").first).to_contain_text("n = 6")
    book = load_workbook(BytesIO(download(tab, "Export data", tmp_path)))
    heads = [cell.value for cell in book["By worker"][1]]
    written = dict(zip(heads, (cell.value for cell in book["By worker"][2]), strict=True))
    assert (written["Worker"], written["Ratings"], round(written["Mean of 5"], 2)) == ("Wassim Haddad", 6, 3.67)
    assert [row[10].value for row in book["Comments"].iter_rows(min_row=2)] == [5, 3, 0, 4, 5, 5]


def test_a_comment_without_a_space_is_broken(agency: Agency, open_tab: OpenTab, database: Database) -> None:
    with database.writing():
        stories.feedback(agency)
        factories.rate(agency.claire, agency.claires_done, 4, "x" * 4990)
    tab = open_tab(agency.sofia, width=360)
    for path in (REVIEWS, f"{REVIEWS}&view=table", "/staff/live"):
        tab.open(path)
        expect(tab.page.locator("#feedback, #live")).to_contain_text("xxx")
        assert tab.page.evaluate("document.documentElement.scrollWidth") <= 360, path


def test_reviews_on_paper_follow_their_heading_and_tell_days_and_order(
    agency: Agency, open_tab: OpenTab, database: Database
) -> None:
    with database.writing():
        stories.feedback(agency)
    tab = open_tab(agency.sofia, width=794)
    tab.open(f"{REVIEWS}&stars=5&stars=4&sort=highest")
    tab.page.emulate_media(media="print")
    chosen = tab.page.locator(".chosen")
    expect(chosen).to_contain_text(re.compile(r"Stars: 5, 4 · Order: Highest first · 4 results"), use_inner_text=True)
    voice = tab.page.locator(".voice").first
    expect(voice).not_to_contain_text("ago", use_inner_text=True)
    expect(voice).to_contain_text(re.compile(r"\d{4}, \d\d:\d\d"), use_inner_text=True)
    expect(tab.page.get_by_role("link", name="Answer the client")).to_have_count(0)
    assert voice.evaluate("it => getComputedStyle(it).breakInside") == "avoid"
    assert voice.evaluate("it => getComputedStyle(it.parentElement).breakInside") == "auto"
