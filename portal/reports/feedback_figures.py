"""The figures of the analytics in words: each with how many answers it is made of and how sure it is.

Where no rules are given, they are those of today.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from babel.numbers import format_percent
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from portal.i18n import PARTS, decimal, language, mean
from portal.ratings.figures import Rules, rules_of_today
from portal.ratings.statistics import Change, Estimate, Tally, change

FEW = {"answers": _l("Not enough answers"), "requests": _l("Not enough requests"), "visits": _l("Not enough visits")}

Figure = TypeVar("Figure", bound=Estimate)


@dataclass(frozen=True)
class Told:
    """A figure as it is shown.

    Attributes:
        value: the figure, or that there are too few answers for one.
        n: how many answers, requests or visits it is made of: told in any case.
        between: its interval, or its margin.
        compared: what it was before, and whether it has changed.
        turn: `up`, `down`, or nothing where nobody can say that it has changed.
        estimate: what is drawn; None where there are too few.
    """

    value: str
    n: int
    between: str = ""
    compared: str = ""
    turn: str = ""
    estimate: Estimate | None = None


def told_mean(now: Tally, before: Tally | None = None, rules: Rules | None = None) -> Told:
    """The mean of the stars."""
    return _told(now.mean, _of(before, lambda tally: tally.mean), Words(_stars, _between(mean), _more_or_less), rules)


def told_score(now: Tally, before: Tally | None = None, rules: Rules | None = None) -> Told:
    """The net promoter score, with its margin."""
    rules = rules or rules_of_today()

    def margin(found: Estimate) -> str:
        return f"± {decimal(found.margin, 0)}"

    return _told(rules.score_of(now), _of(before, rules.score_of), Words(signed, margin, signed), rules)


def told_coefficient(now: Tally, rules: Rules | None = None) -> Told:
    """The satisfaction coefficient: the mean as a percentage of five stars."""
    return _told(now.coefficient, None, Words(percent, _between(percent), signed), rules)


def told_satisfied(now: Tally, before: Tally | None = None, rules: Rules | None = None) -> Told:
    """The share of those who gave four or five stars."""
    return told_share(now.satisfied, _of(before, lambda tally: tally.satisfied), rules=rules)


def told_share(
    now: Estimate | None, before: Estimate | None = None, of: str = "answers", rules: Rules | None = None
) -> Told:
    """A part of a hundred.

    Args:
        of: what it is a part of, a key of `FEW`.
    """

    def points(value: float) -> str:
        return _("%(number)s percentage points", number=signed(value))

    return _told(now, before, Words(percent, _between(percent), points, of), rules)


def _of(tally: Tally | None, figure: Callable[[Tally], Figure | None]) -> Figure | None:
    return figure(tally) if tally else None


@dataclass(frozen=True)
class Words:
    """How a figure is written, its interval, and how it has changed; what it is made of is a key of `FEW`."""

    write: Callable[[float], str]
    between: Callable[[Estimate], str]
    difference: Callable[[float], str]
    of: str = "answers"


def _told(now: Estimate | None, before: Estimate | None, words: Words, rules: Rules | None) -> Told:
    n, rules, write = now.n if now else 0, rules or rules_of_today(), words.write
    if now is None or not rules.is_enough(n):
        return Told(str(FEW[words.of]), n)
    between = words.between(now)
    if before is None:
        return Told(write(now.value), n, between, estimate=now)
    if not rules.is_enough(before.n):
        few = _("before: %(few)s (n = %(n)s)", few=str(FEW[words.of]).lower(), n=before.n)
        return Told(write(now.value), n, between, few, estimate=now)
    moved = change(before, now)
    turn = ("up" if moved.value > 0 else "down") if moved and moved.is_one else ""
    return Told(write(now.value), n, between, _compared(moved if turn else None, write(before.value), before.n,
                words.difference), turn, now)  # fmt: skip


def _compared(moved: Change | None, before: str, n: int, difference: Callable[[float], str]) -> str:
    if moved is None:
        return _("no certain change; before: %(before)s (n = %(n)s)", before=before, n=n)
    return _("%(change)s; before: %(before)s (n = %(n)s)", change=difference(moved.value), before=before, n=n)


def _between(write: Callable[[float], str]) -> Callable[[Estimate], str]:
    return lambda found: _("between %(low)s and %(high)s", low=write(found.low), high=write(found.high))


def _more_or_less(value: float) -> str:
    return signed(value, 1)


def _stars(value: float) -> str:
    return f"{mean(value)}\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}5"


def percent(value: float) -> str:
    """`82 %`: a half goes up, and 100 % are all of them."""
    whole = int(value + 0.5)
    shown = min(whole, 99) if value < 100 else whole
    return format_percent(max(shown, 1 if value > 0 else 0) / 100, locale=PARTS[language()])


def signed(value: float, digits: int = 0) -> str:
    """`+35`, `−12`, `0`, `+1,0`: with the sign that belongs to numbers."""
    written = mean(abs(value)) if digits else decimal(abs(value), 0)
    if not any(sign in "123456789" for sign in written):
        return written
    return f"+{written}" if value > 0 else f"\N{MINUS SIGN}{written}"
