"""The mails that ask for a rating and remind of it: still wanted? to whom? what do they say?"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.extensions import db, wires
from portal.outbox.letters import Letter
from portal.outbox.models import OPEN, Drop, Message, MessageKind, Postpone, Recipient
from portal.people.models import Client, Relative
from portal.ratings import letters
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.ratings.queries import is_asked_anew, is_open, rating_of
from portal.ratings.reach import language_of, person_to_ask, way_to
from portal.ratings.requests import promise_reminder
from portal.ratings.standing import has_stopped
from portal.ratings.survey import asked_about
from portal.ratings.timing import opening_after, too_old_from
from portal.ratings.turns import is_first_of_a_worker, why_not_now
from portal.settings.queries import option
from portal.visits.models import State, Visit, VisitWorker

_visit = joinedload(RatingRequest.subject, innerjoin=True).joinedload(RatingSubject.rated_visit)
_WITH_ITS_VISIT = select(RatingRequest).options(  # all that decision and mail read of it, in two statements, not eight
    _visit.joinedload(Visit.client, innerjoin=True).joinedload(Client.account),
    _visit.joinedload(Visit.service, innerjoin=True),
    _visit.selectinload(Visit.sent).joinedload(VisitWorker.worker, innerjoin=True),
).where(RatingRequest.message_id == bindparam("message_id"))  # fmt: skip


def recipient_of(client: Client) -> Recipient | None:
    """To whom the message about a client's visits would go now."""
    return reached(person_to_ask(client))


def as_recipient(person: Client | Relative | None) -> Recipient | None:
    """The person as somebody who gets a mail, in the language that they read."""
    return Recipient(str(person.email), person.name, language_of(person)) if person else None


def reached(person: Client | Relative | None) -> Recipient | None:
    """The person as somebody who gets a message by the way that is theirs."""
    way = way_to(person) if person else None
    return Recipient(way[1], person.name, language_of(person), way[0]) if person and way else None


def reader(message: Message) -> Recipient | None:
    """Who would be asked now."""
    return recipient_of(_request_of(message).subject.visit.client)


def _request_of(message: Message) -> RatingRequest:
    """The request that a message carries. The decision reads it, and the mail is written from what was read."""
    request = db.session.scalars(_WITH_ITS_VISIT, {"message_id": message.id}).one()
    db.session.info["request in hand"] = request
    return request


def _read_before(message: Message) -> RatingRequest:
    held = db.session.info.get("request in hand")
    return held if held and held.message_id == message.id and held in db.session else _request_of(message)


def decide(message: Message) -> Recipient | Drop | Postpone:
    """Asked in the transaction of each attempt: to whom does it go, why not, or when?

    What staff send again by hand leaves at once, whatever the agency's pace; never against the client's word.
    """
    request = _request_of(message)
    person = person_to_ask(request.subject.visit.client)
    recipient = reached(person)
    refusal = why_not_request(request, person, recipient, rating_of(request.subject))
    if refusal or recipient is None:
        return refusal or Drop("suppressed", "no_address")
    pace = _why_not_reminded_now if request.reminds_id else _why_not_asked_now
    if not message.resends and (wait := pace(request)):
        return wait
    moment = clock.now()
    expires_at = moment + timedelta(days=option("ratings.link_days"))
    if not request.again:  # who is asked by hand is not reminded by a machine
        promise_reminder(request, moment, expires_at)
    request.relative_id = person.id if isinstance(person, Relative) else None
    request.asked_at, request.expires_at = moment, expires_at  # last: what has changed is kept for the mail's writing
    return recipient


def why_not_request(
    request: RatingRequest, person: Client | Relative | None, recipient: Recipient | None, rating: Rating | None
) -> Drop | None:
    """Why a request to a person, at the address of a recipient, is not wanted as things stand, whatever the agency's
    pace; changes nothing."""
    subject, visit = request.subject, request.subject.visit
    state = visit.state if subject.visit_id else State.DONE  # what was handled need not have taken place
    rated = request.answered_at or (rating and not is_asked_anew(request, rating))
    reasons = {
        ("suppressed", "module_off"): not is_open(),
        ("suppressed", "incidents_off"): subject.incident_id and not option("incidents.enabled"),
        ("cancelled", "visit_cancelled"): state == State.CANCELLED,
        ("cancelled", "superseded"): state != State.DONE or request.revoked_at,
        ("cancelled", "already_rated"): rated,
        ("suppressed", "inactive"): not visit.client.active,
        ("cancelled", "incident_open"): _is_disputed(subject),
        ("suppressed", "opted_out"): recipient and has_stopped(person, recipient.address),
    }
    return next((Drop(*reason) for reason, holds in reasons.items() if holds), None)


