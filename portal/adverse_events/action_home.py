"""The actions that somebody of the staff has in hand, on their home page."""

from flask import g
from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import aliased

from portal.accounts.models import User
from portal.adverse_events.action_plan import is_overdue, own_actions
from portal.adverse_events.follow_models import Action, ActionState
from portal.adverse_events.models import AdverseEvent, reference_of
from portal.extensions import Panel, db
from portal.settings.queries import option

SHOWN = 8
NUMBER = "adverse_events.actions"


def count_actions(user: User) -> Select[int] | None:
    """How many actions this person has in hand."""
    if not option("adverse_events.enabled") or user.staff_id is None:
        return None
    return select(func.count()).select_from(own_actions(user).with_only_columns(Action.id).subquery())


def actions_card(user: User) -> Panel | None:
    """The next ones by the day on which they are due, those first that are late; nothing when there are none."""
    total = g.counts.get(NUMBER)
    if not total:
        return None
    event = aliased(AdverseEvent)
    chosen = (
        own_actions(user)
        .join(event, event.id == Action.event_id)
        .with_only_columns(
            Action.id, Action.text, Action.state, Action.due_on, Action.check_on, Action.event_id, event.year,
            event.number,
        )
        .order_by(Action.due_on, Action.id)
        .limit(SHOWN)
    )  # fmt: skip
    found = db.session.execute(chosen).all()
    return Panel("adverse_events/_home_actions.html", {"rows": list(map(_as_row, found)), "total": total})


def _as_row(row: Row) -> dict[str, object]:
    return {
        "text": row.text, "event_id": row.event_id, "id": row.id, "reference": reference_of(row.year, row.number),
        "due_on": row.due_on, "late": is_overdue(row.state, row.due_on), "check": row.state == ActionState.DONE,
        "check_on": row.check_on,
    }  # fmt: skip
