"""The page of the analytics: what is drawn of a cut, and where each bar leads."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext, pgettext

from portal.i18n import SHORT_MONTH, written_day, written_days
from portal.outbox.queries import REASON_LABELS
from portal.ratings.figures import Rules, is_enough, rules_of_today
from portal.ratings.statistics import Tally
from portal.reports import feedback
from portal.reports.feedback import Line, Requests
from portal.reports.feedback_cut import CLIENTS
from portal.reports.feedback_figures import (
    Told,
    percent,
    told_coefficient,
    told_mean,
    told_satisfied,
    told_score,
    told_share,
)
from portal.reports.feedback_forms import FeedbackFilter
from portal.reports.quality import SOURCES
from portal.settings.queries import option
from portal.tables.queries import PER_PAGE, Page, asked_page, last_page

BY = {
    "date": lazy_pgettext("analytics", "By date"),
    "worker": lazy_pgettext("analytics", "By worker"),
    "service": lazy_pgettext("analytics", "By service"),
    "sector": lazy_pgettext("analytics", "By sector"),
    "client": lazy_pgettext("analytics", "By client"),
}
HEADS = {"date": lazy_pgettext("column", "Day of the visit"), "worker": _l("Worker"), "service": _l("Service"),
         "sector": _l("Sector, with those below"), "client": _l("Client")}  # fmt: skip
STEPS = {"day": lazy_pgettext("analytics", "Days"), "week": lazy_pgettext("analytics", "Weeks"),
         "month": lazy_pgettext("analytics", "Months")}  # fmt: skip
FUNNELS = {"visit": lazy_pgettext("analytics", "By day of the visit"),
           "asked": lazy_pgettext("analytics", "By day of the request")}  # fmt: skip


@dataclass(frozen=True)
class View:
    """How the figures of a cut are looked at; what is odd in the address is as it opens."""

    by: str
    step: str
    funnel: str

    @classmethod
    def of(cls, args: Mapping[str, str], form: FeedbackFilter) -> "View":
        by, step, funnel = args.get("by", ""), args.get("step", ""), args.get("funnel", "")
        usual = feedback.usual_step(*form.days())
        return cls(
            by if by in BY else "date",
            step if step in STEPS and feedback.fits(*form.days(), step) else usual,
            funnel if funnel in FUNNELS else "visit",
        )


@dataclass(frozen=True)
class Bar:
    """How many there are of something, of how many, and where they can be read."""

    label: str
    number: int
    share: str
    url: str | None = None
    stars: int | None = None
    depth: int = 0
    whole: int = 0


@dataclass(frozen=True)
class Row:
    """One line of the charts: a day, a worker …

    Attributes:
        place: in the ranking; None below the fewest answers, and of days.
    """

    label: str
    url: str
    mean: Told
    score: Told
    tally: Tally
    coefficient: Told
    place: int | None = None


@dataclass(frozen=True)
class Chart:
    """Rating and NPS by something; `page` holds the rows."""

    by: str
    head: str
    page: Page[Row]
    ranked: bool
    too_many: bool = False


@dataclass(frozen=True)
class Board:
    """All that the page shows.

    Attributes:
        of_all: whether the ratings are those of all whom the agency asks: of one source, requests tell nothing.
    """

    view: View
    query: str
    n: int
    excerpt: Sequence[tuple[str, str]]
    compared_with: str
    mean: Told
    score: Told
    satisfied: Told
    spread: Sequence[Bar]
    camps: Sequence[Bar]
    channels: Sequence[tuple[str, str, int, Told]]
    comments: int
    chart: Chart
    rates: Sequence[tuple[str, Told, str]]
    funnel: Sequence[Bar]
    requests: Requests
    of_all: bool
    views: Mapping[str, Sequence[tuple[str, str, bool]]]
    reviews_url: str


def board_of(form: FeedbackFilter, args: Mapping[str, str]) -> Board:
    """Read and write out all figures of the page, from one cut."""
    view, cut, before = View.of(args, form), form.cut, form.cut_before
    now, then = feedback.overall(cut, before)
    tally, tally_then = now.whole.tally, then.whole.tally if then else None
    of_visits = feedback.read_requests(cut, before)
    by_asked = view.funnel == "asked"
    requests = feedback.read_requests(replace(cut, by_asked=True), None)[0] if by_asked else of_visits[0]
    return Board(
        view=view, query=urlencode([*form.query(), *asdict(view).items()]), n=tally.n, excerpt=form.described(),
        compared_with=in_days(before.first, before.last) if before else "",
        mean=told_mean(tally, tally_then), score=told_score(tally, tally_then),
        satisfied=told_satisfied(tally, tally_then), spread=_spread(form, tally), camps=_camps(form, tally),
        channels=[(str(SOURCES[one]), reviews_url(form, source=one), now.channels[one].tally.n,
                   told_mean(now.channels[one].tally)) for one in SOURCES if one in now.channels],
        comments=now.whole.comments, chart=_chart(form, view, tally), rates=rates(*of_visits),
        funnel=_funnel(form, view, requests), requests=requests, of_all=cut.tells_requests,
        views=_views(form, view), reviews_url=reviews_url(form),
    )  # fmt: skip


# ---- where a bar leads ----


def page_url(form: FeedbackFilter, **more: object) -> str:
    """The page with the same filters."""
    return f"{url_for('staff.open_feedback')}?{urlencode([*form.query(), *more.items()], doseq=True)}"


def reviews_url(form: FeedbackFilter, **narrowed: Any) -> str:
    """The reviews behind a figure: the same filters, narrowed further."""
    if "first_day" in narrowed:
        narrowed["period"] = "free"
    dropped = {*narrowed, "compare", *(("first_day", "last_day") if "period" in narrowed else ())}
    kept = [(name, value) for name, value in form.query() if name not in dropped]
    if not any(name == "period" for name, _value in kept) and "period" not in narrowed:
        kept.insert(0, ("period", str(form.period.data)))
    return f"{url_for('staff.list_feedback_reviews')}?{urlencode([*kept, *narrowed.items()], doseq=True)}"


def _views(form: FeedbackFilter, view: View) -> dict[str, list[tuple[str, str, bool]]]:
    """The switches of the page: words, address, whether it is so now."""
    now = {"by": view.by, "step": view.step, "funnel": view.funnel}

    def switch(name: str, labels: Mapping[str, object]) -> list[tuple[str, str, bool]]:
        return [(str(label), page_url(form, **{**now, name: key}), now[name] == key) for key, label in labels.items()]

    fitting = {step: label for step, label in STEPS.items() if feedback.fits(*form.days(), step)}
    return {"by": switch("by", BY), "step": switch("step", fitting), "funnel": switch("funnel", FUNNELS)}


# ---- what is drawn ----


def _share(part: int, whole: int) -> str:
    return percent(100 * part / whole) if is_enough(whole) else ""


def _spread(form: FeedbackFilter, tally: Tally) -> list[Bar]:
    return [Bar("", number, _share(number, tally.n), reviews_url(form, stars=stars), stars, whole=tally.n)
            for stars, number in reversed(list(enumerate(tally.counts)))]  # fmt: skip


def _camps(form: FeedbackFilter, tally: Tally) -> list[Bar]:
    """Promoters, passives, detractors, each with the stars that make one."""
    high = option("ratings.promoters_from")
    low = min(option("ratings.passives_from"), high)
    groups = ((_("Promoters"), range(high, 6)), (_("Passives"), range(low, high)), (_("Detractors"), range(low)))
    made = []
    for label, stars in groups:
        if stars:
            number = sum(tally.counts[one] for one in stars)
            said = str(stars[0]) if len(stars) == 1 else f"{stars[0]}–{stars[-1]}"
            url = reviews_url(form, stars=list(stars))
            made.append(Bar(f"{label} ({said} ★)", number, _share(number, tally.n), url, whole=tally.n))
    return made


def _chart(form: FeedbackFilter, view: View, tally: Tally) -> Chart:
    head, cut = str(HEADS[view.by]), form.cut
    if view.by == "date":
        lines = feedback.by_step(cut, view.step)
        rows = [
            _row(line, _days_of(line, view.step), reviews_url(form, first_day=line.key, last_day=line.last))
            for line in lines
        ]
        return Chart(view.by, head, Page(rows, 1, False, len(rows), False), ranked=False)
    too_many = view.by == "client" and tally.n > feedback.MOST_CLIENTS
    lines = [] if too_many else feedback.by_name(cut, view.by)
    ordered = ranking(lines, tally, rules_of_today())
    number = min(asked_page(), last_page(len(ordered)))
    shown = ordered[(number - 1) * PER_PAGE : number * PER_PAGE]
    rows = [_row(line, line.name, reviews_url(form, **{view.by: line.key}), place) for place, line in shown]
    page = Page(rows, number, number * PER_PAGE < len(ordered), len(ordered), False)
    return Chart(view.by, head, page, ranked=True, too_many=too_many)  # fmt: skip


def ranking(lines: Sequence[Line], cohort: Tally, rules: Rules) -> list[tuple[int | None, Line]]:
    """The best first, by the mean drawn towards that of all; those with too few answers have no place, and stand at
    the end."""
    mean = cohort.mean.value if cohort.mean else 0.0
    enough = [line for line in lines if rules.is_enough(line.answers.tally.n)]
    enough.sort(key=lambda line: -(line.answers.tally.shrunk(mean) or 0.0))
    few = [line for line in lines if not rules.is_enough(line.answers.tally.n)]
    return [*((place, line) for place, line in enumerate(enough, start=1)), *((None, line) for line in few)]


def _row(line: Line, label: str, url: str, place: int | None = None) -> Row:
    tally = line.answers.tally
    return Row(label, url, told_mean(tally), told_score(tally), tally, told_coefficient(tally), place)


def _days_of(line: Line, step: str) -> str:
    if step == "month":
        return written_day(line.key, SHORT_MONTH)
    return in_days(line.key, line.last or line.key)


def in_days(first: Any, last: Any) -> str:
    """`1er – 30 nov. 2026`."""
    return written_day(first, "d MMM y") if first == last else written_days(first, last, "yMMMd")


def rates(now: Requests, before: Requests | None = None, rules: Rules | None = None) -> list[tuple[str, Told, str]]:
    """The rates, each with what it is a part of."""
    was = before or Requests()
    return [
        (_("Response rate, strict"), told_share(now.strict, was.strict, "requests", rules),
         _("answers of those who were asked, whether the mail arrived or not")),
        (_("Response rate, delivered"), told_share(now.delivered, was.delivered, "requests", rules),
         _("answers of those whose request was handed over")),
        (_("Coverage"), told_share(now.coverage, was.coverage, "visits", rules),
         _("done visits about which the client was asked")),
        (_("Rated part"), told_share(now.rated, was.rated, "visits", rules),
         _("done visits that the client has rated, asked or not; also where the rating is excluded from the "
           "statistics")),
    ]  # fmt: skip


def _funnel(form: FeedbackFilter, view: View, found: Requests) -> list[Bar]:
    """From the visit to the comment; each is a part of the done visits."""

    def bar(label: str, number: int, depth: int = 0, url: str | None = None) -> Bar:
        return Bar(label, number, _share(number, found.done), url, depth=depth, whole=found.done)

    # by the day of the request, other visits are counted than the reviews are of
    url = reviews_url(form, source=CLIENTS, counted="all") if view.funnel == "visit" else None
    reasons = sorted(found.suppressed.items(), key=lambda one: (-one[1], one[0]))
    return [
        bar(_("Done visits"), found.done),
        *([bar(_("of these, nobody was to be asked"), found.unasked, 1)] if found.unasked else []),
        bar(_("Visits to ask about"), found.eligible),
        bar(_("Not asked"), sum(found.suppressed.values())),
        *(bar(str(REASON_LABELS.get(reason, reason)), number, 1) for reason, number in reasons),
        bar(pgettext("request", "Waiting to leave"), found.waiting),
        bar(_("Requests sent"), found.sent),
        bar(_("Refused by the mail server"), found.refused),
        bar(pgettext("analytics", "Rated by the client"), found.answered, url=url),
        bar(_("of these, after a request"), found.answered_asked, 1),
        bar(_("of these, with a comment"), found.commented, 1, url and f"{url}&comment=with"),
        bar(_("Still open, about: not answered, and the link should work"), found.open),
    ]
