"""The story with ratings whose figures were computed by hand."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from portal import clock
from portal.extensions import db
from portal.people.models import Client, Sector, Service, Worker
from portal.ratings.models import RatingSubject
from portal.ratings.tallies import follow, move_noted
from portal.ratings.tally_rows import adding
from portal.ratings.tally_sums import TALLIES, differences
from portal.settings.actions import set_option
from tests import factories
from tests.conftest import Database, SignIn
from tests.factories import Agency, done_visit, rate
from tests.pages import Page

TABLE = "/staff/controls/quality"
MONTH = f"{TABLE}?period=this_month"
MONTHS = "/staff/analytics/months"


def tallied() -> None:
    """Count anew what was written past the deeds."""
    db.session.flush()
    follow(db.session.scalars(select(RatingSubject.id).where(RatingSubject.visit_id.is_not(None))).all())
    move_noted()
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


@pytest.fixture
def october(agency: Agency, database: Database) -> Agency:
    """Claire's ratings of October: 5, 4, 4 and an excluded 0 by Wassim, and one visit that nobody has rated; Éloïse's 1
    in the South. Two answers are enough for a figure."""
    with database.writing():
        set_option(None, "ratings.minimum_sample", "2")
        people = {kind: db.session.get_one(Client, getattr(agency, kind).id) for kind in ("claire", "eloise")}
        rising, wassim = db.session.get_one(Service, agency.rising), db.session.get_one(Worker, agency.wassim.id)
        for place, stars in enumerate((5, 4, 4, 0, None)):
            visit = factories.done_visit(people["claire"], rising, [wassim], days=-28 - place)
            if stars is not None:
                rating = factories.rate(agency.claire, visit.id, stars)
            if stars == 0:
                rating.excluded_at, rating.exclude_reason = clock.now(), "Une autre visite"
        south = factories.done_visit(people["eloise"], rising, [db.session.get_one(Worker, agency.jean.id)], days=-30)
        factories.rate(agency.eloise, south.id, 1)
        tallied()
    return agency


@pytest.fixture
def sent(agency: Agency, database: Database) -> Agency:
    """Of eight done visits of November: two were sent a request (one has answered, with words), one was refused by the
    mail server, one waits, one was not drawn, three nobody was to be asked about (one was rated all the same)."""
    with database.writing():
        set_option(None, "ratings.minimum_sample", "2")
        claire = db.session.get_one(Client, agency.claire.id)
        rising, wassim = db.session.get_one(Service, agency.rising), db.session.get_one(Worker, agency.wassim.id)
        made = [factories.done_visit(claire, rising, [wassim], days=-day, ask=True) for day in (2, 3, 4, 5, 6)]
        for visit in made[:2]:
            factories.sent_request(visit, "claire@example.org")
        factories.rate(agency.claire, made[0].id, 4, "Bien")
        refused, aside = (factories.request_of(made[place].id).message for place in (2, 4))
        refused.state, refused.reason = "failed", "refused"
        aside.state, aside.reason = "suppressed", "not_sampled"
        factories.rate(agency.claire, agency.claires_done, 5)
        db.session.flush()
        tallied()
    return agency


@pytest.fixture
def close(october: Agency, sign_in: SignIn) -> Callable[[], Page]:
    """Inès closes October, from the list."""

    def done() -> Page:
        page = sign_in(october.ines).get(MONTHS)
        row = next(row for row in page.soup.select("tbody tr") if "October 2026" in row.get_text())
        asked_first = page.browser.get(str(row.select("a[href$=closing]")[0]["href"]))
        assert "4 ratings of this month count today." in asked_first.words
        return asked_first.form("Close the month").submit().follow()

    return done
