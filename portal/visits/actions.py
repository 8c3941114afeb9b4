"""The deeds on visits: planned, done, cancelled, reopened. They refuse, flush, record; they never commit."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l

from portal import clock
from portal.audit.actions import Actor, record, record_all
from portal.errors import Refused
from portal.extensions import db, wires
from portal.people.models import Client, Service, Worker
from portal.settings.queries import option
from portal.visits.models import State, Visit, VisitTask, VisitWorker


def plan_visit(
    actor: Actor | None, client: Client, service: Service, workers: Sequence[Worker], local_start: datetime,
    minutes: int, *, draft: bool = False, mission_order: str | None = None, external_id: str | None = None,
    tasks: Sequence[str] = (), series: str | None = None,
) -> Visit:  # fmt: skip
    """Plan a visit.

    Args:
        actor: who plans it; None for the portal itself.
        client, service, workers: who goes to whom for what; the first worker's name stands first.
        local_start: wall clock of the agency's zone, without zone.
        minutes: how long, at least 1.
        draft: not certain yet; only staff see it.
        mission_order: what the worker is to do.
        external_id: the key of this visit in another program.
        tasks: what is to be done, each in a line.
        series: what those have in common that are planned in one go.
    """
    starts_at, ends_at = moments_of(local_start, minutes)
    visit = Visit(
        client=client, service=service, sector_id=client.sector_id, starts_at=starts_at, local_start=local_start,
        ends_at=ends_at, zone=option("agency.zone"), series=series,
        state=State.DRAFT if draft else State.PLANNED, mission_order=mission_order, external_id=external_id,
        sent=[VisitWorker(worker=worker, position=number) for number, worker in enumerate(workers)],
        tasks=[VisitTask(label=label, position=number) for number, label in enumerate(tasks)],
    )  # fmt: skip
    db.session.add(visit)
    db.session.flush()
    record("visit.planned", actor, ("visit", visit.id), after={"state": visit.state, **facts_of(visit)})
    return visit


def moments_of(local_start: datetime, minutes: int) -> tuple[datetime, datetime]:
    """Return when a visit begins and ends that is agreed for a wall-clock time of the agency's zone.

    An hour that the clocks skip is the one after it; of an hour that comes twice, the first is meant.
    """
    starts_at = local_start.replace(tzinfo=ZoneInfo(option("agency.zone"))).astimezone(UTC)
    return starts_at, starts_at + timedelta(minutes=minutes)


def facts_of(visit: Visit) -> dict[str, object]:
    """When a visit is and who is sent, as the journal keeps it."""
    return {
        "starts_at": visit.starts_at.isoformat(), "ends_at": visit.ends_at.isoformat(),
        "workers": [sent.worker_id for sent in visit.sent],
    }  # fmt: skip


def end_visits(actor: Actor | None, visits: Sequence[Visit], *, ask: bool = True, notify: bool = True) -> None:
    """Mark visits as done, and let other features know in the same transaction.

    A visit that is marked before its planned end has really ended now; one marked later has ended as planned.

    Args:
        actor: who says so.
        visits: planned ones that have begun.
        ask: whether the clients are asked to rate.
        notify: whether they are told that it is done, where the agency tells them; importing past visits tells nobody.

    Raises:
        Refused: a visit has not begun, is a draft, cancelled, or done already.
    """
    moment = clock.now()
    for visit in visits:
        _refuse_to_end(visit, moment)
        visit.state, visit.closed_at, visit.ended_at = State.DONE, moment, min(visit.ends_at, moment)
    db.session.flush()
    record_all("visit.done", actor, [
        (("visit", visit.id), {"state": State.PLANNED}, {"state": State.DONE}) for visit in visits])  # fmt: skip
    wires.react("visit ended", visits, ask=ask)
    if notify:
        wires.react("visit marked as done", visits)


def _refuse_to_end(visit: Visit, moment: datetime) -> None:
    if visit.state == State.DONE:
        raise Refused(_l("This visit is already marked as done."), "done")
    if visit.state != State.PLANNED:
        raise Refused(_l("Only a visit that is to be done can be marked as done."), "state")
    if visit.starts_at > moment:
        raise Refused(_l("This visit has not begun yet."), "future")


def cancel_visit(actor: Actor | None, visit: Visit, reason: str) -> None:
    """Cancel a visit. Mails that would ask about it are taken back.

    Args:
        actor: who says so.
        visit: any that is not cancelled.
        reason: why, in words that the client may read.

    Raises:
        Refused: it is cancelled already, or has been rated.
    """
    if visit.state == State.CANCELLED:
        raise Refused(_l("This visit is already cancelled."), "cancelled")
    before = visit.state
    visit.state, visit.cancel_reason = State.CANCELLED, reason
    visit.closed_at, visit.ended_at = clock.now(), None
    db.session.flush()
    record("visit.cancelled", actor, ("visit", visit.id), before={"state": before}, after={"state": State.CANCELLED})
    wires.react("visit cancelled", [visit])


def cancel_visits(actor: Actor | None, visits: Sequence[Visit], reason: str) -> None:
    """Cancel visits for one reason, each as `cancel_visit` does: all of them or none."""
    for visit in visits:
        cancel_visit(actor, visit, reason)


def reopen_visit(actor: Actor | None, visit: Visit) -> None:
    """Take back that a visit is done. Mails that would ask about it are taken back, links in those that left close.

    Args:
        actor: who says so.
        visit: one that is done.

    Raises:
        Refused: it is not done, or has been rated.
    """
    if visit.state != State.DONE:
        raise Refused(_l("Only a visit that is done can be reopened."), "state")
    visit.state, visit.closed_at, visit.ended_at = State.PLANNED, None, None
    db.session.flush()
    record("visit.reopened", actor, ("visit", visit.id), before={"state": State.DONE}, after={"state": State.PLANNED})
    wires.react("visit reopened", [visit])
