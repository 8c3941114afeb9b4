"""What a declaration writes: one incident, one thread with everybody concerned, once."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from time_machine import TimeMachineFixture

from portal.errors import Refused
from portal.extensions import db
from portal.incidents.actions import Report, declare_incident
from portal.incidents.models import Incident, State
from portal.threads.models import Thread
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database
from tests.factories import Agency


def test_a_declaration_opens_a_thread_with_the_client_the_worker_and_the_agency(
    agency: Agency, database: Database
) -> None:
    with database.writing():
        made = factories.incident(agency.wassim, agency.claires_past, "La porte était fermée.", urgency="urgent")
        thread = made.thread
        assert {(one.client_id, one.worker_id) for one in thread.participants} == {
            (agency.claire.id, None), (None, agency.wassim.id)
        }  # fmt: skip
        assert (thread.topic, thread.sector_id, thread.published, thread.unread) == (
            "incident",
            agency.north,
            True,
            True,
        )
        assert (made.state, made.urgency, made.declared_by) == (State.OPEN, "urgent", agency.wassim.name)
        answer = factories.message(agency.sofia, thread, "Nous appelons la cliente.")
        db.session.refresh(made)
        assert (made.state, made.answered_at) == (State.DISCUSSION, answer.at)
        assert not thread.unread


def test_the_same_declaration_sent_twice_is_one(agency: Agency, database: Database) -> None:
    with database.writing():
        visit = db.session.get_one(Visit, agency.claires_past)
        report = Report(factories.reason(visit.service_id), "end", "normal", factories.draft("Un verre cassé"))
        first = declare_incident(agency.claire.user, visit, report)
        assert declare_incident(agency.claire.user, visit, report) is first
        counts = select(
            select(func.count(Incident.id)).scalar_subquery(), select(func.count(Thread.id)).scalar_subquery()
        )
        assert db.session.execute(counts).one() == (1, 1)


@pytest.mark.parametrize(
    ("shift", "told"), [(-timedelta(hours=4), True), (-timedelta(hours=4, seconds=1), False)], ids=["open", "too early"]
)
def test_the_window_opens_to_the_second(
    shift: timedelta, told: bool, agency: Agency, database: Database, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        visit = db.session.get_one(Visit, agency.claires_next)
        reason = factories.reason(visit.service_id)
        time_machine.move_to(visit.starts_at + shift, tick=False)
        report = Report(reason, "start", "normal", factories.draft("Je serai en retard"))
        if told:
            assert declare_incident(agency.wassim.user, visit, report).id
        else:
            with pytest.raises(Refused, match="window"):
                declare_incident(agency.wassim.user, visit, report)
