"""Making and changing the record of a client; two people at one record; moving to another sector."""

from typing import Any

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client, SearchToken, Sector
from portal.settings.actions import set_option
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.pages import Browser, Page


@pytest.fixture
def sofia(agency: Agency, sign_in: SignIn) -> Browser:
    return sign_in(agency.sofia)


def editing(browser: Browser, client_id: int) -> Page:
    return browser.get(f"/staff/clients/{client_id}").link("Edit").click()


def entry(database: Database, kind: str, subject_id: int) -> AuditEntry:
    chosen = select(AuditEntry).where(AuditEntry.kind == kind, AuditEntry.subject_id == subject_id)
    return database.all(chosen.order_by(AuditEntry.id.desc()).limit(1))[0]


def test_a_client_is_made_found_and_changed(sofia: Browser, agency: Agency, database: Database) -> None:
    form = sofia.get("/staff/clients").link("New client").click().form("Save")
    assert form.values()["sector_id"] == str(agency.north), "there is no other to choose from"
    assert form.values()["file_manager_id"] == str(agency.sofia.id)
    page = form.submit(
        civility="Mme", first_name="Жанна", last_name="Жукова", phone="01 02 03 04 05", email="jeanne@example.org",
        city="Nantes", pets="Un chat", language="ru",
    ).follow()  # fmt: skip
    assert "The record of Жанна Жукова is made." in page.words
    for said in ("Mme", "01 02 03 04 05", "Nantes", "Un chat", "Русский", "Sofia Benali", "Nord", "Without access"):
        assert said in page.words, said
    made = database.one(select(Client).where(Client.email == "jeanne@example.org"))
    assert (made.match_key, made.sector_id, made.active) == ("жанна жукова", agency.north, True)
    assert entry(database, "person.created", made.id).after == {
        "sector_id": agency.north, "file_manager_id": agency.sofia.id, "language": "ru",
    }  # fmt: skip
    page = page.link("Edit").click().form("Save").submit(last_name="Moreau", mobile="06 07 08 09 10").follow()
    assert page.h1 == "Жанна Moreau"
    changed = entry(database, "person.changed", made.id)
    assert (changed.account_id, changed.after) == (agency.sofia.account_id, {"fields": ["last_name", "mobile"]})
    tokens = select(SearchToken.token).where(SearchToken.person_type == "client", SearchToken.person_id == made.id)
    assert {"moreau", "0607080910"} <= set(database.all(tokens))
    assert "жукова" not in database.all(tokens)


def test_somebody_who_may_be_there_already_is_named_before_a_second_record_is_made(
    sofia: Browser, agency: Agency, database: Database
) -> None:
    same: list[dict[str, Any]] = [{"last_name": "LEFEVRE"}, {"last_name": "Roy", "email": "CLAIRE@example.org"}]
    for again in same:
        page = sofia.get("/staff/clients/new").form("Save").submit(first_name="claire", **again)
        assert page.status == 409
        assert page.link("Claire Lefèvre").click().h1 == "Claire Lefèvre"
    assert database.count(Client) == 4
    other = page.form("Create all the same").submit(first_name="Denis", last_name="Moreau", email="")
    assert other.status == 409, "what was said of one is not said of another"
    assert other.form("Create all the same").submit().status == 303
    assert database.count(Client) == 5
    page = sofia.get("/staff/clients/new").form("Save").submit(first_name="Éloïse", last_name="D’Angelo")
    assert page.status == 303, "who is of another sector is not given away"


def test_what_cannot_be_kept_is_refused_at_its_field_and_what_was_typed_stays(
    sofia: Browser, agency: Agency, database: Database
) -> None:
    before = database.one(select(Client.version).where(Client.id == agency.claire.id))
    said = {"en": "This is not an e-mail address.", "fr": "Ce n’est pas une adresse", "ru": "адрес"}
    for language, sentence in said.items():
        sofia.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        page = sofia.get(f"/staff/clients/{agency.claire.id}/editing")
        page = page.form("editing").submit(
            first_name="", last_name="…", email="claire", phone="sur demande", pets="x" * 501, city="Ville d’ici"
        )
        assert page.status == 422
        for name in ("last_name", "email", "phone", "pets"):
            assert page.at(f"#{name}")["aria-invalid"] == "true", name
        assert sentence.lower() in page.says("#email-error").lower()
        assert (page.at("#email")["value"], page.at("#city")["value"]) == ("claire", "Ville d’ici")
    assert database.one(select(Client.version).where(Client.id == agency.claire.id)) == before


