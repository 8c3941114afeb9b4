"""Finding people from the one box: by any word of theirs, in either script, and only those whom one may see."""

import pytest
from flask import Flask
from sqlalchemy import delete

from portal import demo
from portal.accounts.models import Account
from portal.extensions import db
from portal.imports.actions import keep_file, let_write
from portal.imports.jobs import plan_import, write_import
from portal.people import access, search
from portal.people.actions import follow_address
from portal.people.models import Client, SearchToken, Sector
from portal.people.search import index_person, reindex
from portal.people.search_queries import search_people
from portal.people.team import add_staff
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency, Persona


def names(who: Persona, typed: str) -> list[str]:
    return [hit.name for group in search_people(who.user, typed) for hit in group.hits]


@pytest.fixture
def russians(agency: Agency, database: Database) -> None:
    """Anna has a name in Cyrillic and two telephones; Mme Joukov's name is French, Claire's number has zeros."""
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        claire.phone = "03 20 00 00 12"
        index_person(claire)
        north = db.session.get_one(Sector, agency.north)
        anna = factories.client("Анна", "Иванова", north, "anna.petite75@example.org")
        anna.phone, anna.mobile = "+33 (0)1 23 45 67 89", "06 12 34 56 78"
        index_person(anna)
        yuri = factories.worker("Юрий", "Щербаков", [north])
        yuri.phone = "+7 (912) 345-67-80"
        index_person(yuri)
        factories.client("Nadia", "Joukov", north)
        factories.client("Zinaïda", "Zhukova", north)
        factories.client("Pierre", "Müller", north)


FOUND = [
    ("Lefèvre Claire", "Claire Lefèvre"),
    ("lefevre cl", "Claire Lefèvre"),
    ("CLAIRE lef", "Claire Lefèvre"),
    ("Mme Lefèvre, Claire", "Claire Lefèvre"),
    ("claire@exam", "Claire Lefèvre"),
    ("d'angelo", "Éloïse D’Angelo"),
    ("dangelo", "Éloïse D’Angelo"),
    ("angelo elo", "Éloïse D’Angelo"),
    ("Иванова", "Анна Иванова"),
    ("ИВА АН", "Анна Иванова"),
    ("Ivanova", "Анна Иванова"),
    ("ivan ann", "Анна Иванова"),
    ("petite75", "Анна Иванова"),
    ("06 12 34", "Анна Иванова"),
    ("+33 6 12", "Анна Иванова"),
    ("0033612345678", "Анна Иванова"),
    ("01.23.45", "Анна Иванова"),
    ("5678", "Анна Иванова"),
    ("анна 0612", "Анна Иванова"),
    ("8 912 345", "Юрий Щербаков"),
    ("Youri Chtcherbakov", "Юрий Щербаков"),
    ("Yuri Shcherbakov", "Юрий Щербаков"),
    ("Жуков над", "Nadia Joukov"),
    ("Жукова Зин", "Zinaïda Zhukova"),
    ("03 20 00 00 12", "Claire Lefèvre"),
    ("Lefèvre 03 20 00 00 12", "Claire Lefèvre"),
    ("0320 00 00", "Claire Lefèvre"),
    ("+33 3 20 00 00", "Claire Lefèvre"),
]


def test_a_person_is_found_by_the_beginning_of_any_of_their_words_and_by_nothing_else(
    agency: Agency, russians: None, app: Flask
) -> None:
    with app.app_context():
        for typed, found in FOUND:
            assert names(agency.ada, typed) == [found], typed
        nothing = ("", "  ", "'", "+", "00", "évre", "zz", "Claire Moreau", "claire@example.com", "%", "_")
        # "ou" is said as in Müller, but one Latin word is not held against how another sounds
        for typed in (*nothing, "mou"):
            assert names(agency.ada, typed) == [], typed


def test_each_finds_those_of_their_perimeter_and_administrators_their_colleagues(agency: Agency, app: Flask) -> None:
    with app.app_context():
        assert names(agency.sofia, "lefevre") == ["Claire Lefèvre", "Paul Lefèvre"]
        for word in ("lefevre", "claire@", "paul", "moreau", "wassim"):
            assert names(agency.igor, word) == [], word
        assert names(agency.igor, "jean") == ["Jean Dupont"]
        assert names(agency.ines, "wassim") == ["Wassim Haddad"]
        assert names(agency.ines, "sofia") == names(agency.sofia, "sofia") == []
        assert names(agency.ada, "sofia") == ["Sofia Benali"]
        assert names(agency.claire, "moreau") == names(agency.claire, "wassim") == []


