"""The demo agencies. The large one is told here in small: the same story, people and weeks, fewer of them."""

from collections import Counter
from datetime import timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import and_, func, select

from portal import clock, demo, demo_past
from portal.accounts.models import Account
from portal.adverse_events.follow_models import Action, AuthorityRoute
from portal.adverse_events.models import AdverseEvent, Reporter
from portal.complaints.models import Complaint
from portal.demo_history import SHIFT
from portal.demo_large import Size, build_large
from portal.extensions import db, wires
from portal.incidents.models import Incident, IncidentReason
from portal.notes.models import Note, Situation
from portal.outbox.models import OPEN, Message
from portal.people.models import Absence, Availability, Client, Relative, Sector, Service, Staff, Worker, WorkerSkill
from portal.people.search import not_indexed
from portal.ratings.models import RatedWorker, Rating, RatingReply, RatingRequest, RatingSubject
from portal.ratings.tally_models import RatingTally
from portal.ratings.tally_sums import TALLIES, differences, month_of, months
from portal.threads.models import Thread, ThreadMessage
from portal.visits.actions import plan_visit
from portal.visits.models import State, Visit, VisitWorker
from tests.conftest import Database
from tests.factories import at

SMALL = Size(clients=14, workers=16, staff=14, visits=1_800, ratings=150, weeks=64, incidents=60)


@pytest.fixture
def large(app: Flask, database: Database) -> Database:
    written: list[int] = []
    with database.writing():
        build_large(SMALL, written.append)
    assert abs(sum(written) - SMALL.visits) < SMALL.visits / 5
    return database


def test_a_large_agency_has_its_story_its_logins_and_lists_that_are_long_enough_to_measure(large: Database) -> None:
    assert set(demo.LOGINS) <= set(large.all(select(Account.email)))
    assert large.count(Client) == SMALL.clients and large.count(Worker) == SMALL.workers
    assert large.count(Sector) == 12
    with_login = select(Client.id).where(Client.account_id.is_not(None))
    visits = Counter(large.all(select(Visit.client_id).where(Visit.state != State.DRAFT)))
    assert min(visits[client] for client in large.all(with_login)) >= 50
    claire = select(Client.id).where(Client.email == "client@example.org").scalar_subquery()
    hers = (
        select(Visit.id)
        .join(RatingSubject, RatingSubject.visit_id == Visit.id)
        .outerjoin(Rating)
        .where(Visit.client_id == claire)
    )
    assert len(large.all(hers.where(Rating.id.is_(None)))) >= 3
    assert large.count(Relative, Relative.client_id == claire) == 1


def test_who_is_rated_is_written_down_for_each_visit_that_took_place(large: Database) -> None:
    done = set(large.all(select(Visit.id).where(Visit.state == State.DONE)))
    assert len(done) > SMALL.visits / 2
    assert done == set(large.all(select(RatingSubject.visit_id)))
    came = set(large.all(select(VisitWorker.visit_id, VisitWorker.worker_id)))
    rated = large.all(select(RatingSubject.visit_id, RatedWorker.worker_id).join(RatedWorker))
    assert set(rated) == {pair for pair in came if pair[0] in done}
    late = select(Rating.id).join(RatingSubject).where(Rating.left_at < RatingSubject.ended_at)
    assert not large.all(late)
    assert SMALL.ratings / 2 < large.count(Rating) < SMALL.ratings * 2
    assert set(large.all(select(Rating.stars).distinct())) >= {0, 3, 5}


def refuse_false_tallies(database: Database) -> None:
    with database.app.app_context():
        for month in months():
            assert [db.session.execute(differences(table, *month_of(month))).all() for table in TALLIES] == [[], []]


def test_the_tallies_of_a_large_agency_say_what_its_ratings_say(large: Database) -> None:
    refuse_false_tallies(large)
    assert large.one(select(func.sum(RatingTally.n5)).where(RatingTally.span == "day", RatingTally.worker_id == 0)) > 20


def test_wall_clock_and_moment_of_each_visit_agree(large: Database) -> None:
    told = large.all(select(Visit.local_start, Visit.zone, Visit.starts_at))
    assert all(local.replace(tzinfo=ZoneInfo(zone)) == moment for local, zone, moment in told)
    assert len({moment.astimezone(ZoneInfo(zone)).utcoffset() for _, zone, moment in told}) == 2  # summer and winter


