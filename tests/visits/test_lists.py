"""The lists: filters in the address, pages, and as few statements for a thousand visits as for one."""

import pytest
from time_machine import TimeMachineFixture

from portal.extensions import db
from portal.people.models import Client, Service, Worker
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency, at
from tests.pages import Browser, Page, query_of

LISTS = [
    ("claire", "/client/visits"),
    ("sofia", "/staff/visits"),
    ("sofia", "/staff/ratings"),
    ("sofia", "/staff/outbox"),
    ("wassim", "/worker/"),
    ("wassim", "/worker/week"),
]


def shown(page: Page) -> list[int]:
    return [int(str(tag["id"]).removeprefix("visit-")) for tag in page.soup.select('[id^="visit-"]')]


def add_visits(agency: Agency, database: Database, number: int, hour: int = 6) -> None:
    with database.writing():
        claire, service = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.cleaning)
        wassim = db.session.get_one(Worker, agency.wassim.id)
        for day in range(number):
            factories.done_visit(claire, service, [wassim], days=-1 - day, hour=hour, ask=day % 2 == 0)


def test_a_list_costs_the_same_few_statements_whatever_its_length(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    few = [sign_in(getattr(agency, name)).get(path).statements for name, path in LISTS]
    add_visits(agency, database, 40)
    with database.writing():
        for visit in range(agency.draft + 1, agency.draft + 20):
            factories.rate(agency.claire, visit, visit % 6, "Bien")
    for (name, path), before in zip(LISTS, few, strict=True):
        many = sign_in(getattr(agency, name)).get(path).statements
        assert len(many) <= min(6, len(before) + 1), "\n".join([path, *many])


def test_other_pages_are_thrifty_too(agency: Agency, sign_in: SignIn, stranger: Browser) -> None:
    assert len(sign_in(agency.claire).get("/client/account").statements) <= 8
    assert len(sign_in(agency.sofia).get("/staff/account").statements) <= 8
    assert len(stranger.get("/sign-in").statements) <= 4


def test_a_page_holds_fifty_and_the_next_one_the_rest(agency: Agency, sign_in: SignIn, database: Database) -> None:
    add_visits(agency, database, 60)
    claire = sign_in(agency.claire)
    first = claire.get("/client/visits")
    assert len(shown(first)) == 50
    assert "64 results" in first.says(".pages-total")
    second = first.link("Next page").click()
    assert len(shown(second)) == 14
    assert not set(shown(first)) & set(shown(second))
    assert shown(second.link("Previous page").click()) == shown(first)
    assert not second.soup.select('a[rel="next"]')


def test_a_page_link_keeps_the_filters_and_swaps_the_list_alone(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    add_visits(agency, database, 60)
    claire = sign_in(agency.claire)
    link = claire.get("/client/visits?state=done&period=90").link("Next page")
    assert query_of(link.href) == {"state": "done", "period": "90", "page": "2"}
    part = link.click(htmx=True)
    assert part.is_fragment
    assert part.at("#visits")


def test_an_odd_page_number_is_no_fault(agency: Agency, sign_in: SignIn) -> None:
    claire = sign_in(agency.claire)
    for page in ("0", "-1", "abc", "", "1e9", "99999999999999999999", "²", "%00"):
        assert claire.get(f"/client/visits?page={page}").status == 200, page


def test_beyond_the_last_page_stands_the_last(agency: Agency, database: Database, sign_in: SignIn) -> None:
    claire = sign_in(agency.claire)
    assert shown(claire.get("/client/visits?page=99")) == shown(claire.get("/client/visits"))
    add_visits(agency, database, 60)
    last = claire.get("/client/visits?page=99")
    assert shown(last) == shown(claire.get("/client/visits?page=2"))
    assert query_of(last.link("Previous page").href) == {"page": "1"}


def test_what_an_address_says_besides_does_not_lead_elsewhere(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    add_visits(agency, database, 60)
    odd = "endpoint=x&_method=POST&_scheme=https&_external=1&_anchor=a"
    for path, browser in (("/client/visits", sign_in(agency.claire)), ("/staff/visits", sign_in(agency.sofia))):
        assert browser.get(f"{path}?{odd}").link("Next page").href == f"{path}?{odd}&page=2"


def test_the_newest_visit_stands_first(agency: Agency, sign_in: SignIn) -> None:
    assert shown(sign_in(agency.claire).get("/client/visits")) == [getattr(agency, visit) for visit in CLAIRES]


CLAIRES = ["claires_next", "claires_past", "claires_done", "claires_cancelled"]
NARROWED = {
    "state=done": ["claires_done"],
    "state=past": ["claires_past"],
    "state=planned": ["claires_next"],
    "state=cancelled": ["claires_cancelled"],
    "state=in_progress": [],
    "state=draft": [],
    "state=nonsense": CLAIRES,
    "period=ahead": ["claires_next", "claires_past"],
    "period=30": ["claires_past", "claires_done", "claires_cancelled"],
    "period=nonsense": CLAIRES,
    "service=1": ["claires_next", "claires_done"],
    "service=99999999999999999999": CLAIRES,
    "state=done&service=2": [],
}


def test_a_client_narrows_the_list(agency: Agency, sign_in: SignIn) -> None:
    claire = sign_in(agency.claire)
    for query, visits in NARROWED.items():
        page = claire.get(f"/client/visits?{query}")
        assert shown(page) == [getattr(agency, visit) for visit in visits], query


EVERYTHING = {*CLAIRES, "denis_done", "eloises_done", "draft"}
NARROWED_BY_STAFF = {
    "client=lefevre": {*CLAIRES, "draft"},
    "client=Claire+LEF": {*CLAIRES, "draft"},
    "client=fèvre": set(),
    "client=dangelo": {"eloises_done"},
    "client=D%27Angelo+El": {"eloises_done"},
    "client=%25": set(),
    "client=_": set(),
    "client=%00": EVERYTHING,
    "worker=jean": {"eloises_done"},
    "worker=dupont+jean": {"eloises_done"},
    "first_day=2026-11-17&last_day=2026-11-17": {"claires_past"},
    "first_day=2026-11-18": {"claires_next", "draft"},
    "last_day=2026-11-15": {"claires_cancelled"},
    "first_day=17/11/2026": EVERYTHING,
    "first_day=2026-13-45": EVERYTHING,
    "state=draft": {"draft"},
    "state=done&client=moreau": {"denis_done"},
}
ODD = [
    "first_day=0001-01-01", "last_day=9999-12-31", "first_day=9999-12-31&last_day=0001-01-01", "client=" + "a" * 101,
    "client=%F0%9F%99%82", "client=%ED%A0%80", "worker=%E2%80%AE", "service=-1", "service=%D9%A1", "state=%00",
    "first_day=2026-11-17&first_day=2026-11-18", "client='--", "page=2&page=x",
]  # fmt: skip


def test_staff_narrow_the_list(agency: Agency, sign_in: SignIn) -> None:
    ada = sign_in(agency.ada)
    for query, visits in NARROWED_BY_STAFF.items():
        page = ada.get(f"/staff/visits?{query}")
        assert set(shown(page)) == {getattr(agency, visit) for visit in visits}, query
    for query in ODD:
        assert ada.get(f"/staff/visits?{query}").status == 200, query


def test_any_week_of_a_worker_is_a_page(agency: Agency, sign_in: SignIn) -> None:
    wassim = sign_in(agency.wassim)
    for week in ("0", "-1", "999", "-99", "--5", "-", "", "abc", "1.5", "٣", "%00"):
        assert wassim.get(f"/worker/week?week={week}").status == 200, week


def test_a_worker_sees_the_day_the_week_and_what_waits_to_be_closed(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        denis, service = db.session.get_one(Client, agency.denis.id), db.session.get_one(Service, agency.cleaning)
        forgotten = factories.visit(denis, service, [db.session.get_one(Worker, agency.wassim.id)], at(-3, 9)).id
    wassim = sign_in(agency.wassim)
    assert set(shown(wassim.get("/worker/"))) == {agency.claires_past, forgotten}
    assert set(shown(wassim.get("/worker/week"))) == {
        agency.claires_past,
        agency.claires_done,
        agency.claires_next,
        agency.denis_done,
    }
    assert shown(wassim.get("/worker/week?week=-1")) == [forgotten, agency.claires_cancelled]


def test_a_list_is_narrowed_without_javascript_and_with(agency: Agency, sign_in: SignIn) -> None:
    claire = sign_in(agency.claire)
    page = claire.get("/client/visits").form("/client/visits").submit(state="done")
    assert not page.is_fragment
    assert shown(page) == [agency.claires_done]
    part = claire.get("/client/visits").form("/client/visits").submit(htmx=True, state="done")
    assert part.is_fragment
    assert shown(part) == [agency.claires_done]


@pytest.mark.parametrize("path", ["/staff/visits?client=Lef%C3%A8vre", "/staff/visits", "/staff/visits/{visit}"])
def test_without_javascript_a_deed_returns_to_where_one_was(agency: Agency, sign_in: SignIn, path: str) -> None:
    path = path.format(visit=agency.claires_past)
    page = sign_in(agency.sofia).get(path)
    on_list = f"#visit-{agency.claires_past} button"
    page = page.press(on_list) if page.soup.select(on_list) else page.form("done").submit()
    assert page.location == path


def test_a_client_without_visits_is_told_so(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        george = db.session.get_one(Client, agency.george)
        george.email = "george@example.org"
        person = factories.persona(george)
    assert "No visit yet" in sign_in(person).get("/client/visits").words


def test_days_are_those_of_the_agencys_wall_clock(
    agency: Agency, sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    """The night of 25 hours, and a visit an hour after midnight: UTC still has the day before."""
    with database.writing():
        claire, service = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.rising)
        late = factories.visit(claire, service, [], at(-23, 0, 30), 90).id  # 25 October, 0:30
        long = factories.visit(claire, service, [], at(-24, 23, 0), 240).id  # over the change, four real hours
    page = sign_in(agency.sofia).get("/staff/visits?first_day=2026-10-25&last_day=2026-10-25")
    assert shown(page) == [late]
    assert "0:30–2:00" in page.says(f"#visit-{late}")
    page = sign_in(agency.sofia).get("/staff/visits?first_day=2026-10-24&last_day=2026-10-24")
    assert "23:00–2:00" in page.says(f"#visit-{long}"), "four hours later it is two o'clock for the second time"


def test_the_date_opens_the_visit_the_name_the_record_and_an_unrated_one_is_rated_from_the_list(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        db.session.get_one(Client, agency.denis.id).sector_id = agency.south  # his visits of before stay in the North
    sofia, here = sign_in(agency.sofia), "/staff/visits?state=done"
    page = sofia.get(here)
    assert page.link("Mon 16 November 9:00–10:00").href == f"/staff/visits/{agency.claires_done}"
    assert page.link("Claire Lefèvre").href == f"/staff/clients/{agency.claire.id}"
    assert "Denis Moreau" in page.says(f"#visit-{agency.denis_done}")
    assert f"/staff/clients/{agency.denis.id}" not in page.html, "a record that she may not open"
    assert f"/staff/clients/{agency.denis.id}" in sign_in(agency.ines).get(here).html
    assert "Create a client rating" not in sofia.get("/staff/visits?state=past").words
    offer = str(page.at(f"#visit-{agency.claires_done} a[href$=rating]")["href"])
    window = sofia.get(offer, headers={"Referer": f"http://localhost{here}"})
    page = window.form("Save").submit(stars="4", how="telephone")
    assert page.location == here
    row = page.follow().at(f"#visit-{agency.claires_done}")
    assert "Entered by the agency" in row.get_text()
    assert "Create a client rating" not in row.get_text()
    with database.writing():
        set_option(None, "ratings.enabled", "false")
    assert "Create a client rating" not in sofia.get(here).words
