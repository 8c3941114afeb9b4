"""Reporting an adverse event."""

from base64 import b32encode
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from itertools import chain

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.alerts import alert_severe, is_severe
from portal.adverse_events.models import AdverseEvent, Concerned, Informed, Mode, Reporter
from portal.adverse_events.moments import refuse_times
from portal.adverse_events.queries import may_open
from portal.adverse_events.report import Report, Subjects, refuse_values, subjects_of
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db
from portal.files.actions import forget_author, keep
from portal.files.models import Attachment
from portal.files.names import offered_name
from portal.i18n import local
from portal.incidents.following import Closing, move_incident
from portal.incidents.models import Incident, Outcome
from portal.incidents.models import State as IncidentState
from portal.notes.actions import follow
from portal.notes.models import Note, Origin, Priority
from portal.people.models import Staff
from portal.people.queries import staff_responsible_for
from portal.settings.queries import option
from portal.threads.actions import person_of

# within which somebody takes it up (`domain.md` §1.8: acknowledged within a day, a severe one within two hours)
TO_ACKNOWLEDGE, TO_ACKNOWLEDGE_SEVERE = timedelta(hours=24), timedelta(hours=2)
NOTE_CATEGORY = "N02"  # follow-up of an adverse event
MOST_AT_ONCE = 20  # reports that may want the same number


@dataclass(frozen=True)
class Declared:
    """A report that has arrived. `code` opens the answer to an anonymous one; only who sent it can have it."""

    event: AdverseEvent
    code: str | None


def declare_event(actor: User, report: Report) -> Declared:
    """Report an adverse event. It gets a number, a note that follows it in the client's and in the worker's record, and
    alerts if it is severe. Of a confidential report who reported it is kept apart, of an anonymous one not at all.

    Returns:
        The event; the one that is there already if this form was sent before.

    Raises:
        Refused: with the name of the field as its code.
    """
    if twin := declared(report.token):
        return twin
    refuse_values(report)
    refuse_times(report.discovered_at, report.occurred_at, report.occurred_until)
    subjects = subjects_of(actor, report)
    event = _event(report, subjects)
    if not _is_numbered(event):
        if twin := declared(report.token):
            return twin
        raise Refused(_l("Too many reports came in at the same moment. Please send it again."), "token")
    event.categories = list(subjects.categories)
    event.people = [Concerned(role=one.role, name=one.name) for one in report.people]
    event.informed = [Informed(**vars(one)) for one in report.informed]
    event.files = _files(actor, report)
    _keep_reporter(actor, event, report)
    event.note = _note(event)
    db.session.flush()
    _write_down(actor, event)
    if report.incident_id is not None:
        _requalify(actor, event)
    alert_severe(event)
    return Declared(event, code_of(report.token) if report.mode == Mode.ANONYMOUS else None)


def declared(token: str) -> Declared | None:
    """What was reported with this form before; who has its token has sent it."""
    event = db.session.scalar(select(AdverseEvent).where(AdverseEvent.token == kept_token(token)))
    return event and Declared(event, code_of(token) if event.mode == Mode.ANONYMOUS else None)


def kept_token(token: str) -> str:
    """What is kept of a form's token: it knows the form when it comes again, and leads back to nobody's draft."""
    return sha256(f"sent:{token}".encode()).hexdigest()


def code_of(token: str) -> str:
    """The code that opens the answer to an anonymous report, as it is shown once: `7KQF-…`. A form that is sent twice
    has the same; from what the database holds nobody can make it."""
    letters = b32encode(sha256(f"code:{token}".encode()).digest()).decode()[:16]
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def hash_of_code(code: str) -> str:
    """By which an event is found from a code, however it is typed: case, blanks and dashes do not matter."""
    typed = "".join(sign for sign in code.upper() if sign.isalnum())
    return sha256(f"event:{typed}".encode()).hexdigest()


def _event(report: Report, subjects: Subjects) -> AdverseEvent:
    code = hash_of_code(code_of(report.token)) if report.mode == Mode.ANONYMOUS else None
    visit = subjects.visit
    return AdverseEvent(
        year=local(clock.now()).year, token=kept_token(report.token), mode=report.mode,
        capacity="other" if code else report.capacity, short=report.short, code_hash=code,
        sector_id=subjects.sector_id, client_id=report.client_id,
        worker_id=report.worker_id, supervisor_id=report.supervisor_id, visit_id=report.visit_id,
        service_id=visit.service_id if visit else None, incident_id=report.incident_id, occurred_at=report.occurred_at,
        occurred_until=report.occurred_until, discovered_at=report.discovered_at,
        day=report.occurred_at or report.discovered_at, place=report.place, place_note=report.place_note,
        nature=report.nature, other_category=report.other_category, facts=report.facts, witnesses=report.witnesses,
        happened_before=report.happened_before, before_note=report.before_note, consequences=list(report.consequences),
        severity=report.severity, potential=report.potential, measures=list(report.measures),
        measures_note=report.measures_note,
    )  # fmt: skip


