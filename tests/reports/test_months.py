"""*Clôturer le mois*: what counted stays as it was; what changes later is listed beside it, never folded in."""

import io
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from flask_babel import force_locale
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import func, select, update

from portal import clock
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client, Service
from portal.ratings.models import FormerRating, Rating
from portal.ratings.values import Value, replace_value
from portal.reports import month_changes
from portal.reports.month_book import month_book
from portal.reports.month_models import ClosedMonth, ClosedRating
from portal.reports.months import closed_month
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Browser, Page
from tests.reports.conftest import MONTHS, tallied
from tests.reports.test_feedback import asked, figures, number, words

MONTH = f"{MONTHS}/2026/10"


def differences(page: Page) -> list[list[str]]:
    """The ratings that are not as they were, without the names of the clients."""
    table = page.soup.select("#since ~ h3 ~ .table-frame table")
    return [[words(cell) for cell in row.select("td")][1:] for row in table[0].select("tbody tr")] if table else []


def compared(page: Page) -> dict[str, list[str]]:
    """Each figure as it was and as it is."""
    table = page.soup.select("#since ~ .table-frame table")[0]
    rows = [[words(cell) for cell in row.select("td")] for row in table.select("tbody tr")]
    return {label: sides for label, *sides in rows}


def paper(browser: Browser) -> str:
    """The report of the month, without the line of when it was written."""
    pages = PdfReader(io.BytesIO(browser.get(f"{MONTH}/report").data)).pages
    return " ".join(" ".join(part.extract_text() for part in pages).split())


def test_a_closed_month_keeps_what_counted(
    october: Agency, close: Callable[[], Page], sign_in: SignIn, database: Database
) -> None:
    page = close()
    assert "Closed by Inès Caron on 17 November 2026, 12:00." in page.words
    before = figures(page)
    assert before["Overall rating"].startswith("3.5 / 5")  # (5 + 4 + 4 + 1) / 4
    assert before["Rated part"].startswith("83% | n = 6 ")  # the excluded one was an answer too
    assert before["Coverage"].startswith("0% | n = 6 ")
    assert differences(page) == []
    assert "Nothing: what counted then counts today." in page.words
    assert {one for side in compared(page).values() for one in [side[1].removeprefix("= ") == side[0]]} == {True}
    with database.writing():
        ratings = db.session.scalars(select(Rating).order_by(Rating.id)).all()
        ratings[0].stars, ratings[1].excluded_at, ratings[1].exclude_reason = 2, clock.now(), "Un doublon"
        ratings[3].excluded_at = ratings[3].exclude_reason = None
        unrated = db.session.scalar(select(func.max(Rating.subject_id)))
        set_option(None, "ratings.passives_from", "2")
        visit = factories.done_visit(db.session.get_one(Client, october.claire.id),
                                     db.session.get_one(Service, october.rising), [], days=-27)  # fmt: skip
        assert unrated
        factories.rate(october.claire, visit.id, 3)
        tallied()
    ines = sign_in(october.ines)
    page = ines.get(MONTH)
    assert figures(page) == before, "what was closed does not move"
    assert differences(page) == [
        ["Aide au lever", "0 out of 5 Not counted On the portal", "0 out of 5 On the portal", "Counted again"],
        ["Aide au lever", "4 out of 5 On the portal", "4 out of 5 Not counted On the portal", "Excluded"],
        ["Aide au lever", "5 out of 5 On the portal", "2 out of 5 On the portal", "Other stars"],
        ["Aide au lever", "not rated", "3 out of 5 On the portal", "Rated since"],
    ]
    sides = compared(page)
    assert sides["Ratings"] == ["4", "5"]
    assert sides["Overall rating"][1].startswith("2.0 / 5 n = 5 ")  # (2 + 4 + 0 + 1 + 3) / 5
    assert sides["Overall NPS (from stars)"][1].startswith("−80 n = 5 "), "by the rules of then"
    assert [side[:3] for side in sides["Satisfied: 4 or 5 stars"]] == ["75%", "20%"]
    assert [sides[name] for name in ("Positive: 4 or 5 stars", "Negative: 0 to 2 stars", "Done visits")] == [
        ["3", "1"], ["1", "3"], ["6", "7"],
    ]  # fmt: skip
    assert "Both columns follow the rules of the day on which the month was closed" in page.words
    assert number(asked(ines, period="last_month")) == 5, "live pages show what counts now"


