"""What the page of an event shows of its analysis, its actions, who was told, and its end."""

from flask_babel import gettext as _
from sqlalchemy import case, select
from sqlalchemy.orm import joinedload

from portal.accounts.models import User
from portal.adverse_events.action_plan import NEXT, is_overdue
from portal.adverse_events.closing import reopenings_of
from portal.adverse_events.event_journal import deeds_of
from portal.adverse_events.feedback import HOW_LABELS
from portal.adverse_events.follow_models import Action, ActionState, Analysis
from portal.adverse_events.follow_words import (
    ACTION_KINDS_SHORT,
    ACTION_STATE_LABELS,
    ACTION_STATE_TONES,
    EFFECTIVE_LABELS,
    METHOD_LABELS,
)
from portal.adverse_events.following import is_over
from portal.adverse_events.models import ENDED, AdverseEvent, State
from portal.adverse_events.progress import OPEN, is_analysis_asked, is_plan_asked, window
from portal.adverse_events.words import severity_words
from portal.extensions import Panel, db
from portal.roles import GRANTS, Permission
from portal.visits.queries import today

AGAIN = ("event.reopened", "event.judgement_taken_back")


def _shown(user: User, event: AdverseEvent, **more: object) -> dict[str, object]:
    """What every panel reads."""
    rights = GRANTS[user.role]
    return {
        "event": event, "ended": event.state in ENDED, "may_handle": Permission.HANDLE_EVENTS in rights,
        "may_judge": Permission.JUDGE_EVENTS in rights, **more,
    }  # fmt: skip


def analysis_panel(user: User, event: AdverseEvent) -> Panel:
    """Whether the causes have to be looked for, until when, and what was found."""
    found = select(Analysis).where(Analysis.event_id == event.id).options(joinedload(Analysis.pilot))
    analysis = db.session.scalar(found)
    first, last, report = window(event)
    return Panel("adverse_events/_analysis_panel.html", _shown(
        user, event, analysis=analysis, asked=is_analysis_asked(event), first=first, last=last, report=report,
        method=METHOD_LABELS[analysis.method] if analysis else None,
        late=is_analysis_asked(event) and today() > report and not (analysis and analysis.finished_at),
    ))  # fmt: skip


def actions_panel(user: User, event: AdverseEvent) -> Panel:
    """The actions, those first that are open, by the day on which they are due."""
    first = case((Action.state.in_(OPEN), 0), (Action.state == ActionState.DONE, 1), else_=2)
    chosen = select(Action).where(Action.event_id == event.id).options(joinedload(Action.owner))
    actions = db.session.scalars(chosen.order_by(first, Action.due_on, Action.id)).all()
    return Panel("adverse_events/_actions_panel.html", _shown(
        user, event, rows=[_as_row(action) for action in actions], asked=is_plan_asked(event),
    ))  # fmt: skip


def _as_row(action: Action) -> dict[str, object]:
    state = ActionState(action.state)
    late = is_overdue(state, action.due_on)
    badges = [(ACTION_STATE_LABELS[state], ACTION_STATE_TONES[state])]
    return {
        "action": action,
        "kind": ACTION_KINDS_SHORT[action.kind],
        "badges": [*badges, *([(_("Overdue"), "danger")] if late else [])],
        "effective": EFFECTIVE_LABELS[action.effective] if action.effective else None,
        "is_open": state in OPEN,
        "can_move": bool(NEXT[state]),
        "can_check": state in (ActionState.DONE, ActionState.VERIFIED),
    }


def feedback_panel(user: User, event: AdverseEvent) -> Panel:
    """Who was told what became of it; what the worker concerned says, who reads it when it was opened to them."""
    return Panel("adverse_events/_feedback_panel.html", _shown(user, event, how=HOW_LABELS))


def end_panel(user: User, event: AdverseEvent) -> Panel:
    """Dealt with or not, closed or not, and how it was closed before."""
    is_judged = event.state not in (State.REPORTED, State.ACKNOWLEDGED, State.TRIAGE)
    was_reopened = any(deed.kind in AGAIN for deed, _name in deeds_of(event))
    return Panel("adverse_events/_end_panel.html", _shown(
        user, event, note=event.note, over=is_over(event), closed=event.state == State.CLOSED, can_close=is_judged,
        residual=severity_words(event.residual) if event.residual else None,
        reopenings=reopenings_of(event) if was_reopened else [],
    ))  # fmt: skip
