"""Plain builders of records, and the people of the tests.

Everything here needs an application context and writes into the present transaction; nothing is random. The moment of
every test with an `app` is NOON, a Tuesday, so that "yesterday at nine" always lies in the same place.

**The story.** An agency with two sectors. *Claire* is a client of the North; her son *Paul* has an account on her
file. *Denis* lives next door, is a client of the North too, and must see nothing of hers. *Wassim* comes to both;
*Jean* works in the South. *Sofia* coordinates the North, *Igor* the South; *Inès* leads quality, *Ada* administers.
*Éloïse* is a client of the South, *George* has no e-mail address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import cache
from io import BytesIO
from zoneinfo import ZoneInfo

from flask_security.utils import hash_password
from passlib.totp import TOTP
from sqlalchemy import select

from portal import clock
from portal.accounts.actions import open_account
from portal.accounts.models import Account, AccountSession, User
from portal.accounts.second_factor import sealed
from portal.adverse_events.models import AdverseEvent
from portal.adverse_events.report import Report as EventReport
from portal.adverse_events.reporting import declare_event
from portal.complaints.actions import Filing, file_complaint
from portal.complaints.models import Complaint
from portal.extensions import db
from portal.incidents.actions import Report, declare_incident
from portal.incidents.models import Incident, IncidentReason
from portal.links import new_public_id
from portal.notes.actions import Draft as NoteDraft
from portal.notes.actions import write as write_note
from portal.notes.models import Note
from portal.organisation.lists import entry_of_code
from portal.organisation.models import ListName
from portal.outbox.models import Message
from portal.people.models import Client, Relative, Sector, Service, Staff, Worker, set_name
from portal.people.queries import files_of_account
from portal.people.search import index_person
from portal.ratings.actions import leave_rating
from portal.ratings.models import Rating, RatingRequest, RatingSubject
from portal.settings.actions import set_option
from portal.threads.actions import Draft, open_thread, write
from portal.threads.models import Thread, ThreadMessage
from portal.visits.actions import cancel_visit, end_visits, plan_visit
from portal.visits.models import Visit

NOON = datetime(2026, 11, 17, 11, 0, tzinfo=UTC)  # Tuesday, 12:00 in Paris
PARIS = ZoneInfo("Europe/Paris")
PASSWORD = "une phrase que je retiens"
AGENCY = "Maison & Soins"


@dataclass(frozen=True)
class Persona:
    """Somebody of the story, as plain values: records are read where they are needed."""

    key: str  # "client:1", as the portal names a file
    id: int
    account_id: int
    email: str
    name: str

    @property
    def user(self) -> User:
        """The person at work in this file, as the portal's guard makes it."""
        return next(file for file in files_of_account(self.account_id) if file.key == self.key)


@dataclass(frozen=True)
class Agency:
    """The people and places of the story; visits are ids."""

    north: int
    south: int
    rising: int  # services
    cleaning: int
    claire: Persona
    denis: Persona
    eloise: Persona
    paul: Persona
    wassim: Persona
    jean: Persona
    sofia: Persona
    igor: Persona
    ines: Persona
    ada: Persona
    george: int  # a client without address and login
    claires_done: int  # visits: done yesterday at nine, waiting for a rating
    claires_past: int  # began and ended today, nobody has closed it
    claires_next: int  # tomorrow at nine
    claires_cancelled: int
    denis_done: int
    eloises_done: int
    draft: int


def at(days: int, hour: int, minute: int = 0) -> datetime:
    """Wall clock of the agency, some days from today."""
    return datetime.combine(clock.now().astimezone(PARIS).date() + timedelta(days=days), time(hour, minute))


@cache
def hashed_password() -> str:
    """One hash is enough for everybody: making it is slow on purpose."""
    return str(hash_password(PASSWORD))


def add(record: object) -> None:
    db.session.add(record)
    db.session.flush()


