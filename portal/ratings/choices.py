"""Whether a person wants rating requests, and notices of completed visits: said by the link of a mail, on the portal,
or to the agency.

Each change is a row that stays; `standing` says what they come to. Saying the same again changes nothing, however many
say it at once.
"""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from portal.accounts.models import User
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import Panel, db
from portal.outbox.models import Message
from portal.people.models import Client, Relative
from portal.ratings.models import RequestChoice
from portal.ratings.queries import is_open, may_open_file
from portal.ratings.reach import addresses_of, person_to_ask
from portal.ratings.standing import NOTICES, REQUESTS, Asked, has_stopped, standing_of
from portal.ratings.values import refuse_unless_file_is_open
from portal.visits.models import Visit


@dataclass(frozen=True)
class Letter:
    """A mail of which its reader may have no more.

    Attributes:
        about: of which kind it is: `requests` or `notices`.
        client: whose visit it is about.
    """

    message: Message
    about: str
    client: Client


def choose_by_link(letter: Letter, *, wanted: bool) -> None:
    """Stop the mails of a letter's kind to its reader, or have them come again.

    The word is the address holder's. One that nobody of the file has any more keeps its word for itself.
    """
    message, address = letter.message, letter.message.address or ""
    db.session.execute(select(Message.id).where(Message.id == message.id).with_for_update(key_share=True))
    _say(_holder(letter), address, wanted, "link", None, ("message", message.id), letter.about)


def reader_has_stopped(letter: Letter) -> bool:
    """Whether the reader of a letter wants no more of its kind."""
    return has_stopped(_holder(letter), letter.message.address or "", letter.about)


def _holder(letter: Letter) -> Asked | None:
    address, people = letter.message.address or "", [letter.client, *letter.client.relatives]
    return next((one for one in people if address.lower() in {own.lower() for own in addresses_of(one)}), None)


def choose(user: User, *, wanted: bool) -> None:
    """Stop or allow the requests to oneself, from one's own account.

    Beside the file it counts for the address with which they sign in: that is theirs, and staff cannot write it.
    """
    person = person_of(user)
    _say(person, _login_of(person), wanted, "portal", user, (person.__tablename__, person.id))


def _login_of(person: Asked) -> str:
    return person.account.email if person.account else ""


def person_asked(user: User, visit: Visit) -> Asked:
    """Who is asked about a visit, for staff who may write down what that person wants.

    Raises:
        Refused: the client is another sector's by now, or nobody can be asked: there is no address.
    """
    refuse_unless_file_is_open(user, visit)
    person = person_to_ask(visit.client)
    if person is None:
        raise Refused(_l("Nobody is asked about these visits: there is no e-mail address."), "no-address")
    return person


def note_choice(user: User, visit: Visit, *, wanted: bool) -> None:
    """Write down what the person who is asked about a visit has told the agency.

    Raises:
        Refused: as `person_asked` says, or the reader of the address has said stop in another file.
    """
    person = person_asked(user, visit)
    if wanted and standing_of(person).elsewhere:
        message = _l("Whoever reads this address has stopped the requests, and alone can ask for them again.")
        raise Refused(message, "reader")
    _say(person, person.email or "", wanted, "staff", user, (person.__tablename__, person.id))


def person_of(user: User) -> Asked:
    """The record of a client or relative at work in their file."""
    if user.relative_id:
        return db.session.get_one(Relative, user.relative_id)
    return db.session.get_one(Client, user.client_id)


def _say(
    person: Asked | None, address: str, wanted: bool, said_by: str, actor: Actor | None, subject: tuple[str, int],
    about: str = REQUESTS,
) -> None:  # fmt: skip
    if person is not None:  # whoever says something at the same moment waits, and then sees what was said
        kind = type(person)
        db.session.execute(select(kind.id).where(kind.id == person.id).with_for_update(key_share=True))
    if has_stopped(person, address, about) is not wanted:
        return
    said = RequestChoice(
        person_type=person.__tablename__ if person else "client", person_id=person.id if person else 0,
        address=address.lower(), about=about, wanted=wanted, said_by=said_by,
        account_id=actor.account_id if actor else None,
    )  # fmt: skip
    db.session.add(said)
    db.session.flush()
    if about == NOTICES:
        _record_notices(wanted, actor, subject)
    elif wanted:
        record("rating.requests_wanted", actor, subject)
    else:
        record("rating.requests_stopped", actor, subject)


def _record_notices(wanted: bool, actor: Actor | None, subject: tuple[str, int]) -> None:
    if wanted:
        record("visit.notices_wanted", actor, subject)
    else:
        record("visit.notices_stopped", actor, subject)


# ---- as it is shown ----


def visit_panel(user: User, visit: Visit) -> Panel | None:
    """On the staff's page of a visit: does the person who is asked want to be, and what have they said?"""
    if not (is_open() and may_open_file(user, visit)):
        return None
    person = person_to_ask(visit.client)
    return Panel("ratings/_choice_panel.html", {
        "visit_id": visit.id,
        "name": person.name if person else None,
        "standing": standing_of(person) if person else None,
    })  # fmt: skip


def account_panel(user: User) -> Panel | None:
    """On *Mon compte* of a client or relative: the switch, with its present state in words.

    Only for whoever is asked, or has said stop: nobody else would have anything to switch.
    """
    if not (is_open() and (user.client_id or user.relative_id)):
        return None
    person = person_of(user)
    stopped = has_stopped(person, _login_of(person))
    if not stopped and person_to_ask(db.session.get_one(Client, user.client_id)) is not person:
        return None
    return Panel("ratings/_choice_switch.html", {"stopped": stopped})
