"""Whether a person wants rating requests: said by the link of a mail, on the portal, or to the agency.

Each change is a row that stays; the newest counts. Saying the same again changes nothing, however many say it at once.
"""

from dataclasses import dataclass
from datetime import datetime

from flask import g
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import and_, or_, select

from portal.accounts.models import User
from portal.audit.actions import Actor, record
from portal.errors import Refused
from portal.extensions import Panel, db
from portal.people.models import Client, Relative, Staff
from portal.ratings.models import RatingRequest, RequestChoice
from portal.ratings.queries import has_stopped, is_open, person_to_ask
from portal.visits.models import Visit

Asked = Client | Relative


def choose_by_link(request: RatingRequest, *, wanted: bool) -> None:
    """Stop the requests to the reader of a mail, or have them come again.

    The word is the address holder's. One that nobody of the file has any more keeps its word for itself.
    """
    address = request.message.address or ""
    db.session.execute(select(RatingRequest.id).where(RatingRequest.id == request.id).with_for_update(key_share=True))
    _say(_holder(request, address), address, wanted, "link", None, ("message", request.message_id))


def reader_has_stopped(request: RatingRequest) -> bool:
    """Whether the reader of a mail wants no more of them."""
    address = request.message.address or ""
    return has_stopped(_holder(request, address), address)


def _holder(request: RatingRequest, address: str) -> Asked | None:
    client = request.subject.visit.client
    people = [client, *client.relatives]
    return next((one for one in people if one.email and one.email.lower() == address.lower()), None)


def choose(user: User, *, wanted: bool) -> None:
    """Stop or allow the requests to oneself, from one's own account."""
    person = person_of(user)
    _say(person, person.email or "", wanted, "portal", user, (person.__tablename__, person.id))


def person_asked(visit: Visit) -> Asked:
    """Who is asked about a visit.

    Raises:
        Refused: nobody can be asked: there is no address.
    """
    person = person_to_ask(visit.client)
    if person is None:
        raise Refused(_l("Nobody is asked about these visits: there is no e-mail address."), "no-address")
    return person


def note_choice(user: User, visit: Visit, *, wanted: bool) -> None:
    """Write down what the person who is asked about a visit has told the agency.

    Raises:
        Refused: nobody can be asked: there is no address.
    """
    person = person_asked(visit)
    _say(person, person.email or "", wanted, "staff", user, (person.__tablename__, person.id))


def person_of(user: User) -> Asked:
    """The record of a client or relative at work in their file."""
    if user.relative_id:
        return db.session.get_one(Relative, user.relative_id)
    return db.session.get_one(Client, user.client_id)


def _say(
    person: Asked | None, address: str, wanted: bool, said_by: str, actor: Actor | None, subject: tuple[str, int]
) -> None:
    if person is not None:  # whoever says something at the same moment waits, and then sees what was said
        kind = type(person)
        db.session.execute(select(kind.id).where(kind.id == person.id).with_for_update(key_share=True))
    if has_stopped(person, address) is not wanted:
        return
    said = RequestChoice(
        person_type=person.__tablename__ if person else "client", person_id=person.id if person else 0,
        address=address.lower(), wanted=wanted, said_by=said_by, account_id=actor.account_id if actor else None,
    )  # fmt: skip
    db.session.add(said)
    db.session.flush()
    if wanted:
        record("rating.requests_wanted", actor, subject)
    else:
        record("rating.requests_stopped", actor, subject)


# ---- as it is shown ----


@dataclass(frozen=True)
class Word:
    """One change of mind: when, to what, by which way (`link`, `portal`, `staff`), and which of the staff noted it."""

    at: datetime
    wanted: bool
    said_by: str
    name: str | None

    @property
    def way(self) -> str:
        """By which way it was said, in words."""
        if self.said_by == "link":
            return _("with the link of a mail")
        if self.said_by == "portal":
            return _("on the portal")
        return _("noted by %(name)s", name=self.name) if self.name else _("noted by the agency")


def history(person: Asked) -> list[Word]:
    """What this person, or the reader of their address, has said, newest first; read once for all parts of a page."""
    known = g.setdefault("words", {})
    who = person.__tablename__, person.id
    if who not in known:
        known[who] = _read_history(person)
    return known[who]


def _read_history(person: Asked) -> list[Word]:
    about = and_(RequestChoice.person_type == person.__tablename__, RequestChoice.person_id == person.id)
    if person.email:
        about = or_(about, RequestChoice.address == person.email.lower())
    found = select(RequestChoice, Staff).outerjoin(
        Staff, and_(Staff.account_id == RequestChoice.account_id, RequestChoice.said_by == "staff")
    )
    rows = db.session.execute(found.where(about).order_by(RequestChoice.id.desc())).all()
    return [Word(said.at, said.wanted, said.said_by, staff.name if staff else None) for said, staff in rows]


def visit_panel(_user: User, visit: Visit) -> Panel | None:
    """On the staff's page of a visit: does the person who is asked want to be, and what have they said?"""
    if not is_open():
        return None
    person = person_to_ask(visit.client)
    said = history(person) if person else []
    return Panel("ratings/_choice_panel.html", {
        "visit_id": visit.id,
        "name": person.name if person else None,
        "stopped": bool(said) and not said[0].wanted,
        "history": said,
    })  # fmt: skip


def account_panel(user: User) -> Panel | None:
    """On *Mon compte* of a client or relative: the switch, with its present state in words.

    Only for whoever is asked, or has said stop: nobody else would have anything to switch.
    """
    if not (is_open() and (user.client_id or user.relative_id)):
        return None
    person = person_of(user)
    stopped = has_stopped(person, person.email or "")
    if not stopped and person_to_ask(db.session.get_one(Client, user.client_id)) is not person:
        return None
    return Panel("ratings/_choice_switch.html", {"stopped": stopped})
