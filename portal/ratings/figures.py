"""The figures as this agency has set them up: who is a promoter, and from how many answers on a figure is shown."""

from portal.ratings.statistics import Score, Tally
from portal.settings.queries import option


def is_enough(n: int) -> bool:
    """Whether so many answers make a figure that can be shown; how many there are is said in any case."""
    return n >= option("ratings.minimum_sample")


def score_of(tally: Tally) -> Score | None:
    """The net promoter score, promoters and passives being those of the agency."""
    return tally.score(*mapping_of_today())


def mapping_of_today() -> tuple[int, int]:
    """From how many stars the agency counts promoters, and passives."""
    return option("ratings.promoters_from"), option("ratings.passives_from")
