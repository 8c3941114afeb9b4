"""What is in a mail: for whom, in which language, with which links; and what is not."""

import re
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select, update

from portal import clock
from portal.extensions import db
from portal.links import make_token
from portal.outbox import jobs, leases
from portal.outbox.mailer import Mailer
from portal.outbox.models import Message, Recipient
from portal.outbox.text_models import MessageText
from portal.people.models import Client, Service, Worker
from portal.ratings.models import RequestChoice
from portal.settings.actions import set_option
from portal.visits.actions import cancel_visit
from portal.visits.models import Visit
from tests import factories
from tests.conftest import text_of
from tests.outbox.sink import Sink

TOKEN = re.compile(r"/r/([\w-]{30,})")


@pytest.fixture
def ask(agency, database):
    """Promise a mail about a visit of yesterday: it is due at once. Returns the visit's id."""

    def promise(person: str = "claire", *, hour: int = 8, **changes: str) -> int:
        with database.writing():
            client = db.session.get_one(Client, getattr(agency, person).id)
            for name, value in changes.items():
                setattr(client, name, value)
            service = db.session.get_one(Service, agency.rising)
            worker = db.session.get_one(Worker, agency.wassim.id)
            return factories.done_visit(client, service, [worker], hour=hour, ask=True).id

    return promise


def links(html: str) -> list[str]:
    return [str(tag["href"]) for tag in BeautifulSoup(html, "html5lib").select("a[href]")]


def test_text_and_html_hold_the_same_link_for_each_number_of_stars(ask, mailbox) -> None:
    ask()
    mail = mailbox.one()
    for kind in ("plain", "html"):
        content = text_of(mail, kind)
        found = links(content) if kind == "html" else re.findall(r"http\S+", content)
        stars = sorted(int(link[-1]) for link in found if "/r/" in link)
        assert stars == [0, 1, 2, 3, 4, 5]
    tokens = set(TOKEN.findall(text_of(mail) + text_of(mail, "html")))
    assert len(tokens) == 1


def test_zero_stars_are_not_offered_where_the_agency_does_not_offer_them(ask, mailbox, database) -> None:
    with database.writing():
        set_option(None, "ratings.offer_zero", "no")
    ask()
    mail = mailbox.one()
    assert "stars=0" not in text_of(mail) + text_of(mail, "html")
    assert "stars=1" in text_of(mail)


@pytest.mark.parametrize(
    ("language", "subject", "word"),
    [
        ("fr", "Comment s’est passée", "Bonjour"),
        ("ru", "прошёл", "Здравствуйте"),
        ("en", "How did your visit go?", "Hello"),
    ],
)
def test_a_mail_speaks_the_language_of_its_reader(ask, mailbox, language, subject, word) -> None:
    ask(language=language)
    mail = mailbox.one()
    assert mail["Content-Language"] == language
    assert word in text_of(mail)
    assert word in text_of(mail, "html")
    assert f'lang="{language}"' in text_of(mail, "html")
    assert subject in mail["Subject"] or language != "en"
    if language == "ru":
        assert re.search("[а-яё]", str(mail["Subject"]))


def test_who_has_no_language_is_written_to_in_the_agencys(ask, mailbox, database) -> None:
    with database.writing():
        set_option(None, "agency.language", "ru")
    ask(language=None)
    assert "Здравствуйте" in text_of(mailbox.one())


def test_the_unsubscribe_headers_arrive_as_mail_programs_read_them(ask, sink: Sink, app, database) -> None:
    ask()
    app.config["PORTAL_BASE_URL"] = "https://suivi.a-rather-long-name-of-an-agency.example.org/portail"
    with app.app_context():
        jobs.sweep(inline=True)
        message = database.one(select(Message).where(Message.kind == "ratings.request"))
        token = make_token("unsubscribe", message.public_id)
    (mail,) = sink.mails
    head = sink.texts[0].decode().partition("\r\n\r\n")[0]
    address = f"https://suivi.a-rather-long-name-of-an-agency.example.org/portail/unsubscribe/{token}"
    assert mail["List-Unsubscribe"] == f"<{address}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"List-Unsubscribe: <{address}>" in head
    assert mail["Message-ID"] == f"<mr-{message.public_id}@suivi.a-rather-long-name-of-an-agency.example.org>"
    assert f"Message-ID: <mr-{message.public_id}@" in head


