"""An urgent incident is told to the manager at once, and to the next level while the agency does not answer."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from time_machine import TimeMachineFixture

from portal.extensions import db
from portal.incidents.alerts import alert_urgent
from portal.incidents.following import Closing, move_incident
from portal.incidents.models import Incident, Outcome, State
from portal.outbox.models import Message
from portal.people.models import Client, Staff
from portal.settings.actions import set_option
from portal.threads.models import NoticeChoice
from tests import factories
from tests.conftest import Database, Mailbox, SignIn, text_of
from tests.factories import Agency

ALERTS = select(Message.state, Message.reason).where(Message.kind.like("incidents.%")).order_by(Message.id)
NEW, LATE = "Urgent: an incident was reported", "Urgent: no answer for %s hours"


class Watch:
    """Who is alerted while time goes by and nobody reads what is mailed besides."""

    def __init__(self, agency: Agency, database: Database, mailbox: Mailbox, clock: TimeMachineFixture) -> None:
        self.agency, self.database, self.mailbox, self.clock = agency, database, mailbox, clock
        self.now = factories.NOON
        clock.move_to(self.now, tick=False)

    def declare(self, urgency: str = "urgent", who: str = "wassim") -> None:
        with self.database.writing():
            author = getattr(self.agency, who)
            factories.incident(author, self.agency.claires_past, "Le secret de Claire", urgency=urgency)

    def change(self, deed: Callable[[Incident], object]) -> None:
        with self.database.writing():
            deed(db.session.scalars(select(Incident)).one())

    def told(self, after: timedelta = timedelta(0)) -> list[tuple[str, str]]:
        """Who has been alerted since, with the mail's subject."""
        self.now += after
        self.clock.move_to(self.now, tick=False)
        mails = [mail for mail in self.mailbox.collect() if "Urgent" in mail["Subject"]]
        for mail in mails:
            whole = f"{mail['Subject']} {text_of(mail)} {text_of(mail, 'html')}"
            for secret in ("secret", "Motif", "Claire", "Lefèvre", "Wassim"):
                assert secret not in whole, secret
        return [(mail["To"].addresses[0].addr_spec.split("@")[0], mail["Subject"]) for mail in mails]


DAY = timedelta(hours=24)


@pytest.fixture
def watch(agency: Agency, database: Database, mailbox: Mailbox, time_machine: TimeMachineFixture) -> Watch:
    with database.writing():
        db.session.execute(update(Staff).values(language="en"))
    return Watch(agency, database, mailbox, time_machine)


def test_the_manager_is_told_at_once_and_the_next_levels_after_a_day_and_three(watch: Watch) -> None:
    watch.declare()
    assert watch.told() == [("sofia", NEW)], "not two minutes later"
    watch.told(timedelta(minutes=2))
    seen = select(Message.reason).where(Message.kind == "threads.notice", Message.subject_type == "staff")
    assert watch.database.all(seen) == ["told_already"], "one mail says it"
    assert watch.told(DAY - timedelta(minutes=2, seconds=1)) == []
    assert watch.told(timedelta(seconds=1)) == [("ines", LATE % 24)]
    assert watch.told(2 * DAY) == [("ada", LATE % 72)]
    assert watch.told(30 * DAY) == []


def answer(agency: Agency, incident: Incident) -> None:
    factories.message(agency.sofia, incident.thread, "Nous appelons.")


def end(_agency: Agency, incident: Incident) -> None:
    incident.state, incident.outcome, incident.closed_at = State.CLOSED, Outcome.SETTLED, incident.declared_at


def calm(_agency: Agency, incident: Incident) -> None:
    incident.urgency = "normal"


def switch_off(_agency: Agency, _incident: Incident) -> None:
    set_option(None, "incidents.enabled", "no")


