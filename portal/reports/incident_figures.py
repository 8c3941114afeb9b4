"""The figures above *Suivi des incidents*: how many there are, what waits, how fast the agency answered."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import (
    CompoundSelect,
    Date,
    Row,
    Select,
    bindparam,
    func,
    literal,
    select,
    union_all,
)

from portal.controls.table import Figure, Spread, Summary
from portal.i18n import mean
from portal.incidents.lists import label_of
from portal.incidents.models import Incident, Urgency
from portal.incidents.queries import ENDED
from portal.incidents.words import hours
from portal.people.models import Service
from portal.ratings.models import Rating
from portal.reports.measuring import seconds_between, sum_over
from portal.visits.queries import today

LINES = 10  # of a count by something; the others are added up
REASON = label_of(Incident)
UNSETTLED = Incident.state.not_in(ENDED)
IS_OVERDUE = UNSETTLED & (Incident.due_on < bindparam("today", callable_=today, type_=Date))


ANSWER = seconds_between(Incident.declared_at, Incident.answered_at)
_ANSWERED, _TO_ANSWER = Incident.answered_at.is_not(None), Incident.declared_type != "staff"


SUMS = {
    "unsettled": sum_over(UNSETTLED),
    "overdue": sum_over(IS_OVERDUE),
    "urgent": sum_over(Incident.urgency == Urgency.URGENT),
    "answered": sum_over(_ANSWERED),
    "unanswered": sum_over(_TO_ANSWER & ~_ANSWERED),
    "seconds": sum_over(_ANSWERED, ANSWER),
    "rated": func.count(Rating.id),
    "stars": sum_over(Rating.id.is_not(None), Rating.stars),
}


def groups(bare: Select, sums: Mapping[str, Any]) -> CompoundSelect:
    """How many incidents there are of each reason and of each service; the one or two answers in the middle, of which
    half are faster."""
    answered = int(sums["answered"])
    named_so = bare.with_only_columns(REASON.label("reason"), Service.name.label("service"), maintain_column_froms=True)
    named_so = named_so.subquery("named_so")
    parts = [
        select(literal(each.name).label("of"), each.label("label"), func.count().label("number")).group_by(each)
        for each in named_so.c
    ]
    middle = (
        bare.where(_ANSWERED)
        .with_only_columns(literal("middle"), literal(""), ANSWER, maintain_column_froms=True)
        .order_by(ANSWER)
        .offset(max(answered - 1, 0) // 2)
        .limit(2 - answered % 2)
    )
    return union_all(*parts, select(middle.subquery("middle")))


def tell(sums: Mapping[str, Any]) -> Summary:
    """Say how many incidents there are, what waits, how long the first answers took, and what they are about."""
    n, answered, unanswered = sums["n"], int(sums["answered"]), int(sums["unanswered"])
    middle = [row.number for row in sums["groups"] if row.of == "middle"]
    note = _("median %(time)s, n = %(n)s", time=hours(sum(middle) / len(middle)), n=answered) if answered else "n = 0"
    urgent = ngettext("%(num)s urgent", "%(num)s urgent", int(sums["urgent"]))
    overdue = ngettext("%(num)s overdue", "%(num)s overdue", int(sums["overdue"]))
    figures = [
        Figure(_("Incidents"), str(n), urgent),
        Figure(_("Not resolved yet"), str(sums["unsettled"]), overdue),
        Figure(_("First answer after (hours:minutes)"), hours(sums["seconds"] / answered) if answered else "—", note),
        Figure(_("Without an answer of the agency"), str(unanswered)),
    ]
    if rated := int(sums["rated"]):
        average = f"{mean(int(sums['stars']) / rated)} / 5"
        figures.append(Figure(_("How the handling was rated"), average, f"n = {rated}"))
    return Summary(figures, [Spread(_("By reason"), _lines(sums["groups"], "reason")),
                             Spread(_("By service"), _lines(sums["groups"], "service"))])  # fmt: skip


def _lines(found: Sequence[Row], of: str) -> list[tuple[str, int]]:
    counted = sorted(((row.label, row.number) for row in found if row.of == of), key=lambda one: (-one[1], one[0]))
    rest = counted[LINES:]
    others = ngettext("%(num)s other", "%(num)s others", len(rest))
    return [*counted[:LINES], *([(others, sum(number for _label, number in rest))] if rest else [])]
