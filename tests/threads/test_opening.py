"""Opening a conversation: whoever writes knows who reads it, and nobody chooses whom they may not."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from portal.extensions import db
from portal.files.models import Attachment
from portal.people.models import Client, Relative
from portal.settings.actions import set_option
from portal.threads.models import FormerMessage, Participant, Thread, ThreadMessage
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.files.test_keeping import photo
from tests.pages import Form, Page


@pytest.fixture
def allow(database: Database) -> Callable[..., None]:
    """Switch options of the agency."""

    def allow(**options: bool) -> None:
        with database.writing():
            for name, value in options.items():
                set_option(None, f"threads.{name}", "on" if value else "off")

    return allow


def forced(form: Form, **typed: object) -> Page:
    """Send a form as no browser of ours would: with several ticks, or with what it does not offer."""
    values = {name: value for name, value in {**form.values(), **typed}.items() if value is not None}
    return form.page.browser.post(form.action, data=values)


AGAIN = "Please choose your photos or papers again"


def participants(database: Database) -> set[tuple[int | None, int | None]]:
    return set(database.all(select(Participant.client_id, Participant.worker_id)))


def test_a_client_writes_to_the_agency_with_a_photo_and_knows_who_reads_it(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).sees_threads = True
    page = sign_in(agency.claire).get("/client/threads").link("Write to your agency").click()
    assert (
        "Sofia Benali of your agency will read this, or whoever stands in. Paul Lefèvre can read it too." in page.words
    )
    assert "You cannot write to your workers here" in page.words
    assert len(page.statements) <= 12, "\n".join(page.statements)
    typed: dict[str, Any] = {"topic": "invoice", "subject": "Facture d’octobre", "text": "Je ne la comprends pas."}
    sent = page.form("Send").submit(**typed, files=(BytesIO(photo(80, 60)), "facture.jpg")).follow()
    assert "Your message has been sent." in sent.words
    assert sent.h1 == "Invoice or contract · Facture d’octobre"
    thread = database.one(select(Thread))
    assert (thread.topic, thread.sector_id, thread.published, thread.unread) == ("invoice", agency.north, True, True)
    assert participants(database) == {(agency.claire.id, None)}
    assert database.one(select(Attachment.name)) == "facture.jpg"
    assert "Facture d’octobre" in sign_in(agency.paul).get("/client/threads").words
    assert "Facture d’octobre" in sign_in(agency.sofia).get("/staff/threads").words
    for other, portal in ((agency.denis, "client"), (agency.wassim, "worker"), (agency.igor, "staff")):
        assert "Facture" not in sign_in(other).get(f"/{portal}/threads").words


def test_a_worker_writes_to_whoever_manages_their_sector(agency: Agency, database: Database, sign_in: SignIn) -> None:
    page = sign_in(agency.wassim).get("/worker/threads/new")
    assert "Sofia Benali of your agency will read this" in page.words
    assert "You cannot write to clients here" in page.words
    page.form("Send").submit(topic="planning", text="Je suis en retard.").follow()
    assert participants(database) == {(None, agency.wassim.id)}
    for person, lines in ((agency.sofia, 1), (agency.igor, 0)):
        assert len(sign_in(person).get("/staff/threads").soup.select(".thread-line")) == lines


def test_what_cannot_be_sent_stays_as_it_was_typed(agency: Agency, database: Database, sign_in: SignIn) -> None:
    browser = sign_in(agency.claire)
    page = browser.get("/client/threads/new").form("Send").submit(topic="other", subject="Clés", text="")
    assert (page.status, page.form("Send").values()["subject"]) == (409, "Clés")
    assert "Please write something." in page.words
    for changed in ({"text": "x" * 5001}, {"subject": "y" * 201}, {"topic": "incident"}, {"topic": "client"}):
        form = browser.get("/client/threads/new").form("Send")
        assert forced(form, **({"topic": "other", "text": "Bonjour"} | changed)).status == 422
    page = browser.get("/client/threads/new").form("Send")
    refused = page.submit(topic="other", text="Voilà", files=(BytesIO(b"<svg/>"), "plan.svg"))
    assert (refused.status, "“plan.svg” is neither a photo" in refused.words) == (409, True)
    assert refused.form("Send").values()["text"] == "Voilà" and AGAIN in refused.words
    browser.watching = False  # of the strict browser: a megabyte is more than it cares to read
    long = forced(refused.form("Send"), topic="other", text="x" * 2**20)
    assert (long.status, "5,000 characters" in long.html) == (422, True)
    assert database.count(Thread) == database.count(ThreadMessage) == 0


def test_the_same_form_sent_twice_opens_one_conversation(agency: Agency, database: Database, sign_in: SignIn) -> None:
    form = sign_in(agency.claire).get("/client/threads/new").form("Send")
    first = form.submit(topic="other", text="Bonjour")
    assert form.submit(topic="other", text="Bonjour").location == first.location
    other: dict[str, Any] = {"topic": "other", "text": "Bonjour"}
    changes: list[dict[str, Any]] = [{"text": "Bonsoir"}, {"topic": "invoice"}, {"subject": "Clés"},
                                     {"files": (BytesIO(photo(80, 60)), "cle.jpg")}]  # fmt: skip
    for change in changes:
        again = form.submit(**(other | change))
        assert (again.status, "had arrived as you first sent it" in again.words) == (409, True), change
        kept = again.form("Send").values()
        assert kept["token"] != form.values()["token"]
        assert [kept["text"], kept["topic"]] == [(other | change)[name] for name in ("text", "topic")]
    assert database.count(Thread) == database.count(ThreadMessage) == 1
    with database.writing():
        answer = factories.message(agency.claire, db.session.scalars(select(Thread)).one(), "Bonjour").token
        reported = factories.incident(agency.claire, agency.claires_past, "Bonjour").token
    for token in (answer, reported):
        assert forced(form, **other, token=token).status == 409, "what this form has not opened is not shown for it"


def test_staff_are_told_when_others_take_part_than_those_who_had_it(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    form = sign_in(agency.sofia).get(f"/staff/threads/new?person={agency.claire.key}").form("Send")
    told: dict[str, Any] = {"people": agency.claire.key, "topic": "visit", "text": "À 9 h ?", "published": "y"}
    first = forced(form, **told)
    assert (first.status, forced(form, **told).location) == (303, first.location)
    for change in (
        {"people": [agency.claire.key, agency.wassim.key]},
        {"people": agency.denis.key},
        {"published": None},
    ):
        assert forced(form, **(told | change)).status == 409, change
    assert database.count(Thread) == 1


def test_clients_and_workers_write_to_each_other_only_where_the_agency_lets_them(
    agency: Agency, database: Database, sign_in: SignIn, allow: Callable[..., None]
) -> None:
    claire = sign_in(agency.claire)
    assert "To whom?" not in claire.get("/client/threads/new").words
    body: dict[str, Any] = {"topic": "other", "text": "Bonjour Wassim", "other": agency.wassim.key}
    assert forced(claire.get("/client/threads/new").form("Send"), **body).status == 422
    allow(clients_to_workers=True, workers_to_clients=True)
    page = claire.get("/client/threads/new")
    assert "Wassim Haddad and the agency" in page.words
    assert "Jean Dupont" not in page.words
    stranger = forced(page.form("Send"), **(body | {"other": agency.jean.key}))
    assert (stranger.status, "Please choose one of the values offered." in stranger.words) == (422, True)
    assert database.count(Thread) == 0
    form = page.form("Send")
    allow(clients_to_workers=False)
    barred = form.submit(**body, htmx=True)
    assert (barred.status, barred.words.count("You cannot write to your workers here")) == (422, 1)
    assert "one of the values" not in barred.words and barred.at("#other .note[data-tone=danger]")
    kept = barred.form("Send")
    assert (kept.values()["text"], kept.values()["topic"], "other" in kept.values()) == (body["text"], "other", False)
    assert kept.submit(subject="À l’agence", text=body["text"]).status == 303
    assert participants(database) == {(agency.claire.id, None)}
    allow(clients_to_workers=True)
    claire.get("/client/threads/new").form("Send").submit(**body).follow()
    assert participants(database) == {(agency.claire.id, None), (None, agency.wassim.id)}
    assert "Bonjour Wassim" in sign_in(agency.wassim).get("/worker/threads").link("Something else").click().words
    page = sign_in(agency.wassim).get("/worker/threads/new")
    assert "Claire Lefèvre and the agency" in page.words
    assert "Éloïse" not in page.words


def test_what_was_begun_directly_is_read_and_no_more_written_in_once_the_agency_switches_it_off(
    agency: Agency, database: Database, sign_in: SignIn, allow: Callable[..., None]
) -> None:
    allow(clients_to_workers=True, workers_to_clients=True)
    with database.writing():
        direct, of_staff, alone = (
            factories.thread(who, [agency.claire], others).id
            for who, others in ((agency.claire, [agency.wassim]), (agency.sofia, [agency.wassim]), (agency.claire, []))
        )
        reported = factories.incident(agency.claire, agency.claires_past).thread_id
    claire, paul, wassim = (sign_in(one) for one in (agency.claire, agency.paul, agency.wassim))
    begun = claire.get(f"/client/threads/{direct}").form("Send")
    first: dict[str, Any] = {"text": "À demain"}
    begun.submit(**first)
    correction = claire.get(f"/client/threads/{direct}").link("Correct").click().form("Save")
    allow(clients_to_workers=False)
    for answer in (correction.submit(text="Venez demain"), correction.page.browser.get(correction.action)):
        assert (answer.status, "You cannot write to your workers here" in answer.words) == (409, True)
    assert database.count(FormerMessage) == 0
    late = claire.get(f"/client/threads/{alone}").form("Send")
    late.action = late.partial = begun.action
    refused = late.submit(text="Venez plutôt à 10 h", htmx=True)
    assert (refused.status, refused.at("#write textarea[readonly]").get_text()) == (409, "Venez plutôt à 10 h")
    assert not refused.soup.select("#write button") and "will read this" not in refused.words
    assert "You cannot write to your workers here" in refused.words and refused.link("Write to your agency")
    assert begun.submit(**first).status == 303, "what had arrived has arrived"
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).sees_threads = True
    for browser in (claire, paul):
        page = browser.get(f"/client/threads/{direct}")
        assert "À demain" in page.words and "You cannot write to your workers here" in page.words
        assert "Correct" not in page.words
        assert not page.soup.select("#write textarea") and len(page.statements) <= 12
        assert page.link("Write to your agency").click().h1 == "Write to your agency"
    assert wassim.get(f"/worker/threads/{direct}").form("Send").submit(text="Entendu").status == 303
    told = claire.part(f"/client/threads/{direct}/news")
    assert "Entendu" in told.words and "Correct" not in told.words and len(told.statements) <= 12
    assert sign_in(agency.sofia).get(f"/staff/threads/{direct}").form("Send").submit(
        text="Bonjour", audience="all").status == 303  # fmt: skip
    for number in (of_staff, alone, reported):
        assert claire.get(f"/client/threads/{number}").form("Send").submit(text="Bonjour").status == 303
    allow(workers_to_clients=False)
    assert "You cannot write to clients here" in wassim.get(f"/worker/threads/{direct}").words
    assert wassim.get(f"/worker/threads/{of_staff}").form("Send").submit(text="Bonjour").status == 303


def test_without_the_module_nobody_opens_but_everybody_reads(
    agency: Agency, database: Database, sign_in: SignIn, allow: Callable[..., None]
) -> None:
    with database.writing():
        factories.thread(agency.sofia, [agency.claire], subject="Vos clés")
    allow(contact=False)
    browser = sign_in(agency.claire)
    page = browser.get("/client/threads")
    assert "Vos clés" in page.words
    assert "Write to your agency" not in page.words
    assert page.h1 == "Conversations" and "Contact us" not in page.words
    assert browser.get("/client/threads/new").status == 404
    assert sign_in(agency.wassim).get("/worker/threads/new").status == 404


def test_a_relative_whom_the_file_does_not_let_opens_nothing(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).sees_threads = False
    browser = sign_in(agency.paul)
    assert "Write to your agency" not in browser.get("/client/threads").words
    assert browser.get("/client/threads/new").status == 404


def test_staff_open_a_conversation_from_a_record(agency: Agency, database: Database, sign_in: SignIn) -> None:
    browser = sign_in(agency.sofia)
    page = browser.get(f"/staff/clients/{agency.claire.id}/threads")
    assert page.says(".record-tabs [aria-current]") == "Conversations"
    assert "No conversation yet" in page.words
    page = page.link("New conversation").click()
    assert page.form("Send").values()["people"] == agency.claire.key
    assert "Wassim Haddad" in page.words, "who comes to her is proposed"
    assert len(page.statements) <= 12, "\n".join(page.statements)
    both = [agency.claire.key, agency.wassim.key]
    sent = forced(page.form("Send"), people=both, topic="visit", subject="Jeudi", text="À 9 h ?").follow()
    assert "Jeudi" in sent.h1
    assert participants(database) == {(agency.claire.id, None), (None, agency.wassim.id)}
    for kind, person in (("clients", agency.claire), ("workers", agency.wassim)):
        listed = browser.get(f"/staff/{kind}/{person.id}/threads")
        assert "A visit · Jeudi" in listed.words
        assert len(listed.statements) <= 6, "\n".join(listed.statements)
    assert "A visit · Jeudi" in sign_in(agency.claire).get("/client/threads").words


def test_somebody_else_is_found_by_name_and_what_was_typed_stays(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    page = sign_in(agency.ines).get("/staff/threads").link("New conversation").click()
    typed: dict[str, Any] = {"topic": "documents", "text": "Votre contrat", "who": "dupont"}
    page = page.form("Send").submit(**typed, find="yes", files=(BytesIO(photo(80, 60)), "contrat.jpg"))
    assert AGAIN in page.words, "whoever looks for somebody else has to attach it anew"
    assert page.form("Send").values()["text"] == "Votre contrat"
    assert "Jean Dupont" in page.words
    assert database.count(Thread) == 0
    page.form("Send").submit(people=agency.jean.key, topic="documents", text="Votre contrat").follow()
    assert participants(database) == {(None, agency.jean.id)}


def test_staff_choose_only_people_of_their_sectors_and_never_two_clients(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    browser = sign_in(agency.sofia)
    assert browser.get(f"/staff/threads/new?person={agency.eloise.key}").status == 404
    assert browser.get("/staff/threads/new?person=client:987654").status == 404
    assert browser.get("/staff/threads/new?person=nobody").status == 404
    form = browser.get(f"/staff/threads/new?person={agency.claire.key}").form("Send")
    typed = {"topic": "other", "text": "Bonjour"}
    for foreign in (agency.eloise.key, agency.jean.key, "client:0", "staff:1"):
        page = forced(form, **typed, people=[agency.claire.key, foreign])
        assert (page.status, "Please choose one of the values offered." in page.words) == (422, True), foreign
    assert "Please choose who takes part." in forced(form, **typed, people=[]).words
    both = forced(form, **typed, people=[agency.claire.key, agency.denis.key])
    assert (both.status, "clients must not learn of each other" in both.words) == (409, True)
    with database.writing():
        db.session.get_one(Client, agency.denis.id).active = False
    assert browser.get(f"/staff/threads/new?person={agency.denis.key}").status == 404
    assert "This file is closed" in browser.get(f"/staff/clients/{agency.denis.id}/threads").words
    assert database.count(Thread) == 0


def test_a_conversation_is_shown_and_hidden_again(agency: Agency, database: Database, sign_in: SignIn) -> None:
    browser, claire = sign_in(agency.sofia), sign_in(agency.claire)
    form = browser.get(f"/staff/threads/new?person={agency.claire.key}").form("Send")
    page = forced(form, topic="other", subject="À préparer", text="Bonjour", published=None).follow()
    assert "À préparer" not in claire.get("/client/threads").words
    number = database.one(select(Thread.id))
    assert claire.get(f"/client/threads/{number}").status == 404
    page = page.press("button[name=published][value=yes]").follow()
    assert "Those who take part see this conversation." in page.words
    assert "À préparer" in claire.get("/client/threads").words
    page = page.press("button[name=published][value=no]").follow()
    assert "À préparer" not in claire.get("/client/threads").words
    with database.writing():
        made = factories.incident(agency.claire, agency.claires_past).thread_id
    assert "Hide from the portals" not in browser.get(f"/staff/threads/{made}").words
    form = page.form("Show on the portals")
    form.action = f"/staff/threads/{made}/publication"
    assert forced(form, published="no").status == 409
