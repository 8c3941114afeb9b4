"""Services: how long they usually last, what is asked after them, and which are still offered."""

from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client, Service, Worker
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency


def test_a_service_is_added_and_changed(agency: Agency, sign_in: SignIn, database: Database) -> None:
    ada = sign_in(agency.ada)
    form = ada.get("/staff/services").link("Add a service").click().form("Save")
    listed = form.submit(name="Garde de nuit", hours="10", minutes="30", question_fr="La nuit fut calme ?").follow()
    assert "The service Garde de nuit can be planned now." in listed.words
    assert "10 h 30" in listed.words
    form = listed.link("Garde de nuit").click().form("Save")
    assert (form.values()["hours"], form.values()["minutes"]) == ("10", "30")
    form.submit(hours="", minutes="")
    with database.app.app_context():
        service = db.session.scalars(select(Service).where(Service.name == "Garde de nuit")).one()
        assert (service.default_minutes, service.question_fr, service.active) == (None, "La nuit fut calme ?", True)
        chosen = select(AuditEntry).where(AuditEntry.subject_type == "service", AuditEntry.subject_id == service.id)
        entries = db.session.scalars(chosen.order_by(AuditEntry.id)).all()
    assert [entry.kind for entry in entries] == ["service.created", "service.changed"]
    assert entries[1].before == {"default_minutes": 630}
    assert len(listed.statements) <= 6


def test_wrong_answers_are_said_at_their_fields(agency: Agency, sign_in: SignIn, database: Database) -> None:
    ada, before = sign_in(agency.ada), database.fingerprint()
    page = ada.get("/staff/services/new").form("Save").submit(
        name="MÉNAGE", hours="25", minutes="-1", question_ru="x" * 201
    )  # fmt: skip
    assert page.status == 422
    assert {"Please give a number from 0 to 24.", "Please give a number from 0 to 59.",
            "Please use at most 200 characters."} <= set(page.errors())  # fmt: skip
    assert page.form("Save").values()["hours"] == "25"
    endless = page.form("Save").submit(hours="9" * 400, minutes="9" * 5000)
    assert endless.status == 422
    assert endless.says("#hours-error") == "Please give a number from 0 to 24."
    assert endless.says("#minutes-error") == "Please give a number from 0 to 59."
    for hours, minutes in (("24", "59"), ("", "1")):
        unplannable = page.form("Save").submit(hours=hours, minutes=minutes, question_ru="")
        assert unplannable.status == 422, "no visit can last so"
        assert unplannable.says("#minutes-error") == "Between 5 minutes and 24 hours (1440 minutes)."
    taken = page.form("Save").submit(hours="1", minutes="0", question_ru="")
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


def test_clients_are_asked_the_question_of_the_service_in_their_language(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    """On the portal, in the mail's page and for who reads another language."""
    from portal.links import make_token

    with database.writing():
        service = db.session.get_one(Service, agency.rising)
        service.question_fr, service.question_en = "Le lever s’est-il bien passé ?", "Was getting up all right?"
        claire = db.session.get_one(Client, agency.claire.id)
        made = factories.done_visit(claire, service, [db.session.get_one(Worker, agency.wassim.id)], hour=7, ask=True)
        other = factories.done_visit(
            claire, db.session.get_one(Service, agency.cleaning), [], hour=6, ask=True
        )  # fmt: skip
        tokens = [
            make_token("rate", factories.sent_request(visit, agency.claire.email).message.public_id)
            for visit in (made, other)
        ]
        visits = made.id, other.id
    claire_ = sign_in(agency.claire)
    assert "Was getting up all right?" in claire_.get(f"/client/visits/{visits[0]}/rating").words
    assert "How was this visit?" in claire_.get(f"/client/visits/{visits[1]}/rating").words
    assert claire_.get(f"/r/{tokens[0]}?lang=fr").h1 == "Le lever s’est-il bien passé ?"
    assert claire_.get(f"/r/{tokens[0]}?lang=ru").h1 == "Как прошёл этот визит?", "none in Russian: the agency's own"
    assert claire_.get(f"/r/{tokens[1]}?lang=fr").h1.startswith("Comment s’est passée")


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


def test_a_question_keeps_its_no_break_spaces(agency: Agency, sign_in: SignIn, database: Database) -> None:
    form = sign_in(agency.ada).get(f"/staff/services/{agency.cleaning}").form("Save")
    form.submit(question_fr="Le\xa0ménage\n est «\xa0fait\xa0»\u202f?")
    asked = database.one(select(Service.question_fr).where(Service.id == agency.cleaning))
    assert asked == "Le ménage est «\xa0fait\xa0»\u202f?"
