"""What the page of a complaint says: to staff, and to who complains."""

from datetime import date, datetime

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, pgettext

from portal.accounts.models import User
from portal.audit.queries import deeds_on
from portal.complaints.following import state_now
from portal.complaints.models import Channel, Complaint, Direction, Outcome
from portal.complaints.queries import BY_CLIENT
from portal.complaints.standing import State, due_on, in_time, is_answered, is_late
from portal.complaints.words import CHANNEL_LABELS, DIRECTION_LABELS, OUTCOME_LABELS, STATE_LABELS, badges
from portal.extensions import Fact, db, wires
from portal.i18n import language
from portal.incidents.models import Incident
from portal.incidents.queries import visible_incidents
from portal.people.records import client_of, worker_of
from portal.ratings.models import Rating, RatingSubject
from portal.roles import GRANTS, Permission
from portal.settings.queries import option
from portal.visits.queries import today, visit_of

DEEDS = {  # what one reads of them on the page, with a name and without; icon, tone
    "complaint.filed": (_l("Filed by %(name)s"), _l("Filed"), "megaphone", "neutral"),
    "complaint.changed": (_l("Changed by %(name)s"), _l("Changed"), "pencil", "neutral"),
    "complaint.acknowledged": (_l("Receipt acknowledged by %(name)s"), _l("Receipt acknowledged"), "check", "info"),
    "complaint.waiting": (_l("More time announced by %(name)s"), _l("More time announced"), "clock", "attention"),
    "complaint.answered": (_l("Answered by %(name)s"), _l("Answered"), "reply", "done"),
    "complaint.resolved": (_l("Closed by %(name)s"), lazy_pgettext("complaint", "Closed"), "circle-check", "done"),
    "complaint.reopened": (_l("Reopened by %(name)s"), _l("Reopened"), "undo-2", "attention"),
    "complaint.moved": (_l("Gone with its client into another sector, by %(name)s"),
                        _l("Gone with its client into another sector"), "git-branch", "neutral"),
}  # fmt: skip


def recourse() -> list[str]:
    """To whom one can turn who is not satisfied with the answer, in this order (domain.md §2.4). What there is beyond
    the agency depends on the country: only France's ways are known here."""
    ways = [_("First, the management of the agency: write or call.")]
    if option("agency.country") != "FR":
        return ways
    return [
        *ways,
        _("Then the “personne qualifiée” of your department, if your service is a social or medico-social one, or the "
          "consumer mediator of the agency (médiateur de la consommation): both are free of charge."),
        _("Then the authorities: the departmental council, the regional health agency (ARS), the DDPP for consumer "
          "matters."),
        _("At any time, the Défenseur des droits, who is independent and free of charge."),
    ]  # fmt: skip


def common(complaint: Complaint) -> dict:
    """What both pages say."""
    state = state_now(complaint)
    return {
        "complaint": complaint,
        "state": state,
        "badges": badges(state, late=is_late(complaint, state)),
        "subject": complaint.subject.label(language()),
        "answered": is_answered(complaint),
        "recourse": recourse() if complaint.direction in BY_CLIENT else [],
    }


def own_page(complaint: Complaint) -> dict:
    """What who complains reads: nothing of the agency's own deadlines but those that it promises."""
    said = common(complaint)
    about = {Direction.CLIENT_WORKER: complaint.worker, Direction.WORKER_CLIENT: complaint.client}
    person = about.get(Direction(complaint.direction))
    mark = STATE_LABELS[said["state"]]
    return {
        **said,
        "late": is_late(complaint, said["state"]),
        "badge_words": (mark, badges(said["state"], late=False)[0][1]),
        "about": person.name if person else None,
    }


def staff_page(user: User, complaint: Complaint) -> dict:
    """What staff read, and what they can do."""
    said = common(complaint)
    state, note = said["state"], complaint.note
    first, last = complaint.acknowledged_at, complaint.answered_at if said["answered"] else None
    may = Permission.HANDLE_COMPLAINTS in GRANTS[user.role]
    return {
        **said,
        "way": DIRECTION_LABELS[Direction(complaint.direction)],
        "channel": CHANNEL_LABELS[Channel(complaint.channel)],
        "outcome": OUTCOME_LABELS[Outcome(complaint.outcome)] if complaint.outcome else None,
        "owner": note.owner.name if note and note.owner else None,
        "due_on": due_on(complaint, state),
        "kept": (_kept(first, complaint.acknowledge_by, state), _kept(last, complaint.answer_by, state)),
        **_addresses(user, complaint),
        "incident": _incident(user, complaint),
        "history": _history(complaint),
        "deeds": _deeds(complaint, state) if may else [],
    }


def _kept(at: datetime | None, last: date, state: State) -> tuple[object, str] | None:
    """Whether a deadline was kept, in words with their tone; None while there is time, and of what nobody waits for."""
    if at is not None:
        return (_("In time"), "done") if in_time(at, last) else (_("Too late"), "danger")
    waits = state not in (State.ANSWERED, State.CLOSED)
    return (pgettext("complaint", "Overdue"), "danger") if waits and last < today() else None


def _addresses(user: User, complaint: Complaint) -> dict[str, str | None]:
    """The pages of the records that it names, for who may open them."""
    client, worker, visit = complaint.client_id, complaint.worker_id, complaint.visit_id
    return {
        "client_url": url_for("staff.show_client", client_id=client) if client and client_of(user, client) else None,
        "worker_url": url_for("staff.show_worker", worker_id=worker) if worker and worker_of(user, worker) else None,
        "visit_url": url_for("staff.show_visit", visit_id=visit) if visit and visit_of(user, visit) else None,
    }


def _incident(user: User, complaint: Complaint) -> tuple[str, str] | None:
    """What the incident is called of whose handling it was the low rating, and its page, for who may open it."""
    if complaint.rating_id is None or not option("incidents.enabled"):
        return None
    rated = visible_incidents(user).join(RatingSubject, RatingSubject.incident_id == Incident.id)
    found = db.session.scalar(rated.join(Rating, Rating.subject_id == RatingSubject.id)
                              .where(Rating.id == complaint.rating_id))  # fmt: skip
    return (found.label(language()), url_for("staff.show_incident", incident_id=found.id)) if found else None


def _deeds(complaint: Complaint, state: State) -> list[str]:
    """What can be done as it stands, the next thing first."""
    if state == State.CLOSED:
        return ["reopen"] if complaint.outcome else ["resolve", "reopen"]
    if state == State.ANSWERED:
        return ["resolve", "reopen"]
    first = [] if complaint.acknowledged_at else ["acknowledge"]
    return [*first, "answer", *([] if complaint.waiting_at else ["wait"]), "resolve"]


def _history(complaint: Complaint) -> list[Fact]:
    """What was done with it and by whom, oldest first."""
    deeds = [deed for deed in deeds_on("complaint", [complaint.id]) if deed.kind in DEEDS]
    names, facts = wires.names_of_actors(deeds), []
    for deed in deeds:
        by_somebody, by_itself, icon, tone = DEEDS[deed.kind]
        name = names.get(deed.id)
        facts.append(Fact(deed.at, str(by_somebody) % {"name": name} if name else str(by_itself), icon, tone))
    return facts
