"""An office that works with files, and the shortest way from their lines to what became of them."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from portal.accounts.models import Account, User
from portal.extensions import db, writing
from portal.imports import actions, queries
from portal.imports.importer import Outcome
from portal.imports.jobs import plan_import, write_import
from portal.imports.models import Import, ImportLine
from portal.people.models import Client, Sector, Service, Staff, Worker, set_name
from portal.people.queries import files_of_account
from portal.visits.models import Visit

TITLES = "Client;Date;Heure de début;Prestation;Intervenant;Durée;Ordre de mission"
TITLES_OF = {"visits": TITLES, "clients": "Prénom;Nom;E-mail;Secteur", "workers": "Prénom;Nom;E-mail;Secteur"}


@pytest.fixture
def office(app: Flask) -> Iterator["Office"]:
    with app.app_context(), writing():
        made = Office()
        db.session.commit()
        yield made


class Office:
    """Claire and Denis in the North, Éloïse in the South; Sofia coordinates the North, Inès sees all."""

    def __init__(self) -> None:
        self.north, self.south = Sector(name="Nord"), Sector(name="Sud")
        db.session.add_all([self.north, self.south, Service(name="Ménage", active=True)])
        db.session.flush()
        self.claire = self.client("Claire", "Lefèvre", self.north, "claire@example.org")
        self.denis = self.client("Denis", "Moreau", self.north, "denis@example.org")
        self.eloise = self.client("Éloïse", "D’Angelo", self.south, "eloise@example.org")
        self.wassim, self.aissatou = self.worker("Wassim", "Haddad"), self.worker("Aïssatou", "N’Diaye")
        self.sofia = self.staff("Sofia", "coordinator", [self.north])
        self.ines = self.staff("Inès", "quality", [])

    def client(self, first: str, last: str, sector: Sector, email: str | None = None, active: bool = True) -> Client:
        client = Client(sector_id=sector.id, email=email, language="fr", active=active)
        set_name(client, first, last)
        return _kept(client)

    def worker(self, first: str, last: str, active: bool = True) -> Worker:
        worker = Worker(active=active, sectors=[self.north])
        set_name(worker, first, last)
        return _kept(worker)

    def staff(self, first: str, role: str, sectors: list[Sector]) -> User:
        account = _kept(Account(email=f"{role}@example.org", active=True))
        _kept(Staff(first_name=first, last_name="Test", role=role, sectors=sectors, account_id=account.id, active=True))
        return files_of_account(account.id)[0]

    def preview(
        self, *lines: str, kind: str = "visits", titles: str = "", user: User | None = None, **ticked: bool
    ) -> "Seen":
        """Bring lines in and plan them."""
        return self.preview_file(
            "\n".join([titles or TITLES_OF[kind], *lines]).encode(), kind=kind, user=user, **ticked
        )

    def preview_file(self, content: bytes, kind: str = "visits", user: User | None = None, **ticked: bool) -> "Seen":
        imported = actions.keep_file(user, kind, "file.csv", content, ticked)
        db.session.commit()
        plan_import(imported, _advance)
        return Seen(imported)

    def bring_in(
        self, *lines: str, kind: str = "visits", titles: str = "", user: User | None = None, **ticked: bool
    ) -> "Seen":
        """Bring lines in, plan them, write them."""
        return self.preview(*lines, kind=kind, titles=titles, user=user, **ticked).write(**ticked)

    def visits(self) -> list[Visit]:
        return list(db.session.scalars(select(Visit).order_by(Visit.starts_at, Visit.id)))


@dataclass
class Seen:
    """An import as a person would look at it."""

    imported: Import

    def write(self, **ticked: bool) -> "Seen":
        with writing():
            actions.let_write(self.imported, ticked)
            db.session.commit()
        write_import(self.imported, _advance)
        return self

    @property
    def lines(self) -> list[ImportLine]:
        found = select(ImportLine).where(ImportLine.import_id == self.imported.id).order_by(ImportLine.number)
        return list(db.session.scalars(found))

    @property
    def outcomes(self) -> list[str]:
        return [line.outcome for line in self.lines]

    @property
    def codes(self) -> list[str]:
        """Codes of all that is said of the lines; each has a sentence."""
        importer = queries.importer_of(self.imported.kind)
        notes = [note for line in self.lines for note in line.notes]
        assert all(queries.say(importer, code, params) for code, params in notes)
        return [code for code, _ in notes]

    @property
    def shown(self) -> dict[str, str]:
        return self.lines[0].shown

    @property
    def refused(self) -> int:
        return self.imported.counts.get(Outcome.REFUSED, 0)


def _advance(done: int, total: int | None = None) -> None:
    db.session.commit()


def _kept(record):
    db.session.add(record)
    db.session.flush()
    return record
