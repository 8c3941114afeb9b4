"""Which visits clients are asked about: each, the first of a worker, or all of a week in one mail."""

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from time_machine import TimeMachineFixture

from portal.extensions import db
from portal.outbox import jobs, leases
from portal.outbox.gateway import Setting
from portal.outbox.models import Message
from portal.people.models import Client
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.ratings.sharing import leave_out
from portal.ratings.tally_sums import TALLIES, differences
from portal.settings.actions import set_option
from portal.visits.actions import reopen_visit
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import PARIS, Agency
from tests.outbox.sink import Sink
from tests.ratings.conftest import fate, paris

LINK = re.compile(r"/r/([\w-]{30,})\?stars=5")
EVER = date(2000, 1, 1), date(2100, 12, 31)
FRIDAY = "2026-11-20 10:00"


@pytest.fixture
def weekly(set_up: Callable[..., None]) -> None:
    set_up(ask_mode="digest", request_cap_days=30)


def digests(database: Database) -> list[tuple[str, str | None]]:
    chosen = select(Message.state, Message.reason).where(Message.kind == "ratings.digest")
    return [tuple(row) for row in database.all(chosen)]


def left_out(database: Database, visit_id: int) -> str | None:
    chosen = select(RatingRequest.left_out).join(RatingSubject).where(RatingSubject.visit_id == visit_id)
    return database.one(chosen.order_by(RatingRequest.id.desc()).limit(1))


# ---- the first visit of a worker ----


def test_only_the_first_visit_of_a_worker_at_a_client_is_asked_about(
    visit: Callable[..., int], set_up: Callable[..., None], database: Database, mailbox: Mailbox
) -> None:
    set_up(ask_mode="first", request_cap_days=0)
    known = visit("wassim", hour=7)  # he has been at Claire's before, and nobody has asked
    new, again = visit("jean", hour=8), visit("jean", hour=9)
    together = visit("wassim", "jean", hour=10)
    assert len(mailbox.collect()) == 2
    for first in (known, new):
        assert fate(database, first) == ("sent", None)
    for other in (again, together):
        assert fate(database, other) == ("suppressed", "not_first")


def test_a_first_visit_that_the_pause_swallowed_takes_no_first_time_away(
    visit: Callable[..., int], set_up: Callable[..., None], database: Database, mailbox: Mailbox,
    time_machine: TimeMachineFixture,
) -> None:  # fmt: skip
    set_up(ask_mode="first", request_cap_days=30, too_old_days=3)
    asked = visit("wassim", hour=7)
    assert len(mailbox.collect()) == 1
    swallowed = visit("jean", hour=8)
    assert mailbox.collect() == []
    assert fate(database, swallowed) == ("suppressed", "capped")
    time_machine.shift(timedelta(days=31))
    assert len(mailbox.collect()) == 0
    second, of_known = visit("jean", hour=8), visit("wassim", hour=7)
    assert len(mailbox.collect()) == 1
    assert fate(database, second) == ("sent", None)
    assert fate(database, of_known) == ("suppressed", "not_first")
    assert fate(database, asked) == ("sent", None)


# ---- the weekly mail ----


def test_a_week_is_asked_about_in_one_mail_with_a_link_for_each_visit(
    weekly: None, visit: Callable[..., int], mailbox: Mailbox, database: Database, time_machine: TimeMachineFixture,
    agency: Agency, sign_in: SignIn,
) -> None:  # fmt: skip
    visits = [visit("wassim", hour=7), visit("jean", hour=8)]
    assert mailbox.collect() == []
    time_machine.move_to(paris(FRIDAY))
    mail = mailbox.one()
    tokens = list(dict.fromkeys(LINK.findall(text_of(mail))))
    assert len(tokens) == 2
    assert tokens == list(dict.fromkeys(LINK.findall(text_of(mail, "html"))))
    time_machine.shift(timedelta(hours=1))
    reader = sign_in(agency.ines)
    for stars, token in enumerate(tokens, 3):
        assert reader.get(f"/r/{token}").form("/r/").submit(stars=str(stars)).status == 200
    rated = database.all(select(Rating.stars).join(RatingSubject).order_by(RatingSubject.visit_id))
    assert list(rated) == [3, 4], "each link rates its own visit"
    assert digests(database) == [("sent", None)]
    assert not database.all(select(Message.id).where(Message.kind == "ratings.reminder")), "nobody is reminded of it"
    assert len(visits) == 2


