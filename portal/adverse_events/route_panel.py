"""What the page of an event shows of the authorities: one line for each way that applies, with its clock."""

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.adverse_events.follow_models import AuthorityRoute, Route, RouteStatus
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.proposals import is_regulated
from portal.adverse_events.route_forms import left_of
from portal.adverse_events.routes_of_law import (
    ACCIDENT_TOLD,
    ROUTE_LABELS,
    ROUTE_TERMS,
    RUNNING,
    STATUS_LABELS,
    STATUS_TONES,
    clock_of,
)
from portal.deadlines import hours_after
from portal.extensions import Panel, db
from portal.roles import GRANTS, Permission


def authorities_panel(user: User, event: AdverseEvent) -> Panel:
    """One line for each authority that may have to be told, and whether its clock runs."""
    chosen = (
        select(AuthorityRoute).where(AuthorityRoute.event_id == event.id).options(joinedload(AuthorityRoute.receipt))
    )
    lines = db.session.scalars(chosen.order_by(AuthorityRoute.due_at.is_(None), AuthorityRoute.due_at)).all()
    may_change = Permission.HANDLE_EVENTS in GRANTS[user.role]
    return Panel("adverse_events/_authorities_panel.html", {
        "event": event,
        "lines": [_as_line(event, one) for one in lines],
        "regulated": is_regulated(event),
        "judged": event.kind is not None,
        "may_change": may_change,
        "may_add": may_change and bool(left_of({one.route for one in lines})),
    })  # fmt: skip


def _as_line(event: AdverseEvent, one: AuthorityRoute) -> dict[str, object]:
    route, status = Route(one.route), RouteStatus(one.status)
    accident = route == Route.WORK_ACCIDENT and event.occurred_at is not None
    return {
        "line": one,
        "label": ROUTE_LABELS[route],
        "terms": ROUTE_TERMS[route],
        "status": (STATUS_LABELS[status], STATUS_TONES[status]),
        "clock": clock_of(one),
        "waits": route == Route.EIGS_2 and one.due_at is None and status in RUNNING,
        "employee_until": hours_after(event.occurred_at, ACCIDENT_TOLD, skip_days_off=True) if accident else None,
    }
