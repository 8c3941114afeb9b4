"""Who can complain about whom, what a complaint is followed by, and what is refused."""

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.complaints.actions import Filing, file_complaint
from portal.complaints.models import Complaint
from portal.complaints.queries import clients_met, complaint_of, visible_complaints, workers_met
from portal.errors import Refused
from portal.extensions import db, wires
from portal.links import new_public_id
from portal.notes.models import Note
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from portal.people.models import Client, Worker
from tests import factories
from tests.conftest import Database
from tests.factories import NOON, Agency, Persona


def filing(direction: str = "client_agency", **more: object) -> Filing:
    given = {"subject": entry_of_code(ListName.COMPLAINT, "C03"), "text": "Rien n’est fait.", "token": new_public_id()}
    return Filing(direction, **{**given, **more})  # ty: ignore[invalid-argument-type]


def client(person: Persona) -> Client:
    return db.session.get_one(Client, person.id)


def worker(person: Persona) -> Worker:
    return db.session.get_one(Worker, person.id)


def code_of(app: Flask, who: Persona, **more: object) -> str:
    with pytest.raises(Refused) as refusal:
        file_complaint(who.user, filing(**more))  # ty: ignore[invalid-argument-type]
    return refusal.value.code


def test_a_complaint_is_followed_by_a_note_in_both_records(agency: Agency, database: Database) -> None:
    with database.writing():
        made = factories.complaint(agency.claire, about=agency.wassim.id)
        note = db.session.get_one(Note, made.note_id)
        assert (note.client_id, note.worker_id, note.owner_id) == (agency.claire.id, agency.wassim.id, agency.sofia.id)
        assert (note.origin, note.origin_id, note.title) == ("complaint", made.id, "Ponctualité")
        assert note.category is not None
        assert note.category.code == "N03"
        assert "venu" not in note.text + note.title
        assert (made.acknowledge_by, made.answer_by) == (date(2026, 11, 19), date(2026, 12, 2))
        assert note.remind_at is not None
        assert note.remind_at > NOON
        assert made.sector_id == agency.north


def test_without_a_file_manager_the_sector_s_manager_has_it_in_hand(agency: Agency, database: Database) -> None:
    with database.writing():
        claire = client(agency.claire)
        claire.file_manager_id, claire.sector.manager_id = None, agency.ines.id
        made = factories.complaint(agency.claire)
        assert db.session.get_one(Note, made.note_id).owner_id == agency.ines.id


def test_people_who_have_not_met_cannot_complain_about_each_other(app: Flask, agency: Agency) -> None:
    with app.app_context():
        pair = {"client": client(agency.claire), "worker": worker(agency.jean)}
        assert code_of(app, agency.claire, direction="client_worker", **pair) == "about"
        assert code_of(app, agency.jean, direction="worker_client", **pair) == "about"
        assert set(workers_met(agency.claire.id)) == {agency.wassim.id}
        assert set(clients_met(agency.wassim.id)) == {agency.claire.id, agency.denis.id}
        assert clients_met(agency.jean.id) == {agency.eloise.id: "Éloïse D’Angelo"}


def test_a_visit_to_come_is_no_visit(app: Flask, agency: Agency, database: Database) -> None:
    with database.writing():
        jean = worker(agency.jean)
        service = db.session.get_one(factories.Service, agency.rising)
        factories.visit(client(agency.claire), service, [jean], factories.at(2, 9))
        assert agency.jean.id not in workers_met(agency.claire.id)


def test_who_complains_must_have_a_record_in_use(app: Flask, agency: Agency, database: Database) -> None:
    with database.writing():
        pair = {"client": client(agency.claire), "worker": worker(agency.wassim)}
        pair["worker"].active = False
        db.session.flush()
        assert code_of(app, agency.sofia, direction="worker_client", **pair) == "closed"
        file_complaint(agency.sofia.user, filing("client_worker", **pair))  # about somebody who has left
        pair["client"].active = False
        db.session.flush()
        assert code_of(app, agency.sofia, client=pair["client"]) == "closed"


