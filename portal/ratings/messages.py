"""The mail that asks for a rating: still wanted? to whom? what does it say?"""

from collections.abc import Callable
from datetime import timedelta
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from portal import clock
from portal.extensions import db
from portal.forms import STAR_WORDS
from portal.links import external_url
from portal.outbox.models import Drop, Message, MessageKind, Postpone, Recipient
from portal.people.models import Client, Relative
from portal.ratings.models import RatingRequest, RatingSubject
from portal.ratings.queries import has_stopped, is_open, person_to_ask, question, rating_of
from portal.ratings.timing import next_opening
from portal.settings.queries import option
from portal.visits.models import State, Visit, VisitWorker

_visit = joinedload(RatingRequest.subject, innerjoin=True).joinedload(RatingSubject.visit, innerjoin=True)
_WITH_ITS_VISIT = select(RatingRequest).options(  # all that decision and mail read of it, in two statements, not eight
    _visit.joinedload(Visit.client, innerjoin=True).joinedload(Client.account),
    _visit.joinedload(Visit.service, innerjoin=True),
    _visit.selectinload(Visit.sent).joinedload(VisitWorker.worker, innerjoin=True),
)


def recipient_of(client: Client) -> Recipient | None:
    """To whom the mail about a client's visits would go now."""
    person = person_to_ask(client)
    return Recipient(str(person.email), person.name, _language(person)) if person else None


def _language(person: Client | Relative) -> str:
    """What the person chose on the portal comes before what the agency noted in the file."""
    chosen = person.account.language if person.account else None
    return chosen or person.language or option("agency.language")


def reader(message: Message) -> Recipient | None:
    """Who would be asked now."""
    request = db.session.scalars(_WITH_ITS_VISIT.where(RatingRequest.message_id == message.id)).one()
    return recipient_of(request.subject.visit.client)


def decide(message: Message) -> Recipient | Drop | Postpone:
    """Asked in the transaction of each attempt: to whom does it go, why not, or when?"""
    request = db.session.scalars(_WITH_ITS_VISIT.where(RatingRequest.message_id == message.id)).one()
    subject, moment = request.subject, clock.now()
    recipient = recipient_of(subject.visit.client)
    reason = _why_not(request, recipient)
    if reason or recipient is None:
        return reason or Drop("suppressed", "no_address")
    opening = next_opening(moment, option("ratings.request_window"), ZoneInfo(option("agency.zone")))
    if opening > moment:
        return Postpone(opening)
    request.asked_at, request.expires_at = moment, moment + timedelta(days=option("ratings.link_days"))
    return recipient


def _why_not(request: RatingRequest, recipient: Recipient | None) -> Drop | None:
    subject = request.subject
    if not is_open():
        return Drop("suppressed", "module_off")
    if subject.visit.state != State.DONE:
        return Drop("cancelled", "visit_cancelled")
    if request.answered_at or rating_of(subject):
        return Drop("cancelled", "already_rated")
    if not subject.visit.client.active:
        return Drop("suppressed", "inactive")
    if recipient and has_stopped(person_to_ask(subject.visit.client), recipient.address):
        return Drop("suppressed", "opted_out")
    return None


def context(message: Message, token: Callable[[str, str], str]) -> dict:
    request = db.session.scalars(select(RatingRequest).where(RatingRequest.message_id == message.id)).one()
    visit = request.subject.visit
    link = token("rate", message.public_id)
    workers = [worker.name for worker in visit.workers]
    return {
        "client_name": visit.client.name,
        "worker_names": ", ".join(workers),
        "worker_first_name": visit.workers[0].first_name if workers else None,
        "service": visit.service.name,
        "starts_at": visit.starts_at,
        "question": question(),
        "words": STAR_WORDS,
        "star_urls": {stars: external_url("open.rate", token=link, stars=stars) for stars in STAR_WORDS},
        "offer_zero": option("ratings.offer_zero"),
        "unsubscribe_url": external_url("open.unsubscribe", token=token("unsubscribe", message.public_id)),
        "link_days": option("ratings.link_days"),
    }


REQUEST = MessageKind(
    name="ratings.request",
    label=_l("Rating request"),
    template="rating_request",
    reader=reader,
    decide=decide,
    context=context,
    may_unsubscribe=True,
    extra_copies=1,
)
