"""Which authorities may have to be told of an event, once it is judged: lines to be assessed, never a decision.

The defaults are those of `domain.md` §1.1 and §1.3: by kind, by category of the law, by the agency's category, by what
came of it.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.follow_models import AuthorityRoute, Route, RouteStatus
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.route_mails import cancel_clock, promise_clock
from portal.adverse_events.routes_of_law import OPEN, due_of
from portal.audit.actions import record
from portal.extensions import db

GRAVE, UNTOUCHED = 4, 1  # of severities; the version of a line that nobody has changed
REGULATED = (Route.ESSMS, Route.EIGS_1, Route.EIGS_2)  # of authorised services alone
KNOWN_SINCE = (Route.WORK_ACCIDENT, Route.DATA, Route.INSURER)  # their clocks run since the agency knew
OFFENCES = {"L08", "L11", "D08", "D09", "D10"}
DAMAGES = {"material", "financial"}


def is_regulated(event: AdverseEvent) -> bool:
    """Whether the service of an event is an authorised one; of an event without a service it is taken to be."""
    return event.service is None or event.service.regulated


def proposed_routes(event: AdverseEvent) -> dict[Route, RouteStatus]:
    """The lines that a judged event gets, and how each begins: to be done where who judged has confirmed it."""
    if event.kind is None:
        return {}
    codes = _codes(event)
    may = {
        Route.ESSMS: event.kind == "serious" or event.legal_id is not None or _gravity(event) >= GRAVE,
        Route.EIGS_1: event.kind == "care_related" or ("D03" in codes and _gravity(event) >= GRAVE),
        Route.EIGS_2: event.kind == "care_related",
        Route.ABUSE: bool(codes & {"L08", "D09"}),
        Route.CHILD: "D20" in codes,
        Route.JUSTICE: bool(codes & OFFENCES),
        Route.WORK_ACCIDENT: event.kind == "work_accident" or _is_accident_of_worker(event, codes),
        Route.DATA: "D17" in codes,
        Route.INSURER: bool(codes & {"D10", "D11"} or DAMAGES & set(event.consequences)),
    }
    return {route: _begin(event, route) for route, wanted in may.items()
            if wanted and (route not in REGULATED or is_regulated(event))}  # fmt: skip


def _begin(event: AdverseEvent, route: Route) -> RouteStatus:
    confirmed = {Route.ESSMS: event.kind == "serious", Route.EIGS_1: event.kind == "care_related",
                 Route.EIGS_2: event.kind == "care_related",
                 Route.WORK_ACCIDENT: event.kind == "work_accident"}  # fmt: skip
    return RouteStatus.TO_DO if confirmed.get(route) else RouteStatus.TO_ASSESS


def _gravity(event: AdverseEvent) -> int:
    return max(event.severity, event.potential)


def _codes(event: AdverseEvent) -> set[str]:
    """The codes of its categories, of those above finer ones, and of its category of the law."""
    own = {code for one in event.categories for code in (one.code, one.parent.code if one.parent else None) if code}
    return own | ({event.legal.code} if event.legal and event.legal.code else set())


def _is_accident_of_worker(event: AdverseEvent, codes: set[str]) -> bool:
    """An accident at work or on the way, an assault, a bite (`domain.md` §1.3): of a worker, if one is concerned."""
    return event.worker_id is not None and bool(codes & {"D08", "D14", "D16"})


def propose_routes(actor: User, event: AdverseEvent) -> None:
    """Give a judged event the lines that go with it. What is there already stays as it stands; what nobody has touched
    and no longer goes with it is taken back."""
    wanted = proposed_routes(event)
    there = {one.route: one for one in db.session.scalars(_of(event))}
    announced = False  # whoever is told that authorities are to be told, is told once
    for route, status in wanted.items():
        known = there.get(route)
        if known is None:
            add_route(actor, event, route, status, announced=announced)
            announced = True
        elif known.status == RouteStatus.TO_ASSESS and status == RouteStatus.TO_DO:
            known.status = status
            db.session.flush()
            record_route(actor, known, RouteStatus.TO_ASSESS)
            promise_clock(known)
    _forget(actor, [known for route, known in there.items() if route not in wanted])


def withdraw_routes(actor: User, event: AdverseEvent) -> None:
    """Take the lines back that nobody has touched: the judgement that they came from was taken back."""
    _forget(actor, db.session.scalars(_of(event)).all())


def _forget(actor: User, lines: Sequence[AuthorityRoute]) -> None:
    for one in lines:
        if one.version == UNTOUCHED and one.status in OPEN:
            cancel_clock(one)
            db.session.delete(one)
            db.session.flush()
            record("event.route_changed", actor, ("adverse_event", one.event_id),
                   before={"route": str(one.route), "status": str(one.status)}, after={})  # fmt: skip


def _of(event: AdverseEvent) -> Select[AuthorityRoute]:
    return select(AuthorityRoute).where(AuthorityRoute.event_id == event.id).order_by(AuthorityRoute.id)


def add_route(
    actor: User, event: AdverseEvent, route: Route, status: RouteStatus, *, announced: bool = False
) -> AuthorityRoute:
    """Give an event a line. The clock of a second part stands still until the first one is told.

    Args:
        announced: whether a mail about another line of this event leaves now.
    """
    since = event.declared_at if route in KNOWN_SINCE else clock.now()
    made = AuthorityRoute(event_id=event.id, route=route, status=status, since=since)
    made.due_at = None if route == Route.EIGS_2 else due_of(route, status, since, None)
    db.session.add(made)
    db.session.flush()
    record_route(actor, made, None)
    promise_clock(made, announced=announced)
    return made


def record_route(actor: User, one: AuthorityRoute, before: str | None, kept: dict[str, Any] | None = None) -> None:
    """Write down how a line stands, and how it stood.

    Args:
        kept: what `former.keep_former` says of its former words.
    """
    record("event.route_changed", actor, ("adverse_event", one.event_id),
           before={"route": str(one.route), "status": str(before)} if before else None,
           after={"route": str(one.route), "status": str(one.status), **(kept or {})})  # fmt: skip
