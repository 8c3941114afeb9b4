"""What incidents show on the staff's home page: what is to follow up, what was handled badly, what nobody can report.

What the first two list is read at once.
"""

from flask import g
from sqlalchemy import Row, Select, and_, case, func, literal, or_, select, union_all

from portal.accounts.models import User
from portal.extensions import Panel, db, wires
from portal.incidents.lists import UNSETTLED, URGENT, as_row, rows
from portal.incidents.models import Incident
from portal.incidents.queries import visible_incidents
from portal.incidents.reasons import silent_services
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.queries import is_unseen, is_urgent
from portal.roles import GRANTS, Permission
from portal.settings.queries import option
from portal.visits.queries import today

SHOWN, COUNTED = 8, 100
NUMBER, SILENT = "incidents.asking", "incidents.silent"
_UNANSWERED = and_(URGENT, Incident.answered_at.is_(None), Incident.declared_type != "staff")


def _kinds(user: User) -> tuple:
    """What makes an unsettled incident ask for attention: no answer to an urgent one, late, one's own."""
    return _UNANSWERED, Incident.due_on < today(), Incident.owner_id == user.staff_id


def _asking(user: User) -> Select[Incident]:
    return visible_incidents(user).where(UNSETTLED, or_(*_kinds(user)))


def _badly_handled(user: User) -> Select[Incident]:
    """Those of which the client has rated the handling low, and nobody has looked at it."""
    rated = visible_incidents(user).join(RatingSubject, RatingSubject.incident_id == Incident.id)
    return rated.join(Rating, Rating.subject_id == RatingSubject.id).where(*is_unseen())


def count_asking(user: User) -> Select[int] | None:
    """How many lines the two cards about incidents have together."""
    if not option("incidents.enabled"):
        return None
    asking = (each.with_only_columns(Incident.id).limit(COUNTED).subquery().select() for each in _both(user))
    return select(func.count()).select_from(union_all(*asking).subquery())


def count_silent(user: User) -> Select[int] | None:
    """On the visits of how many services nothing can be reported, for whoever manages reasons."""
    manages = Permission.MANAGE_REASONS in GRANTS[user.role]
    return silent_services() if manages and option("incidents.enabled") else None


def _both(user: User) -> list[Select[Incident]]:
    return [_asking(user), _badly_handled(user)] if option("ratings.enabled") else [_asking(user)]


def _lines(user: User, what: str) -> list[Row]:
    """The lines of one card; those of both are read at once."""
    if not g.counts.get(NUMBER):
        return []
    if "incident_lines" not in g:
        known = _asking_lines(user), *([_handling_lines(user)] if option("ratings.enabled") else [])
        g.incident_lines = db.session.execute(union_all(*(select(each.subquery()) for each in known))).all()
    return [row for row in g.incident_lines if row.what == what]


def _asking_lines(user: User) -> Select:
    unanswered, overdue, mine = _kinds(user)
    numbers = zip(("unanswered", "late", "own"), (unanswered, overdue, mine), strict=True)
    said = (
        literal("asking").label("what"), Incident.declared_at.label("said_at"), literal(0).label("rating_id"),
        literal(0).label("stars"), literal("").label("comment"), literal(0).label("complaint_id"),
        func.count().over().label("total"),
        *(func.sum(case((which, 1), else_=0)).over().label(name) for name, which in numbers),
    )  # fmt: skip
    first = case((unanswered, 0), (overdue, 1), else_=2)
    return rows(_asking(user)).add_columns(*said).order_by(first, Incident.declared_at, Incident.id).limit(SHOWN)


def _handling_lines(user: User) -> Select:
    said = (
        literal("handling").label("what"), func.coalesce(Rating.changed_at, Rating.left_at).label("said_at"),
        Rating.id.label("rating_id"), Rating.stars, Rating.comment,
        wires.complaint_of_rating(Rating.id).label("complaint_id"), func.count().over().label("total"),
        *(literal(0).label(name) for name in ("unanswered", "late", "own")),
    )  # fmt: skip
    return rows(_badly_handled(user)).add_columns(*said).order_by(Rating.left_at, Rating.id).limit(SHOWN)


def incidents_card(user: User) -> Panel | None:
    """Urgent incidents without an answer, overdue ones, and one's own; nothing when there are none."""
    lines = _lines(user, "asking")
    if not lines:
        return None
    first = lines[0]
    shown = {"unanswered": first.unanswered, "late": first.late, "own": first.own, "rows": list(map(as_row, lines))}
    return Panel("incidents/_home.html", shown)


def handling_card(user: User) -> Panel | None:
    """The low ratings of how incidents were handled that nobody has looked at: beside those of visits, and never
    counted with them."""
    lines = _lines(user, "handling")
    waiting = [
        {"row": as_row(one), "rating_id": one.rating_id, "complaint_id": one.complaint_id, "stars": one.stars,
         "comment": one.comment, "said_at": one.said_at, "urgent": is_urgent(one.stars)}
        for one in lines
    ]  # fmt: skip
    return Panel("incidents/_home_handling.html", {"waiting": waiting, "total": lines[0].total}) if lines else None


def reasons_card(_user: User) -> Panel | None:
    """For whoever manages reasons, that there are services on whose visits nothing can be reported."""
    number = g.counts.get(SILENT)
    return Panel("incidents/_home_reasons.html", {"number": number}) if number else None
