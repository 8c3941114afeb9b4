"""The tree of the agency: who sees which part of it, who answers for it, and how it is arranged."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.controls.models import Export
from portal.extensions import db
from portal.people.models import Client, Sector, Staff, Worker
from portal.people.queries import staff_responsible_for, visible_clients, visible_sectors, visible_workers
from portal.people.search_queries import search_people
from portal.ratings.low import unseen
from portal.work import jobs as work
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency, Persona
from tests.pages import Browser


def sector(name: str) -> Sector:
    return db.session.scalars(select(Sector).where(Sector.name == name)).one()


@pytest.fixture
def tree(agency: Agency, database: Database) -> dict[str, Persona]:
    """The North has a town with a client of its own, and a coordinator for each of the three levels."""
    with database.writing():
        whole, north = sector("Maison & Soins"), db.session.get_one(Sector, agency.north)
        lille = factories.sector("Lille", north)
        anna = factories.client("Anna", "Petit", lille, "anna@example.org")
        factories.worker("Olga", "Durand", [lille], "olga@example.org")
        ubiquitous = factories.worker("Rosa", "Partout", [], "rosa@example.org")
        ubiquitous.all_sectors = True
        factories.done_visit(anna, db.session.get_one(factories.Service, agency.rising), [ubiquitous], hour=7)
        return {
            "top": factories.persona(factories.staff("Tom", "Haut", "coordinator", [whole], "tom@example.org")),
            "middle": agency.sofia,
            "below": factories.persona(factories.staff("Bea", "Bas", "coordinator", [lille], "bea@example.org")),
            "beside": agency.igor,
            "anna": factories.persona(anna),
        }


WHO_SEES = [
    ("top", {"Claire Lefèvre", "Denis Moreau", "Anna Petit", "Éloïse D’Angelo", "George Wright"},
     {"Wassim Haddad", "Olga Durand", "Rosa Partout", "Jean Dupont"}),
    ("middle", {"Claire Lefèvre", "Denis Moreau", "Anna Petit"}, {"Wassim Haddad", "Olga Durand", "Rosa Partout"}),
    ("below", {"Anna Petit"}, {"Olga Durand", "Rosa Partout"}),
    ("beside", {"Éloïse D’Angelo", "George Wright"}, {"Jean Dupont", "Rosa Partout"}),
]  # fmt: skip


def test_coordinators_see_their_sectors_and_all_below_everywhere(
    app: Flask, agency: Agency, tree: dict[str, Persona], sign_in: SignIn, database: Database
) -> None:
    """Lists and their counts, records by address, search, badges, files of tables."""
    with database.writing():
        visit_id = db.session.scalars(select(factories.Visit.id).order_by(factories.Visit.id.desc()).limit(1)).one()
        factories.rate(tree["anna"], visit_id, 1)
        factories.rate(agency.claire, agency.claires_done, 5)
    for who, clients, workers in WHO_SEES:
        with app.app_context():
            user = tree[who].user
            assert {person.name for person in db.session.scalars(visible_clients(user))} == clients
            assert {person.name for person in db.session.scalars(visible_workers(user))} == workers
            everybody = {*clients, *workers}
            for person in [*db.session.scalars(select(Client)), *db.session.scalars(select(Worker))]:
                found = {hit.name for group in search_people(user, person.name) for hit in group.hits}
                assert (person.name in found) == (person.name in everybody), person.name
            assert unseen(user)[1] == ("Anna Petit" in clients)
            ids = {person.name: person.id for person in db.session.scalars(select(Client))}
        browser = sign_in(tree[who])
        listed = browser.get("/staff/clients")
        assert {link.get_text() for link in listed.soup.select("#records td:first-child a")} == clients
        assert listed.says(".pages-total") == f"{len(clients)} {'result' if len(clients) == 1 else 'results'}"
        sent = browser.get("/staff/workers").soup.select("#records td:first-child a")
        assert {link.get_text() for link in sent} == workers
        for name, number in ids.items():
            assert browser.get(f"/staff/clients/{number}").status == (200 if name in clients else 404), name
        assert ("Anna Petit" in browser.get("/staff/ratings").words) == ("Anna Petit" in clients)
        assert ("Anna Petit" in browser.get("/staff/visits").words) == ("Anna Petit" in clients)
        table = browser.get("/staff/controls/quality?period=this_month")
        assert ("Anna Petit" in table.words) == ("Anna Petit" in clients)
        if "Anna Petit" in clients:
            asked = table.press('[name="format"][value="csv"]').follow()
            with app.app_context():
                work.run(database.all(select(Export.work_id).order_by(Export.id.desc()))[0])
            file = browser.get(asked.request.path).link("Download the file").click().data.decode()
            assert "Anna Petit" in file
            assert ("Claire Lefèvre" in file) == ("Claire Lefèvre" in clients)


def test_a_manager_sees_the_sector_even_if_they_coordinate_none(agency: Agency, tree: dict, database: Database) -> None:
    with database.writing():
        sector("Lille").manager_id = agency.igor.id
    with database.app.app_context():
        seen = {each.name for each in db.session.scalars(visible_sectors(agency.igor.user))}
        assert seen == {"Sud", "Lille"}
        assert "Anna Petit" in {person.name for person in db.session.scalars(visible_clients(agency.igor.user))}


def test_low_ratings_are_told_to_the_manager_of_the_nearest_sector_before_its_coordinators(
    agency: Agency, tree: dict, database: Database
) -> None:
    with database.writing():
        lille = sector("Lille")
        lille.manager_id, sector("Nord").manager_id = agency.igor.id, agency.ines.id
        order = [person.first_name for person in staff_responsible_for(lille.id)]
        assert order == ["Igor", "Bea", "Inès", "Sofia", "Tom", "Inès", "Ada"]
        assert next(staff_responsible_for(lille.id, agency.sofia.id)).first_name == "Sofia", "the file's own manager"
        db.session.get_one(Staff, agency.igor.id).active = False
        assert next(staff_responsible_for(lille.id)).first_name == "Bea", "who has left is passed over"


# ---- the pages ----


@pytest.fixture
def ada(agency: Agency, tree: dict, sign_in: SignIn) -> Browser:
    return sign_in(agency.ada)


def rows(browser: Browser) -> dict[str, list[str]]:
    page = browser.get("/staff/sectors")
    cells = [
        [" ".join(cell.get_text(" ").split()) for cell in row.select("td")] for row in page.soup.select("tbody tr")
    ]
    return {row[0]: row[1:6] for row in cells}


def test_the_tree_shows_kind_manager_coordinators_and_numbers_that_lead_to_the_lists(
    ada: Browser, agency: Agency, database: Database
) -> None:
    with database.writing():
        sector("Nord").manager_id = agency.sofia.id
    assert rows(ada) == {
        "Maison & Soins": ["Agency", "–", "Tom Haut", "5", "4"],
        "Nord": ["Sector", "Sofia Benali", "Sofia Benali", "3", "3"],
        "Lille": ["Sector", "–", "Bea Bas", "1", "2"],
        "Sud": ["Sector", "–", "Igor Volkov", "2", "2"],
    }
    page = ada.get("/staff/sectors")
    assert len(page.statements) <= 6
    for link in page.soup.select("td.num a"):
        assert ada.get(str(link["href"])).says(".pages-total").split()[0] == link.get_text()


def test_a_sector_is_added_renamed_moved_and_given_a_manager(ada: Browser, agency: Agency, database: Database) -> None:
    form = ada.get("/staff/sectors").link("Add below Nord").click().form("Save")
    assert form.values()["parent_id"] == str(agency.north)
    said = form.submit(name="Roubaix", manager_id=agency.sofia.id).follow()
    assert "Roubaix is part of the agency now." in said.words
    made = said.link("Roubaix").click().form("Save")
    assert made.submit(name="Roubaix-Tourcoing", parent_id=agency.south, manager_id="").follow().status == 200
    with database.app.app_context():
        now = sector("Roubaix-Tourcoing")
        assert (now.parent_id, now.manager_id, now.kind) == (agency.south, None, "sector")
        entries = db.session.scalars(
            select(AuditEntry)
            .where(AuditEntry.subject_type == "sector", AuditEntry.subject_id == now.id)
            .order_by(AuditEntry.id)
        ).all()
    assert [entry.kind for entry in entries] == ["sector.created", "sector.changed"]
    assert entries[1].before == {"name": "Roubaix", "parent_id": agency.north, "manager_id": agency.sofia.id}
    assert entries[1].account_id == agency.ada.account_id


def test_what_cannot_be_is_said_at_the_field_and_what_was_typed_stays(
    ada: Browser, agency: Agency, database: Database
) -> None:
    with database.app.app_context():
        lille, whole = sector("Lille").id, sector("Maison & Soins").id
    not_offered = "Please choose one of the values offered."
    wrong: list[tuple[int, dict[str, Any], str]] = [
        (agency.north, {"name": ""}, "Please give a name."),
        (agency.north, {"name": "sud"}, "There is one with this name already."),
        (agency.north, {"name": "x" * 81}, "Please use at most 80 characters."),
        *((agency.north, {"parent_id": odd}, not_offered) for odd in (agency.north, lille, 99999, "x")),
        (agency.north, {"manager_id": 99999}, not_offered),
        (agency.north, {"kind": "empire"}, not_offered),
        (agency.north, {"kind": "network"}, "A network lies at the top"),
        (whole, {"kind": "sector", "parent_id": lille}, not_offered),
    ]
    before = database.fingerprint()
    for number, typed, sentence in wrong:
        page = ada.get(f"/staff/sectors/{number}")
        refused = ada.act(page.request.path, {**page.form("Save").values(), "name": "As typed", **typed})
        assert refused.status in (409, 422), typed
        assert any(sentence in error for error in refused.errors()), (typed, refused.errors())
        assert refused.soup.select('[aria-invalid="true"]'), typed
        assert refused.form("Save").values().get("name", "") == typed.get("name", "As typed"), typed
        assert database.fingerprint() == before


def test_what_lies_below_must_still_be_able_to_lie_there(ada: Browser, agency: Agency, database: Database) -> None:
    with database.writing():
        whole = sector("Maison & Soins")
        whole.kind = "network"
        agency_ = factories.sector("Agence Est", whole)
        agency_.kind = "agency"
        number = whole.id
    refused = ada.get(f"/staff/sectors/{number}").form("Save").submit(kind="agency")
    assert refused.status == 409
    assert refused.errors() == ["What lies below it could no longer lie there. Move that first."]


def test_a_second_editor_gets_both_texts(ada: Browser, agency: Agency, sign_in: SignIn, database: Database) -> None:
    address = f"/staff/sectors/{agency.north}"
    first, second = ada.get(address).form("Save"), sign_in(agency.ada).get(address).form("Save")
    assert first.submit(name="Grand Nord", manager_id=agency.sofia.id).status == 303
    late = second.submit(name="Nord-Ouest")
    assert late.status == 409
    assert "Somebody changed this in the meantime" in late.words
    assert "What stands there now: Grand Nord" in late.words
    assert "What stands there now: Sofia Benali" in late.words
    assert late.form("Save").values()["name"] == "Nord-Ouest"
    assert late.form("Save").submit().status == 303
    with database.app.app_context():
        assert db.session.get_one(Sector, agency.north).name == "Nord-Ouest"


def test_a_sector_is_closed_when_nobody_is_left_in_it_and_visits_keep_it(
    ada: Browser, agency: Agency, database: Database
) -> None:
    with database.app.app_context():
        lille = sector("Lille").id
    asked = ada.get(f"/staff/sectors/{lille}").link("Close the sector").click()
    assert "1 client" in asked.words
    assert "1 worker" in asked.words
    assert "Anna Petit" in asked.link("1 client").click().words
    assert "Olga Durand" in asked.link("1 worker").click().words
    assert not asked.soup.select('button[data-variant="danger"]')
    forced = ada.act(f"/staff/sectors/{lille}/closing")
    assert forced.status == 409
    assert "somebody or something still belongs to it" in forced.words
    with database.writing():
        anna = db.session.scalars(select(Client).where(Client.sector_id == lille)).one()
        anna.sector_id = agency.north
        db.session.scalars(select(Worker).where(Worker.first_name == "Olga")).one().active = False
    done = ada.get(f"/staff/sectors/{lille}/closing").form("Close the sector").submit().follow()
    assert "Lille is closed." in done.words
    assert "Lille Closed" in rows(ada)
    with database.app.app_context():
        assert database.count(factories.Visit, factories.Visit.sector_id == lille) == 1
    # it is offered nowhere, and nothing can be hung below it
    assert "Lille" not in ada.get("/staff/clients/new").at("select#sector_id").get_text()
    assert "Lille" not in ada.get("/staff/sectors/new").at("select#parent_id").get_text()
    again = ada.get(f"/staff/sectors/{lille}").form("Open it again").submit().follow()
    assert "Lille is open again." in again.words


def test_a_sector_with_open_ones_below_stays_open_and_one_below_a_closed_one_closed(
    ada: Browser, agency: Agency, database: Database
) -> None:
    with database.writing():
        above = factories.sector("Est", sector("Maison & Soins"))
        below = factories.sector("Metz", above)
        numbers = above.id, below.id
    assert "1 sector below it" in ada.get(f"/staff/sectors/{numbers[0]}/closing").words
    assert ada.act(f"/staff/sectors/{numbers[0]}/closing").status == 409
    for number in reversed(numbers):
        assert ada.act(f"/staff/sectors/{number}/closing").status == 303
    refused = ada.act(f"/staff/sectors/{numbers[1]}/opening")
    assert refused.status == 409
    assert "The sector above is closed" in refused.words