def test_what_travels_is_seven_bits_in_lines_that_every_server_takes(ask, app, sink: Sink) -> None:
    ask(language="ru")
    with app.app_context():
        jobs.sweep(inline=True)
    (written,) = sink.texts
    assert written.isascii()
    assert max(map(len, written.split(b"\r\n"))) < 998
    assert b"\n" not in written.replace(b"\r\n", b"")
    long = [line for line in written.split(b"\r\n") if len(line) > 78]
    assert all(line.startswith((b"List-Unsubscribe: ", b"Message-ID: ")) for line in long)


def test_a_second_copy_is_the_same_mail_with_the_same_link(ask, sink: Sink, app, time_machine) -> None:
    sink.script["claire@example.org"] = ["dot-lost"]
    ask()
    for _ in range(2):
        with app.app_context():
            jobs.sweep(inline=True)
        time_machine.shift(timedelta(minutes=2))
    first, second = sink.mails
    assert first["Message-ID"] == second["Message-ID"]
    assert text_of(first) == text_of(second)
    assert text_of(first, "html") == text_of(second, "html")


def test_neither_subject_nor_log_nor_message_page_gives_a_link_away(ask, sink, app, caplog, agency, sign_in) -> None:
    caplog.set_level(0)
    ask()
    with app.app_context():
        jobs.sweep(inline=True)
    (mail,) = sink.mails
    token = TOKEN.findall(text_of(mail))[0]
    assert token not in str(mail["Subject"])
    assert token not in caplog.text
    staff = sign_in(agency.ines)
    page = staff.get("/staff/outbox/1")
    preview = staff.get("/staff/outbox/1/preview")
    seal = token[22:]
    for shown in (page.html, preview.html):
        assert seal not in shown
    assert "0?stars=5" in preview.html


def test_the_text_begins_with_the_greeting_and_has_no_holes(ask, mailbox) -> None:
    ask()
    plain = text_of(mailbox.one())
    assert plain.startswith("Bonjour Claire")
    assert "\n\n\n" not in plain.replace("\r", "")


def test_before_it_leaves_a_mail_is_shown_in_its_readers_language(ask, agency, sign_in, database) -> None:
    ask()
    with database.writing():
        db.session.execute(update(Client).values(language="ru"))
    preview = sign_in(agency.ines).get("/staff/outbox/1/preview")
    assert 'lang="ru"' in preview.html
    assert "Здравствуйте" in preview.html


def test_a_line_break_in_a_name_adds_no_header(ask, mailbox, database) -> None:
    with database.writing():
        set_option(None, "agency.name", "Maison\r\nBcc: thief@example.org\x00 & Soins")
    ask(first_name="Claire\r\nBcc: thief@example.org", last_name="Lefèvre\nX-Evil: 1\x0b\x85")
    mail = mailbox.one()
    assert (mail["Bcc"], mail["X-Evil"]) == (None, None)
    assert mail["To"].addresses[0].addr_spec == "claire@example.org"
    assert "\n" not in mail["To"].addresses[0].display_name
    assert mail["From"].addresses[0].display_name == "Maison Bcc: thief@example.org & Soins"


def test_an_encoded_word_in_a_name_or_a_subject_is_text_and_adds_no_header(ask, sink: Sink, app, database) -> None:
    hidden = "=?utf-8?q?x=0D=0AX-Evil:_1=0D=0A=0D=0AThe_body_of_a_thief?="
    with database.writing():
        set_option(None, "agency.name", f"Maison {hidden}")
        body = "{client.name}, {rating.link}"
        db.session.add(MessageText(kind="ratings.request", language="fr", channel="mail", version=1, subject=hidden,
                                   body=body))  # fmt: skip
    ask(last_name=hidden)
    with app.app_context():
        jobs.sweep(inline=True)
    head, _blank, body = sink.texts[0].decode().partition("\r\n\r\n")
    names = [line.partition(":")[0] for line in head.split("\r\n") if not line.startswith((" ", "\t"))]
    assert set(names) >= {"From", "To", "Subject", "Date", "Message-ID", "List-Unsubscribe", "Content-Type"}
    assert "X-Evil" not in names
    assert body.startswith("--")
    (mail,) = sink.mails
    assert "utf-8?q?x=0D=0AX-Evil" in mail["Subject"].replace(" ", "")


def test_a_name_with_quotes_and_commas_stays_one_recipient(ask, mailbox) -> None:
    ask(first_name='Claire "Clé", dite', last_name="<c@d.e>")
    to = mailbox.one()["To"].addresses
    assert [(one.display_name, one.addr_spec) for one in to] == [('Claire "Clé", dite <c@d.e>', "claire@example.org")]


def test_names_are_text_in_the_html(ask, mailbox) -> None:
    ask(first_name="<script>alert(1)</script>")
    assert "<script" not in text_of(mailbox.one(), "html")


