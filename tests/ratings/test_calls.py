"""Clients who wish to be called back stand in a list until somebody has called."""

from sqlalchemy import select

from portal.audit.models import AuditEntry
from portal.extensions import db
from portal.people.models import Client, Relative
from portal.ratings.models import Rating
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency


def wish(agency: Agency, database: Database) -> int:
    with database.writing():
        rating = db.session.get_one(Rating, factories.rate(agency.claire, agency.claires_done, 3).id)
        rating.call_back = True
        return rating.id


def test_who_wishes_to_be_called_waits_on_the_home_page_until_somebody_has_called(
    agency: Agency, sign_in: SignIn, database: Database
) -> None:
    rating_id, sofia = wish(agency, database), sign_in(agency.sofia)
    home = sofia.get("/staff/home")
    assert "1 client wishes to be called back" in home.words
    assert len(home.statements) <= 12
    page = sofia.get("/staff/ratings/calls")
    assert agency.claire.name in page.words
    assert len(page.statements) <= 6
    late = sign_in(agency.ines).get("/staff/ratings/calls").form("/call")
    assert page.form("/call").submit().follow().words.count("Nobody waits for a call") == 1
    assert late.submit().status == 409, "two tabs: the first to call is named"
    entry = database.one(select(AuditEntry).where(AuditEntry.kind == "rating.called_back"))
    assert entry.account_id == agency.sofia.account_id
    visit = sofia.get(f"/staff/visits/{agency.claires_done}")
    assert "Called back" in visit.words
    assert database.one(select(Rating.called_by).where(Rating.id == rating_id)) == agency.sofia.name


def test_nobody_reads_the_wishes_of_another_sector(agency: Agency, sign_in: SignIn, database: Database) -> None:
    rating_id, igor = wish(agency, database), sign_in(agency.igor)
    assert agency.claire.name not in igor.get("/staff/ratings/calls").words
    assert igor.act(f"/staff/ratings/{rating_id}/call", {}).status == 404


def test_of_a_relative_the_relatives_number_is_shown(agency: Agency, sign_in: SignIn, database: Database) -> None:
    rating_id = wish(agency, database)
    with database.writing():
        rating, paul = db.session.get_one(Rating, rating_id), db.session.get_one(Relative, agency.paul.id)
        rating.author_role, rating.author_name, rating.author_account_id = "relative", paul.name, paul.account_id
        paul.phone = "+33 6 11 22 33 44"
        db.session.get_one(Client, agency.claire.id).phone = "+33 1 99 99 99 99"
    page = sign_in(agency.sofia).get("/staff/ratings/calls")
    assert f"{agency.paul.name} +33 6 11 22 33 44" in page.words
    assert "99 99 99 99" not in page.words
