"""Days in the cells of control tables: written as numbers, and kept as dates in workbooks."""

from dataclasses import dataclass
from datetime import date, datetime

from babel.dates import format_date, format_datetime
from flask_babel import gettext as _

from portal.i18n import PARTS, language, local

DAYS = {"fr": "dd/MM/y", "ru": "dd.MM.y", "en": "dd/MM/y"}
MOMENTS = {code: f"{day} HH:mm" for code, day in DAYS.items()}
EXCEL_DAYS = {"fr": "dd/mm/yyyy", "ru": "dd.mm.yyyy", "en": "dd/mm/yyyy"}
EXCEL_MOMENTS = {code: f"{day} hh:mm" for code, day in EXCEL_DAYS.items()}


@dataclass(frozen=True)
class Day:
    """A day, or a moment, by which something is to be done or was done.

    Attributes:
        overdue: said behind it, on the page and in files.
    """

    when: date | datetime
    overdue: bool = False

    def __str__(self) -> str:
        if isinstance(self.when, datetime):
            return self._said(written_moment(self.when))
        return self._said(format_date(self.when, DAYS[language()], locale=PARTS[language()]))

    @property
    def in_workbook(self) -> tuple[date | datetime, str]:
        """The date, and the format in which a workbook shows it: that it is overdue stands in the latter."""
        if isinstance(self.when, datetime):
            return local(self.when).replace(tzinfo=None), self._framed(EXCEL_MOMENTS[language()])
        return self.when, self._framed(EXCEL_DAYS[language()])

    def _said(self, written: str) -> str:
        return _("%(day)s (overdue)", day=written) if self.overdue else written

    def _framed(self, shape: str) -> str:
        return shape.join(f'"{part}"' if part else "" for part in self._said("|").split("|"))


def written_moment(moment: datetime) -> str:
    """`17/11/2026 09:30`, where the agency is."""
    return format_datetime(local(moment), MOMENTS[language()], locale=PARTS[language()])
