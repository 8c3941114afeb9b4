"""Until when an incident can be reported: to the second, whatever the clocks do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from time_machine import TimeMachineFixture, travel

from portal.extensions import db
from portal.incidents.models import Phase
from portal.incidents.queries import is_open_to_report, likely_phase, window_of
from portal.people.models import Client, Service
from portal.settings.actions import set_option
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency

PARIS = ZoneInfo("Europe/Paris")
SECOND = timedelta(seconds=1)
NIGHTS = {
    "spring": datetime.combine(date(2026, 3, 28), time(22)),
    "autumn": datetime.combine(date(2026, 10, 24), time(22)),
    "winter": datetime.combine(date(2026, 12, 1), time(22)),
}


@pytest.mark.parametrize("night", NIGHTS)
def test_the_window_is_hours_that_pass_also_when_the_clocks_change(
    night: str, agency: Agency, database: Database, sign_in: SignIn, time_machine: TimeMachineFixture
) -> None:
    """A visit from ten in the evening for eight hours: one hour less or more on the clock of the next morning."""
    start = NIGHTS[night]
    time_machine.move_to(start.replace(tzinfo=PARIS) - timedelta(days=2), tick=False)
    with database.writing():
        claire, rising = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.rising)
        made = factories.visit(claire, rising, [], start, 8 * 60)
        factories.reason(agency.rising)
        number, begins, ends = made.id, made.starts_at, made.ends_at
    assert ends - begins == timedelta(hours=8)
    address = f"/client/visits/{number}/incident"
    for moment, status in (
        (begins - timedelta(hours=4) - SECOND, 409), (begins - timedelta(hours=4), 200),
        (ends + timedelta(hours=24), 200), (ends + timedelta(hours=24) + SECOND, 409),
    ):  # fmt: skip
        time_machine.move_to(moment, tick=False)
        page = sign_in(agency.claire).get(address)
        assert page.status == status, moment.astimezone(PARIS)
    told = {"spring": "Monday, 30 March 2026, 7:00", "autumn": "Monday, 26 October 2026, 5:00",
            "winter": "Thursday, 3 December 2026, 6:00"}  # fmt: skip
    assert f"could be reported here until {told[night]}" in page.words, "the hour on the wall, a day of hours later"
    time_machine.move_to(ends, tick=False)
    assert f"You can report until {told[night]}." in sign_in(agency.claire).get(address).words


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=st.integers(0, 7 * 24 * 60), after=st.integers(0, 60 * 24 * 60), minutes=st.integers(5, 24 * 60),
    start=st.integers(0, 3 * 365 * 86400), away=st.integers(-70 * 86400, 70 * 86400),
)  # fmt: skip
def test_whatever_is_set_the_window_has_both_its_ends(
    app: Flask, before: int, after: int, minutes: int, start: int, away: int
) -> None:
    begins = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=start)
    visit = Visit(starts_at=begins, ends_at=begins + timedelta(minutes=minutes))
    with app.app_context():
        set_option(None, "incidents.before_minutes", str(before))
        set_option(None, "incidents.after_minutes", str(after))
        first, last = window_of(visit)
        assert (visit.starts_at - first, last - visit.ends_at) == (timedelta(minutes=before), timedelta(minutes=after))
        moment = begins + timedelta(seconds=away)
        for at, is_open in ((first, True), (last, True), (first - SECOND, False), (last + SECOND, False),
                            (moment, first <= moment <= last)):  # fmt: skip
            with travel(at, tick=False):
                assert is_open_to_report(visit) is is_open
        middle = begins + (visit.ends_at - begins) / 2
        for at, phase in ((middle - SECOND, Phase.START), (middle, Phase.END)):
            with travel(at, tick=False):
                assert likely_phase(visit) == phase
        db.session.rollback()
