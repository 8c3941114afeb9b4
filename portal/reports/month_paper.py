"""The report of a month on paper: figures alone, since it leaves by mail. What clients wrote is read on the portal."""

from collections.abc import Sequence
from datetime import date

from flask_babel import gettext as _
from flask_babel import ngettext, pgettext

from portal.accounts.models import User
from portal.i18n import exact, written_day
from portal.outbox.queries import REASON_LABELS
from portal.papers import Block, Paper, Section, bars, note, table, words
from portal.ratings.figures import Rules
from portal.reports import month_changes
from portal.reports.feedback import Requests
from portal.reports.feedback_figures import Told
from portal.reports.month_changes import Value
from portal.reports.month_figures import (
    Compared,
    MonthFigures,
    figures_of,
    ranked_workers,
    then_and_today,
    told_figures,
)
from portal.reports.month_models import ClosedMonth

NONE = "–"


def month_paper(user: User, first_day: date) -> Paper:
    """The report of a month, in the language of the page."""
    found = figures_of(user, first_day)
    tally = found.kept.whole.tally
    stars = [(_stars(number), tally.counts[number]) for number in reversed(range(6))]
    sections = [
        Section(_("At a glance"), [note(about(found)), _glance(found), words(made_by(found.rules)), *_meanings(found)]),
        Section(_("Stars given"), [bars((_("Stars"), _("Ratings")), stars)]),
        Section(_("From the visit to the answer"), [bars((_("Visits"), _("How many")), _funnel(found.kept.requests))]),
        Section(pgettext("analytics", "By worker"), _workers(found)),
    ]
    if found.closed:
        sections.append(Section(_("What has changed since"), _since(user, found.closed, then_and_today(found))))
    return Paper(
        title=title_of(first_day), sections=sections,
        name=f"suivi-{first_day:%Y-%m}",
        subtitle=_("Ratings of the visits of this month, in the sectors of the reader. The day of the visit counts."),
    )  # fmt: skip


def title_of(first_day: date) -> str:
    """What the report of a month is called, on paper and in its workbook."""
    return _("Customer feedback: %(month)s", month=written_day(first_day, "LLLL y"))


def about(found: MonthFigures) -> str:
    """Whether these are figures of today or of the day on which the month was closed."""
    if found.closed is None:
        return _("This month is not closed: the figures are those of today, and later answers will change them.")
    when = exact(found.closed.closed_at)
    said = _("Closed by %(name)s on %(when)s.", name=found.closed.closed_by, when=when)
    return " ".join([said, _("These are the figures of that moment.")])


def _glance(found: MonthFigures) -> Block:
    rows = [
        (label, told.value, told.n, told.between or NONE)
        for label, told, _about in told_figures(found.kept, found.rules)
    ]
    return table([_("Figure"), "", "n", _("Interval")], rows, widths=[4, 3, 1, 3], numeric=[2])


def _meanings(found: MonthFigures) -> list[Block]:
    said = told_figures(found.kept, found.rules)
    return [words(_("%(name)s: %(value)s", name=label, value=about)) for label, _told, about in said if about]


def made_by(rules: Rules) -> str:
    """The rules of a month, in words."""
    camps = _("Promoters: from %(promoters)s stars. Passives: from %(passives)s stars.",
              promoters=rules.promoters_from, passives=rules.passives_from)  # fmt: skip
    fewest = ngettext("A figure is told from %(num)s answer on.", "A figure is told from %(num)s answers on.",
                      rules.minimum_sample)  # fmt: skip
    return f"{camps} {fewest}"


def _funnel(asked: Requests) -> list[tuple[str, int]]:
    reasons = sorted(asked.suppressed.items(), key=lambda one: (-one[1], one[0]))
    return [
        (_("Done visits"), asked.done),
        *([(_("of these, nobody was to be asked"), asked.unasked)] if asked.unasked else []),
        *((_("Not asked: %(reason)s", reason=REASON_LABELS.get(reason, reason)), number) for reason, number in reasons),
        *([(pgettext("request", "Waiting to leave"), asked.waiting)] if asked.waiting else []),
        (_("Requests sent"), asked.sent), (_("Refused by the mail server"), asked.refused),
        (pgettext("analytics", "Rated by the client"), asked.answered),
        (_("of these, after a request"), asked.answered_asked), (_("of these, with a comment"), asked.commented),
    ]  # fmt: skip


def _workers(found: MonthFigures) -> list[Block]:
    rows = [(place or NONE, line.name, line.answers.tally.n, _value(mean), _value(coefficient))
            for place, line, mean, coefficient in ranked_workers(found.kept, found.rules)]  # fmt: skip
    if not rows:
        return [note(_("Nobody has rated a visit of this month."))]
    order = _("The order is that of the mean drawn towards the mean of all (ten answers of that mean are added): a "
              "single answer leads no list. What is shown is the plain mean. Below the fewest answers there is no "
              "place.")  # fmt: skip
    heads = [pgettext("ranking", "Place"), _("Worker"), "n", _("Mean of 5"), _("Satisfaction coefficient")]
    return [table(heads, rows, widths=[1, 4, 1, 4, 3], numeric=[0, 2]), words(order)]


def _value(told: Told) -> str:
    return f"{told.value} ({told.between})" if told.between else told.value


def _since(user: User, closed: ClosedMonth, figures: Sequence[Compared]) -> list[Block]:
    """The figures of then beside those of today, and the first of the ratings that are not as they were."""
    found, total = month_changes.first_differences(user, closed)
    if not found and all(one.is_same for one in figures):
        return [words(_("Nothing: what counted then counts today."))]
    sides = [(one.label, _with_n(one.then), _with_n(one.today)) for one in figures]
    blocks = [table([_("Figure"), _("When the month was closed"), _("Today")], sides, widths=[4, 4, 4])]
    if not found:
        return [*blocks, words(_("No rating is other than it was: what has changed is how far asking has come."))]
    rows = [(one.visit_id, one.service, rated(one.was), rated(one.now), ", ".join(one.edits)) for one in found]
    heads = [_("Number of the visit"), _("Service"), _("When the month was closed"), _("Today"), _("What is other")]
    blocks.append(table(heads, rows, widths=[2, 3, 4, 4, 3], numeric=[0]))
    if more := total - len(found):
        blocks.append(note(ngettext("%(num)s more rating is not as it was: the page of the month lists it.",
                                    "%(num)s more ratings are not as they were: the page of the month lists them.",
                                    more)))  # fmt: skip
    return blocks


def _with_n(told: Told) -> str:
    return f"{_value(told)}, n = {told.n}" if told.value != str(told.n) else told.value


def rated(one: Value | None) -> str:
    """A rating as it was or is, in words."""
    if one is None:
        return _("not rated")
    stars = _stars(one.stars) if one.counted else _("%(stars)s (not counted)", stars=_stars(one.stars))
    return f"{stars} · {one.source}"


def _stars(stars: int) -> str:
    return ngettext("%(num)s star", "%(num)s stars", stars)
