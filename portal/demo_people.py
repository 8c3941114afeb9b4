"""What the records of the demo agency hold: where people live, what workers are good at and when they can come."""

from dataclasses import replace
from datetime import time, timedelta

from sqlalchemy import select

from portal import clock
from portal.demo_rows import insert_all
from portal.extensions import db
from portal.people.models import (
    Absence,
    Availability,
    Client,
    Sector,
    Service,
    Skill,
    SkillLevel,
    Staff,
    Worker,
    WorkerSkill,
)
from portal.ratings.survey import SHIPPED
from portal.ratings.survey_actions import survey_row

# name, usual minutes, the question after it where it has a survey of its own, by language
SERVICES = (
    ("Aide au lever", 60, {}),
    ("Aide au repas", 60, {}),
    ("Ménage", 120, {}),
    ("Accompagnement aux courses", 90, {}),
    ("Garde de nuit", 600, {
        "fr": "Comment s’est passée cette nuit\u00a0?", "ru": "Как прошла эта ночь?", "en": "How was this night?",
    }),
)  # fmt: skip
SKILLS = {
    "Premiers secours": ("Initiation", "Confirmé", "Formateur"),
    "Accompagnement Alzheimer": ("Sensibilisé", "Expérimenté", "Référent"),
    "Langue russe": ("Notions", "Courant", "Langue maternelle"),
    "Permis de conduire": (),
}
HAVING = {  # by worker the skills and their level, counted from the lowest
    "aissatou": {"Premiers secours": 2, "Accompagnement Alzheimer": 3, "Permis de conduire": 0},
    "wassim": {"Premiers secours": 1, "Permis de conduire": 0},
    "jean": {"Accompagnement Alzheimer": 1},
    "olga": {"Langue russe": 3, "Premiers secours": 3},
}
HOURS = {  # by worker the hours of any day: the story is dated from today, whatever day of the week that is
    "aissatou": ((time(7), time(17)),),
    "wassim": ((time(8), time(20)),),
    "jean": ((time(0), time(8)), (time(9), time(17)), (time(20), time(23, 59))),
    "olga": ((time(8), time(14)),),
}
AWAY = {"jean": (10, 16, "leave"), "olga": (3, 4, "training")}  # days from today, both included, and why
CLIENTS = {
    "claire": ("12 rue des Tilleuls", "59000", "Lille", "03 20 00 00 12", "Un chat craintif, Minou\u00a0: fermer la porte du jardin."),  # noqa: E501
    "denis": ("14 rue des Tilleuls", "59000", "Lille", "03 20 00 00 14", None),
    "anna": ("3 place du Marché", "59100", "Roubaix", "03 20 00 00 03", "Собака Рекс, добрая."),
    "eloise": ("8 quai des Belges", "13001", "Marseille", "04 91 00 00 08", None),
    "george": ("21 avenue du Prado", "13008", "Marseille", "04 91 00 00 21", None),
}  # fmt: skip
WORKERS = {
    "aissatou": ("5 rue de Gand", "59800", "Lille", "06 39 98 10 01"),
    "wassim": ("27 boulevard de Metz", "59000", "Lille", "06 39 98 10 02"),
    "jean": ("2 rue Paradis", "13006", "Marseille", "06 39 98 20 01"),
    "olga": ("40 cours Julien", "13006", "Marseille", "06 39 98 20 02"),
}
STAFF = {"sofia": "03 53 01 10 01", "igor": "04 65 71 10 02", "ines": "01 99 00 10 03", "ada": "01 99 00 10 04"}


def make_services() -> list[Service]:
    """The services of the agency, with what a visit usually lasts."""
    made = [Service(name=name, default_minutes=minutes) for name, minutes, _question in SERVICES]
    db.session.add_all(made)
    db.session.flush()
    for service, (_name, _minutes, question) in zip(made, SERVICES, strict=True):
        if question:
            db.session.add(survey_row(service.id, replace(SHIPPED, question=question)))
    return made


def make_skills() -> dict[str, Skill]:
    """The catalogue of skills, by name."""
    made = {
        name: Skill(name=name, levels=[SkillLevel(rank=rank, name=level) for rank, level in enumerate(levels, 1)])
        for name, levels in SKILLS.items()
    }
    db.session.add_all(made.values())
    db.session.flush()
    return made


def furnish(clients: dict[str, Client], workers: dict[str, Worker], staff: dict[str, Staff]) -> None:
    """Fill the records of the story's people, and say who manages which sector."""
    for key, (street, postcode, city, phone, pets) in CLIENTS.items():
        client = clients[key]
        client.street, client.postcode, client.city, client.phone, client.pets = street, postcode, city, phone, pets
    for key, (street, postcode, city, mobile) in WORKERS.items():
        worker = workers[key]
        worker.street, worker.postcode, worker.city, worker.mobile = street, postcode, city, mobile
    for key, phone in STAFF.items():
        staff[key].phone = phone
    for key in ("sofia", "igor"):
        staff[key].sectors[0].manager_id = staff[key].id
    skills, today = make_skills(), clock.now().date() + timedelta(days=60)  # the records were made long ago
    for key, having in HAVING.items():
        for name, rank in having.items():
            level = skills[name].levels[rank - 1] if rank else None
            workers[key].skills.append(WorkerSkill(skill=skills[name], level=level))
        workers[key].availabilities = [
            Availability(weekday=day, begins=begins, ends=ends) for day in range(7) for begins, ends in HOURS[key]
        ]
    for key, (first, last, reason) in AWAY.items():
        absence = Absence(first_day=today + timedelta(first), last_day=today + timedelta(last), reason=reason)
        workers[key].absences.append(absence)
    db.session.flush()


# ---- the large agency ----


def furnish_many(first_worker: int) -> None:
    """Kinds of the tree, managers of its sectors, and for each worker beyond the story skills, hours and absences."""
    by_id = {sector.id: sector for sector in db.session.scalars(select(Sector))}
    for sector in by_id.values():
        depth = 0 if sector.parent_id is None else 1 if by_id[sector.parent_id].parent_id is None else 2
        sector.kind = ("network", "agency", "sector")[depth]
    coordinators = select(Staff).where(Staff.role == "coordinator", Staff.active).order_by(Staff.id)
    for person in db.session.scalars(coordinators):
        for sector in person.sectors:
            sector.manager_id = sector.manager_id or person.id
    db.session.flush()
    workers = db.session.scalars(select(Worker.id).where(Worker.id >= first_worker)).all()
    levels = db.session.execute(select(SkillLevel.skill_id, SkillLevel.id).order_by(SkillLevel.id)).all()
    today = clock.now().date()
    insert_all(WorkerSkill, [
        {"worker_id": worker, "skill_id": skill, "level_id": level}
        for worker in workers for skill, level in {levels[worker % len(levels)]}
    ])  # fmt: skip
    insert_all(Availability, [
        {"worker_id": worker, "weekday": day, "begins": time(7), "ends": time(20)}
        for worker in workers for day in range(6)
    ])  # fmt: skip
    insert_all(Absence, [
        {"worker_id": worker, "first_day": today + timedelta(worker % 20 - 5),
         "last_day": today + timedelta(worker % 20 + 2), "reason": "leave"}
        for worker in workers[::10]
    ])  # fmt: skip
