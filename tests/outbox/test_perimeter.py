"""Whose messages a coordinator sees: those about clients of their sectors, the alerts about ratings among them."""

from sqlalchemy import select

from portal.outbox.models import Message
from tests.conftest import Database, SignIn
from tests.factories import Agency, rate


def alert_of(database: Database, agency: Agency, visit: int) -> int:
    from portal.ratings.models import Rating, RatingSubject

    of_visit = select(Rating.id).join(RatingSubject).where(RatingSubject.visit_id == visit).scalar_subquery()
    return database.one(select(Message.id).where(Message.subject_type == "rating", Message.subject_id == of_visit))


def test_alerts_are_seen_in_ones_own_sectors_and_nowhere_else(
    agency: Agency, database: Database, sign_in: SignIn
) -> None:
    with database.writing():
        rate(agency.denis, agency.denis_done, 5)  # ratings and what is rated are not numbered alike
        rate(agency.eloise, agency.eloises_done, 1)
        rate(agency.claire, agency.claires_done, 2)
    north, south = alert_of(database, agency, agency.claires_done), alert_of(database, agency, agency.eloises_done)
    sofia, igor = sign_in(agency.sofia), sign_in(agency.igor)
    assert {sofia.get(f"/staff/outbox/{north}").status, igor.get(f"/staff/outbox/{south}").status} == {200}
    assert {sofia.get(f"/staff/outbox/{south}").status, igor.get(f"/staff/outbox/{north}").status} == {404}
    assert "D’Angelo" not in sofia.get("/staff/outbox").text
    assert "Lefèvre" not in igor.get("/staff/outbox").text
    assert "D’Angelo" in igor.get("/staff/outbox").text
