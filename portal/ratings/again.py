"""*Redemander une évaluation*: staff ask a client by hand, perhaps anew about what is rated: after a repair, say.

The agency's pace does not stop them (the question says when the client was last asked); the client's word does, and
messages leave at its hours only. Of what is rated, the former and the new value are both kept.
"""

from dataclasses import dataclass
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, insert, select, update

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, rows_changed, wires
from portal.i18n import local
from portal.outbox.actions import PATIENCE, Order, cancel, schedule
from portal.outbox.models import MAIL, SMS
from portal.outbox.suppression import is_suppressed, refusals
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.ratings.queries import is_open
from portal.ratings.reach import nobody_asked, way_of_messages
from portal.ratings.requests import key_of
from portal.ratings.sharing import leave_out
from portal.ratings.standing import has_stopped
from portal.ratings.tallies import follow, move_noted
from portal.ratings.timing import opening_after
from portal.ratings.values import messages_of, refuse_unless_done, refuse_unless_file_is_open

_NOT_TRIED = {
    MAIL: _l("The address refused two messages and is not tried any more: correct it in the file first."),
    SMS: _l("The number refused two text messages and is not tried any more: correct it in the file first."),
}


@dataclass(frozen=True)
class Question:
    """What staff read before they ask.

    Attributes:
        name, address, channel: whom the message goes to, and how.
        last_asked: when the client was last asked about any visit.
        leaves_at: now, or when the agency's hours begin.
        stars: of the present rating; None when there is none.
        rounds: how many requests there are: who sees an older number than there is has been overtaken.
    """

    name: str
    address: str
    channel: str
    last_asked: datetime | None
    leaves_at: datetime
    stars: int | None
    rounds: int

    @property
    def is_later(self) -> bool:
        return self.leaves_at > clock.now()


def question_of(user: User, subject: RatingSubject | None, rating: Rating | None) -> Question:
    """Return what there is to know before a client is asked by hand.

    Raises:
        Refused: nobody can or may be asked, in words.
    """
    done = refuse_unless_done(subject)
    refuse_unless_file_is_open(user, done.visit)
    if not is_open():
        raise Refused(_l("Client ratings are switched off, so nobody can be asked."), "off")
    client = done.visit.client
    if not client.active:
        raise Refused(_l("The client’s file is closed, so nobody is asked."), "inactive")
    reached = way_of_messages(client)
    if reached is None:
        raise Refused(nobody_asked(by_hand=True), "no-address")
    person, channel, address = reached
    if has_stopped(person, address):
        raise Refused(_l("This person wants no rating requests, and must not be asked."), "opted-out")
    if is_suppressed(refusals(address)):
        raise Refused(_NOT_TRIED[channel], "not-tried")
    if wires.has_open_incident(done.visit.id):
        raise Refused(_l("An incident on this visit is open: nobody is asked until it is settled."), "incident")
    return Question(
        person.name, address, channel, _last_asked(done.client_id), opening_after(clock.now()),
        rating.stars if rating else None, _rounds(done),
    )  # fmt: skip


def _last_asked(client_id: int) -> datetime | None:
    of_visits = RatingSubject.client_id == client_id, RatingSubject.visit_id.is_not(None)
    asked = select(func.max(RatingRequest.asked_at)).join(RatingSubject).where(*of_visits)
    return db.session.scalar(asked)


def _rounds(subject: RatingSubject) -> int:
    last = select(func.max(RatingRequest.round)).where(RatingRequest.subject_id == subject.id)
    return db.session.scalar(last) or 0


def ask_again(user: User, subject: RatingSubject | None, rating: Rating | None, seen: int) -> str:
    """Promise the message that asks, in place of one that waits; of what is rated, let the client rate anew. Return by
    which channel it goes.

    Args:
        seen: the number of requests that the person has seen.

    Raises:
        Refused: as `question_of` says, or somebody has asked in the meantime.
    """
    done = refuse_unless_done(subject)
    cancel(messages_of(done.id), "asked_again")  # what is locked, in the order in which all do
    leave_out([done.id], "asked_again")
    lock = select(RatingSubject.id).where(RatingSubject.id == done.id).with_for_update(key_share=True)
    db.session.execute(lock)
    asked = question_of(user, done, rating)
    if asked.rounds != seen:
        raise Refused(_l("The client has just been asked. Look at the visit again."), "asked")
    round, due = asked.rounds + 1, asked.leaves_at
    key = key_of(done.id, round)
    order = Order("ratings.request", ("rating_subject", done.id), key, due_at=due, not_after=due + PATIENCE,
                  channel=asked.channel)  # fmt: skip
    message_id = schedule([order])[key]
    row = {"subject_id": done.id, "round": round, "message_id": message_id, "again": True}
    db.session.execute(insert(RatingRequest), [row])
    follow([done.id], asked_on=local(due).date())
    move_noted()
    if rating:  # past the mapper: who is just changing it is not disturbed
        rows_changed(update(Rating).where(Rating.id == rating.id).values(asked_again_at=clock.now()))
    after = {"message": message_id, "stars": asked.stars}
    record("rating.asked_again", user, done.about, after=after)
    return asked.channel
