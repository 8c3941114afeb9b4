"""Visits that are over and not closed, on the staff's home page."""

from sqlalchemy import update

from portal.extensions import db
from portal.visits.models import Visit
from tests.conftest import Database, SignIn
from tests.factories import Agency


def test_visits_to_close_are_counted_within_ones_sectors(agency: Agency, sign_in: SignIn) -> None:
    sofia = sign_in(agency.sofia).get("/staff/home")
    assert "1 visit to close" in sofia.text
    listed = sofia.link("See the visits to close").click()
    assert len(listed.soup.select("#visits tbody tr")) == 1
    assert "visit to close" not in sign_in(agency.igor).get("/staff/home").text


def test_what_is_closed_or_long_ago_is_not_counted(agency: Agency, database: Database, sign_in: SignIn) -> None:
    with database.writing():
        db.session.execute(update(Visit).where(Visit.id == agency.claires_past).values(state="draft"))
    assert "to close" not in sign_in(agency.sofia).get("/staff/home").text