def test_the_weekly_mail_has_the_agencys_own_words_and_one_list_of_visits(
    weekly: None, visit: Callable[..., int], mailbox: Mailbox, time_machine: TimeMachineFixture, agency: Agency,
    sign_in: SignIn,
) -> None:  # fmt: skip
    visits, path = [visit("wassim", hour=7), visit("jean", hour=8)], "kind=ratings.digest&language=fr&channel=mail"
    ada = sign_in(agency.ada)
    form = ada.get(f"/staff/notifications/edit?{path}").form("/notifications/edit")
    assert "{visits.list}" in str(form.values()["body"])
    assert "{" not in str(form.values()["subject"])
    wrong = form.submit(body="Bonjour {client.name}")
    assert "{visits.list}" in wrong.words
    form.submit(
        subject="Votre semaine, {client.name}", body="Racontez-nous.\n\n{visits.list}\n\nAvant {rating.expires_on}."
    )
    frame = ada.get(f"/staff/notifications/preview?{path}&visit={visits[1]}")
    assert frame.words.count("Ménage") == 2, "the other visit of the week stands there too"
    assert "Racontez-nous." in frame.words
    time_machine.move_to(paris(FRIDAY))
    mail = mailbox.one()
    assert mail["Subject"] == "Votre semaine, Claire Lefèvre"
    for part in (text_of(mail), text_of(mail, "html")):
        assert "Racontez-nous." in part
        assert "Avant " in part
        assert len(set(LINK.findall(part))) == 2


def test_what_is_answered_reopened_or_disputed_drops_out_and_with_nothing_left_nothing_leaves(
    weekly: None, visit: Callable[..., int], mailbox: Mailbox, database: Database, time_machine: TimeMachineFixture,
    agency: Agency,
) -> None:  # fmt: skip
    rated, reopened, asked = visit(hour=6), visit(hour=7), visit(hour=8)
    other = visit(hour=6, client="denis")
    with database.writing():
        factories.rate(agency.claire, rated, 5)
        factories.rate(agency.denis, other, 5)
        reopen_visit(agency.sofia.user, db.session.get_one(Visit, reopened))
    time_machine.move_to(paris(FRIDAY))
    mail = mailbox.one()
    assert len(set(LINK.findall(text_of(mail)))) == 1
    assert [left_out(database, one) for one in (rated, reopened, asked)] == ["already_rated", "superseded", None]
    assert sorted(digests(database), key=str) == [("sent", None), ("suppressed", "already_rated")]
    with database.app.app_context():
        assert [db.session.execute(differences(table, *EVER)).all() for table in TALLIES] == [[], []]


def test_a_visit_that_ends_when_the_mail_has_left_waits_for_the_next_and_none_leaves_earlier(
    weekly: None, visit: Callable[..., int], mailbox: Mailbox, database: Database, time_machine: TimeMachineFixture,
    set_up: Callable[..., None],
) -> None:  # fmt: skip
    visit()
    time_machine.move_to(paris(FRIDAY))
    mailbox.one()
    late = visit(days=0, hour=8)
    set_up(digest_day="sat")  # staff change the day: no second mail within the week
    time_machine.move_to(paris("2026-11-21 11:00"))
    assert mailbox.collect() == []
    found = database.one(
        select(Message.next_at).join(RatingRequest).join(RatingSubject).where(RatingSubject.visit_id == late)
    )
    assert found.astimezone(PARIS) > paris("2026-11-26 10:00")
    time_machine.move_to(found)
    assert len(set(LINK.findall(text_of(mailbox.one())))) == 1


def test_who_is_asked_by_hand_is_not_asked_again_by_the_weekly_mail(
    weekly: None, visit: Callable[..., int], mailbox: Mailbox, database: Database, time_machine: TimeMachineFixture,
    agency: Agency, sign_in: SignIn,
) -> None:  # fmt: skip
    one = visit()
    form = sign_in(agency.sofia).get(f"/staff/visits/{one}/rating/request").form("/rating/request")
    assert form.submit().status == 303
    assert len(mailbox.collect()) == 1
    time_machine.move_to(paris(FRIDAY))
    assert mailbox.collect() == []
    assert digests(database) == [("suppressed", "asked_again")]


def test_the_visits_page_and_the_outbox_tell_of_the_weekly_mail(
    weekly: None, visit: Callable[..., int], agency: Agency, sign_in: SignIn, database: Database
) -> None:
    one = visit()
    with database.writing():
        factories.rate(agency.claire, one, 4)
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{one}")
    assert "Weekly rating request" in page.words
    assert len(page.statements) <= 12
    message = database.one(select(Message).where(Message.kind == "ratings.digest"))
    assert sofia.get(f"/staff/outbox/{message.id}").status == 200


