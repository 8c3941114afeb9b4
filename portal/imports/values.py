"""What agencies write in a cell, understood: days, hours, durations, words from a list."""

import datetime as dt
import re
from collections.abc import Mapping
from typing import TypeVar

from email_validator import EmailNotValidError, validate_email

from portal.folding import fold
from portal.imports.refusals import Wrong

T = TypeVar("T")

EARLIEST, LATEST = dt.date(2000, 1, 1), dt.date(2099, 12, 31)
LONGEST = 72 * 60  # minutes: a live-in stay over a long week-end

LANGUAGES = {  # keys are folded, as for every list of words
    **dict.fromkeys(("fr", "francais", "french", "французскии"), "fr"),
    **dict.fromkeys(("ru", "russe", "russian", "русскии"), "ru"),
    **dict.fromkeys(("en", "anglais", "english", "англиискии"), "en"),
}
ANSWERS = {
    **dict.fromkeys(("oui", "yes", "да", "o", "y", "x", "1", "true"), True),
    **dict.fromkeys(("non", "no", "нет", "n", "0", "false"), False),
}

_EXCEL_DAY_ZERO = dt.date(1899, 12, 30)
_TAIL = r"(?:[T\s]+(?P<time>\d{1,2}:\d{2}(?::\d{2})?(?:\.\d+)?))?$"
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})" + _TAIL)
_DAY_FIRST = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*[-/.]\s*(\d{4}|\d{2})" + _TAIL)
_IN_WORDS = re.compile(r"(?:[^\W\d]+ )?(\d{1,2})(?: ?(?:er|st|nd|rd|th))? ([^\W\d]+) (\d{4})(?: (?:г|года))?$")
_MONTHS = (  # how the name of each month begins, folded
    ("janv", "jan", "янв"), ("fevr", "fev", "feb", "фев"), ("mars", "mar", "мар"), ("avr", "apr", "апр"),
    ("mai", "may", "маи", "мая"), ("juin", "jun", "июн"), ("juil", "jul", "июл"), ("aou", "aug", "авг"),
    ("sep", "сен"), ("oct", "окт"), ("nov", "ноя"), ("dec", "дек"),
)  # fmt: skip
_CLOCK = re.compile(r"(\d{1,2})(?::(\d{2})(?::(\d{2})(?:\.\d+)?)?)?$")
_CLOCK_DOT = re.compile(r"(\d{1,2})[.,](\d{2})$")
_CLOCK_12 = re.compile(r"(\d{1,2})(?::(\d{2}))?\s*([ap])\.?m\.?$")
_FRACTION = re.compile(r"0[.,]\d+$")
_HOURS = r"(?:h|hrs?|heures?|hours?|ч|час(?:а|ов)?)\.?"
_MINUTES = r"(?:min|mins|minutes?|mn|m|'|мин|минут(?:а|ы)?)\.?"
_CLOCK_WORDS = re.compile(rf"(\d{{1,2}})\s*{_HOURS}\s*(?:(\d{{2}})\s*(?:{_MINUTES})?)?$")
_DURATION = re.compile(rf"(?:(?P<h>\d{{1,3}})\s*{_HOURS})?\s*(?:(?P<m>\d{{1,4}})\s*(?P<unit>{_MINUTES})?)?$")
_DECIMAL_HOURS = re.compile(rf"(\d{{1,3}})[.,](\d{{1,2}})\s*(?:{_HOURS})?$")


def parse_date(text: str) -> dt.date:
    """Read a day, day first unless the year leads: 17/11/2026, 17.11.26, 2026-11-17, 17 mai 2026; raise `Wrong`."""
    value = text.strip()
    day = _date_in_figures(value) or _date_in_words(value)
    if day is None or not EARLIEST <= day <= LATEST:
        raise Wrong("bad_date", value=_excerpt(text))
    return day


def parse_time(text: str) -> dt.time:
    """Read a time of day: 9h, 9 h 30, 09:30, 9:30:00, 9.30, 9:30 pm, 0930, Excel's fraction of a day; raise `Wrong`."""
    value = text.strip().lower()
    if dated := (_ISO.match(value) or _DAY_FIRST.match(value)):
        value = dated["time"] or ""
    found = _clock(value)
    if found is None or found[0] > 23 or found[1] > 59:
        raise Wrong("bad_time", value=_excerpt(text))
    return dt.time(*found)


