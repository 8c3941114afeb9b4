"""*Notifications*: the texts of messages, changed, looked at, tried out, put back; by two people at once."""

import json
import re

import pytest
from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db, wires
from portal.i18n import LANGUAGES
from portal.links import NOTHING
from portal.outbox import jobs
from portal.outbox.gateway import Setting
from portal.outbox.letters import Draft, letter_of
from portal.outbox.models import Message
from portal.outbox.short import length_of
from portal.outbox.text_models import MessageText, MessageTextTest
from portal.outbox.text_preview import parts_of
from portal.outbox.text_queries import Place
from portal.people.models import Client, Service, Worker
from portal.settings.actions import set_option
from portal.visits.models import Visit
from tests import factories
from tests.conftest import text_of
from tests.outbox.web_sink import WebSink
from tests.pages import HTMX

ADDRESS = "/staff/notifications/{page}?kind=ratings.request&language=fr&channel=mail"
TEXT = (
    "Bonjour {client.name}, merci {{du fond}} du cœur.\n\n{rating.star_links}\n\n{rating.link}\n\n{worker.first_name}"
)


@pytest.fixture
def visit(agency, database) -> int:
    """A visit of yesterday, of which the mail is due."""
    with database.writing():
        client = db.session.get_one(Client, agency.claire.id)
        client.language = "fr"
        service, worker = db.session.get_one(Service, agency.rising), db.session.get_one(Worker, agency.wassim.id)
        return factories.done_visit(client, service, [worker], hour=8, ask=True).id


@pytest.fixture
def ada(agency, sign_in):
    return sign_in(agency.ada)


def preview_of(page) -> str:
    return str(page.at("iframe[title='The message']")["src"])


def edit(browser, **typed: str):
    return browser.get(ADDRESS.format(page="edit")).form("Save").submit(**typed)


def test_every_kind_is_listed_in_each_language(ada) -> None:
    page = ada.get("/staff/notifications")
    rows = page.soup.select("tbody tr")
    kinds = [kind for kind in wires.message_kinds.values() if kind.write is None]
    assert len(rows) == sum(len(letter_of(kind).channels) for kind in kinds)
    assert all(len(row.select("a[href*='notifications/text']")) == 3 for row in rows)
    assert "own text" not in page.words


def test_the_list_says_what_governs_a_kind_and_leads_there(ada, database) -> None:
    with database.writing():
        set_option(None, "ratings.ask_mode", "digest")
        set_option(None, "ratings.reminder_days", "0")
    rows = {row.select_one("td").get_text(): row for row in ada.get("/staff/notifications").soup.select("tbody tr")}
    ways = {"Alert: low rating": "Low rating 2 stars", "Urgent alert: very low rating": "Urgent rating 1 star",
            "Reply to a rating": "Quality follow-up (satisfaction) on", "Reminder of a rating request": "Reminder off",
            "Weekly rating request": "When clients are asked", "Clock of an authority": "on"}  # fmt: skip
    for kind, said in ways.items():
        cell = rows[kind].select("td")[-1]
        assert said in " ".join(cell.get_text(" ").split()), kind
        assert all("/staff/settings?group=" in str(link["href"]) for link in cell.select("a")), kind
        assert cell.select("a"), kind


def test_the_agencys_own_text_is_what_leaves(ada, visit, mailbox, database) -> None:
    edit(ada, subject="Votre visite du {visit.date}", body=TEXT).follow()
    assert "own text" in ada.get("/staff/notifications").words
    mail = mailbox.one()
    assert str(mail["Subject"]).startswith("Votre visite du ")
    for content in (text_of(mail), text_of(mail, "html")):
        assert "merci {du fond} du cœur" in content
        assert "stars=5" in content
        assert "Wassim" in content
        assert "Vous recevez ce message" in content, "why one gets it stays"
        assert "Claire" in content
    assert mail["List-Unsubscribe"]
    kinds = database.all(select(AuditEntry.kind).where(AuditEntry.subject_type == "message_text"))
    assert kinds == ["template.changed"]
    assert "cœur" not in str(database.all(select(AuditEntry.after))), "the journal holds no text"


