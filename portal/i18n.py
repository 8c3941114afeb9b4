"""Languages, the zone, and how moments and figures read in each language."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_interval, format_timedelta
from babel.numbers import format_decimal
from flask import Flask, g, has_request_context, request, session
from flask_babel import force_locale, get_locale, refresh
from flask_babel import gettext as _

from portal import clock
from portal.extensions import babel
from portal.settings.queries import option

LANGUAGES = {"fr": "Français", "ru": "Русский", "en": "English"}
PARTS = {"fr": "fr_FR", "ru": "ru", "en": "en_GB"}  # the region decides the order of day and month
DAY = {"fr": "EEE d MMMM", "ru": "EEE, d MMMM", "en": "EEE d MMMM"}


def init_app(app: Flask) -> None:
    babel.init_app(app, default_locale="fr", locale_selector=choose_language, timezone_selector=None)
    known: dict[str, Any] = app.jinja_env.globals  # macros are imported without a page's context
    known.update(current_locale=language, languages=Offered(), in_language=in_language, span=span, till=till)
    app.jinja_env.filters.update(
        day=day,
        full_day=full_day,
        clock=time_of_day,
        relative=relative,
        exact=exact,
        decimal=decimal,
        mean=mean,
        duration=duration,
        short_month=lambda month: written_day(month, SHORT_MONTH),
        whole_month=lambda month: written_day(month, "LLLL y"),
    )


def language() -> str:
    """Two letters of the language that this answer or mail is written in."""
    locale = get_locale()
    return locale.language if locale else "fr"


class Offered:
    """The languages that people can choose from, with their names; the agency's own is always among them."""

    def __iter__(self) -> Iterator[tuple[str, str]]:
        chosen = {*option("agency.languages").split(","), option("agency.language")}
        return ((code, name) for code, name in LANGUAGES.items() if code in chosen)

    def __len__(self) -> int:
        return sum(1 for _each in self)


def offered(code: str | None) -> str | None:
    """A language, if people can choose it."""
    return code if code in dict(Offered()) else None


def reading_language(*choices: str | None) -> str:
    """The language of a message: the first of these that people can choose, else the agency's."""
    return next(filter(None, map(offered, choices)), option("agency.language"))


def in_language(code: str, caller: Callable[[], str]) -> str:
    """Render what a template calls this around, in a language of its own."""
    with force_locale(code):
        return caller()


def choose_language() -> str:
    """The person's choice, else that of the mail whose link was followed, else the browser's, else the agency's. A mail
    forces its recipient's instead."""
    if not has_request_context():
        return "fr"
    chosen = session.get("language") or session.get("read_in")
    for choice in (request.args.get("lang"), g.get("language"), chosen, g.get("mailed_in")):
        if choice in LANGUAGES:
            return reading_language(choice)
    # not `best_match`, which takes a second choice that we have to the letter ("fr") before a first one ("en-GB")
    wanted = (tag[:2].lower() for tag, quality in request.accept_languages if quality)
    return reading_language(*wanted)


def go_on_in(code: str | None) -> None:
    """Have this answer go on in the language of the mail that brought the person here, if they have chosen none: who
    was written to in French need not have a French browser."""
    g.mailed_in = code
    refresh()


def zone() -> ZoneInfo:
    """The agency's zone: every moment is shown in it."""
    return ZoneInfo(option("agency.zone"))


def local(moment: datetime) -> datetime:
    return moment.astimezone(zone())


def start_of_day(day: date) -> datetime:
    """The moment at which a day begins where the agency is."""
    return datetime.combine(day, time(), zone())


def day(moment: datetime | date) -> str:
    """`mar. 17 novembre`, with the year when it is not this one."""
    when = local(moment).date() if isinstance(moment, datetime) else moment
    return _day(when, language(), local(clock.now()).year)


