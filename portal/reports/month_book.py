"""The report of a month as a workbook: by worker and by date, and what has changed since it was closed."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import pgettext
from werkzeug.datastructures import MultiDict

from portal import clock
from portal.accounts.models import User
from portal.controls.files import XlsxWriter
from portal.controls.reports import Sheet
from portal.controls.shares import Number
from portal.controls.table import Column
from portal.i18n import exact, written_day
from portal.reports import month_changes, months
from portal.reports.feedback import Line
from portal.reports.feedback_figures import Told
from portal.reports.feedback_forms import FeedbackFilter
from portal.reports.feedback_meanings import definitions
from portal.reports.feedback_sheets import DAYS, REQUESTS, WORKERS, book_of, figure_cells, ranked_mean
from portal.reports.month_figures import Compared, MonthFigures, figures_of, then_and_today
from portal.reports.month_paper import about, rated, title_of

FIGURES = (
    Column("figure", _l("Figure"), None, "text"), Column("then", _l("When the month was closed"), None, "text"),
    Column("then_n", _l("n, when the month was closed"), None, "number"), Column("today", _l("Today"), None, "text"),
    Column("today_n", _l("n, today"), None, "number"),
)  # fmt: skip
DIFFERENCES = (
    Column("visit", _l("Number of the visit"), None, "number"), Column("service", _l("Service"), None, "text"),
    Column("then", _l("When the month was closed"), None, "text"), Column("today", _l("Today"), None, "text"),
    Column("edits", _l("What is other"), None, "text"),
)  # fmt: skip


def month_book(user: User, first_day: date) -> bytes:
    """The workbook of a month, in the language of the page. What clients wrote is not in it: it leaves by mail."""
    found = figures_of(user, first_day)
    sheets = _closed_sheets(user, found) if found.closed else _open_sheets(user, first_day)
    writer = XlsxWriter(title_of(first_day), sheets[0].columns, sheets[0].title)
    for place, sheet in enumerate(sheets):
        if place:
            writer.turn_to(sheet.title, sheet.columns, sheets[place - 1].key)
        for row in sheet.rows:
            writer.write(row)
    said = [(_("Month"), written_day(first_day, "LLLL y")), (_("State"), about(found)), (_("Written for"), user.name),
            (_("Written on"), exact(clock.now()))]  # fmt: skip
    columns = (column for sheet in sheets for column in sheet.columns)
    return writer.finish([*said, *definitions("day", columns, rules=found.rules)], None, sheets[-1].key)


def _open_sheets(user: User, first_day: date) -> Sequence[Sheet]:
    cut = months.cut_of(user, first_day)
    args = MultiDict({"period": "free", "first_day": cut.first.isoformat(),
                      "last_day": cut.last.isoformat(), "step": "day"})  # fmt: skip
    form = FeedbackFilter(user, args)
    form.validate()
    book = book_of(form, args)
    return [book.sheets["workers"], book.sheets["days"]]


def _closed_sheets(user: User, found: MonthFigures) -> Sequence[Sheet]:
    """As it was: how far asking had come is known for the month alone, and stands on the paper."""
    closed = found.closed
    if closed is None:
        return []
    whole, rules = found.kept.whole.tally, found.rules

    def cells(line: Line) -> list[Any]:
        return figure_cells(line, None, rules)[len(REQUESTS) :]

    workers = [[line.key, line.name, *cells(line), ranked_mean(line, whole, rules)] for line in found.kept.workers]
    days = [[line.key, line.last, *cells(line)] for line in months.kept_days(user, closed)]
    figures = [[_label(one), _cell(one.then), one.then.n, _cell(one.today), one.today.n]
               for one in then_and_today(found)]  # fmt: skip
    changed = ([one.visit_id, one.service, rated(one.was), rated(one.now), ", ".join(one.edits)]
               for one in month_changes.each_difference(user, closed))  # fmt: skip
    return [
        Sheet("workers", pgettext("sheet", "By worker"), _without_requests(WORKERS), workers),
        Sheet("days", pgettext("sheet", "By date"), _without_requests(DAYS), days),
        Sheet("figures", pgettext("sheet", "Then and today"), FIGURES, figures),
        Sheet("changes", pgettext("sheet", "Changes since"), DIFFERENCES, changed),
    ]


def _without_requests(columns: Sequence[Column]) -> list[Column]:
    return [column for column in columns if column not in REQUESTS]


def _cell(told: Told) -> Number | int | str:
    """A number as one; where there are too few answers for one, that this is so."""
    if told.estimate:
        return Number(told.estimate.value, 1)
    return told.n if told.value == str(told.n) else told.value


def _label(one: Compared) -> str:
    """With the unit of a number that stands alone in its cell."""
    return f"{one.label}, %" if "%" in one.then.value or "%" in one.today.value else one.label
