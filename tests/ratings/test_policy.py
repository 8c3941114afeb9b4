"""Which visits a client is asked about, and when: the agency's pace, decided when a mail is due."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import g
from sqlalchemy import func, select
from time_machine import TimeMachineFixture

from portal.extensions import db, wires
from portal.outbox.models import Message
from portal.people.models import Client, Service, Worker
from portal.ratings import messages
from portal.ratings.models import RatedWorker, RatingRequest, RatingSubject
from portal.ratings.requests import _is_drawn
from portal.settings.actions import set_option
from portal.visits.actions import cancel_visit, end_visits, reopen_visit
from portal.visits.models import Visit, VisitWorker
from tests import factories
from tests.conftest import Database, Mailbox, text_of
from tests.factories import Agency
from tests.pages import Browser
from tests.ratings.conftest import Asked, read

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def set_up(database: Database) -> Callable[..., None]:
    """Set options: `set_up(request_cap_days=0)`."""

    def set_up(**values: object) -> None:
        with database.writing():
            for name, value in values.items():
                set_option(None, f"ratings.{name}", str(value).lower())

    return set_up


@pytest.fixture
def visit(agency: Agency, database: Database) -> Callable[..., int]:
    """A visit of Claire's that is done and about which she is to be asked; by default yesterday at eight, of Wassim."""

    def visit(*who: str, days: int = -1, hour: int = 8, client: str = "claire") -> int:
        with database.writing():
            workers = [db.session.get_one(Worker, getattr(agency, name).id) for name in who or ("wassim",)]
            of = db.session.get_one(Client, getattr(agency, client).id)
            cleaning = db.session.get_one(Service, agency.cleaning)
            return factories.done_visit(of, cleaning, workers, days=days, hour=hour, ask=True).id

    return visit


def fate(database: Database, visit_id: int, kind: str = "ratings.request") -> tuple[str, str | None]:
    """State and reason of the newest message of a kind about a visit."""
    statement = (
        select(Message.state, Message.reason)
        .join(RatingRequest, RatingRequest.message_id == Message.id)
        .join(RatingSubject, RatingSubject.id == RatingRequest.subject_id)
        .where(RatingSubject.visit_id == visit_id, Message.kind == kind)
        .order_by(Message.id.desc())
        .limit(1)
    )
    return database.one(statement)


def due(database: Database, visit_id: int, kind: str = "ratings.request") -> datetime:
    statement = (
        select(Message.next_at)
        .join(RatingRequest, RatingRequest.message_id == Message.id)
        .join(RatingSubject, RatingSubject.id == RatingRequest.subject_id)
        .where(RatingSubject.visit_id == visit_id, Message.kind == kind)
        .order_by(Message.id.desc())
        .limit(1)
    )
    return database.one(statement).astimezone(PARIS)


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


# ---- at most once in a while ----


