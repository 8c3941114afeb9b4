"""Services: how long they usually last, and which are still offered."""

from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Service
from tests.conftest import Database, SignIn
from tests.factories import Agency


def test_a_service_is_added_and_changed(agency: Agency, sign_in: SignIn, database: Database) -> None:
    ada = sign_in(agency.ada)
    form = ada.get("/staff/services").link("Add a service").click().form("Save")
    listed = form.submit(name="Garde de nuit", hours="10", minutes="30").follow()
    assert "The service Garde de nuit can be planned now." in listed.words
    assert "10 h 30" in listed.words
    form = listed.link("Garde de nuit").click().form("Save")
    assert (form.values()["hours"], form.values()["minutes"]) == ("10", "30")
    form.submit(hours="", minutes="")
    with database.app.app_context():
        service = db.session.scalars(select(Service).where(Service.name == "Garde de nuit")).one()
        assert (service.default_minutes, service.active) == (None, True)
        chosen = select(AuditEntry).where(AuditEntry.subject_type == "service", AuditEntry.subject_id == service.id)
        entries = db.session.scalars(chosen.order_by(AuditEntry.id)).all()
    assert [entry.kind for entry in entries] == ["service.created", "service.changed"]
    assert entries[1].before == {"default_minutes": 630}
    assert len(listed.statements) <= 6


def test_wrong_answers_are_said_at_their_fields(agency: Agency, sign_in: SignIn, database: Database) -> None:
    ada, before = sign_in(agency.ada), database.fingerprint()
    page = ada.get("/staff/services/new").form("Save").submit(
        name="MÉNAGE", hours="25", minutes="-1"
    )  # fmt: skip
    assert page.status == 422
    assert {"Please give a number from 0 to 24.", "Please give a number from 0 to 59."} <= set(page.errors())
    assert page.form("Save").values()["hours"] == "25"
    endless = page.form("Save").submit(hours="9" * 400, minutes="9" * 5000)
    assert endless.status == 422
    assert endless.says("#hours-error") == "Please give a number from 0 to 24."
    assert endless.says("#minutes-error") == "Please give a number from 0 to 59."
    for hours, minutes in (("24", "59"), ("", "1")):
        unplannable = page.form("Save").submit(hours=hours, minutes=minutes)
        assert unplannable.status == 422, "no visit can last so"
        assert unplannable.says("#minutes-error") == "Between 5 minutes and 24 hours (1440 minutes)."
    taken = page.form("Save").submit(hours="1", minutes="0")
    assert taken.status == 409
    assert taken.errors() == ["There is one with this name already."]
    assert taken.form("Save").submit(name=" menage ").errors() == taken.errors(), "whatever the accents"
    assert database.fingerprint() == before


def test_a_second_editor_gets_both_texts(agency: Agency, sign_in: SignIn, database: Database) -> None:
    address = f"/staff/services/{agency.cleaning}"
    first, second = (sign_in(agency.ada).get(address).form("Save") for _ in range(2))
    first.submit(minutes="45")
    late = second.submit(hours="2")
    assert late.status == 409
    assert "What stands there now: 45 min" in late.words
    late.form("Save").submit()
    with database.app.app_context():
        assert db.session.get_one(Service, agency.cleaning).default_minutes == 120


def test_a_service_that_is_no_longer_offered_stays_with_its_visits(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    ada = sign_in(agency.ada)
    form = ada.get(f"/staff/services/{agency.cleaning}").form("Save")
    values = {name: value for name, value in form.values().items() if name != "active"}
    assert ada.act(form.action, values).status == 303
    assert "No longer offered" in ada.get("/staff/services").words
    assert "Ménage" in sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_past}").words
    narrowed = sign_in(agency.sofia).get(f"/staff/visits?service={agency.cleaning}")
    assert {row.select("td")[0].get_text() for row in narrowed.soup.select("#visits tbody tr")}, (
        "the list is narrowed to it"
    )
    assert "Ménage" in narrowed.says(".filters")
    from portal.organisation.catalogue import active_services

    with database.app.app_context():
        assert [service.name for service in active_services()] == ["Aide au lever"]