def test_the_second_of_two_who_change_a_record_gets_both_texts(
    sofia: Browser, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    first, second = editing(sign_in(agency.ines), agency.claire.id), editing(sofia, agency.claire.id)
    first.form("Save").submit(phone="01 11 11 11 11", city="Nantes", first_name="Clara")
    late = second.form("Save").submit(phone="02 22 22 22 22", pets="Deux chiens")
    assert late.status == 409
    assert "Nothing of yours is saved yet" in late.words
    assert late.at("#phone")["value"] == "02 22 22 22 22"
    assert "What stands there now: 01 11 11 11 11" in late.says("#phone-rival")
    assert "Inès Caron" in late.says("#phone-rival")
    assert late.at("#pets").get_text(strip=True) == "Deux chiens"
    assert late.says("#pets-rival") == "What stands there now: (nothing)", "nobody else has touched it"
    assert late.at("#first_name")["value"] == "Clara", "what was left alone takes what stands"
    assert "Before, it was: Claire" in late.says("#first_name-rival")
    assert "Before, it was: (nothing)" in late.says("#city-rival")
    assert not late.soup.select("#last_name-rival")
    assert database.one(select(Client.phone).where(Client.id == agency.claire.id)) == "01 11 11 11 11"
    page = late.form("Save").submit().follow()
    assert page.h1 == "Clara Lefèvre"
    assert all(said in page.words for said in ("02 22 22 22 22", "Deux chiens", "Nantes"))
    assert entry(database, "person.changed", agency.claire.id).after == {"fields": ["pets", "phone"]}


def test_another_sectors_numbers_are_refused_at_their_field_and_change_nothing(
    sofia: Browser, agency: Agency, database: Database
) -> None:
    before = database.fingerprint()
    address = f"/staff/clients/{agency.claire.id}/editing"
    version = editing(sofia, agency.claire.id).form("Save").values()["version"]
    wrong: list[dict[str, Any]] = [
        {"sector_id": agency.south}, {"file_manager_id": agency.igor.id}, {"sector_id": ""}, {"sector_id": "x"},
    ]  # fmt: skip
    for odd in wrong:
        page = sofia.act(address, {"version": version, **odd})
        assert page.status == 422, odd
        assert page.says(f"#{next(iter(odd))}-error")
        page = sofia.act("/staff/clients/new", {"last_name": "Roy", "sector_id": agency.north, **odd})
        assert page.status == 422, odd
    assert database.fingerprint() == before


def test_who_has_the_file_in_hand_sees_its_sector(agency: Agency, sign_in: SignIn, database: Database) -> None:
    page = editing(sign_in(agency.ines), agency.claire.id)
    page = page.form("Save").submit(sector_id=str(agency.south))
    assert page.status == 422
    assert "Sofia Benali does not see this sector." in page.says("#file_manager_id-error")
    assert page.form("Save").submit(file_manager_id=str(agency.ada.id)).status == 303


def test_the_visits_to_come_move_along_and_the_past_stays(
    sofia: Browser, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    page = editing(sign_in(agency.ines), agency.claire.id)
    page.form("Save").submit(sector_id=str(agency.south), file_manager_id=str(agency.igor.id))
    sectors = dict(database.all(select(Visit.id, Visit.sector_id)))
    for number, where in {
        agency.claires_next: agency.south, agency.draft: agency.south, agency.claires_done: agency.north,
        agency.claires_past: agency.north, agency.claires_cancelled: agency.north,
    }.items():  # fmt: skip
        assert sectors[number] == where, number
    assert sofia.get(f"/staff/visits/{agency.claires_next}").status == 404
    assert sofia.get(f"/staff/visits/{agency.claires_done}").status == 200
    igor = sign_in(agency.igor)
    assert igor.get(f"/staff/clients/{agency.claire.id}").status == 200
    assert igor.get(f"/staff/visits/{agency.claires_next}").status == 200
    deed = entry(database, "visit.changed", agency.claires_next)
    assert (deed.before, deed.after) == (
        {"sector_id": agency.north}, {"sector_id": agency.south, "fields": ["sector_id"]},
    )  # fmt: skip
    deed = entry(database, "person.changed", agency.claire.id)
    assert deed.before == {"sector_id": agency.north, "file_manager_id": agency.sofia.id}


def test_what_a_record_holds_can_stay_though_nobody_could_choose_it_any_more(
    sofia: Browser, agency: Agency, database: Database
) -> None:
    """A manager who has left, a language that the agency no longer offers: saving something else changes neither."""
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        claire.language = "ru"
        anne = factories.staff("Anne", "Petit", "coordinator", [claire.sector], "anne@example.org")
        anne.active, claire.file_manager = False, anne
        set_option(None, "agency.languages", "fr,en")
    page = editing(sofia, agency.claire.id).form("Save").submit(city="Nantes").follow()
    assert "Anne Petit Closed" in page.words
    assert entry(database, "person.changed", agency.claire.id).after == {"fields": ["city"]}


def test_the_pages_of_a_record_cost_few_statements(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        root = db.session.get_one(Sector, agency.north)
        for number in range(30):
            within = factories.sector(f"Quartier {number}", root)
            factories.staff("Anne", f"Number {number}", "coordinator", [within], f"anne{number}@example.org")
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/clients/{agency.claire.id}")
    assert len(page.statements) <= 12
    assert len(page.link("Edit").click().statements) <= 12