def test_a_weekly_mail_that_is_refused_for_now_leaves_later_as_it_was(
    weekly: None, visit: Callable[..., int], app: Flask, time_machine: TimeMachineFixture, database: Database
) -> None:
    visit(hour=7)
    visit(hour=8)
    time_machine.move_to(paris(FRIDAY), tick=False)
    with Sink() as sink, app.app_context():
        app.config["PORTAL_SMTP_URL"] = sink.url
        sink.script["claire@example.org"] = ["rcpt451"]
        jobs.sweep(inline=True)
        assert digests(database)[0][0] == "retry"
        first = database.all(select(RatingRequest.public_id).order_by(RatingRequest.id))
        for _try in range(3):
            time_machine.shift(timedelta(hours=1))
            jobs.sweep(inline=True)
        (mail,) = [mail for mail in sink.mails if "claire@example.org" in mail["To"]]
    assert digests(database) == [("sent", None)], "lost 0, one copy"
    assert {token[:22] for token in LINK.findall(text_of(mail))} == set(first)


def test_who_has_a_mobile_only_is_asked_through_a_relative_as_by_mails(
    weekly: None, visit: Callable[..., int], mailbox: Mailbox, database: Database, time_machine: TimeMachineFixture,
    agency: Agency, app: Flask, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setitem(app.config, "SMS_GATEWAY", Setting("http://127.0.0.1:1/send"))
    with database.writing():
        set_option(None, "sms.enabled", "yes")
        claire = db.session.get_one(Client, agency.claire.id)
        claire.email, claire.mobile = None, "06 12 34 56 78"
    visit()
    time_machine.move_to(paris(FRIDAY))
    mail = mailbox.one()
    assert "paul@example.org" in mail["To"]
    time_machine.shift(timedelta(hours=1))
    page = app.test_client().get(f"/r/{LINK.findall(text_of(mail))[0]}")
    assert page.status_code == 200


def test_a_weekly_mail_that_leaves_late_does_not_push_the_next(
    weekly: None, visit: Callable[..., int], mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    visit()
    time_machine.move_to(paris("2026-11-21 11:00"))  # the mail server was away on Friday
    mailbox.one()
    visit(days=0, hour=8)
    time_machine.move_to(paris("2026-11-27 10:00"))
    mailbox.one()


def test_what_ends_while_a_mail_waits_for_its_week_joins_it(
    weekly: None, visit: Callable[..., int], set_up: Callable[..., None], database: Database
) -> None:
    visit()
    set_up(digest_day="wed")
    visit(hour=9)
    assert len(digests(database)) == 1


def test_two_weekly_mails_of_a_client_do_not_leave_together(
    weekly: None, visit: Callable[..., int], mailbox: Mailbox, database: Database, time_machine: TimeMachineFixture
) -> None:
    visit()
    with database.writing():  # as one that was postponed was, before
        db.session.execute(update(Message).where(Message.kind == "ratings.digest").values(state="failed"))
    visit(hour=9)
    with database.writing():
        both = update(Message).where(Message.kind == "ratings.digest")
        db.session.execute(both.values(state="scheduled", due_at=paris(FRIDAY), next_at=paris(FRIDAY)))
    time_machine.move_to(paris(FRIDAY))
    mailbox.one()
    assert sorted(digests(database), key=str) == [("scheduled", "asked_recently"), ("sent", None)]


def test_what_is_left_out_while_the_mail_is_leaving_was_asked(
    weekly: None, visit: Callable[..., int], database: Database, time_machine: TimeMachineFixture, app: Flask,
    mailbox: Mailbox,
) -> None:  # fmt: skip
    first, second, before = visit(hour=7), visit(hour=8), visit(hour=9)
    subjects = select(RatingSubject.id).order_by(RatingSubject.id)
    time_machine.move_to(paris(FRIDAY))
    with app.app_context():
        leave_out(db.session.scalars(subjects.where(RatingSubject.visit_id == before)).all(), "incident_open")
        db.session.commit()
        ids, token = leases.claim(5)
        turn = leases.begin(ids[0], token)
        assert turn
        leave_out(db.session.scalars(subjects.where(RatingSubject.visit_id == second)).all(), "incident_open")
        db.session.commit()
        leases.finish(turn, "accepted", "250")
        assert [db.session.execute(differences(table, *EVER)).all() for table in TALLIES] == [[], []]
    assert [left_out(database, one) for one in (first, second, before)] == [None, None, "incident_open"]
    stages = select(RatingSubject.stage).where(RatingSubject.visit_id.in_([first, second, before]))
    assert sorted(database.all(stages)) == ["sent", "sent", "suppressed"]
