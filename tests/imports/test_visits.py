"""What each line of a file of visits does: one test a rule."""

import datetime as dt

import pytest

from portal.people.models import Client, Service
from portal.extensions import db
from portal.visits.models import State, Visit
from tests.imports.conftest import TITLES, Agency

LINE = "Mme LEFEVRE Claire;17/11/2026;9h30;Ménage;HADDAD Wassim;1h30;Clés chez la gardienne"


def test_a_line_becomes_a_visit(agency: Agency) -> None:
    seen = agency.bring_in(LINE)
    assert seen.outcomes == ["create"]
    (visit,) = agency.visits()
    assert (visit.client.name, visit.service.name, [w.name for w in visit.workers]) == (
        "Claire Lefèvre", "Ménage", ["Wassim Haddad"])
    assert visit.local_start == dt.datetime(2026, 11, 17, 9, 30)
    assert visit.starts_at == dt.datetime(2026, 11, 17, 8, 30, tzinfo=dt.UTC)
    assert visit.ends_at - visit.starts_at == dt.timedelta(minutes=90)
    assert (visit.state, visit.mission_order, visit.zone, visit.version) == ("planned", "Clés chez la gardienne", "Europe/Paris", 1)
    assert visit.sector_id == agency.north.id