def test_another_language_keeps_its_shipped_text(ada, visit, mailbox, database) -> None:
    edit(ada, subject="Votre visite", body=TEXT)
    with database.writing():
        db.session.get_one(Client, db.session.scalar(select(Visit.client_id).where(Visit.id == visit))).language = "ru"
    assert "du cœur" not in text_of(mailbox.one())


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("body", "Bonjour {client.nom}\n\n{rating.link}", "{client.nom}"),
        ("body", "Bonjour {agency.__class__}\n\n{rating.link}", "{agency.__class__}"),
        ("body", "{% for a in b %}\n\n{rating.link}", "{% for a in b %}"),
        ("body", "Bonjour\n\n{rating.link", "Line 3, character 1"),
        ("body", "Bonjour {rating.star_links}", "a paragraph of its own"),
        ("body", "Bonjour {client.name}", "{rating.link}"),
        ("body", "x" * 10_001, "10000"),
        ("subject", "Visite {rating.link}", "{rating.link}"),
        ("subject", "x" * 151, "150"),
        ("subject", "", "subject"),
        ("body", " \n ", "text"),
    ],
)  # fmt: skip
def test_what_cannot_be_filled_is_refused_and_nothing_typed_is_lost(ada, database, field, text, said) -> None:
    typed = {"subject": "Votre visite", "body": TEXT, field: text}
    page = edit(ada, **typed)
    assert page.status == 422
    assert any(said in error for error in page.errors())
    assert page.form("Save").values()["body"].strip() == typed["body"].strip()
    assert not database.all(select(MessageText.id))


def test_a_subject_is_one_line_and_adds_no_header(ada, visit, mailbox, database) -> None:
    edit(ada, subject="Bonjour {client.name}", body=TEXT)
    with database.writing():
        client = db.session.get_one(Client, db.session.scalar(select(Visit.client_id).where(Visit.id == visit)))
        client.last_name = "Lefèvre\r\nBcc: all@example.org"
    mail = mailbox.one()
    assert "Bcc" not in mail
    assert "\n" not in str(mail["Subject"])


def test_of_two_who_write_at_once_the_second_sees_both_texts(agency, sign_in, database) -> None:
    first, second = sign_in(agency.ada), sign_in(agency.ada)
    late = second.get(ADDRESS.format(page="edit")).form("Save")
    edit(first, subject="Premier", body=TEXT)
    page = late.submit(subject="Second", body="Deux {rating.link}")
    assert page.status == 409
    assert "Premier" in page.words
    assert page.form("Save").values()["body"] == "Deux {rating.link}"
    assert page.form("Save").submit().follow().status == 200, "saving again is meant"
    assert database.all(select(MessageText.subject).order_by(MessageText.version)) == ["Premier", "Second"]


def test_a_former_text_comes_back_as_a_new_version(ada, visit, database) -> None:
    edit(ada, subject="Un", body=TEXT)
    page = edit(ada, subject="Deux", body=TEXT).follow()
    page = page.form("Put this text back").submit(restored="1").follow()
    assert "version 1 again" in page.words
    compared = page.form("Compare").submit(left="1", right="2")
    assert "Un" in compared.says("del")
    assert "Deux" in compared.says("ins")
    page = page.form("Put this text back").submit(restored="0").follow()
    assert "shipped text" in page.words
    rows = database.all(select(MessageText.version, MessageText.subject, MessageText.restores).order_by(MessageText.id))
    assert [tuple(row) for row in rows] == [(1, "Un", None), (2, "Deux", None), (3, "Un", 1), (4, None, 0)]


def test_what_is_typed_can_be_looked_at_before_it_is_saved(ada, visit, database) -> None:
    form = ada.get(ADDRESS.format(page="edit")).form("Save").values()
    typed = form | {"subject": "Essai", "body": "Bonjour {client.name} <b>gras</b>\n\n{rating.link}"}
    page = ada.post(f"{ADDRESS.format(page='preview')}&visit={visit}", data=typed)
    assert "Claire" in page.words
    assert "<b>gras</b>" in page.words, "a text is no HTML"
    assert "/r/0" in page.html
    as_text = ada.post(ADDRESS.format(page="preview"), data=typed | {"as_text": "1"})
    assert "Essai" in as_text.words
    wrong = ada.post(ADDRESS.format(page="preview"), data=typed | {"body": "Bonjour {client.nom}"})
    assert "{client.nom}" in wrong.words
    assert not database.all(select(MessageText.id))


