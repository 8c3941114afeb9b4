"""The weekly mail: the requests about a client's visits share it, each with a link of its own."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import aliased

from portal import clock
from portal.extensions import db, rows_changed
from portal.i18n import local
from portal.links import new_public_id
from portal.outbox.actions import PATIENCE, Order, schedule
from portal.outbox.models import OPEN, Message
from portal.ratings.models import RatingRequest, RatingSubject
from portal.ratings.tallies import follow
from portal.ratings.timing import digest_after
from portal.ratings.turns import DIGEST

A_WEEK = timedelta(days=7)


def share_mails(rows: Sequence[dict], orders: Sequence[Order], clients: Mapping[int, int]) -> None:
    """Put requests that are to be asked into the weekly mails of their clients, in place of mails of their own.

    A mail that is just leaving, has left or was taken back holds nothing more: the request waits for the next.

    Args:
        rows: of requests to write; they get a message and a link.
        orders: of the mails of their own; those not to leave stay.
        clients: by subject.
    """
    by_client: dict[int, list[tuple[dict, Order]]] = {}
    for row, order in zip(rows, orders, strict=True):
        if order.suppressed is None:
            by_client.setdefault(clients[row["subject_id"]], []).append((row, order))
        row["public_id"] = new_public_id() if order.suppressed is None else None
    for client_id, shared in sorted(by_client.items()):
        message_id = _mail_of(client_id, shared[0][1])
        for row, _order in shared:
            row["message_id"] = message_id


def _mail_of(client_id: int, order: Order) -> int:
    """The weekly mail of a client that has yet to leave, whatever its day; else that of the day on which one is due."""
    waiting = (
        select(Message.id)
        .join(RatingRequest, RatingRequest.message_id == Message.id)
        .join(RatingSubject, RatingSubject.id == RatingRequest.subject_id)
        .where(RatingSubject.client_id == client_id, Message.kind == DIGEST, Message.state.in_(OPEN),
               Message.not_after > max(order.due_at, clock.now()))
        .order_by(Message.next_at, Message.id).limit(1).with_for_update(of=Message)
    )  # fmt: skip
    if message_id := db.session.scalar(waiting):
        return message_id
    for due in _moments(order.due_at):
        key = f"digest:{client_id}:{local(due).date()}"
        weekly = Order(DIGEST, order.subject, key, due_at=due, not_after=due + 2 * PATIENCE)
        message_id = schedule([weekly])[key]
        # held until we are through: who sends it then sees what we have put in
        still = select(Message.state).where(Message.id == message_id).with_for_update()
        if db.session.scalar(still) in OPEN:
            return message_id
    raise AssertionError("there is always a next week")


def _moments(first: datetime) -> Iterator[datetime]:
    due = first
    while True:
        yield due
        due = max(digest_after(due), digest_after(clock.now()))


def mails_of_their_own(subjects: Sequence[int]) -> list[int]:
    """The messages that ask about one of these subjects and about nothing else, by id."""
    alone = RatingRequest.subject_id.in_(subjects), RatingRequest.public_id.is_(None)
    return list(db.session.scalars(select(RatingRequest.message_id).where(*alone)))


def leave_out(subjects: Sequence[int], reason: str) -> None:
    """Have weekly mails that have not left leave without these subjects."""
    waiting = select(Message.id).where(Message.kind == DIGEST, Message.state.in_((*OPEN, "sending")))
    chosen = (
        update(RatingRequest)
        .where(
            RatingRequest.subject_id.in_(subjects), RatingRequest.public_id.is_not(None),
            RatingRequest.left_out.is_(None), RatingRequest.message_id.in_(waiting),
        )
        .values(left_out=reason)
        .returning(RatingRequest.subject_id)
    )  # fmt: skip
    if left := list(db.session.scalars(chosen, execution_options={"synchronize_session": False})):
        follow(left)


def note_asked(moved: Mapping[int, str]) -> None:
    """What was in a weekly mail that has left counts as asked, even if it was to be left out while the mail was just
    leaving. A reaction to `messages moved`.

    Args:
        moved: kinds of the messages whose state has changed, by id.
    """
    if not (weekly := [message_id for message_id, kind in moved.items() if kind == DIGEST]):
        return
    gone = select(Message.id).where(Message.id.in_(weekly), Message.state.in_(("sent", "uncertain")))
    same = aliased(RatingRequest)
    last = select(func.max(same.asked_at)).where(same.message_id == RatingRequest.message_id).scalar_subquery()
    inside = RatingRequest.message_id.in_(gone), RatingRequest.asked_at == last, RatingRequest.left_out.is_not(None)
    rows_changed(update(RatingRequest).where(*inside).values(left_out=None))
