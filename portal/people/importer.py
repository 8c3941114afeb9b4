"""Clients and workers from files: the columns, and what is said of their lines."""

from flask_babel import lazy_gettext as _l

from portal.imports.importer import Column, Importer
from portal.people.models import Client, Worker
from portal.people.planner import PersonPlanner

PERSON = (
    Column("civility", _l("Title"), ("Civilité", "Обращение", "Civility"), core=False),
    Column("name", _l("Name"), ("Nom et prénom", "Nom complet", "Nom prénom", "Prénom et nom", "Full name", "Client",
           "Intervenant", "Worker", "Salarié", "Клиент", "Исполнитель", "Имя и фамилия", "Фамилия и имя", "ФИО")),
    Column("first_name", _l("First name"), ("Prénom", "Given name", "Имя")),
    Column("last_name", _l("Last name"), ("Nom", "Nom de famille", "Surname", "Family name", "Фамилия")),
    Column("email", _l("E-mail"), ("Email", "Mail", "Courriel", "Adresse e-mail", "Adresse mail", "Эл. почта",
           "Электронная почта", "Почта"), core=True),
    Column("phone", _l("Phone"), ("Téléphone", "Tél", "Tél.", "Mobile", "Portable", "Телефон"), core=True),
    Column("language", _l("Language"), ("Langue", "Язык"), core=True),
)  # fmt: skip
EXTERNAL_ID = Column("external_id", _l("External id"), ("Identifiant", "Identifiant externe", "Id", "Référence", "N°",
                     "Идентификатор", "Внешний идентификатор"))  # fmt: skip
INVITATION = Column("invitation", _l("Portal invitation"), ("Invitation au portail", "Invitation portail", "Invitation",
                    "Portail", "Portal", "Приглашение на портал", "Приглашение"), core=True)  # fmt: skip

SENTENCES = {
    "no_name": _l("The name is blank."),
    "homonym": _l("%(number)s people are called “%(value)s”. Their e-mail or external id would tell them apart."),
    "inactive": _l("The file of “%(value)s” is no longer active."),
    "elsewhere": _l("“%(value)s” belongs to other sectors. Please ask an administrator."),
    "external_id_taken": _l("The external id “%(value)s” belongs to somebody else."),
    "unknown_sector": _l("There is no sector “%(value)s” among yours."),
    "sector_missing": _l("The sector is blank, and there are several to choose from."),
    "unknown_manager": _l("There is no staff member “%(value)s”."),
    "invitation_without_email": _l("An invitation needs an e-mail address."),
    "field_added": _l("%(column)s: %(after)s."),
    "field_changed": _l("%(column)s: %(after)s (it was %(before)s)."),
    "other_address": _l(
        "“%(value)s” is known under another address (%(email)s). If it is the same person, give the external id."
    ),
    "same_login": _l("This address has a login already: it opens this file too, and no invitation is mailed."),
    "invited": _l("An invitation to the portal is mailed."),
    "has_login": _l("This person has a login already: no invitation is mailed."),
}

CLIENTS = Importer(
    kind="clients",
    title=_l("Clients"),
    heading=_l("Import clients"),
    columns=(
        *PERSON,
        Column("sector", _l("Sector"), ("Secteur", "Agence", "Area", "Сектор"), core=True),
        Column("manager", _l("File manager"), ("Gestionnaire", "Géré par", "Responsable", "Куратор"), core=True),
        EXTERNAL_ID,
        INVITATION,
    ),
    sentences=SENTENCES,
    planner=lambda task: PersonPlanner(task, Client),
    example={
        "civility": "Mme", "first_name": "Claire", "last_name": "Lefèvre", "email": "claire@example.org",
        "phone": "01 23 45 67 89", "language": "fr", "sector": "Nord", "manager": "Sofia Benali", "invitation": "oui",
    },
)  # fmt: skip

WORKERS = Importer(
    kind="workers",
    title=_l("Workers"),
    heading=_l("Import workers"),
    columns=(
        *PERSON,
        Column("sector", _l("Sectors"), ("Secteur", "Sector", "Secteurs", "Agence", "Сектор", "Секторы"), core=True),
        EXTERNAL_ID,
        INVITATION,
    ),
    sentences=SENTENCES,
    planner=lambda task: PersonPlanner(task, Worker),
    example={
        "civility": "M.", "first_name": "Wassim", "last_name": "Haddad", "email": "wassim@example.org",
        "phone": "06 12 34 56 78", "language": "fr", "sector": "Nord, Sud", "invitation": "oui",
    },
)  # fmt: skip
