"""Taking an event in: its receipt is acknowledged, it is judged, a wrong judgement is taken back."""

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.alerts import stop_alerts
from portal.adverse_events.following import step
from portal.adverse_events.models import AdverseEvent, State
from portal.audit.actions import record
from portal.extensions import db


def acknowledge(actor: User, event: AdverseEvent) -> None:
    """Say that somebody of the staff has seen a report: its alerts end. Whoever comes second changes nothing.

    Raises:
        Refused: it stands where nothing is acknowledged any more.
    """
    if event.acknowledged_at:
        return
    before = event.state
    step(event, State.ACKNOWLEDGED)
    event.acknowledged_at, event.acknowledged_by = clock.now(), actor.name
    db.session.flush()
    record("event.acknowledged", actor, ("adverse_event", event.id), before={"state": before},
           after={"state": event.state})  # fmt: skip
    stop_alerts(event)
