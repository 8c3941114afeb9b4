"""What each line of an imported file would do to the records of clients or workers."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError

from portal.accounts.models import User
from portal.audit.actions import record, record_all
from portal.extensions import db
from portal.folding import CIVILITIES, fold, fold_name
from portal.imports.importer import Deed, Outcome, Plan, Row, Task
from portal.imports.refusals import Params, Wrong
from portal.imports.values import parse_choice, parse_email, parse_text
from portal.people.actions import open_login
from portal.people.models import Client, Sector, Staff, Worker, set_name
from portal.people.queries import visible_clients, visible_sectors, visible_workers
from portal.roles import Role

LANGUAGES = {
    **dict.fromkeys(("fr", "francais", "french", "французскии"), "fr"),
    **dict.fromkeys(("ru", "russe", "russian", "русскии"), "ru"),
    **dict.fromkeys(("en", "anglais", "english", "англиискии"), "en"),
}
ANSWERS = {
    **dict.fromkeys(("oui", "yes", "да", "x", "1", "true", "o", "y"), True),
    **dict.fromkeys(("non", "no", "нет", "0", "false", "n"), False),
}
TEXTS = ("civility", "first_name", "last_name", "email", "phone", "language", "external_id")
LIMITS = {"civility": 20, "first_name": 80, "last_name": 80, "name": 160, "phone": 40, "external_id": 100}
_BETWEEN_SECTORS = re.compile(r"\s*[/+,;\n]\s*")

Note = tuple[str, Params]


@dataclass(slots=True)
class Known:
    """A person as the record is or, after the lines so far, as it will be. A client has one sector."""

    civility: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    language: str = ""
    external_id: str = ""
    sectors: list[int] = field(default_factory=list)
    manager: int | None = None
    id: int | None = None
    active: bool = True
    visible: bool = True
    has_login: bool = False
    invite: bool = False
    of_this_file: bool = False
    was: "Known | None" = None  # before the lines not written yet

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


class PersonPlanner:
    """Holds each line against the people that exist and those of the lines above."""

    def __init__(self, task: Task, kind: type[Client] | type[Worker]) -> None:
        self.user, self.kind = task.user, kind
        sectors = select(Sector) if task.user is None else visible_sectors(task.user)
        self.sector_names = {sector.id: sector.name for sector in db.session.scalars(sectors)}
        self.sectors = {fold(name): sector_id for sector_id, name in self.sector_names.items()}
        self.managers: dict[str, int] = {}
        self.manager_names: dict[int, str] = {}
        for staff in db.session.scalars(select(Staff).where(Staff.active)):
            self.manager_names[staff.id] = staff.name
            self.managers |= {fold_name(staff.name): staff.id, (staff.email or staff.name).lower(): staff.id}
        self.by_name: dict[str, list[Known]] = {}
        self.by_external_id: dict[str, Known] = {}
        self.invitations = 0
        self._fresh: list[Known] = []
        self._touched: dict[int, Known] = {}
        self._load()

    def _load(self) -> None:
        seen = _visible_ids(self.user, self.kind)
        people = select(self.kind)
        if self.kind is Worker:
            people = people.options(selectinload(Worker.sectors))
        for person in db.session.scalars(people.execution_options(yield_per=1000)):
            known = Known(
                **{name: getattr(person, name) or "" for name in TEXTS},
                sectors=_sectors_of(person),
                manager=person.file_manager_id if isinstance(person, Client) else None,
                id=person.id, active=person.active, visible=seen is None or person.id in seen,
                has_login=person.account_id is not None,
            )  # fmt: skip
            self._file(known)
        db.session.expunge_all() if False else None

    def _file(self, known: Known) -> None:
        same = self.by_name.setdefault(fold_name(known.name), [])
        if known not in same:
            same.append(known)
        if known.external_id:
            self.by_external_id[known.external_id] = known
