"""Records of clients and workers as staff find and read them, each in their sectors alone."""

import pytest

from portal.extensions import db
from portal.people.models import Client, Sector, Skill, SkillLevel, Worker, WorkerSkill
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Browser, Page


@pytest.fixture
def sofia(agency: Agency, sign_in: SignIn) -> Browser:
    return sign_in(agency.sofia)


def names(page: Page) -> list[str]:
    return [link.get_text() for link in page.soup.select("#records tbody tr td:first-child a")]


def test_each_coordinator_finds_their_own_people_and_opens_a_record_with_one_click(
    sofia: Browser, agency: Agency, sign_in: SignIn
) -> None:
    page = sofia.get("/staff/home").link("Clients").click()
    assert names(page) == ["Claire Lefèvre", "Denis Moreau"]
    assert "Sofia Benali" in page.at("#records tbody tr:first-child").get_text(" ")
    record = page.link("Claire Lefèvre").click()
    assert record.h1 == "Claire Lefèvre"
    assert "claire@example.org" in record.words
    assert "Sofia Benali" in record.words
    assert "Paul Lefèvre" in record.words
    assert "May rate visits in the client’s place · Sees the visits to come" in record.words
    access = record.link("Portal access").click()
    assert (access.h1, access.says(".record-tabs [aria-current]")) == ("Claire Lefèvre", "Portal access")
    workers = sofia.get("/staff/home").link("Workers").click()
    assert names(workers) == ["Wassim Haddad"]
    assert workers.link("Wassim Haddad").click().h1 == "Wassim Haddad"
    ines = sign_in(agency.ines)
    assert len(names(ines.get("/staff/clients"))) == 4
    assert names(ines.get("/staff/workers")) == ["Jean Dupont", "Wassim Haddad"]


def test_the_lists_are_narrowed_by_what_stands_in_the_address(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        db.session.get_one(Client, agency.denis.id).active = False
        wassim = db.session.get_one(Worker, agency.wassim.id)
        cooking = Skill(name="Cuisine", active=True)
        cooking.levels = [SkillLevel(rank=1, name="Débutant")]
        factories.add(cooking)
        wassim.skills = [WorkerSkill(skill=cooking, level=cooking.levels[0])]
        root = db.session.get_one(Sector, agency.north).parent_id
    ines = sign_in(agency.ines)
    found = {
        "": ["Éloïse D’Angelo", "Claire Lefèvre", "George Wright"],
        "q=lefevre cl": ["Claire Lefèvre"],
        f"sector={agency.south}": ["Éloïse D’Angelo", "George Wright"],
        f"sector={root}&q=e": ["Éloïse D’Angelo"],
        f"manager={agency.sofia.id}&state=all": ["Claire Lefèvre", "Denis Moreau"],
        "state=closed": ["Denis Moreau"],
        "sector=987654&manager=x&state=odd": ["Éloïse D’Angelo", "Claire Lefèvre", "George Wright"],
        "q=Nobody": [],
    }
    for query, expected in found.items():
        assert names(ines.get(f"/staff/clients?{query}")) == expected, query
    assert "No client matches this choice" in ines.get("/staff/clients?q=Nobody").words
    assert names(ines.get(f"/staff/workers?skill={cooking.id}")) == ["Wassim Haddad"]
    assert names(ines.get(f"/staff/workers?sector={agency.south}")) == ["Jean Dupont"]
    assert names(ines.part("/staff/workers?q=dupont")) == ["Jean Dupont"]


def test_a_name_of_a_sector_is_one_name_whatever_it_holds(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        db.session.get_one(Sector, agency.north).name = 'Nord,\n"Lille"'
    ada = sign_in(agency.ada)
    for address, place in (("/staff/workers", 2), ("/staff/clients", 2), ("/staff/team", 3)):
        cells = [cell.get_text() for cell in ada.get(address).soup.select(f"#records tbody td:nth-child({place})")]
        assert 'Nord,\n"Lille"' in cells, address


def test_another_sector_is_neither_offered_nor_looked_into(agency: Agency, sign_in: SignIn) -> None:
    igor = sign_in(agency.igor)
    assert igor.get(f"/staff/clients/{agency.claire.id}").status == 404
    assert igor.get(f"/staff/workers/{agency.wassim.id}").status == 404
    for page in (igor.get(f"/staff/clients?sector={agency.north}"), igor.get(f"/staff/workers?sector={agency.north}")):
        assert "Nord" not in page.words
        assert "Claire" not in page.words
        assert names(page), "what is not offered is no filter"
    assert names(igor.get(f"/staff/clients?manager={agency.sofia.id}")) == ["Éloïse D’Angelo", "George Wright"]


def test_a_list_costs_as_many_statements_however_long_it_is(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    ines = sign_in(agency.ines)
    addresses = ("/staff/clients?q=e", "/staff/workers?q=e")
    few = [len(ines.get(address).statements) for address in addresses]
    with database.writing():
        north, south = (db.session.get_one(Sector, number) for number in (agency.north, agency.south))
        for number in range(70):
            factories.client("Émile", f"Number {number:03}", north)
            factories.worker("Émile", f"Number {number:03}", [north, south])
    for address, before in zip(addresses, few, strict=True):
        page = ines.get(address)
        assert len(names(page)) == 50
        assert len(page.statements) == before
        assert before <= 6
        assert len(names(page.link("Next page").click())) > 15