@pytest.mark.parametrize(("wrong", "code"), [
    ({"text": ""}, "text"),
    ({"received_at": NOON + timedelta(hours=1)}, "received_on"),
    ({"client": None}, "about"),
    ({"direction": "partner_agency", "client": None}, "partner"),
    ({"direction": "partner_agency", "client": None, "partner": "Un voisin"}, "sector_id"),
    ({"direction": "client_worker"}, "about"),
])  # fmt: skip
def test_what_cannot_be_is_refused(app: Flask, agency: Agency, wrong: dict, code: str) -> None:
    with app.app_context():
        client_id = wrong.pop("client", agency.claire.id)
        given = db.session.get(Client, client_id) if client_id else None
        assert code_of(app, agency.sofia, **{"client": given, **wrong}) == code


def test_a_subject_must_be_one_of_the_list_in_use(agency: Agency, database: Database) -> None:
    with database.writing():
        alien = entry_of_code(ListName.NOTE, "N03")
        taken_out = entry_of_code(ListName.COMPLAINT, "C05")
        taken_out.active = False
        for subject in (alien, taken_out):
            with pytest.raises(Refused) as refusal:
                file_complaint(agency.sofia.user, filing(client=client(agency.claire), subject=subject))
            assert refusal.value.code == "subject_id"


def test_whoever_is_to_have_it_in_hand_must_see_it(app: Flask, agency: Agency) -> None:
    with app.app_context():
        assert code_of(app, agency.sofia, client=client(agency.claire), owner_id=agency.igor.id) == "owner_id"


def test_the_same_form_twice_is_one_complaint(agency: Agency, database: Database) -> None:
    with database.writing():
        sent = filing(client=client(agency.claire))
        first = file_complaint(agency.claire.user, sent)
        assert file_complaint(agency.claire.user, sent) is first
        with pytest.raises(Refused):
            file_complaint(agency.claire.user, filing(client=client(agency.claire), text="Autre", token=sent.token))
        assert len(db.session.scalars(select(Complaint)).all()) == 1


# ---- who sees which ----


def test_nobody_sees_a_complaint_about_themselves_or_of_a_neighbour(agency: Agency, database: Database) -> None:
    with database.writing():
        by_claire = factories.complaint(agency.claire, about=agency.wassim.id)
        by_wassim = factories.complaint(agency.wassim, about=agency.claire.id)
        seen = {
            name: set(
                db.session.scalars(visible_complaints(getattr(agency, name).user).with_only_columns(Complaint.id))
            )
            for name in ("claire", "paul", "denis", "wassim", "jean", "sofia", "igor", "ines", "ada")
        }
        both = {by_claire.id, by_wassim.id}
        assert seen == {"claire": {by_claire.id}, "paul": {by_claire.id}, "denis": set(), "wassim": {by_wassim.id},
                        "jean": set(), "sofia": both, "igor": set(), "ines": both, "ada": both}  # fmt: skip


def test_a_relative_sees_them_if_the_file_lets_them_into_its_conversations(agency: Agency, database: Database) -> None:
    with database.writing():
        made = factories.complaint(agency.claire)
        paul = db.session.get_one(factories.Relative, agency.paul.id)
        assert complaint_of(agency.paul.user, made.id)
        paul.sees_threads = False
        db.session.flush()
        assert complaint_of(agency.paul.user, made.id) is None


def test_a_complaint_goes_with_its_client_into_another_sector(agency: Agency, database: Database) -> None:
    with database.writing():
        made = factories.complaint(agency.claire)
        claire = client(agency.claire)
        claire.sector_id = agency.south
        db.session.flush()
        wires.react("client moved", agency.ada.user, claire)
        assert complaint_of(agency.sofia.user, made.id) is None
        assert complaint_of(agency.igor.user, made.id)
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "complaint.moved"))
    assert (entry.before, entry.after) == ({"sector_id": agency.north}, {"sector_id": agency.south})