def test_a_closed_month_keeps_the_fewest_answers(
    october: Agency, close: Callable[[], Page], sign_in: SignIn, database: Database, app: Flask
) -> None:
    closed = close()
    assert "A figure is told from 2 answers on." in closed.words
    assert "Both columns follow the rules" not in closed.words
    ines = sign_in(october.ines)
    ranked = [words(row) for row in closed.soup.select("table")[0].select("tbody tr")]
    said = paper(ines)
    with database.writing():
        set_option(None, "ratings.minimum_sample", "50")
        set_option(None, "ratings.promoters_from", "4")
        set_option(None, "ratings.passives_from", "3")
    page = ines.get(MONTH)
    assert figures(page) == figures(closed)
    assert [words(row) for row in page.soup.select("table")[0].select("tbody tr")] == ranked
    assert compared(page) == compared(closed), "today beside it by the same rules"
    assert "Both columns follow the rules" in page.words
    assert paper(ines) == said
    assert figures(asked(ines, period="last_month"))["Overall rating"].startswith("Not enough answers")
    with app.test_request_context(), force_locale("en"):
        book = load_workbook(io.BytesIO(month_book(october.ines.user, date(2026, 10, 1))))
    heads, *lines = ([cell.value for cell in row] for row in book["By worker"].rows)
    names = [line[1] for line in lines]
    assert names == sorted(names) and len(names) > 1
    wassim = next(line for line in lines if "Wassim" in line[1])
    cells = dict(zip(heads, wassim, strict=True))
    assert (cells["Enough answers"], cells["Promoters"], cells["Passives"]) == ("yes", 1, 2)
    assert round(cells["Mean of 5"], 2) == 4.33
    assert cells["Mean for the order"] is not None
    assert next(row[1].value for row in book["Then and today"].rows if row[0].value == "Overall rating") == 3.5


def test_a_workbook_of_a_closed_month_tells_the_rules_of_then(
    october: Agency, close: Callable[[], Page], database: Database, app: Flask
) -> None:
    close()
    with database.writing():
        set_option(None, "ratings.minimum_sample", "50")
        set_option(None, "ratings.promoters_from", "4")
        set_option(None, "ratings.passives_from", "3")
    with app.test_request_context(), force_locale("en"):
        book = load_workbook(io.BytesIO(month_book(october.ines.user, date(2026, 10, 1))))
    said = {row[0].value: row[1].value for row in book["Filters"].rows}
    assert book["Filters"]["A1"].value == "Customer feedback: October 2026"
    assert said["Enough answers"].startswith("From 2 on.")
    assert (said["Promoters"], said["Detractors"]) == ("Ratings from 5 stars on.", "Ratings of fewer than 4 stars.")
    assert said["NPS (from stars)"].startswith("Promoters: from 5 stars. Passives: from 4 stars.")
    assert said["Which ratings"].endswith("Ratings excluded from the statistics do not count."), "no sheet of comments"


