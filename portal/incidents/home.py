"""What incidents show on the staff's home page: what is to follow up, what was handled badly, what nobody can report.

Whether there is anything to show is asked once for all three.
"""

from flask import g
from sqlalchemy import Row, Select, and_, case, func, literal, or_, select

from portal.accounts.models import User
from portal.extensions import Panel, db
from portal.incidents.lists import UNSETTLED, URGENT, as_row, rows
from portal.incidents.models import Incident
from portal.incidents.queries import visible_incidents
from portal.incidents.reasons import silent_services
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.queries import is_unseen, is_urgent
from portal.roles import GRANTS, Permission
from portal.settings.queries import option
from portal.visits.queries import today

SHOWN = 8
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


def _numbers(user: User) -> Row | None:
    """How many there are of everything; None without the module."""
    if not option("incidents.enabled"):
        return None
    if "incident_numbers" not in g:
        none, ids = literal(0), _badly_handled(user).with_only_columns(Incident.id).subquery()
        low = select(func.count()).select_from(ids).scalar_subquery() if option("ratings.enabled") else none
        manages = Permission.MANAGE_REASONS in GRANTS[user.role]
        asked = zip(("unanswered", "late", "own"), _kinds(user), strict=True)
        g.incident_numbers = db.session.execute(_asking(user).with_only_columns(
            *(func.coalesce(func.sum(case((which, 1), else_=0)), 0).label(name) for name, which in asked),
            low.label("low"),
            (silent_services().scalar_subquery() if manages else none).label("silent"),
        )).one()  # fmt: skip
    return g.incident_numbers


def incidents_card(user: User) -> Panel | None:
    """Urgent incidents without an answer, overdue ones, and one's own; nothing when there are none."""
    number = _numbers(user)
    if number is None or not (number.unanswered or number.late or number.own):
        return None
    unanswered, overdue, _mine = _kinds(user)
    first = case((unanswered, 0), (overdue, 1), else_=2)
    found = db.session.execute(rows(_asking(user)).order_by(first, Incident.declared_at, Incident.id).limit(SHOWN))
    shown = {"unanswered": number.unanswered, "late": number.late, "own": number.own, "rows": list(map(as_row, found))}
    return Panel("incidents/_home.html", shown)


def handling_card(user: User) -> Panel | None:
    """The low ratings of how incidents were handled that nobody has looked at: beside those of visits, and never
    counted with them."""
    number = _numbers(user)
    if number is None or not number.low:
        return None
    said_at = func.coalesce(Rating.changed_at, Rating.left_at).label("said_at")
    said = Rating.id.label("rating_id"), Rating.stars, Rating.comment, said_at
    oldest = rows(_badly_handled(user)).add_columns(*said).order_by(Rating.left_at, Rating.id).limit(SHOWN)
    waiting = [
        {"row": as_row(one), "rating_id": one.rating_id, "stars": one.stars, "comment": one.comment,
         "said_at": one.said_at, "urgent": is_urgent(one.stars)}
        for one in db.session.execute(oldest)
    ]  # fmt: skip
    return Panel("incidents/_home_handling.html", {"waiting": waiting, "total": number.low})


def reasons_card(user: User) -> Panel | None:
    """For whoever manages reasons, that there are services on whose visits nothing can be reported."""
    number = _numbers(user)
    return Panel("incidents/_home_reasons.html", {"number": number.silent}) if number and number.silent else None