def sector(name: str, below: Sector | None = None) -> Sector:
    made = Sector(name=name, parent_id=below.id if below else None, kind="sector" if below else "agency")
    add(made)
    return made


def service(name: str) -> Service:
    made = Service(name=name, active=True)
    add(made)
    return made


def client(first: str, last: str, within: Sector, email: str | None = None, manager: Staff | None = None,
           language: str | None = "fr", civility: str | None = None) -> Client:  # fmt: skip
    made = Client(email=email, language=language, sector=within, file_manager=manager, civility=civility, active=True)
    set_name(made, first, last)
    add(made)
    index_person(made)
    return made


def relative(first: str, last: str, of: Client, email: str | None, *, may_rate: bool = True) -> Relative:
    made = Relative(
        first_name=first, last_name=last, email=email, language="fr", client_id=of.id, may_rate=may_rate, active=True
    )
    add(made)
    index_person(made)
    return made


def worker(
    first: str, last: str, sectors: list[Sector], email: str | None = None, language: str | None = "fr"
) -> Worker:
    made = Worker(email=email, language=language, sectors=sectors, active=True)
    set_name(made, first, last)
    add(made)
    index_person(made)
    return made


def staff(first: str, last: str, role: str, sectors: list[Sector], email: str) -> Staff:
    made = Staff(first_name=first, last_name=last, email=email, role=role, sectors=sectors, language="fr", active=True)
    add(made)
    index_person(made)
    return made


def login(person: Client | Relative | Worker | Staff) -> Account:
    """Give a person a login with the password of the tests."""
    account, _new = open_account(None, person.email)
    account.password, account.password_set_at = hashed_password(), clock.now() - timedelta(days=30)
    person.account_id = account.id
    db.session.flush()
    return account


def persona(person: Client | Relative | Worker | Staff) -> Persona:
    account = login(person)
    return Persona(f"{type(person).__tablename__}:{person.id}", person.id, account.id, account.email, person.name)


PHONE = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # what Ada's phone holds; see `code_of_phone`


def protected(person: Persona) -> Persona:
    """Give a login a second factor: an administrator without one gets no further than to where it is set up."""
    account = db.session.get_one(Account, person.account_id)
    account.totp_secret, account.totp_since = sealed(PHONE), clock.now() - timedelta(days=30)
    db.session.flush()
    return person


def code_of_phone(secret: str = PHONE, later: int = 0) -> str:
    """The six digits that a phone shows now, or some seconds later."""
    return str(TOTP(key=secret, format="base32").generate(int(clock.now().timestamp()) + later).token)


def session(person: Persona) -> int:
    """Somebody is signed in with another browser; return the id of that session."""
    until = clock.now() + timedelta(days=1)
    made = AccountSession(account_id=person.account_id, token_hash=new_public_id(), expires_at=until)
    add(made)
    return made.id


def visit(of: Client, what: Service, who: list[Worker], start: datetime, minutes: int = 60, **more: object) -> Visit:
    """Plan a visit; `start` is wall clock, from `at`."""
    return plan_visit(None, of, what, who, start, minutes, **more)  # ty: ignore[invalid-argument-type]


def done(made: Visit, *, ask: bool = False) -> Visit:
    end_visits(None, [made], ask=ask)
    return made


def done_visit(
    of: Client, what: Service, who: list[Worker], days: int = -1, hour: int = 9, *, ask: bool = False
) -> Visit:
    """A visit that took place and waits for a rating; with `ask`, a mail is promised."""
    return done(visit(of, what, who, at(days, hour)), ask=ask)


def subject(visit_id: int) -> RatingSubject:
    return db.session.scalars(select(RatingSubject).where(RatingSubject.visit_id == visit_id)).one()


def rate(who: Persona, visit_id: int, stars: int, comment: str = "") -> Rating:
    return db.session.get_one(Rating, leave_rating(who.user, subject(visit_id), stars, comment))


