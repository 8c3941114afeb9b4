"""Until when something is to be done about an adverse event, and how long it took, in SQL (`domain.md` §1.8)."""

from datetime import timedelta

from sqlalchemy import Select, case, func, select

from portal.adverse_events.criticality import GRAVE, gravity
from portal.adverse_events.follow_models import Analysis, AuthorityRoute, Route, RouteStatus
from portal.adverse_events.models import ENDED, AdverseEvent, State, event_category
from portal.adverse_events.reporting import TO_ACKNOWLEDGE, TO_ACKNOWLEDGE_SEVERE
from portal.organisation.models import ListEntry
from portal.reports.measuring import NOW, measure, middles, seconds_since

TO_TRIAGE, TO_ANALYSE = timedelta(hours=48), timedelta(days=30)
TO_TELL = timedelta(hours=24)  # "without delay", as the clocks of the authorities take it
WITHOUT_DELAY = (Route.ESSMS, Route.EIGS_1, Route.ABUSE, Route.CHILD, Route.JUSTICE)
RUNNING = (RouteStatus.TO_ASSESS, RouteStatus.TO_DO, RouteStatus.TOLD)

IS_OPEN = AdverseEvent.state.not_in(ENDED)
_TOLD_ANYWAY = (
    select(ListEntry.id)
    .join(event_category, event_category.c.entry_id == ListEntry.id)
    .where(event_category.c.event_id == AdverseEvent.id, ListEntry.severe)
    .correlate(AdverseEvent)
)
IS_SEVERE = (gravity() >= GRAVE) | _TOLD_ANYWAY.exists()  # as `alerts.is_severe`


def _of(delay: timedelta) -> int:
    return int(delay.total_seconds())


_DECLARED = seconds_since(AdverseEvent.declared_at)
_TO_ACKNOWLEDGE = case((IS_SEVERE, _of(TO_ACKNOWLEDGE_SEVERE)), else_=_of(TO_ACKNOWLEDGE))

# the authority whose clock runs out first, event by event; the table joins it
CLOCKS = (
    select(AuthorityRoute.event_id, func.min(seconds_since(AuthorityRoute.due_at)).label("due"))
    .where(AuthorityRoute.status.in_(RUNNING), AuthorityRoute.due_at.is_not(None))
    .group_by(AuthorityRoute.event_id)
    .subquery("clocks")
)
_OWN = case(
    (~IS_OPEN, None),
    (AdverseEvent.acknowledged_at.is_(None) & AdverseEvent.triaged_at.is_(None), _DECLARED + _TO_ACKNOWLEDGE),
    (AdverseEvent.triaged_at.is_(None), _DECLARED + _of(TO_TRIAGE)),
    (Analysis.id.is_not(None) & Analysis.finished_at.is_(None), _DECLARED + _of(TO_ANALYSE)),
)

# seconds since 1970, NULL where nothing waits: the acknowledgement, then the triage, then the analysis that was begun;
# or an authority that is to be told before
DUE = case((CLOCKS.c.due.is_(None), _OWN), (CLOCKS.c.due > _OWN, _OWN), else_=CLOCKS.c.due)
IS_OVERDUE = func.coalesce(DUE < NOW, False)


def measures(bare: Select) -> Select:
    """The delays of these events, as `middles` gives them: what is not done counts as soon as its time has run out."""
    declared, seen = AdverseEvent.declared_at, AdverseEvent.acknowledged_at
    told = func.coalesce(AuthorityRoute.told_at, AuthorityRoute.written_at)
    routes = bare.join(AuthorityRoute, AuthorityRoute.event_id == AdverseEvent.id).where(
        AuthorityRoute.route.in_(WITHOUT_DELAY), AuthorityRoute.status != RouteStatus.NOT_REQUIRED
    )
    closed = bare.where(AdverseEvent.state == State.CLOSED)
    return middles([
        measure("acknowledged", bare.where(~IS_SEVERE), declared, seen, TO_ACKNOWLEDGE, IS_OPEN),
        measure("severe", bare.where(IS_SEVERE), declared, seen, TO_ACKNOWLEDGE_SEVERE, IS_OPEN),
        measure("triaged", bare, declared, AdverseEvent.triaged_at, TO_TRIAGE, IS_OPEN),
        measure("told", routes, AuthorityRoute.since, told, TO_TELL, IS_OPEN),
        measure("analysed", bare.where(Analysis.id.is_not(None)), declared, Analysis.finished_at, TO_ANALYSE, IS_OPEN),
        measure("closed", closed, declared, AdverseEvent.closed_at, None),
    ])  # fmt: skip
