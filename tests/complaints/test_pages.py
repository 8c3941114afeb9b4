"""Complaints as people see them: on a portal, in a record, beside a low rating, in the table."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from time_machine import TimeMachineFixture

from portal.complaints.models import Complaint
from portal.extensions import db
from portal.incidents.following import Closing, move_incident
from portal.incidents.models import State
from portal.notes.models import Note
from portal.people.models import Client, Relative
from portal.ratings.actions import leave_rating
from portal.ratings.handling import handling_of
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import Agency

NEW = "/client/complaints/new"
SECRET = "le secret de Claire"


def test_a_client_files_one_staff_answer_and_the_client_reads(
    agency: Agency, sign_in: SignIn, mailbox: Mailbox, database: Database
) -> None:
    claire, sofia = sign_in(agency.claire), sign_in(agency.sofia)
    form = claire.get("/client/complaints").link("Make a complaint").click().form("Send the complaint")
    wrong = form.submit(text=SECRET)
    assert wrong.status == 422
    assert wrong.form("Send the complaint").values()["text"] == SECRET
    page = wrong.form("Send the complaint").submit(about=str(agency.wassim.id), subject_id="33").follow()
    assert SECRET in page.words and "Received" in page.words
    told = mailbox.one()
    assert told["To"].addresses[0].addr_spec == agency.sofia.email
    for secret in (SECRET, "Claire", "Wassim", "Ponctualité"):
        assert secret not in f"{told['Subject']} {text_of(told)} {text_of(told, 'html')}"
    number = database.one(select(Complaint.id))
    shown = sofia.get(f"/staff/complaints/{number}")
    assert len(shown.statements) <= 12
    assert shown.at("dl a[href^='/staff/notes/']").get_text() == "Ponctualité"
    shown = shown.link("Acknowledge the receipt").click().form("Acknowledge the receipt").submit().follow()
    assert "Acknowledged" in shown.words
    shown = shown.link("Answer the complaint").click().form("Send the answer").submit(text="Nous regrettons.").follow()
    assert "Answer sent" in shown.words
    mails = mailbox.collect()
    assert [mail["To"].addresses[0].addr_spec for mail in mails] == [agency.claire.email] * 2
    assert not any("regrettons" in text_of(mail) or SECRET in text_of(mail) for mail in mails)
    answer = claire.get(f"/client/complaints/{number}")
    assert "Nous regrettons." in answer.words and "Défenseur des droits" in answer.words
    for other in (agency.denis, agency.wassim):
        portal = "worker" if other is agency.wassim else "client"
        assert sign_in(other).get(f"/{portal}/complaints/{number}").status == 404
        assert SECRET not in sign_in(other).get(f"/{portal}/complaints").html


def test_the_same_form_sent_twice_is_one_complaint(agency: Agency, sign_in: SignIn, database: Database) -> None:
    form = sign_in(agency.claire).get(NEW).form("Send the complaint")
    typed: dict[str, Any] = {"about": "agency", "subject_id": "33", "text": SECRET}
    first, second = form.submit(**typed), form.submit(**typed)
    assert (first.status, first.location) == (303, second.location)
    assert database.count(Complaint) == 1


def test_what_is_late_is_said_to_be_on_both_sides(
    agency: Agency, sign_in: SignIn, database: Database, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        number = factories.complaint(agency.claire).id
    time_machine.shift(timedelta(days=5))
    claire, sofia = sign_in(agency.claire), sign_in(agency.sofia)
    page = sofia.get(f"/staff/complaints/{number}")
    assert page.says("[aria-labelledby=complaint-dates]").count("Overdue") == 1, "of the answer nothing is late yet"
    assert "we are late to acknowledge it" in claire.get(f"/client/complaints/{number}").words
    page = page.link("Acknowledge the receipt").click().form("Acknowledge the receipt").submit().follow()
    assert "Too late" in page.words and "Overdue" not in page.words
    assert "You will have an answer by" in claire.get(f"/client/complaints/{number}").words
    time_machine.shift(timedelta(days=20))
    assert "our answer is late" in sign_in(agency.claire).get(f"/client/complaints/{number}").words


def test_a_module_that_is_off_is_not_there(agency: Agency, sign_in: SignIn, database: Database) -> None:
    claire, sofia = sign_in(agency.claire), sign_in(agency.sofia)
    for key in ("complaints.portal", "complaints.enabled"):
        with database.writing():
            set_option(None, key, "off")
        assert claire.get("/client/complaints").status == 404
        assert "Complaints" not in claire.get("/client/visits").words
    assert sofia.get("/staff/complaints").status == 404
    with database.writing():
        set_option(None, "complaints.portal", "on")
    assert claire.get("/client/complaints").status == 404, "a part of what is off"


def test_a_closed_record_takes_no_complaint_and_says_so_and_shows_those_there_are(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        factories.complaint(agency.claire)
        db.session.execute(update(Client).where(Client.id == agency.claire.id).values(active=False))
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/clients/{agency.claire.id}/complaints")
    assert "Ponctualité" in page.html or "Punctuality" in page.words
    assert "is closed: a complaint can be filed only while it is in use." in page.words
    refused = sofia.act(f"/staff/clients/{agency.claire.id}/complaints/new", {
        "about": "agency", "subject_id": "33", "channel": "phone", "received_on": "2026-11-16", "text": SECRET,
        "owner_id": "",
    })  # fmt: skip
    assert refused.status == 409 and "is closed" in refused.words


def test_what_was_received_in_the_future_is_refused_and_nothing_is_lost(agency: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia)
    form = sofia.get(f"/staff/workers/{agency.wassim.id}/complaints/new").form("File the complaint")
    typed: dict[str, Any] = {"about": str(agency.claire.id), "subject_id": "33", "channel": "phone", "text": SECRET}
    for day, status in (("2026-11-18", 409), ("0001-01-01", 422), ("hier", 422)):
        page = form.submit(received_on=day, **typed)
        assert page.status == status and page.says("#received_on-error")
        assert page.form("File the complaint").values()["text"] == SECRET
    assert form.submit(received_on="2026-11-16", **typed).follow().status == 200


def test_whoever_files_for_another_says_who_has_it_in_hand(agency: Agency, sign_in: SignIn, database: Database) -> None:
    sofia, ada = sign_in(agency.sofia), sign_in(agency.ada)
    typed: dict[str, Any] = {"subject_id": "33", "channel": "phone", "received_on": "2026-11-16", "text": SECRET}
    partner: dict[str, Any] = {"partner": "Le voisin", "sector_id": str(agency.north), **typed}
    page = ada.get("/staff/complaints/partner")
    assert len(page.statements) <= 12
    wrong = page.form("File the complaint").submit(owner_id=str(agency.igor.id), **partner)
    assert wrong.status == 409 and wrong.says("#owner_id-error"), "Igor does not see the North"
    form = wrong.form("File the complaint")
    assert form.values()["partner"] == "Le voisin"
    assert form.submit(owner_id=str(agency.ines.id)).follow().status == 200
    form = sofia.get(f"/staff/workers/{agency.wassim.id}/complaints/new").form("File the complaint")
    assert str(agency.igor.id) not in [one["value"] for one in form.fields("owner_id")[0].find_all("option")]
    page = form.submit(about=str(agency.claire.id), owner_id=str(agency.ada.id), **typed).follow()
    assert page.status == 200
    owners = select(Note.owner_id).join(Complaint, Complaint.note_id == Note.id).order_by(Complaint.id)
    assert database.all(owners) == [agency.ines.id, agency.ada.id]


def test_a_low_rating_is_a_complaint_with_one_click(agency: Agency, sign_in: SignIn, database: Database) -> None:
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 1, SECRET)
    sofia = sign_in(agency.sofia)
    places = [f"/staff/visits/{agency.claires_done}", "/staff/home", "/staff/ratings"]
    fresh = [sofia.get(path) for path in places]
    for page in fresh:  # the second one and the third were opened before the first click
        assert len(page.statements) <= 12
        page = page.form("Handle as a complaint").submit().follow()
        assert SECRET in page.words and "Low rating" in page.words
    assert database.count(Complaint) == 1
    for path, before in zip(places, fresh, strict=True):
        page = sofia.get(path)
        assert "Handle as a complaint" not in page.words and len(page.statements) <= len(before.statements) + 1
        assert SECRET in page.link("See the complaint").click().words


def test_a_low_rating_of_how_an_incident_was_handled_is_one_too(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        incident = factories.incident(agency.wassim, agency.claires_past, "Retard.")
        move_incident(agency.sofia.user, incident, State.CLOSED, incident.version, Closing("settled", ask=True))
        subject, _rating = handling_of(incident.id) or (None, None)
        leave_rating(agency.claire.user, subject, 1, SECRET)
    sofia, igor = sign_in(agency.sofia), sign_in(agency.igor)
    home = sofia.get("/staff/home").form("Handle as a complaint")
    assert igor.act(home.action).status == 404
    page = home.submit().follow()
    assert SECRET in page.words and "Client about the agency" in page.words
    assert len(page.statements) <= 12
    thread = sofia.get(str(page.at("dl a[href^='/staff/incidents/']")["href"])).follow()
    assert len(thread.statements) <= 12
    for again in (thread, sofia.get("/staff/home")):
        assert again.link("See the complaint").href == page.request.path
    own = sign_in(agency.claire).get(thread.request.path.replace("staff", "client"))
    assert own.status == 200 and "Handle as a complaint" not in own.words
    assert database.one(select(Complaint.visit_id)) == agency.claires_past
    with database.writing():
        set_option(None, "incidents.enabled", "off")
    assert sofia.act(home.action).status == 404
    assert sofia.get(page.request.path).status == 200


def test_lists_ask_as_little_for_many_as_for_few(agency: Agency, sign_in: SignIn, database: Database) -> None:
    addresses = {
        agency.sofia: ("/staff/complaints?period=last_12_months", f"/staff/clients/{agency.claire.id}/complaints"),
        agency.claire: ("/client/complaints",),
    }  # fmt: skip
    asked: list[list[int]] = []
    for number in (1, 6):
        with database.writing():
            for _each in range(number):
                factories.complaint(agency.claire, about=agency.wassim.id)
        asked.append([len(sign_in(who).get(one).statements) for who, ones in addresses.items() for one in ones])
    assert asked[0] == asked[1]
    assert max(asked[0]) <= 6


def test_the_table_tells_delays_and_hides_small_numbers_from_all_but_quality(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    with database.writing():
        factories.complaint(agency.claire)
    table = "/staff/complaints?period=last_12_months&dealt=no"
    assert "<\N{NO-BREAK SPACE}5" in sign_in(agency.sofia).get(table).words.replace("< 5", "<\N{NO-BREAK SPACE}5")
    assert "<\N{NO-BREAK SPACE}5" not in sign_in(agency.ines).get(table).words
    assert "Claire Lefèvre" not in sign_in(agency.igor).get(table).words


def test_who_complains_reads_who_reads_it(agency: Agency, sign_in: SignIn, database: Database) -> None:
    said = {"claire": "so do the relatives whom your file lets into", "paul": "so do Claire Lefèvre and the relatives",
            "denis": "Only the agency reads it", "wassim": "Only the agency reads it"}  # fmt: skip
    for name, words in said.items():
        portal = "worker" if name == "wassim" else "client"
        assert words in sign_in(getattr(agency, name)).get(f"/{portal}/complaints/new").words, name
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).sees_threads = False
    assert said["denis"] in sign_in(agency.claire).get("/client/complaints/new").words