def parse_duration(text: str) -> int:
    """Read a duration in minutes: 1h30, 1:30, 90, 90 min, 1,5 h; raise `Wrong`.

    A bare whole number is minutes, a bare decimal is hours; a bare 1 to 9 could be either and is asked about.
    """
    value = text.strip().lower()
    if re.fullmatch(r"[1-9]", value):
        raise Wrong("hours_or_minutes", value=value)
    minutes = _minutes(value)
    if minutes is None or not 1 <= minutes <= LONGEST:
        raise Wrong("bad_duration", value=_excerpt(text))
    return minutes


def parse_choice(text: str, choices: Mapping[str, T], column: str) -> T:
    """Read one of a list of words, whatever their accents and case (the keys are folded); raise `Wrong`."""
    known = choices.get(fold(text))
    if known is None:
        offered: dict[T, str] = {}
        for word, meaning in choices.items():  # one word for each meaning, the first
            offered.setdefault(meaning, word)
        raise Wrong("bad_choice", value=_excerpt(text), column=column, choices=", ".join(offered.values()))
    return known


def parse_email(text: str) -> str:
    """Return the address in lower case, or raise `Wrong`. Whether it receives mail is not asked."""
    try:
        return validate_email(text, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise Wrong("bad_email", value=_excerpt(text)) from error


def parse_text(text: str, column: str, limit: int) -> str:
    """Return the text, or raise `Wrong` when it is longer than its column holds or lost letters on its way."""
    if "\ufffd" in text:
        raise Wrong("unreadable_letters", value=_excerpt(text))
    if len(text) > limit:
        raise Wrong("too_long", column=column, limit=limit)
    return text


def parse_line(text: str, column: str, limit: int) -> str:
    """As `parse_text`, for what has one line: a cell may hold several, which are joined."""
    return parse_text(" ".join(text.split()), column, limit)


def _date_in_figures(value: str) -> dt.date | None:
    if iso := _ISO.match(value):
        year, month, day = int(iso[1]), int(iso[2]), int(iso[3])
    elif found := _DAY_FIRST.match(value):
        day, month, year = int(found[1]), int(found[2]), int(found[3])
        year += 2000 if len(found[3]) == 2 else 0
    elif re.fullmatch(r"[3-7]\d{4}", value):  # a day that Excel did not know for one
        return _EXCEL_DAY_ZERO + dt.timedelta(days=int(value))
    else:
        return None
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _date_in_words(value: str) -> dt.date | None:
    found = _IN_WORDS.match(fold(value))
    if found is None:
        return None
    for month, beginnings in enumerate(_MONTHS, start=1):
        if found[2].startswith(beginnings):
            try:
                return dt.date(int(found[3]), month, int(found[1]))
            except ValueError:
                return None
    return None


def _clock(value: str) -> tuple[int, int] | None:
    if _FRACTION.match(value):
        minutes = round(float(value.replace(",", ".")) * 1440)
        # 0.25 is six o'clock; 0.30 was more likely meant for half past midnight: neither is guessed
        return divmod(minutes, 60) if minutes % 15 == 0 or len(value) > 5 else None
    if found := _CLOCK_12.match(value):
        hour = int(found[1])
        return (hour % 12 + (12 if found[3] == "p" else 0), int(found[2] or 0)) if 1 <= hour <= 12 else None
    for pattern in (_CLOCK, _CLOCK_WORDS, _CLOCK_DOT):
        if found := pattern.match(value):
            return int(found[1]), int(found[2] or 0)
    if re.fullmatch(r"\d{4}", value):
        return int(value[:2]), int(value[2:])
    return None


def _minutes(value: str) -> int | None:
    if found := re.fullmatch(r"(\d{1,3}):([0-5]\d)(?::[0-5]\d)?", value):
        return int(found[1]) * 60 + int(found[2])
    if found := _DECIMAL_HOURS.match(value):
        return round(float(f"{found[1]}.{found[2]}") * 60)
    if re.fullmatch(r"[0-2]?\d?[.,]\d{3,}", value):  # a fraction of a day: 1:30 in a cell that lost its format
        return round(float(value.replace(",", ".")) * 1440)
    found = _DURATION.match(value)
    if found is None or (found["h"] is None and found["m"] is None):
        return None
    if found["h"] is not None and found["m"] is not None and int(found["m"]) > 59:
        return None
    return int(found["h"] or 0) * 60 + int(found["m"] or 0)


def _excerpt(text: str) -> str:
    """What is quoted back of a wrong cell: enough to find it."""
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:59] + "…"