def test_every_edit_is_named_and_no_word_is_quoted(
    october: Agency, close: Callable[[], Page], sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        first, second, third = db.session.scalars(select(Rating).where(Rating.stars > 3).order_by(Rating.id)).all()
        first.comment, second.comment = "Des mots d’avant", "Toujours pareil"
        tallied()
    close()

    def say(rating: Rating, stars: int | None = None, comment: str | None = None, channel: str = "portal") -> None:
        value = Value(stars or rating.stars, comment or rating.comment, channel, "Claire", "client")
        replace_value(october.claire.user, rating, value)

    with database.writing():
        first, second, third = db.session.scalars(select(Rating).where(Rating.stars > 3).order_by(Rating.id)).all()
        say(first, comment="Des mots tout autres")
        say(second, stars=3)
        say(second, stars=4)
        say(third, channel="mail", comment="Un mot de plus")
        tallied()
    page = sign_in(october.ines).get(MONTH)
    assert [row[3] for row in differences(page)] == ["Other source, Other words", "Other words"]
    assert "Nothing: what counted" not in page.words, "though every figure of stars is the same"
    assert "mots" not in page.words.replace("mots-clés", "")
    assert compared(page)["With a comment"] == ["2", "3"]


def test_a_word_more_is_a_difference_though_no_figure_moves(
    october: Agency, close: Callable[[], Page], sign_in: SignIn, database: Database
) -> None:
    close()
    with database.writing():
        rating = db.session.scalars(select(Rating).where(Rating.stars == 5)).one()
        rating.details = {"criteria": {"q_punct": 2}, "remarks": []}
        db.session.add(FormerRating(rating_id=rating.id, stars=5, author_name="Claire", left_at=rating.left_at))
        rating.changed_at = clock.now()
    page = sign_in(october.ines).get(MONTH)
    assert [row[3] for row in differences(page)] == ["Other words"]
    assert "Nothing: what counted" not in page.words


def test_all_differences_are_listed_page_by_page(
    october: Agency, close: Callable[[], Page], sign_in: SignIn, database: Database, app: Flask
) -> None:
    close()
    few = len(sign_in(october.ines).get(MONTH).statements)
    with database.writing():
        claire, rising = db.session.get_one(Client, october.claire.id), db.session.get_one(Service, october.rising)
        for place in range(60):
            visit = factories.done_visit(claire, rising, [], days=-27, hour=6 + place % 12)
            factories.rate(october.claire, visit.id, 4)
        tallied()
    ines = sign_in(october.ines)
    page = ines.get(MONTH)
    assert (len(differences(page)), "60 results" in page.words) == (50, True)
    assert len(page.statements) == few <= 12
    assert len(differences(page.link("Next page").click())) == 10
    with app.test_request_context():
        closed = closed_month(date(2026, 10, 1))
        assert closed
        assert len(list(month_changes.each_difference(october.ines.user, closed))) == 60, "the workbook has all"


def test_a_paper_says_how_many_more_there_are(
    october: Agency, close: Callable[[], Page], sign_in: SignIn, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    close()
    monkeypatch.setattr(month_changes, "ON_PAPER", 1)
    with database.writing():
        for rating in db.session.scalars(select(Rating).where(Rating.stars == 4)):
            rating.stars = 1
        tallied()
    said = paper(sign_in(october.ines))
    assert "Positive: 4 or 5 stars" in said, "in letters that the fonts of the paper have"
    assert "1 more rating is not as it was" in said
    assert "3.5 / 5" in said and "2.0 / 5" in said, "then and today"


def test_everybody_sees_their_sectors_of_it(october: Agency, close: Callable[[], Page], sign_in: SignIn) -> None:
    close()
    assert figures(sign_in(october.sofia).get(MONTH))["Overall rating"].startswith("4.3 / 5")
    igor = sign_in(october.igor).get(MONTH)
    assert figures(igor)["Overall rating"] == "Not enough answers | n = 1"
    assert "Wassim" not in igor.words


def test_a_month_is_closed_once_when_it_is_over_and_by_who_may(
    october: Agency, close: Callable[[], Page], sign_in: SignIn, database: Database
) -> None:
    sofia, ines, ada = sign_in(october.sofia), sign_in(october.ines), sign_in(october.ada)
    form = ada.get(f"{MONTH}/closing").form("Close the month")
    assert "Close the month" not in sofia.get(MONTHS).words
    assert sofia.act(f"{MONTH}/closing").status == 403
    close()
    second = form.submit()
    assert second.status == 409
    assert "Somebody has closed this month already." in second.words
    assert database.one(select(func.count()).select_from(ClosedMonth)) == 1
    assert database.one(select(func.count()).select_from(ClosedRating)) == 5
    assert database.all(select(AuditEntry.account_id, AuditEntry.after).where(AuditEntry.kind == "month.closed")) == [
        (october.ines.account_id, {"month": "2026-10-01"})
    ]
    for path in ("/staff/analytics/months/2026/11/closing", "/staff/analytics/months/2026/13/closing",
                 "/staff/analytics/months/2026/9", "/staff/analytics/months/0/1"):  # fmt: skip
        assert ines.get(path).status == 404, path


def test_it_is_said_before_what_is_still_open(october: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        visit = factories.done_visit(db.session.get_one(Client, october.denis.id),
                                     db.session.get_one(Service, october.rising), [], days=-20, ask=True)  # fmt: skip
        factories.request_of(visit.id).message.state = "scheduled"
        db.session.execute(update(Client).values(active=True))
        tallied()
    page = sign_in(october.ines).get(f"{MONTH}/closing")
    assert "1 request can still be answered" in page.words


def test_a_request_that_was_kept_back_is_open_as_long_as_its_link(
    october: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        visit = factories.done_visit(db.session.get_one(Client, october.denis.id),
                                     db.session.get_one(Service, october.rising), [], days=-20, ask=True)  # fmt: skip
        factories.sent_request(visit, "denis@example.org")
        factories.request_of(visit.id).expires_at = clock.now() + timedelta(hours=1)
        tallied()
    ines = sign_in(october.ines)
    assert "1 request can still be answered" in ines.get(f"{MONTH}/closing").words
    with database.writing():
        factories.request_of(visit.id).expires_at = clock.now() - timedelta(hours=1)
    assert "No request of this month can still be answered by mail." in ines.get(f"{MONTH}/closing").words


def test_the_list_begins_with_the_first_month_that_has_a_visit(october: Agency, sign_in: SignIn) -> None:
    rows = sign_in(october.ines).get(MONTHS).soup.select("tbody tr")
    assert [words(row.select("td")[0]) for row in rows] == ["October 2026"]
