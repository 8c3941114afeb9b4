"""Who comes to a client and whom a worker comes to: last visit, its rating or the offer to rate it, next visit."""

import pytest

from portal.extensions import db
from portal.people.models import Client, Sector, Service, Worker
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency, at
from tests.pages import Browser


@pytest.fixture
def sofia(agency: Agency, sign_in: SignIn) -> Browser:
    return sign_in(agency.sofia)


@pytest.fixture
def shared(agency: Agency, database: Database) -> None:
    """Jean of the South came to Claire once, and came to George: Sofia may see the first of it alone."""
    with database.writing():
        claire, george = (db.session.get_one(Client, number) for number in (agency.claire.id, agency.george))
        jean, rising = db.session.get_one(Worker, agency.jean.id), db.session.get_one(Service, agency.rising)
        jean.sectors = [db.session.get_one(Sector, number) for number in (agency.north, agency.south)]
        factories.done_visit(claire, rising, [jean], days=-5)
        factories.done_visit(george, rising, [jean], days=-2)
        factories.visit(george, rising, [jean], at(2, 9))


def test_a_clients_workers_show_the_last_visit_the_next_and_the_offer_to_rate(
    sofia: Browser, agency: Agency, database: Database, shared: None
) -> None:
    page = sofia.get(f"/staff/clients/{agency.claire.id}/workers")
    assert page.h1 == "Claire Lefèvre"
    assert [row["id"] for row in page.soup.select("tbody tr")] == [f"pair-{agency.wassim.id}", f"pair-{agency.jean.id}"]
    wassim = page.says(f"#pair-{agency.wassim.id}")
    assert "Tue 17 November, 8:00 Ménage" in wassim, "begun today, nobody has closed it"
    assert "Past, not closed" in wassim
    assert "Wed 18 November, 9:00 Aide au lever" in wassim
    assert page.at(f"#pair-{agency.wassim.id} .num").get_text() == "2", "cancelled and to come are not counted"
    jean = page.at(f"#pair-{agency.jean.id}")
    assert "Create a client rating" in jean.get_text()
    rated = page.link("Create a client rating").click().form("Save").submit(stars="4", how="telephone")
    assert rated.status == 303
    assert rated.location.startswith(f"/staff/clients/{agency.claire.id}/workers")
    page = rated.follow()
    assert page.at(f"#pair-{agency.jean.id} .stars")["data-n"] == "4"
    assert "Entered by the agency" in page.says(f"#pair-{agency.jean.id}")


def test_a_workers_clients_are_those_of_visits_that_one_may_see(
    sofia: Browser, agency: Agency, sign_in: SignIn, shared: None
) -> None:
    page = sofia.get(f"/staff/workers/{agency.jean.id}/clients")
    assert [row["id"] for row in page.soup.select("tbody tr")] == [f"pair-{agency.claire.id}"]
    assert "George" not in page.words
    assert page.link("Claire Lefèvre").click().h1 == "Claire Lefèvre"
    both = sign_in(agency.ines).get(f"/staff/workers/{agency.jean.id}/clients")
    rows = {str(row["id"]): row for row in both.soup.select("tbody tr")}
    assert set(rows) == {f"pair-{number}" for number in (agency.claire.id, agency.george, agency.eloise.id)}
    assert "Thu 19 November" in rows[f"pair-{agency.george}"].get_text()


def test_the_ratings_of_a_client_and_of_a_worker_stand_with_their_average(
    sofia: Browser, agency: Agency, sign_in: SignIn, database: Database, shared: None
) -> None:
    assert "No rating yet" in sofia.get(f"/staff/clients/{agency.claire.id}/ratings").words
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 2, "Trop tard")
        factories.rate(agency.denis, agency.denis_done, 5)
    page = sofia.get(f"/staff/clients/{agency.claire.id}/ratings")
    assert "Trop tard" in page.words
    assert "average of 1 rating" in page.words
    page = sofia.get(f"/staff/workers/{agency.wassim.id}/ratings")
    assert "3.5 out of 5" in page.words
    assert "average of 2 ratings" in page.words
    assert sign_in(agency.ines).get(f"/staff/workers/{agency.jean.id}/ratings").status == 200


def test_another_sector_is_not_there(agency: Agency, sign_in: SignIn) -> None:
    igor = sign_in(agency.igor)
    for tab in ("workers", "ratings"):
        assert igor.get(f"/staff/clients/{agency.claire.id}/{tab}").status == 404
    for tab in ("clients", "ratings"):
        assert igor.get(f"/staff/workers/{agency.wassim.id}/{tab}").status == 404


def test_more_pairs_cost_no_more_statements(sofia: Browser, agency: Agency, database: Database, shared: None) -> None:
    addresses = (
        f"/staff/clients/{agency.claire.id}/workers", f"/staff/workers/{agency.wassim.id}/clients",
        f"/staff/clients/{agency.claire.id}/ratings", f"/staff/workers/{agency.wassim.id}/ratings",
    )  # fmt: skip
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 2, "Trop tard")
    few = [len(sofia.get(address).statements) for address in addresses]
    with database.writing():
        north, rising = db.session.get_one(Sector, agency.north), db.session.get_one(Service, agency.rising)
        claire, wassim = db.session.get_one(Client, agency.claire.id), db.session.get_one(Worker, agency.wassim.id)
        for number in range(55):
            factories.done_visit(claire, rising, [factories.worker("Anne", f"Number {number}", [north])], days=-9)
            factories.done_visit(factories.client("Anne", f"Number {number}", north), rising, [wassim], days=-9)
    for address, before in zip(addresses, few, strict=True):
        page = sofia.get(address)
        assert len(page.statements) == before
        assert before <= 12
    assert len(sofia.get(addresses[0]).soup.select("tbody tr")) == 50
    assert len(sofia.get(f"{addresses[0]}?page=2").soup.select("tbody tr")) == 7
    next_page = sofia.get(f"{addresses[0]}?client_id=9").link("Next page")
    assert next_page.href == f"{addresses[0]}?client_id=9&page=2", "it stays with its client"
