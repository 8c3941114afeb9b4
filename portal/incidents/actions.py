"""Deeds on incidents: declaring one, and what messages in its thread mean for it."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from portal.accounts.models import User
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db, rows_changed, wires
from portal.incidents.alerts import alert_urgent
from portal.incidents.models import Incident, IncidentReason, Phase, State
from portal.incidents.queries import is_open_to_report
from portal.people.models import Client
from portal.threads.actions import Draft, is_as_sent, open_thread, person_of, raise_version, written
from portal.threads.following import take_along
from portal.threads.models import Thread, ThreadMessage
from portal.threads.queries import is_staff
from portal.threads.words import ARRIVED, INCIDENT
from portal.visits.models import State as VisitState
from portal.visits.models import Visit


@dataclass(frozen=True)
class Report:
    """What somebody reports.

    Attributes:
        reason: one of the visit's service, in use.
        phase: `start` or `end`, as the reason allows.
        urgency: a value of `models.Urgency`.
        first: what happened, with photos: the first message of the thread.
        reported_how, reported_by: for whom staff declare it (`client`, `relative`, `worker`, `other`), and the name.
    """

    reason: IncidentReason
    phase: str
    urgency: str
    first: Draft
    reported_how: str | None = None
    reported_by: str | None = None


def declare_incident(actor: User, visit: Visit, report: Report) -> Incident:
    """Declare an incident on a visit that the actor may see. It opens a thread with the client, the workers of the
    visit and the agency.

    Returns:
        The incident; the one that is there already if this form was sent before.

    Raises:
        Refused: that one says something else; outside the window (staff have none), a draft, a reason that does not
            belong to it, or as `threads.actions.write` says.
    """
    if twin := declared(actor, report.first.token):
        return _as_sent(actor, twin, visit, report)
    _refuse_report(actor, visit, report)
    thread = open_thread(
        actor, INCIDENT, "", report.first, clients=[visit.client_id], workers=[one.id for one in visit.workers],
        sector_id=visit.sector_id,
    )  # fmt: skip
    if twin := declared(actor, report.first.token):  # sent twice at the same moment
        return _as_sent(actor, twin, visit, report)
    if thread.topic != INCIDENT or db.session.scalar(select(Incident.id).where(Incident.thread_id == thread.id)):
        raise Refused(ARRIVED, "token")  # a message of this person has the number of this form
    type_, number = person_of(actor)
    incident = Incident(
        visit=visit, thread=thread, reason=report.reason, phase=report.phase, urgency=report.urgency,
        declared_type=type_, declared_id=number, declared_by=actor.name, token=report.first.token,
        reported_how=report.reported_how, reported_by=report.reported_by, label_fr=report.reason.label_fr,
        label_ru=report.reason.label_ru, label_en=report.reason.label_en,
    )  # fmt: skip
    db.session.add(incident)
    db.session.flush()
    told = {"visit": visit.id, "reason": report.reason.id, "phase": report.phase, "urgency": report.urgency}
    record("incident.declared", actor, ("incident", incident.id), after=told)
    wires.react("incident opened", [visit], incident.id)
    alert_urgent(incident)
    return incident


def declared(actor: User, token: str) -> Incident | None:
    """Return what this person has reported with this form before: it is not refused, however late it comes again."""
    type_, number = person_of(actor)
    sent = Incident.declared_type == type_, Incident.declared_id == number, Incident.token == token
    return db.session.scalar(select(Incident).where(*sent))


def _as_sent(actor: User, twin: Incident, visit: Visit, report: Report) -> Incident:
    """Return what has arrived before, if it is what this form says: nothing of what somebody wrote goes in silence."""
    arrived = twin.visit_id, twin.reason_id, twin.phase, twin.urgency, twin.reported_how, twin.reported_by
    told = visit.id, report.reason.id, report.phase, report.urgency, report.reported_how, report.reported_by
    message = written(actor, twin.token)
    if arrived != told or message is None or not is_as_sent(message, report.first):
        raise Refused(_l("Your report had arrived as you first sent it. Send this one too if it says more."), "token")
    return twin


def _refuse_report(actor: User, visit: Visit, report: Report) -> None:
    if visit.state == VisitState.DRAFT:
        raise Refused(_l("This visit is a draft: nothing can have happened on it."), "state")
    if not is_staff(actor) and not is_open_to_report(visit):
        raise Refused(_l("Incidents on this visit cannot be reported here any more, or not yet."), "window")
    reason = report.reason
    if reason.service_id != visit.service_id or not reason.active:
        raise Refused(_l("Please choose one of the reasons offered."), "reason")
    if reason.phase not in (report.phase, Phase.BOTH):
        raise Refused(_l("This reason is not offered for this part of the visit."), "phase")


def follow_visits(actor: Actor | None, client: Client) -> None:
    """Keep the conversations of a client's incidents in the sectors of their visits, of which some have followed the
    client into another: incident, conversation and visit are always seen by the same staff."""
    own = select(Incident.thread_id).join(Visit, Visit.id == Incident.visit_id).where(Visit.client_id == client.id)
    of_visit = select(Visit.sector_id).join(Incident, Incident.visit_id == Visit.id)
    sector = of_visit.where(Incident.thread_id == Thread.id).correlate(Thread).scalar_subquery()
    take_along(actor, sector, Thread.id.in_(own))


def note_message(actor: User, thread: Thread, message: ThreadMessage) -> None:
    """What a new message means for the incident of its thread: when the agency answered first; that it is discussed
    once somebody else than who declared it has written."""
    if thread.topic != INCIDENT or message.internal or message.event:
        return
    incident = db.session.scalar(select(Incident).where(Incident.thread_id == thread.id))
    if incident is None:  # its first message: the incident follows
        return
    news: dict[str, object] = {}
    if is_staff(actor) and incident.answered_at is None and incident.declared_type != "staff":
        news["answered_at"] = message.at
    by_other = (incident.declared_type, incident.declared_id) != (message.author_type, message.author_id)
    if by_other and incident.state in (State.OPEN, State.REOPENED):
        news |= {"state": State.DISCUSSION, "state_at": message.at}
    if news:  # past the version: nobody has decided anything, and whoever is about to is not late
        rows_changed(update(Incident).where(Incident.id == incident.id).values(news))
        db.session.refresh(incident)


def note_rating(incident_id: int) -> None:
    """What its client says of the handling of an incident stands above its conversation. Whoever takes part and does
    not see it is not told that there is something."""
    thread_id = db.session.scalar(select(Incident.thread_id).where(Incident.id == incident_id))
    if thread_id is not None:
        raise_version(thread_id, shown=False)
