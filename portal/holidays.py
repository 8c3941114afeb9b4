"""Public holidays, by country and year: days on which nobody expects a mail of an agency."""

from datetime import date
from functools import lru_cache

# `holidays` is read when it is first needed: every start of the portal would wait for it otherwise


def is_country(code: str) -> bool:
    """Whether the calendar knows this country (ISO 3166, two letters)."""
    from holidays import list_supported_countries

    return len(code) == 2 and code in list_supported_countries(include_aliases=False)


def is_holiday(country: str, day: date) -> bool:
    """Whether a day is a public holiday in the whole of a country; no country has none."""
    return bool(country) and day in _holidays(country, day.year)


@lru_cache(maxsize=50)
def _holidays(country: str, year: int) -> frozenset[date]:
    from holidays import country_holidays

    return frozenset(country_holidays(country, years=year))
