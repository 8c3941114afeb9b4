"""The ways out: whether the server or the gateway is there, and when it was not. Whoever calls commits.

An outage is one row, however many messages wait for its end: which of them it kept is seen when one is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import exists, insert, literal, or_, select, true, update
from sqlalchemy.exc import IntegrityError

from portal.extensions import db, rows_changed
from portal.outbox.models import MAIL, Attempt, Channel, Outage, Suppression

SHOWN = 500  # outages at most that are read for one page


def printable(answer: str) -> str:
    """PostgreSQL refuses NUL: a server that says one must not keep us from writing down that it took the mail."""
    return "".join(sign if sign.isprintable() else " " for sign in answer)[:500]


def insert_channel(values: dict[str, Any], name: str = MAIL) -> bool:
    """Write the channel's row; False when it is there already: another process may have noticed at the same moment."""
    try:
        with db.session.begin_nested():
            db.session.execute(insert(Channel).values(name=name, **values))
    except IntegrityError:
        return False
    return True


def note_closed(answer: str, at: datetime, paused_until: datetime, name: str = MAIL) -> None:
    """The server does not answer or lets nobody in. Who says so first begins the outage, the others go on with it."""
    values = {"answer": answer, "paused_until": paused_until}
    fine = Channel.name == name, Channel.failing_since.is_(None)
    begun = values | {"failing_since": at}
    if rows_changed(update(Channel).where(*fine).values(begun)):
        begins = True
    elif rows_changed(update(Channel).where(Channel.name == name).values(values)):
        begins = False
    else:
        begins = insert_channel(begun, name)
    if begins:
        db.session.execute(insert(Outage).values(channel=name, began_at=at, answer=answer))
    else:
        rows_changed(update(Outage).where(Outage.channel == name, Outage.ended_at.is_(None)).values(answer=answer))


def note_open(at: datetime, name: str = MAIL) -> None:
    """The server took a message: whatever was wrong is over."""
    failing = Channel.name == name, Channel.failing_since.is_not(None)
    if rows_changed(update(Channel).where(*failing).values(failing_since=None, paused_until=None, answer=None)):
        rows_changed(update(Outage).where(Outage.channel == name, Outage.ended_at.is_(None)).values(ended_at=at))


@dataclass(frozen=True)
class WayOut:
    """How the way out stands, and what was tried of some messages.

    Attributes:
        channels: those that were ever used, by name.
        refusing: whether any address refuses mails.
        tries: the attempts, in order.
    """

    channels: dict[str, Channel]
    refusing: bool
    tries: Sequence[Attempt]


def way_out(message_ids: Sequence[int]) -> WayOut:
    """Return it in one statement: pages that tell of messages have many others to make."""
    refusing = exists().where(Suppression.address_hash.is_not(None))
    chosen = (
        select(Channel, Attempt, refusing.label("refusing"))
        .select_from(select(literal(1)).subquery())
        .outerjoin(Channel, true())
        .outerjoin(Attempt, Attempt.message_id.in_(message_ids))
    )
    rows = db.session.execute(chosen.order_by(Attempt.id)).all()
    channels = {row.Channel.name: row.Channel for row in rows if row.Channel}
    return WayOut(channels, bool(rows[0].refusing), list(dict.fromkeys(row.Attempt for row in rows if row.Attempt)))


def outages(since: datetime, until: datetime) -> Sequence[Outage]:
    """Return the outages of which a part lies in this time, in order."""
    within = Outage.began_at <= until, or_(Outage.ended_at.is_(None), Outage.ended_at >= since)
    chosen = select(Outage).where(*within)
    return db.session.scalars(chosen.order_by(Outage.began_at, Outage.id).limit(SHOWN)).all()
