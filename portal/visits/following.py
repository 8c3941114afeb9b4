"""What becomes of planned visits when the record of a client changes."""

from sqlalchemy import select, update

from portal import clock
from portal.audit.actions import Actor, record_all
from portal.extensions import db
from portal.people.models import Client
from portal.visits.models import OPEN, Visit


def follow_client(actor: Actor | None, client: Client) -> None:
    """Take the visits to come of a client who was moved along into the new sector: its staff plan them from now on.
    Past ones stay where they were. Who is sent stays too: the planning shows who is not of the new sector."""
    ahead = (
        Visit.client_id == client.id, Visit.state.in_(OPEN), Visit.starts_at > clock.now(),
        Visit.sector_id != client.sector_id,
    )  # fmt: skip
    moved = db.session.execute(select(Visit.id, Visit.sector_id).where(*ahead)).all()
    change = update(Visit).where(*ahead).values(sector_id=client.sector_id, version=Visit.version + 1)
    db.session.execute(change, execution_options={"synchronize_session": False})
    record_all("visit.changed", actor, [
        (("visit", row.id), {"sector_id": row.sector_id}, {"sector_id": client.sector_id, "fields": ["sector_id"]})
        for row in moved])  # fmt: skip
