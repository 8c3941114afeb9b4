"""Whom a note is about: the records in which it shows, as far as whoever writes it may open them."""

from collections.abc import Mapping
from dataclasses import dataclass

from portal.accounts.models import User
from portal.extensions import db
from portal.forms import number_in
from portal.notes.models import Note
from portal.people.models import Client, Staff, Worker
from portal.people.offers import staff_who_see
from portal.people.records import client_of, worker_of
from portal.visits.models import Visit
from portal.visits.queries import visit_of


@dataclass(frozen=True)
class About:
    """Where a note begins, or what it has."""

    client: Client | None = None
    worker: Worker | None = None
    colleague: Staff | None = None
    visit: Visit | None = None

    def staff(self, *kept: int | None) -> dict[int, str]:
        """Names of the staff who can have such a note in hand, by number: those who may read it."""
        if self.client:
            return staff_who_see({self.client.sector_id}, *kept)
        if self.worker and not self.worker.all_sectors:
            return staff_who_see({sector.id for sector in self.worker.sectors}, *kept)
        return staff_who_see(None, *kept)


def about_of(note: Note) -> About:
    return About(note.client, note.worker, note.colleague, note.visit)


def asked_about(user: User, asked: Mapping[str, str]) -> About | None:
    """What an address asks for: `visit`, or `client`, `worker` and `colleague`; None when one of them is not there for
    this person."""
    readers = {"visit": visit_of, "client": client_of, "worker": worker_of, "colleague": _colleague_of}
    found = {name: read(user, number_in(asked[name]) or 0) for name, read in readers.items() if asked.get(name)}
    if None in found.values():
        return None
    visit = found.pop("visit", None)
    if not isinstance(visit, Visit):
        return About(**found)
    client = client_of(user, visit.client_id)  # a client who has moved is not for who saw the visit
    return About(client, visit.workers[0] if len(visit.workers) == 1 else None, visit=visit) if client else None


def _colleague_of(_user: User, number: int) -> Staff | None:
    found = db.session.get(Staff, number)
    return found if found and found.active else None
