"""The weekly mail when it leaves: what of it is still to be asked, to whom, and what it says."""

from collections.abc import Callable
from datetime import timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import joinedload, selectinload

from portal import clock
from portal.extensions import db
from portal.outbox.models import Drop, Message, MessageKind, Postpone, Recipient
from portal.people.models import Client, Relative
from portal.ratings import letters
from portal.ratings.messages import as_recipient, why_not_request
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.ratings.reach import person_to_mail
from portal.ratings.survey import asked_about
from portal.ratings.tallies import follow
from portal.ratings.timing import digest_after, opening_after
from portal.ratings.turns import ASKED, DIGEST
from portal.settings.queries import option
from portal.visits.models import Visit, VisitWorker

# between two weekly mails: one that left late, after an outage, does not push the next one out of its week
PAUSE = timedelta(days=3)
_visit = joinedload(RatingRequest.subject, innerjoin=True).joinedload(RatingSubject.rated_visit)
_WITH_VISITS = (
    _visit.joinedload(Visit.client, innerjoin=True).joinedload(Client.account),
    _visit.joinedload(Visit.service, innerjoin=True),
    _visit.selectinload(Visit.sent).joinedload(VisitWorker.worker, innerjoin=True),
    selectinload(RatingRequest.message),
)


def requests_of(message: Message) -> list[RatingRequest]:
    """What a weekly mail holds, in the order of the visits."""
    chosen = select(RatingRequest).where(RatingRequest.message_id == message.id).options(*_WITH_VISITS)
    return sorted(db.session.scalars(chosen), key=lambda one: (one.subject.ended_at, one.id))


def reader(message: Message) -> Recipient | None:
    """By mail alone, whoever gets text messages: it is too long for one."""
    return as_recipient(person_to_mail(requests_of(message)[0].subject.visit.client))


def _reasons(requests: list[RatingRequest], person: Client | Relative, recipient: Recipient) -> dict[int, Drop | None]:
    """Why each request is not asked any more, by its number; None of those that are."""
    subjects = [one.subject_id for one in requests]
    ratings = {one.subject_id: one for one in db.session.scalars(select(Rating).where(Rating.subject_id.in_(subjects)))}
    last = select(RatingRequest.subject_id, func.max(RatingRequest.round)).group_by(RatingRequest.subject_id)
    rounds = dict(db.session.execute(last.where(RatingRequest.subject_id.in_(subjects))).all())
    return {
        one.id: Drop("cancelled", "asked_again") if rounds[one.subject_id] > one.round
        else why_not_request(one, person, recipient, ratings.get(one.subject_id))
        for one in requests
    }  # fmt: skip


def decide(message: Message) -> Recipient | Drop | Postpone:
    """Asked in the transaction of each attempt. What is not to be asked any more drops out; nothing left, nothing
    leaves. A mail a week, whatever the pause between two requests; nobody is reminded of it."""
    requests = requests_of(message)
    person = person_to_mail(requests[0].subject.visit.client)
    recipient = as_recipient(person)
    if recipient is None or person is None:
        return Drop("suppressed", "no_address")
    if message.resends:
        for one in requests:
            one.left_out = None
    elif wait := _not_yet(message, requests):
        return wait
    reasons = _reasons([one for one in requests if one.left_out is None], person, recipient)
    for one in requests:
        if drop := reasons.get(one.id):
            one.left_out = drop.reason
    asked = [one for one in requests if one.left_out is None]
    if not asked:
        said = {one.left_out for one in requests}
        return Drop("suppressed", str(said.pop()) if len(said) == 1 else "nothing_to_ask")
    if len(asked) < len(requests) or message.resends:  # what drops out is known from now on, whatever the server says
        follow([one.subject_id for one in requests])
    moment = clock.now()
    for one in asked:
        one.relative_id = person.id if isinstance(person, Relative) else None
        one.asked_at, one.expires_at = moment, moment + timedelta(days=option("ratings.link_days"))
    return recipient


def _not_yet(message: Message, requests: list[RatingRequest]) -> Postpone | None:
    """The window, or another weekly mail that has just left or is leaving: two processes that send at the same time
    see each other's, since the client's row is locked."""
    moment = clock.now()
    if (opening := opening_after(moment)) > moment:
        return Postpone(opening, "window")
    client_id = requests[0].subject.client_id
    db.session.execute(select(Client.id).where(Client.id == client_id).with_for_update(key_share=True))
    others = (
        select(func.max(RatingRequest.asked_at))
        .join(Message, Message.id == RatingRequest.message_id)
        .join(RatingSubject, RatingSubject.id == RatingRequest.subject_id)
        .where(Message.kind == DIGEST, Message.id != message.id, Message.state.in_(ASKED))
    )
    last = db.session.scalar(others.where(RatingSubject.client_id == client_id))
    if last and last + PAUSE > moment:
        return Postpone(digest_after(last + PAUSE), "asked_recently")
    return None


def context(message: Message, token: Callable[[str, str], str]) -> dict:
    requests = requests_of(message)
    client = requests[0].subject.visit.client
    asked = [one for one in requests if one.left_out is None]
    visits = [
        (one.subject.visit, asked_about(one.subject).question, token("rate", str(one.public_id))) for one in asked
    ]
    expires_at = asked[0].expires_at if asked else None
    return letters.facts_of_week(client.name, visits, token("unsubscribe", message.public_id), expires_at)


WEEKLY = MessageKind(
    DIGEST, _l("Weekly rating request"), "rating_digest", reader, decide, context,
    may_unsubscribe=True, letter=letters.WEEKLY,
    governed_by=("ratings.enabled", "ratings.client_ratings", "ratings.ask_mode"),
)  # fmt: skip
