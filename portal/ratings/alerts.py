"""The mail that tells the agency of a low rating: still low? to whom? what does it say?"""

from collections.abc import Callable

from flask_babel import lazy_gettext as _l

from portal.extensions import db, wires
from portal.links import external_url
from portal.outbox.models import Drop, Message, MessageKind, Recipient
from portal.ratings.low import person_to_tell
from portal.ratings.models import Rating
from portal.ratings.queries import is_low, is_urgent
from portal.settings.queries import option


def reader(message: Message) -> Recipient | None:
    """Whom it would go to now, in the language that this person chose."""
    person = person_to_tell(db.session.get_one(Rating, message.subject_id))
    if person is None:
        return None
    chosen = person.account.language if person.account else None
    return Recipient(str(person.email), person.name, chosen or person.language or option("agency.language"))


def decide(message: Message) -> Recipient | Drop:
    rating = db.session.get_one(Rating, message.subject_id)
    if not option("ratings.enabled"):
        return Drop("suppressed", "module_off")
    if not is_low(rating.stars):
        return Drop("cancelled", "not_low")
    if rating.excluded_at:
        return Drop("cancelled", "not_counted")
    if rating.looked_at:
        return Drop("cancelled", "looked_at")
    return reader(message) or Drop("suppressed", "nobody_responsible")


def context(message: Message, token: Callable[[str, str], str]) -> dict:  # noqa: ARG001 - it needs a sign-in
    """Stars and day alone: who said what of whom is read behind the sign-in."""
    rating = db.session.get_one(Rating, message.subject_id)
    return {
        "stars": rating.stars,
        "urgent": is_urgent(rating.stars),
        "starts_at": rating.subject.visit.starts_at,
        "handling": rating.subject.incident_id is not None,
        "url": _page(rating),
    }


def _page(rating: Rating) -> str:
    """Where it stands: among the ratings of visits, or in the conversation of the incident that was handled."""
    if incident_id := rating.subject.incident_id:
        return external_url("staff.show_thread", thread_id=wires.thread_of_incident(incident_id)) + "#handling"
    return external_url("staff.list_ratings", unseen=1) + f"#rating-{rating.id}"


LOW = MessageKind(
    "ratings.low", _l("Alert: low rating"), "low_rating", reader, decide, context,
    extra_copies=3, governed_by=("ratings.enabled", "ratings.low_threshold"),
)  # fmt: skip
VERY_LOW = MessageKind(
    "ratings.very_low", _l("Urgent alert: very low rating"), "low_rating", reader, decide, context,
    extra_copies=3, urgent=True, governed_by=("ratings.enabled", "ratings.urgent_threshold"),
)  # fmt: skip
