"""Whose things are made, and what of them is asked for."""

from tests.conftest import Database
from tests.factories import Agency

MONTH = "period=this_month"


class Story:
    """The agency of the tests, and where things of Claire's are made in it."""

    def __init__(self, agency: Agency, database: Database) -> None:
        self.agency, self.database = agency, database
