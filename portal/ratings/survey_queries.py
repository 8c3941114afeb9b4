"""Which services there are to ask about."""

from sqlalchemy import select

from portal.extensions import db
from portal.people.models import Service
from portal.ratings.survey import set_ups


def services() -> list[dict[str, object]]:
    """Services by name, and whether each has a survey of its own; one that is no longer offered only if it has."""
    rows = db.session.execute(select(Service.id, Service.name, Service.active).order_by(Service.name))
    own = set_ups()
    return [
        {"id": row.id, "name": row.name, "own": row.id in own} for row in rows if row.active or row.id in own
    ]  # fmt: skip