def _is_numbered(event: AdverseEvent) -> bool:
    """Keep it under the next number of its year; of two at once, whoever comes second takes the number after. False if
    the same form was faster, and keeps its own."""
    taken = select(AdverseEvent.id).where(AdverseEvent.token == event.token)
    for _attempt in range(MOST_AT_ONCE):
        last = select(func.max(AdverseEvent.number)).where(AdverseEvent.year == event.year)
        event.number = (db.session.scalar(last) or 0) + 1
        try:
            with db.session.begin_nested():
                db.session.add(event)
                db.session.flush()
        except IntegrityError:
            if db.session.scalar(taken):
                return False
            continue
        return True
    return False


def _files(actor: User, report: Report) -> list[Attachment]:
    """What was attached: some of it is kept already, with the draft. Of a report without a name nobody has sent it, its
    files do not say who made them, and they are called by their number: a name that somebody gave them could be
    theirs."""
    kept = [file for file in report.files if isinstance(file, Attachment) and file.id]
    files = kept + keep(actor, [file for file in report.files if file not in kept])
    if report.mode != Mode.NAMED:
        for number, file in enumerate(files, 1):
            forget_author(file)
            file.account_id, file.name = None, offered_name(str(number), file.media_type)
    return files


def _keep_reporter(actor: User, event: AdverseEvent, report: Report) -> None:
    if report.mode == Mode.ANONYMOUS:
        return
    type_, number = (None, None) if report.typed_for else person_of(actor)
    db.session.add(Reporter(
        event_id=event.id, person_type=type_, person_id=number, phone=report.phone, email=report.email,
        name=report.name if report.typed_for else actor.name, typed_id=actor.staff_id if report.typed_for else None,
    ))  # fmt: skip


def _note(event: AdverseEvent) -> Note:
    """The reminder that follows it, linked both ways: finished, the event is dealt with."""
    severe, moment = is_severe(event), clock.now()
    with force_locale(option("agency.language")):
        title = _("Adverse event %(reference)s", reference=event.reference)
    owner = _owner(event)
    return follow(
        Origin.EVENT, event.id, title=title, client_id=event.client_id, worker_id=event.worker_id,
        owner_id=owner.id if owner else None,
        remind_at=moment + (TO_ACKNOWLEDGE_SEVERE if severe else TO_ACKNOWLEDGE), category_code=NOTE_CATEGORY,
        priority=Priority.URGENT if severe else Priority.NORMAL, alert=severe,
    )  # fmt: skip


def _owner(event: AdverseEvent) -> Staff | None:
    """Who has it in hand at first: its supervisor, else the manager of the client's file, else who answers for the
    sector. Only somebody who may read it."""
    manager_id = event.client.file_manager_id if event.client else None
    first = [db.session.get(Staff, number) for number in (event.supervisor_id, manager_id) if number]
    asked = chain((one for one in first if one), staff_responsible_for(event.sector_id))
    return next((one for one in asked if may_open(one, event)), None)


def _write_down(actor: User, event: AdverseEvent) -> None:
    """The entry in the journal; of whom it keeps only who gave their name."""
    told = {"mode": event.mode, "client": event.client_id, "worker": event.worker_id, "nature": event.nature,
            "severity": event.severity, "potential": event.potential, "note": event.note_id}  # fmt: skip
    who = actor if event.mode == Mode.NAMED else None
    record("event.reported", who, ("adverse_event", event.id), after=told)


def _requalify(actor: User, event: AdverseEvent) -> None:
    """Close the incident that it was: participants read in their conversation that it is closed, staff why."""
    incident = db.session.get_one(Incident, event.incident_id)
    if incident.state == IncidentState.CLOSED:
        return
    with force_locale(option("agency.language")):
        why = _("Requalified as adverse event %(reference)s", reference=event.reference)
    move_incident(actor, incident, IncidentState.CLOSED, incident.version, Closing(Outcome.OTHER, why))
