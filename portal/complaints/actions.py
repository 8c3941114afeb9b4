"""Filing a complaint, and what follows from it at once."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from portal import clock
from portal.accounts.models import User
from portal.audit.actions import Actor, record, record_all
from portal.complaints.alerts import promise_alerts
from portal.complaints.models import Channel, Complaint, Direction
from portal.complaints.queries import have_met, usual_handler
from portal.deadlines import working_days_after
from portal.errors import Refused
from portal.extensions import db
from portal.i18n import local, reading_language, start_of_day
from portal.notes.actions import follow
from portal.notes.models import Origin
from portal.organisation.models import ListEntry, ListName
from portal.people.models import Client, Worker
from portal.people.queries import overseers
from portal.ratings.models import Rating
from portal.settings.queries import option
from portal.threads.actions import person_of
from portal.visits.models import Visit


@dataclass(frozen=True)
class Filing:
    """What somebody complains of.

    Attributes:
        direction: a value of `models.Direction`.
        subject: of the agency's list, in use.
        text: what it is about, as it was said.
        token: of the form (`portal.links.new_public_id`): the same one twice is one complaint.
        client, worker: who complains, and about whom, as the direction says.
        partner: who complains, where it is neither.
        sector_id: where there is no client: whose staff follows it.
        channel: how it came, a value of `models.Channel`.
        received_at: now without it.
        owner_id: who of the staff has it in hand; the manager of the client's file, else of the sector, without it.
        visit, rating: that it is about, if any.
    """

    direction: str
    subject: ListEntry
    text: str
    token: str
    client: Client | None = None
    worker: Worker | None = None
    partner: str | None = None
    sector_id: int | None = None
    channel: str = Channel.PORTAL
    received_at: datetime | None = None
    owner_id: int | None = None
    visit: Visit | None = None
    rating: Rating | None = None


def file_complaint(actor: User, filing: Filing) -> Complaint:
    """File a complaint. A note follows it, and reminds who has it in hand of its deadlines.

    Args:
        filing: about people whom the actor may see; who calls has looked.

    Returns:
        The complaint; the one that is there already if this form was sent, or this rating was turned into one, before.

    Raises:
        Refused: that form said something else; the record of who complains is closed, the two have not met, or
            something is missing, odd or in the future.
    """
    if twin := filed(actor, filing.token):
        return _as_sent(twin, filing)
    _refuse(filing)
    sector_id = filing.client.sector_id if filing.client else filing.sector_id
    if sector_id is None:
        raise Refused(_l("Please choose the sector that follows it."), "sector_id")
    handlers = overseers(sector_id)
    if filing.owner_id is not None and filing.owner_id not in handlers:
        raise Refused(_l("Please choose one of those who see this complaint."), "owner_id")
    made = _insert(actor, filing, sector_id)
    if made is None:  # the same form or the same rating, twice at the same moment
        return filed(actor, filing.token) or db.session.scalars(select(Complaint).filter_by(rating=filing.rating)).one()
    owner_id = filing.owner_id or usual_handler(sector_id, filing.client, handlers)
    note = follow(
        Origin.COMPLAINT, made.id, title=_title(filing), client_id=made.client_id, worker_id=made.worker_id,
        owner_id=owner_id, remind_at=morning_of(made.acknowledge_by), category_code="N03",
    )  # fmt: skip
    made.note_id = note.id
    db.session.flush()
    told = {"direction": made.direction, "subject": made.subject_id, "channel": made.channel, "owner": owner_id,
            "client": made.client_id, "worker": made.worker_id, "rating": made.rating_id}  # fmt: skip
    record("complaint.filed", actor, ("complaint", made.id), after=told)
    promise_alerts(made, new=True)
    return made


def filed(actor: User, token: str) -> Complaint | None:
    """What this person has filed with this form before."""
    type_, number = person_of(actor)
    sent = Complaint.filed_type == type_, Complaint.filed_id == number, Complaint.token == token
    return db.session.scalar(select(Complaint).where(*sent))


def _as_sent(twin: Complaint, filing: Filing) -> Complaint:
    """Return what has arrived before, if it is what this form says: nothing of what somebody wrote goes in silence."""
    told = filing.direction, filing.subject.id, filing.text, filing.client, filing.worker, filing.partner
    if (twin.direction, twin.subject_id, twin.text, twin.client, twin.worker, twin.partner) != told:
        raise Refused(
            _l("Your complaint had arrived as you first sent it. Send this one too if it says more."), "token"
        )
    return twin


def _insert(actor: User, filing: Filing, sector_id: int) -> Complaint | None:
    received = filing.received_at or clock.now()
    first = local(received).date()
    type_, number = person_of(actor)
    made = Complaint(
        direction=filing.direction, client=filing.client, worker=filing.worker, partner=filing.partner,
        sector_id=sector_id, visit=filing.visit, rating=filing.rating, subject=filing.subject, channel=filing.channel,
        text=filing.text, received_at=received, filed_type=type_, filed_id=number, filed_by=actor.name,
        token=filing.token, acknowledge_by=working_days_after(first, option("complaints.acknowledge_days")),
        answer_by=first + timedelta(days=option("complaints.answer_days")),
    )  # fmt: skip
    try:
        with db.session.begin_nested():
            db.session.add(made)
    except IntegrityError:
        return None
    return made


def _refuse(filing: Filing) -> None:
    if not filing.text:
        raise Refused(_l("Please write what it is about."), "text")
    if filing.subject.list != ListName.COMPLAINT or not filing.subject.active:
        raise Refused(_l("Please choose one of the subjects offered."), "subject_id")
    if filing.received_at and filing.received_at > clock.now():
        raise Refused(_l("A complaint cannot have been received in the future."), "received_on")
    if filing.direction == Direction.PARTNER_AGENCY:
        if not filing.partner:
            raise Refused(_l("Please say who complains."), "partner")
        return
    _refuse_people(filing)


def _refuse_people(filing: Filing) -> None:
    """Who complains must have a record in use, and about whom must have been on a visit with them."""
    client, worker, by_worker = filing.client, filing.worker, filing.direction == Direction.WORKER_CLIENT
    if client is None or (worker is None and filing.direction != Direction.CLIENT_AGENCY):
        raise Refused(_l("Please say whom it is about."), "about")
    if worker and filing.direction != Direction.CLIENT_AGENCY and not have_met(client.id, worker.id):
        raise Refused(_("There has been no visit of %(worker)s at %(client)s yet: a complaint about each other can be "
                        "filed once there has been one.", worker=worker.name, client=client.name), "about")  # fmt: skip
    complainant = worker if by_worker and worker else client
    if not complainant.active:
        raise Refused(_("The record of %(name)s is closed: a complaint can be filed only while it is in use.",
                        name=complainant.name), "closed")  # fmt: skip


def _title(filing: Filing) -> str:
    """What the note is called, in the agency's language."""
    return filing.subject.label(reading_language(None))


def morning_of(day: date) -> datetime:
    """When somebody is reminded of what is to be done by a day."""
    return start_of_day(day).replace(hour=9)


def moment_of(day: date) -> datetime:
    """When a complaint was received of which only the day is known: now, if it is today; else at noon."""
    now = clock.now()
    return now if local(now).date() == day else datetime.combine(day, time(12), start_of_day(day).tzinfo)


def follow_client(actor: Actor | None, client: Client) -> None:
    """Take the complaints of and about a client who was moved along into the new sector: its staff follow them."""
    elsewhere = Complaint.client_id == client.id, Complaint.sector_id != client.sector_id
    moved = db.session.execute(select(Complaint.id, Complaint.sector_id).where(*elsewhere)).all()
    change = update(Complaint).where(*elsewhere).values(sector_id=client.sector_id)
    db.session.execute(change, execution_options={"synchronize_session": False})
    record_all("complaint.moved", actor, [
        (("complaint", row.id), {"sector_id": row.sector_id}, {"sector_id": client.sector_id}) for row in moved
    ])  # fmt: skip