def test_nobody_was_asked_twice_within_four_weeks(large: Database) -> None:
    asked = large.all(
        select(RatingSubject.client_id, RatingSubject.ended_at)
        .join(RatingRequest, RatingRequest.subject_id == RatingSubject.id)
        .order_by(RatingSubject.client_id, RatingSubject.ended_at)
    )
    assert len(asked) > SMALL.clients
    pairs = pairwise(asked)
    assert not [pair for pair in pairs if pair[0][0] == pair[1][0] and pair[1][1] - pair[0][1] < timedelta(days=28)]


def test_life_goes_on_in_a_large_agency(large: Database) -> None:
    last = large.one(select(func.max(Visit.id)))
    with large.writing():
        client, service = db.session.scalars(select(Client)).first(), db.session.scalars(select(Service)).first()
        assert client and service
        made = plan_visit(None, client, service, [], at(1, 9), 60)
        assert made.id > last


def test_a_rating_given_by_mail_answers_a_request_that_was_sent(large: Database) -> None:
    answered = and_(RatingRequest.subject_id == Rating.subject_id, RatingRequest.answered_at == Rating.left_at)
    history = Rating.channel == "mail", Rating.subject_id > SHIFT  # the story's have no mail behind them
    found = large.all(select(Rating.id, RatingRequest.id).outerjoin(RatingRequest, answered).where(*history))
    assert found and all(request for _, request in found)


def test_the_story_shows_what_staff_do_and_what_records_hold(app: Flask, database: Database) -> None:
    with database.writing():
        demo.build()
    typed = database.one(select(Rating.typed_by, Rating.given_how).where(Rating.channel == "staff"))
    assert typed == ("Igor Volkov", "telephone")
    assert database.count(RatingReply) == 1
    assert database.count(Rating, Rating.excluded_at.is_not(None)) == 1
    assert database.count(Message, Message.state.in_(OPEN)) == 0, "nothing of the story waits to be mailed"
    workers = database.count(Worker)
    assert len(set(database.all(select(Availability.worker_id)))) == workers
    assert len(set(database.all(select(WorkerSkill.worker_id)))) == workers
    assert database.count(Absence, Absence.last_day > clock.now().date()) == 2
    managed = select(Sector.name).where(Sector.manager_id.is_not(None)).order_by(Sector.name)
    assert database.all(managed) == ["Nord", "Sud"]
    assert database.count(Client, Client.street.is_(None)) == 0
    refuse_false_tallies(database)


def test_incidents_of_a_large_agency_agree_with_their_conversations(large: Database) -> None:
    written = select(Incident, Thread, Visit).join(Incident.thread).join(Incident.visit)
    told = large.all(written.where(Visit.external_id.is_not(None)))  # the story has its own
    assert SMALL.incidents / 2 < len(told) < SMALL.incidents * 1.5
    with large.app.app_context():
        for incident, thread, visit in told:
            of_thread = select(ThreadMessage).where(ThreadMessage.thread_id == thread.id).order_by(ThreadMessage.id)
            said = db.session.scalars(of_thread).all()
            shown = [one for one in said if not one.internal]
            assert (thread.last_id, thread.last_at) == (said[-1].id, said[-1].at)
            assert (thread.shown_id, thread.shown_at) == (shown[-1].id, shown[-1].at)
            assert incident.declared_at == said[0].at >= visit.starts_at and said[-1].at <= clock.now()
            assert thread.sector_id == visit.sector_id and bool(thread.archived_at) == (incident.state == "closed")
            taking_part = {(one.client_id, one.worker_id) for one in db.session.get_one(Thread, thread.id).participants}
            sent = {worker.id for worker in db.session.get_one(Visit, visit.id).workers}
            assert taking_part == {(visit.client_id, None), *((None, one) for one in sent)}
    assert sum(incident.state == "closed" for incident, _thread, _visit in told) > SMALL.incidents / 3


def test_the_story_holds_incidents_and_conversations(app: Flask, database: Database) -> None:
    with database.writing():
        demo.build()
    reported = select(Incident.state, Incident.urgency, Incident.declared_by, Thread.unread).join(Thread)
    assert database.all(reported.order_by(Incident.id)) == [
        ("closed", "normal", "Claire Lefèvre", False), ("open", "urgent", "Wassim Haddad", True)
    ]  # fmt: skip
    assert database.count(ThreadMessage, ThreadMessage.internal) == 1
    asked = select(Thread.topic, Thread.unread).where(Thread.opened_type == "client", Thread.topic != "incident")
    assert database.all(asked) == [("planning", False)]
    in_future = ThreadMessage.at > clock.now()
    assert database.count(ThreadMessage, in_future) == 0
    unreachable = Client.file_manager_id.is_(None) | Client.file_manager.has(Staff.phone.is_(None))
    assert database.count(Client, unreachable) == 0, "whoever can report nothing here reads whom to call"
    services = database.count(Service)
    assert len(set(database.all(select(IncidentReason.service_id)))) == services
    assert database.count(Message, Message.state.in_(OPEN)) == 0, "nothing of the story waits to be mailed"
    with app.app_context():
        assert [line for tell in wires.promises for line in tell()] == []