def test_a_line_that_is_a_single_dot_does_not_end_the_mail(outbox, sink: Sink) -> None:
    outbox.promise("claire@example.org")
    outbox.name = "Avant\n.\n..\n.après"
    outbox.sweep()
    assert ".\n..\n.après" in text_of(sink.mails[0]).replace("\r\n", "\n")


def test_the_html_needs_no_picture_no_script_and_no_other_server(ask, mailbox) -> None:
    ask()
    html = text_of(mailbox.one(), "html")
    soup = BeautifulSoup(html, "html5lib")
    assert not soup.select("img, svg, script, link, iframe, form")
    assert all(link.startswith("http://localhost/") for link in links(html))
    assert "url(" not in html
    assert soup.select("a[style]")


def test_an_address_that_wants_no_requests_is_not_asked(ask, mailbox, database) -> None:
    with database.writing():
        db.session.add(RequestChoice(
            person_type="client", person_id=0, address="claire@example.org", wanted=False, said_by="link"))  # fmt: skip
    ask(email="Claire@Example.org")
    ask("denis")
    assert [mail["To"].addresses[0].addr_spec for mail in mailbox.collect()] == ["denis@example.org"]
    message = database.one(select(Message).where(Message.state == "suppressed"))
    assert message.reason == "opted_out"


@pytest.mark.parametrize("when", ["before the claim", "after the claim"])
def test_a_visit_that_is_cancelled_is_not_asked_about(ask, mailbox, database, app, when) -> None:
    visit_id = ask()
    claimed = None
    if when == "after the claim":
        with app.app_context():
            claimed = leases.claim(20)
    with database.writing():
        cancel_visit(None, db.session.get_one(Visit, visit_id), "malade")
    if claimed:
        with app.app_context(), Mailer(app.config["PORTAL_SMTP_URL"]) as conversation:
            jobs.deliver(conversation, claimed[0][0], claimed[1])
    assert mailbox.collect() == []
    assert mailbox.received == []
    message = database.one(select(Message))
    assert (message.state, message.reason) == ("cancelled", "visit_cancelled")


def test_a_rating_that_comes_first_takes_the_question_back(ask, mailbox, database, agency) -> None:
    visit_id = ask()
    with database.writing():
        factories.rate(agency.claire, visit_id, 5)
    assert mailbox.collect() == []
    assert database.one(select(Message.reason)) == "already_rated"


def test_a_module_switched_off_between_claim_and_sending_sends_nothing(ask, mailbox, database, app) -> None:
    ask()
    with app.app_context():
        ids, token = leases.claim(20)
    with database.writing():
        set_option(None, "ratings.enabled", "no")
    with app.app_context(), Mailer(app.config["PORTAL_SMTP_URL"]) as conversation:
        jobs.deliver(conversation, ids[0], token)
    assert mailbox.received == []
    assert database.one(select(Message.reason)) == "module_off"


def test_a_request_that_missed_the_window_leaves_at_its_next_opening(ask, mailbox, database, time_machine) -> None:
    """Due on Tuesday at noon, but nothing ran before half past eight in the evening."""
    ask()
    time_machine.shift(timedelta(hours=8, minutes=30))
    assert mailbox.collect() == []
    assert database.one(select(Message.state)) == "scheduled"
    morning = clock.now().astimezone(factories.PARIS).replace(hour=8, minute=59) + timedelta(days=1)
    time_machine.move_to(morning)
    assert mailbox.collect() == []
    time_machine.shift(timedelta(minutes=2))
    assert len(mailbox.collect()) == 1


def test_a_client_without_address_is_not_asked_and_staff_can_see_why(agency, mailbox, database) -> None:
    with database.writing():
        george, service = db.session.get_one(Client, agency.george), factories.service("Repas")
        factories.done_visit(george, service, [], hour=8, ask=True)
    assert mailbox.collect() == []
    assert database.one(select(Message.reason)) == "no_address"


def test_a_mail_comes_from_the_agency(ask, mailbox, database) -> None:
    with database.writing():
        set_option(None, "agency.sender", "bonjour@maison.example")
    ask()
    sender = mailbox.one()["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == (factories.AGENCY, "bonjour@maison.example")


def test_an_empty_name_is_no_obstacle(outbox, sink: Sink) -> None:
    outbox.promise("claire@example.org")
    outbox.decisions["claire@example.org"] = Recipient("claire@example.org", "", "fr")
    outbox.sweep()
    assert [mail["To"] for mail in sink.mails] == ["claire@example.org"]
