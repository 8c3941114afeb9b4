"""*Suivi qualité clients*: every rating of one's sectors, what it comes to, narrowed and sorted as one likes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.extensions import db
from portal.people.models import Client, Sector, Service, Worker
from portal.ratings.actions import change_rating
from portal.ratings.models import Rating
from portal.ratings.queries import visible_ratings
from portal.reports import quality
from portal.reports.quality import QUALITY, SOURCES
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Browser, Page
from tests.reports.conftest import MONTH, TABLE


def rows_of(page: Page) -> list[list[str]]:
    """The cells of the table, row by row."""
    lines = page.soup.select("#result .control-table tbody tr")
    return [[" ".join(cell.get_text(" ").split()) for cell in line.select("td")] for line in lines]


def stars_of(page: Page) -> list[str]:
    return [str(tag["data-n"]) for tag in page.soup.select("#result .control-table .stars")]


def figures(page: Page) -> dict[str, str]:
    """Each figure above the table with its note."""
    found = {}
    for box in page.soup.select(".figures .figure"):
        label, *rest = (" ".join(part.get_text(" ").split()) for part in box.select("p"))
        found[label] = " · ".join(rest)
    return found


def asked(browser: Browser, **filters: object) -> Page:
    return browser.get(f"{TABLE}?{urlencode({'period': 'this_month', **filters}, doseq=True)}")


def test_the_way_to_it_is_the_one_that_people_know(rated: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(rated.sofia)
    page = sofia.get("/staff/home").link("Information control").click().link("Client quality follow-up").click()
    assert "Launch" in page.words
    assert not page.soup.select("#result table"), "nothing is computed before it is launched"
    assert not [said for said in page.statements if "rating.comment" in said]
    page = page.form("Launch").submit()
    assert stars_of(page) == ["3", "5", "0", "1", "4"], "the newest visit stands first"


def test_it_says_everything_about_a_rating(rated: Agency, sign_in: SignIn) -> None:
    rows = rows_of(asked(sign_in(rated.sofia), sort="visit"))
    assert [row[1:9] + row[10:] for row in rows[1:3]] == [
        ["Claire Lefèvre", "Wassim Haddad", "Aide au lever", "Nord", "Sofia Benali", "1 out of 5", "", "On the portal",
         "Une autre visite"],
        ["Claire Lefèvre", "Nadia Abbas, Wassim Haddad", "Ménage", "Nord", "Sofia Benali", "0 out of 5",
         "Personne n’est venu", "Entered by the agency", ""],
    ]  # fmt: skip
    assert rows[2][0] == "Thu 12 November 9:00"
    assert rows[0][8] == "By mail"


def test_a_rating_was_left_when_it_was_last_changed(
    rated: Agency, sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    sofia = sign_in(rated.sofia)
    assert rows_of(asked(sofia))[1][9] == "Tue 17 November 12:00"
    time_machine.shift(timedelta(minutes=7))
    with database.writing():
        rating = db.session.scalars(select(Rating).where(Rating.comment == "Parfait")).one()
        change_rating(rated.claire.user, rating, 4, "Bien", rating.version)
    row = next(row for row in rows_of(asked(sofia)) if "Bien" in row)
    assert row[9] == "Tue 17 November 12:07"


def test_the_figures_are_those_computed_by_hand(rated: Agency, sign_in: SignIn) -> None:
    page = asked(sign_in(rated.sofia))
    assert figures(page) == {
        "Ratings": "5 · 1 of them excluded from the average",
        "Average": "3.0 / 5 · n = 4",  # (5 + 4 + 3 + 0) / 4
        "Given by clients themselves": "4.0 / 5 · n = 3",
        "Entered by the agency": "0.0 / 5 · n = 1",
    }
    spread = [row.get_text(" ", strip=True) for row in page.soup.select(".spread tr")]
    assert spread == ["5 stars 1", "4 stars 1", "3 stars 1", "2 stars 0", "1 star 0", "0 stars 1"]
    assert len(page.soup.select("tr.excluded")) == 1
    assert figures(asked(sign_in(rated.ines)))["Average"] == "2.8 / 5 · n = 5"  # with the South's 2


FILTERS = (
    ({"worker": "haddad WASSIM"}, "01345"),
    ({"worker": "nadia"}, "0"),
    ({"client": "lefevre"}, "0145"),
    ({"worker": "Хаддад", "client": "Лефевр"}, "0145"),
    ({"service": "rising"}, "15"),
    ({"source": "staff"}, "0"),
    ({"source": "mail"}, "4"),
    ({"comment": "with"}, "05"),
    ({"comment": "without"}, "134"),
    ({"stars": ["0", "3"]}, "03"),
    ({"manager": "sofia"}, "01345"),
    ({"sector": "north", "client": "denis"}, "3"),
    ({"period": "last_month"}, "5"),
    ({"period": "free", "first_day": "2026-11-11", "last_day": "2026-11-12"}, "01"),
    ({"period": "", "first_day": "2026-11-12"}, "035"),
    ({"period": "free", "last_day": "2026-10-31"}, "5"),
    ({"period": "last_12_months"}, "013455"),
)


def test_each_filter_narrows_it(rated: Agency, sign_in: SignIn) -> None:
    sofia, numbers = sign_in(rated.sofia), {"rising": rated.rising, "sofia": rated.sofia.id, "north": rated.north}
    for filters, stars in FILTERS:
        known = {
            name: numbers.get(value, value) if isinstance(value, str) else value for name, value in filters.items()
        }
        assert "".join(sorted(stars_of(asked(sofia, **known)))) == stars, filters


def test_lists_too_find_a_name_in_the_other_script(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        north = db.session.get_one(Sector, agency.north)
        joukov = factories.client("Георгий", "Жуков", north, "g@example.org")
        factories.visit(
            joukov, db.session.get_one(Service, agency.rising), [db.session.get_one(Worker, agency.wassim.id)],
            factories.at(1, 11),
        )  # fmt: skip
    sofia = sign_in(agency.sofia)
    for typed in ("Zhukov", "joukov georg"):
        for path in (f"/staff/clients?q={typed}", f"/staff/visits?client={typed}"):
            words = sofia.get(path).says("main")
            assert "Жуков" in words, path
            assert "Lefèvre" not in words, path
    assert "Жуков" not in sofia.get("/staff/clients?q=Joukova").says("main")


def test_signs_alone_are_nobodys_name(rated: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(rated.sofia)
    for filters in ({"worker": "%%%___"}, {"client": "-"}):
        page = asked(sofia, **filters)
        assert rows_of(page) == []
        assert "Nothing matches these filters" in page.words
    assert "No visit matches this choice" in sofia.get("/staff/visits?client=%25%25").words


def test_a_period_long_ago_is_read_by_another_way_to_the_same_rows(
    rated: Agency, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked_for = [
        {}, {"worker": "nadia"}, {"client": "lefevre"}, {"stars": ["0", "2"]}, {"period": "last_month"},
        {"sort": "comment"}, {"period": "free", "first_day": "2026-11-11", "last_day": "2026-11-16"},
    ]  # fmt: skip
    browsers = {name: sign_in(getattr(rated, name)) for name in ("sofia", "igor", "ines")}

    def read() -> dict[str, list]:
        return {name: [rows_of(asked(one, **filters)) for filters in asked_for] for name, one in browsers.items()}

    recent = read()
    assert [said for said in asked(browsers["sofia"]).statements if "rating.left_at >=" in said]
    monkeypatch.setattr(quality, "_from_ratings", quality._from_visits)  # as of a period long ago
    assert read() == recent
    assert all(any(rows) for rows in recent.values())


def test_a_sector_brings_those_below_it(rated: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        north = db.session.get_one(Sector, rated.north)
        below = factories.sector("Nord-Est", north)
        zoe = factories.client("Zoé", "Petit", below, "zoe@example.org")
        visit = factories.done_visit(
            zoe, db.session.get_one(Service, rated.rising), [db.session.get_one(Worker, rated.wassim.id)]
        )
        factories.rate(factories.persona(zoe), visit.id, 2)
        below_id = below.id
    ines = sign_in(rated.ines)
    assert len(stars_of(asked(ines, sector=rated.north))) == 6
    assert stars_of(asked(ines, sector=below_id)) == ["2"]
    assert len(stars_of(asked(sign_in(rated.sofia)))) == 6


def test_every_column_sorts_both_ways(rated: Agency, sign_in: SignIn) -> None:
    ines = sign_in(rated.ines)
    for place, column in enumerate(each.key for each in QUALITY.columns):
        up, down = asked(ines, sort=column), asked(ines, sort=f"-{column}")
        for page, word in ((up, "ascending"), (down, "descending")):
            sorts = [head.get("aria-sort") for head in page.soup.select("#result thead th")]
            assert sorts == [word if n == place else None for n in range(len(sorts))], column
        assert sorted(rows_of(up)) == sorted(rows_of(down)), column
        values = [row[place] for row in rows_of(up)]
        filled = [value for value in values if value]
        assert values[: len(filled)] == filled, f"{column}: what is empty stands last"
        assert [row[place] for row in rows_of(down)] == (filled[::-1] + values[len(filled) :]), column
        if by := order_of(column):
            assert filled == sorted(filled, key=by), column
        turned = up.soup.select("#result thead a")[place]["href"]
        assert rows_of(ines.part(str(turned))) == rows_of(down), column


def order_of(column: str) -> Callable[[str], Any] | None:
    """What the words of a column are in the order of; of moments the words say nothing."""
    if column in ("visit", "left"):
        return None
    if column == "source":  # as the filter offers them
        return [str(label) for label in SOURCES.values()].index
    if column in ("client", "manager", "workers"):
        return lambda names: names.split(", ")[0].split(" ")[-1]
    return str


def test_a_wrong_period_is_said_at_its_field(rated: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(rated.sofia)
    for filters, sentence in (
        ({"first_day": "2026-11-12", "last_day": "2026-11-11"}, "The period ends before it begins."),
        ({"first_day": "2020-01-01"}, "Please choose at most 36 months at once."),
        ({}, "Please say from when, or until when."),
        ({"first_day": "0001-01-01"}, "This date is not valid. Please give a day between 1900 and 2200."),
        ({"first_day": "31/02/2026"}, "This date is not valid. Please give a day between 1900 and 2200."),
    ):
        page = asked(sofia, period="free", **filters)
        assert page.status == 422
        assert sentence in " ".join(page.errors())
        assert not page.soup.select("#result table")
    assert asked(sofia, period="yesterday").status == 422
    assert asked(sofia, first_day="31/02/2026").status == 200, "the ends of a free period say nothing of another one"


# ---- another sector ----


def visit_ids(page: Page) -> set[int]:
    links = page.soup.select("#result .control-table td:first-child a")
    return {int(str(link["href"]).rpartition("/")[2]) for link in links}


def test_a_coordinator_of_another_sector_finds_nothing(rated: Agency, sign_in: SignIn) -> None:
    igor, canaries = sign_in(rated.igor), ("Claire", "Lefèvre", "Parfait", "Personne n’est venu", "Sofia", "Wassim")
    for filters in ({}, {"client": "Claire"}, {"worker": "Wassim"}, {"stars": ["0", "1", "3", "4", "5"]},
                    {"service": rated.cleaning}, {"period": "last_12_months", "sort": "-comment"}, {"page": 2},
                    {"sector": rated.north}, {"manager": rated.sofia.id}, {"sector": 987654}):  # fmt: skip
        page = asked(igor, **filters)
        shown = page.says("#result")
        assert not [word for word in canaries if word in shown and word not in str(filters)], filters
        assert visit_ids(page) <= {rated.eloises_done}
        if "sector" in filters or "manager" in filters:
            assert (page.status, rows_of(page)) == (422, [])
            assert "This choice is not among those that you may see. Please choose again." in page.errors()
    offered = igor.get(TABLE)
    assert "Nord" not in offered.says("#sector")
    assert "Sofia" not in offered.says("#manager")
    assert figures(asked(igor))["Ratings"] == "1"


def test_the_name_of_a_client_who_has_moved_leads_only_those_to_the_file_who_may_open_it(
    rated: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        db.session.get_one(Client, rated.claire.id).sector_id = rated.south
    for person, linked in ((rated.sofia, {"Denis Moreau"}), (rated.ines, {"Claire Lefèvre", "Denis Moreau"})):
        browser = sign_in(person)
        page = asked(browser)
        links = page.soup.select("#result .control-table td:nth-child(2) a")
        assert {link.get_text() for link in links} - {"Éloïse D’Angelo"} == linked
        assert "Claire Lefèvre" in {row[1] for row in rows_of(page)}
        for address in {str(link["href"]) for link in links}:
            assert browser.get(address).status == 200


def test_it_shows_just_what_the_list_of_ratings_does(rated: Agency, sign_in: SignIn, database: Database) -> None:
    for person in (rated.sofia, rated.igor, rated.ines, rated.ada):
        with database.app.app_context():
            seen = db.session.scalars(visible_ratings(person.user)).all()
            visible = {rating.subject.visit_id for rating in seen}
        assert visit_ids(asked(sign_in(person), period="last_12_months")) == visible, person


def test_switched_off_ratings_have_no_table(rated: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        set_option(None, "ratings.enabled", "no")
    sofia = sign_in(rated.sofia)
    assert sofia.get(MONTH).status == 404
    assert "Client quality follow-up" not in sofia.get("/staff/controls").words


# ---- length ----


def add(agency: Agency, database: Database, number: int) -> None:
    with database.writing():
        claire, service = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.cleaning)
        wassim = db.session.get_one(Worker, agency.wassim.id)
        for hour in range(number):
            visit = factories.done_visit(claire, service, [wassim], days=-1 - hour // 10, hour=8 + hour % 10)
            factories.rate(agency.claire, visit.id, hour % 6, f"{hour}")


def test_a_page_costs_six_statements_whatever_its_length(rated: Agency, sign_in: SignIn, database: Database) -> None:
    sofia = sign_in(rated.sofia)
    few = asked(sofia).statements
    add(rated, database, 60)
    first = asked(sofia)
    assert len(first.statements) == len(few) <= 6, "\n".join(first.statements)
    assert len(rows_of(first)) == 50
    second = first.link("Next page").click(htmx=True)
    assert second.is_fragment
    assert len(rows_of(second)) == 15
    assert not {row[7] for row in rows_of(first) if row[7]} & {row[7] for row in rows_of(second) if row[7]}
    assert figures(second) == figures(first), "the figures are of all pages"
    assert rows_of(asked(sofia, page=9)) == rows_of(second), "beyond the last page stands the last"


def test_more_than_a_thousand_are_counted_as_such(
    rated: Agency, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.controls.queries.COUNTED", 3)
    assert "1,000+ results" in asked(sign_in(rated.sofia)).words
