"""Writing what is said of a visit: the first value of a rating, and those that take its place."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm.exc import StaleDataError

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import db, rows_changed, wires
from portal.outbox.actions import cancel
from portal.ratings.details import Details
from portal.ratings.low import alert, alert_of_change
from portal.ratings.models import FormerRating, Rating, RatingRequest, RatingSubject
from portal.ratings.queries import may_open_file
from portal.ratings.tallies import Said, count_another_answer, count_change, count_first
from portal.settings.queries import option
from portal.visits.models import State, Visit

_NOT_DONE = _l("This visit is not done, so it cannot be rated.")
_CHANGED = _l("Somebody changed this rating in the meantime. Close this window to see it.")
COUNTED = dict.fromkeys(("excluded_at", "excluded_by", "exclude_reason"))  # what a rating that is not excluded has


@dataclass(frozen=True)
class Value:
    """What is said of a visit, by whom, and by which way it came.

    Attributes:
        stars, comment: 0 to 5; None for no comment.
        channel: `portal`, `mail`, `sms`, or `staff`: typed by the agency for the client.
        author_name, author_role, author_account_id: who says it; no account where nobody was signed in as the author.
        typed_by, given_how, given_at: of the agency's typing alone: by whom, how the client gave it, and when;
            `link` is how of what came through a link that the agency has handed over.
        details: what else is said.
    """

    stars: int
    comment: str | None
    channel: str
    author_name: str
    author_role: str
    author_account_id: int | None = None
    typed_by: str | None = None
    given_how: str | None = None
    given_at: datetime | None = None
    details: Details = field(default_factory=Details)

    def columns(self) -> dict[str, Any]:
        return asdict(self) | self.details.columns()


def said_by(value: Value | Rating) -> Said:
    """What the tallies count of a value."""
    return value.stars, value.comment, value.channel


def refuse_unless_done(subject: RatingSubject | None) -> RatingSubject:
    """Return what is rated of a done visit; refuse where there is none."""
    if subject is None or (subject.visit_id and subject.visit.state != State.DONE):
        raise Refused(_NOT_DONE, "not-done")
    return subject


def refuse_unless_file_is_open(user: User, visit: Visit) -> None:
    """Let nobody write to a client, or speak for one, whose file is another sector's by now."""
    if not may_open_file(user, visit):
        raise Refused(_l("This client is another sector’s now: only who may open the file can do this."), "moved")


def refuse_if_changed(rating: Rating, version: int) -> None:
    """Let nobody write over a value that they have not seen."""
    if rating.version != version:
        raise Refused(_CHANGED, "changed")


def refuse_hidden_zero(stars: int) -> None:
    if stars == 0 and not option("ratings.offer_zero"):
        raise Refused(_l("Please choose between 1 and 5 stars."), "zero")


def rated_meanwhile(subject: RatingSubject) -> Refused:
    """The refusal of a first rating where there is one by then."""
    of_visit = _l("This visit has been rated in the meantime. Close this window to see the rating.")
    of_handling = _l("How this incident was handled has been rated in the meantime.")
    return Refused(of_visit if subject.visit_id else of_handling, "rated")


def write_first(subject: RatingSubject, value: Value) -> tuple[int, list[int]]:
    """Insert the one rating of a subject; the database decides who was first. The mail that would ask is taken back.

    Returns:
        The rating's id, and the ids of the messages that will not leave any more.

    Raises:
        Refused: rated meanwhile, or the visit is not done any more; the caller rolls back what was counted.
    """
    # on PostgreSQL somebody may reopen or cancel the visit meanwhile
    may_change = subject.visit_id is not None and db.engine.dialect.name == "postgresql"
    if may_change and db.session.scalar(_STILL_DONE, {"visit_id": subject.visit_id}) is None:
        raise Refused(_NOT_DONE, "not-done")
    taken_back = cancel(messages_of(subject.id), "already_rated")  # before it is there: it moves what nobody answered
    count_first(subject, said_by(value))
    row = {**value.columns(), "subject_id": subject.id, "day": subject.day, "left_at": clock.now()}
    rating_id = db.session.scalar(_first_rating(db.engine.dialect.name), row)
    if rating_id is None:
        raise rated_meanwhile(subject)
    _tell(subject)
    alert(rating_id, value.stars)
    return rating_id, taken_back


@cache
def _first_rating(engine: str) -> Any:
    """Inserts a rating and returns its id; of a subject that has one by then, nothing. Past the mapper: nearly nobody
    needs the row as an object."""
    insert_ = (postgresql.insert if engine == "postgresql" else sqlite.insert)(Rating.__table__)
    return insert_.on_conflict_do_nothing(index_elements=[Rating.subject_id]).returning(Rating.__table__.c.id)


