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
from portal.outbox.models import MAIL, Message
from portal.people.models import Client, Relative
from portal.ratings.models import RequestChoice
from portal.ratings.queries import is_open, may_open_file
from portal.ratings.reach import addresses_of, nobody_asked, way_of_messages, way_of_requests
from portal.ratings.standing import NOTICES, REQUESTS, Asked, Standing, has_stopped, standing_of
from portal.ratings.values import refuse_unless_file_is_open
from portal.settings.queries import option
from portal.visits.models import Visit

NOTICES_SENT = "notices.visit_done"  # the option
STOPPED_BY_READER = {
    REQUESTS: _l("Whoever reads this address has stopped the requests, and alone can ask for them again."),
    NOTICES: _l("Whoever reads this address has stopped the notices, and alone can ask for them again."),
}


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


def choose(user: User, *, wanted: bool, about: str = REQUESTS) -> None:
    """Stop or allow the messages of a kind to oneself, from one's own account.

    Beside the file it counts for the address with which they sign in: that is theirs, and staff cannot write it.
    """
    person = person_of(user)
    _say(person, _login_of(person), wanted, "portal", user, (person.__tablename__, person.id), about)


def _login_of(person: Asked) -> str:
    return person.account.email if person.account else ""


def reached_about(client: Client, about: str) -> tuple[Asked, str, str] | None:
    """Whom the messages of a kind about a client's visits reach now, with channel and address."""
    return way_of_requests(client) if about == REQUESTS else way_of_messages(client)


def person_told(user: User, visit: Visit, about: str) -> tuple[Asked, str]:
    """Whom the messages of a kind about a visit reach, with the address, for staff who may write down what that person
    wants.

    Raises:
        Refused: the client is another sector's by now, or nobody is reached: there is no address.
    """
    refuse_unless_file_is_open(user, visit)
    reached = reached_about(visit.client, about)
    if reached is None:
        raise Refused(nobody_reached(about), "no-address")
    return reached[0], reached[2]


def nobody_reached(about: str) -> object:
    """Why the messages of a kind reach nobody, in words."""
    if about == NOTICES:
        return _l("Nobody is told of these visits: there is no address to write to.")
    return nobody_asked()


def note_choice(user: User, visit: Visit, *, wanted: bool, about: str = REQUESTS) -> None:
    """Write down what the person whom the messages of a kind about a visit reach has told the agency.

    Raises:
        Refused: as `person_told` says, or the reader of the address has said stop in another file.
    """
    person, address = person_told(user, visit, about)
    if wanted and standing_of(person, address, about).elsewhere:
        raise Refused(STOPPED_BY_READER[about], "reader")
    _say(person, address, wanted, "staff", user, (person.__tablename__, person.id), about)


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


@dataclass(frozen=True)
class Choice:
    """How it stands with one kind of messages.

    Attributes:
        about: `requests` or `notices`.
        name: of the person whom they reach; None: nobody, for `reason`.
        channel: by which they would go.
        standing: of the person, for staff; None where nobody is reached.
        stopped: the person wants none.
    """

    about: str
    name: str | None
    channel: str
    standing: Standing | None
    stopped: bool
    reason: object = ""


def kinds_sent() -> list[str]:
    """What the agency sends, of what one may say no to."""
    return [about for about, sent in ((REQUESTS, is_open()), (NOTICES, option(NOTICES_SENT))) if sent]


def visit_panel(user: User, visit: Visit) -> Panel | None:
    """On the staff's page of a visit: do those who are asked and told want to be, and what have they said?"""
    kinds = kinds_sent()
    if not kinds or not may_open_file(user, visit):
        return None
    shown = [_shown_to_staff(visit.client, about) for about in kinds]
    context = {"visit_id": visit.id, "choices": shown, "by_reader": STOPPED_BY_READER}
    return Panel("ratings/_choice_panel.html", context)


def _shown_to_staff(client: Client, about: str) -> Choice:
    reached = reached_about(client, about)
    if reached is None:
        return Choice(about, None, MAIL, None, stopped=False, reason=nobody_reached(about))
    person, channel, address = reached
    standing = standing_of(person, address, about)
    return Choice(about, person.name, channel, standing, standing.stopped)


def account_panel(user: User) -> Panel | None:
    """On *Mon compte* of a client or relative: a switch for each kind, with its present state in words.

    Only for whoever is asked or told, or has said stop: nobody else would have anything to switch.
    """
    if not (user.client_id or user.relative_id):
        return None
    shown = [choice for about in kinds_sent() if (choice := _shown_to_oneself(user, about))]
    return Panel("ratings/_choice_switch.html", {"choices": shown}) if shown else None


def _shown_to_oneself(user: User, about: str) -> Choice | None:
    person = person_of(user)
    reached = reached_about(db.session.get_one(Client, user.client_id), about)
    is_reached = reached is not None and reached[0] is person
    stopped = has_stopped(person, _login_of(person), about)
    if not stopped and not is_reached:
        return None
    return Choice(about, person.name, reached[1] if reached and is_reached else MAIL, None, stopped)
