"""Severity times frequency: every cell of the matrix, what gravity overrides, and that tables count the same."""

import pytest
from sqlalchemy import select

from portal.adverse_events.criticality import LEVELS, Zone, criticality, grade, gravity, zone_of
from portal.adverse_events.models import AdverseEvent
from portal.extensions import db
from portal.links import new_public_id
from tests import factories
from tests.conftest import Database
from tests.factories import NOON, Agency

# by severity, from F1 to F5: the first letter of the zone (domain.md §1.5, with its overrides)
MATRIX = {5: "RRRRR", 4: "OOORR", 3: "GYYOR", 2: "GGYYO", 1: "GGGGY"}
LETTERS = {"G": Zone.GREEN, "Y": Zone.YELLOW, "O": Zone.ORANGE, "R": Zone.RED}
CELLS = [(severity, frequency, LETTERS[MATRIX[severity][frequency - 1]]) for severity in LEVELS for frequency in LEVELS]


@pytest.mark.parametrize(("severity", "frequency", "zone"), CELLS)
def test_each_cell_has_its_value_and_its_zone(severity: int, frequency: int, zone: Zone) -> None:
    found = criticality(severity, 1, frequency)
    assert found
    assert (found.value, found.zone) == (severity * frequency, zone)
    assert criticality(1, severity, frequency) == found, "what could have happened counts as much as what did"


def test_nothing_is_said_before_the_frequency_is_known() -> None:
    assert criticality(5, 5, None) is None


def test_tables_count_as_pages_do(agency: Agency, database: Database) -> None:
    with database.writing():
        for severity in LEVELS:
            for frequency in (*LEVELS, None):
                for potential in LEVELS:
                    number = severity * 100 + (frequency or 0) * 10 + potential
                    factories.add(AdverseEvent(
                        year=2026, number=number, token=new_public_id(), mode="named", capacity="worker",
                        sector_id=agency.north, discovered_at=NOON, day=NOON, place="home", nature="incident",
                        facts="…", severity=severity, potential=potential, frequency=frequency,
                    ))  # fmt: skip
        of_table = select(AdverseEvent, gravity(), grade(), zone_of())
        found = db.session.execute(of_table).all()
        assert len(found) == 5 * 6 * 5
        for event, worst, value, zone in found:
            expected = criticality(event.severity, event.potential, event.frequency)
            assert worst == max(event.severity, event.potential)
            assert (value, zone) == ((expected.value, expected.zone) if expected else (None, None))
