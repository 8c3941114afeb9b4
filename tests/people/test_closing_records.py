"""Closing a record: the portal closes at once, history stays, and what is still planned is said before."""

from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client, Service, Worker
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database, Mailbox, SignIn
from tests.factories import Agency, at


def test_closing_a_client_says_what_it_does_closes_the_portal_and_keeps_history(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    sofia, claire, paul = sign_in(agency.sofia), sign_in(agency.claire), sign_in(agency.paul)
    assert claire.get("/client/visits").status == paul.get("/client/visits").status == 200
    question = sofia.get(f"/staff/clients/{agency.claire.id}").link("Close the record").click()
    assert "2 visits to come stay planned" in question.words, "the draft is one of them"
    assert question.link("9:00–10:00").click().h1.startswith("Claire Lefèvre")
    page = question.form("Close the record").submit().follow()
    assert "The record of Claire Lefèvre is closed." in page.words
    for browser in (claire, paul):
        assert browser.get("/client/visits").location.startswith("/sign-in")
    assert database.count(Visit, Visit.client_id == agency.claire.id) == 5
    assert sofia.get(f"/staff/visits/{agency.claires_done}").status == 200
    deed = database.all(select(AuditEntry).where(AuditEntry.kind == "person.changed").order_by(AuditEntry.id.desc()))[0]
    assert (deed.subject_id, deed.before) == (agency.claire.id, {"active": True})
    assert deed.after == {"active": False, "fields": ["active"]}
    assert "Closed" in page.words
    page = page.form("Open the record again").submit().follow()
    assert "The record of Claire Lefèvre is open again." in page.words
    assert sign_in(agency.claire).get("/client/visits").status == 200


def test_who_opens_another_file_too_stays_signed_in(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        db.session.get_one(Client, agency.denis.id).account_id = agency.claire.account_id
    claire = sign_in(agency.claire)
    claire.get("/client/visits")
    sign_in(agency.sofia).act(f"/staff/clients/{agency.claire.id}/closing")
    page = claire.get("/client/visits")
    assert page.soup.select(f"#visit-{agency.denis_done}")
    assert not page.soup.select(f"#visit-{agency.claires_done}")


def test_a_worker_is_closed_and_the_visits_that_name_them_are_listed(agency: Agency, sign_in: SignIn) -> None:
    wassim = sign_in(agency.wassim)
    assert wassim.get("/worker/").status == 200
    question = sign_in(agency.sofia).get(f"/staff/workers/{agency.wassim.id}/closing")
    assert "1 visit to come stays planned" in question.words
    assert "Closed" in question.form("Close the record").submit().follow().words
    assert wassim.get("/worker/").location.startswith("/sign-in")


def test_visits_of_a_worker_in_another_sector_are_counted_and_not_named(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        eloise, wassim = db.session.get_one(Client, agency.eloise.id), db.session.get_one(Worker, agency.wassim.id)
        for day in (2, 3):
            factories.visit(eloise, db.session.get_one(Service, agency.rising), [wassim], at(day, 9))
    sofia, address = sign_in(agency.sofia), f"/staff/workers/{agency.wassim.id}/closing"
    question = sofia.get(address)
    assert "1 visit to come stays planned" in question.words
    assert "2 further visits are planned in another sector." in question.words
    assert "Éloïse" not in question.html
    sofia.act(f"/staff/visits/{agency.claires_next}/cancellation", {"reason": "Absence"})
    question = sofia.get(address)
    assert "stay planned" not in question.words
    assert "2 further visits are planned in another sector." in question.words
    assert "2 visits to come stay planned" in sign_in(agency.ines).get(address).words
    assert "further" not in sign_in(agency.ines).get(address).words


def test_a_client_is_invited_from_the_record(
    agency: Agency, sign_in: SignIn, database: Database, mailbox: Mailbox
) -> None:
    page = sign_in(agency.sofia).get("/staff/clients/new").form("Save").submit(last_name="Roy").follow()
    assert "without one nobody can be invited" in page.words
    page = page.link("Edit").click().form("Save").submit(email="roy@example.org").follow()
    page.press("button[name=person]")
    assert mailbox.one()["To"].addresses[0].addr_spec == "roy@example.org"
    number = database.one(select(Client.id).where(Client.email == "roy@example.org"))
    again = sign_in(agency.sofia).get(f"/staff/clients/{number}")
    assert "Send the invitation again" in again.words
    assert again.press("button[name=person]").status == 303
