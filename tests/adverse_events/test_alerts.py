"""A severe event is told at once to who is on call, quality and management, and again until it is acknowledged."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from time_machine import TimeMachineFixture

from portal import clock
from portal.adverse_events.alerts import alert_severe, stop_alerts, untold_alerts
from portal.adverse_events.models import AdverseEvent, State
from portal.extensions import db
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from portal.outbox.jobs import sweep
from portal.outbox.models import Message
from portal.outbox.queries import broken_promises
from portal.outbox.suppression import note_refusal
from portal.people.models import Staff
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import Agency
from tests.outbox.sink import Sink

NEW, AGAIN = "A severe adverse event was reported", "Severe adverse event: still not acknowledged"
QUARTER, HOUR = timedelta(minutes=15), timedelta(hours=1)
EVERYBODY = ["ada", "ines", "astreinte"]


class Watch:
    """Who is told while time goes by; only the ticker looks."""

    def __init__(self, agency: Agency, database: Database, mailbox: Mailbox, clock: TimeMachineFixture) -> None:
        self.agency, self.database, self.mailbox, self.clock = agency, database, mailbox, clock
        self.now = factories.NOON
        clock.move_to(self.now, tick=False)

    def report(self, severity: int = 1, potential: int = 1, code: str | None = None) -> None:
        with self.database.writing():
            categories = [entry_of_code(ListName.EVENT, code)] if code else []
            event = AdverseEvent(
                year=2026, number=7, token="t", mode="named", capacity="worker", sector_id=self.agency.north,
                client_id=self.agency.claire.id, worker_id=self.agency.wassim.id, discovered_at=self.now, day=self.now,
                place="home", nature="accident", facts="Le secret de Claire", severity=severity, potential=potential,
                categories=categories,
            )  # fmt: skip
            factories.add(event)
            alert_severe(event)
            alert_severe(event)

    def change(self, deed: Callable[[AdverseEvent], object]) -> None:
        with self.database.writing():
            deed(db.session.scalars(select(AdverseEvent)).one())

    def told(self, after: timedelta = timedelta(0)) -> list[tuple[str, str]]:
        """Who has been told since, with the mail's subject."""
        self.now += after
        self.clock.move_to(self.now, tick=False)
        mails = self.mailbox.collect()
        for mail in mails:
            whole = f"{mail['Subject']} {text_of(mail)} {text_of(mail, 'html')}"
            for secret in ("secret", "Claire", "Lefèvre", "Wassim", "Haddad"):
                assert secret not in whole, secret
            assert "EI-2026-0007" in whole
        return sorted((mail["To"].addresses[0].addr_spec.split("@")[0], mail["Subject"]) for mail in mails)


@pytest.fixture
def watch(agency: Agency, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture) -> Watch:
    with database.writing():
        db.session.execute(update(Staff).values(language="en"))
        set_option(None, "agency.language", "en")
        set_option(None, "adverse_events.on_call", "astreinte@example.org")
    return Watch(agency, database, mailbox, time_machine)


def all_with(subject: str) -> list[tuple[str, str]]:
    return sorted((name, subject) for name in EVERYBODY)


def test_everybody_in_charge_is_told_at_once_each_quarter_of_the_first_hour_and_then_hourly(watch: Watch) -> None:
    watch.report(severity=4)
    assert watch.told() == all_with(NEW)
    for _quarter in range(4):
        assert watch.told(QUARTER - timedelta(seconds=1)) == []
        assert watch.told(timedelta(seconds=1)) == all_with(AGAIN)
    assert watch.told(HOUR - timedelta(seconds=1)) == []
    assert watch.told(timedelta(seconds=1)) == all_with(AGAIN)
    assert watch.told(HOUR) == all_with(AGAIN)


def test_after_a_night_without_the_ticker_one_mail_comes_and_not_all_that_were_missed(watch: Watch) -> None:
    watch.report(severity=5)
    watch.told()
    assert watch.told(10 * HOUR) == all_with(AGAIN)
    assert watch.told(QUARTER) == all_with(AGAIN)


@pytest.mark.parametrize(("severity", "potential", "code", "severe"), [
    (3, 3, None, False), (1, 4, None, True), (4, 1, None, True), (1, 1, "D08", True), (2, 2, "D01", False),
])  # fmt: skip
def test_what_is_told_at_once(watch: Watch, severity: int, potential: int, code: str | None, severe: bool) -> None:
    watch.report(severity, potential, code)
    assert bool(watch.told()) is severe


def acknowledge(event: AdverseEvent) -> None:
    event.acknowledged_at = clock.now()


def reject(event: AdverseEvent) -> None:
    event.state = State.REJECTED


def calm(event: AdverseEvent) -> None:
    event.severity = 2