def test_the_box_is_on_every_page_and_opens_the_record_of_the_one_who_is_found(agency: Agency, sign_in: SignIn) -> None:
    box = sign_in(agency.sofia).get("/staff/visits").form("/staff/search")
    assert box.fields("q")[0]["aria-keyshortcuts"] == "/"
    assert box.submit(q="claire").location == f"/staff/clients/{agency.claire.id}"
    assert box.submit(q="paul").location == f"/staff/clients/{agency.claire.id}/relatives/{agency.paul.id}"
    assert box.submit(q="wassim").location == f"/staff/workers/{agency.wassim.id}"
    colleague = sign_in(agency.ada).get("/staff/home").form("/staff/search").submit(q="sofia")
    assert colleague.location == f"/staff/team/{agency.sofia.id}"


def test_the_page_shows_each_kind_with_its_place_and_marks_closed_records(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        closed = factories.client("Clarisse", "Noël", db.session.get_one(Sector, agency.north))
        closed.active, closed.phone = False, "01 02 03 04 05"
    browser = sign_in(agency.ines)
    page = browser.get("/staff/search?q=cl")
    rows = [" ".join(row.get_text(" ").split()) for row in page.soup.select("#results tbody tr")]
    assert rows == ["Claire Lefèvre Nord claire@example.org", "Clarisse Noël Nord 01 02 03 04 05 Closed"]
    assert page.form("/staff/search").values() == {"q": "cl"}
    both = browser.get("/staff/search?q=lefevre")
    assert [tag.get_text(" ", strip=True) for tag in both.soup.select("#results h2")] == ["Clients 1", "Relatives 1"]
    assert "Nobody is found for “lefevre zoé”" in browser.get("/staff/search?q=lefevre+zoé").words
    assert "Type a name" in browser.get("/staff/search").words
    part = browser.part("/staff/search?q=cl")
    assert part.is_fragment
    assert [link["href"] for link in part.soup.select("li a")] == [
        f"/staff/clients/{agency.claire.id}", f"/staff/clients/{closed.id}",
    ]  # fmt: skip
    assert browser.part("/staff/search?q=").html.strip() == ""


def test_of_thousands_twenty_are_shown_and_the_work_is_bounded(
    app: Flask, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    browser = sign_in(agency.sofia)
    few = browser.get("/staff/search?q=lefevre").statements
    with database.writing():
        db.session.bulk_insert_mappings(
            Client,
            [
                {"first_name": f"Nom{number:04}", "last_name": "Zidane", "match_key": "zidane", "active": True,
                 "sector_id": agency.north, "language": "fr"}
                for number in range(1100)
            ],
        )  # fmt: skip
        reindex()
    page = browser.get("/staff/search?q=zid")
    assert page.says("#results h2") == "Clients 1,000+"
    assert len(page.soup.select("#results tbody tr")) == 20
    assert "The first 20 of 1,000+" in page.words
    assert len(page.statements) == len(few) <= 6
    narrowed = browser.get("/staff/search?q=zid+nom07")
    assert narrowed.says("#results h2") == "Clients 100"


# ---- whatever way a record is made, it is found ----


def test_colleagues_and_relatives_are_found_once_added(agency: Agency, database: Database) -> None:
    with database.writing():
        add_staff(None, {"email": "nouveau@example.org", "first_name": "Léa", "last_name": "Noël", "role": "quality"})
        claire = db.session.get_one(Client, agency.claire.id)
        access.add_relative(
            agency.sofia.user, claire,
            {"first_name": "Zoé", "last_name": "Petit", "email": "zoe@example.org", "may_rate": True,
             "sees_upcoming": True, "sees_ratings": True},
        )  # fmt: skip
    with database.app.app_context():
        assert names(agency.ada, "noel lea") == ["Léa Noël"]
        assert names(agency.sofia, "zoe@") == ["Zoé Petit"]


def test_records_made_and_changed_on_their_pages_are_found(agency: Agency, sign_in: SignIn, database: Database) -> None:
    sofia, ada = sign_in(agency.sofia), sign_in(agency.ada)
    made = sofia.get("/staff/clients/new").form("Save").submit(
        first_name="Zénobie", last_name="Auclair", mobile="07 99 88 77 66", sector_id=agency.north
    )  # fmt: skip
    assert made.status == 303
    form = sofia.get("/staff/workers/new").form("Save")
    assert (
        sofia.act(
            form.action, {**form.values(), "first_name": "Ослик", "last_name": "Иа", "sector_ids": agency.north}
        ).status
        == 303
    )
    team = ada.get("/staff/team/new").form("/staff/team/new")
    assert team.submit(first_name="Léa", last_name="Noël", email="lea@example.org", role="quality").status == 303
    with database.app.app_context():
        assert names(agency.sofia, "0799 zen") == ["Zénobie Auclair"]
        assert names(agency.sofia, "oslik") == ["Ослик Иа"]
        assert names(agency.ada, "lea@") == ["Léa Noël"]
    form = sofia.get(f"/staff/clients/{agency.claire.id}/editing").form("Save")
    assert form.submit(last_name="Bérénice-Lefort").status == 303
    with database.app.app_context():
        assert names(agency.sofia, "lefort claire") == ["Claire Bérénice-Lefort"]
        assert names(agency.sofia, "claire lefevre") == []


def commit(done: int, total: int | None = None) -> None:
    db.session.commit()


def test_whoever_comes_from_a_file_is_found_and_found_anew_when_the_file_changes_them(
    agency: Agency, database: Database, app: Flask
) -> None:
    for lines, typed in (
        ("Zénobie Auclair;Nord;zen@example.org;", "zenobie"),
        ("Zénobie Auclair;Nord;zen@example.org;07 99 88 77 66", "0799"),
    ):
        content = f"Nom;Secteur;E-mail;Téléphone\n{lines}\n".encode()
        with database.writing():
            made = keep_file(agency.sofia.user, "clients", "clients.csv", content, {})
            db.session.commit()
            plan_import(made, commit)
            let_write(made, {})
            db.session.commit()
            write_import(made, commit)
        with app.app_context():
            assert names(agency.sofia, typed) == ["Zénobie Auclair"], typed


def test_a_new_address_is_found_in_place_of_the_former_one(agency: Agency, database: Database) -> None:
    with database.writing():
        account = db.session.get_one(Account, agency.claire.account_id)
        account.email = "clairette@example.net"
        follow_address(account, "claire@example.org")
    with database.app.app_context():
        assert names(agency.sofia, "clairette@") == ["Claire Lefèvre"]
        assert names(agency.sofia, "claire@example") == []


def test_the_people_of_the_demo_are_found(app: Flask, database: Database) -> None:
    with database.writing():
        demo.build()
    with app.app_context():
        assert search.not_indexed() == 0


def test_a_database_from_before_is_indexed_by_its_migration(app: Flask, agency: Agency, database: Database) -> None:
    from flask_migrate import downgrade, upgrade

    with app.app_context():
        before = set(db.session.execute(db.select(SearchToken.token, SearchToken.person_id)).all())
        db.session.rollback()
        downgrade(revision="0002")
        upgrade()
        assert set(db.session.execute(db.select(SearchToken.token, SearchToken.person_id)).all()) == before


def test_records_that_cannot_be_found_are_reported_and_one_command_mends_it(
    app: Flask, agency: Agency, database: Database
) -> None:
    with database.writing():
        db.session.execute(delete(SearchToken).where(SearchToken.person_type == "client"))
        nameless = Client(first_name="…", last_name="", match_key="", sector_id=agency.north, active=True)
        db.session.add(nameless)
    said = app.test_cli_runner().invoke(args=["doctor"]).output
    assert "search: cannot find 5 of the people" in said
    assert "flask people reindex" in said
    made = app.test_cli_runner().invoke(args=["people", "reindex"])
    assert made.exit_code == 0, made.output
    assert "search: finds everybody" in app.test_cli_runner().invoke(args=["doctor"]).output
    with app.app_context():
        assert names(agency.sofia, "claire lef") == ["Claire Lefèvre"]


def test_every_list_of_people_finds_a_name_in_the_other_script(russians: None, agency: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia)
    for address, name in (
        ("/staff/clients?q=ivanova", "Иванова"), ("/staff/visits/new?q=ivanova", "Иванова"),
        ("/staff/workers?q=shcherbakov", "Щербаков"), ("/staff/workers?q=хаддад", "Haddad"),
        ("/staff/visits?worker=хаддад", "Haddad"), ("/staff/visits?client=лефевр", "Lefèvre"),
    ):  # fmt: skip
        page = sofia.get(address)
        assert name in page.says("main"), address
        assert len(page.statements) <= 6, address
