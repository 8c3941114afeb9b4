"""The figures that are made of stars, each with how sure it is. Pure: no database, no options, no words.

Shares, response rates and satisfaction are percentages (0 to 100), an NPS lies between -100 and 100, a mean between 0
and 5. Where there is nothing to count there is no figure: None, never 0. All intervals are of 95 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import sqrt

STARS = range(6)
Z = 1.96  # of the normal distribution, for 95 %
SHRINKAGE = 10  # answers of the average kind that every one is given before it is ranked
ENOUGH_FOR_CHANGE = 30  # answers on both sides before a change is spoken of
_PRIOR = 0.5  # Jeffreys: half an answer of each kind
_PSEUDO = 0.75  # Bonett and Price: three quarters of a promoter and of a detractor


@dataclass(frozen=True)
class Estimate:
    """A figure and between what it probably lies.

    Attributes:
        value: as counted.
        low, high: the interval; the value is always in it.
        n: how many answers it is made of.
    """

    value: float
    low: float
    high: float
    n: int

    @property
    def margin(self) -> float:
        """How far the interval reaches at most: what stands after ±."""
        return max(self.high - self.value, self.value - self.low)


@dataclass(frozen=True)
class Score(Estimate):
    """A net promoter score.

    Attributes:
        promoters, passives, detractors: how many of each there are.
        plain: half the width of the interval by the plain formula: 0 where all say the same.
        adjusted: the same after Bonett and Price.
    """

    promoters: int
    passives: int
    detractors: int
    plain: float
    adjusted: float

    @property
    def margin(self) -> float:
        """The larger of the two: the plain one makes few answers that agree look certain."""
        return max(self.plain, self.adjusted)


@dataclass(frozen=True)
class Change:
    """By how much a figure differs from what it was before, and between what the difference probably lies.

    Attributes:
        value: now less before.
        is_one: whether to speak of a change: enough answers on both sides, and an interval that leaves 0 out.
    """

    value: float
    low: float
    high: float
    is_one: bool


def share(part: int, whole: int) -> Estimate | None:
    """Return how many of a hundred, with Wilson's score interval.

    `(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)`: E. B. Wilson, *Probable inference, the law of succession, and
    statistical inference*, JASA 22 (1927). It stays between 0 and 100 and is not of no width where all agree.

    Args:
        part: among the whole; what a fault may have counted beyond it is left out.
    """
    if whole <= 0:
        return None
    p, n = min(max(part, 0), whole) / whole, whole
    middle, half = p + Z**2 / (2 * n), Z * sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    scale = 1 + Z**2 / n
    return _within(100 * p, 100 * (middle - half) / scale, 100 * (middle + half) / scale, (0, 100), n)


def change(before: Estimate | None, now: Estimate | None) -> Change | None:
    """Return the difference of two figures of one kind; None where one of them is missing.

    Its interval follows from those of both by the method of variance estimates recovery:
    `d - √((x₁-l₁)² + (u₀-x₀)²)` to `d + √((u₁-x₁)² + (x₀-l₀)²)`: G. Y. Zou and A. Donner, *Construction of confidence
    limits about effect measures*, Statistics in Medicine 27 (2008). Of two Wilson intervals this is R. G. Newcombe's
    (1998, method 10); of two scores the root of the sum of the squares of their margins, as far as those reach.
    """
    if before is None or now is None:
        return None
    value = now.value - before.value
    low = value - sqrt((now.value - now.low) ** 2 + (before.high - before.value) ** 2)
    high = value + sqrt((now.high - now.value) ** 2 + (before.value - before.low) ** 2)
    enough = min(before.n, now.n) >= ENOUGH_FOR_CHANGE
    return Change(value, low, high, enough and (low > 0 or high < 0))


@dataclass(frozen=True)
class Tally:
    """How many ratings there are of 0, 1, 2, 3, 4 and 5 stars. 0 stars are a score like any other."""

    counts: tuple[int, int, int, int, int, int] = (0, 0, 0, 0, 0, 0)

    @classmethod
    def of(cls, stars: Sequence[int]) -> "Tally":
        """Count single ratings."""
        return cls(tuple(stars.count(one) for one in STARS))  # ty: ignore[invalid-argument-type]

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(tuple(a + b for a, b in zip(self.counts, other.counts, strict=True)))  # ty: ignore[invalid-argument-type]

    @cached_property
    def n(self) -> int:
        return sum(self.counts)

    @cached_property
    def total(self) -> int:
        """All stars together."""
        return sum(stars * count for stars, count in enumerate(self.counts))

    @cached_property
    def mean(self) -> Estimate | None:
        """The mean, with the interval of a multinomial distribution under Jeffreys' prior: half an answer of each kind
        is added, `m ± z √((Σ s² p - m²) / (n + 3 + 1))` is what then lies around (the variance of a mean under a
        Dirichlet distribution; A. Gelman et al., *Bayesian Data Analysis*, 3.4), widened to the mean as counted."""
        if not self.n:
            return None
        weights = [count + _PRIOR for count in self.counts]
        whole = sum(weights)
        centre = sum(stars * weight for stars, weight in enumerate(weights)) / whole
        squares = sum(stars**2 * weight for stars, weight in enumerate(weights)) / whole
        half = Z * sqrt((squares - centre**2) / (whole + 1))
        return _within(self.total / self.n, centre - half, centre + half, (0, 5), self.n)

    @cached_property
    def median(self) -> float | None:
        """The rating in the middle; of an even number of them, halfway between the two."""
        if not self.n:
            return None
        return (self._at((self.n - 1) // 2) + self._at(self.n // 2)) / 2

    def _at(self, place: int) -> int:
        """The stars of the rating at this place, from 0, the fewest stars first."""
        for stars, count in enumerate(self.counts):
            if place < count:
                return stars
            place -= count
        raise IndexError(place)

    @property
    def positive(self) -> int:
        """How many have 4 or 5 stars."""
        return sum(self.counts[4:])

    @property
    def negative(self) -> int:
        """How many have 0 to 2 stars."""
        return sum(self.counts[:3])

    @property
    def satisfied(self) -> Estimate | None:
        """The share of positive ratings (CSAT)."""
        return share(self.positive, self.n)

    @property
    def dissatisfied(self) -> Estimate | None:
        """The share of negative ratings."""
        return share(self.negative, self.n)

    @property
    def coefficient(self) -> Estimate | None:
        """The satisfaction coefficient: the mean as a percentage of 5 stars. 0 stars are 0 %."""
        if self.mean is None:
            return None
        return Estimate(self.mean.value * 20, self.mean.low * 20, self.mean.high * 20, self.n)

    def score(self, promoters_from: int = 5, passives_from: int = 4) -> Score | None:
        """Return the net promoter score: the share of promoters less that of detractors.

        Its variance is `(p + d - (p-d)²) / n`: B. Rocks, *Interval estimation for the net promoter score*, The American
        Statistician 70 (2016), where the adjusted one is found too: ¾ of a promoter and ¾ of a detractor are added,
        `n + 3` in all, after D. G. Bonett and R. M. Price (2012).

        Args:
            promoters_from: so many stars make a promoter.
            passives_from: so many stars make a passive one, fewer a detractor.
        """
        if not self.n:
            return None
        promoters = sum(self.counts[promoters_from:])
        detractors = sum(self.counts[: min(passives_from, promoters_from)])
        value = 100 * (promoters - detractors) / self.n
        plain = _margin_of_score(promoters, detractors, self.n)
        adjusted = _margin_of_score(promoters + _PSEUDO, detractors + _PSEUDO, self.n + 3)
        margin, passives = max(plain, adjusted), self.n - promoters - detractors
        low, high = max(value - margin, -100.0), min(value + margin, 100.0)
        return Score(value, low, high, self.n, promoters, passives, detractors, plain, adjusted)

    def shrunk(self, cohort_mean: float, weight: float = SHRINKAGE) -> float | None:
        """Return the mean as it is ranked: drawn towards that of all, the more so the fewer answers there are.

        `(C·m + Σ stars) / (C + n)`: the Bayesian average.

        Args:
            cohort_mean: m, of all ratings of the same choice.
            weight: C, as many answers of that mean are added.
        """
        return (weight * cohort_mean + self.total) / (weight + self.n) if self.n else None


def _margin_of_score(promoters: float, detractors: float, n: float) -> float:
    p, d = promoters / n, detractors / n
    return 100 * Z * sqrt(max(p + d - (p - d) ** 2, 0) / n)


def _within(value: float, low: float, high: float, bounds: tuple[float, float], n: int) -> Estimate:
    """An estimate whose interval keeps to what is possible and holds the value."""
    least, most = bounds
    return Estimate(value, max(min(low, value), least), min(max(high, value), most), n)
