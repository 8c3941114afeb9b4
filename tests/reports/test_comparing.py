"""The sums behind the figures are compared every night; what differs is told, then set right."""

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update
from time_machine import TimeMachineFixture

from portal.audit.models import AuditEntry
from portal.cli import Ticker
from portal.extensions import db, rows_changed
from portal.ratings.models import RatingSubject
from portal.ratings.tally_models import RatingTally, RequestTally
from portal.reports import jobs
from portal.reports.comparing_models import TallyCheck
from portal.work.models import Work
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import PARIS, Agency
from tests.ratings.test_tallies import agree, kept


@pytest.fixture
def rated(agency: Agency, database: Database) -> None:
    with database.writing():
        factories.rate(agency.claire, agency.claires_done, 2, "En retard")


def spoil(database: Database) -> None:
    """As a fault would: a row too many, one too few, one that says something else."""
    with database.writing():
        rows_changed(update(RatingTally).where(RatingTally.worker_id == 0).values(n5=RatingTally.n5 + 1))
        rows_changed(delete(RequestTally).where(RequestTally.span == "month"))
        db.session.add(RatingTally(span="day", worker_id=77, day=date(2026, 9, 3), service_id=1, sector_id=1,
                                   channel="mail", n0=1))  # fmt: skip
        rows_changed(update(RatingSubject).where(RatingSubject.id == 1).values(stage_reason="capped"))


def night(database: Database, time_machine: TimeMachineFixture) -> TallyCheck:
    """The ticker comes by at three o'clock; return what came of it."""
    time_machine.move_to(datetime(2026, 11, 18, 3, 0, tzinfo=PARIS))
    Ticker(database.app, 60).tick()
    time_machine.shift(timedelta(minutes=1))
    Ticker(database.app, 60).tick()  # nobody else does it: there is no Redis here
    with database.app.app_context():
        return db.session.scalars(select(TallyCheck)).one()


@pytest.mark.usefixtures("rated")
def test_all_is_well_and_nobody_is_told(
    agency: Agency, database: Database, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    done = night(database, time_machine)
    assert (done.wrong, done.found, done.months, done.repaired) == (0, [], 1, False)
    assert done.ended_at is not None
    assert database.one(select(Work.state).where(Work.kind == "reports.compare")) == "done"
    assert database.count(AuditEntry, AuditEntry.kind == "tally.corrected") == 0
    assert "Sums behind the figures" not in sign_in(agency.ada).get("/staff/home").text


@pytest.mark.usefixtures("rated")
def test_what_differs_is_told_and_set_right(
    agency: Agency, database: Database, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    with database.app.app_context():
        before = kept(RatingTally), kept(RequestTally)
    spoil(database)
    done = night(database, time_machine)
    with database.app.app_context():
        assert (kept(RatingTally), kept(RequestTally)) == before
    agree(database)
    assert done.repaired
    assert {(one["month"], one["table"]) for one in done.found} == {
        ("2026-11", "rating_tally"), ("2026-11", "request_tally"), ("2026-09", "rating_tally")}  # fmt: skip
    strange = next(one for one in done.found if one["month"] == "2026-09")
    assert strange["cells"] == [{"span": "day", "worker_id": 77, "day": "2026-09-03", "service_id": 1, "sector_id": 1,
                                 "channel": "mail", "n0": -1}]  # fmt: skip
    corrected = select(AuditEntry.subject_id, AuditEntry.account_id).where(AuditEntry.kind == "tally.corrected")
    assert database.all(corrected.order_by(AuditEntry.id)) == [(202611, None), (202609, None)]
    home = sign_in(agency.ada).get("/staff/home")
    assert "sums differed from the ratings they are made of. This has been set right" in " ".join(home.text.split())
    assert len(home.statements) <= 12
    told = database.app.test_cli_runner().invoke(args=["doctor"]).output
    assert told.partition("sums of figures: ")[2].startswith(f"{done.wrong} differed from the ratings on 2026-11-18")
    assert "Sums behind the figures" not in sign_in(agency.ines).get("/staff/home").text


@pytest.mark.usefixtures("rated")
def test_of_two_tickers_one_compares_once_a_night_and_not_before_three(
    database: Database, time_machine: TimeMachineFixture
) -> None:
    time_machine.move_to(datetime(2026, 11, 18, 2, 59, tzinfo=PARIS))
    with database.app.app_context():
        assert jobs.sweep() == 0
    time_machine.move_to(datetime(2026, 11, 18, 3, 0, tzinfo=PARIS))
    with database.app.app_context():
        assert [jobs.sweep(), jobs.sweep()] == [1, 0]
    time_machine.shift(timedelta(days=1))
    with database.app.app_context():
        assert jobs.sweep() == 1


@pytest.mark.usefixtures("rated")
def test_the_command_tells_and_sets_right_when_it_is_told_to(database: Database) -> None:
    spoil(database)
    run = database.app.test_cli_runner().invoke
    told = run(args=["tallies", "check"])
    assert told.exit_code == 1, told.output
    assert "2026-09 rating_tally: 1 rows differ" in told.output
    assert "worker_id=77, day=2026-09-03" in told.output
    assert run(args=["tallies", "check", "--repair"]).exit_code == 0
    agree(database)
    well = run(args=["tallies", "check"])
    assert (well.exit_code, well.output) == (0, "3 months compared, 0 rows differ.\n")
    assert database.all(select(TallyCheck.repaired).order_by(TallyCheck.id)) == [False, True, False]


@pytest.mark.usefixtures("rated")
def test_who_compares_no_more_is_found_out(
    agency: Agency, database: Database, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    night(database, time_machine)
    time_machine.shift(timedelta(days=2, hours=1))
    assert "This should happen every night" in sign_in(agency.ada).get("/staff/home").text


@pytest.mark.usefixtures("rated")
def test_a_comparison_that_never_comes_to_its_end_is_found_out(
    agency: Agency, database: Database, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    with database.writing():
        db.session.add(TallyCheck(night=date(2026, 11, 17)))

    def told() -> tuple[bool, bool]:
        doctor = database.app.test_cli_runner().invoke(args=["doctor"]).output
        home = sign_in(agency.ada).get("/staff/home").text
        return "have never been compared to the end" in doctor, "never been compared with the ratings" in home

    time_machine.shift(timedelta(days=1, hours=23))
    assert told() == (False, False)
    time_machine.shift(timedelta(hours=2))
    assert told() == (True, True)


@pytest.mark.usefixtures("rated")
def test_the_work_beats_after_each_tally(database: Database) -> None:
    """A month of a large agency takes minutes: nobody is to think that the comparison has died."""
    beats = []
    with database.app.app_context():
        months = list(jobs.compare_all(None, repair=False, beat=lambda: beats.append(db.session().in_transaction())))
    assert beats == [False, False] * len(months)
