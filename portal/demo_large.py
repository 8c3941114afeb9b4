"""The large demo agency: the story of `portal/demo.py` in the midst of thousands of people and three years of visits.

It is what speed is measured on, and what a network of agencies looks like after some years. Nothing here is random
from one run to the next but the day it is told on. People are here; what happened to them is in `demo_history.py`.
"""

from dataclasses import dataclass, field
from random import Random
from typing import Any

from sqlalchemy import func, select, text

from portal import clock, demo_history, demo_reports
from portal.accounts.models import Account
from portal.demo import AGENCY, build
from portal.demo_history import Figures, Team
from portal.demo_people import furnish_many
from portal.demo_rows import fill_tallies, insert_all, look_at_old_ratings, set_counters
from portal.extensions import db
from portal.folding import fold_name
from portal.links import new_public_id
from portal.people.models import Client, Relative, Sector, Service, Staff, Worker, staff_sector, worker_sector
from portal.people.search import reindex

TREE = {
    "Nord": ("Lille", "Roubaix"),
    "Sud": ("Marseille", "Aix-en-Provence"),
    "Est": ("Strasbourg", "Metz"),
    "Ouest": ("Nantes",),
}
WOMEN = (
    "Marie Jeanne Monique Nathalie Françoise Simone Odette Yvonne Suzanne Paulette Germaine Colette Thérèse Huguette "
    "Ginette Andrée Renée Solange Arlette Bernadette Élise Fatima Aminata Rosa Ngoc Zohra Lucie Mireille Agnès Édith"
)
MEN = (
    "Jean André Marcel Roger Robert Pierre Henri René Maurice Georges Louis Lucien Gérard Raymond Émile Paul Ahmed "
    "Mamadou Manuel Tuan François Gilbert Armand Bernard Claude Didier Étienne Fernand Gaston Hervé"
)
FAMILIES = (
    "Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent Michel Garcia David Bertrand "
    "Roux Vincent Fournier Morel Girard André Mercier Dupont Lambert Bonnet François Martinez Legrand Garnier Faure "
    "Rousseau Blanc Guérin Müller Henry Roussel Nicolas Perrin Morin Mathieu Clément Gauthier Dumont Lopez Fontaine "
    "Chevalier Robin Masson Sanchez Gérard Nguyen Boyer Denis Lemaire Duval Joly Gautier Roger Roche Benali Traoré "
    "Diallo Haddad Ferreira DaSilva Kowalski Öztürk Le-Goff L’Hostis D’Arcy Saint-Martin Brun Colin Vidal Caron Picard"
)
RUSSIANS = (
    ("Галина", "Смирнова"), ("Нина", "Кузнецова"), ("Тамара", "Попова"), ("Вера", "Соколова"), ("Зоя", "Лебедева"),
    ("Виктор", "Новиков"), ("Борис", "Морозов"), ("Юрий", "Волков"), ("Раиса", "Зайцева"), ("Фёдор", "Павлов"),
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """How many of each; the defaults are those of the reference agency."""

    clients: int = 2_500
    workers: int = 600
    staff: int = 40
    visits: int = 1_600_000
    ratings: int = 120_000
    weeks: int = 156
    incidents: int = 25_000


@dataclass
class People:
    """Who has been made so far, as plain numbers."""

    sectors: list[int] = field(default_factory=list)  # those in which visits take place
    managers: dict[int, list[int]] = field(default_factory=dict)  # staff by sector
    teams: dict[int, list[int]] = field(default_factory=dict)  # workers by sector


def build_large(size: Size, progress: Figures) -> None:
    """Write the large agency in the present transaction."""
    build()
    chance, people = Random(2026), People()  # noqa: S311 - names and stars, no secrets
    _make_sectors(people)
    _make_staff(size, chance, people)
    first = next_id(Worker)
    _make_workers(size, chance, people)
    _make_clients(size, chance, people)
    furnish_many(first)
    reindex()
    demo_history.write(_teams(people, chance), size.visits, size.ratings, size.weeks, chance, progress)
    demo_reports.write(size.incidents, chance)
    fill_tallies()
    look_at_old_ratings()
    set_counters()
    db.session.execute(text("ANALYZE"))  # the planner of either engine has never seen these tables full


def next_id(kind: Any) -> int:
    return (db.session.scalar(select(func.max(kind.id))) or 0) + 1


def _make_sectors(people: People) -> None:
    root = db.session.scalars(select(Sector.id).where(Sector.name == AGENCY)).one()
    for region, towns in TREE.items():
        parent = db.session.scalar(select(Sector.id).where(Sector.name == region))
        if parent is None:
            made = Sector(name=region, parent_id=root)
            db.session.add(made)
            db.session.flush()
            parent = made.id
        below = [Sector(name=town, parent_id=parent) for town in towns]
        db.session.add_all(below)
        db.session.flush()
        people.sectors += [parent, *(sector.id for sector in below)]


def _person(number: int, chance: Random, language: str = "fr") -> dict[str, Any]:
    woman = chance.random() < 0.6
    first, last = chance.choice((WOMEN if woman else MEN).split()), chance.choice(FAMILIES.split())
    if language == "ru":
        first, last = chance.choice(RUSSIANS)
    return {
        "id": number, "civility": "Mme" if woman else "M.", "first_name": first, "last_name": last,
        "phone": f"+33 6 39 98 {number // 100 % 100:02d} {number % 100:02d}",
        "language": language, "active": True, "email": None, "account_id": None,
    }  # fmt: skip


def _make_staff(size: Size, chance: Random, people: People) -> None:
    first, rows, places = next_id(Staff), [], []
    for number in range(first, size.staff + 1):
        role = {0: "quality", 1: "admin"}.get(number % 12, "coordinator")
        rows.append(_person(number, chance) | {"role": role, "email": f"staff{number}@example.org"})
        if role == "coordinator":
            sector = people.sectors[number % len(people.sectors)]
            places.append({"staff_id": number, "sector_id": sector})
    _open_accounts(rows)
    insert_all(Staff, rows)
    insert_all(staff_sector, places)
    for staff_id, sector_id in db.session.execute(select(staff_sector.c.staff_id, staff_sector.c.sector_id)):
        people.managers.setdefault(sector_id, []).append(staff_id)


def _make_workers(size: Size, chance: Random, people: People) -> None:
    first, rows, places = next_id(Worker), [], []
    for number in range(first, size.workers + 1):
        row = _person(number, chance, "ru" if chance.random() < 0.05 else "fr")
        key = fold_name(f"{row['first_name']} {row['last_name']}")
        rows.append(row | {"match_key": key, "external_id": f"W{number}", "email": f"worker{number}@example.org",
                           "all_sectors": number % 50 == 0})  # fmt: skip
        places.append({"worker_id": number, "sector_id": people.sectors[number % len(people.sectors)]})
    _open_accounts(rows)
    insert_all(Worker, rows)
    insert_all(worker_sector, places)
    for worker_id, sector_id in db.session.execute(select(worker_sector.c.worker_id, worker_sector.c.sector_id)):
        people.teams.setdefault(sector_id, []).append(worker_id)


def _make_clients(size: Size, chance: Random, people: People) -> None:
    first, rows = next_id(Client), []
    names = dict(db.session.execute(select(Sector.id, Sector.name)).all())
    for number in range(first, size.clients + 1):
        language = chance.choices(("fr", "ru", "en"), (0.92, 0.06, 0.02))[0]
        row, sector = _person(number, chance, language), people.sectors[number % len(people.sectors)]
        managers = people.managers.get(sector)
        rows.append(row | {
            "match_key": fold_name(f"{row['first_name']} {row['last_name']}"), "external_id": f"C{number}",
            "email": f"client{number}@example.org" if chance.random() < 0.8 else None, "sector_id": sector,
            "file_manager_id": chance.choice(managers) if managers else None,
            "street": f"{number % 120 + 1} rue des Lilas", "postcode": f"{59000 + sector * 10}", "city": names[sector],
        })  # fmt: skip
    _open_accounts([row for row in rows if row["email"]])
    insert_all(Client, rows)
    close, number = [], next_id(Relative)
    for row in rows[::4]:
        relative = _person(number + len(close), chance)
        close.append(relative | {"client_id": row["id"], "last_name": row["last_name"],
                                 "email": f"relative{relative['id']}@example.org"})  # fmt: skip
    _open_accounts(close)
    insert_all(Relative, close)


def _open_accounts(rows: list[dict[str, Any]]) -> None:
    """Give these people a login with the demo's password: the hash of the story's client serves them all."""
    hashed = db.session.scalars(select(Account.password).where(Account.email == "client@example.org")).one()
    number, moment = next_id(Account), clock.now()
    accounts = []
    for row in rows:
        row["account_id"] = number + len(accounts)
        accounts.append({"id": row["account_id"], "email": row["email"], "password": hashed, "active": True,
                         "fs_uniquifier": new_public_id(),
                         "password_set_at": moment})  # fmt: skip
    insert_all(Account, accounts)


def _teams(people: People, chance: Random) -> list[Team]:
    """Each client with those who usually come and the services they come for; the story's people are among them."""
    services = list(db.session.scalars(select(Service.id).order_by(Service.id)))
    everybody = [worker for team in people.teams.values() for worker in team]
    found = db.session.execute(
        select(Client.id, Client.sector_id, Client.email, Client.language, Client.account_id,
               (Client.first_name + " " + Client.last_name).label("name")).order_by(Client.id)
    )  # fmt: skip
    teams = []
    for row in found.all():
        colleagues = people.teams.get(row.sector_id) or everybody
        regulars = chance.sample(colleagues, min(3, len(colleagues)))
        teams.append(Team(**row._mapping, regulars=regulars, substitutes=colleagues, services=services))
    return teams
