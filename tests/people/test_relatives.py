"""A relative sees what the client's file grants, and no more."""

import pytest
from sqlalchemy import select

from portal.extensions import db
from portal.people.models import Relative
from portal.ratings.models import Rating
from tests.conftest import Database, SignIn
from tests.factories import Agency, rate


@pytest.fixture
def may_not_rate(agency: Agency, database: Database) -> None:
    with database.writing():
        db.session.get_one(Relative, agency.paul.id).may_rate = False


def test_a_relative_sees_the_visits_of_the_file(agency: Agency, sign_in: SignIn) -> None:
    page = sign_in(agency.paul).get("/client/visits")
    assert page.soup.select(f"#visit-{agency.claires_done}")
    assert not page.soup.select(f"#visit-{agency.denis_done}")


def test_a_relative_rates_in_their_own_name(agency: Agency, sign_in: SignIn, database: Database) -> None:
    page = sign_in(agency.paul).get(f"/client/visits/{agency.claires_done}/rating")
    assert page.form("Save").submit(stars="5").status == 303
    assert database.one(select(Rating.author_name, Rating.author_role)) == ("Paul Lefèvre", "relative")


def test_a_relative_without_the_grant_is_offered_no_rating(agency: Agency, sign_in: SignIn, may_not_rate: None) -> None:
    page = sign_in(agency.paul).get("/client/visits")
    assert page.soup.select(f"#visit-{agency.claires_done}")
    assert "Leave a rating" not in page.words
    assert not page.soup.select('a[href$="/rating"]')


def test_a_relative_without_the_grant_is_refused_with_a_sentence(
    agency: Agency, sign_in: SignIn, may_not_rate: None, database: Database
) -> None:
    page = sign_in(agency.paul).act(f"/client/visits/{agency.claires_done}/rating", {"stars": "1", "comment": "Non"})
    assert page.status == 409
    assert page.errors() == ["The file you follow does not let you rate. Please ask the agency."]
    assert database.count(Rating) == 0


def test_a_relative_without_the_grant_reads_the_stars(
    agency: Agency, sign_in: SignIn, may_not_rate: None, database: Database
) -> None:
    with database.writing():
        rate(agency.claire, agency.claires_done, 4)
    row = sign_in(agency.paul).get("/client/visits").at(f"#visit-{agency.claires_done}")
    assert row.select_one(".stars")["data-n"] == "4"  # ty: ignore[not-subscriptable]
    assert not row.select("a")
