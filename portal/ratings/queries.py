"""Reading ratings, each from what the person may see; and following a mailed link to its request."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import cast

from sqlalchemy import ColumnElement, Row, Select, bindparam, func, select
from sqlalchemy.orm import load_only

from portal import clock
from portal.accounts.models import User
from portal.extensions import db, wires
from portal.links import read_token
from portal.outbox.models import Message
from portal.people.models import Client, Service
from portal.people.records import client_of
from portal.ratings.details import Detailed
from portal.ratings.link_models import VisitLink
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.ratings.words import in_words
from portal.settings.queries import option
from portal.tables.queries import Page, read_page
from portal.visits.models import State, Visit
from portal.visits.queries import names_of_workers, visible_visits


def is_open() -> bool:
    """Whether clients may rate: the module and the switch for clients are both on."""
    return bool(option("ratings.enabled") and option("ratings.client_ratings"))


def can_be_rated(ended_at: datetime | None, stars: int | None) -> bool:
    """Whether a visit waits for a rating on the portal."""
    oldest = clock.now() - timedelta(days=option("ratings.portal_days"))
    return stars is None and ended_at is not None and ended_at > oldest and is_open()


def can_be_changed(left_at: datetime | None) -> bool:
    """Whether a rating can still be changed on the portal."""
    return left_at is not None and left_at > clock.now() - timedelta(days=option("ratings.change_days")) and is_open()


def may_rate_anew(asked_again_at: datetime | None) -> bool:
    """Whether the agency has asked again about what is rated, and still waits for the answer."""
    oldest = clock.now() - timedelta(days=option("ratings.link_days"))
    return asked_again_at is not None and asked_again_at > oldest and is_open()


def is_asked_anew(request: RatingRequest | VisitLink, rating: Rating) -> bool:
    """Whether a request is one by which staff ask anew about what is rated, and nobody has answered since."""
    return request.again and request.answered_at is None and rating.asked_again_at is not None


BY_LINK = ("mail", "sms")  # ratings that came by the link of a message


def is_low(stars: int) -> bool:
    return stars <= option("ratings.low_threshold")


def is_urgent(stars: int) -> bool:
    return stars <= option("ratings.urgent_threshold")


def can_be_changed_by_link(request: RatingRequest | VisitLink, rating: Rating) -> bool:
    """Whether a mailed link may change a rating: one by which the agency asks again, and where it does not lock links,
    the one that gave the rating."""
    if is_asked_anew(request, rating):
        return True
    by_link = request.answered_at is not None and rating.channel in BY_LINK
    return by_link and not option("ratings.lock_public") and can_be_changed(rating.left_at)


def visit_to_rate(user: User, visit_id: int) -> tuple[Visit, RatingSubject | None, Rating | None] | None:
    """Return a visit that this person may see, what is rated of it once it is done, and the present rating."""
    found = db.session.execute(_to_rate(user.kind), {**user.numbers, "visit_id": visit_id}).one_or_none()
    return cast("tuple[Visit, RatingSubject | None, Rating | None] | None", found)


@cache
def _to_rate(kind: User) -> Select:
    return (
        visible_visits(kind)
        .where(Visit.id == bindparam("visit_id"))
        .outerjoin(RatingSubject, RatingSubject.visit_id == Visit.id)
        .outerjoin(Rating, Rating.subject_id == RatingSubject.id)
        .add_columns(RatingSubject, Rating)
        .options(load_only(Visit.client_id, Visit.state))
    )


def rating_of(subject: RatingSubject) -> Rating | None:
    return db.session.scalar(_RATING_OF, {"subject_id": subject.id})


def waits_on_the_portal(subject: RatingSubject) -> bool:
    """Whether who signs in finds a visit waiting for their rating, whatever became of the mails about it."""
    visit = subject.visit
    done = subject.visit_id is None or visit.state == State.DONE
    waits = done and visit.client.active and can_be_rated(subject.ended_at, None)
    return waits and rating_of(subject) is None


_RATING_OF = select(Rating).where(Rating.subject_id == bindparam("subject_id"))


def request_by_token(token: str) -> RatingRequest | None:
    """Follow the link of a rating mail; None when it is not one of ours."""
    public_id = read_token("rate", token)
    own = select(RatingRequest).where(RatingRequest.public_id == public_id)
    return _request_by_id(public_id) or (db.session.scalar(own) if public_id else None)


def request_by_unsubscribe_token(token: str) -> RatingRequest | None:
    """Follow the link with which one stops the requests: of a weekly mail, to any of its requests."""
    public_id = read_token("unsubscribe", token)
    of_mail = select(RatingRequest).join(Message).where(Message.public_id == public_id).limit(1)
    return db.session.scalar(of_mail) if public_id else None


def _request_by_id(public_id: str | None) -> RatingRequest | None:
    if public_id is None:
        return None
    of_mail = Message.public_id == public_id, RatingRequest.public_id.is_(None)
    return db.session.scalar(select(RatingRequest).join(Message).where(*of_mail))


def may_open_file(user: User, visit: Visit) -> bool:
    """Whether this person may open the file of the client of a visit that they see: it may be another sector's now."""
    return visit.client.sector_id == visit.sector_id or client_of(user, visit.client_id) is not None


