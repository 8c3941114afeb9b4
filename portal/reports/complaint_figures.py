"""The figures above the table of complaints: what waits, what they are about, delays against what was promised."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext, pgettext
from sqlalchemy import (
    CompoundSelect,
    Integer,
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    union_all,
)

from portal import clock
from portal.complaints.lists import SUBJECT
from portal.complaints.models import Complaint
from portal.complaints.standing import LATE, RESOLVED
from portal.controls.periods import months_until
from portal.controls.table import Delay, Figure, Months, Summary, delays, part_of
from portal.i18n import local
from portal.reports.local_days import local_day
from portal.reports.measuring import middles, seconds_between, sum_over
from portal.settings.queries import option
from portal.visits.queries import today

SHOWN = 7  # subjects of the chart; the others are added up
A_DAY = 86400


SUMS = {
    "open": sum_over(~RESOLVED),
    "late": sum_over(LATE),
    "unanswered": sum_over(and_(~RESOLVED, Complaint.answered_at.is_(None))),
    "first": func.min(Complaint.received_at),
    "last": func.max(Complaint.received_at),
}


def groups(bare: Select, _sums: Mapping[str, Any]) -> CompoundSelect:
    """Complaints by month and subject, and their delays: `of`, `label`, `x`, `y`, `n`."""
    month = func.substr(local_day(Complaint.received_at), 1, 7)
    named = bare.with_only_columns(SUBJECT.label("subject"), month.label("month"), maintain_column_froms=True)
    each = named.subquery("by_month").c
    number = cast(func.substr(each.month, 1, 4), Integer) * 12 + cast(func.substr(each.month, 6, 2), Integer) - 1
    by_month = select(
        literal("month").label("of"), each.subject.label("label"), number.label("x"), literal(0).label("y"),
        func.count().label("n"),
    ).group_by(each.subject, each.month)  # fmt: skip
    measures = middles([
        _measured("acknowledged", bare, Complaint.acknowledged_at, Complaint.acknowledge_by),
        _measured("answered", bare, Complaint.answered_at, Complaint.answer_by),
    ])  # fmt: skip
    return union_all(by_month, measures)


def _measured(name: str, bare: Select, end: Any, last: Any) -> Select:
    """Of each complaint how long something took, and whether it was done by its day. What is not done counts, late, as
    soon as the day is over."""
    over = end.is_(None) & ~RESOLVED & (cast(last, String) < today().isoformat())
    in_time = case((local_day(end) <= cast(last, String), 1), else_=0)
    return bare.where(end.is_not(None) | over).with_only_columns(
        literal(name).label("measure"), seconds_between(Complaint.received_at, end).label("seconds"),
        in_time.label("in_time"), maintain_column_froms=True,
    )  # fmt: skip


def tell(sums: Mapping[str, Any]) -> Summary:
    """How many there are, what waits, what they are about, how fast the agency was."""
    figures = [
        Figure(_("Complaints"), int(sums["n"])),
        part_of(sums, pgettext("complaints", "Not dealt with yet"), "open"),
        part_of(sums, _("Without an answer"), "unanswered"),
        part_of(sums, _("Overdue"), "late"),
    ]
    found: list[Row] = sums["groups"]
    measured = {row.label: row for row in found if row.of == "delay"}
    wanted = [
        ("acknowledged", _("Receipt acknowledged"),
         ngettext("≤ %(num)s working day", "≤ %(num)s working days", option("complaints.acknowledge_days"))),
        ("answered", _("Answered"), ngettext("≤ %(num)s day", "≤ %(num)s days", option("complaints.answer_days"))),
    ]  # fmt: skip
    grid = delays(_("Delays, from the day on which it was received"),
                  [_delay(label, target, measured.get(name)) for name, label, target in wanted])  # fmt: skip
    return Summary(figures, months=[_chart([row for row in found if row.of == "month"], sums)], grids=[grid])


def _delay(label: str, target: str, row: Row | None) -> Delay:
    if row is None:
        return Delay(label, target, 0, 0, "—")
    days = None if row.y is None else round(float(row.y) / A_DAY)
    median = "—" if days is None else ngettext("%(num)s day", "%(num)s days", days)
    return Delay(label, target, row.n, int(row.x), median)


def _chart(found: Iterable[Row], sums: Mapping[str, Any]) -> Months:
    months = months_until(*(local(sums[name] or clock.now()).date() for name in ("first", "last")))
    counted: dict[str, Counter[int]] = {}
    for row in found:
        counted.setdefault(row.label, Counter())[int(row.x)] += row.n
    ordered = sorted(counted.items(), key=lambda one: (-one[1].total(), one[0]))
    kept = [(label, numbers) for label, numbers in ordered[:SHOWN]]
    if rest := ordered[SHOWN:]:
        others = ngettext("%(num)s other", "%(num)s others", len(rest))
        kept.append((others, sum((numbers for _label, numbers in rest), Counter())))
    lines = [(label, [numbers[month.year * 12 + month.month - 1] for month in months]) for label, numbers in kept]
    return Months(_("By month and subject"), months, lines)
