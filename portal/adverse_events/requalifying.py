"""When a report turns out to be something else: it becomes a complaint, and both know each other."""

from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from portal.accounts.models import User
from portal.adverse_events.models import AdverseEvent
from portal.complaints.actions import Filing, file_complaint
from portal.complaints.models import Channel, Complaint
from portal.errors import Refused
from portal.extensions import db
from portal.organisation.models import ListEntry
from portal.settings.queries import option


@dataclass(frozen=True)
class Complaining:
    """What the complaint says that is made of a report. Who judges writes it: the words of a report that has no name
    could tell who wrote them.

    Attributes:
        direction: who complains about whom, a value of `complaints.models.Direction`.
        subject_id: of the agency's list of subjects.
    """

    direction: str
    subject_id: int | None
    text: str


def into_complaint(actor: User, event: AdverseEvent, said: Complaining) -> Complaint:
    """File the complaint that a report is. One that was made of it before is kept: it is still the same.

    Raises:
        Refused: as `file_complaint` says, complaints are switched off, or no subject was chosen.
    """
    if event.complaint:
        return event.complaint
    if not option("complaints.enabled"):
        raise Refused(_l("Complaints are switched off. An administrator can switch them on."), "kind")
    subject = db.session.get(ListEntry, said.subject_id) if said.subject_id else None
    if subject is None:
        raise Refused(_l("Please choose one of the subjects offered."), "subject")
    made = file_complaint(actor, Filing(
        said.direction, subject, said.text, event.token[:22], client=event.client, worker=event.worker,
        sector_id=event.sector_id, channel=Channel.ORAL, received_at=event.declared_at,
    ))  # fmt: skip
    event.complaint = made
    db.session.flush()
    return made