@dataclass(frozen=True)
class RatingRow(Detailed):
    """A rating as the staff's lists show it."""

    id: int
    stars: int
    comment: str | None
    channel: str
    author_name: str
    author_role: str
    left_at: datetime
    changed_at: datetime | None
    client: str
    service: str
    workers: list[str]
    visit_id: int
    starts_at: datetime
    low: bool
    urgent: bool
    looked_at: datetime | None
    looked_by: str | None
    typed: str | None  # by whom of the agency, how it was given and when, in words
    replied_at: datetime | None
    excluded_at: datetime | None
    excluded_by: str | None
    exclude_reason: str | None
    complaint_id: int | None  # that was made of it
    details: dict | None  # criteria and remarks
    call_back: bool
    called_at: datetime | None
    called_by: str | None
    phone: str | None = None  # for who may open the client's file
    may_note: bool = False  # and write a note in it

    @property
    def said_at(self) -> datetime:
        """When the present value was given."""
        return self.changed_at or self.left_at


def visible_ratings(user: User) -> Select:
    """Ratings of clients that this person may see. The perimeter is the sector of the day of the visit."""
    seen = visible_visits(user).join(RatingSubject, RatingSubject.visit_id == Visit.id)
    # joined, not looked up among the ids of all visits: those are walked one by one where few ratings are wanted
    return seen.join(Rating, Rating.subject_id == RatingSubject.id).with_only_columns(Rating)


def is_unseen() -> tuple[ColumnElement[bool], ...]:
    """What holds of a low rating that waits for somebody to take note of it. Whoever excluded one from the statistics
    has looked at it closely enough."""
    low = Rating.stars <= option("ratings.low_threshold")
    return Rating.looked_at.is_(None), low, Rating.excluded_at.is_(None)


def list_ratings(
    user: User, only_low: bool = False, stars: int | None = None, *, only_unseen: bool = False
) -> Page[RatingRow]:
    """Return a page of ratings, newest first.

    Args:
        user: whose perimeter.
        only_low: those at or below the agency's threshold.
        stars: those with just so many.
        only_unseen: low ones that wait for somebody to take note of them.
    """
    statement = visible_ratings(user)
    if only_unseen:
        statement = statement.where(*is_unseen())
    if only_low:
        statement = statement.where(Rating.stars <= option("ratings.low_threshold"))
    if stars is not None:
        statement = statement.where(Rating.stars == stars)
    return list_these(statement)


def list_these(chosen: Select) -> Page[RatingRow]:
    """Return a page of some of the `visible_ratings`, newest first."""
    return read_page(rating_rows(chosen).order_by(Rating.left_at.desc(), Rating.id.desc()), as_row)


def rating_rows(chosen: Select) -> Select:
    """Select what `as_row` reads of some of the `visible_ratings`."""
    return (
        chosen.join(Client, Client.id == RatingSubject.client_id)
        .join(Service, Service.id == RatingSubject.service_id)
        .with_only_columns(
            Rating.id, Rating.stars, Rating.comment, Rating.channel, Rating.author_name, Rating.author_role,
            Rating.left_at, Rating.changed_at, Rating.looked_at, Rating.looked_by,
            Rating.typed_by, Rating.given_how, Rating.given_at, Rating.replied_at,
            Rating.excluded_at, Rating.excluded_by, Rating.exclude_reason,
            Rating.details, Rating.call_back, Rating.called_at, Rating.called_by,
            Client.first_name, Client.last_name, Service.name.label("service"),
            names_of_workers().label("workers"), Visit.id.label("visit_id"), Visit.starts_at,
            wires.complaint_of_rating(Rating.id).label("complaint_id"),
        )
    )  # fmt: skip


def rating_row(user: User, rating_id: int) -> RatingRow:
    """One line of the list anew, after something changed."""
    return as_row(db.session.execute(rating_rows(visible_ratings(user).where(Rating.id == rating_id))).one())


def is_about_visit_of(user: User, subject: RatingSubject) -> bool:
    """Whether this person sees the visit that is rated, or on which the incident was that was handled."""
    return db.session.scalar(visible_visits(user).where(Visit.id == subject.visit.id)) is not None


def visible_rating(user: User, rating_id: int) -> Rating | None:
    return db.session.scalar(visible_ratings(user).where(Rating.id == rating_id))


def as_row(row: Row) -> RatingRow:
    return RatingRow(
        id=row.id, stars=row.stars, comment=row.comment, channel=row.channel, author_name=row.author_name,
        author_role=row.author_role, left_at=row.left_at, changed_at=row.changed_at,
        client=f"{row.first_name} {row.last_name}".strip(), service=row.service,
        workers=row.workers.split("\n") if row.workers else [], visit_id=row.visit_id, starts_at=row.starts_at,
        low=is_low(row.stars), urgent=is_urgent(row.stars), looked_at=row.looked_at, looked_by=row.looked_by,
        typed=in_words(row), replied_at=row.replied_at,
        excluded_at=row.excluded_at, excluded_by=row.excluded_by, exclude_reason=row.exclude_reason,
        complaint_id=row.complaint_id, details=row.details, call_back=row.call_back,
        called_at=row.called_at, called_by=row.called_by,
    )  # fmt: skip


RECENT = timedelta(days=35)  # how far back the audit looks for visits that nobody was told of


def missing_requests() -> list[str]:
    """Return a sentence for each way in which clients were not asked who should have been."""
    unasked = select(func.count()).where(
        RatingSubject.asked, ~select(RatingRequest.id).where(RatingRequest.subject_id == RatingSubject.id).exists()
    )
    unknown = select(func.count()).where(
        Visit.starts_at > clock.now() - RECENT, Visit.state == State.DONE,
        ~select(RatingSubject.id).where(RatingSubject.visit_id == Visit.id).exists(),
    )  # fmt: skip
    checks = {"visits are done and their clients were never asked": unasked,
              "visits are done and cannot be rated": unknown}  # fmt: skip
    counts = {sentence: db.session.scalar(check) or 0 for sentence, check in checks.items()}
    return [f"{count} {sentence}" for sentence, count in counts.items() if count]
