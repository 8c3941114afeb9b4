"""What the agency answers a client who has left a rating: read on the portal beside it, and mailed.

An answer is no request: who wants no rating requests gets it all the same. It is neither changed nor taken back; there
may be several.
"""

from collections.abc import Callable

from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import record
from portal.errors import Refused
from portal.extensions import db, rows_changed
from portal.links import external_url
from portal.outbox.actions import Order, schedule
from portal.outbox.models import Drop, Message, MessageKind, Recipient
from portal.people.models import Client, Relative
from portal.ratings.messages import as_recipient
from portal.ratings.models import Rating, RatingReply
from portal.ratings.reach import person_to_mail
from portal.settings.queries import option


def person_to_answer(rating: Rating) -> Client | Relative | None:
    """Who reads the mail: whoever gave the rating on the portal, else who is asked about the client's visits."""
    client = rating.subject.visit.client
    if rating.author_account_id:
        for person in (client, *client.relatives):
            if person.account_id == rating.author_account_id and person.active and person.email:
                return person
    return person_to_mail(client)


def reply(user: User, rating: Rating, text: str) -> None:
    """Answer who has left a rating: it stands on their portal at once, and a mail is promised.

    Args:
        text: 1 to 2,000 characters.

    Raises:
        Refused: it is the last answer once more: somebody has pressed twice.
    """
    db.session.execute(select(Rating.id).where(Rating.id == rating.id).with_for_update())
    db.session.refresh(rating, ["replies"])
    if rating.replies and rating.replies[-1].text == text:
        raise Refused(_l("This answer has been sent already."), "sent")
    moment, number = clock.now(), len(rating.replies) + 1
    key = f"reply:{rating.id}:{number}"
    message_id = schedule([Order("ratings.reply", ("rating", rating.id), key, due_at=moment)])[key]
    made = RatingReply(
        rating_id=rating.id, text=text, author_name=user.name, author_account_id=user.account_id, at=moment,
        message_id=message_id,
    )  # fmt: skip
    db.session.add(made)
    db.session.flush()
    # past the mapper: who is just changing the rating is not disturbed
    rows_changed(update(Rating).where(Rating.id == rating.id).values(replied_at=moment))
    record("rating.replied", user, rating.subject.about, after={"reply": made.id})


# ---- the mail ----


def _reply_of(message: Message) -> RatingReply:
    return db.session.scalars(select(RatingReply).where(RatingReply.message_id == message.id)).one()


def reader(message: Message) -> Recipient | None:
    return as_recipient(person_to_answer(_reply_of(message).rating))


def decide(message: Message) -> Recipient | Drop:
    """To whom it goes, or why not: the answer itself stays where it is."""
    rating = _reply_of(message).rating
    if not option("ratings.enabled"):
        return Drop("suppressed", "module_off")
    if not rating.subject.visit.client.active:
        return Drop("suppressed", "inactive")
    return as_recipient(person_to_answer(rating)) or Drop("suppressed", "no_address")


def context(message: Message, token: Callable[[str, str], str]) -> dict:  # noqa: ARG001 - it needs a sign-in
    answer = _reply_of(message)
    rating = answer.rating
    person = person_to_answer(rating)
    return {
        "name": person.name if person else rating.subject.visit.client.name,
        "text": answer.text,
        "author": answer.author_name,
        "starts_at": rating.subject.visit.starts_at,
        "url": _page(rating, person),
    }


def _page(rating: Rating, person: Client | Relative | None) -> str | None:
    """Where the answer stands, for who can sign in and may read it there."""
    if person is None or person.account_id is None or not getattr(person, "sees_ratings", True):
        return None
    return external_url("client.show_rating", visit_id=rating.subject.visit_id)


REPLY = MessageKind("ratings.reply", _l("Reply to a rating"), "rating_reply", reader, decide, context,
                    governed_by=("ratings.enabled",))  # fmt: skip
