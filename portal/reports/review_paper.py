"""The yearly review of adverse events on paper. It names nobody; small numbers only the quality lead reads."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from babel.dates import get_day_names, get_month_names
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import Row

from portal import clock
from portal.accounts.models import User
from portal.adverse_events.criticality import LEVELS, ZONE_LABELS, Zone, criticality
from portal.adverse_events.follow_words import FAMILY_LABELS
from portal.adverse_events.models import Mode
from portal.adverse_events.words import CAPACITY_LABELS, MODE_LABELS, NATURE_LABELS, frequency_words, severity_words
from portal.controls.shares import Share
from portal.controls.small import HIDDEN, hide, hide_all, hide_part, limit_for
from portal.i18n import PARTS, decimal, duration, language, local
from portal.papers import Block, Paper, Section, bars, heat, note, table
from portal.reports.review import Delay, Year, gravity, names_of_legal, names_of_sectors, years_of

DAYS_FROM = timedelta(days=3)  # longer delays are said in days
TOP = 5
SERIOUS_OR_NOT = range(2), range(2, 5)  # lines of the severities, worst first, that are added up at a glance
PARTS_OF_DAY = (_l("Night, 0:00 to 6:00"), _l("Morning, 6:00 to 12:00"), _l("Afternoon, 12:00 to 18:00"),
                _l("Evening, 18:00 to 24:00"))  # fmt: skip
COLOURS = {Zone.GREEN: _l("Green"), Zone.YELLOW: _l("Yellow"), Zone.ORANGE: _l("Orange"), Zone.RED: _l("Red")}


def review_paper(user: User, year: int) -> Paper:
    """The review of a year, beside the year before."""
    now, before = years_of(user, year)
    tables = [
        Section(_("At a glance"), [*_hint(user), _glance(user, now, before)]),
        Section(_("What was done about it"), [_done(user, now, before)]),
        Section(_("By month"), [_bars(user, _("Month"), _by_month(now))]),
        Section(_("By weekday"), [_bars(user, _("Weekday"), _by_weekday(now))]),
        Section(_("By time of day"), [_bars(user, _("Time of day"), _by_hours(now))]),
        Section(_("By who reported it"), [_bars(user, _("Reported as"), _by_reporter(now))]),
        Section(_("By category"), [_bars(user, _("Category"), _sorted(now.by_category(), _("Without a category")))]),
        Section(_("By category of the law"), [_bars(user, _("Category of the law"), _by_legal(now))]),
        Section(_("By severity"), [_bars(user, _("Severity"), _by_severity(now), SERIOUS_OR_NOT)]),
        Section(_("By nature"), [_bars(user, _("Nature"), _by_nature(now))]),
        Section(_("By sector"), [_bars(user, _("Sector"), _by_sector(now))]),
        Section(_("Severity × frequency"), [_matrix(user, now)]),
        Section(_("What most often led to it"), _causes(user, now)),
    ]
    sections = tables if now.number else [Section("", [note(_("No adverse event was reported that year."))])]
    return Paper(
        title=_("Adverse events: review of %(year)s", year=year), sections=sections, name=f"bilan-EI-{year}",
        subtitle=_("Events that happened in the year, in the sectors of the reader; those that were not admissible or "
                   "were requalified are not counted."),
    )  # fmt: skip


def _hint(user: User) -> list[Block]:
    limit = limit_for(user)
    if not limit:
        return []
    return [note(_("Numbers below %(limit)s are hidden, and with … those that would give them away.", limit=limit))]


# ---- two years beside each other ----


def _glance(user: User, now: Year, before: Year) -> Block:
    return _beside(now, before, [
        (_("Adverse events"), lambda one: hide(one.number, user)),
        (_("Serious ones (G4 and G5)"), lambda one: hide_part(one.serious, one.number, user)),
        (_("Near misses"), lambda one: _share(user, one.near_misses)),
        (_("Per 1,000 visits"), lambda one: _rate(user, one, one.per_thousand_visits)),
        (_("Per 10,000 hours of visits"), lambda one: _rate(user, one, one.per_ten_thousand_hours)),
        (_("Happened again to the same client within 90 days"), lambda one: hide_part(one.again, one.number, user)),
    ])  # fmt: skip


def _done(user: User, now: Year, before: Year) -> Block:
    today = local(clock.now()).date()
    return _beside(now, before, [
        (_("From the event to the report (median)"), lambda one: _delay(user, one.delay("occurred_at", "declared_at"))),
        (_("From the report to the acknowledgement (median)"),
         lambda one: _delay(user, one.delay("declared_at", "acknowledged_at"))),
        (_("From the report to the judgement (median)"),
         lambda one: _delay(user, one.delay("declared_at", "triaged_at"))),
        (_("From the report to the end (median)"), lambda one: _delay(user, one.delay("declared_at", "closed_at"))),
        (_("Acknowledged within 24 hours"), lambda one: _share(user, one.acknowledged)),
        (_("Authorities told in time"), lambda one: _share(user, one.told)),
        (_("Causes analysed (G3 and above)"), lambda one: _share(user, one.analysed)),
        (_("Reporters told what became of it"), lambda one: _share(user, one.fed_back)),
        (_("Actions decided on"), lambda one: hide(len(one.actions), user)),
        (_("Actions still open"), lambda one: hide_part(one.open_actions, len(one.actions), user)),
        (_("Actions overdue"), lambda one: hide_part(one.overdue_actions(today), one.open_actions, user)),
        (_("Actions that helped, of those that were checked"), lambda one: _share(user, one.effective)),
    ])  # fmt: skip


def _beside(now: Year, before: Year, lines: Sequence[tuple[str, Callable[[Year], Any]]]) -> Block:
    rows = [(label, figure(now), figure(before)) for label, figure in lines]
    return table([_("Figure"), now.year, before.year], rows, widths=[4, 1, 1], numeric=[1, 2])


def _rests_on_few(user: User, number: int) -> bool:
    return 0 < number < limit_for(user)


def _share(user: User, share: Share) -> str:
    if share.percent is None:
        return "–"
    return HIDDEN if _rests_on_few(user, share.fewest) else str(share)


def _rate(user: User, year: Year, rate: float | None) -> str:
    if rate is None:
        return "–"
    return HIDDEN if _rests_on_few(user, year.number) else decimal(rate)


def _delay(user: User, delay: Delay) -> str:
    if delay.middle is None:
        return "–"
    if _rests_on_few(user, delay.number):
        return HIDDEN
    if delay.middle >= DAYS_FROM:
        return ngettext("%(num)s day", "%(num)s days", round(delay.middle / timedelta(days=1)))
    return duration(round(delay.middle / timedelta(minutes=1)))


# ---- parts of the year ----


def _bars(user: User, what: str, counted: Sequence[tuple[object, int]], sums: Sequence[range] | None = None) -> Block:
    shown = hide_all([number for _label, number in counted], user, sums)
    lines = [(label, number) for (label, _n), number in zip(counted, shown, strict=True)]
    return bars((what, _("Events")), lines)


def _sorted(counted: Any, nothing: str) -> list[tuple[object, int]]:
    """The most frequent first."""
    return [(label or nothing, number) for label, number in sorted(counted.items(), key=lambda one: (-one[1], one[0]))]


def _by_month(year: Year) -> list[tuple[object, int]]:
    names = get_month_names("wide", context="stand-alone", locale=PARTS[language()])
    counted = year.by(lambda one: local(one.day).month)
    return [(names[month], counted[month]) for month in range(1, 13)]


def _by_weekday(year: Year) -> list[tuple[object, int]]:
    names = get_day_names("wide", context="stand-alone", locale=PARTS[language()])
    counted = year.by(lambda one: _of_both_ends(one, datetime.weekday))
    return [*((names[day], counted[day]) for day in range(7)), (_("Not known"), counted[None])]


def _by_hours(year: Year) -> list[tuple[object, int]]:
    counted = year.by(lambda one: _of_both_ends(one, lambda moment: moment.hour // 6))
    return [*((label, counted[part]) for part, label in enumerate(PARTS_OF_DAY)), (_("Not known"), counted[None])]


def _of_both_ends(one: Row, read: Callable[[datetime], int]) -> int | None:
    """What holds of the moment at which it happened; of a period within one day, what holds of both its ends."""
    if one.occurred_at is None:
        return None
    first, last = local(one.occurred_at), local(one.occurred_until or one.occurred_at)
    return read(first) if first.date() == last.date() and read(first) == read(last) else None


def _by_reporter(year: Year) -> list[tuple[object, int]]:
    """In which capacity an event was reported, of those with a name: of the others it could tell who it was."""
    counted = year.by(lambda one: one.capacity if one.mode == Mode.NAMED else one.mode)
    nameless = [(MODE_LABELS[mode], counted[mode]) for mode in (Mode.CONFIDENTIAL, Mode.ANONYMOUS)]
    return [*((label, counted[capacity]) for capacity, label in CAPACITY_LABELS.items()), *nameless]


def _by_legal(year: Year) -> list[tuple[object, int]]:
    counted = year.by(lambda one: one.legal_id)
    names = names_of_legal([number for number in counted if number])
    return _sorted({names.get(number, ""): many for number, many in counted.items()}, _("No category"))


def _by_severity(year: Year) -> list[tuple[object, int]]:
    counted = year.by(gravity)
    return [(severity_words(level), counted[level]) for level in reversed(LEVELS)]


def _by_nature(year: Year) -> list[tuple[object, int]]:
    counted = year.by(lambda one: one.nature)
    return [(label, counted[nature]) for nature, label in NATURE_LABELS.items()]


def _by_sector(year: Year) -> list[tuple[object, int]]:
    names = names_of_sectors()
    counted = year.by(lambda one: one.sector_id)
    return _sorted({names.get(number, ""): many for number, many in counted.items()}, "–")


def _matrix(user: User, year: Year) -> Block:
    """Events whose frequency was judged, by the worse of their severities."""
    judged = [one for one in year.events if one.frequency]
    counts = {(gravity(one), one.frequency): 0 for one in judged}
    for one in judged:
        counts[gravity(one), one.frequency] += 1
    places = [(grave, often) for grave in reversed(LEVELS) for often in LEVELS]
    shown = dict(zip(places, hide_all([counts.get(place, 0) for place in places], user), strict=True))
    rows = [
        (severity_words(grave), [(shown[grave, often] or "", _zone(grave, often)) for often in LEVELS])
        for grave in reversed(LEVELS)
    ]
    legend = " · ".join(
        _("%(name)s: %(value)s", name=COLOURS[zone], value=label) for zone, label in ZONE_LABELS.items()
    )
    return heat([_("Severity"), *(frequency_words(often) for often in LEVELS)], rows, legend)


def _zone(grave: int, often: int) -> str:
    found = criticality(grave, grave, often)
    return found.zone.value if found else "white"


def _causes(user: User, year: Year) -> list[Block]:
    found = year.causes.most_common(TOP)
    if not found:
        return [note(_("No causes were analysed."))]
    head = (_("Family of factors"), _("Analyses"))
    return [bars(head, [(FAMILY_LABELS[family], hide(number, user)) for family, number in found])]


def years_offered() -> list[int]:
    """The years of which a review can be taken: this one and the four before."""
    this = local(clock.now()).date().year
    return [this - back for back in range(5)]
