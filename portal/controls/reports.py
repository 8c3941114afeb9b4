"""Figures that are taken away as a file of several sheets, by the same way as a control table: asked for, written by a
job, kept for a week."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from portal.accounts.models import User
from portal.controls.forms import ControlFilter
from portal.controls.table import Column
from portal.roles import GRANTS, Permission
from portal.settings.queries import option


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook, one CSV file.

    Attributes:
        key: names it in addresses, and its columns in a workbook (`workers_mean`), in whatever language it is written.
        title: on its tab.
        columns: their keys never change either.
        rows: what is written, cell by cell.
        length: how many they are, about: so long the work is.
    """

    key: str
    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    length: int = 0


@dataclass(frozen=True)
class Book:
    """All that a file may hold.

    Attributes:
        sheets: by their keys.
        about: what stands on the last sheet: definitions, and what was chosen.
    """

    sheets: Mapping[str, Sheet]
    about: Sequence[tuple[str, ...]]

    def sheets_of(self, format: str, asked: str) -> list[Sheet]:
        """Those that go into one file: the one that is asked for, or all of a workbook; a CSV file has but one."""
        only = [self.sheets[asked]] if asked in self.sheets else list(self.sheets.values())
        return only if format == "xlsx" else only[:1]


@dataclass(frozen=True)
class Report:
    """What a page offers to take away: the whole as a workbook, a sheet as CSV.

    Attributes:
        back: words of the link from a file to the page.
        name: of the page (`staff.open_<name>`) and in the row of a file.
        form: the filters of the page, to be validated.
        book: what the file holds, with valid filters; all of it is read in one transaction.
    """

    name: str
    title: object
    back: object
    permission: Permission
    module: str
    form: Callable[[User, MultiDict], ControlFilter]
    book: Callable[[Any, MultiDict], Book]

    def is_open_to(self, user: User) -> bool:
        """Whether this person may take it away today."""
        return self.permission in GRANTS[user.role] and bool(option(self.module))


REPORTS: dict[str, Report] = {}  # `portal/wiring.py` fills it
