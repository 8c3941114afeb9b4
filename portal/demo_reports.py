"""Three years of incidents of the large demo agency: what was reported on visits, and what was written about it.

Rows are written as they are, past the deeds of the portal, as those of `demo_history.py`: nobody is mailed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Row, func, select

from portal import clock
from portal.audit.models import AuditEntry
from portal.demo_rows import insert_all, keys_checked_at_the_end
from portal.extensions import db
from portal.incidents.models import Incident, IncidentReason, Outcome, Phase, State
from portal.links import new_public_id
from portal.people.models import Client, Staff, Worker
from portal.threads.models import Participant, Reading, Thread, ThreadMessage
from portal.visits.models import State as VisitState
from portal.visits.models import Visit, VisitWorker

CHUNK = 4_000  # incidents written at once
RECENT = timedelta(days=5)  # what is older has been settled
SAID = {
    "client": ("Je préfère vous le signaler.", "Merci de faire le nécessaire.", "C’est la deuxième fois ce mois-ci.", "Merci, c’est réglé pour moi."),  # noqa: E501
    "worker": ("Je vous préviens comme convenu.", "J’ai attendu un quart d’heure.", "Je suis désolé, cela ne se reproduira pas.", "C’est noté, merci."),  # noqa: E501
    "staff": ("Merci de nous prévenir, nous nous en occupons.", "Nous vous appelons demain matin.", "Une solution est trouvée, nous restons à votre écoute.", "Avez-vous besoin de quelque chose d’ici là ?"),  # noqa: E501
}  # fmt: skip
INTERNAL = "À revoir en réunion d’équipe."


@dataclass(frozen=True)
class Somebody:
    """Who writes."""

    type: str
    id: int
    name: str
    account_id: int | None


def write(incidents: int, chance: Random) -> None:
    """Write about that many incidents, spread over the visits that took place."""
    done = Visit.state == VisitState.DONE, Visit.external_id.is_not(None)  # the story's own has none
    visits = db.session.scalar(select(func.count(Visit.id)).where(*done)) or 0
    picked = Visit.id % max(1, visits // max(incidents, 1)) == 0
    chosen = select(Visit.id, Visit.service_id, Visit.sector_id, Visit.ends_at, Visit.client_id, Client.account_id,
                    (Client.first_name + " " + Client.last_name).label("client"), Client.file_manager_id)  # fmt: skip
    rows = db.session.execute(chosen.join(Client).where(*done, picked).order_by(Visit.id)).all()
    writer = Writer(chance, _workers(picked))
    with keys_checked_at_the_end(Thread, Participant, ThreadMessage, Reading, Incident):
        for first in range(0, len(rows), CHUNK):
            writer.write(rows[first : first + CHUNK])


def _workers(picked: Any) -> dict[int, list[Somebody]]:
    """Who was sent, by visit."""
    name = (Worker.first_name + " " + Worker.last_name).label("name")
    chosen = select(VisitWorker.visit_id, Worker.id, name, Worker.account_id).join(VisitWorker.worker)
    chosen = chosen.join(Visit, Visit.id == VisitWorker.visit_id).where(picked).order_by(VisitWorker.position)
    found: dict[int, list[Somebody]] = {}
    for row in db.session.execute(chosen):
        found.setdefault(row.visit_id, []).append(Somebody("worker", row.id, row.name, row.account_id))
    return found


class Writer:
    """Writes some thousand incidents at a time and keeps count of the numbers of rows."""

    def __init__(self, chance: Random, workers: dict[int, list[Somebody]]) -> None:
        self.chance, self.workers, self.now = chance, workers, clock.now()
        in_order = select(IncidentReason).order_by(IncidentReason.service_id, IncidentReason.position)
        self.reasons: dict[int, list[IncidentReason]] = {}
        for reason in db.session.scalars(in_order):
            self.reasons.setdefault(reason.service_id, []).append(reason)
        team = db.session.scalars(select(Staff).order_by(Staff.id)).all()
        self.staff = {one.id: Somebody("staff", one.id, one.name, one.account_id) for one in team}
        self.quality = next(self.staff[one.id] for one in team if one.role == "quality")
        self.next = {kind: (db.session.scalar(select(func.max(kind.id))) or 0) + 1
                     for kind in (Thread, ThreadMessage, Incident)}  # fmt: skip
        self.rows: dict[Any, list[dict[str, Any]]] = {}

    def write(self, visits: Sequence[Row]) -> None:
        kinds = (Thread, Participant, ThreadMessage, Reading, Incident, AuditEntry)
        self.rows = {kind: [] for kind in kinds}
        for visit in visits:
            self._incident(visit)
        for kind in kinds:
            insert_all(kind, self.rows[kind])
        db.session.expunge_all()

    def _number(self, kind: Any) -> int:
        self.next[kind] += 1
        return self.next[kind] - 1

    def _incident(self, visit: Row) -> None:
        declared_at = visit.ends_at + timedelta(minutes=self.chance.randrange(5, 1_000))
        if declared_at > self.now or visit.service_id not in self.reasons:
            return
        client = Somebody("client", visit.client_id, visit.client, visit.account_id)
        workers = self.workers.get(visit.id, [])
        manager = self.staff.get(visit.file_manager_id or 0, self.quality)
        reporter = self.chance.choice([*workers, *workers, client])
        thread = self._number(Thread)
        said = self._messages(thread, declared_at, reporter, [client, *workers], manager)
        settled = declared_at < self.now - RECENT
        self._thread(thread, visit, said, [client, *workers, manager], archived=manager.name if settled else None)
        people = [
            {"client_id": client.id, "worker_id": None},
            *({"client_id": None, "worker_id": one.id} for one in workers),
        ]
        self.rows[Participant] += [{"thread_id": thread, **one} for one in people]
        self._report(thread, visit, said, manager, settled=settled)

    def _messages(
        self, thread: int, begins: datetime, reporter: Somebody, outside: list[Somebody], manager: Somebody
    ) -> list[dict[str, Any]]:
        """The report, then what everybody answered, as far as that is past."""
        said, at = [self._message(thread, begins, reporter)], begins
        for number in range(self.chance.randrange(3, 9)):
            at += timedelta(minutes=self.chance.randrange(20, 900))
            if at > self.now:
                break
            by_agency = number % 2 == 0
            internal = by_agency and number > 0 and self.chance.random() < 0.2
            said.append(
                self._message(thread, at, manager if by_agency else self.chance.choice(outside), internal=internal)
            )
        return said

    def _message(self, thread: int, at: datetime, who: Somebody, *, internal: bool = False) -> dict[str, Any]:
        row = {
            "id": self._number(ThreadMessage), "thread_id": thread, "author_type": who.type, "author_id": who.id,
            "author_name": who.name, "author_account_id": who.account_id, "internal": internal, "at": at,
            "text": INTERNAL if internal else self.chance.choice(SAID[who.type]), "token": new_public_id(),
        }  # fmt: skip
        self.rows[ThreadMessage].append(row)
        return row

    def _thread(
        self, number: int, visit: Row, said: list[dict[str, Any]], people: list[Somebody], archived: str | None
    ) -> None:
        first, last = said[0], said[-1]
        shown = [one for one in said if not one["internal"]]
        unread = archived is None and shown[-1]["author_type"] != "staff"
        self.rows[Thread].append({
            "id": number, "topic": "incident", "subject": "", "sector_id": visit.sector_id, "published": True,
            "opened_at": first["at"], "opened_type": first["author_type"], "opened_id": first["author_id"],
            "opened_by": first["author_name"], "last_at": last["at"], "last_id": last["id"], "version": len(said) + 1,
            "shown_at": shown[-1]["at"], "shown_id": shown[-1]["id"], "shown_version": len(shown) + 1,
            "unread": unread, "archived_at": last["at"] if archived else None, "archived_by": archived,
        })  # fmt: skip
        for one in people:  # of what is recent everybody has read no further than they wrote
            own = [row["id"] for row in shown if (row["author_type"], row["author_id"]) == (one.type, one.id)]
            read = (
                last["id"]
                if one.type == "staff" and not unread
                else shown[-1]["id"]
                if archived
                else max(own, default=0)
            )
            if read:
                self.rows[Reading].append({"thread_id": number, "person_type": one.type, "person_id": one.id,
                                           "message_id": read, "at": last["at"]})  # fmt: skip

    def _report(self, thread: int, visit: Row, said: list[dict[str, Any]], manager: Somebody, *, settled: bool) -> None:
        reason, first = self.chance.choice(self.reasons[visit.service_id]), said[0]
        phase = self.chance.choice((Phase.START, Phase.END)) if reason.phase == Phase.BOTH else reason.phase
        answers = [one["at"] for one in said if one["author_type"] == "staff" and not one["internal"]]
        number, closed_at = self._number(Incident), said[-1]["at"] if settled else None
        state = State.CLOSED if settled else State.DISCUSSION if len(said) > 1 else State.OPEN
        self.rows[Incident].append({
            "id": number, "visit_id": visit.id, "thread_id": thread, "reason_id": reason.id, "phase": str(phase),
            "urgency": reason.urgency, "label_fr": reason.label_fr, "label_ru": reason.label_ru,
            "label_en": reason.label_en, "declared_at": first["at"], "declared_type": first["author_type"],
            "declared_id": first["author_id"], "declared_by": first["author_name"], "token": first["token"],
            "state": str(state), "state_at": said[-1]["at"], "owner_id": manager.id if answers else None,
            "answered_at": answers[0] if answers else None, "closed_at": closed_at,
            "closed_by": manager.name if settled else None,
            "outcome": str(self.chance.choice(list(Outcome))) if settled else None, "version": 1,
        })  # fmt: skip
        self.rows[AuditEntry].append({
            "at": first["at"], "kind": "incident.declared", "account_id": first["author_account_id"],
            "role": first["author_type"], "person_type": first["author_type"], "person_id": first["author_id"],
            "subject_type": "incident", "subject_id": number, "before": None,
            "after": {"visit": visit.id, "reason": reason.id, "phase": str(phase), "urgency": reason.urgency},
        })  # fmt: skip
