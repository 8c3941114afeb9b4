"""Conversations go with their client into another sector."""

from sqlalchemy import ColumnElement, ScalarSelect, exists, select, update

from portal.audit.actions import Actor, record_all
from portal.extensions import db
from portal.people.models import Client
from portal.threads.models import Participant, Thread
from portal.threads.words import INCIDENT


def follow_client(actor: Actor | None, client: Client) -> None:
    """Take the conversations of a client who was moved along into the new sector: its staff read them, answer and are
    told from now on. One with another client of the former sector stays there; those of incidents go with their
    visits."""
    mine = select(Participant.thread_id).where(Participant.client_id == client.id)
    takes_part = Participant.thread_id == Thread.id, Participant.client_id == Client.id
    stays = exists().where(*takes_part, Client.sector_id == Thread.sector_id).correlate(Thread)
    own = select(Client.sector_id).where(Client.id == client.id).scalar_subquery()
    take_along(actor, own, Thread.id.in_(mine), Thread.topic != INCIDENT, ~stays)


def take_along(actor: Actor | None, sector: ScalarSelect[int], *which: ColumnElement[bool]) -> None:
    """Bring these conversations into the sector that is selected for each, and write down which were in another."""
    elsewhere = *which, Thread.sector_id != sector
    moved = db.session.execute(select(Thread.id, Thread.sector_id, sector.label("new")).where(*elsewhere)).all()
    change = update(Thread).where(*elsewhere).values(sector_id=sector)
    db.session.execute(change, execution_options={"synchronize_session": False})
    record_all("thread.moved", actor, [
        (("thread", row.id), {"sector_id": row.sector_id}, {"sector_id": row.new}) for row in moved])  # fmt: skip
