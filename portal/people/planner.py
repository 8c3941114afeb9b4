"""What each line of an imported file would do to the records of clients or workers."""

import re
from dataclasses import replace
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import selectinload
from sqlalchemy.orm.exc import StaleDataError

from portal.accounts.models import Account
from portal.accounts.queries import normal_address
from portal.audit.actions import record, record_all
from portal.extensions import db, wires
from portal.folding import fold, fold_name
from portal.imports.importer import Deed, Outcome, Plan, Row, Task
from portal.imports.refusals import Params, Wrong
from portal.people.actions import follow_record, open_login
from portal.people.lines import TEXTS, Known, as_known, read_person
from portal.people.models import Client, Sector, Staff, Worker, set_name
from portal.people.queries import visible_clients, visible_sectors, visible_workers
from portal.people.search import index_people

_BETWEEN_SECTORS = re.compile(r"\s*[/+,;\n]\s*")

Note = tuple[str, Params]


class PersonPlanner:
    """Holds each line against the people that exist and those of the lines above."""

    def __init__(self, task: Task, kind: type[Client] | type[Worker]) -> None:
        self.user, self.kind = task.user, kind
        sectors = select(Sector) if task.user is None else visible_sectors(task.user)
        there = list(db.session.scalars(sectors))
        self.sector_names = {sector.id: sector.name for sector in there}
        self.sectors = {fold(sector.name): sector.id for sector in there if sector.active}
        self.managers: dict[str, int] = {}
        self.manager_names: dict[int, str] = {}
        for staff in db.session.scalars(select(Staff).where(Staff.active)):
            self.manager_names[staff.id] = staff.name
            self.managers |= {fold_name(staff.name): staff.id, (staff.email or staff.name).lower(): staff.id}
        self.by_name: dict[str, list[Known]] = {}
        self.by_external_id: dict[str, Known] = {}
        self.invitations = 0
        self.logins = set(db.session.scalars(select(Account.email)))
        self.fresh: list[Known] = []
        self.touched: dict[int, Known] = {}
        self._look_up()

    def _look_up(self) -> None:
        perimeter = visible_clients if self.kind is Client else visible_workers
        seen = (
            None if self.user is None else set(db.session.scalars(perimeter(self.user).with_only_columns(self.kind.id)))
        )
        people = select(Client) if self.kind is Client else select(Worker).options(selectinload(Worker.sectors))
        for person in db.session.scalars(people):
            known = as_known(person)
            known.visible = seen is None or person.id in seen
            self._file(known)
            db.session.expunge(person)

    def _file(self, known: Known) -> None:
        named = self.by_name.setdefault(fold_name(known.name), [])
        if known not in named:
            named.append(known)
        if known.external_id:
            self.by_external_id[known.external_id] = known

    def plan(self, row: Row) -> Plan:
        """Say what a line would do; raise `Wrong` to refuse it."""
        wish = self._read(row)
        found = self._find(wish)
        after = replace(found, was=found.was or replace(found)) if found else Known(from_file=True)
        for name in TEXTS:
            setattr(after, name, getattr(wish, name) or getattr(after, name))
        if found and fold(wish.civility) == fold(found.civility):
            after.civility = found.civility
        if found and fold_name(wish.name) == fold_name(found.name):  # "LEFEVRE CLAIRE" is no new name
            after.first_name, after.last_name = found.first_name, found.last_name
        after.manager = wish.manager or after.manager
        after.sectors = self._sectors_after(wish, after)
        notes = self._changes(found, after) if found else []
        self._say_invitation(wish, after, notes)
        deed: Deed = {"id": found.id if found else None, **after.facts(), "invite": after.invite}
        if found is None:
            return Plan(Outcome.CREATE, deed, notes, self._shown(row, after), partial(self._take, after, after))
        if found.facts() == after.facts() and found.invite == after.invite:
            return Plan(Outcome.UNCHANGED, {}, notes)
        return Plan(Outcome.CHANGE, deed, notes, self._shown(row, after), partial(self._take, found, after))

    def write(self) -> None:
        """Write what was taken; flush, never commit. Raise `StaleDataError` when a record is no longer as it was."""
        people = [(known, self._make(known)) for known in self.fresh]
        db.session.flush()
        for known, person in people:
            known.id = person.id
        subject = self.kind.__tablename__
        record_all(
            "person.created", self.user, [((subject, person.id), None, {"imported": True}) for _, person in people]
        )
        people += self._change_records()
        db.session.flush()
        index_people(self.kind, [person for _, person in people])
        for known, person in people:
            if known.invite and person.account_id is None:
                open_login(self.user, person)
                known.has_login, known.invite = True, False
            known.was = None
        self.fresh.clear()
        self.touched.clear()

    def totals(self) -> dict[str, int | list[str]]:
        return {"invitations": self.invitations}

    def _read(self, row: Row) -> Known:
        """Read the cells into a person who is not known yet; raise `Wrong`."""
        wish = read_person(row)
        for name in filter(None, _BETWEEN_SECTORS.split(row["sector"])) if self.kind is Worker else [row["sector"]]:
            if name and fold(name) not in self.sectors:
                raise Wrong("unknown_sector", value=name)
            wish.sectors += [self.sectors[fold(name)]] if name else []
        if row["manager"]:
            wish.manager = self.managers.get(row["manager"].lower()) or self.managers.get(fold_name(row["manager"]))
            if wish.manager is None:
                raise Wrong("unknown_manager", value=row["manager"])
        return wish

    def _find(self, wish: Known) -> Known | None:
        """Return who a line means: by external id, else by name, homonyms told apart by e-mail; raise `Wrong`."""
        keyed = self.by_external_id.get(wish.external_id)
        if keyed is not None:
            if not keyed.visible:
                raise Wrong("external_id_taken", value=wish.external_id)
            return _active(keyed)
        named = [
            one for one in self.by_name.get(fold_name(wish.name), ()) if not (wish.external_id and one.external_id)
        ]
        if self.kind is Client:
            named = [one for one in named if one.visible]
        found = [one for one in named if one.active] or named
        if wish.email:
            same = [one for one in found if one.email == wish.email]
            # two lines of one file with different addresses are two people
            found = same or [one for one in found if not (one.from_file and one.email)]
        if len(found) > 1:
            raise Wrong("homonym", value=wish.name, number=len(found))
        if found and not found[0].visible:
            raise Wrong("elsewhere", value=wish.name)
        if found and wish.email and (found[0].email or wish.email).lower() != wish.email.lower():
            # perhaps somebody else of that name: mails about the one must not go to the other
            raise Wrong("other_address", value=wish.name, email=found[0].email)
        return _active(found[0]) if found else None

    def _sectors_after(self, wish: Known, after: Known) -> list[int]:
        if self.kind is Worker:  # sectors are added, never taken away: another file may know them
            sectors = sorted({*after.sectors, *wish.sectors})
            if sectors or self.user is None or len(self.sectors) != 1:
                return sectors
        sectors = wish.sectors or after.sectors
        if not sectors and len(self.sectors) != 1:
            raise Wrong("sector_missing")
        return sectors or list(self.sectors.values())

    def _changes(self, found: Known, after: Known) -> list[Note]:
        before, now = self._words(found), self._words(after)
        notes: list[Note] = []
        for column, value in now.items():
            if before[column] and value != before[column]:
                notes.append(("field_changed", {"column": column, "before": before[column], "after": value}))
            elif value != before[column]:
                notes.append(("field_added", {"column": column, "after": value}))
        return notes

    def _words(self, known: Known) -> dict[str, str]:
        """A record as the columns of a file would show it."""
        texts = {name: getattr(known, name) for name in TEXTS}
        sectors = ", ".join(self.sector_names.get(sector, "…") for sector in known.sectors)
        return {**texts, "sector": sectors, "manager": self.manager_names.get(known.manager or 0, "")}

    def _say_invitation(self, wish: Known, after: Known, notes: list[Note]) -> None:
        if not wish.invite or after.invite:
            return
        if after.has_login:
            return
        if not after.email:
            raise Wrong("invitation_without_email")
        after.invite = True
        notes.append(("same_login" if normal_address(after.email) in self.logins else "invited", {}))

    def _shown(self, row: Row, after: Known) -> dict[str, str]:
        words = self._words(after)
        return {"sector": words["sector"]} if not row["sector"] and words["sector"] else {}

    def _take(self, known: Known, after: Known) -> None:
        address = normal_address(after.email)
        if after.invite and not (known is not after and known.invite) and address not in self.logins:
            self.invitations += 1
            self.logins.add(address)
        if known is not after:
            for name in (*TEXTS, "sectors", "manager", "invite", "was"):
                setattr(known, name, getattr(after, name))
        if known.id is not None:
            self.touched[known.id] = known
        elif known not in self.fresh:
            self.fresh.append(known)
        self._file(known)

    def _make(self, known: Known) -> Client | Worker:
        person = Client(active=True) if self.kind is Client else Worker(active=True)
        self._fill(person, known)
        db.session.add(person)
        return person

    def _fill(self, person: Client | Worker, known: Known) -> None:
        for name in TEXTS:
            setattr(person, name, getattr(known, name) or None)
        set_name(person, known.first_name, known.last_name)
        if isinstance(person, Client):
            person.sector_id, person.file_manager_id = known.sectors[0], known.manager
        else:
            person.sectors = list(db.session.scalars(select(Sector).where(Sector.id.in_(known.sectors))))

    def _change_records(self) -> list[tuple[Known, Client | Worker]]:
        changed = []
        for person in db.session.scalars(select(self.kind).where(self.kind.id.in_(self.touched))):
            known = self.touched[person.id]
            before = known.was or known
            if as_known(person).facts() != before.facts():
                raise StaleDataError(person.id)
            self._fill(person, known)
            fields = [name for name, value in known.facts().items() if before.facts()[name] != value]
            record("person.changed", self.user, (self.kind.__tablename__, person.id), after={"fields": fields})
            if "email" in fields:
                db.session.flush()
                follow_record(self.user, person)
                known.has_login = person.account_id is not None
            if isinstance(person, Client) and "sectors" in fields:
                db.session.flush()
                wires.react("client moved", self.user, person)
            changed.append((known, person))
        if len(changed) != len(self.touched):
            raise StaleDataError("gone")
        return changed


def _active(known: Known) -> Known:
    if not known.active:
        raise Wrong("inactive", value=known.name)
    return known
