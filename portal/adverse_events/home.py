"""What adverse events show on the staff's home page: reports to acknowledge, clocks of authorities that run; the figure
in the menu.

What both cards list is read at once.
"""

from dataclasses import dataclass
from datetime import datetime

from flask import g
from sqlalchemy import ColumnElement, Row, Select, case, func, literal, select, union_all

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.criticality import gravity
from portal.adverse_events.follow_models import AuthorityRoute, Route, RouteStatus
from portal.adverse_events.models import AdverseEvent, State, reference_of
from portal.adverse_events.queries import visible_events
from portal.adverse_events.routes_of_law import ROUTE_LABELS, STATUS_LABELS, STATUS_TONES, Clock
from portal.adverse_events.words import MODULE, both_severities
from portal.extensions import Panel, db
from portal.people.models import Client
from portal.settings.queries import option

SHOWN, COUNTED = 8, 100
NUMBER = "adverse_events.waiting"
_NEW = AdverseEvent.state == State.REPORTED, AdverseEvent.acknowledged_at.is_(None)


@dataclass(frozen=True)
class Line:
    """An event that asks for attention. `clock` and `route` are those of an authority."""

    id: int
    reference: str
    client: str
    severity: str
    at: datetime
    clock: Clock
    route: object
    status: tuple[object, str] | None


def badge(user: User) -> Select[int] | None:
    """How many reports nobody has acknowledged, for the menu."""
    if not option(MODULE):
        return None
    return visible_events(user).where(*_NEW).with_only_columns(func.count(AdverseEvent.id))


def count_waiting(user: User) -> Select[int] | None:
    """How many lines the two cards have together."""
    if not option(MODULE):
        return None
    waiting = union_all(*(each.order_by(None).with_only_columns(AdverseEvent.id).limit(COUNTED).subquery().select()
                          for each in (_new(user), _clocks(user)))).subquery()  # fmt: skip
    return select(func.count()).select_from(waiting)


def new_card(user: User) -> Panel | None:
    """Reports that nobody has acknowledged, the gravest first; nothing when there are none."""
    lines, total, _late = _lines(user, "new")
    return Panel("adverse_events/_home_new.html", {"lines": lines, "total": total}) if lines else None


def clocks_card(user: User) -> Panel | None:
    """Clocks of authorities that run, those first that run out first; nothing when there are none."""
    lines, total, late = _lines(user, "clock")
    if not lines:
        return None
    tones = [line.clock.tone for line in lines]
    tone = next((one for one in ("danger", "attention") if one in tones), "info")
    return Panel("adverse_events/_home_clocks.html", {
        "lines": lines, "running": total - late, "late": late, "tone": tone,
    })  # fmt: skip


def _lines(user: User, what: str) -> tuple[list[Line], int, int]:
    """The first lines of a card, how many there are in all, and of how many the time is over."""
    if not g.counts.get(NUMBER):
        return [], 0, 0
    if "event_lines" not in g:
        new, clocks = _new(user).subquery(), _clocks(user).subquery()
        g.event_lines = db.session.execute(union_all(select(new), select(clocks))).all()
    rows = [row for row in g.event_lines if row.what == what]
    return [_as_line(row) for row in rows], *((rows[0].total, rows[0].late) if rows else (0, 0))


def _said(what: str, late: ColumnElement[int]) -> tuple:
    return (
        literal(what).label("what"), AdverseEvent.id, AdverseEvent.year, AdverseEvent.number, Client.first_name,
        Client.last_name, AdverseEvent.severity, AdverseEvent.potential, func.count().over().label("total"),
        late.label("late"),
    )  # fmt: skip


def _new(user: User) -> Select:
    waiting = visible_events(user).where(*_NEW).outerjoin(Client, Client.id == AdverseEvent.client_id)
    at = AdverseEvent.declared_at
    said = waiting.with_only_columns(
        *_said("new", literal(0)), at.label("at"), at.label("due_at"), literal("").label("route"),
        literal("").label("status"),
    )  # fmt: skip
    return said.order_by(gravity().desc(), at, AdverseEvent.id).limit(SHOWN)


def _clocks(user: User) -> Select:
    running = (
        visible_events(user)
        .join(AuthorityRoute, AuthorityRoute.event_id == AdverseEvent.id)
        .outerjoin(Client, Client.id == AdverseEvent.client_id)
        .where(AuthorityRoute.due_at.is_not(None))
    )
    since = func.coalesce(AuthorityRoute.told_at, AuthorityRoute.since, type_=AuthorityRoute.since.type)
    late = func.sum(case((AuthorityRoute.due_at <= clock.now(), 1), else_=0)).over()
    said = running.with_only_columns(
        *_said("clock", late), since.label("at"), AuthorityRoute.due_at.label("due_at"), AuthorityRoute.route,
        AuthorityRoute.status,
    )  # fmt: skip
    return said.order_by(AuthorityRoute.due_at, AuthorityRoute.id).limit(SHOWN)


def _as_line(row: Row) -> Line:
    status = RouteStatus(row.status) if row.status else None
    return Line(
        id=row.id, reference=reference_of(row.year, row.number),
        client=f"{row.first_name or ''} {row.last_name or ''}".strip(), at=row.at,
        severity=both_severities(row.severity, row.potential),
        clock=Clock(row.due_at, row.at), route=ROUTE_LABELS[Route(row.route)] if row.route else None,
        status=(STATUS_LABELS[status], STATUS_TONES[status]) if status else None,
    )  # fmt: skip
