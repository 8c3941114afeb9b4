"""What the demo agency's other clients said in the last months: enough of it for figures that mean something.

The people of the story have few visits, each with its own tale. Those here have been clients for longer; their visits
ended weeks ago, so that no list of today is any longer for them.
"""

from datetime import timedelta
from random import Random

from sqlalchemy import func, select

from portal import clock
from portal.accounts.actions import open_account
from portal.accounts.models import Account
from portal.demo_history import SHIFT, Team, Writer, weekly_plan
from portal.demo_rows import fill_tallies, insert_all, look_at_old_ratings, set_counters
from portal.extensions import db
from portal.links import new_public_id
from portal.outbox.models import Message
from portal.people.models import Client, Sector, Service, Worker, set_name
from portal.people.search import reindex
from portal.ratings.models import RatingRequest, RatingSubject

OTHERS = (  # civility, first and last name, language, sector
    ("Mme", "Odette", "Lambert", "fr", "Nord"), ("M.", "Marcel", "Fontaine", "fr", "Nord"),
    ("Mme", "Галина", "Смирнова", "ru", "Nord"), ("Mme", "Huguette", "Petit", "fr", "Nord"),
    ("M.", "Lucien", "Mathieu", "fr", "Nord"), ("Mme", "Yvonne", "Le Goff", "fr", "Sud"),
    ("M.", "Armand", "Vidal", "fr", "Sud"), ("Mme", "Thérèse", "Saint-Martin", "fr", "Sud"),
)  # fmt: skip
WEEKS = range(-26, -3)  # from so many weeks ago to so many
VISITS_A_WEEK, RATED = 22, 0.35


def live_through() -> None:
    """Write down half a year of visits of these clients, of what was asked and of what they said.

    The rows bring their numbers: this comes after all that the story does.
    """
    chance = Random(2026)  # noqa: S311 - names and stars, no secrets
    with clock.at(clock.now() - timedelta(weeks=-WEEKS.start + 1)):
        clients = _clients()
    plan = weekly_plan(_teams(clients), VISITS_A_WEEK, chance)
    today = clock.now().date()
    monday = today - timedelta(days=today.weekday())
    Writer(chance, RATED).write(plan, [monday + timedelta(weeks=week) for week in WEEKS])
    _put_aside(clients, chance)
    look_at_old_ratings()
    fill_tallies()
    set_counters()


def _clients() -> list[Client]:
    of_sector = dict(db.session.execute(select(Sector.name, Sector.id)).all())
    managers = dict(db.session.execute(select(Client.sector_id, Client.file_manager_id)).all())
    hashed = db.session.scalars(select(Account.password).where(Account.email == "client@example.org")).one()
    made = []
    for civility, first, last, language, sector in OTHERS:
        number = of_sector[sector]
        client = Client(civility=civility, email=f"client{len(made) + 1}@example.org", language=language, active=True,
                        sector_id=number, file_manager_id=managers[number])  # fmt: skip
        set_name(client, first, last)
        account, _new = open_account(None, client.email)
        account.password, account.password_set_at = hashed, clock.now()
        client.account_id = account.id
        db.session.add(client)
        made.append(client)
    reindex()
    return made


def _teams(clients: list[Client]) -> list[Team]:
    """Each with those who come: the workers of the story, a regular one first."""
    services = list(db.session.scalars(select(Service.id).order_by(Service.id)))
    teams = []
    for place, client in enumerate(clients):
        workers = [worker.id for worker in db.session.scalars(select(Worker).order_by(Worker.id))
                   if client.sector_id in {sector.id for sector in worker.sectors}]  # fmt: skip
        teams.append(Team(
            client.id, client.sector_id, client.email, client.language, client.account_id, client.name,
            regulars=[workers[place % len(workers)]], substitutes=workers, services=services[:4]))  # fmt: skip
    return teams


def _put_aside(clients: list[Client], chance: Random) -> None:
    """Of the other visits, say why nobody was asked: mostly because the client had been, shortly before."""
    asked = select(RatingRequest.subject_id)
    rest = RatingSubject.client_id.in_([client.id for client in clients]), RatingSubject.id.not_in(asked)
    number, messages, requests = (db.session.scalar(select(func.max(Message.id))) or 0) + 1, [], []
    for subject in db.session.scalars(select(RatingSubject).where(*rest).order_by(RatingSubject.id)):
        due = subject.ended_at + timedelta(days=1)
        reason = chance.choices(("capped", "opted_out", "incident_open"), (0.9, 0.07, 0.03))[0]
        messages.append({
            "id": number, "public_id": new_public_id(), "kind": "ratings.request", "state": "suppressed",
            "reason": reason, "dedupe_key": f"rating:{subject.id}:1", "subject_type": "rating_subject",
            "subject_id": subject.id, "created_at": subject.ended_at, "due_at": due, "next_at": due,
            "not_after": due + timedelta(days=7), "put_aside_at": due,
        })  # fmt: skip
        requests.append({"id": number + SHIFT, "subject_id": subject.id, "message_id": number})
        number += 1
    insert_all(Message, messages)
    insert_all(RatingRequest, requests)
