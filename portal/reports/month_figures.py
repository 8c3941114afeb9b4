"""The figures of a month: as they were kept when it was closed, or as they are today."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _

from portal.accounts.models import User
from portal.ratings.figures import mapping_of_today
from portal.reports import feedback, months
from portal.reports.feedback import Line
from portal.reports.feedback_board import ranking, rates
from portal.reports.feedback_figures import (
    Told,
    told_coefficient,
    told_mean,
    told_satisfied,
    told_score,
)
from portal.reports.month_models import ClosedMonth
from portal.reports.months import Difference, Kept


@dataclass(frozen=True)
class MonthFigures:
    """What there is to say of a month.

    Attributes:
        closed: when and by whom it was closed, if it is: then the figures are those of that moment.
        mapping: from how many stars promoters and passives were counted.
        differences: what has changed since it was closed.
    """

    first_day: date
    closed: ClosedMonth | None
    kept: Kept
    mapping: tuple[int, int]
    differences: Sequence[Difference]


def figures_of(user: User, first_day: date) -> MonthFigures:
    """The figures of a month as this person may see them."""
    closed = months.closed_month(first_day)
    if closed:
        mapping = closed.promoters_from, closed.passives_from
        return MonthFigures(first_day, closed, months.kept_figures(user, closed), mapping,
                            months.differences(user, closed))  # fmt: skip
    cut = months.cut_of(user, first_day)
    whole, requests = feedback.overall(cut, None)[0].whole, feedback.read_requests(cut, None)[0]
    return MonthFigures(first_day, None, Kept(whole, feedback.by_name(cut, "worker"), requests), mapping_of_today(), ())


def told_figures(kept: Kept, mapping: tuple[int, int]) -> list[tuple[str, Told, str]]:
    """The figures at the top of a month's page, with their names and what they say."""
    tally = kept.whole.tally
    return [
        (_("Overall rating"), told_mean(tally), ""),
        (_("Overall NPS (from stars)"), told_score(tally, mapping=mapping), ""),
        (_("Satisfied: 4 or 5 stars"), told_satisfied(tally), ""),
        *rates(kept.requests),
    ]


def ranked_workers(kept: Kept) -> list[tuple[int | None, Line, Told, Told]]:
    """Workers with their place, mean and coefficient; those with too few answers come last, without a place."""
    lines = ranking([line for line in kept.workers if line.answers.tally.n], kept.whole.tally)
    return [(place, line, told_mean(line.answers.tally), told_coefficient(line.answers.tally)) for place, line in lines]
