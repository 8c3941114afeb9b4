"""Which visits a client is asked about, and when: the agency's pace, decided when a mail is due."""

from datetime import timedelta

import pytest
from flask import g
from time_machine import TimeMachineFixture

from portal.extensions import db, wires
from portal.ratings.requests import _is_drawn
from portal.settings.actions import set_option
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database, Mailbox
from tests.factories import Agency
from tests.pages import Browser
from tests.ratings.conftest import due, fate, paris, read

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
