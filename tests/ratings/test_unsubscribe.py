"""One click stops the rating requests (RFC 8058), and nothing else."""

from datetime import timedelta

from flask import Flask
from sqlalchemy import select
from time_machine import TimeMachineFixture

from portal.audit.models import AuditEntry
from portal.outbox.models import Message
from portal.ratings.models import RequestChoice
from tests.conftest import Database, Mailbox, open_browser, text_of
from tests.factories import Agency
from tests.pages import Browser
from tests.ratings.conftest import Asked, plan_asked_visit

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


def test_the_mail_carries_both_headers_of_rfc_8058(asked: Asked) -> None:
    assert asked.mail["List-Unsubscribe"] == f"<http://localhost{asked.unsubscribe}>"
    assert asked.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert f"http://localhost{asked.unsubscribe}" in text_of(asked.mail)


def test_a_mail_program_unsubscribes_with_one_post(
    app: Flask, asked: Asked, agency: Agency, database: Database
) -> None:
    page = open_browser(app).post(asked.unsubscribe, data=ONE_CLICK)
    assert page.status == 200, "a redirect would not be followed"
    assert "Set-Cookie" not in page.headers
    assert database.all(select(RequestChoice.address)) == [agency.claire.email]


def test_doing_it_again_does_nothing_more(stranger: Browser, asked: Asked, database: Database) -> None:
    for _ in range(3):
        assert stranger.post(asked.unsubscribe, data=ONE_CLICK).h1 == "You will receive no more rating requests"
    assert database.count(RequestChoice) == 1
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.requests_stopped"))
    assert (entry.account_id, entry.subject_type, entry.before, entry.after) == (None, "message", None, None)


def test_a_person_is_asked_first_and_looking_stops_nothing(stranger: Browser, asked: Asked, database: Database) -> None:
    page = stranger.get(asked.unsubscribe)
    assert page.h1 == "Stop the rating requests?"
    assert database.count(RequestChoice) == 0
    assert page.form("Stop").submit().h1 == "You will receive no more rating requests"
    assert stranger.get(asked.unsubscribe).h1 == "You will receive no more rating requests"


def test_the_link_never_expires(
    stranger: Browser, asked: Asked, database: Database, time_machine: TimeMachineFixture
) -> None:
    time_machine.shift(timedelta(days=800))
    assert stranger.post(asked.unsubscribe, data=ONE_CLICK).status == 200
    assert database.count(RequestChoice) == 1


def test_afterwards_no_request_leaves_and_other_mails_do(
    stranger: Browser, asked: Asked, agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    stranger.post(asked.unsubscribe, data=ONE_CLICK)
    visit = plan_asked_visit(agency, database, hour=7)
    assert mailbox.collect() == []
    last = select(Message.state, Message.reason).order_by(Message.id.desc()).limit(1)
    assert database.one(last) == ("suppressed", "opted_out")
    stranger.get("/forgotten-password").form("Send me").submit(email=agency.claire.email)
    assert len(mailbox.collect()) == 1, "a mail that one asks for still comes"
    assert visit


def test_the_link_to_rate_still_opens_after_unsubscribing(stranger: Browser, asked: Asked) -> None:
    stranger.post(asked.unsubscribe, data=ONE_CLICK)
    assert stranger.get(asked.link).form("Save").submit(stars="4").h1 == "Thank you"


def test_a_reader_who_arrived_by_one_address_in_capitals_is_the_same(
    stranger: Browser, asked: Asked, agency: Agency, database: Database, mailbox: Mailbox
) -> None:
    from portal.extensions import db
    from portal.people.models import Client

    stranger.post(asked.unsubscribe, data=ONE_CLICK)
    with database.writing():
        db.session.get_one(Client, agency.claire.id).email = "Claire@Example.org"
    plan_asked_visit(agency, database, hour=7)
    assert mailbox.collect() == []
