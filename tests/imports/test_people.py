"""What each line of a file of clients or workers does: one test a rule."""

import pytest
from sqlalchemy import select

from portal.accounts.models import Account
from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.outbox.models import Message
from portal.people.lines import split_name
from portal.people.models import Client, Service, Worker
from portal.visits.actions import plan_visit
from tests.factories import at
from tests.imports.conftest import Office

FULL = "Civilité;Prénom;Nom;E-mail;Téléphone;Langue;Secteur;Gestionnaire;Identifiant;Invitation au portail"


def named(kind: type[Client] | type[Worker], last_name: str) -> Client | Worker:
    db.session.expire_all()
    return db.session.scalars(select(kind).where(kind.last_name == last_name)).one()


def test_a_line_becomes_a_client(office: Office) -> None:
    line = "Mme;Zoë;N'Guyen;Zoe@Example.org;01 23 45 67 89;русский;nord;sofia test;C-1;non"
    seen = office.bring_in(line, kind="clients", titles=FULL)
    assert seen.outcomes == ["create"]
    zoe = named(Client, "N'Guyen")
    assert isinstance(zoe, Client)
    assert (zoe.civility, zoe.first_name, zoe.email, zoe.phone, zoe.language) == (
        "Mme", "Zoë", "zoe@example.org", "01 23 45 67 89", "ru")  # fmt: skip
    assert (zoe.sector.name, zoe.file_manager and zoe.file_manager.first_name, zoe.external_id) == (
        "Nord",
        "Sofia",
        "C-1",
    )
    assert zoe.match_key == "nguyen zoe"
    assert (zoe.active, zoe.account_id) == (True, None)
    assert office.bring_in(line, kind="clients", titles=FULL).outcomes == ["unchanged"]


def test_nobody_is_created_before_it_is_validated(office: Office) -> None:
    assert office.preview("Zoë;Neuve;zoe@example.org;Nord", kind="clients").outcomes == ["create"]
    assert db.session.scalars(select(Client).where(Client.last_name == "Neuve")).all() == []


def test_what_changes_is_shown_field_by_field_and_blanks_erase_nothing(office: Office) -> None:
    named(Client, "Lefèvre").external_id = "C-7"
    db.session.commit()
    line = ";claire;LEFEVRE;new@example.org;;;Sud;;C-7;"
    seen = office.bring_in(line, kind="clients", titles=FULL)
    assert seen.outcomes == ["change"]
    notes = {params["column"]: params for code, params in seen.lines[0].notes if code == "field_changed"}
    assert notes["email"] == {"column": "email", "before": "claire@example.org", "after": "new@example.org"}
    assert notes["sector"] == {"column": "sector", "before": "Nord", "after": "Sud"}
    seen = office.bring_in("Claire;Lefèvre;;", kind="clients")
    assert named(Client, "Lefèvre").email == "new@example.org"


def test_a_client_whom_a_file_moves_takes_the_visits_to_come_along(office: Office) -> None:
    service = db.session.scalars(select(Service)).one()
    visits = [plan_visit(None, office.claire, service, [], at(days, 9), 60) for days in (-1, 1)]
    named(Client, "Lefèvre").external_id = "C-7"
    db.session.commit()
    assert office.bring_in(";;Lefèvre;;;;Sud;;C-7;", kind="clients", titles=FULL).outcomes == ["change"]
    db.session.expire_all()
    assert [visit.sector_id for visit in visits] == [office.north.id, office.south.id]


def test_a_name_with_another_address_may_be_somebody_else(office: Office) -> None:
    seen = office.bring_in("Claire;Lefèvre;other@example.org;Nord", kind="clients")
    assert seen.codes == ["other_address"]
    assert named(Client, "Lefèvre").email == "claire@example.org"


def test_a_name_written_otherwise_does_not_rename(office: Office) -> None:
    assert office.bring_in("CLAIRE;LEFEVRE;;", kind="clients").outcomes == ["unchanged"]
    assert named(Client, "Lefèvre").first_name == "Claire"


def test_a_whole_name_in_one_column_is_understood(office: Office) -> None:
    office.bring_in("Mme MARTIN-ROUX Zoé;Nord", kind="clients", titles="Nom et prénom;Secteur")
    zoe = named(Client, "MARTIN-ROUX")
    assert (zoe.civility, zoe.first_name) == ("Mme", "Zoé")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Mme LEFÈVRE Claire", ("Mme", "Claire", "LEFÈVRE")),
        ("Lefèvre, Claire", ("", "Claire", "Lefèvre")),
        ("Claire Lefèvre", ("", "Claire", "Lefèvre")),
        ("M. Jean de La Tour", ("M.", "Jean", "de La Tour")),
        ("г-жа Анна Иванова", ("г-жа", "Анна", "Иванова")),
        ("Claire", ("", "Claire", "")),
    ],
)
def test_names_are_parted(text: str, parts: tuple[str, str, str]) -> None:
    assert split_name(text) == parts


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (";;zoe@example.org;Nord", "no_name"),
        ("Zoë;Neuve;zoe at example;Nord", "bad_email"),
        ("Zoë;Neuve;;Ouest", "unknown_sector"),
        ("Zoë;Neuve;;", "sector_missing"),
        (f"Zoë;{'x' * 81};;Nord", "too_long"),
    ],
)
def test_a_line_that_cannot_be_taken_is_refused(office: Office, line: str, code: str) -> None:
    seen = office.bring_in(line, kind="clients")
    assert (seen.outcomes, seen.codes) == (["refused"], [code])


