"""No page of the customers' feedback walks through all ratings, visits or sums: each finds its rows by an index."""

import re

import pytest
from sqlalchemy import text

from portal.extensions import db
from tests.conftest import Database, SignIn, on_postgres
from tests.factories import Agency

LARGE = "rating|rating_subject|rated_worker|rating_request|visit|visit_worker|message|rating_tally|request_tally"
BOARD, REVIEWS = "/staff/analytics/feedback", "/staff/analytics/feedback/reviews"
PAGES = (
    BOARD, f"{BOARD}?period=last_year&step=month", f"{BOARD}?by=worker", f"{BOARD}?by=client", f"{BOARD}?funnel=asked",
    f"{BOARD}?client={{client}}", f"{BOARD}?manager={{manager}}", REVIEWS, f"{REVIEWS}?sort=lowest",
    f"{REVIEWS}?period=last_year&sort=oldest", f"{REVIEWS}?client={{client}}", f"{REVIEWS}?manager={{manager}}",
    f"{REVIEWS}?stars=1&seen=no", "/staff/live", "/staff/ratings/coming",
)  # fmt: skip


@pytest.mark.skipif(on_postgres(), reason="SQLite says how it reads a table; PostgreSQL prefers scans of small ones")
def test_no_page_walks_through_a_large_table(agency: Agency, sign_in: SignIn, database: Database) -> None:
    ines = sign_in(agency.ines)
    for address in PAGES:
        page = ines.get(address.format(client=agency.claire.id, manager=agency.sofia.id))
        assert page.status == 200, address
        with database.app.app_context():
            for statement in page.statements:
                if not statement.startswith(("SELECT", "WITH")):
                    continue
                plan = db.session.execute(text("EXPLAIN QUERY PLAN " + re.sub(r"\?", "NULL", statement)))
                walked = [row[3] for row in plan if re.match(rf"SCAN ({LARGE})(_\d+)?$", row[3])]
                assert not walked, (address, walked, statement)
