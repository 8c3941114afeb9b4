"""The story with ratings whose figures were computed by hand."""

from datetime import date

import pytest
from sqlalchemy import select

from portal import clock
from portal.extensions import db
from portal.people.models import Client, Sector, Service, Worker
from portal.ratings.models import RatingSubject
from portal.ratings.tallies import follow
from portal.ratings.tally_rows import adding
from portal.ratings.tally_sums import TALLIES, differences
from tests import factories
from tests.conftest import Database
from tests.factories import Agency, done_visit, rate

TABLE = "/staff/controls/quality"
MONTH = f"{TABLE}?period=this_month"


def tallied() -> None:
    """Count anew what was written past the deeds."""
    db.session.flush()
    follow(db.session.scalars(select(RatingSubject.id).where(RatingSubject.visit_id.is_not(None))).all())
    for table in TALLIES:
        missing = differences(table, date(2026, 1, 1), date(2026, 12, 31))
        db.session.execute(adding(table, missing, db.engine.dialect.name))


@pytest.fixture
def rated(agency: Agency, database: Database) -> Agency:
    """Six ratings: in November five of the North (5, 4, 3, 0 and an excluded 1), one of the South (2); one in October.

    Claire: 5 "Parfait" on the 16th by Wassim, rising; 0 typed by the agency on the 12th by Wassim and Nadia, cleaning;
    1, excluded, on the 11th; 4 by mail on the 10th, cleaning. Denis: 3 on the 16th. Éloïse: 2 on the 16th by Jean.
    Claire's 5 of the 20th of October is another month's.
    """
    with database.writing():
        claire = db.session.get_one(Client, agency.claire.id)
        rising, cleaning = db.session.get_one(Service, agency.rising), db.session.get_one(Service, agency.cleaning)
        wassim = db.session.get_one(Worker, agency.wassim.id)
        nadia = factories.worker("Nadia", "Abbas", [db.session.get_one(Sector, agency.north)])
        rate(agency.claire, agency.claires_done, 5, "Parfait")
        rate(agency.denis, agency.denis_done, 3)
        rate(agency.eloise, agency.eloises_done, 2, "=2+5 en retard")
        typed = rate(agency.claire, done_visit(claire, cleaning, [wassim, nadia], days=-5).id, 0, "Personne n’est venu")
        typed.channel, typed.typed_by, typed.given_how = "staff", "Sofia Benali", "telephone"
        left_out = rate(agency.claire, done_visit(claire, rising, [wassim], days=-6).id, 1)
        left_out.excluded_at, left_out.exclude_reason = clock.now(), "Une autre visite"
        rate(agency.claire, done_visit(claire, cleaning, [wassim], days=-7).id, 4).channel = "mail"
        rate(agency.claire, done_visit(claire, rising, [wassim], days=-28).id, 5, "En octobre")
        tallied()
    return agency