def test_the_story_holds_notes_in_all_situations_and_complaints_both_ways(app: Flask, database: Database) -> None:
    with database.writing():
        demo.build()
    own = select(Note.situation, Note.remind_at < clock.now(), Note.alert).where(Note.origin.is_(None))
    situations = Counter(situation for situation, _due, _alert in database.all(own))
    assert set(situations) == set(Situation)
    assert sum(due and situation == "todo" for situation, due, _alert in database.all(own)) == 2
    assert sum(alert for _situation, _due, alert in database.all(own)) == 1
    filed = database.all(select(Complaint.direction, Complaint.channel, Complaint.outcome).order_by(Complaint.id))
    assert filed == [
        ("client_worker", "letter", "accepted"), ("client_agency", "phone", None), ("worker_client", "portal", None),
        ("client_worker", "rating", None), ("client_agency", "portal", None),
    ]  # fmt: skip
    assert database.count(Complaint, Complaint.acknowledged_at.is_(None)) == 1
    assert database.count(Message, Message.state.in_(OPEN)) == 0, "nothing of the story waits to be mailed"
    with app.app_context():
        assert [line for tell in wires.promises for line in tell()] == []


def test_the_story_holds_adverse_events_in_every_state(app: Flask, database: Database) -> None:
    with database.writing():
        demo.build()
    recent = AdverseEvent.declared_at > clock.now() - timedelta(days=60)
    told = select(AdverseEvent.state, AdverseEvent.mode, AdverseEvent.nature).where(recent)
    assert database.all(told.order_by(AdverseEvent.year, AdverseEvent.number)) == [
        ("closed", "named", "incident"), ("actions", "named", "near_miss"), ("triage", "named", "accident"),
        ("acknowledged", "confidential", "incident"), ("acknowledged", "anonymous", "hazard"),
        ("progress", "named", "accident"), ("reported", "named", "incident"),
    ]  # fmt: skip
    assert database.one(select(AdverseEvent.short).where(AdverseEvent.state == "reported")) is True
    numbered = select(AdverseEvent.declared_at).order_by(AdverseEvent.year, AdverseEvent.number)
    assert database.all(numbered) == sorted(database.all(numbered)), "numbers follow each other"
    assert database.count(Reporter, Reporter.event_id == AdverseEvent.id, AdverseEvent.mode == "anonymous") == 0
    running = AuthorityRoute.status == "told", AuthorityRoute.due_at > clock.now()
    assert database.count(AuthorityRoute, *running) == 1, "the department waits for the writing"
    assert set(database.all(select(Action.state).distinct())) == {"verified", "done", "todo"}
    assert database.count(Action, Action.state == "todo", Action.due_on < clock.now().date()) == 1
    assert database.all(select(Service.name).where(~Service.regulated)) == ["Ménage"]
    assert database.count(Message, Message.state.in_(OPEN)) == 0, "nothing of the story waits to be mailed"


def test_a_large_agency_is_a_network_of_agencies_whose_workers_have_hours_and_skills(large: Database) -> None:
    assert Counter(large.all(select(Sector.kind))) == {"network": 1, "agency": 4, "sector": 7}
    workers = large.count(Worker)
    assert len(set(large.all(select(Availability.worker_id)))) == workers
    assert len(set(large.all(select(WorkerSkill.worker_id)))) == workers
    with large.app.app_context():
        assert not_indexed() == 0


def test_the_demo_has_enough_answers_for_figures_and_its_sums_are_those_of_its_rows(
    app: Flask, database: Database
) -> None:
    """What was written past the deeds counts in the tallies as what the people of the story did themselves."""
    with database.writing():
        demo.build()
        demo_past.live_through()
        counted = sum((getattr(RatingTally, f"n{stars}") for stars in range(1, 6)), start=RatingTally.n0)
        of_all = RatingTally.span == "day", RatingTally.worker_id == 0
        assert (db.session.scalar(select(func.sum(counted)).where(*of_all)) or 0) > 100
        for month in months():
            for table in TALLIES:
                assert not db.session.execute(differences(table, *month_of(month))).all()
