"""The figures as this agency has set them up: who is a promoter, and from how many answers on a figure is shown."""

from dataclasses import dataclass

from portal.ratings.statistics import Score, Tally
from portal.settings.queries import option


@dataclass(frozen=True)
class Rules:
    """By what figures are made: the agency's of today, or those that a closed month has kept.

    Attributes:
        minimum_sample: the fewest answers that make a figure.
        promoters_from: so many stars make a promoter.
        passives_from: so many stars make a passive, fewer a detractor.
    """

    minimum_sample: int
    promoters_from: int
    passives_from: int

    def is_enough(self, n: int) -> bool:
        """Whether so many answers make a figure that can be shown; how many there are is said in any case."""
        return n >= self.minimum_sample

    def score_of(self, tally: Tally) -> Score | None:
        """The net promoter score."""
        return tally.score(self.promoters_from, self.passives_from)


def rules_of_today() -> Rules:
    """As the agency has it now."""
    return Rules(option("ratings.minimum_sample"), option("ratings.promoters_from"), option("ratings.passives_from"))


def is_enough(n: int) -> bool:
    """Whether so many answers are enough today."""
    return rules_of_today().is_enough(n)
