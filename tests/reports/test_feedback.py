"""*Analytique › Retour d'information des clients*: one cut, the same for every figure, bar, review and file."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update
from werkzeug.datastructures import MultiDict

from portal import clock
from portal.extensions import db
from portal.people.models import Client, Sector, Service, Worker
from portal.ratings.models import Rating, RatingSubject
from portal.reports.feedback_cut import COUNTS, ratings, requests
from portal.reports.feedback_forms import FeedbackFilter
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency, Persona
from tests.pages import Browser, Page
from tests.reports.conftest import TABLE, tallied
from tests.reports.test_quality import figures as figures_of_table

PAGE = "/staff/analytics/feedback"
REVIEWS = f"{PAGE}/reviews"


@pytest.fixture
def counted(rated: Agency, database: Database) -> Agency:
    """The ratings of `rated`; two answers are enough for a figure."""
    with database.writing():
        set_option(None, "ratings.minimum_sample", "2")
    return rated


def asked(browser: Browser, path: Any = PAGE, **filters: Any) -> Page:
    return browser.get(f"{path}?{urlencode({'period': 'this_month', **filters}, doseq=True)}")


def words(tag: Any) -> str:
    return " ".join(tag.get_text(" ").split())


def figures(page: Page) -> dict[str, str]:
    """Each figure with its notes."""
    found = {}
    for box in page.soup.select(".figures .figure"):
        label, *rest = map(words, box.select("p"))
        found[label] = " | ".join(rest)
    return found


def table_of(page: Page, caption: str) -> Any:
    return next(one for one in page.soup.select("#feedback table") if words(one.caption) == caption)


def table(page: Page, caption: str) -> list[list[str]]:
    """The cells of the table of that name, row by row."""
    found = table_of(page, caption)
    return [[words(cell) for cell in row.select("th, td") if not cell.has_attr("aria-hidden")]
            for row in found.select("tbody tr")]  # fmt: skip


def number(page: Page) -> int:
    """How many ratings the figures are made of."""
    said = re.search(r"n = (\d+)", figures(page).get("Overall rating", "n = 0"))
    return int(said[1]) if said else -1


def reviews(page: Page) -> list[str]:
    """The stars of each review, struck through or not."""
    return [str(tag["data-n"]) for tag in page.soup.select("#feedback .voice .stars")]


# ---- the figures ----


def test_the_menu_leads_to_it(counted: Agency, sign_in: SignIn) -> None:
    page = sign_in(counted.sofia).get("/staff/home").link("Analytics").click()
    assert page.at("h1").get_text() == "Customer feedback"
    assert number(page) == 5, "the last 30 days, October's too"


def test_the_figures_are_those_computed_by_hand(counted: Agency, sign_in: SignIn) -> None:
    page = asked(sign_in(counted.sofia), compare="none")
    told = figures(page)
    assert told["Overall rating"].startswith(
        "3.0 / 5 3.0 out of 5 | n = 4 | between ".replace(" | between", " · between")
    )
    assert told["Overall NPS (from stars)"].startswith("−25 | n = 4 · ± ")  # one of 5, one of 4, two below
    assert told["Satisfied: 4 or 5 stars"].startswith("50% | n = 4 · between ")
    assert table(page, "Stars given") == [
        ["5 stars", "1", "25%"], ["4 stars", "1", "25%"], ["3 stars", "1", "25%"], ["2 stars", "0", "0%"],
        ["1 star", "0", "0%"], ["0 stars", "1", "25%"],
    ]  # fmt: skip
    assert table(page, "NPS: who is counted as what") == [
        ["Promoters (5 ★)", "1", "25%"], ["Passives (4 ★)", "1", "25%"], ["Detractors (0–3 ★)", "2", "50%"],
    ]  # fmt: skip
    assert [row[:2] for row in table(page, "Source: by which way the ratings came")] == [
        ["On the portal", "2"], ["By mail", "1"], ["Entered by the agency", "1"],
    ]  # fmt: skip
    assert number(asked(sign_in(counted.ines))) == 5, "with the South's"


def test_the_mapping_of_the_agency_is_shown_and_counts(counted: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        set_option(None, "ratings.passives_from", "3")
        set_option(None, "ratings.promoters_from", "4")
    page = asked(sign_in(counted.sofia))
    assert table(page, "NPS: who is counted as what") == [
        ["Promoters (4–5 ★)", "2", "50%"], ["Passives (3 ★)", "1", "25%"], ["Detractors (0–2 ★)", "1", "25%"],
    ]  # fmt: skip
    assert figures(page)["Overall NPS (from stars)"].startswith("+25")


def test_too_few_answers_are_no_figure(rated: Agency, sign_in: SignIn) -> None:
    told = figures(asked(sign_in(rated.sofia), compare="none"))
    assert told["Overall rating"] == "Not enough answers | n = 4"
    assert told["Overall NPS (from stars)"] == "Not enough answers | n = 4"


def test_too_few_answers_are_counted_but_are_no_parts_of_a_hundred(rated: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(rated.sofia)
    page = asked(sofia, compare="none")
    for caption, counts in (("Stars given", "111001"), ("NPS: who is counted as what", "112")):
        assert [row[1:] for row in table(page, caption)] == [[count, ""] for count in counts]
        assert words(table_of(page, caption).tfoot).count("Not enough answers") == 1
    workers = asked(sofia, by="worker")
    assert [row[-1] for row in table(workers, "Rating")] == ["Not enough answers"] * 2
    funnel = "Each visit is counted once"
    assert all(row[2] for row in table(page, funnel))
    assert "Not enough visits" not in words(table_of(page, funnel))
    few = asked(sofia, period="free", first_day="2026-11-12", last_day="2026-11-12")
    assert not any(row[2] for row in table(few, funnel))
    assert "Not enough visits" in words(table_of(few, funnel))


def test_it_is_compared_with_the_period_before(counted: Agency, sign_in: SignIn) -> None:
    page = asked(sign_in(counted.sofia))
    assert "compared with 1–31 Oct 2026" in words(page.at(".chosen"))
    assert "before: not enough answers (n = 1)" in figures(page)["Overall rating"]
    assert "before" not in figures(asked(sign_in(counted.sofia), compare="none"))["Overall rating"]


def test_workers_are_told_apart_and_those_who_have_left_stay(
    counted: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        db.session.execute(update(Worker).where(Worker.id == counted.wassim.id).values(active=False))
    page = asked(sign_in(counted.sofia), by="worker")
    rows = table(page, "Rating")
    assert [row[:3] + row[4:] for row in rows] == [
        ["1", "Wassim Haddad", "4", "2", "1", "60% between 30% and 81%"],  # 5, 4, 3, 0: 12 of 20 stars
        ["—", "Nadia Abbas", "1", "0", "1", "Not enough answers"],
    ]
    assert rows[1][3] == "Not enough answers"
    assert rows[0][3].startswith("3.0 / 5 between ")
    assert [row[:2] + row[3:] for row in table(page, "NPS (from stars)")] == [
        ["Wassim Haddad", "4", "1", "1", "2"], ["Nadia Abbas", "1", "—", "—", "—"],
    ]  # fmt: skip
    assert "plain mean" in page.words


def test_days_weeks_and_months_hold_the_same_ratings(counted: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(counted.sofia)
    days = table(asked(sofia, step="day"), "Rating")
    assert [(row[0], row[1]) for row in days if row[1] != "0"] == [
        ("10 Nov 2026", "1"), ("12 Nov 2026", "1"), ("16 Nov 2026", "2"),
    ]  # fmt: skip
    assert days[-1][0] == "17 Nov 2026", "what is to come has no bar"
    weeks = [row[:2] for row in table(asked(sofia, step="week"), "Rating")]
    assert weeks == [["1 Nov 2026", "0"], ["2–8 Nov 2026", "0"], ["9–15 Nov 2026", "2"], ["16–22 Nov 2026", "2"]]
    assert [row[:2] for row in table(asked(sofia, step="month", period="last_12_months"), "Rating")][-2:] == [
        ["Oct 26", "1"], ["Nov 26", "4"]]  # fmt: skip


@pytest.mark.parametrize("by", ["date", "worker", "service", "sector", "client"])
def test_each_bar_leads_to_the_reviews_behind_it(counted: Agency, sign_in: SignIn, by: str) -> None:
    sofia = sign_in(counted.sofia)
    page = asked(sofia, by=by, step="day", client="Claire")
    bars = page.soup.select(".rated-by table")[0].select("tbody tr")
    linked = [(row.select_one("th a"), words(row.select("td.num")[1 if by != "date" else 0])) for row in bars]
    linked = [(str(link["href"]), int(n)) for link, n in linked if link]
    assert linked
    for address, n in linked:
        assert len(reviews(sofia.get(address))) == n, address
    for row in page.soup.select(".spread tbody tr"):
        if link := row.select_one("a"):
            assert len(reviews(sofia.get(str(link["href"])))) == int(words(row.select_one("td.num"))), words(row)


def test_a_sector_counts_those_below_it_as_its_reviews_do(counted: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        below = factories.sector("Nord-Est", db.session.get_one(Sector, counted.north))
        ids = select(RatingSubject.id).join(Client).where(Client.id == counted.denis.id)
        db.session.execute(update(RatingSubject).where(RatingSubject.id.in_(ids)).values(sector_id=below.id))
        tallied()
    ines = sign_in(counted.ines)
    page = asked(ines, by="sector")
    assert "Sector, with those below" in words(page.soup.select(".rated-by table")[0])
    rows = {row[1]: int(row[2]) for row in table(page, "Rating")}
    assert (rows["Nord"], rows["Nord-Est"], rows["Sud"]) == (4, 1, 1)
    for row in page.soup.select(".rated-by table")[0].select("tbody tr"):
        address = str(row.select("th a")[0]["href"])
        assert len(reviews(ines.get(address))) == rows[words(row.select_one("th"))], address
    narrowed = asked(ines, by="sector", sector=counted.north)
    assert {row[1]: int(row[2]) for row in table(narrowed, "Rating")} == {"Nord": 4, "Nord-Est": 1}


def test_switching_is_a_link_that_also_works_alone(counted: Agency, sign_in: SignIn) -> None:
    page = asked(sign_in(counted.sofia), service=counted.cleaning)
    part = page.link("By worker").click(htmx=True)
    assert part.is_fragment
    assert table(part, "Rating") == table(page.link("By worker").click(), "Rating")
    assert number(part) == number(page) == 3


# ---- one cut ----


FILTERS = (
    {"worker": "haddad WASSIM"}, {"worker": "nadia"}, {"client": "lefevre"}, {"worker": "Хаддад", "client": "Лефевр"},
    {"source": "staff"}, {"manager": "sofia"}, {"sector": "north", "client": "denis"}, {"period": "last_month"},
    {"period": "free", "first_day": "2026-11-11", "last_day": "2026-11-12"}, {"period": "last_12_months"},
    {"worker": "wassim", "manager": "sofia", "service": "rising"},
)  # fmt: skip


def test_page_reviews_and_control_table_count_the_same(counted: Agency, sign_in: SignIn) -> None:
    numbers = {"rising": counted.rising, "sofia": counted.sofia.id, "north": counted.north}
    ines = sign_in(counted.ines)
    for filters in FILTERS:
        known = {name: numbers.get(value, value) for name, value in filters.items()}
        page = asked(ines, compare="none", **known)
        n = number(page)
        assert n == len(reviews(asked(ines, REVIEWS, **known))), filters
        assert n == (sum(int(row[1]) for row in table(page, "Rating")) if n else 0), filters
        shown = figures_of_table(ines.get(f"{TABLE}?{urlencode({'period': 'this_month', **known})}"))
        assert shown.get("Average", "n = 0").rpartition("n = ")[2] == str(n), filters


CHOICES = st.fixed_dictionaries({}, optional={
    "sector": st.sampled_from(["north", "south", "whole"]), "service": st.sampled_from(["rising", "cleaning"]),
    "worker": st.sampled_from(["wassim", "jean"]), "source": st.sampled_from(["portal", "mail", "staff", "clients"]),
    "first_day": st.sampled_from(["2026-09-15", "2026-10-01", "2026-11-01", "2026-11-12"]),
    "last_day": st.sampled_from(["2026-11-12", "2026-11-16", "2026-11-30", "2026-12-31"]),
    "who": st.sampled_from(["sofia", "igor", "ines"]), "asked": st.booleans(),
})  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(CHOICES)
def test_sums_and_rows_say_the_same(counted: Agency, database: Database, chosen: dict[str, Any]) -> None:
    with database.app.test_request_context():
        who: Persona = getattr(counted, chosen.get("who", "ines"))
        whole = db.session.scalar(select(Sector.id).where(Sector.parent_id.is_(None)))
        known = {"north": counted.north, "south": counted.south, "whole": whole, "rising": counted.rising,
                 "cleaning": counted.cleaning, "wassim": counted.wassim.id, "jean": counted.jean.id}  # fmt: skip
        args = {"period": "free", "first_day": "2026-09-15"}
        args |= {name: str(known.get(value, value)) for name, value in chosen.items() if name not in ("who", "asked")}
        form = FeedbackFilter(who.user, MultiDict(args))
        if not form.validate():
            return
        cut = form.cut
        for keys in ((), ("channel",), ("day",), ("worker_id",), ("service_id", "sector_id")):
            assert _rows(ratings(cut, *keys), keys) == _rows(ratings(cut, *keys, rows=True), keys)
        for keys in ((), ("day",), ("worker_id",)):
            keys = (*keys, "stage", "reason")
            plain = tuple(key for key in keys if key not in ("stage", "reason"))
            assert _rows(requests(cut, *plain), keys, ASKED) == _rows(requests(cut, *plain, rows=True), keys, ASKED)


ASKED = ("n", "answered", "commented")


def _rows(statement: Any, keys: tuple[str, ...], sums: tuple[str, ...] = (*COUNTS, "comments")) -> dict:
    found = {tuple(getattr(row, key) for key in keys): tuple(int(getattr(row, name) or 0) for name in sums)
             for row in db.session.execute(statement)}  # fmt: skip
    return {key: values for key, values in found.items() if any(values)}


def test_a_rating_stays_with_who_was_there_when_the_file_changes_hands(
    counted: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        db.session.execute(update(Client).where(Client.id == counted.claire.id).values(file_manager_id=None))
        db.session.execute(update(Client).where(Client.id == counted.claire.id).values(sector_id=counted.south))
    assert number(asked(sign_in(counted.sofia))) == 4
    assert number(asked(sign_in(counted.igor))) == 1


def test_who_has_handed_a_file_over_can_still_be_chosen(counted: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        db.session.execute(update(Client).values(file_manager_id=None))
    for who in (counted.sofia, counted.ines):
        assert number(asked(sign_in(who), manager=counted.sofia.id)) == number(asked(sign_in(counted.sofia)))
    assert asked(sign_in(counted.igor), manager=counted.sofia.id).status == 422


# ---- filters that are odd ----


def test_bad_filters_get_a_sentence(counted: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(counted.sofia)
    for path in (PAGE, REVIEWS):
        for filters, sentence in (
            ({"worker": "Personne"}, "Nobody of this name is in the ratings you may see."),
            ({"worker": "999999"}, "This choice is not among those that you may see. Please choose again."),
            ({"worker": str(counted.jean.id)}, "This choice is not among those that you may see. Please choose again."),
            ({"sector": "987654"}, "This choice is not among those that you may see. Please choose again."),
            ({"source": "pigeon"}, "Please choose one of the values offered."),
            ({"period": "free", "first_day": "2026-11-12", "last_day": "2026-11-11"},
             "The period ends before it begins."),
            ({"period": "free", "first_day": "31/02/2026"},
             "This date is not valid. Please give a day between 1900 and 2200."),
        ):  # fmt: skip
            page = asked(sofia, path, **filters)
            assert page.status == 422, filters
            assert sentence in " ".join(page.errors()), filters
            assert not page.soup.select("#feedback table")
    odd = asked(sofia, by="moon", step="year", funnel="x", page="-1", compare="none")
    assert number(odd) == 4


def test_of_several_of_a_name_one_is_chosen(counted: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        north = db.session.get_one(Sector, counted.north)
        other = factories.worker("Wassim", "Haddad", [north])
        factories.done_visit(db.session.get_one(Client, counted.denis.id),
                             db.session.get_one(Service, counted.rising), [other], days=-3)  # fmt: skip
    sofia = sign_in(counted.sofia)
    page = asked(sofia, worker="wassim")
    assert page.status == 422
    assert "Several people are called so" in " ".join(page.errors())
    links = [str(link["href"]) for link in page.soup.select(".control-filters a") if words(link) == "Wassim Haddad"]
    assert sorted(number(sofia.get(link)) for link in links) == [0, 4]


# ---- other sectors ----


def test_a_coordinator_of_another_sector_sees_nothing_of_the_north(counted: Agency, sign_in: SignIn) -> None:
    igor, canaries = sign_in(counted.igor), ("Claire", "Lefèvre", "Parfait", "Personne n’est venu", "Wassim", "Nadia")
    for path in (PAGE, REVIEWS):
        for filters in ({}, {"period": "last_12_months"}, {"by": "worker"}, {"by": "client"}, {"by": "sector"},
                        {"service": counted.cleaning}, {"view": "table"}):  # fmt: skip
            page = asked(igor, path, **filters)
            assert not [word for word in canaries if word in page.words], (path, filters)
    assert number(asked(igor)) == 1
    assert reviews(asked(igor, REVIEWS)) == ["2"]


def test_switched_off_ratings_have_no_analytics(counted: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        set_option(None, "ratings.enabled", "no")
    sofia = sign_in(counted.sofia)
    assert sofia.get(PAGE).status == sofia.get(REVIEWS).status == 404
    assert "Analytics" not in sofia.get("/staff/home").words


# ---- reviews ----


def test_reviews_stand_in_four_orders_and_are_narrowed(counted: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(counted.sofia)
    assert reviews(asked(sofia, REVIEWS, sort="lowest")) == ["0", "3", "4", "5"]
    assert reviews(asked(sofia, REVIEWS, sort="highest")) == ["5", "4", "3", "0"]
    newest = reviews(asked(sofia, REVIEWS))
    assert reviews(asked(sofia, REVIEWS, sort="oldest")) == newest[::-1]
    assert reviews(asked(sofia, REVIEWS, stars=["0", "3"], sort="lowest")) == ["0", "3"]
    assert reviews(asked(sofia, REVIEWS, comment="with", sort="lowest")) == ["0", "5"]
    assert reviews(asked(sofia, REVIEWS, seen="no")) == ["0"]
    page = asked(sofia, REVIEWS, counted="all", sort="lowest")
    assert reviews(page) == ["0", "1", "3", "4", "5"]
    assert len(page.soup.select(".not-counted")) == 1
    assert not page.link("The figures of these").click().soup.select(".not-counted")


def test_a_review_is_looked_at_answered_and_turned_into_a_complaint(counted: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(counted.sofia)
    page = asked(sofia, REVIEWS, stars="0")
    assert "Handle as a complaint" in page.words
    after = page.form("I have looked at it").submit().follow()
    assert "Looked at by Sofia Benali" in after.words
    window = after.link("Answer the client").click()
    assert window.at("h1").get_text() == "Answer the client"


def test_rated_requests_are_a_list(counted: Agency, sign_in: SignIn) -> None:
    page = asked(sign_in(counted.sofia), REVIEWS, view="table", sort="lowest")
    rows = [[words(cell) for cell in row.select("td")] for row in page.soup.select("#feedback tbody tr")]
    assert rows[0] == ["12 November 2026, 9:00", "17 November 2026, 12:00", "Claire Lefèvre",
                       "Entered by the agency", "Nord", "0 out of 5", "Personne n’est venu"]  # fmt: skip


def test_rated_on_is_the_day_of_the_first_answer_as_in_the_order_and_in_the_file(
    counted: Agency, sign_in: SignIn, database: Database
) -> None:
    changed = clock.now() - timedelta(hours=3)
    with database.writing():
        four = select(Rating.id).where(Rating.stars == 4).scalar_subquery()
        earlier = {"left_at": changed - timedelta(days=3), "changed_at": changed}
        db.session.execute(update(Rating).where(Rating.id == four).values(earlier))
    page = asked(sign_in(counted.sofia), REVIEWS, view="table", sort="oldest")
    rows = [words(row) for row in page.soup.select("#feedback tbody tr")]
    (row,) = (row for row in rows if "4 out of 5" in row)
    assert " 14 November 2026, 9:00 changed on 17 November 2026, 9:00 Claire" in row
    assert sum("changed" in row for row in rows) == 1


# ---- requests ----


def test_the_funnel_tells_what_became_of_each_visit(sent: Agency, sign_in: SignIn) -> None:
    page = asked(sign_in(sent.sofia), compare="none")
    funnel = {row[0]: int(row[1]) for row in table(page, "Each visit is counted once")}
    assert funnel == {
        "Done visits": 7, "of these, nobody was to be asked": 2, "Visits to ask about": 5, "Not asked": 1,
        "the visit was not drawn: only some are asked about": 1, "Waiting to leave": 1, "Requests sent": 2,
        "Refused by the mail server": 1, "Rated by the client": 2, "of these, after a request": 1,
        "of these, with a comment": 1, "Still open, about: not answered, and the link should work": 2,
    }  # fmt: skip
    told = figures(page)
    assert told["Response rate, strict"].startswith("33% | n = 3 ")
    assert told["Response rate, delivered"].startswith("50% | n = 2 ")
    assert told["Coverage"].startswith("43% | n = 7 ")  # two sent, one refused by the mail server
    assert told["Rated part"].startswith("29% | n = 7 ")
    by_asked = asked(sign_in(sent.sofia), compare="none", funnel="asked")
    assert "first planned, even where it left later" in by_asked.words
    assert {row[0]: int(row[1]) for row in table(by_asked, "Each visit is counted once")}["Done visits"] == 7
    assert "Response rate" not in asked(sign_in(sent.sofia), source="mail").says(".figures")


# ---- closed months ----


def test_a_period_with_a_closed_month_says_so(october: Agency, close: Callable[[], Page], sign_in: SignIn) -> None:
    ines = sign_in(october.ines)
    before = asked(ines, period="last_12_months")
    assert "closed month" not in before.at("#feedback").get_text()
    close()
    for period in ("last_month", "last_12_months"):
        page = asked(ines, period=period)
        assert "days of a closed month. The figures here are those of today" in page.words
        leads_to = page.link("October 2026, closed on 17 November 2026, 12:00: see the differences").click()
        assert leads_to.at("h1").get_text() == "October 2026"
    assert len(asked(ines, period="last_12_months").statements) == len(before.statements) <= 12
    assert "closed month." not in asked(ines).words, "November"


# ---- length ----


def test_a_page_costs_twelve_statements_at_most_whatever_its_length(
    counted: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia = sign_in(counted.sofia)
    addresses = [
        {}, {"by": "worker", "funnel": "asked", "worker": "wassim", "client": "claire"}, {"by": "client"},
    ]  # fmt: skip
    few = [len(asked(sofia, **filters).statements) for filters in addresses]
    lists = len(asked(sofia, REVIEWS).statements)
    with database.writing():
        claire, service = db.session.get_one(Client, counted.claire.id), db.session.get_one(Service, counted.cleaning)
        wassim = db.session.get_one(Worker, counted.wassim.id)
        for hour in range(30):
            visit = factories.done_visit(claire, service, [wassim], days=-1 - hour // 10, hour=8 + hour % 10)
            factories.rate(counted.claire, visit.id, hour % 6)
    assert [len(asked(sofia, **filters).statements) for filters in addresses] == few
    assert max(few) <= 12
    assert len(asked(sofia, REVIEWS).statements) == lists <= 6
    assert number(asked(sofia)) == 34