def full_day(moment: datetime | date) -> str:
    """`mardi 17 novembre 2026`."""
    when = local(moment).date() if isinstance(moment, datetime) else moment
    return _written(when, "full", language())


def written_day(when: date, pattern: str) -> str:
    """`1er nov. 2026`: a day with the name of its month, in a pattern as CLDR has them."""
    return _written(when, pattern, language())


SHORT_MONTH = "LLL yy"


def written_days(first: date, last: date, pattern: str) -> str:
    """`26 oct. – 1er nov. 2026`: the same for several days; the pattern is the skeleton of one."""
    return _with_ordinal(format_interval(first, last, pattern, locale=PARTS[language()]), language())


# Babel takes a fifth of a millisecond to write a day, and a list has a hundred: what was written is kept


def _day(when: date, code: str, this_year: int) -> str:
    return _written(when, DAY[code] + ("" if when.year == this_year else " y"), code)


@lru_cache(maxsize=2048)
def _written(when: date, pattern: str, code: str) -> str:
    return _with_ordinal(format_date(when, pattern, locale=PARTS[code]), code)


def _with_ordinal(text: str, code: str) -> str:
    return re.sub(r"\b1\b", "1er", text) if code == "fr" else text  # CLDR says `1 mars`


def span(starts_at: datetime, ends_at: datetime) -> str:
    """`mar. 17 novembre, 9:00–11:00`."""
    where = zone()
    return _span(starts_at, ends_at, where, language(), clock.now().astimezone(where).year)


@lru_cache(maxsize=4096)
def _span(starts_at: datetime, ends_at: datetime, where: ZoneInfo, code: str, this_year: int) -> str:
    first, last = starts_at.astimezone(where), ends_at.astimezone(where)
    day = _day(first.date(), code, this_year)
    when = _("%(day)s, %(start)s–%(end)s", day=day, start=_time(first), end=_time(last))
    return when + _length_of_night(first, last)


def till(starts_at: datetime, ends_at: datetime) -> str:
    """`–11:00`: the end of hours whose beginning is already written."""
    first, last = local(starts_at), local(ends_at)
    return f"–{_time(last)}{_length_of_night(first, last)}"


def _length_of_night(first: datetime, last: datetime) -> str:
    """How long something lasts, where the clocks change in between and its hours do not say so."""
    if first.utcoffset() == last.utcoffset():
        return ""
    return f" ({duration(round((last.astimezone(UTC) - first.astimezone(UTC)).total_seconds() / 60))})"


def time_of_day(moment: datetime) -> str:
    """`9:00`, as a clock shows it in all our languages."""
    return _time(local(moment))


def _time(when: datetime) -> str:
    return f"{when.hour}:{when.minute:02d}"


def relative(moment: datetime) -> str:
    """`il y a 3 heures`."""
    gap: timedelta = moment - clock.now()
    return format_timedelta(gap, add_direction=True, locale=PARTS[language()])


def exact(moment: datetime) -> str:
    """Day and hour in full, for those who hover."""
    when = local(moment)
    return f"{written_day(when.date(), 'd MMMM y')}, {_time(when)}"


def decimal(value: float, digits: int = 1) -> str:
    """`4,3`: averages are never pluralised. A half goes up, as everybody rounds by hand and in spreadsheets."""
    return _decimal(value, digits, language())


def mean(value: float) -> str:
    """`4,3` or `4,0`: a mean of stars keeps its one decimal, or it would read like a single rating."""
    return _decimal(value, 1, language(), "0.0")


@lru_cache(maxsize=1024, typed=True)
def _decimal(value: float, digits: int, code: str, pattern: str | None = None) -> str:
    rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    return format_decimal(rounded, pattern, locale=PARTS[code])


def duration(minutes: int) -> str:
    """`1 h 30`."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(minutes)s min", minutes=rest)
    return _("%(hours)s h %(minutes)s", hours=hours, minutes=f"{rest:02d}") if rest else _("%(hours)s h", hours=hours)