def _is_disputed(subject: RatingSubject) -> bool:
    """Whether what is asked about is not settled: an incident on the visit, or the one whose handling it is."""
    if subject.incident_id:
        return wires.is_incident_open(subject.incident_id)
    return wires.has_open_incident(subject.visit.id)


def _why_not_asked_now(request: RatingRequest) -> Drop | Postpone | None:
    """What the agency's pace has against it: age, the window, and whose turn it is. By hand only the window counts."""
    moment = clock.now()
    if not request.again and too_old_from(request.subject.ended_at) < moment:
        return Drop("suppressed", "too_old")
    by_pace = not (request.again or request.subject.incident_id)
    if by_pace and option("ratings.ask_mode") == "first" and not is_first_of_a_worker(request.subject):
        return Drop("suppressed", "not_first")
    opening = opening_after(moment)
    if opening > moment:
        return Postpone(opening, "window")
    return why_not_now(request) if by_pace else None


def _why_not_reminded_now(request: RatingRequest) -> Drop | Postpone | None:
    """Reminded is who was really asked, some days ago. Reminders take no turns."""
    if drop := _why_not_reminded(request):
        return drop
    days, moment = option("ratings.reminder_days"), clock.now()
    first = db.session.get_one(RatingRequest, request.reminds_id).message
    opening = opening_after(max((first.sent_at or moment) + timedelta(days=days), moment))
    return Postpone(opening, "window") if opening > moment else None


def _why_not_reminded(request: RatingRequest) -> Drop | None:
    if not option("ratings.reminder_days"):
        return Drop("cancelled", "reminder_off")
    first = db.session.get_one(RatingRequest, request.reminds_id).message
    if first.sent_at is None and first.state not in (*OPEN, "sending"):
        return Drop("cancelled", "not_left")
    return None


def why_not(message: Message) -> Drop | None:
    """Why a mail that waits would be dropped as things stand, whatever the pace; changes nothing."""
    request = _on_the_page(RatingRequest, "message_id", message.id)
    if request is None:
        request = db.session.scalars(select(RatingRequest).where(RatingRequest.message_id == message.id)).one()
    rating = _on_the_page(Rating, "subject_id", request.subject_id) or rating_of(request.subject)
    person = person_to_ask(request.subject.visit.client)
    recipient = reached(person)
    if drop := why_not_request(request, person, recipient, rating):
        return drop
    if recipient is None:
        return Drop("suppressed", "no_address")
    return _why_not_reminded(request) if request.reminds_id and not message.resends else None


def _on_the_page(kind: type, column: str, value: int) -> Any:
    """A row that the page of a visit has read already, or None: it asks this of each message that waits."""
    rows = (row for row in db.session.identity_map.values() if isinstance(row, kind))
    return next((row for row in rows if row.__dict__.get(column) == value), None)


def context(message: Message, token: Callable[[str, str], str]) -> dict:
    request = _read_before(message) if message.state == "sending" else _request_of(message)
    subject, visit = request.subject, request.subject.visit
    link = token("rate", message.public_id)
    workers = visit.workers if subject.visit_id else []  # of an incident, nobody's name is mailed
    return letters.facts(
        visit, workers, asked_about(subject).question, link, token("unsubscribe", message.public_id),
        again=request.again and rating_of(subject) is not None, expires_at=request.expires_at,
    )  # fmt: skip


def _kind(name: str, label: object, letter: Letter, *governed_by: str) -> MessageKind:
    return MessageKind(
        f"ratings.{name}", label, f"rating_{name}", reader, decide, context, why_not=why_not, may_unsubscribe=True,
        letter=letter, governed_by=("ratings.enabled", "ratings.client_ratings", *governed_by),
    )  # fmt: skip


REQUEST = _kind("request", _l("Rating request"), letters.ASKING, "ratings.ask_mode")
REMINDER = _kind("reminder", _l("Reminder of a rating request"), letters.REMINDING, "ratings.reminder_days")
HANDLING = _kind(
    "handling", _l("Request to rate how an incident was handled"), letters.ABOUT_HANDLING, "incidents.enabled"
)
HANDLING_REMINDER = _kind(
    "handling_reminder", _l("Reminder to rate how an incident was handled"), letters.ABOUT_HANDLING,
    "incidents.enabled", "ratings.reminder_days",
)  # fmt: skip
