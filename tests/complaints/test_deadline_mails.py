"""Whoever has a complaint in hand is told before its deadlines and after them, as long as there is something to do."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from time_machine import TimeMachineFixture

from portal.accounts.models import User
from portal.complaints import following
from portal.complaints.models import Complaint
from portal.extensions import db
from portal.outbox.models import Message
from portal.people.models import Staff
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, Mailbox, text_of
from tests.factories import NOON, Agency

PARIS = ZoneInfo("Europe/Paris")
SECRET = "Personne n’est venu, et elle m’a volé."
TO_ACKNOWLEDGE, ACKNOWLEDGE_LATE = "A complaint is to be acknowledged", "Overdue: a complaint is not acknowledged"
TO_ANSWER, ANSWER_LATE = "A complaint is to be answered soon", "Overdue: a complaint is not answered"
# filed on Tuesday, 17 November: two working days for the receipt, fifteen days for the answer; told at nine
ALL = {(11, 19): TO_ACKNOWLEDGE, (11, 20): ACKNOWLEDGE_LATE, (11, 30): TO_ANSWER, (12, 3): ANSWER_LATE}
Days = dict[tuple[int, int], str]
Deed = Callable[[User, Complaint], object]


class Calendar:
    """Who is told while days go by; only the ticker looks."""

    def __init__(self, agency: Agency, database: Database, mailbox: Mailbox, clock: TimeMachineFixture) -> None:
        self.agency, self.database, self.mailbox, self.clock = agency, database, mailbox, clock
        clock.move_to(NOON, tick=False)

    def do(self, deed: Deed) -> None:
        with self.database.writing():
            deed(self.agency.sofia.user, db.session.scalars(select(Complaint)).one())

    def until(self, month: int, day: int) -> Days:
        """The mails to Sofia that come until a day's evening, by day; looked for a moment before nine and at nine."""
        told: Days = {}
        last = datetime(2026, month, day, 18, tzinfo=PARIS)
        moment = datetime.now(PARIS).replace(hour=9, minute=0, second=0, microsecond=0)
        while moment <= last:
            for at in (moment - timedelta(seconds=1), moment):
                if at > datetime.now(PARIS):
                    self.clock.move_to(at, tick=False)
                    for mail in self._mails(at):
                        told[at.month, at.day] = str(mail["Subject"])
            moment = (moment + timedelta(days=1)).replace(hour=9)
        self.clock.move_to(last, tick=False)
        assert self.mailbox.collect() == []
        return told

    def _mails(self, at: datetime) -> list:
        mails = [
            mail for mail in self.mailbox.collect() if mail["To"].addresses[0].addr_spec == self.agency.sofia.email
        ]
        for mail in mails:
            assert (at.hour, len(mails)) == (9, 1)
            whole = f"{mail['Subject']} {text_of(mail)} {text_of(mail, 'html')}"
            assert not [word for word in ("volé", "Claire", "Lefèvre", "Wassim", "Haddad") if word in whole]
        return mails


@pytest.fixture
def calendar(agency: Agency, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture) -> Calendar:
    made = Calendar(agency, database, mailbox, time_machine)
    with database.writing():
        db.session.execute(update(Staff).values(language="en"))
        factories.complaint(agency.claire, SECRET, about=agency.wassim.id)
    mailbox.collect()
    return made


def test_before_each_deadline_and_after_it_a_mail_leaves(calendar: Calendar) -> None:
    assert calendar.until(12, 20) == ALL


def reasons(database: Database) -> set[tuple[str, str | None]]:
    of_agency = Message.kind.like("complaints.a%_due") | Message.kind.like("complaints.a%_late")
    return set(database.all(select(Message.state, Message.reason).where(of_agency)))


def test_what_was_acknowledged_and_answered_in_time_is_told_no_more(calendar: Calendar, database: Database) -> None:
    assert calendar.until(11, 18) == {}
    calendar.do(lambda sofia, one: following.acknowledge(sofia, one, one.version))
    assert calendar.until(11, 29) == {}
    calendar.do(lambda sofia, one: following.answer(sofia, one, "Nous regrettons.", one.version))
    assert calendar.until(12, 20) == {}
    assert reasons(database) == {("cancelled", "complaint_done")}


def test_an_answer_is_an_acknowledgement_as_well(calendar: Calendar, database: Database) -> None:
    calendar.do(lambda sofia, one: following.answer(sofia, one, "Nous regrettons.", one.version))
    assert calendar.until(12, 20) == {}
    assert reasons(database) == {("cancelled", "complaint_done")}


def test_an_answer_between_the_two_mails_spares_the_second(calendar: Calendar) -> None:
    assert calendar.until(12, 1) == {day: said for day, said in ALL.items() if day != (12, 3)}
    calendar.do(lambda sofia, one: following.answer(sofia, one, "Nous regrettons.", one.version))
    assert calendar.until(12, 20) == {}


def test_with_a_waiting_letter_the_mails_follow_the_new_day(calendar: Calendar, database: Database) -> None:
    calendar.do(lambda sofia, one: following.announce_delay(sofia, one, one.version))
    assert calendar.until(12, 31) == {(12, 15): TO_ANSWER, (12, 18): ANSWER_LATE}
    assert ("cancelled", "deadline_moved") in reasons(database)


def test_one_that_is_taken_up_again_has_its_own_deadline(calendar: Calendar) -> None:
    calendar.do(lambda sofia, one: following.answer(sofia, one, "Nous regrettons.", one.version))
    calendar.do(lambda sofia, one: following.resolve(sofia, one, "accepted", one.version))
    assert calendar.until(11, 24) == {}
    calendar.do(lambda sofia, one: following.reopen(sofia, one, "Il en manque une partie.", one.version))
    assert calendar.until(12, 31) == {(12, 7): TO_ANSWER, (12, 10): ANSWER_LATE}


def test_while_the_module_is_off_nothing_leaves(calendar: Calendar, database: Database) -> None:
    calendar.do(lambda _sofia, _one: set_option(None, "complaints.enabled", "no"))
    assert calendar.until(12, 20) == {}
    assert reasons(database) == {("suppressed", "module_off")}
