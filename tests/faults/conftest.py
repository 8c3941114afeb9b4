"""An installation whose processes can be struck, and mails to promise to it."""

from collections.abc import Callable, Generator
from datetime import UTC
from pathlib import Path

import pytest
from flask import Flask
from time_machine import TimeMachineFixture, escape_hatch

from portal.settings.actions import set_option
from tests.conftest import Database, SignIn
from tests.factories import Agency
from tests.faults.campaign import Campaign
from tests.faults.crew import Crew
from tests.faults.tally import PROPERTY, Tally
from tests.faults.visitors import Visitors, visitors_of


@pytest.fixture
def crew(app: Flask, tmp_path: Path, time_machine: TimeMachineFixture, database: Database) -> Generator[Crew]:
    """Nobody works yet. The clock is the real one: the processes have no other."""
    time_machine.move_to(escape_hatch.datetime.datetime.now(UTC))
    with database.writing():
        set_option(None, "ratings.request_window", "always")
        set_option(None, "ratings.avoid_holidays", "no")  # today may be one
        set_option(None, "ratings.request_delay_minutes", "0")
        set_option(None, "ratings.reminder_days", "0")  # a reminder would stay open for days
    made = Crew(app, tmp_path)
    yield made
    made.stop()


@pytest.fixture
def campaign(crew: Crew, database: Database) -> Campaign:
    return Campaign(crew, database)


@pytest.fixture
def visitors(agency: Agency, campaign: Campaign, sign_in: SignIn) -> Generator[Visitors]:
    """People of the story who come to a real web server."""
    made = visitors_of(campaign.crew, campaign.database, agency.sofia, sign_in)
    yield made
    made.stop()


@pytest.fixture
def account(record_property: Callable[[str, object], None]) -> Callable[[Tally], None]:
    """Have the account of a run printed at the end of all tests."""
    return lambda tally: record_property(PROPERTY, tally.as_property())
