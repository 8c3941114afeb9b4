"""Does a person want rating requests, and the notices that a visit is done? Each is asked for itself, and read from all
that was ever said about it; `choices` writes it.

The newest word counts. What the reader of an address says, with the link of a mail or signed in, counts for every mail
to it. What staff note binds the file in which they note it, and takes nothing back that was said in another one: of
that they know nothing, and read nothing.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import g
from flask_babel import gettext as _
from sqlalchemy import and_, bindparam, func, or_, select

from portal.extensions import db
from portal.people.models import Client, Relative, Staff
from portal.ratings.models import RequestChoice

Asked = Client | Relative
REQUESTS, NOTICES = "requests", "notices"  # what one may say no to, each for itself


@dataclass(frozen=True)
class Word:
    """One change of mind: when, to what, by which way (`link`, `portal`, `staff`; `address`: of the link's reader), and
    which of the staff noted it."""

    at: datetime
    wanted: bool
    said_by: str
    address: str
    name: str | None

    @property
    def way(self) -> str:
        """By which way it was said, in words."""
        if self.said_by == "link":
            return _("with the link of a mail") if "@" in self.address else _("with the link of a text message")
        if self.said_by == "portal":
            return _("on the portal")
        return _("noted by %(name)s", name=self.name) if self.name else _("noted by the agency")


@dataclass(frozen=True)
class Standing:
    """How it stands with somebody who could be asked.

    Attributes:
        stopped: nobody asks this person.
        elsewhere: the reader of the address has said so in another file: only they can take it back.
        history: what was said in this file, newest first.
    """

    stopped: bool
    elsewhere: bool
    history: list[Word]


_OF_KIND = RequestChoice.about == bindparam("about")
_OF_PERSON = and_(RequestChoice.person_type == bindparam("type"), RequestChoice.person_id == bindparam("id"), _OF_KIND)
_OF_READER = and_(
    RequestChoice.address == bindparam("address"), RequestChoice.address != "", RequestChoice.said_by != "staff",
    _OF_KIND,
)  # fmt: skip
_NEWEST_OF_READER = RequestChoice.id == select(func.max(RequestChoice.id)).where(_OF_READER).scalar_subquery()
_NEWEST_OF_PERSON = RequestChoice.id == select(func.max(RequestChoice.id)).where(_OF_PERSON).scalar_subquery()
_NEWEST = select(RequestChoice).where(or_(_NEWEST_OF_PERSON, _NEWEST_OF_READER)).order_by(RequestChoice.id.desc())
# of both kinds: the page of a visit tells of both
_BY_PERSON = and_(RequestChoice.person_type == bindparam("type"), RequestChoice.person_id == bindparam("id"))
_BY_READER = RequestChoice.id.in_(
    select(func.max(RequestChoice.id)).where(
        RequestChoice.address == bindparam("address"), RequestChoice.address != "", RequestChoice.said_by != "staff",
    ).group_by(RequestChoice.about)
)  # fmt: skip
_ALL = (
    select(RequestChoice, Staff)
    .outerjoin(Staff, and_(Staff.account_id == RequestChoice.account_id, RequestChoice.said_by == "staff"))
    .where(or_(_BY_PERSON, _BY_READER))
    .order_by(RequestChoice.id.desc())
)


def has_stopped(person: Asked | None, address: str, about: str = REQUESTS) -> bool:
    """Whether this person, or whoever reads this address, wants none of these mails.

    Args:
        about: `requests` that ask for a rating, or `notices` that a visit is done.
    """
    if person and (read := g.get("standings", {}).get((person.__tablename__, person.id, address.lower()))):
        return read[about].stopped  # the page has read it already
    return _is_stop(db.session.scalars(_NEWEST, _names(person, address, about)).all(), person)


def stopped_among(asked: Collection[tuple[str, int, str]]) -> set[tuple[str, int, str]]:
    """Which of these people (type, number, address) want no rating requests; as `has_stopped`, in one statement."""
    numbers, addresses = {number for _kind, number, _address in asked}, {address.lower() for *_who, address in asked}
    of_person = RequestChoice.person_id.in_(numbers)  # with namesakes of the other type, whom nobody looks up below
    of_reader = and_(RequestChoice.address.in_(addresses), RequestChoice.said_by != "staff")
    said = select(RequestChoice).where(RequestChoice.about == REQUESTS, or_(of_person, of_reader))
    own, read = dict[tuple[str, int], RequestChoice](), dict[str, RequestChoice]()
    for word in db.session.scalars(said.order_by(RequestChoice.id)):
        own[word.person_type, word.person_id] = word
        if word.said_by != "staff":
            read[word.address] = word
    stopped = set()
    for kind, number, address in asked:
        newest = {word.id: word for word in (own.get((kind, number)), read.get(address.lower())) if word}
        words = [newest[id_] for id_ in sorted(newest, reverse=True)]
        elsewhere = any(not word.wanted for word in words if (word.person_type, word.person_id) != (kind, number))
        if words and (not words[0].wanted or elsewhere):
            stopped.add((kind, number, address))
    return stopped


def standing_of(person: Asked, address: str, about: str = REQUESTS) -> Standing:
    """How it stands with a person who is reached at an address, and how it came to that; read once for all parts of a
    page, and for both kinds."""
    known = g.setdefault("standings", {})
    who = person.__tablename__, person.id, address.lower()
    if who not in known:
        known[who] = _read_standings(person, address)
    return known[who][about]


def _read_standings(person: Asked, address: str) -> dict[str, Standing]:
    who = {"type": person.__tablename__, "id": person.id, "address": address.lower()}
    rows, found = db.session.execute(_ALL, who).all(), {}
    for about in (REQUESTS, NOTICES):
        said = [(row.RequestChoice, row.Staff) for row in rows if row.RequestChoice.about == about]
        words = [word for word, _staff in said]
        own = [
            Word(word.at, word.wanted, word.said_by, word.address, staff.name if staff else None)
            for word, staff in said
            if _is_of(word, person)
        ]
        found[about] = Standing(_is_stop(words, person), _is_stopped_elsewhere(words, person), own)
    return found


def _names(person: Asked | None, address: str, about: str = REQUESTS) -> dict[str, object]:
    who = {"type": person.__tablename__, "id": person.id} if person else {"type": "", "id": 0}
    return {"address": address.lower(), "about": about, **who}


def _is_stop(said: Sequence[RequestChoice], person: Asked | None) -> bool:
    """Whether these words come to a stop: the newest one of the person, and of the reader; the newest of all first."""
    return bool(said) and (not said[0].wanted or _is_stopped_elsewhere(said, person))


def _is_stopped_elsewhere(said: Sequence[RequestChoice], person: Asked | None) -> bool:
    return any(not word.wanted for word in said if not _is_of(word, person))


def _is_of(word: RequestChoice, person: Asked | None) -> bool:
    return person is not None and (word.person_type, word.person_id) == (person.__tablename__, person.id)