def request_of(visit_id: int) -> RatingRequest:
    asking = RatingSubject.visit_id == visit_id, RatingRequest.reminds_id.is_(None)
    return db.session.scalars(select(RatingRequest).join(RatingSubject).where(*asking)).one()


def sent_request(made: Visit, address: str, asked: timedelta = timedelta(hours=1)) -> RatingRequest:
    """The request of a done visit (`ask=True`) as it stands once its mail has left, some time ago."""
    request, moment = request_of(made.id), clock.now() - asked
    request.asked_at, request.expires_at = moment, moment + timedelta(days=14)
    message: Message = request.message
    message.state, message.sent_at, message.attempts = "sent", moment, 1
    message.address, message.recipient, message.language = address, made.client.name, made.client.language or "fr"
    db.session.flush()
    return request


def build_agency() -> Agency:
    """Write the whole story into the present transaction."""
    set_option(None, "agency.name", AGENCY)
    whole = sector("Maison & Soins")
    north, south = sector("Nord", whole), sector("Sud", whole)
    rising, cleaning = service("Aide au lever"), service("Ménage")
    sofia = staff("Sofia", "Benali", "coordinator", [north], "sofia@example.org")
    igor = staff("Igor", "Volkov", "coordinator", [south], "igor@example.org")
    ines = staff("Inès", "Caron", "quality", [], "ines@example.org")
    ada = staff("Ada", "Martin", "admin", [], "ada@example.org")
    wassim = worker("Wassim", "Haddad", [north], "wassim@example.org")
    jean = worker("Jean", "Dupont", [south], "jean@example.org")
    claire = client("Claire", "Lefèvre", north, "claire@example.org", sofia)
    denis = client("Denis", "Moreau", north, "denis@example.org", sofia)
    eloise = client("Éloïse", "D’Angelo", south, "eloise@example.org", igor)
    george = client("George", "Wright", south, None, igor, "en")
    paul = relative("Paul", "Lefèvre", claire, "paul@example.org")
    cancelled = visit(claire, cleaning, [wassim], at(-2, 14))
    cancel_visit(None, cancelled, "Absence prévue de la cliente")
    return Agency(
        north=north.id, south=south.id, rising=rising.id, cleaning=cleaning.id, george=george.id,
        claire=persona(claire), denis=persona(denis), eloise=persona(eloise), paul=persona(paul),
        wassim=persona(wassim), jean=persona(jean), sofia=persona(sofia), igor=persona(igor), ines=persona(ines),
        ada=protected(persona(ada)),
        claires_done=done_visit(claire, rising, [wassim]).id,
        claires_past=visit(claire, cleaning, [wassim], at(0, 8)).id,
        claires_next=visit(claire, rising, [wassim], at(1, 9)).id,
        claires_cancelled=cancelled.id,
        denis_done=done_visit(denis, cleaning, [wassim], hour=16).id,
        eloises_done=done_visit(eloise, rising, [jean], hour=10).id,
        draft=visit(claire, rising, [], at(3, 9), draft=True).id,
    )  # fmt: skip


def picture(width: int = 600, height: int = 200, kind: str = "PNG", **more: object) -> bytes:
    """A green rectangle, as a file: somebody's logo."""
    from PIL import Image

    out = BytesIO()
    Image.new("RGB", (width, height), "#1f5c47").save(out, kind, **more)
    return out.getvalue()


# ---- complaints ----


