"""Long jobs: run once, taken up again when they were forgotten or lost, failed in words."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from portal.extensions import begin_reading, db, wires
from portal.queue import enqueue
from portal.work import actions, jobs
from portal.work.models import Work
from portal.work.queries import own_work
from tests.conftest import Database

KIND = "test.long"


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[Work], None]]:
    """What the next runs of the job do, in order; at the end of the list they just advance."""
    planned: list[Callable[[Work], None]] = []

    def job(work: Work) -> None:
        (planned.pop(0) if planned else lambda work: work.advance(10, 10))(work)

    monkeypatch.setitem(wires.work_kinds, KIND, job)
    return planned


@pytest.fixture
def work_id(app: Flask, runs: list, database: Database) -> int:
    with database.writing():
        return actions.start(None, KIND, 1, total=10).id


def row(database: Database, work_id: int) -> Work:
    return database.one(select(Work).where(Work.id == work_id))


def run(app: Flask, work_id: int) -> None:
    with app.app_context():
        jobs.run(work_id)


def sweep(app: Flask) -> int:
    with app.app_context():
        return jobs.sweep()


def test_a_job_runs_and_says_how_far_it_is(app, work_id, runs, database) -> None:
    seen = []

    def halfway(work: Work) -> None:
        work.advance(5)
        seen.append((row(database, work_id).state, row(database, work_id).done))
        work.advance(10)

    runs.append(halfway)
    run(app, work_id)
    done = row(database, work_id)
    assert seen == [("running", 5)]
    assert (done.state, done.done, done.total, done.fault, done.is_over) == ("done", 10, 10, None, True)
    assert done.finished_at is not None


def test_a_job_asked_for_twice_runs_once(app, work_id, runs, database) -> None:
    count: list[int] = []
    runs.extend([lambda work: count.append(1)] * 2)
    run(app, work_id)
    run(app, work_id)
    assert count == [1]


def test_a_job_that_another_process_does_is_left_to_it(app, work_id, runs, database) -> None:
    count: list[int] = []
    runs.append(lambda work: (run(app, work_id), count.append(1))[-1])
    run(app, work_id)
    assert count == [1]


def test_a_failure_leaves_a_reference_and_nothing_half_written(app, work_id, runs, database, caplog) -> None:
    def fail(work: Work) -> None:
        work.advance(3)
        db.session.execute(update(Work).where(Work.id == work_id).values(total=99))
        raise ValueError("as the test wants")

    runs.append(fail)
    run(app, work_id)
    failed = row(database, work_id)
    assert (failed.state, failed.done, failed.total) == ("failed", 3, 10)
    assert failed.fault in caplog.text
    assert len(failed.fault or "") == 8


def test_a_job_of_a_kind_that_is_gone_fails_in_words(app, work_id, runs, database, monkeypatch, caplog) -> None:
    monkeypatch.delitem(wires.work_kinds, KIND)
    run(app, work_id)
    assert row(database, work_id).state == "failed"


def test_a_job_of_a_kind_that_nobody_does_cannot_be_started(app, database) -> None:
    with pytest.raises(KeyError), database.writing():
        actions.start(None, "nobody.does", 1)


def test_a_job_that_reads_for_long_keeps_nobody_from_writing(app, work_id, runs, database) -> None:
    """SQLite has one writer: a file of 50,000 lines must not be read with its lock held."""

    def read(work: Work) -> None:
        begin_reading()
        assert db.session.scalars(select(Work)).all()
        with database.writing():
            db.session.execute(update(Work).values(total=5))

    runs.append(read)
    run(app, work_id)
    assert (row(database, work_id).state, row(database, work_id).total) == ("done", 5)


def test_what_a_job_has_not_committed_is_committed_with_its_end(app, work_id, runs, database) -> None:
    def leave_open(work: Work) -> None:
        begin_reading()  # as imports do between their batches
        db.session.scalars(select(Work)).all()
        work.total = 77

    runs.append(leave_open)
    run(app, work_id)
    assert (row(database, work_id).state, row(database, work_id).total) == ("done", 77)


def test_without_redis_a_forgotten_job_runs_in_the_sweep(app, work_id, database, time_machine) -> None:
    assert sweep(app) == 0  # somebody may just be about to take it
    time_machine.shift(jobs.FORGOTTEN + timedelta(seconds=1))
    assert sweep(app) == 1
    assert row(database, work_id).state == "done"
    time_machine.shift(timedelta(hours=1))
    assert sweep(app) == 0


def test_with_redis_a_forgotten_job_is_handed_to_the_workers(app, work_id, valkey, database, time_machine) -> None:
    time_machine.shift(jobs.FORGOTTEN + timedelta(seconds=1))
    assert sweep(app) == 1
    assert row(database, work_id).state == "waiting"
    with app.app_context():
        assert enqueue(jobs.run, work_id)


def test_a_job_whose_process_died_is_taken_up_again_where_it_stopped(
    app, work_id, runs, database, time_machine
) -> None:
    with app.app_context():
        assert jobs._claim(work_id)
        db.session.get_one(Work, work_id).advance(4)
    time_machine.shift(jobs.SILENT - timedelta(seconds=5))
    assert sweep(app) == 0
    time_machine.shift(timedelta(seconds=6))
    found: list[int] = []
    runs.append(lambda work: found.append(work.done))
    assert sweep(app) == 1
    assert found == [4]
    assert row(database, work_id).state == "done"


def test_a_job_that_advances_is_not_thought_dead(app, work_id, runs, database, time_machine) -> None:
    swept: list[int] = []

    def slow(work: Work) -> None:
        for done in range(5):
            time_machine.shift(timedelta(seconds=100))
            work.advance(done)
            swept.append(sweep(app))

    runs.append(slow)
    run(app, work_id)
    assert swept == [0] * 5


@pytest.mark.parametrize("fails_late", [True, False])
def test_a_run_that_was_thought_dead_does_not_spoil_the_one_that_got_through(
    app, work_id, runs, database, time_machine, fails_late, caplog
) -> None:
    def silent(work: Work) -> None:
        db.session.commit()
        time_machine.shift(jobs.SILENT + timedelta(seconds=1))
        assert sweep(app) == 1  # somebody else does it meanwhile, to its end
        if fails_late:
            raise ValueError("as the test wants")

    runs.append(silent)
    run(app, work_id)
    assert (row(database, work_id).state, row(database, work_id).fault) == ("done", None)


def test_a_person_sees_the_jobs_they_started_and_no_others(agency, app, runs, database) -> None:
    with database.writing():
        work_id = actions.start(agency.sofia.user, KIND, 1).id
    with app.app_context():
        assert own_work(agency.sofia.user, work_id)
        assert own_work(agency.igor.user, work_id) is None
        assert own_work(agency.sofia.user, work_id + 1) is None


def test_a_job_that_takes_its_process_with_it_is_given_up_after_three_runs(
    app: Flask, work_id: int, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    monkeypatch.setitem(wires.work_given_up, KIND, lambda work: told.append(work.subject_id))
    with database.writing():
        long_ago = row(database, work_id).beat_at - timedelta(minutes=5)
        db.session.execute(update(Work).values(state="running", runs=jobs.RUNS, beat_at=long_ago))
    with app.app_context():
        assert jobs.sweep() == 0
    assert (row(database, work_id).state, row(database, work_id).fault) == ("failed", "lost")
    assert told == [1], "what the job worked on is not left half-way"