def test_an_unknown_file_manager_or_an_invitation_without_an_address_is_refused(office: Office) -> None:
    lines = (
        "Mme;Zoë;Neuve;;;;Nord;Paul Personne;;",
        "Mme;Zoë;Neuve;;;;Nord;;;oui",
        "Mme;Zoë;Neuve;;;;Nord;;;peut-être",
    )
    codes = office.preview(*lines, kind="clients", titles=FULL).codes
    assert codes == ["unknown_manager", "invitation_without_email", "bad_choice"]


def test_homonyms_are_told_apart_by_e_mail_or_refused(office: Office) -> None:
    office.client("Claire", "Lefèvre", office.north, "other@example.org")
    db.session.commit()
    seen = office.bring_in(
        "Claire;Lefèvre;other@example.org;Sud",
        "Claire;Lefèvre;;Sud",
        "Claire;Lefèvre;third@example.org;",
        kind="clients",
    )
    assert (seen.outcomes, seen.codes[-2:]) == (["change", "refused", "refused"], ["homonym", "homonym"])


def test_two_lines_with_one_name_and_two_addresses_are_two_people(office: Office) -> None:
    lines = ("Zoë;Neuve;one@example.org;Nord", "Zoë;Neuve;two@example.org;Nord")
    assert office.bring_in(*lines, kind="clients").outcomes == ["create", "create"]
    assert office.bring_in(*lines, kind="clients").outcomes == ["unchanged", "unchanged"]


def test_an_external_id_finds_a_person_who_changed_names(office: Office) -> None:
    line = "Mme;Zoë;Neuve;;;;Nord;;C-7;"
    office.bring_in(line, kind="clients", titles=FULL)
    office.bring_in(line.replace("Neuve", "Martin"), kind="clients", titles=FULL)
    assert named(Client, "Martin").match_key == "martin zoe"


def test_an_address_that_has_a_login_gets_no_invitation_and_none_is_promised(office: Office) -> None:
    db.session.add(Account(email="zoe@example.org"))
    db.session.commit()
    seen = office.preview("Mme;Zoë;Neuve;zoe@example.org;;;Nord;;;oui", kind="clients", titles=FULL)
    assert (seen.imported.totals["invitations"], [code for code, _ in seen.lines[0].notes]) == (0, ["same_login"])
    seen.write()
    assert db.session.scalars(select(Message)).all() == []
    assert named(Client, "Neuve").account_id


def test_an_invitation_is_mailed_once_and_only_when_written(office: Office) -> None:
    line = "Mme;Zoë;Neuve;zoe@example.org;;;Nord;;;oui"
    seen = office.preview(line, kind="clients", titles=FULL)
    assert seen.imported.totals["invitations"] == 1
    assert db.session.scalars(select(Message)).all() == []
    seen.write()
    assert [message.kind for message in db.session.scalars(select(Message))] == ["accounts.invitation"]
    assert named(Client, "Neuve").account_id
    assert office.bring_in(line, kind="clients", titles=FULL).outcomes == ["unchanged"]
    assert len(db.session.scalars(select(Message)).all()) == 1


def test_an_address_that_a_file_corrects_moves_a_login_that_nobody_has_used(office: Office) -> None:
    line = "Mme;Zoë;Neuve;%s;;fr;Nord;;C1;oui"
    office.bring_in(line % "wrong@example.org", kind="clients", titles=FULL)
    office.bring_in(line % "right@example.org", kind="clients", titles=FULL)
    zoe = named(Client, "Neuve")
    assert (zoe.email, zoe.account and zoe.account.email) == ("right@example.org", "right@example.org")


def test_a_coordinator_brings_in_clients_of_their_sectors_alone(office: Office) -> None:
    seen = office.bring_in("Zoë;Neuve;;Sud", "Zoë;Neuve;;", kind="clients", user=office.sofia)
    assert (seen.outcomes, seen.codes[0]) == (["refused", "create"], "unknown_sector")
    zoe = named(Client, "Neuve")
    assert isinstance(zoe, Client)
    assert zoe.sector.name == "Nord"


def test_a_worker_has_several_sectors_and_a_file_only_adds_some(office: Office) -> None:
    office.bring_in("Zoë;Neuve;;Nord, Sud", "Wassim;Haddad;;Sud", kind="workers")
    for last_name in ("Neuve", "Haddad"):
        worker = named(Worker, last_name)
        assert isinstance(worker, Worker)
        assert sorted(sector.name for sector in worker.sectors) == ["Nord", "Sud"]


def test_a_worker_of_other_sectors_is_left_to_those_who_see_them(office: Office) -> None:
    jean = office.worker("Jean", "Dupont")
    jean.sectors = [office.south]
    db.session.commit()
    seen = office.preview("Jean;Dupont;jean@example.org;Nord", kind="workers", user=office.sofia)
    assert seen.codes == ["elsewhere"]


def test_every_person_brought_in_leaves_an_entry(office: Office) -> None:
    office.bring_in("Zoë;Neuve;;Nord", "Denis;Moreau;;Sud", kind="clients", user=office.ines)
    entries = db.session.scalars(select(AuditEntry).where(AuditEntry.kind.startswith("person."))).all()
    assert [(entry.kind, entry.subject_type, entry.after) for entry in entries] == [
        ("person.created", "client", {"imported": True}),
        ("person.changed", "client", {"fields": ["sectors"]}),
    ]
    assert {entry.account_id for entry in entries} == {office.ines.account_id}


def test_what_has_one_line_in_a_record_has_one_when_it_comes_from_a_cell_with_several(office: Office) -> None:
    line = '"Mme";"Zoë\nAnne";"N\'Guyen\n";zoe@example.org;"01 23\n45";;nord;;"C\n1";non'
    assert office.bring_in(line, kind="clients", titles=FULL).outcomes == ["create"]
    zoe = named(Client, "N'Guyen")
    assert (zoe.first_name, zoe.phone, zoe.external_id) == ("Zoë Anne", "01 23 45", "C 1")