def complaint(
    who: Persona, text: str = "Personne n’est venu.", *, about: int | None = None, client: int | None = None,
    channel: str = "portal", **more: object,
) -> Complaint:  # fmt: skip
    """Somebody has filed a complaint, now.

    Args:
        who: a client or a relative, about the agency or a worker; a worker about a client; staff in a client's name.
        about: number of the worker, or of the client for a worker; without it, the agency.
        client: number, for staff.
    """
    user, subject = who.user, entry_of_code(ListName.COMPLAINT, "C01")
    by_worker = user.worker_id is not None
    client_id = about if by_worker else client or user.client_id
    worker_id = user.worker_id if by_worker else about
    direction = "worker_client" if by_worker else "client_worker" if about else "client_agency"
    return file_complaint(user, Filing(
        direction, subject, text, new_public_id(), client=db.session.get(Client, client_id),
        worker=db.session.get(Worker, worker_id) if worker_id else None, channel=channel,
        **more,  # ty: ignore[invalid-argument-type]
    ))  # fmt: skip


# ---- incidents and threads ----


def reason(
    service_id: int, label: str = "Client absent", phase: str = "both", urgency: str = "normal"
) -> IncidentReason:
    """Something that can be reported for a service."""
    made = IncidentReason(service_id=service_id, phase=phase, urgency=urgency)
    made.set_labels({"fr": label})
    add(made)
    return made


def draft(text: str, **more: object) -> Draft:
    return Draft(text, new_public_id(), **more)  # ty: ignore[invalid-argument-type]


def incident(
    who: Persona, visit_id: int, text: str = "Personne n’a ouvert la porte.", *, phase: str = "start",
    urgency: str = "normal", why: IncidentReason | None = None,
) -> Incident:  # fmt: skip
    """Somebody has reported an incident on a visit, now; the reason is made if none is given."""
    concerned = db.session.get_one(Visit, visit_id)
    given = why or reason(concerned.service_id, f"Motif {new_public_id()}")
    return declare_incident(who.user, concerned, Report(given, phase, urgency, draft(text)))


def thread(
    who: Persona, clients: Sequence[Persona] = (), workers: Sequence[Persona] = (), text: str = "Bonjour", *,
    subject: str = "Une question", published: bool = True,
) -> Thread:  # fmt: skip
    """Somebody has opened a thread with these participants; a client with a worker, because the agency lets them."""
    if clients and workers and not who.key.startswith("staff"):
        set_option(None, "threads.clients_to_workers", "on")
        set_option(None, "threads.workers_to_clients", "on")
    of = db.session.get_one(Client, clients[0].id).sector_id if clients else None
    return open_thread(
        who.user, "other", subject, draft(text), clients=[one.id for one in clients],
        workers=[one.id for one in workers], sector_id=of, published=published,
    )  # fmt: skip


def message(who: Persona, within: Thread, text: str, **more: object) -> ThreadMessage:
    """Somebody has written in a thread; more of the draft: `internal`, `uploads`."""
    return write(who.user, within, draft(text, **more))


# ---- notes ----


def note(who: Persona, title: str = "Rappeler la cliente", **more: object) -> Note:
    """Somebody of the staff has written a note, and has it in hand unless more of it says otherwise."""
    return write_note(who.user, NoteDraft(title, **{"owner_id": who.id, **more}))  # ty: ignore[invalid-argument-type]


# ---- adverse events ----


def event_report(client_id: int | None, category: str = "D01", **more: object) -> EventReport:
    """What somebody reports of a client: a fall an hour ago, without harm; more of the report as it is to be."""
    known = {"token": new_public_id(), "capacity": "worker", "discovered_at": clock.now() - timedelta(hours=1),
             "place": "home", "nature": "accident", "categories": [entry_of_code(ListName.EVENT, category).id],
             "facts": "La cliente est tombée dans la cuisine.", "severity": 2}  # fmt: skip
    known["potential"] = max(3, int(str(more.get("severity", 2))))  # it could have been worse
    return EventReport(**{**known, "client_id": client_id, **more})  # ty: ignore[invalid-argument-type]


def adverse_event(who: Persona, of: Persona, category: str = "D01", **more: object) -> AdverseEvent:
    """Somebody has reported an adverse event of a client, now; more of the report: `severity`, `mode`, `worker_id`."""
    return declare_event(who.user, event_report(of.id, category, **more)).event
