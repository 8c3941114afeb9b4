"""Which services there are to ask about, and what is under way."""

from sqlalchemy import func, select

from portal.extensions import db, wires
from portal.outbox.models import OPEN, Message
from portal.people.models import Service
from portal.ratings.survey import set_ups


def services() -> list[dict[str, object]]:
    """Services by name, and whether each has a survey of its own; one that is no longer offered only if it has."""
    rows = db.session.execute(select(Service.id, Service.name, Service.active).order_by(Service.name))
    own = set_ups()
    return [
        {"id": row.id, "name": row.name, "own": row.id in own} for row in rows if row.active or row.id in own
    ]  # fmt: skip


def asks_waiting() -> int:
    """How many messages that ask for a rating, or remind of it, have yet to leave."""
    kinds = [name for name, kind in wires.message_kinds.items() if "ratings.client_ratings" in kind.governed_by]
    waiting = select(func.count()).select_from(Message).where(Message.state.in_(OPEN), Message.kind.in_(kinds))
    return db.session.scalar(waiting) or 0