@pytest.mark.parametrize(("deed", "reason"), [
    (answer, ("cancelled", "incident_answered")), (end, ("cancelled", "incident_ended")),
    (calm, ("cancelled", "not_urgent")), (switch_off, ("suppressed", "incidents_off")),
])  # fmt: skip
def test_nobody_else_is_told_once_the_agency_has_answered_or_settled_it(
    agency: Agency, watch: Watch, database: Database, sign_in: SignIn, deed: Callable, reason: tuple[str, str]
) -> None:
    watch.declare()
    assert watch.told() == [("sofia", NEW)]
    watch.change(lambda incident: deed(agency, incident))
    waiting = database.one(select(Message.id).where(Message.kind == "incidents.unanswered"))
    page = sign_in(agency.sofia).get(f"/staff/outbox/{waiting}")
    assert "Will not leave" in page.words
    assert watch.told(4 * DAY) == []
    assert database.all(ALERTS) == [("sent", None), reason, reason]


def test_what_a_client_answers_or_staff_note_among_themselves_is_no_answer(
    agency: Agency, watch: Watch, database: Database
) -> None:
    watch.declare()
    watch.change(lambda incident: factories.message(agency.claire, incident.thread, "Alors ?"))
    watch.change(lambda incident: factories.message(agency.sofia, incident.thread, "Je m’en occupe", internal=True))
    assert watch.told(DAY)[-1] == ("ines", LATE % 24)


def test_urgency_that_is_raised_later_alerts_from_then_on_whatever_people_have_chosen(
    agency: Agency, watch: Watch, database: Database
) -> None:
    with database.writing():
        db.session.add(NoticeChoice(person_type="staff", person_id=agency.sofia.id, kind="incident", how="never"))
    watch.declare("normal")
    assert watch.told(DAY) == []

    def raise_(incident: Incident) -> None:
        incident.urgency = "urgent"
        db.session.flush()
        alert_urgent(incident)
        alert_urgent(incident)

    watch.change(raise_)
    assert watch.told() == [("sofia", NEW)]
    assert watch.told(timedelta(hours=1)) == []
    watch.change(lambda incident: calm(agency, incident))
    watch.change(raise_)
    assert watch.told() == [("sofia", NEW)], "urgent once more"
    assert watch.told(DAY) == [("ines", LATE % 24)]
    assert database.all(ALERTS)[1] == ("cancelled", "alert_renewed")
    assert watch.told(2 * DAY) == [("ada", LATE % 72)]


@pytest.mark.parametrize("answered", [False, True])
def test_one_that_is_opened_again_alerts_anew_unless_the_agency_has_answered(
    agency: Agency, watch: Watch, answered: bool
) -> None:
    watch.declare()
    assert watch.told() == [("sofia", NEW)]
    if answered:
        watch.change(lambda incident: answer(agency, incident))
    closing = Closing(Outcome.SETTLED)
    watch.change(lambda one: move_incident(agency.sofia.user, one, State.CLOSED, one.version, closing))
    assert watch.told(4 * DAY) == []
    watch.change(lambda one: move_incident(agency.sofia.user, one, State.REOPENED, one.version))
    assert watch.told() == ([] if answered else [("sofia", NEW)])
    assert watch.told(DAY) == ([] if answered else [("ines", LATE % 24)])


def test_who_has_declared_it_is_not_told_of_it_and_a_client_without_manager_has_one_all_the_same(
    agency: Agency, watch: Watch, database: Database
) -> None:
    with database.writing():
        db.session.get_one(Client, agency.claire.id).file_manager_id = None
    watch.declare(who="sofia")
    assert watch.told() == []
    assert database.all(ALERTS)[0] == ("cancelled", "declared_by_reader")
    assert watch.told(DAY) == [("ines", LATE % 24)]


def test_alerts_are_seen_in_the_outbox_by_who_may_see_the_incident(
    agency: Agency, watch: Watch, sign_in: SignIn
) -> None:
    watch.declare()
    page = sign_in(agency.sofia).get("/staff/outbox?who=lefevre")
    assert page.words.count("Claire Lefèvre") >= 3
    assert "Alert: urgent incident" in page.words
    assert "Claire" not in sign_in(agency.igor).get("/staff/outbox?who=lefevre").words
