"""Text messages leave as mails do: once, with a second copy only when the answer was lost, and none is lost."""

import json
import re
from collections.abc import Callable, Generator

import pytest
from flask import Flask
from sqlalchemy import select

from portal.extensions import db
from portal.outbox import gateway, jobs
from portal.outbox.gateway import Setting
from portal.outbox.letters import Letter, Placeholder
from portal.outbox.models import Channel, Message, Outage, Recipient
from portal.people.models import Client, Service, Worker
from portal.ratings.models import Rating, RequestChoice
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import text_of
from tests.outbox.web_sink import WebSink, reply

NUMBER = "+33612345678"
LETTER = Letter((Placeholder("note.link", "link", lambda c: c["url"], required=True),), short="Note: {note.link}")


@pytest.fixture
def web(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Generator[WebSink]:
    """A gateway that the application uses."""
    monkeypatch.setattr(gateway, "STEP_SECONDS", 0.3)
    monkeypatch.setattr(gateway, "WHOLE_SECONDS", 0.6)
    with WebSink() as sink:
        app.config["SMS_GATEWAY"] = Setting(sink.url, body='{"to": "{to}", "text": "{text}", "id": "{id}"}')
        yield sink
        app.config["SMS_GATEWAY"] = None


@pytest.fixture
def texting(outbox, monkeypatch, database):
    """The outbox of the tests, of which some messages go to a phone."""
    object.__setattr__(outbox.kind, "letter", LETTER)

    def promise(*names: str) -> None:
        for name in names:
            outbox.decisions[name] = Recipient(NUMBER, "Claire", "fr", "sms")
        outbox.promise(*names)

    outbox.promise_short = promise
    return outbox


def said(web: WebSink) -> list[dict]:
    return [json.loads(body) for _line, _headers, body in web.requests]


def sweeps(outbox, times: int = 2) -> None:
    for _ in range(times):
        outbox.sweep()


def test_a_message_goes_the_way_of_its_recipient(texting, web, sink) -> None:
    texting.promise("mail@example.org")
    texting.promise_short("a", "b")
    sweeps(texting)
    assert set(texting.states().values()) == {"sent"}
    assert [one["to"] for one in said(web)] == [NUMBER, NUMBER]
    assert said(web)[0]["text"] == "Note: https://example.org/x"
    assert len(sink.taken("mail@example.org")) == 1
    assert texting.message("a").attempts == 1
    assert (texting.message("a").channel, texting.message("a").address) == ("sms", NUMBER)
    sweeps(texting)
    assert len(web.requests) == 2


@pytest.mark.parametrize("answer", ["close", None, reply("500 Oops")])
def test_after_a_lost_answer_there_is_one_more_copy_with_the_same_name(
    texting, web, sink, time_machine, answer
) -> None:
    web.answers = [answer]
    texting.promise_short("a")
    sweeps(texting)
    assert texting.states()["a"] == "retry"
    time_machine.shift(120)
    sweeps(texting)
    assert texting.states()["a"] == "uncertain"
    time_machine.shift(86_400)
    sweeps(texting)
    assert len(web.requests) == 2
    assert len({one["id"] for one in said(web)}) == 1


def test_a_gateway_that_is_away_blames_no_message_and_keeps_no_mail(texting, web, sink, time_machine, database) -> None:
    web.answers = [reply("401 Unauthorized"), reply()]
    texting.promise_short("a")
    sweeps(texting)
    texting.promise("mail@example.org")
    sweeps(texting)
    assert texting.states() == {"a": "due", "mail@example.org": "sent"}
    assert texting.message("a").attempts == 0
    assert dict(database.all(select(Channel.name, Channel.failing_since.is_not(None)))) == {"mail": False, "sms": True}
    time_machine.shift(61)
    sweeps(texting)
    assert texting.states()["a"] == "sent"
    assert database.all(select(Outage.channel, Outage.ended_at.is_not(None))) == [("sms", True)]


def test_a_broken_gateway_is_given_one_message_a_minute(texting, web, sink, time_machine) -> None:
    web.answers = [reply("500 Oops"), reply()]
    texting.promise_short("a", "b", "c")
    sweeps(texting, 4)
    assert len(web.requests) == 1
    assert sorted(texting.states().values()) == ["due", "due", "retry"]
    time_machine.shift(61)
    sweeps(texting)
    assert set(texting.states().values()) == {"sent"}


def test_a_refused_number_is_not_tried_again(texting, web, sink) -> None:
    web.answers = [reply("400 Bad Request", '{"error": "number"}')]
    texting.promise_short("a")
    sweeps(texting)
    assert texting.states()["a"] == "failed"
    assert texting.message("a").reason == "refused"


def test_while_all_is_held_no_text_message_leaves(texting, web, sink, database) -> None:
    from portal.outbox.actions import hold_channel, release_channel

    with database.writing():
        hold_channel(None, "test")
    texting.promise_short("a")
    sweeps(texting)
    assert not web.requests
    with database.writing():
        release_channel(None)
    sweeps(texting)
    assert len(web.requests) == 1


def test_without_a_gateway_it_can_be_read_and_says_so(agency, sign_in, texting, sink, app) -> None:
    texting.promise_short("a")
    sweeps(texting)
    assert texting.states()["a"] == "scheduled"
    page = sign_in(agency.ada).get(f"/staff/outbox/{texting.message('a').id}")
    assert "Not sent: no gateway" in page.words
    assert "Note: https://example.org/x" in page.words
    assert "Messages do not leave" not in page.html


@pytest.fixture
def claire(agency, database) -> Callable[..., int]:
    """Claire without an e-mail address, and a visit of yesterday of hers."""

    def make(**changes: str | None) -> int:
        with database.writing():
            set_option(None, "sms.enabled", "yes")
            client = db.session.get_one(Client, agency.claire.id)
            for name, value in {"email": None, "mobile": "06 12 34 56 78", "language": "fr", **changes}.items():
                setattr(client, name, value)
            service, worker = db.session.get_one(Service, agency.rising), db.session.get_one(Worker, agency.wassim.id)
            return factories.done_visit(client, service, [worker], hour=8, ask=True).id

    return make


def sweep(app: Flask) -> None:
    with app.app_context():
        jobs.sweep(inline=True)
        jobs.sweep(inline=True)


def test_who_has_no_address_is_asked_by_text_message_and_rates_by_its_link(
    app, claire, web, mailbox, stranger, database, time_machine
) -> None:
    claire()
    sweep(app)
    asked = said(web)
    assert [one["to"] for one in asked] == [NUMBER]
    assert not mailbox.received
    path = re.search(r"https?://[^/]+(/\S+)", asked[0]["text"])
    assert path
    time_machine.shift(60)
    page = stranger.get(path[1])
    assert page.link("Ne plus recevoir").href.startswith("/unsubscribe/")
    page.form("/r/").submit(stars="4")
    assert database.all(select(Rating.channel).where(Rating.channel != "portal").order_by(Rating.id.desc()))[0] == "sms"


def test_who_has_both_is_asked_by_mail_unless_the_agency_says_otherwise(app, claire, web, mailbox, database) -> None:
    claire(email="claire@example.org")
    sweep(app)
    assert not web.requests
    assert len(mailbox.received) == 1
    with database.writing():
        set_option(None, "ratings.sms_first", "yes")
        set_option(None, "ratings.request_cap_days", "0")
    claire(email="claire@example.org")
    sweep(app)
    assert len(web.requests) == 1


def test_without_the_switch_nobody_gets_a_text_message(app, claire, web, mailbox, database) -> None:
    visit = claire()
    with database.writing():
        set_option(None, "sms.enabled", "no")
    sweep(app)
    assert not web.requests
    assert visit
    assert "sms" not in database.all(select(Message.channel))


def path_in(text: str) -> str:
    found = re.search(r"https?://[^/]+(/r/[\w-]+)", text)
    assert found, text
    return found[1]


def switch(database, **options: str) -> None:
    with database.writing():
        for name, value in options.items():
            set_option(None, name.replace("__", "."), value)


def test_a_link_that_is_out_opens_whatever_the_switch_says(
    app, claire, web, mailbox, stranger, database, time_machine
) -> None:
    claire()
    sweep(app)
    by_text = path_in(said(web)[0]["text"])
    switch(database, sms__enabled="no", ratings__request_cap_days="0")
    claire()
    switch(database, sms__enabled="no")
    sweep(app)
    (mail,) = mailbox.received
    assert mail["To"].endswith("<paul@example.org>"), "a relative is asked in place of who has no address"
    by_mail = path_in(text_of(mail))
    time_machine.shift(60)
    assert stranger.get(by_text).form("/r/")
    switch(database, sms__enabled="yes")
    assert stranger.get(by_mail).form("/r/").submit(stars="4").status == 200


def test_a_notice_by_text_message_is_stopped_on_its_page(
    app, claire, web, mailbox, stranger, database, agency, sign_in
) -> None:
    claire()
    switch(database, notices__visit_done="yes", ratings__client_ratings="no")
    sign_in(agency.sofia).act(f"/staff/visits/{agency.claires_past}/done")
    sweep(app)
    (told,) = said(web)
    page = stranger.get(path_in(told["text"]))
    stop = page.link("Ne plus recevoir de messages").href
    assert "messages de fin d’intervention" in stranger.get(stop).words
    stranger.get(stop).form("/unsubscribe/").submit()
    said_no = database.one(select(RequestChoice))
    assert (said_no.about, said_no.wanted, said_no.address) == ("notices", False, NUMBER)


def test_a_text_message_needs_no_mail_server(app, claire, web, monkeypatch, database) -> None:
    monkeypatch.setitem(app.config, "PORTAL_SMTP_URL", None)
    claire()
    sweep(app)
    assert [one["to"] for one in said(web)] == [NUMBER]


def test_when_there_is_no_gateway_any_more_they_go_by_mail(app, claire, web, mailbox, database, monkeypatch) -> None:
    switch(database, ratings__sms_first="yes")
    claire(email="claire@example.org")
    assert list(database.all(select(Message.channel).where(Message.kind == "ratings.request"))) == ["sms"]
    monkeypatch.setitem(app.config, "SMS_GATEWAY", None)
    sweep(app)
    assert not web.requests
    assert [mail["To"] for mail in mailbox.received] == ["Claire Lefèvre <claire@example.org>"]
    assert list(database.all(select(Message.channel).where(Message.kind == "ratings.request"))) == ["mail"]


def test_what_waits_for_the_gateway_leaves_once_there_is_one(
    texting, web, sink, app, monkeypatch, time_machine
) -> None:
    with monkeypatch.context() as without:
        without.setitem(app.config, "SMS_GATEWAY", None)
        texting.promise_short("a")
        sweeps(texting, 3)
        assert not sink.mails
    time_machine.shift(61)
    sweeps(texting)
    assert texting.states()["a"] == "sent"
    assert len(web.requests) == 1


def test_sent_again_and_released_both_ways_are_called(agency, texting, web, sink, database, monkeypatch) -> None:
    from portal.outbox import actions

    texting.promise_short("a")
    sweeps(texting)
    called: list[str] = []
    monkeypatch.setattr(actions, "enqueue_after_commit", lambda _session, drain: called.append(drain.__name__))
    with database.writing():
        actions.hold_channel(None, "test")
        actions.release_channel(None)
        actions.send_again(agency.ada.user, db.session.scalars(select(Message).where(Message.channel == "sms")).one())
    assert called == ["drain", "drain_short", "drain_short"]
