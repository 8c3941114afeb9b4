"""The files that somebody asked for, and how far each is: theirs alone, as long as they may see what it holds."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, func, select

from portal.accounts.models import User
from portal.controls.models import Export
from portal.controls.reports import REPORTS, Report
from portal.controls.table import ControlTable
from portal.extensions import db, wires
from portal.work.models import Work

SHOWN = 20


@dataclass(frozen=True)
class ExportView:
    """A file that somebody asked for, and how far it is.

    Attributes:
        sectors: which are in this person's hands today, by number.
    """

    export: Export
    work: Work | None
    has_content: bool
    sectors: AbstractSet[int]

    @cached_property
    def table(self) -> ControlTable | Report | None:
        return wires.tables.get(self.export.table) or REPORTS.get(self.export.table)

    @property
    def state(self) -> str:
        """`moving`, `ready`, `failed`, `refused`: too long for one file, or not this person's any more; `outdated`: it
        was written with sectors that are not this person's any more."""
        if self.has_content:
            of_theirs = self.export.sectors is not None and self.sectors >= set(self.export.sectors)
            return "ready" if of_theirs else "outdated"
        if self.work is None or self.work.state == "failed":
            return "failed"
        return "refused" if self.work.state == "done" else "moving"

    @property
    def back(self) -> str:
        """Words of the link to where the file was asked for."""
        return str(self.table.back) if isinstance(self.table, Report) else _("Back to the table")

    @property
    def is_parted(self) -> bool:
        """Whether what is too long for this file may be short enough sheet by sheet."""
        return isinstance(self.table, Report) and self.export.format == "xlsx"

    @property
    def title(self) -> str:
        return str(self.table.title) if self.table else _("Table")


def own_exports(user: User) -> list[ExportView]:
    """The files that this person asked for, the newest first."""
    found = db.session.execute(_exports(user).order_by(Export.id.desc()).limit(SHOWN)).all()
    sectors = wires.sectors_of(user) if found else set()
    return [ExportView(*row, sectors) for row in found]


def export_of(user: User, export_id: int) -> ExportView | None:
    """Return a file that this person asked for, in the file they have open."""
    found = db.session.execute(_exports(user).where(Export.id == export_id)).one_or_none()
    return ExportView(*found, wires.sectors_of(user)) if found else None


def _exports(user: User) -> Select:
    return (
        select(Export, Work, Export.content.is_not(None)).outerjoin(Work, Work.id == Export.work_id).where(*_own(user))
    )


def _own(user: User) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return Export.account_id == user.account_id, Export.user_key == user.key


def badge(user: User) -> Select[int]:
    """How many files are ready that this person has not seen yet: the figure in the menu."""
    waiting = select(Export.id).where(*_own(user), Export.seen_at.is_(None), Export.content.is_not(None))
    return select(func.count()).select_from(waiting.limit(SHOWN).subquery())


def content_of(view: ExportView) -> bytes | None:
    """The file itself, once it is ready."""
    if view.state != "ready":
        return None
    return db.session.scalar(select(Export.content).where(Export.id == view.export.id))