def test_it_is_shown_with_a_visit_of_ones_choice(ada, visit, agency) -> None:
    page = ada.get(ADDRESS.format(page="text")).form("Search").submit(who="Claire")
    page = page.link("Claire").click()
    frame = ada.get(preview_of(page))
    assert "Claire" in frame.words
    assert ada.get(f"{ADDRESS.format(page='text')}&visit=999999").status == 200, "no such visit: made up"


def test_a_test_goes_to_oneself_is_marked_and_opens_nothing(ada, visit, agency, mailbox) -> None:
    edit(ada, subject="Votre visite", body=TEXT).follow().form("Send it to me as a test").submit()
    mail = next(mail for mail in mailbox.collect() if "TEST" in str(mail["Subject"]))
    assert str(mail["Subject"]) == "[TEST] Votre visite"
    for content in (text_of(mail), text_of(mail, "html")):
        assert "[TEST]" in content
        assert set(re.findall(r"/r/([\w-]+)", content)) == {NOTHING}


def test_what_was_saved_before_a_name_went_away_does_not_leave_unfilled(ada, visit, mailbox, database) -> None:
    with database.writing():
        db.session.add(MessageText(kind="ratings.request", language="fr", channel="mail", version=1, subject="Bonjour",
                                   body="Bonjour {client.shoe_size}\n\n{rating.link}"))  # fmt: skip
    assert not mailbox.collect()
    message = database.one(select(Message).where(Message.kind == "ratings.request"))
    assert (message.state, message.reason) == ("failed", "unfilled")
    page = ada.get(f"/staff/outbox/{message.id}")
    assert "{client.shoe_size}" in page.words
    edit(ada, subject="Votre visite", body=TEXT)
    ada.get(f"/staff/outbox/{message.id}/again").form("Send again").submit()
    assert mailbox.one()


SHORT = ADDRESS.replace("channel=mail", "channel=sms")


def test_a_text_message_has_its_own_short_text_and_is_counted(ada, visit, database) -> None:
    page = ada.get(SHORT.format(page="edit"))
    assert not page.soup.select("input[name=subject]")
    assert "1 text message" in page.says("#text-count")
    form = page.form("Save").values()
    counted = ada.post(
        SHORT.format(page="preview"),
        data={"body": "я" * 71 + "{rating.link}"},
        headers={**HTMX, "X-CSRFToken": ada.csrf_token()},
    )
    assert "2 text messages" in counted.words
    assert "UCS-2" in counted.words
    frame = ada.post(
        f"{SHORT.format(page='preview')}&visit={visit}", data=form | {"body": "Bonjour {client.name} {rating.link}"}
    )
    assert "Bonjour Claire" in frame.words
    assert "1 text message" in frame.words, "and without scripts after a look"
    wrong = ada.post(SHORT.format(page="preview"), data=form | {"body": "{rating.star_links}"})
    assert "{rating.star_links}" in wrong.words
    saved = page.form("Save").submit(body="Votre avis : {rating.link}").follow()
    assert "Votre avis" in ada.get(preview_of(saved)).words
    assert database.all(select(MessageText.channel)) == ["sms"]