_STILL_DONE = (
    select(Visit.id).where(Visit.id == bindparam("visit_id"), Visit.state == State.DONE).with_for_update(read=True)
)
_MESSAGES_OF = (  # what shares a mail with others has a link of its own
    select(RatingRequest.message_id).where(
        RatingRequest.subject_id == bindparam("subject_id"), RatingRequest.public_id.is_(None)
    )
)


def messages_of(subject_id: int) -> list[int]:
    """The messages that ask for a rating of a subject and of nothing else, by id. A weekly mail looks for itself, when
    it leaves, what is still to be asked."""
    return list(db.session.scalars(_MESSAGES_OF, {"subject_id": subject_id}))


def replace_value(actor: Actor | None, rating: Rating, value: Value) -> None:
    """Give a rating another value; the former one is kept. The same value again changes nothing, unless the client
    makes the agency's typing their own, or answers to having been asked again.

    What was excluded from the statistics is counted again: the reason stays with the former value.

    Raises:
        Refused: somebody changed it meanwhile.
    """
    if _says_the_same(rating, value):
        return
    anew = rating.asked_again_at is not None and value.channel != "staff"
    before, said_before = None if anew or rating.excluded_at else rating.stars, said_by(rating)
    entry = _entry(rating, value, anew)
    if anew:
        cancel(messages_of(rating.subject_id), "already_rated")
    count_another_answer(rating.subject_id, said_before, said_by(value))
    try:
        with db.session.begin_nested():  # the page that says no still reads: a failed flush outside would not let it
            rating.former.append(_as_former(rating))
            for name, one in value.columns().items():
                setattr(rating, name, one)
            if rating.call_back:  # a wish of its own
                rating.called_at, rating.called_by = None, None
            if anew:  # an answer of its own, given now: it can be changed as long as any
                rating.left_at, rating.changed_at, rating.asked_again_at = clock.now(), None, None
            else:
                rating.changed_at = clock.now()
    except StaleDataError as error:
        raise Refused(_CHANGED, "changed") from error
    # whatever this process has read: somebody may have excluded the former value meanwhile
    excluded = update(Rating).where(Rating.id == rating.id, Rating.excluded_at.is_not(None)).values(COUNTED)
    count_change(rating.subject_id, None if rows_changed(excluded) else said_before, said_by(value))
    db.session.expire(rating, list(COUNTED))
    record("rating.changed", actor, rating.subject.about, **entry)
    alert_of_change(rating, before)
    _tell(rating.subject)


def _tell(subject: RatingSubject) -> None:
    if subject.incident_id:
        wires.react("handling rated", subject.incident_id)


def _says_the_same(rating: Rating, value: Value) -> bool:
    if (value.stars, value.comment) != (rating.stars, rating.comment) or value.details != rating.standing_details:
        return False
    if value.channel == "staff":
        return (value.given_how, value.given_at) == (rating.given_how, rating.given_at)
    return rating.channel != "staff" and rating.asked_again_at is None


def _as_former(rating: Rating) -> FormerRating:
    return FormerRating(
        stars=rating.stars, comment=rating.comment, author_name=rating.author_name, channel=rating.channel,
        typed_by=rating.typed_by, given_how=rating.given_how, given_at=rating.given_at,
        exclude_reason=rating.exclude_reason, left_at=rating.said_at, details=rating.details,
        survey_version_id=rating.survey_version_id, call_back=rating.call_back,
        called_at=rating.called_at, called_by=rating.called_by,
    )  # fmt: skip


def _entry(rating: Rating, value: Value, anew: bool) -> dict[str, dict]:
    """What the journal keeps of a change: the stars, and what else is not as it was."""
    before: dict[str, object] = {"stars": rating.stars}
    after: dict[str, object] = {"stars": value.stars}
    was, said = rating.standing_details, value.details
    pairs = {"comment": (rating.comment, value.comment), "criteria": (was.criteria, said.criteria),
             "remarks": (was.remarks, said.remarks), "call_back": (was.call_back, said.call_back)}  # fmt: skip
    changed = [name for name, (one, other) in pairs.items() if one != other]
    if changed and rating.stars == value.stars:  # what else is not as it was
        after["fields"] = changed
    if rating.channel != value.channel:
        before["channel"], after["channel"] = rating.channel, value.channel
    if rating.excluded_at:
        before["excluded"] = True
    if anew:
        after["again"] = True
    return {"before": before, "after": after}
