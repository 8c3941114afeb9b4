"""Actions after an event: who does what until when, how far it is, and whether it helped."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, or_, select

from portal.accounts.models import User
from portal.adverse_events.action_mails import cancel_reminders, promise_reminders
from portal.adverse_events.follow_models import Action, ActionState
from portal.adverse_events.former import keep_former
from portal.adverse_events.models import ENDED, AdverseEvent
from portal.adverse_events.progress import OPEN, bring_along
from portal.adverse_events.queries import visible_events
from portal.audit.actions import record
from portal.deadlines import months_after
from portal.errors import Refused
from portal.extensions import db
from portal.i18n import full_day, local, start_of_day
from portal.people.queries import overseers
from portal.visits.queries import today

LONGEST_ACTION, LONGEST_NOTE = 1000, 500  # characters
EFFECT_AFTER = 3  # months after an action is done, its effect is looked at (`domain.md` §1.8)
# which state goes to which; an action that is done goes on to "verified" with its effect, see `check_action`
NEXT: dict[ActionState, tuple[ActionState, ...]] = {
    ActionState.TODO: (ActionState.PROGRESS, ActionState.DONE, ActionState.DROPPED),
    ActionState.PROGRESS: (ActionState.DONE, ActionState.DROPPED),
    ActionState.DONE: (ActionState.PROGRESS,),
    ActionState.VERIFIED: (),
    ActionState.DROPPED: (ActionState.TODO,),
}


class Late(Refused):
    """Somebody else has changed the action since the form was opened."""

    def __init__(self) -> None:
        super().__init__(_l("Somebody changed this action in the meantime. Nothing of yours is saved yet: please "
                            "look at how it stands now, then save again."), "stale")  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """What is decided on.

    Attributes:
        kind: one of `follow_models.ACTION_KINDS`.
        text: what is to be done.
        owner_id: of the staff, who does it.
        due_on: the day by which it is done.
        indicator: how one will see that it helped; may be empty.
        check_on: the day on which its effect is looked at; may be missing.
    """

    kind: str
    text: str
    owner_id: int
    due_on: date
    indicator: str = ""
    check_on: date | None = None


def owners_of(event: AdverseEvent, also: int | None = None) -> dict[int, str]:
    """Who of the staff can have an action in hand, by number: those at work who may see the event, and who has it."""
    return overseers(event.sector_id, also=also)


def visible_actions(user: User) -> Select[Action]:
    """The actions after events that this person may see."""
    seen = visible_events(user).where(AdverseEvent.id == Action.event_id).correlate(Action)
    return select(Action).where(seen.with_only_columns(AdverseEvent.id).exists())


def action_of(user: User, action_id: int) -> Action | None:
    return db.session.scalar(visible_actions(user).where(Action.id == action_id))


def is_overdue(state: str, due_on: date) -> bool:
    return state in OPEN and due_on < today()


def add_action(actor: User, event: AdverseEvent, planned: Planned) -> Action:
    """Decide on an action. Its owner is reminded by mail a week before it is due, on the day, and a week later.

    Raises:
        Refused: the event is ended, the owner may not see it, or a day is over or out of order.
    """
    if event.state in ENDED:
        raise Refused(_l("This event is ended. Open it again before you add an action."), "ended")
    _check(event, planned)
    made = Action(event_id=event.id, created_by=actor.name, **vars(planned))
    db.session.add(made)
    db.session.flush()
    record("event.action_added", actor, ("adverse_event", event.id), after={"action": made.id, **_kept(made)})
    promise_reminders(made)
    bring_along(actor, event)
    return made


def change_action(actor: User, action: Action, planned: Planned, version: int) -> None:
    """Change what was decided on.

    Raises:
        Refused: it has another version by now, is over, or what `add_action` refuses.
    """
    _be_current(action, version)
    if action.state not in OPEN:
        raise Refused(_l("This action is over. What was decided on stays as it was."), "over")
    before = _kept(action)
    touched = {name for name, value in vars(planned).items() if value != getattr(action, name)}
    if not touched:
        return
    _check(action.event, planned, action)
    was = {name: getattr(action, name) for name in touched & {"text", "indicator"}}
    kept = keep_former(actor, action.event_id, "action", was, {name: getattr(planned, name) for name in was})
    for name in touched:
        setattr(action, name, getattr(planned, name))
    db.session.flush()
    _write_down(actor, action, before, kept)
    if touched & {"due_on", "owner_id"}:
        promise_reminders(action)


def move_action(actor: User, action: Action, to: ActionState, version: int, *, on: date | None = None,
                why: str = "") -> None:  # fmt: skip
    """Say how far an action is.

    Args:
        on: the day on which it was done; today without it.
        why: it is dropped; staff read it.

    Raises:
        Refused: it has another version by now, this state does not follow, it was done in the future, or nobody says
            why it is dropped.
    """
    _be_current(action, version)
    if to not in NEXT[ActionState(action.state)]:
        raise Refused(_l("The action cannot go into this state any more. Please look at how it stands now."), "state")
    if to == ActionState.DROPPED and not why:
        raise Refused(_l("Please say why it is dropped."), "why")
    done_on = (on or today()) if to == ActionState.DONE else None
    if done_on:
        _check_done(action, done_on)
    before, dropped_why = _kept(action), why if to == ActionState.DROPPED else None
    kept = _keep(actor, action, "dropped_why", dropped_why)
    action.state, action.done_on, action.dropped_why = to, done_on, dropped_why
    if done_on and (action.check_on is None or action.check_on < done_on):
        action.check_on = day_of_check(done_on)
    db.session.flush()
    _write_down(actor, action, before, kept)
    cancel_reminders(action) if to not in OPEN else promise_reminders(action)
    bring_along(actor, action.event)


def check_action(actor: User, action: Action, effective: str, note: str, version: int) -> None:
    """Say whether an action that is done has helped.

    Raises:
        Refused: it has another version by now, or is not done.
    """
    _be_current(action, version)
    if action.state not in (ActionState.DONE, ActionState.VERIFIED):
        raise Refused(_l("Whether it helped can be said once it is done."), "state")
    before, kept = _kept(action), _keep(actor, action, "effect_note", note)
    action.state, action.effective, action.effect_note = ActionState.VERIFIED, effective, note
    db.session.flush()
    _write_down(actor, action, before, kept)
    bring_along(actor, action.event)


def day_of_check(done_on: date) -> date:
    """The day on which it is proposed to look at the effect of what was done on a day."""
    return local(months_after(start_of_day(done_on), EFFECT_AFTER)).date()


def own_actions(user: User) -> Select[Action]:
    """What this person has in hand: open actions, and those of which the effect is to be looked at by now."""
    to_check = (Action.state == ActionState.DONE) & (Action.check_on <= today())
    return visible_actions(user).where(Action.owner_id == user.staff_id, or_(Action.state.in_(OPEN), to_check))


def _be_current(action: Action, version: int) -> None:
    if action.version != version:
        raise Late


def _check(event: AdverseEvent, planned: Planned, action: Action | None = None) -> None:
    owner = action.owner_id if action else None
    if planned.owner_id != owner and planned.owner_id not in owners_of(event):
        raise Refused(_l("Please choose one of those who see this event."), "owner_id")
    if planned.due_on < today() and not (action and action.due_on == planned.due_on):
        raise Refused(_l("This day is over."), "due_on")
    if planned.check_on and planned.check_on < planned.due_on:
        raise Refused(_l("Its effect cannot be looked at before it is due."), "check_on")


def _check_done(action: Action, on: date) -> None:
    if on > today():
        raise Refused(_l("This day is still to come."), "done_on")
    if on < (begun := local(action.event.day).date()):
        raise Refused(_("It cannot have been done before the event of %(day)s.", day=full_day(begun)), "done_on")


def _kept(action: Action) -> dict[str, object]:
    """What the journal keeps of an action: no free text."""
    names = "kind", "owner_id", "due_on", "check_on", "state", "done_on", "effective"
    return {name: _as_kept(getattr(action, name)) for name in names if getattr(action, name) is not None}


def _as_kept(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, str) else value


def _keep(actor: User, action: Action, name: str, text: str | None) -> dict[str, Any]:
    """Keep a text that is replaced, if there is one."""
    was = getattr(action, name)
    return keep_former(actor, action.event_id, "action", {name: was}, {name: text}) if was else {}


def _write_down(actor: User, action: Action, before: dict[str, object], kept: dict[str, Any]) -> None:
    after = _kept(action)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    record("event.action_changed", actor, ("adverse_event", action.event_id),
           before={"action": action.id, **{name: before.get(name) for name in names}},
           after={"action": action.id, **{name: after.get(name) for name in names}, **kept})  # fmt: skip
