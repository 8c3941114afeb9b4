"""Options that are right by themselves, and mean nothing together."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from portal.errors import Refused
from portal.i18n import LANGUAGES
from portal.settings.queries import present_values


class Contradiction(Refused):
    """Two values are right by themselves, and mean nothing together.

    Attributes:
        keys: of both options; the first is the one that people mostly have in mind.
    """

    def __init__(self, message: object, code: str, keys: tuple[str, str]) -> None:
        super().__init__(message, code)
        self.keys = keys


def refuse_contradictions(values: Mapping[str, bool | int | str]) -> None:
    """Refuse what no value is wrong in by itself.

    Args:
        values: new ones, by key; the others are as they are.

    Raises:
        Contradiction: an urgent rating would not be a low one and alert nobody, a passive one would have more stars
            than a promoter, a reminder would come when its link opens nothing any more, or the agency's own language
            would not be offered.
    """
    for code, (keys, wrong) in CONTRADICTIONS.items():
        if set(keys) & set(values):
            kept: dict[str, Any] = {**present_values(keys), **values}
            if sentence := wrong(*(kept[key] for key in keys)):
                raise Contradiction(sentence, code, keys)


def _above_low(urgent: int, low: int) -> str | None:
    if urgent <= low:
        return None
    return _("Urgent ratings are the worst of the low ones: their number of stars cannot be above that of low ratings "
             "(%(low)s).", low=low)  # fmt: skip


def _above_promoters(passives: int, promoters: int) -> str | None:
    if passives <= promoters:
        return None
    return _("Passives give fewer stars than promoters: their number cannot be above that of promoters "
             "(%(promoters)s).", promoters=promoters)  # fmt: skip


def _after_the_link(reminder: int, link: int) -> str | None:
    if reminder < link:
        return None
    return _("The reminder (day %(reminder)s) has to come before the end of the link (day %(link)s). "
             "With 0 days nobody is reminded.", reminder=reminder, link=link)  # fmt: skip


def _not_offered(offered: str, own: str) -> str | None:
    if own in offered.split(","):
        return None
    return _("“%(language)s” is the language of the agency: it has to be among those offered.", language=LANGUAGES[own])


CONTRADICTIONS = {  # by code: two options, and what says of their values what is wrong
    "urgent": (("ratings.urgent_threshold", "ratings.low_threshold"), _above_low),
    "score": (("ratings.passives_from", "ratings.promoters_from"), _above_promoters),
    "reminder": (("ratings.reminder_days", "ratings.link_days"), _after_the_link),
    "language": (("agency.languages", "agency.language"), _not_offered),
}
