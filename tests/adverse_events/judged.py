"""Events of Claire's as they stand after their triage."""

from datetime import timedelta

from portal import clock
from portal.adverse_events.follow_models import AuthorityRoute, Route
from portal.adverse_events.telling import Telling, change_route
from portal.adverse_events.triage import REJECTED, Estimate, Judgement, judge
from portal.extensions import db
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from tests.adverse_events.stories import stored
from tests.factories import Agency


def judged(agency: Agency) -> None:
    """One that waits, and may be serious; one that is care-related, its authority told by word of mouth; one that was
    put aside."""
    for severity, code in ((4, "D01"), (3, "D03"), (1, "D06")):
        made = stored(agency, severity=severity, potential=severity)
        made.categories = [entry_of_code(ListName.EVENT, code)]
        made.discovered_at = made.occurred_at = made.day = clock.now() - timedelta(days=1)
    db.session.flush()
    ines = agency.ines.user
    care = Judgement("care_related", 3, 4, Estimate(3, victims=1), entry_of_code(ListName.LEGAL, "L04").id)
    second, third = (db.session.get_one(type(made), number) for number in (2, 3))
    judge(ines, second, care, second.version)
    line = db.session.query(AuthorityRoute).filter_by(route=Route.EIGS_1).one()
    change_route(ines, line, Telling("told", told_at=clock.now() - timedelta(minutes=1), recipient="ARS"), line.version)
    judge(ines, third, Judgement(REJECTED, 1, 1, Estimate(None), why="Un doublon de la semaine passée."), third.version)
