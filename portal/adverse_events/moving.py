"""Adverse events go with their client into another sector."""

from sqlalchemy import select, update

from portal.adverse_events.models import AdverseEvent
from portal.audit.actions import Actor, record_all
from portal.extensions import db
from portal.people.models import Client


def follow_client(actor: Actor | None, client: Client) -> None:
    """Take the events of a client who was moved along into the new sector: its staff follow them up from now on."""
    elsewhere = AdverseEvent.client_id == client.id, AdverseEvent.sector_id != client.sector_id
    moved = db.session.execute(select(AdverseEvent.id, AdverseEvent.sector_id).where(*elsewhere)).all()
    change = update(AdverseEvent).where(*elsewhere).values(sector_id=client.sector_id)
    db.session.execute(change, execution_options={"synchronize_session": False})
    record_all("event.relocated", actor, [
        (("adverse_event", row.id), {"sector_id": row.sector_id}, {"sector_id": client.sector_id}) for row in moved
    ])  # fmt: skip