def test_a_client_is_asked_once_in_thirty_days(
    visit, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    first = visit()
    assert len(mailbox.collect()) == 1
    assert fate(database, first) == ("sent", None)
    for days, what in ((1, ("suppressed", "capped")), (10, ("suppressed", "capped")), (21, ("sent", None))):
        time_machine.shift(timedelta(days=days))  # up to the 32nd day
        later = visit()
        mailbox.collect()
        assert fate(database, later) == what


def test_another_client_is_asked_all_the_same(visit, mailbox: Mailbox) -> None:
    visit()
    visit(client="denis", hour=9)
    assert len(mailbox.collect()) == 2


def test_without_a_cap_every_visit_is_asked_about(visit, set_up, mailbox: Mailbox) -> None:
    set_up(request_cap_days=0)
    visit(hour=7)
    visit(hour=8)
    assert len(mailbox.collect()) == 2


def test_a_visit_waits_for_the_cap_while_it_is_not_too_old(
    visit, set_up, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    set_up(request_cap_days=3, reminder_days=0)
    visit()
    mailbox.one()
    time_machine.shift(timedelta(days=1))
    later = visit()
    assert mailbox.collect() == []
    assert fate(database, later) == ("scheduled", "asked_recently")
    assert due(database, later) >= paris("2026-11-20 12:00")
    time_machine.move_to(paris("2026-11-20 12:05"))
    assert len(mailbox.collect()) == 1
    assert fate(database, later) == ("sent", None)


def test_a_mail_that_failed_for_good_does_not_count(
    visit, database: Database, mailbox: Mailbox, agency: Agency
) -> None:
    first = visit()
    with database.writing():
        request = factories.sent_request(db.session.get_one(Visit, first), agency.claire.email)
        request.message.state, request.message.sent_at, request.message.reason = "failed", None, "refused"
    visit(hour=9)
    assert len(mailbox.collect()) == 1


def test_a_mail_that_left_and_was_sent_again_in_vain_counts(visit, database: Database, mailbox: Mailbox) -> None:
    first = visit(hour=7)
    mailbox.one()
    with database.writing():
        message = factories.request_of(first).message
        message.state, message.sent_at, message.reason = "cancelled", None, "by_staff"
    later = visit(hour=9)
    assert mailbox.collect() == []
    assert fate(database, later) == ("suppressed", "capped")


def test_the_worker_of_whom_nobody_has_asked_for_longest_comes_first(
    visit, set_up, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    set_up(reminder_days=0)
    visit("wassim")
    mailbox.one()
    time_machine.move_to(paris("2026-12-21 12:00"))  # 34 days later
    of_wassim, of_jean = visit("wassim", hour=9), visit("jean", hour=7)  # Wassim's is the newest, and taken up first
    assert len(mailbox.collect()) == 1
    assert (fate(database, of_jean), fate(database, of_wassim)) == (("sent", None), ("scheduled", "another_first"))
    time_machine.shift(timedelta(minutes=6))
    assert mailbox.collect() == []
    assert fate(database, of_wassim) == ("suppressed", "capped")


def test_of_two_visits_of_one_worker_the_newest_is_asked_about(visit, database: Database, mailbox: Mailbox) -> None:
    old, new = visit(hour=7), visit(hour=10)
    mailbox.one()
    assert (fate(database, old)[0], fate(database, new)) == ("scheduled", ("sent", None))


def test_whoever_waited_for_another_goes_when_that_one_is_no_longer_wanted(
    visit, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    old, new = visit(hour=7), visit(hour=10)
    with database.writing():  # another process has it in its hands
        message = factories.request_of(new).message
        message.state, message.lease_token, message.lease_until = "sending", "theirs", paris("2026-11-17 12:01")
    assert mailbox.collect() == []
    assert fate(database, old) == ("scheduled", "another_first"), "it is not given up before the other has left"
    with database.writing():
        message = factories.request_of(new).message
        message.state, message.lease_token, message.reason = "cancelled", None, "already_rated"
    time_machine.shift(timedelta(minutes=6))
    mailbox.one()
    assert fate(database, old) == ("sent", None)


def test_a_visit_with_an_open_incident_takes_nobodys_turn(
    visit, database: Database, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = visit(hour=7), visit(hour=10)
    monkeypatch.setattr(wires, "has_open_incident", lambda visit_id: visit_id == new)
    mailbox.one()
    assert (fate(database, old), fate(database, new)) == (("sent", None), ("cancelled", "incident_open"))


def test_what_staff_send_again_leaves_whatever_the_pace(
    visit, set_up, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    set_up(reminder_days=0)
    visit(hour=7)
    mailbox.collect()
    capped = visit(hour=10)
    mailbox.collect()
    assert fate(database, capped) == ("suppressed", "capped")
    time_machine.move_to(paris("2026-11-29 23:00"))  # a Sunday night, twelve days later
    with database.writing():
        message = factories.request_of(capped).message
        message.state, message.reason, message.resends = "due", None, 1
        message.next_at, message.not_after = message.due_at, paris("2026-12-05 12:00")
    assert len(mailbox.collect()) == 1


def test_not_even_staff_ask_someone_who_said_no(visit, database: Database, mailbox: Mailbox, stranger: Browser) -> None:
    first = visit(hour=7)
    link = read(first, mailbox.one()).unsubscribe
    stranger.post(link, data={"List-Unsubscribe": "One-Click"})
    with database.writing():
        message = factories.request_of(first).message
        message.state, message.sent_at, message.resends = "due", None, 1
    assert mailbox.collect() == []
    assert fate(database, first) == ("suppressed", "opted_out")


# ---- age, holidays, lot ----


def test_a_visit_that_became_too_old_while_no_mail_could_leave_is_not_asked_about(
    visit, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    made = visit()
    time_machine.move_to(paris("2026-11-23 10:00"))  # a week after its end, within the patience of the outbox
    assert mailbox.collect() == []
    assert fate(database, made) == ("suppressed", "too_old")


def test_an_agency_that_asks_late_asks_all_the_same(
    visit, set_up, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    set_up(request_delay_minutes=10 * 24 * 60)
    visit()
    time_machine.move_to(paris("2026-11-26 12:00"))
    mailbox.one()


def test_no_mail_leaves_on_a_public_holiday(
    visit, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(paris("2026-12-24 12:00"))  # a Thursday
    made = visit(days=0, hour=10)
    assert due(database, made) == paris("2026-12-26 09:00"), "Christmas is a Friday"


def test_at_any_time_leaves_the_holidays_free_too(
    visit, set_up, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    set_up(request_window="always")
    time_machine.move_to(paris("2026-12-24 12:00"))
    made = visit(days=0, hour=10)
    assert due(database, made) == paris("2026-12-26 00:00")
    time_machine.move_to(paris("2026-12-25 23:59"))
    assert mailbox.collect() == []
    time_machine.move_to(paris("2026-12-26 00:01"))
    mailbox.one()


@pytest.mark.parametrize("options", [{"avoid_holidays": "off"}, {"country": ""}, {"country": "il"}])
def test_holidays_count_where_the_agency_says_so(
    visit, database: Database, time_machine: TimeMachineFixture, options: dict[str, str]
) -> None:
    time_machine.move_to(paris("2026-12-24 12:00"))
    with database.writing():
        for name, value in options.items():
            set_option(None, f"{'agency' if name == 'country' else 'ratings'}.{name}", value)
    assert due(database, visit(days=0, hour=10)) == paris("2026-12-25 11:00")


@pytest.mark.parametrize(("percent", "asked"), [(0, 0), (100, 12)])
def test_none_or_all_are_drawn(visit, set_up, database: Database, percent: int, asked: int) -> None:
    set_up(sampling_percent=percent)
    made = [visit(hour=hour) for hour in range(6, 18)]
    drawn = [one for one in made if fate(database, one) == ("scheduled", None)]
    assert len(drawn) == asked
    assert all(fate(database, one) == ("suppressed", "not_sampled") for one in made if one not in drawn)


def test_the_lot_is_fair_and_draws_the_same_twice(app, database: Database, set_up) -> None:
    for percent in (10, 50, 90):
        set_up(sampling_percent=percent)
        with app.app_context():
            drawn = [_is_drawn(number) for number in range(1, 4001)]
            assert drawn == [_is_drawn(number) for number in range(1, 4001)]
        deviation = (percent * (100 - percent) * 4000) ** 0.5 / 100
        assert abs(sum(drawn) - 40 * percent) < 5 * deviation
        changes = sum(drawn[number] != drawn[number + 1] for number in range(3999)) / 3999
        assert abs(changes - 2 * percent * (100 - percent) / 10_000) < 0.05, "neighbours are drawn alike"


def test_a_link_key_of_another_agency_draws_other_visits(app) -> None:
    with app.app_context():
        g.options = {"ratings.sampling_percent": 50}
        drawn = [_is_drawn(number) for number in range(300)]
        app.config["PORTAL_LINK_KEYS"] = ["another key of mailed links"]
        assert drawn != [_is_drawn(number) for number in range(300)]


# ---- one reminder ----


@pytest.fixture
def reminded(asked: Asked, mailbox: Mailbox, time_machine: TimeMachineFixture) -> Asked:
    """The reminder of the mail that Claire had on Tuesday at noon, as she holds it."""
    time_machine.move_to(paris("2026-11-21 12:05"))  # a Saturday, four days later
    return read(asked.visit, mailbox.one())


def test_who_does_not_answer_is_reminded_once(
    reminded: Asked, asked: Asked, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    assert reminded.token != asked.token
    assert reminded.mail["Message-ID"] != asked.mail["Message-ID"]
    assert reminded.mail["Subject"] != asked.mail["Subject"]
    assert reminded.mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for _ in range(20):
        time_machine.shift(timedelta(days=1))
        assert mailbox.collect() == []


def test_a_reminder_waits_for_the_window_and_the_end_of_the_holidays(
    asked: Asked, database: Database, time_machine: TimeMachineFixture, mailbox: Mailbox
) -> None:
    promised = due(database, asked.visit, "ratings.reminder")
    assert paris("2026-11-21 12:00") <= promised < paris("2026-11-21 12:01"), "four days after the mail"
    time_machine.move_to(paris("2026-11-21 20:00"))
    assert mailbox.collect() == []
    assert due(database, asked.visit, "ratings.reminder") == paris("2026-11-23 09:00")


def test_the_reminder_has_words_of_its_own_and_all_the_answers(reminded: Asked, asked: Asked) -> None:
    plain, first = text_of(reminded.mail), text_of(asked.mail)
    assert reminded.link in plain
    assert plain.count("/r/") == first.count("/r/")
    assert text_of(reminded.mail, "html").count("?stars=") == text_of(asked.mail, "html").count("?stars=")
    new = [line for line in plain.splitlines() if line.strip() and line not in first and "http" not in line]
    assert len(new) >= 2, "it says that it is a reminder"


@pytest.mark.parametrize("answered", ["asked", "reminded"])
def test_an_answer_by_either_link_closes_both(
    asked: Asked, reminded: Asked, stranger: Browser, answered: str, time_machine: TimeMachineFixture
) -> None:
    time_machine.shift(timedelta(minutes=5))
    link = {"asked": asked.link, "reminded": reminded.link}[answered]
    assert stranger.get(link).form("Save").submit(stars="4").h1 == "Thank you"
    for one in (asked, reminded):
        assert stranger.post(one.link, data={"stars": "1"}).status == 409


def test_who_has_answered_is_not_reminded(
    asked: Asked, stranger: Browser, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    stranger.get(asked.link).form("Save").submit(stars="4")
    assert fate(database, asked.visit, "ratings.reminder") == ("cancelled", "already_rated")
    time_machine.shift(timedelta(days=6))
    assert mailbox.collect() == []


def test_who_stopped_the_requests_is_not_reminded(
    asked: Asked, stranger: Browser, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    stranger.post(asked.unsubscribe, data={"List-Unsubscribe": "One-Click"})
    time_machine.shift(timedelta(days=6))
    assert mailbox.collect() == []
    assert fate(database, asked.visit, "ratings.reminder") == ("suppressed", "opted_out")


def test_reminders_that_are_switched_off_later_do_not_leave(
    asked: Asked, set_up, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    set_up(reminder_days=0)
    time_machine.shift(timedelta(days=6))
    assert mailbox.collect() == []
    assert fate(database, asked.visit, "ratings.reminder") == ("cancelled", "reminder_off")


def test_a_mail_that_never_left_is_not_reminded_of(
    asked: Asked, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        message = factories.request_of(asked.visit).message
        message.state, message.sent_at, message.reason = "failed", None, "refused"
    time_machine.shift(timedelta(days=6))
    assert mailbox.collect() == []
    assert fate(database, asked.visit, "ratings.reminder") == ("cancelled", "not_left")


def test_the_days_are_counted_from_when_the_mail_really_left(
    asked: Asked, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        factories.request_of(asked.visit).message.sent_at = paris("2026-11-19 10:00")  # at the third try
    time_machine.move_to(paris("2026-11-21 12:05"))
    assert mailbox.collect() == []
    assert due(database, asked.visit, "ratings.reminder") == paris("2026-11-23 10:00")


def test_no_reminder_comes_after_the_link_has_expired(visit, set_up, mailbox: Mailbox, database: Database) -> None:
    set_up(link_days=5, request_window="tue 09:00-19:00")  # the next Tuesday is too late
    visit()
    mailbox.one()
    assert database.count(Message, Message.kind == "ratings.reminder") == 0


def test_a_reminder_does_not_count_for_the_cap(
    reminded: Asked, visit, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(paris("2026-12-18 12:00"))  # 31 days after the first mail, 27 after the reminder
    later = visit()
    assert len(mailbox.collect()) == 1
    assert fate(database, later) == ("sent", None)


# ---- taken back ----


def test_a_cancelled_visit_is_not_reminded_of_and_its_links_close(
    asked: Asked, database: Database, stranger: Browser
) -> None:
    with database.writing():
        cancel_visit(None, db.session.get_one(Visit, asked.visit), "Erreur de saisie")
    assert fate(database, asked.visit, "ratings.reminder") == ("cancelled", "visit_cancelled")
    assert stranger.get(asked.link).status == 410


def test_a_visit_on_which_an_incident_is_opened_is_not_asked_about(visit, database: Database, mailbox: Mailbox) -> None:
    made = visit()
    with database.writing():
        wires.react("incident opened", [db.session.get_one(Visit, made)])
    assert mailbox.collect() == []
    assert fate(database, made) == ("cancelled", "incident_open")


def test_a_reopened_visit_is_not_asked_about(
    visit, database: Database, mailbox: Mailbox, agency: Agency, sign_in
) -> None:
    made = visit()
    page = sign_in(agency.sofia).get(f"/staff/visits/{made}/reopening")
    assert page.form("Set back").submit().status == 303
    assert fate(database, made) == ("cancelled", "superseded")
    assert mailbox.collect() == []
    assert database.one(select(Visit.state, Visit.ended_at).where(Visit.id == made)) == ("planned", None)


def do_again(browser: Browser, visit_id: int) -> None:
    """Set a visit back to be done, and mark it as done."""
    assert browser.get(f"/staff/visits/{visit_id}/reopening").form("Set back").submit().status == 303
    assert browser.get(f"/staff/visits/{visit_id}").form("done").submit().status == 303


def test_a_visit_that_was_asked_about_and_is_done_again_is_asked_about_anew(
    asked: Asked, agency: Agency, database: Database, stranger: Browser, sign_in, mailbox: Mailbox
) -> None:
    """The client is asked once in thirty days; but the link that she holds opens nothing any more."""
    do_again(sign_in(agency.sofia), asked.visit)
    assert fate(database, asked.visit, "ratings.reminder") == ("cancelled", "superseded")
    again = read(asked.visit, mailbox.one())
    assert again.token != asked.token
    assert stranger.get(asked.link).status == 410
    assert stranger.get(again.link).status == 200


def test_the_mail_that_corrects_another_is_reminded_of_as_any_is(
    asked: Asked, agency: Agency, database: Database, sign_in, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    do_again(sign_in(agency.sofia), asked.visit)
    mailbox.one()
    time_machine.move_to(paris("2026-11-23 12:00"))
    assert fate(database, asked.visit, "ratings.reminder")[0] == "scheduled"
    mailbox.one()
    assert fate(database, asked.visit, "ratings.reminder") == ("sent", None)


def test_for_other_visits_a_mail_that_was_withdrawn_counts_since_it_came_all_the_same(
    asked: Asked, agency: Agency, database: Database, visit, sign_in, mailbox: Mailbox
) -> None:
    with database.writing():
        reopen_visit(None, db.session.get_one(Visit, asked.visit))
    other = visit(hour=10)
    assert mailbox.collect() == []
    assert fate(database, other) == ("suppressed", "capped")


def test_the_mail_that_corrects_another_counts_for_later_visits_and_is_not_before_its_own_turn(
    asked: Asked, agency: Agency, database: Database, visit, sign_in, mailbox: Mailbox, time_machine: TimeMachineFixture
) -> None:
    """Another worker's visit waits at the same time: it could not be asked about, so it takes nobody's turn."""
    of_jean = visit("jean", hour=10)
    do_again(sign_in(agency.sofia), asked.visit)
    for _ in range(3):
        mailbox.collect()
        time_machine.shift(timedelta(minutes=6))
    assert (fate(database, asked.visit), fate(database, of_jean)) == (("sent", None), ("suppressed", "capped"))
    later = visit(hour=9)
    mailbox.collect()
    assert fate(database, later) == ("suppressed", "capped")


def test_a_mail_about_another_visit_is_in_the_way_of_the_one_that_corrects(
    asked: Asked, agency: Agency, database: Database, visit, sign_in, mailbox: Mailbox
) -> None:
    other = visit(hour=10)
    mailbox.collect()
    with database.writing():  # staff had it sent all the same
        message = factories.request_of(other).message
        message.state, message.reason, message.resends, message.next_at = "due", None, 1, message.due_at
    mailbox.one()
    do_again(sign_in(agency.sofia), asked.visit)
    assert mailbox.collect() == []
    assert fate(database, asked.visit) == ("suppressed", "capped")


def test_the_closed_link_of_a_visit_that_can_still_be_rated_leads_to_the_portal(
    asked: Asked, agency: Agency, database: Database, stranger: Browser, sign_in, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        reopen_visit(None, db.session.get_one(Visit, asked.visit))
    page = stranger.get(asked.link)
    assert (page.status, page.h1) == (410, "This link is no longer needed")
    assert "You can still leave your rating" not in page.words, "nobody can rate a visit that is to be done"
    with database.writing():
        end_visits(None, [db.session.get_one(Visit, asked.visit)])
    page = stranger.get(asked.link)
    assert (page.status, page.h1) == (410, "This link has been closed")
    assert "You can still leave your rating: sign in" in page.words
    assert page.link("Sign in").click().endpoint == "accounts.sign_in"
    assert sign_in(agency.claire).get(f"/client/visits/{asked.visit}/rating").form("Save")
    time_machine.shift(timedelta(days=61))
    assert "You can still leave your rating" not in stranger.get(asked.link).words


def test_a_visit_done_again_is_asked_about_with_who_came_in_the_end(
    visit, database: Database, mailbox: Mailbox, agency: Agency
) -> None:
    made = visit("wassim")
    with database.writing():
        found = db.session.get_one(Visit, made)
        reopen_visit(None, found)
        found.sent = [VisitWorker(worker_id=agency.jean.id, position=0)]
        db.session.flush()
        end_visits(None, [found])
    rated = select(RatedWorker.worker_id).join(RatingSubject).where(RatingSubject.visit_id == made)
    assert database.all(rated) == [agency.jean.id]
    assert "Jean" in text_of(mailbox.one())
    assert database.one(select(func.count(RatingRequest.id)).where(RatingRequest.reminds_id.is_(None))) == 2


def test_a_rated_visit_cannot_be_reopened(agency: Agency, database: Database, sign_in) -> None:
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 3)
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_done}/reopening")
    answer = page.form("Set back").submit()
    assert answer.status == 409
    assert "has been rated" in answer.text
    assert database.one(select(Visit.state).where(Visit.id == agency.claires_done)) == "done"


def test_a_visit_that_is_not_done_cannot_be_reopened(agency: Agency, sign_in) -> None:
    page = sign_in(agency.sofia).get(f"/staff/visits/{agency.claires_next}/reopening")
    assert page.form("Set back").submit().status == 409


def test_its_page_offers_to_reopen_what_is_done_and_not_rated(agency: Agency, sign_in, database: Database) -> None:
    sofia = sign_in(agency.sofia)
    page = sofia.get(f"/staff/visits/{agency.claires_done}").link("Set back to be done").click()
    assert page.form("Set back").submit().follow().endpoint == "staff.show_visit"
    assert "/reopening" not in sofia.get(f"/staff/visits/{agency.claires_next}").html


def test_asking_and_its_plan_are_one_transaction(
    visit, database: Database, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reminder that cannot be written down must not leave a request half asked."""

    def fail(*_of_it: object) -> None:
        raise RuntimeError

    made = visit()
    monkeypatch.setattr(messages, "promise_reminder", fail)
    assert mailbox.collect() == []
    assert database.one(select(RatingRequest.asked_at)) is None
    assert fate(database, made)[0] == "retry"