def switch_off(_event: AdverseEvent) -> None:
    set_option(None, "adverse_events.enabled", "no")


@pytest.mark.parametrize(("deed", "reason"), [
    (acknowledge, "event_acknowledged"), (reject, "event_acknowledged"), (calm, "not_severe"),
    (switch_off, "module_off"), (stop_alerts, "event_acknowledged"),
])  # fmt: skip
def test_the_mails_end_with_what_ends_them(
    watch: Watch, database: Database, deed: Callable[[AdverseEvent], object], reason: str
) -> None:
    watch.report(severity=4)
    watch.told()
    watch.change(deed)
    assert watch.told(QUARTER) == []
    assert watch.told(timedelta(days=3)) == []
    assert set(database.all(select(Message.reason).where(Message.state != "sent"))) == {reason}


def test_one_that_turns_severe_later_is_told_of_then_and_once_more_after_it_was_calmed(watch: Watch) -> None:
    watch.report(severity=2)

    def raise_(event: AdverseEvent) -> None:
        event.severity = 4
        db.session.flush()
        alert_severe(event)

    for _time in range(2):
        assert watch.told(HOUR) == []
        watch.change(raise_)
        assert watch.told() == all_with(NEW)
        watch.change(calm)


def test_who_is_on_call_under_an_address_of_the_staff_gets_one_mail(watch: Watch) -> None:
    with watch.database.writing():
        set_option(None, "adverse_events.on_call", "Ines@example.org")
    watch.report(severity=4)
    assert [name for name, _subject in watch.told()] == ["ada", "ines"]


def test_somebody_who_leaves_is_told_no_more_and_the_others_go_on(watch: Watch) -> None:
    watch.report(severity=4)
    watch.told()
    with watch.database.writing():
        db.session.execute(update(Staff).where(Staff.id == watch.agency.ines.id).values(active=False))
    assert watch.told(QUARTER) == [("ada", AGAIN), ("astreinte", AGAIN)]


def test_an_address_that_refuses_ends_no_chain_not_even_its_own(watch: Watch) -> None:
    """It refused two mails a day apart, and would be left alone with any other mail."""
    with watch.database.writing():
        note_refusal("astreinte@example.org")
        watch.clock.move_to(watch.now + timedelta(days=1), tick=False)
        note_refusal("astreinte@example.org")
        watch.clock.move_to(watch.now, tick=False)
    watch.report(severity=4)
    assert watch.told() == all_with(NEW)
    assert watch.told(QUARTER) == all_with(AGAIN)


def test_one_whose_mail_is_refused_at_the_door_is_tried_again_in_time(
    watch: Watch, app: Flask, database: Database
) -> None:
    with Sink() as sink, app.app_context():
        sink.script["astreinte@example.org"] = ["rcpt550", "rcpt550"]
        app.config["PORTAL_SMTP_URL"] = sink.url
        watch.report(severity=4)
        for wait in (timedelta(0), QUARTER, QUARTER):
            watch.now += wait
            watch.clock.move_to(watch.now, tick=False)
            sweep(inline=True)
    states = database.all(select(Message.state).where(Message.address == "astreinte@example.org").order_by(Message.id))
    assert states == ["failed", "failed", "sent"]
    assert database.all(select(Message.state).where(Message.address == "ines@example.org")) == ["sent"] * 3


def test_an_event_that_waits_with_nobody_to_be_alerted_is_found(watch: Watch) -> None:
    sentence = "1 severe adverse events wait to be acknowledged, and no alert about them will leave"

    def found() -> list[str]:
        with watch.database.writing():
            return untold_alerts()

    assert found() == []
    watch.report(severity=1, code="D08")
    assert found() == []
    watch.told()
    assert found() == [], "the next ones are promised"
    with watch.database.writing():
        db.session.execute(update(Message).where(Message.state == "scheduled").values(state="cancelled"))
    assert found() == [sentence]
    with watch.database.app.app_context():
        assert sentence in broken_promises()
    for deed in (acknowledge, reject, switch_off):
        with watch.database.writing():
            deed(db.session.scalars(select(AdverseEvent)).one())
            db.session.flush()
            assert untold_alerts() == [], deed
            db.session.rollback()


def test_the_messages_of_a_sector_show_the_alerts_of_its_events(
    watch: Watch, agency: Agency, sign_in: SignIn, database: Database
) -> None:
    watch.report(severity=4)
    sent = database.all(select(Message.id))
    assert "Claire Lefèvre" in sign_in(agency.sofia).get("/staff/outbox").words
    for person, status in ((agency.sofia, 200), (agency.igor, 404), (agency.ines, 200)):
        assert sign_in(person).get(f"/staff/outbox/{sent[0]}").status_code == status, person.name