def test_the_count_is_that_of_the_message_that_leaves(ada, visit, app, database, mailbox) -> None:
    body = "Bonjour {client.name}, {visit.service} : {rating.link}"
    with WebSink() as web:
        app.config["SMS_GATEWAY"] = Setting(web.url)
        with database.writing():
            set_option(None, "sms.enabled", "on")
            db.session.get_one(Client, db.session.get_one(Visit, visit).client_id).mobile = "06 12 34 56 78"
            set_option(None, "ratings.sms_first", "on")
        ada.get(SHORT.format(page="edit")).form("Save").submit(body=body)
        counted = ada.post(f"{SHORT.format(page='preview')}&visit={visit}", data={"body": body},
                           headers={**HTMX, "X-CSRFToken": ada.csrf_token()})  # fmt: skip
        assert mailbox.collect() == []
        with app.app_context():
            jobs.sweep(inline=True)
        app.config["SMS_GATEWAY"] = None
    left = json.loads(web.requests[0][2])["text"]
    assert f"{len(left)} characters" in counted.words, left


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_shipped_text_message_is_longer_than_two(app, agency, database, language) -> None:
    kinds = [kind for kind in wires.message_kinds.values() if "sms" in letter_of(kind).channels]
    with app.test_request_context():
        for kind in kinds:
            text = parts_of(agency.ada.user, Place(kind, language, "sms"), None)["text"]
            assert length_of(text).parts <= (3 if language == "ru" else 2), (kind.name, len(text), text)


def test_a_text_message_as_a_test_goes_to_the_number_that_is_typed(ada, visit, app, database) -> None:
    with WebSink() as web:
        app.config["SMS_GATEWAY"] = Setting(web.url)
        page = ada.get(SHORT.format(page="text"))
        assert page.form("Send it to me as a test").submit(number="01 23 45 67 89").status == 409
        page.form("Send it to me as a test").submit(number="06 12 34 56 78").follow()
        with app.app_context():
            jobs.sweep(inline=True)
            jobs.sweep(inline=True)
        app.config["SMS_GATEWAY"] = None
    body = json.loads(web.requests[0][2])
    assert body["to"] == "+33612345678"
    assert body["text"].startswith("[TEST] ")
    assert "/r/0" in body["text"]
    assert database.all(select(MessageTextTest.number)) == [None], "the number is nobody's business any more"


def test_without_a_gateway_no_text_message_is_sent_as_a_test(ada, visit, database) -> None:
    form = ada.get(SHORT.format(page="text")).form("Send it to me as a test")
    refused = form.submit(number="06 12 34 56 78")
    assert refused.status == 409
    assert "no gateway" in refused.words
    assert database.count(MessageTextTest) == 0


def test_the_list_asks_the_same_few_questions_however_much_was_written(ada, database, app) -> None:
    few = len(ada.get("/staff/notifications").statements)
    for number in range(3):
        edit(ada, subject=f"Objet {number}", body=TEXT)
    assert len(ada.get("/staff/notifications").statements) == few <= 6


def test_two_messages_for_one_event_are_warned_of(ada, database) -> None:
    assert "two messages leave" not in ada.get("/staff/notifications").words
    with database.writing():
        set_option(None, "threads.incident_compulsory", "yes")
    assert "two messages leave" in ada.get("/staff/notifications").words


def test_a_notice_beside_the_weekly_mail_is_warned_of(ada, database) -> None:
    with database.writing():
        for name, value in {"notices.visit_done": "yes", "ratings.ask_mode": "digest"}.items():
            set_option(None, name, value)
    assert "once a week, the mail that asks about it" in ada.get("/staff/notifications").words


@pytest.mark.parametrize("name", [name for name, kind in wires.message_kinds.items() if kind.write is None])
def test_every_kind_can_be_written_in_every_language(app, agency, name) -> None:
    kind = wires.message_kinds[name]
    needed = next(one.name for one in letter_of(kind).placeholders if one.required)
    draft = Draft("Mot de {agency.name}", f"Mot <du> début\n\n{{{needed}}}\n\nMot de la fin")
    with app.test_request_context():
        ada = wires.files_of_account(agency.ada.account_id)[0]
        for language in LANGUAGES:
            parts = parts_of(ada, Place(kind, language, "mail"), draft)
            assert parts["subject"].startswith("Mot de ")
            assert "Mot <du> début\n\n" in parts["text"]
            assert "Mot &lt;du&gt; début" in parts["html"]
            assert parts["html"].index("Mot &lt;du") < parts["html"].index("Mot de la fin")
        db.session.remove()
