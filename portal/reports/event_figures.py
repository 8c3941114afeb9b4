"""The figures above the table of adverse events: by month and category, severity × frequency, delays against targets.

Everything is counted in the database. Small numbers are hidden: see `controls/small.py`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext, pgettext
from sqlalchemy import CompoundSelect, Row, Select, case, func, literal, select, union_all
from sqlalchemy.orm import aliased

from portal import clock
from portal.adverse_events.criticality import LEVELS, ZONE_LABELS, criticality, gravity
from portal.adverse_events.models import AdverseEvent, event_category
from portal.adverse_events.reporting import TO_ACKNOWLEDGE, TO_ACKNOWLEDGE_SEVERE
from portal.adverse_events.words import frequency_words, severity_words
from portal.controls.periods import months_later, months_until
from portal.controls.table import Delay, Figure, Grid, GridCell, Months, Summary, delays, part_of
from portal.i18n import duration, local, start_of_day
from portal.incidents.lists import label_of
from portal.incidents.words import hours
from portal.notes.models import Note
from portal.organisation.models import ListEntry
from portal.reports.event_deadlines import IS_OVERDUE, IS_SEVERE, TO_ANALYSE, TO_TELL, TO_TRIAGE, measures
from portal.reports.measuring import sum_over

DAYS_FROM = 2  # up to two days are said in hours
SHOWN = 7  # categories of the chart; the others are added up
IS_DEALT_WITH = Note.done_at.is_not(None)

Coarse = aliased(ListEntry)  # the category that a finer one belongs to


SUMS = {
    "open": sum_over(~IS_DEALT_WITH),
    "overdue": sum_over(IS_OVERDUE),
    "severe": sum_over(IS_SEVERE),
    "first": func.min(AdverseEvent.day),
    "last": func.max(AdverseEvent.day),
}


def groups(bare: Select, sums: Mapping[str, Any]) -> CompoundSelect:
    """Events by month and category, by severity and frequency, and their delays: `of`, `label`, `x`, `y`, `n`."""
    rated = bare.where(AdverseEvent.frequency.is_not(None))
    severity, frequency = gravity(), AdverseEvent.frequency
    matrix = rated.with_only_columns(
        literal("matrix").label("of"), literal("").label("label"), severity.label("x"), frequency.label("y"),
        func.count().label("n"), maintain_column_froms=True,
    ).group_by(severity, frequency)  # fmt: skip
    return union_all(_by_month(bare, months_of(sums)), matrix, measures(bare))


def _by_month(bare: Select, months: list[date]) -> Select:
    """An event of several categories counts in each of them."""
    ends = [(AdverseEvent.day < start_of_day(months_later(month, 1)), place) for place, month in enumerate(months)]
    label = func.coalesce(label_of(Coarse), label_of(ListEntry))
    of_event = (
        bare.outerjoin(event_category, event_category.c.event_id == AdverseEvent.id)
        .outerjoin(ListEntry, ListEntry.id == event_category.c.entry_id)
        .outerjoin(Coarse, Coarse.id == ListEntry.parent_id)
        .with_only_columns(
            AdverseEvent.id.label("id"), label.label("label"), case(*ends, else_=0).label("month"),
            maintain_column_froms=True,
        )
        .subquery("by_month")
    )  # fmt: skip
    return select(
        literal("month").label("of"), of_event.c.label.label("label"), of_event.c.month.label("x"),
        literal(0).label("y"), func.count(of_event.c.id.distinct()).label("n"),
    ).group_by(of_event.c.label, of_event.c.month)  # fmt: skip


def months_of(sums: Mapping[str, Any]) -> list[date]:
    """The first days of the months from the first event until the last; where there is none, of this month."""
    return months_until(*(local(sums[name] or clock.now()).date() for name in ("first", "last")))


# ---- in words ----


def tell(sums: Mapping[str, Any]) -> Summary:
    """How many events there are, what waits, what they are about, how critical they are, how fast one was."""
    figures = [
        Figure(_("Adverse events"), int(sums["n"])),
        part_of(sums, _("Not dealt with yet"), "open"),
        part_of(sums, _("Overdue"), "overdue"),
        part_of(sums, _("Severe"), "severe"),
    ]
    found: list[Row] = sums["groups"]
    by_month = [row for row in found if row.of == "month"]
    return Summary(
        figures,
        months=[_chart(by_month, months_of(sums))],
        grids=[_matrix([row for row in found if row.of == "matrix"]), _delays(found)],
    )


def _chart(found: Iterable[Row], months: list[date]) -> Months:
    counted: dict[str, Counter[int]] = {}
    for row in found:
        counted.setdefault(row.label or _("Without a category"), Counter())[int(row.x)] += row.n
    ordered = sorted(counted.items(), key=lambda one: (-one[1].total(), one[0]))
    lines = [(label, [numbers[place] for place in range(len(months))]) for label, numbers in ordered[:SHOWN]]
    if rest := ordered[SHOWN:]:
        others = ngettext("%(num)s other", "%(num)s others", len(rest))
        lines.append((others, [sum(numbers[place] for _label, numbers in rest) for place in range(len(months))]))
    return Months(_("By month and category"), months, lines)


def _matrix(found: Iterable[Row]) -> Grid:
    """Events as they were judged: one whose frequency nobody has said yet is not in it."""
    counted = {(int(row.x), int(row.y)): row.n for row in found}
    lines = [
        (severity_words(grave), [GridCell(counted.get((grave, often), 0), _zone(grave, often)) for often in LEVELS])
        for grave in reversed(LEVELS)
    ]
    legend = [(zone.value, str(label)) for zone, label in ZONE_LABELS.items()]
    return Grid(_("Severity × frequency of the events that were judged"), _("Severity"),
                [frequency_words(often) for often in LEVELS], lines, legend)  # fmt: skip


def _zone(grave: int, often: int) -> str:
    found = criticality(grave, grave, often)
    return found.zone.value if found else ""


def _delays(found: Iterable[Row]) -> Grid:
    measured = {row.label: row for row in found if row.of == "delay"}
    wanted = [
        ("acknowledged", _("Receipt acknowledged"), TO_ACKNOWLEDGE),
        ("severe", _("Receipt acknowledged, severe ones"), TO_ACKNOWLEDGE_SEVERE),
        ("triaged", _("Judged"), TO_TRIAGE),
        ("told", _("Authorities told without delay"), TO_TELL),
        ("analysed", _("Causes analysed"), TO_ANALYSE),
        ("closed", pgettext("event", "Closed"), None),
    ]
    return delays(_("Delays, from the report on"), [_delay(label, within, measured.get(name))
                                                   for name, label, within in wanted])  # fmt: skip


def _delay(label: str, within: timedelta | None, row: Row | None) -> Delay:
    target = within_words(within) if within else "—"
    if row is None:
        return Delay(label, target, 0, None, "—")
    return Delay(label, target, row.n, int(row.x) if within else None, lasting(row.y))


def within_words(delay: timedelta) -> str:
    """`≤ 24 h`, `≤ 30 days`."""
    if delay.days > DAYS_FROM:
        return _("≤ %(time)s", time=ngettext("%(num)s day", "%(num)s days", delay.days))
    return _("≤ %(time)s", time=duration(int(delay.total_seconds() // 60)))


def lasting(seconds: Any) -> str:
    """`26:05` (hours and minutes); from three days on, in days; a dash where there is nothing."""
    if seconds is None:
        return "—"
    days = round(float(seconds) / 86400)
    return ngettext("%(num)s day", "%(num)s days", days) if days > DAYS_FROM else hours(float(seconds))
