"""The figures of a month: as they were kept when it was closed, or as they are today."""

from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import pgettext

from portal.accounts.models import User
from portal.ratings.figures import Rules, rules_of_today
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
from portal.reports.months import Kept


@dataclass(frozen=True)
class MonthFigures:
    """What there is to say of a month.

    Attributes:
        closed: when and by whom it was closed, if it is: then the figures are those of that moment.
        rules: by which they are made, also those of today beside them.
        today: the same as it counts today, where it is closed; workers are not read a second time.
    """

    first_day: date
    closed: ClosedMonth | None
    kept: Kept
    rules: Rules
    today: Kept | None = None


def figures_of(user: User, first_day: date) -> MonthFigures:
    """The figures of a month as this person may see them."""
    closed, cut = months.closed_month(first_day), months.cut_of(user, first_day)
    whole, requests = feedback.overall(cut, None)[0].whole, feedback.read_requests(cut, None)[0]
    if closed is None:
        today = Kept(whole, feedback.by_name(cut, "worker"), requests)
        return MonthFigures(first_day, None, today, rules_of_today())
    return MonthFigures(first_day, closed, months.kept_figures(user, closed), closed.rules, Kept(whole, (), requests))


def told_figures(kept: Kept, rules: Rules) -> list[tuple[str, Told, str]]:
    """The figures at the top of a month's page, with their names and what they say."""
    tally = kept.whole.tally
    return [
        (_("Overall rating"), told_mean(tally, rules=rules), ""),
        (_("Overall NPS (from stars)"), told_score(tally, rules=rules), ""),
        (_("Satisfied: 4 or 5 stars"), told_satisfied(tally, rules=rules), ""),
        *rates(kept.requests, rules=rules),
    ]


def ranked_workers(kept: Kept, rules: Rules) -> list[tuple[int | None, Line, Told, Told]]:
    """Workers with their place, mean and coefficient; those with too few answers come last, without a place."""
    lines = ranking([line for line in kept.workers if line.answers.tally.n], kept.whole.tally, rules)
    tallies = [(place, line, line.answers.tally) for place, line in lines]
    return [(place, line, told_mean(tally, rules=rules), told_coefficient(tally, rules))
            for place, line, tally in tallies]  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """A figure as it was when the month was closed, and as it is today."""

    label: str
    then: Told
    today: Told

    @property
    def is_same(self) -> bool:
        return self.then == self.today


def then_and_today(found: MonthFigures) -> list[Compared]:
    """The figures of a closed month and those of today side by side, read by the same rules; none of an open month."""
    if found.today is None:
        return []
    sides = [[*_counted(side), *told_figures(side, found.rules)] for side in (found.kept, found.today)]
    return [Compared(label, then, today) for (label, then, _then), (_label, today, _today) in zip(*sides, strict=True)]


def _counted(kept: Kept) -> list[tuple[str, Told, str]]:
    tally, asked = kept.whole.tally, kept.requests
    counts = [
        (_("Ratings"), tally.n),
        (_("Positive: 4 or 5 stars"), tally.positive), (_("Negative: 0 to 2 stars"), tally.negative),
        (_("With a comment"), kept.whole.comments), (_("Done visits"), asked.done), (_("Requests sent"), asked.sent),
        (_("Refused by the mail server"), asked.refused),
        (pgettext("analytics", "Rated by the client"), asked.answered),
    ]  # fmt: skip
    return [(label, Told(str(number), number), "") for label, number in counts]
