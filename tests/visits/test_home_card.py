"""Visits that are over and not closed, on the staff's home page."""

from sqlalchemy import update

from portal.extensions import db
from portal.people.models import Client, Service
from portal.visits.models import Visit
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency, at


def test_visits_to_close_are_counted_within_ones_sectors_however_old(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    with database.writing():
        claire, service = db.session.get_one(Client, agency.claire.id), db.session.get_one(Service, agency.cleaning)
        factories.visit(claire, service, [], at(-40, 8))
    sofia = sign_in(agency.sofia).get("/staff/home")
    assert "2 visits to close" in sofia.text
    listed = sofia.link("See the visits to close").click()
    assert len(listed.soup.select("#visits tbody tr")) == 2
    assert "visits to close" not in sign_in(agency.igor).get("/staff/home").text


def test_what_is_not_planned_any_more_is_not_counted(agency: Agency, database: Database, sign_in: SignIn) -> None:
    with database.writing():
        db.session.execute(update(Visit).where(Visit.id == agency.claires_past).values(state="draft"))
    assert "to close" not in sign_in(agency.sofia).get("/staff/home").text
