"""What a link opens: the page of a visit, come to by the mail that asks for a rating, by the notice that the visit is
done, or by an address that staff have handed over. Reading it changes nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from portal import clock
from portal.extensions import db, upsert
from portal.links import new_public_id, read_token
from portal.outbox.models import MAIL, SMS
from portal.people.models import Client, Relative
from portal.ratings import queries
from portal.ratings.link_models import VisitLink
from portal.ratings.models import RatingRequest, RatingSubject
from portal.ratings.reach import is_address_of, language_of
from portal.ratings.words import HANDED_OVER
from portal.roles import Role
from portal.settings.queries import option
from portal.visits.models import State, Visit


@dataclass(frozen=True)
class Opened:
    """What somebody holds who has followed a link of ours.

    Attributes:
        by: the request or the link of the visit that the token names.
        visit: whose page it is; of a request about how an incident was handled, the one on which the incident was.
        subject: what can be rated; None while the visit has never been done.
    """

    by: RatingRequest | VisitLink
    visit: Visit
    subject: RatingSubject | None

    @property
    def is_handling(self) -> bool:
        """Whether it is about how an incident was handled."""
        return self.subject is not None and self.subject.visit_id is None

    @property
    def reader(self) -> Client | Relative:
        """Who reads it."""
        return self.by.relative or self.visit.client

    @property
    def reader_name(self) -> str:
        """Who reads it, by the name that the mail was sent to."""
        mailed = self.by.message.recipient if isinstance(self.by, RatingRequest) else None
        return mailed or self.reader.name

    @property
    def language(self) -> str:
        """In which the reader was written to, or would be."""
        mailed = self.by.message.language if isinstance(self.by, RatingRequest) else None
        return mailed or language_of(self.reader)

    @property
    def channel(self) -> str:
        """By which channel the link came: that of the ratings which it brings. One that staff hand over is a mail's."""
        if isinstance(self.by, RatingRequest):
            return self.by.message.channel
        return SMS if (self.by.address or "").startswith("+") else MAIL

    @property
    def given_how(self) -> str | None:
        """Of a link that the agency has handed over: that its staff had it too."""
        return HANDED_OVER if isinstance(self.by, VisitLink) and self.by.is_handed_over else None

    @property
    def reader_role(self) -> Role:
        return Role.RELATIVE if self.by.relative_id else Role.CLIENT

    @property
    def sees_ratings(self) -> bool:
        """Whether the reader may be shown what was said."""
        return self.by.relative is None or self.by.relative.sees_ratings

    @property
    def sent_at(self) -> datetime | None:
        """When the link came into the reader's hands: nobody answers a mail within seconds."""
        return self.by.asked_at or (self.by.made_at if isinstance(self.by, VisitLink) else None)

    @property
    def expires_at(self) -> datetime | None:
        """Until when one can rate by it."""
        if isinstance(self.by, RatingRequest):
            return self.by.expires_at
        days = timedelta(days=option("ratings.portal_days"))
        return self.subject.ended_at + days if self.subject else None


def open_link(token: str) -> Opened | None:
    """Follow a link; None when it is not one of ours, or of a mail that has not left."""
    if request := queries.request_by_token(token):
        return by_request(request) if request.expires_at else None
    public_id = read_token("visit", token)
    link = db.session.scalar(select(VisitLink).where(VisitLink.public_id == public_id)) if public_id else None
    if link is None:
        return None
    subject = db.session.scalar(select(RatingSubject).where(RatingSubject.visit_id == link.visit_id))
    return Opened(link, link.visit, subject)


def by_request(request: RatingRequest) -> Opened:
    """What the link of a rating mail opens."""
    return Opened(request, request.subject.visit, request.subject)


def state_of(opened: Opened | None) -> str:
    """Return what a link can do now: `open`, `answered`, `expired`; `waits` (the page of a visit that is not done),
    `told` (of one that cannot be rated); `taken_back` (a request about a visit that is not done any more), `revoked`,
    or `invalid` (not one of ours).

    It follows from the rows: a cancelled visit, a new address or a switched-off module closes a link by itself.
    """
    if opened is None:
        return "invalid"
    if _is_revoked(opened):
        return "revoked"
    subject, mailed = opened.subject, isinstance(opened.by, RatingRequest)
    done = opened.is_handling or opened.visit.state == State.DONE
    if mailed and (not done or opened.by.revoked_at):
        return "taken_back"
    if subject is None or not done:
        return "waits"
    if not queries.is_open():
        return "told"
    rating, over = queries.rating_of(subject), opened.expires_at is None or opened.expires_at <= clock.now()
    if rating and (over or not queries.can_be_changed_by_link(opened.by, rating)):
        return "answered"
    return "expired" if over else "open"


def _is_revoked(opened: Opened) -> bool:
    """Whether a link opens nothing any more: the file is closed, or the message went to somebody to whom we would
    write no more in any way. One that staff have handed over is the client's, whatever the address."""
    if not opened.visit.client.active or opened.visit.state == State.DRAFT:
        return True
    if isinstance(opened.by, RatingRequest):
        if not queries.is_open():
            return True
        address = opened.by.message.address
    elif opened.by.address is None:
        return False
    else:
        address = opened.by.address
    return not is_address_of(opened.visit.client, address)


# ---- the link of a visit ----


def mailed_link(visit_id: int) -> VisitLink | None:
    """The link of a visit that has left with a mail, for that mail alone."""
    return db.session.scalar(select(VisitLink).where(VisitLink.visit_id == visit_id, VisitLink.address.is_not(None)))


def handed_link(visit_id: int) -> VisitLink | None:
    """The link of a visit that staff hand over."""
    return db.session.scalar(select(VisitLink).where(VisitLink.visit_id == visit_id, VisitLink.address.is_(None)))


def make_handed_link(visit_id: int) -> VisitLink:
    """Return the link that staff hand over, made if there is none; two that make it at once make one."""
    _write(visit_id, None)
    return db.session.scalars(
        select(VisitLink).where(VisitLink.visit_id == visit_id, VisitLink.address.is_(None))
    ).one()


def link_to_mail(visit: Visit, address: str, relative: Relative | None) -> VisitLink:
    """Return the link as it leaves for an address now. What went to another one opens nothing any more."""
    _write(visit.id, address)
    link = db.session.scalars(
        select(VisitLink).where(VisitLink.visit_id == visit.id, VisitLink.address.is_not(None))
    ).one()
    if link.address != address:
        renew(link)
    link.address, link.relative_id, link.asked_at = address, relative.id if relative else None, clock.now()
    return link


def _write(visit_id: int, address: str | None) -> None:
    row = {"visit_id": visit_id, "public_id": new_public_id(), "made_at": clock.now(), "address": address}
    db.session.execute(upsert(VisitLink).values(row).on_conflict_do_nothing())


def renew(link: VisitLink) -> None:
    """Give the visit another link in place of this one: whoever holds the former opens nothing with it."""
    link.public_id, link.made_at = new_public_id(), clock.now()
    link.asked_at = link.answered_at = None
