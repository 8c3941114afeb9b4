"""*Créer une évaluation client*: the agency types what a client has said by telephone, during a visit or on paper.

Who typed it, how it was given and when stay with it wherever it is shown. The agency may correct its own typing; what
a client has given or corrected is the client's alone.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time

from flask_babel import lazy_gettext as _l

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.i18n import zone
from portal.ratings.details import Details
from portal.ratings.models import Rating, RatingSubject
from portal.ratings.values import (
    Value,
    refuse_hidden_zero,
    refuse_if_changed,
    refuse_unless_done,
    replace_value,
    write_first,
)
from portal.roles import Role


@dataclass(frozen=True)
class Said:
    """What a client has said to the agency: stars, a comment or none, by which way (`words.HOW_LABELS`) and when; what
    else there was to say."""

    stars: int
    comment: str | None
    how: str
    at: datetime
    details: Details = field(default_factory=Details)


def refuse_unless_typeable(subject: RatingSubject | None, rating: Rating | None) -> RatingSubject:
    """Refuse what staff can neither rate for a client nor correct; asked before the form is shown, and when it is sent.

    Neither the switch for clients nor the days for which the portal is open matter: a survey on paper comes late.

    Raises:
        Refused: the visit is not done, or the client's own word is there.
    """
    done = refuse_unless_done(subject)
    if rating and rating.channel != "staff":
        message = _l("The client has rated this visit. Nobody else can change that; you can ask the client again.")
        raise Refused(message, "rated")
    return done


def type_rating(user: User, subject: RatingSubject | None, said: Said) -> int:
    """Rate a visit for its client; return the rating's id. The mail that would ask is taken back.

    Raises:
        Refused: as `refuse_unless_typeable` says, or the client was faster, or 0 stars where they are not offered.
    """
    done = refuse_unless_typeable(subject, None)
    refuse_hidden_zero(said.stars)
    rating_id, taken_back = write_first(done, _value(user, done, said))
    after = {"stars": said.stars, "channel": "staff", "how": said.how, "cancelled_messages": taken_back}
    record("rating.left", user, done.about, after=after)
    return rating_id


def correct_typing(user: User, rating: Rating, said: Said, version: int) -> None:
    """Correct what the agency has typed; the former value is kept.

    Args:
        version: the rating's version that the person saw.

    Raises:
        Refused: the client has changed it, a colleague has, or 0 stars where they are not offered.
    """
    refuse_unless_typeable(rating.subject, rating)
    refuse_hidden_zero(said.stars)
    refuse_if_changed(rating, version)
    replace_value(user, rating, _value(user, rating.subject, said))


def _value(user: User, subject: RatingSubject, said: Said) -> Value:
    return Value(
        said.stars, said.comment, "staff", subject.visit.client.name, str(Role.CLIENT),
        typed_by=user.name, given_how=said.how, given_at=said.at, details=said.details,
    )  # fmt: skip


def moment_given(day: date, hour: time, ended_at: datetime) -> datetime:
    """Return the moment at which a client has said it, typed as the agency's wall clock shows it.

    In the night in which an hour comes twice, it is the one that lies between the visit's end and now.

    Args:
        ended_at: when the visit really ended.

    Raises:
        Refused: `future`, or `early`: before the visit was over.
    """
    where = zone()
    moments = [datetime.combine(day, hour.replace(fold=fold), where).astimezone(UTC) for fold in (0, 1)]
    first = ended_at.replace(second=0, microsecond=0)
    fitting = [moment for moment in moments if first <= moment <= clock.now()]
    if fitting:
        return fitting[0]
    if moments[0] > clock.now():
        raise Refused(_l("This moment is still to come."), "future")
    raise Refused(_l("The visit was not over by then."), "early")
