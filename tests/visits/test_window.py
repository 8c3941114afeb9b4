"""The window of a visit: where its frames lead, and the way back."""

from portal.extensions import db
from portal.people.models import Client, Sector, Service, Worker
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Page


def test_client_and_workers_lead_to_their_records_as_far_as_these_are_open(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        claire, jean = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.jean.id)
        wassim, rising = db.session.get_one(Worker, agency.wassim.id), db.session.get_one(Service, agency.rising)
        visit = factories.visit(claire, rising, [jean, wassim], factories.at(2, 9), tasks=["Courses", "Repas"]).id
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{visit}")
    assert page.link("Claire Lefèvre").click().endpoint == "staff.show_client"
    assert page.link("Wassim Haddad").click().endpoint == "staff.show_worker"
    assert "Jean Dupont" in page.words
    assert f"/staff/workers/{agency.jean.id}" not in page.html, "he works in another sector"
    assert f"/staff/workers/{agency.jean.id}" in sign_in(agency.ines).get(f"/staff/visits/{visit}").html
    assert [tag.get_text() for tag in page.soup.select(".tasks li")] == ["Courses", "Repas"]
    assert len(page.statements) <= 12
    with database.writing():
        db.session.get_one(Client, agency.claire.id).sector_id = agency.south
    page = sofia.get(f"/staff/visits/{visit}")
    assert "The file is in another sector now." in page.words
    assert f'href="/staff/clients/{agency.claire.id}' not in page.html
    assert "Duplicate" not in page.words, "new visits are the other sector's"
    menu = sofia.get(f"/staff/workers/{agency.wassim.id}/planning").says(f"#menu-{visit}")
    assert "Move…" in menu
    assert "Duplicate" not in menu


def test_the_way_back_leads_to_where_one_came_from(agency: Agency, sign_in: SignIn) -> None:
    sofia, visit = sign_in(agency.sofia), f"/staff/visits/{agency.claires_past}"

    def back(address: str, came_from: str = "") -> str:
        said = {"Referer": came_from if "//" in came_from else f"http://localhost{came_from}"} if came_from else {}
        return str(sofia.get(address, headers=said).at(".kicker a")["href"])

    planning = f"/staff/workers/{agency.wassim.id}/planning?day=2026-11-17"
    assert back(visit) == "/staff/visits"
    assert back(visit, "/staff/visits?state=past&page=2") == "/staff/visits?state=past&page=2"
    assert back(f"{visit}?from={planning}", "/staff/visits") == planning
    assert back(visit, f"{visit}/move") == "/staff/visits", "not round in circles"
    for elsewhere in ("https://evil.example/staff/visits", "/client/visits", "/nothing", "//evil.example/staff/visits"):
        assert back(visit, elsewhere) == "/staff/visits"
        assert back(f"{visit}?from={elsewhere}") in ("/staff/visits", "/client/visits")


def test_a_visit_opens_in_one_click_from_the_list_and_the_planning(agency: Agency, sign_in: SignIn) -> None:
    sofia, row = sign_in(agency.sofia), f"#visit-{agency.claires_past}"
    in_list = sofia.get("/staff/visits").at(f"{row} td:first-child a")
    in_planning = sofia.get(f"/staff/clients/{agency.claire.id}/planning").at(f"{row} .slot-open")
    for link in (in_list, in_planning):
        assert sofia.get(str(link["href"])).endpoint == "staff.show_visit"


def test_the_list_is_narrowed_to_a_sector_and_to_a_file_manager(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        db.session.get_one(Client, agency.denis.id).file_manager_id = None
        whole = db.session.get_one(Sector, db.session.get_one(Sector, agency.north).parent_id or 0).id
    ines, sofia = sign_in(agency.ines), sign_in(agency.sofia)

    def shown(page: Page) -> set[int]:
        return {int(str(tag["id"]).removeprefix("visit-")) for tag in page.soup.select('[id^="visit-"]')}

    everything = shown(ines.get("/staff/visits"))
    assert shown(ines.get(f"/staff/visits?sector={agency.south}")) == {agency.eloises_done}
    assert shown(ines.get(f"/staff/visits?sector={whole}")) == everything
    page = ines.get(f"/staff/visits?manager={agency.sofia.id}")
    assert "Sofia Benali" in page.says(".filters")
    assert shown(page) == everything - {agency.eloises_done, agency.denis_done}
    assert shown(sofia.get(f"/staff/visits?sector={agency.south}")) == set()
    assert shown(sofia.get(f"/staff/visits?manager={agency.igor.id}")) == set()
    assert "Igor" not in sofia.get("/staff/visits").html


def test_a_name_that_holds_a_line_end_is_one_name(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        claire, jean = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.jean.id)
        wassim, rising = db.session.get_one(Worker, agency.wassim.id), db.session.get_one(Service, agency.rising)
        wassim.first_name = "Was\nsim"
        visit = factories.visit(claire, rising, [jean, wassim], factories.at(2, 9)).id
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{visit}")
    assert page.link("Was sim Haddad").click().request.path == f"/staff/workers/{agency.wassim.id}"
    assert "Was sim Haddad" in sofia.get("/staff/visits").words
