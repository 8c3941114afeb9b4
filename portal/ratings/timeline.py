"""What was said of a visit, and who was asked about it: lines of the timeline on the staff's page of the visit."""

from collections.abc import Container, Iterator, Sequence
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, and_, select, true, union

from portal.accounts.models import User
from portal.extensions import Fact, db
from portal.outbox.models import Message
from portal.outbox.panels import facts_of
from portal.outbox.queries import REASON_LABELS
from portal.ratings.models import FormerRating, Rating, RatingRequest, RatingSubject, SuspectAnswer
from portal.ratings.panels import subject_and_rating
from portal.ratings.queries import is_low, may_open_file
from portal.ratings.reach import way_of_requests
from portal.ratings.standing import Word, standing_of
from portal.ratings.words import in_words
from portal.settings.queries import option, values_at
from portal.visits.models import State, Visit
from portal.visits.queries import deeds_of

DEEDS = {  # the sentence, icon, tone
    "rating.looked_at": (_l("%(name)s took note of it"), "eye", "info"),
    "rating.asked_again": (_l("%(name)s asked the client for a rating"), "send", "info"),
    "rating.called_back": (_l("%(name)s called the client back"), "phone", "done"),
    "rating.replied": (_l("%(name)s answered the client"), "reply", "done"),
    "rating.excluded": (_l("%(name)s excluded the rating from the statistics"), "x", "attention"),
    "visit.link_made": (_l("%(name)s made a link for the client"), "globe", "info"),
    "visit.link_renewed": (_l("%(name)s made a new link for the client and closed the former one"), "globe", "info"),
    "rating.included": (_l("%(name)s had the rating counted again"), "undo-2", "info"),
}
LINKS = ("visit.link_made", "visit.link_renewed")  # also where nothing can be rated, and before the visit is done


def timeline_facts(user: User, visit: Visit) -> list[Fact]:
    """What staff did, as soon as they have; asked or not and why, left, reminded, answered, changed; in no order."""
    rates = option("ratings.enabled")
    facts = list(_deeds(visit, DEEDS if rates else LINKS))
    found = subject_and_rating(visit) if rates else None
    return facts + _about(user, visit, *found) if found else facts


def _about(user: User, visit: Visit, subject: RatingSubject, rating: Rating | None) -> list[Fact]:
    rows = db.session.execute(_told(subject, rating)).all()
    asked = list({row.RatingRequest.id: row.RatingRequest for row in rows if row.RatingRequest}.values())
    suspected = {row.SuspectAnswer.id: row.SuspectAnswer for row in rows if row.SuspectAnswer}
    messages = {row.Message.id: row.Message for row in rows if row.Message}
    facts = facts_of(user, list(messages.values()))
    facts += map(_suspected, suspected.values())
    facts += _closed_links(asked)
    facts += _left_out(asked)
    facts += _said(rating) if rating else []
    reached = way_of_requests(visit.client) if may_open_file(user, visit) else None
    said = standing_of(reached[0], reached[2]).history if reached else []
    facts += [_chosen(word) for word in said if word.at >= subject.ended_at]
    if visit.state == State.DONE and all(one.revoked_at or one.again for one in asked):
        facts.append(_not_asked(visit))
    return facts


def _told(subject: RatingSubject, rating: Rating | None) -> Select:
    """Select the mails that asked for a rating, told of the visit or of the rating, with the requests that they
    carried, and the answers that were not counted."""
    about = [("rating_subject", subject.id), *([("rating", rating.id)] if rating else [])]
    ids = union(
        select(RatingRequest.message_id.label("id")).where(RatingRequest.subject_id == subject.id),
        *(select(Message.id).where(Message.subject_type == kind, Message.subject_id == one) for kind, one in about),
    ).subquery()
    carried = and_(RatingRequest.message_id == Message.id, RatingRequest.subject_id == RatingSubject.id)
    return (
        select(Message, RatingRequest, SuspectAnswer)
        .select_from(RatingSubject)
        .outerjoin(ids, true())
        .outerjoin(Message, Message.id == ids.c.id)
        .outerjoin(RatingRequest, carried)
        .outerjoin(SuspectAnswer, SuspectAnswer.subject_id == RatingSubject.id)
        .where(RatingSubject.id == subject.id)
        .order_by(Message.id)
    )


def _said(rating: Rating) -> Iterator[Fact]:
    """The rating and each change of it."""
    values: list[tuple[datetime, Rating | FormerRating]] = [(one.left_at, one) for one in rating.former]
    values.append((rating.said_at, rating))
    for number, (at, said) in enumerate(values):
        words, stars = {"name": said.author_name or _("Somebody"), "stars": said.stars}, said.stars
        ways = {"mail": _("by the link in the mail"), "sms": _("by the link in the text message")}
        way = in_words(said) or ways.get(said.channel) or _("on the portal")
        tone = "attention" if is_low(stars) else "done"
        if number:
            yield Fact(at, _("%(name)s changed the rating to %(stars)s out of 5", **words), "pencil", tone, way)
        else:
            yield Fact(at, _("%(name)s rated the visit: %(stars)s out of 5", **words), "star", tone, way)


def _deeds(visit: Visit, kinds: Container[str]) -> Iterator[Fact]:
    """What staff did about the rating, beside typing one, and about the link."""
    for deed, name in deeds_of(visit):
        if deed.kind in DEEDS and deed.kind in kinds:
            sentence, icon, tone = DEEDS[deed.kind]
            yield Fact(deed.at, str(sentence) % {"name": name or _("Somebody")}, icon, tone)


def _suspected(answer: SuspectAnswer) -> Fact:
    text = _("An answer of %(stars)s out of 5 came that no person can have given: not counted", stars=answer.stars)
    return Fact(answer.at, text, "shield-alert", "attention")


def _left_out(asked: Sequence[RatingRequest]) -> Iterator[Fact]:
    """Weekly mails that left without this visit, or will."""
    for one in asked:
        if one.left_out:
            reason = str(REASON_LABELS.get(one.left_out, one.left_out))
            text = _("The weekly mail does not ask about this visit")
            yield Fact(one.message.due_at, text, "mail", "attention", note=reason, timed=False)


def _closed_links(requests: Sequence[RatingRequest]) -> Iterator[Fact]:
    """One line for a mail and its reminder: their links are closed together."""
    for at in {request.revoked_at for request in requests if request.revoked_at and request.asked_at}:
        yield Fact(at, _("The link in the message was closed"), "lock")


def _chosen(word: Word) -> Fact:
    text = _("Rating requests are wanted again") if word.wanted else _("No more rating requests are wanted")
    return Fact(word.at, text, "bell" if word.wanted else "x", "info", word.way)


def _not_asked(visit: Visit) -> Fact:
    """That no mail was promised when the visit was marked as done, and what alone was the reason: the agency took no
    ratings at that time; else an import, which asks nobody unless somebody ticks it."""
    done = [deed.at for deed, _name in deeds_of(visit) if deed.kind == "visit.done"]
    at = done[-1] if done else visit.closed_at or visit.starts_at
    was = values_at(("ratings.enabled", "ratings.client_ratings"), at)
    if not was["ratings.enabled"]:
        note = _("The quality follow-up was switched off at that time.")
    elif not was["ratings.client_ratings"]:
        note = _("Client ratings were switched off at that time.")
    else:
        note = _("An import marked the visit as done, and nobody ticked there that its client is asked.")
    return Fact(at, _("The client was not asked"), "x", "neutral", note)
